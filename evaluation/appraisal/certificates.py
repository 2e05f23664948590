"""Certificates (证书): their template, their numbers, and the verification codes that the public page confirms.

`{党组织}` and the like are places in the template's text; a text that names a place nobody knows is refused when it is
saved, so that printing cannot fail.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from common import audit
from common.actors import Actor
from common.errors import ActionError, Conflict, Forbidden
from common.text import clean_text
from evaluation.appraisal import crockford, rules
from evaluation.appraisal.models import Award, Campaign, CertificateTemplate
from projects.models import Track

CODE_LENGTH = 12  # 60 bits, and its check character
TEXT_PLACES = ("项目", "党组织", "奖项", "年度", "类别")
NUMBER_PLACES = ("年度", "赛道", "序号")
PLACE = re.compile(r"\{([^{}]*)\}")
LIMITS = {"heading": 20, "body": 400, "issuer": 60, "number_format": 40}
COLOUR = re.compile(r"#[0-9A-Fa-f]{6}")
NUMBER_LIMIT = 40
LINES_LIMIT = 12  # more do not stand on the sheet


def template_of(campaign: Campaign) -> CertificateTemplate:
    """The campaign's template: its own, else last year's as it stood, unsaved until somebody saves it."""
    own = CertificateTemplate.objects.filter(campaign=campaign).first()
    if own:
        return own
    last = CertificateTemplate.objects.exclude(campaign=campaign).order_by("-campaign_id").first()
    names = ("heading", "body", "issuer", "landscape", "accent", "number_format")
    return CertificateTemplate(campaign=campaign, **{name: getattr(last, name) for name in names} if last else {})


@transaction.atomic
def save_template(*, campaign: Campaign, given: Mapping[str, Any], by: Actor) -> CertificateTemplate:
    """Set how the certificates look. Numbers that were given stay as they are.

    Raises Forbidden, Conflict once the campaign is archived, ActionError by field.
    """
    campaign = Campaign.objects.select_for_update().get(pk=campaign.pk)
    if by.user is None or not rules.can_handle_objections(by.user):
        raise Forbidden("证书模板由年度评选管理员或区委组织部编辑。")
    if campaign.state == Campaign.State.ARCHIVED:
        raise Conflict("本次票决已经归档，只能查看。", code="archived")
    values = _cleaned(given)
    found, _ = CertificateTemplate.objects.update_or_create(campaign=campaign, defaults=values)
    audit.record(by=by, action="appraisal.certificate_template.saved", obj=found, after=values)
    return found


def body_of(template: CertificateTemplate, award: Award) -> str:
    """The certificate's text with its places filled."""
    return filled(
        template.body,
        {
            "项目": award.project.title,
            "党组织": award.organization_name,
            "奖项": award.title,
            "年度": award.season.name,
            "类别": award.candidate.contest_class.name,
        },
    )


def filled(text: str, values: Mapping[str, str]) -> str:
    """`{…}` replaced by its value, once: a value that looks like a place stays as it is."""
    return PLACE.sub(lambda match: values.get(match[1], match[0]), text)


def number_words(pattern: str, *, year: int, track: str, number: int) -> str:
    return filled(pattern, {"年度": str(year), "赛道": track, "序号": f"{number:03}"})


def next_number(campaign: Campaign, track: Track) -> str:
    """The next certificate number (证书编号) of a track, whose lock the caller holds. Raises Conflict if taken."""
    words = number_words(
        template_of(campaign).number_format,
        year=campaign.season.starts_on.year,
        track=track.archive_code or track.code.upper(),
        number=Award.objects.filter(track=track).count() + 1,
    )
    if len(words) > NUMBER_LIMIT or Award.objects.filter(certificate_number=words).exists():
        message = f"证书编号“{words}”已经使用或超过 {NUMBER_LIMIT} 字，请先调整证书模板里的编号格式。"
        raise Conflict(message, code="certificate_number")
    return words


def draw_code() -> str:
    """A verification code (验证码) that no other award has."""
    while Award.objects.filter(verification_code=(code := crockford.draw(CODE_LENGTH))).exists():
        pass
    return code


def find(typed: str) -> Award | None:
    """The award of a verification code as somebody typed it (O for 0, I or L for 1, spaces and dashes).

    Raises Conflict while the notice that it stood in is taken down.
    """
    code = read_code(typed)
    rows = Award.objects.select_related("season", "track", "project", "candidate__contest_class")
    found = rows.filter(verification_code=code).first() if code else None
    if found is not None and not Award.objects.shown().filter(pk=found.pk).exists():
        message = "这张证书对应的评选结果已经撤下，现在不能确认有效，请向区委组织部核实。"
        raise Conflict(message, code="taken_down")
    return found


def read_code(typed: str) -> str | None:
    """A verification code as it was drawn, or None if what was typed cannot be one."""
    return crockford.read(typed, CODE_LENGTH)


def address_of(code: str) -> str:
    """The public address that confirms a certificate, as its QR code says it."""
    return f"{settings.SITE_URL}{reverse('appraisal:verify', args=[code])}"


def _cleaned(given: Mapping[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {name: clean_text(str(given.get(name) or "")) for name in LIMITS}
    errors: dict[str, list[str]] = {}
    for name, limit in LIMITS.items():
        if not values[name] or len(values[name]) > limit:
            errors[name] = [f"最多 {limit} 字。" if values[name] else "请填写。"]
    for name, places in (("body", TEXT_PLACES), ("number_format", NUMBER_PLACES)):
        unknown = [place for place in PLACE.findall(values[name]) if place not in places]
        if unknown or set("{}") & set(PLACE.sub("", values[name])):
            known = "".join(f"{{{place}}}" for place in places)
            errors[name] = [f"只能使用 {known}，“{'、'.join(unknown) or '{'}”无法识别。"]
    lines = sum(bool(line.strip()) for line in values["body"].splitlines())
    if "body" not in errors and lines > LINES_LIMIT:
        errors["body"] = [f"最多 {LINES_LIMIT} 行，现在是 {lines} 行。"]
    if "number_format" not in errors and not {"赛道", "序号"} <= set(PLACE.findall(values["number_format"])):
        errors["number_format"] = ["须含 {赛道} 和 {序号}，否则编号会重复。"]
    values["accent"] = str(given.get("accent") or "").strip()
    if not COLOUR.fullmatch(values["accent"]):
        errors["accent"] = ["请写成 #B4131A 这样的六位颜色值。"]
    if errors:
        raise ActionError("证书模板有误，请按提示修改。", fields=errors)
    return {**values, "landscape": bool(given.get("landscape"))}
