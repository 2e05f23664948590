"""Campaigns as they are set up: a first one, a copy of last year's, and their basics; all of it before the lock."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Model

from common import audit
from common.actors import Actor
from common.errors import ActionError, Conflict, Forbidden
from common.text import plain_figures
from evaluation.appraisal import rules
from evaluation.appraisal.models import Campaign, CertificateTemplate, Contest, ContestClass, VoterCategory
from projects.models import Season, Track
from projects.models.seasons import FULL

CATEGORIES = Path(__file__).parent / "data" / "categories.yaml"
# What a copy takes over.
RULES = (
    *("quorum_part", "quorum_whole", "category_quorum_part", "category_quorum_whole", "category_minimum"),
    *("signoff_below", "lot_size", "shortfall_rule", "detail_rule", "notice_days"),
)
# What is this campaign's own.
OWN = (
    *("title", "approval_number", "approval_on", "approval_body", "opens_at", "closes_at"),
    *("small_signoff", "detail_signoff", "order_seed"),
)
TEXTS = ("title", "approval_number", "approval_body", "small_signoff", "detail_signoff", "order_seed")
# A vote may ask for more people, never for fewer: whoever stands among few gives the own vote away.
FLOORS = {"category_minimum": 5, "signoff_below": 10}
# Beside which field a broken constraint is told.
FIELDS = {
    "campaign_opens_before_it_closes": "closes_at",
    "campaign_quorums_are_fractions": "quorum_part",
    "campaign_small_numbers_sane": "category_minimum",
}


@transaction.atomic
def create_campaign(*, season: Season, title: str, by: Actor) -> Campaign:
    """A first campaign: a contest a track, the default categories with equal weights as a proposal.

    Raises Forbidden, Conflict, ActionError under `title`.
    """
    campaign = _new(season, title, by)
    for position, track in enumerate(season.tracks.all(), start=1):
        Contest.objects.create(
            campaign=campaign,
            track=track,
            code=track.code,
            award_title=track.award_title,
            method=_method_of(track),
            position=position,
        )
    rows = yaml.safe_load(CATEGORIES.read_text(encoding="utf-8"))
    VoterCategory.objects.bulk_create(
        VoterCategory(campaign=campaign, position=position, weight=weight, **row)
        for position, (row, weight) in enumerate(zip(rows, equal_weights(len(rows)), strict=True), start=1)
    )
    audit.record(by=by, action="appraisal.campaign.created", obj=campaign, after={"copied_from": ""})
    return campaign


@transaction.atomic
def copy_campaign(*, source: Campaign, season: Season, title: str, by: Actor) -> Campaign:
    """A campaign with the rules, contests, categories and certificate of `source`; no people, keys or approvals.

    A contest whose track the season lacks (known by its code) is left out. The copy of a voided campaign of the same
    season replaces it. Raises Forbidden, Conflict, ActionError under `title` or `source`.
    """
    if source.runoff_of_id is not None:
        message = "再次票决只在并列的项目之间，不能沿用；请在原票决的“结果”里组织。"
        raise ActionError(message, code="runoff", fields={"source": [message]})
    values: dict[str, Any] = {name: getattr(source, name) for name in RULES}
    if source.state == Campaign.State.VOIDED and source.season_id == season.pk:
        if Campaign.objects.filter(replaces=source).exists():
            raise Conflict("已经为这次作废的票决重新组织过一次。", code="replaced")
        values["replaces"] = source
    campaign = _new(season, title, by, **values)
    tracks = {track.code: track for track in season.tracks.all()}
    for contest in source.contests.select_related("track").prefetch_related("classes"):
        if track := tracks.get(contest.track.code):
            _copy_contest(contest, campaign, track)
    _copy_categories(source, campaign)
    if template := CertificateTemplate.objects.filter(campaign=source).first():
        template.pk, template.campaign = None, campaign
        template.save(force_insert=True)
    audit.record(by=by, action="appraisal.campaign.created", obj=campaign, after={"copied_from": source.code})
    return campaign


@transaction.atomic
def edit_basics(*, campaign: Campaign, values: Mapping[str, Any], by: Actor) -> Campaign:
    """Change what `values` names of a draft's basics and rules. Raises Forbidden, Conflict, ActionError by field."""
    campaign = draft_under_lock(campaign, by)
    names = [name for name in (*OWN, *RULES) if name in values]
    before = {name: _plain(getattr(campaign, name)) for name in names}
    for name in names:
        setattr(campaign, name, plain_figures(values[name]) if name in TEXTS else values[name])
    campaign.order_seed = " ".join(campaign.order_seed.split())  # whoever draws again types it from paper
    errors = wrong_fields(campaign, FIELDS)
    for name in FLOORS.keys() & set(names):
        if getattr(campaign, name) < FLOORS[name]:
            errors[name] = [f"不能小于 {FLOORS[name]}：人太少容易看出个人投票。"]
    if errors:
        raise ActionError("基本信息有误，请按提示修改。", fields=errors)
    campaign.save(update_fields=names)
    after = {name: _plain(getattr(campaign, name)) for name in names}
    if changed := [name for name in names if before[name] != after[name]]:
        audit.record(
            by=by,
            action="appraisal.campaign.edited",
            obj=campaign,
            before={name: before[name] for name in changed},
            after={name: after[name] for name in changed},
        )
    return campaign


def draft_under_lock(campaign: Campaign, by: Actor) -> Campaign:
    """A draft, locked for a change of its set-up; call inside a transaction. Raises Forbidden, Conflict “locked”."""
    refuse_others(by)
    campaign = Campaign.objects.select_for_update(of=("self",)).select_related("season").get(pk=campaign.pk)
    if not campaign.is_draft:
        raise Conflict("票决已经锁定，规则、名单和类别都不能再改。", code="locked")
    return campaign


def refuse_others(by: Actor) -> None:
    if by.user is None or not rules.can_manage_campaign(by.user):
        raise Forbidden(rules.ADMINISTRATORS)


def equal_weights(number: int) -> list[int]:
    """100.00 split as equally as hundredths allow, the first rows one more: 33.34, 33.33, 33.33."""
    share, rest = divmod(FULL, number)
    return [share + (at < rest) for at in range(number)]


def unmatched(source: Campaign, season: Season) -> list[str]:
    """The awards of `source` whose track the season lacks: a copy leaves them out."""
    codes = season.tracks.values("code")
    return list(source.contests.exclude(track__code__in=codes).values_list("award_title", flat=True))


def wrong_fields(row: Model, places: Mapping[str, str]) -> dict[str, list[str]]:
    """What the model's limits and constraints say of a row, by field; `places` names a constraint's field."""
    errors: dict[str, list[str]] = {}
    try:
        row.full_clean(validate_constraints=False)
    except ValidationError as error:
        errors = {name: list(texts) for name, texts in error.message_dict.items()}
    for constraint in row._meta.constraints:
        try:
            constraint.validate(type(row), row, exclude=set(errors))
        except ValidationError as error:
            errors.setdefault(places.get(constraint.name, "__all__"), []).extend(error.messages)
    return errors


def _new(season: Season, title: str, by: Actor, **values: Any) -> Campaign:
    refuse_others(by)
    campaign = Campaign(season=season, title=plain_figures(title), **values)
    if errors := wrong_fields(campaign, FIELDS):
        raise ActionError("还不能建立，请按提示修改。", fields=errors)
    Season.objects.select_for_update().get(pk=season.pk)  # two at once would make two of one name
    if season.campaigns.filter(title=campaign.title).exclude(state=Campaign.State.VOIDED).exists():
        message = f"{season.name}已有名为“{campaign.title}”的票决。"
        raise ActionError(message, code="exists", fields={"title": [message]})
    campaign.save()
    return campaign


def _method_of(track: Track) -> str:
    """The method that the track's own words name; the administrator sees it and may change it."""
    named = (value for value, label in Contest.Method.choices if str(label) in track.method)
    return next(named, Contest.Method.STAGE.value)


def _copy_contest(contest: Contest, campaign: Campaign, track: Track) -> None:
    names = ("code", "award_title", "method", "over_half", "must_fill", "tie_rule", "position")
    made = Contest.objects.create(campaign=campaign, track=track, **{name: getattr(contest, name) for name in names})
    ContestClass.objects.bulk_create(
        ContestClass(contest=made, number=each.number, name=each.name, seats=each.seats)
        for each in contest.classes.all()
    )


def _copy_categories(source: Campaign, campaign: Campaign) -> None:
    names = ("code", "name", "weight", "unconfirmed", "tie_order", "position")
    rows = list(source.categories.select_related("merge_into"))
    made = {
        row.code: VoterCategory.objects.create(campaign=campaign, **{name: getattr(row, name) for name in names})
        for row in rows
    }
    for row in rows:
        if row.merge_into is not None:
            made[row.code].merge_into = made[row.merge_into.code]
            made[row.code].save(update_fields=["merge_into"])


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value
