"""Objections (异议) to a public notice: with real name and contact, answered in writing, read again by a query code.

An open objection holds its own item only; one that names no item holds them all. Name, contact and content are for
those of `rules.can_handle_objections` alone and stand in no audit entry, notice or package.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse

from common import audit, days, notices
from common.actors import Actor
from common.errors import ActionError, Conflict, Forbidden
from common.templatetags.ui import day_label
from common.text import clean_text
from evaluation.appraisal import crockford, public_notice, rules
from evaluation.appraisal.models import Campaign, NoticeItem, Objection, PublicNotice
from organizations import people
from organizations.access import Role

State = Objection.State
CODE_LENGTH = 11  # and its check character
LIMITS = {"name": 80, "contact": 120, "content": 3000, "reply": 2000}
HANDLERS = "异议由年度评选管理员或区委组织部办理。"
# What people write who do not want to be known.
NAMELESS = {"匿名", "无名", "无名氏", "不愿透露", "不愿透露姓名", "某某", "某某某", "群众", "一群众", "知情人", "保密"}
SHORTEST_CONTACT = 5
WANTED = {
    "name": "请填写真实姓名或单位全称，匿名的不予受理。",
    "contact": "请留下联系方式，以便核实和答复。",
    "content": "请写明异议的内容和依据。",
}


def is_open(notice: PublicNotice) -> bool:
    """Whether the public may object today: the notice is shown and within its days."""
    return not why_closed(notice)


def why_closed(notice: PublicNotice) -> str:
    """Why nobody can object to the notice now, in words; empty if everybody can."""
    if notice.campaign.state == Campaign.State.VOIDED:
        return "本次票决已作废，公示停止。"
    if notice.state == PublicNotice.State.SUPERSEDED:
        return "这一轮公示已因结果调整停止，请在新一轮公示中提出。"
    if notice.starts_on is None or notice.ends_on is None or not notice.is_public:
        return "公示还没有发布。"
    if notice.state == PublicNotice.State.DONE or days.today() > notice.ends_on:
        return f"公示已于 {day_label(notice.ends_on)}结束，不再受理异议。"
    return ""


@transaction.atomic
def file_objection(*, notice: PublicNotice, given: Mapping[str, Any], by: Actor) -> Objection:
    """What somebody writes on the notice's page; the same words sent twice are one objection.

    `given`: `kind` (of `Objection.By`), `name`, `contact`, `content`, `stamped`, `item` (a NoticeItem or None).
    Raises Conflict outside the notice's days, ActionError by field.
    """
    campaign = public_notice.locked(notice.campaign)
    notice = PublicNotice.objects.select_related("campaign").get(pk=notice.pk)
    if reason := why_closed(notice):
        raise Conflict(reason, code="notice_over")
    values = _cleaned(notice, given)
    same = {name: values[name] for name in ("item", "by", "name", "contact", "content")}
    if found := notice.objections.filter(state=State.RECEIVED, **same).first():
        return found
    return _received(campaign, notice, values, by)


@transaction.atomic
def record_objection(
    *, notice: PublicNotice, given: Mapping[str, Any], via: str, received_on: date, dated_on: date | None, by: Actor
) -> Objection:
    """A letter, call or visit, recorded by a handler; a letter counts by its postmark (邮戳), however late it comes.

    Raises Forbidden, Conflict, ActionError by field.
    """
    campaign = public_notice.locked(notice.campaign)
    notice = PublicNotice.objects.select_related("campaign").get(pk=notice.pk)
    refuse_others(by)
    _refuse_archived(campaign)
    if via not in (Objection.Via.LETTER, Objection.Via.CALL, Objection.Via.VISIT):
        raise ActionError("请选择渠道。", fields={"via": ["请选择来信、来电或来访。"]})
    if wrong := _wrong_day(notice, via, received_on, dated_on):
        raise ActionError("不能登记，请按提示修改。", fields=wrong)
    values = _cleaned(notice, given)
    dated = dated_on if via == Objection.Via.LETTER else None
    return _received(campaign, notice, {**values, "via": via, "received_on": received_on, "dated_on": dated}, by)


@transaction.atomic
def close_objection(
    *, objection: Objection, state: str, reply: str, by: Actor, item: NoticeItem | None = None
) -> Objection:
    """Answer an objection: upheld (成立), dismissed, not admitted, or withdrawn as the objector asked.

    Upheld, it strikes its item, unless another one has, and the result is announced anew
    (`public_notice.change_result`); one that names no item needs `item`. Raises Forbidden, Conflict, ActionError under
    `state`, `reply` or `item`.
    """
    campaign = public_notice.locked(objection.notice.campaign)
    refuse_others(by)
    _refuse_archived(campaign)
    objection = Objection.objects.select_for_update(of=("self",)).select_related("item", "notice").get(pk=objection.pk)
    if objection.state == state and state != State.RECEIVED:
        return objection
    if objection.state != State.RECEIVED:
        raise Conflict(f"这条异议已经办结：{objection.get_state_display()}。", code="closed")
    if state not in State.values or state == State.RECEIVED:
        raise ActionError("请选择办理结果。", fields={"state": ["请选择办理结果。"]})
    reply = clean_text(reply)
    if not reply or len(reply) > LIMITS["reply"]:
        wanted = (
            "请写明异议人何时、以何种方式要求撤回。" if state == State.WITHDRAWN else "请写明答复，异议人可以看到。"
        )
        message = f"最多 {LIMITS['reply']} 字。" if reply else wanted
        raise ActionError(message, fields={"reply": [message]})
    objection.state, objection.reply = state, reply
    objection.handled_at, objection.handled_by = days.now(), by.user
    objection.save(update_fields=["state", "reply", "handled_at", "handled_by"])
    audit.record(by=by, action="appraisal.objection.closed", obj=objection, after={"state": state})
    if state == State.UPHELD and (struck := _struck(campaign, objection, item)):
        public_notice.change_result(campaign=campaign, struck=struck, reason="异议成立", by=by)
    return objection


def holding(campaign: Campaign) -> QuerySet[Objection]:
    """The open objections of all rounds."""
    return Objection.objects.filter(notice__campaign=campaign, state=State.RECEIVED).order_by("id")


def held_items(notice: PublicNotice) -> QuerySet[NoticeItem]:
    """The standing items that an open objection holds, in whatever round it was made."""
    own = holding(notice.campaign)
    rows = notice.items.filter(state=NoticeItem.State.STANDING)
    if own.filter(item=None).exists():
        return rows
    return rows.filter(candidate__in=own.values("item__candidate"))


def by_code(typed: str) -> Objection | None:
    """The objection of a query code (查询码) as somebody typed it, for its state and reply."""
    code = crockford.read(typed, CODE_LENGTH)
    rows = Objection.objects.select_related("notice", "item__candidate__project")
    return rows.filter(code=code).first() if code else None


def refuse_others(by: Actor) -> None:
    if by.user is None or not rules.can_handle_objections(by.user):
        raise Forbidden(HANDLERS)


def _cleaned(notice: PublicNotice, given: Mapping[str, Any]) -> dict[str, Any]:
    kind, stamped, item = given.get("kind"), bool(given.get("stamped")), given.get("item")
    values = {name: clean_text(str(given.get(name) or "")) for name in WANTED}
    errors = {name: [WANTED[name]] for name, text in values.items() if not text}
    if values["name"].strip("（）() 　") in NAMELESS or len(values["name"]) == 1:
        errors["name"] = [WANTED["name"]]
    if values["contact"] and len(values["contact"]) < SHORTEST_CONTACT:
        errors["contact"] = ["联系方式太短，请填写电话、地址或邮箱。"]
    for name, text in values.items():
        if len(text) > LIMITS[name]:
            errors[name] = [f"最多 {LIMITS[name]} 字，现在是 {len(text)} 字。"]
    if kind not in Objection.By.values:
        errors["kind"] = ["请选择个人或单位。"]
    elif kind == Objection.By.ORGANIZATION and not stamped:
        errors["stamped"] = ["以单位名义提出的应加盖公章。书面材料请盖章后寄送或送达受理单位，并在这里勾选。"]
    if item is not None and item.notice_id != notice.pk:
        errors["item"] = ["请选择这份公示里的项目。"]
    if errors:
        raise ActionError("异议还没有提交，请按提示修改；已填内容都还在。", fields=errors)
    return {**values, "by": kind, "stamped": stamped and kind == Objection.By.ORGANIZATION, "item": item}


def _wrong_day(notice: PublicNotice, via: str, received_on: date, dated_on: date | None) -> dict[str, list[str]]:
    """A letter's postmark, or the day of a call or visit, must lie in the days of this round or one before it."""
    if received_on > days.today():
        return {"received_on": ["收到日期不能晚于今天。"]}
    if via == Objection.Via.LETTER and (dated_on is None or dated_on > received_on):
        return {"dated_on": ["请填写邮戳日期，不晚于收到日期。"]}
    name, day = ("dated_on", dated_on) if via == Objection.Via.LETTER else ("received_on", received_on)
    # A letter of the first round may come in the second, which knows nothing of it.
    rows: Any = notice.campaign.notices.exclude(starts_on=None).order_by("round")
    rounds = list(rows.values_list("starts_on", "ends_on"))
    if not rounds:
        return {name: ["公示还没有发布。"]}
    if day is None or not any(first <= day <= last for first, last in rounds):
        spans = "、".join(f"{day_label(first)}至{day_label(last)}" for first, last in rounds)
        return {name: [f"不在公示期内（{spans}），不予受理。"]}
    return {}


def _received(campaign: Campaign, notice: PublicNotice, values: Mapping[str, Any], by: Actor) -> Objection:
    made = Objection.objects.create(notice=notice, code=crockford.draw(CODE_LENGTH), **values)
    audit.record(by=by, action="appraisal.objection.received", obj=made, after={"via": made.via})
    notices.send(
        kind="objection_received",
        obj=made,
        period="",
        recipients=[*people.officers(), *people.holders_of(Role.EVALUATION_ADMINISTRATOR)],
        title=f"收到一条异议：{campaign}",
        body="请在公示页办理；办结以前所指的公示项不会生效。",
        url=reverse("appraisal:notice", args=[campaign.code]),
    )
    return made


def _refuse_archived(campaign: Campaign) -> None:
    if campaign.state == Campaign.State.ARCHIVED:
        raise Conflict("本次票决已经归档，只能查看。", code="archived")


def _struck(campaign: Campaign, objection: Objection, item: NoticeItem | None) -> NoticeItem | None:
    """The standing item, in the current round, of the candidate that an upheld objection speaks of.

    None if there is nothing left to strike: two people may object with good reason, and a vote be voided for it.
    """
    if campaign.state == Campaign.State.VOIDED:
        return None
    named = objection.item or item
    if named is None:
        message = "这条异议没有指明公示项，异议成立的，请选择要取消的一项。"
        raise ActionError(message, fields={"item": [message]})
    rows = NoticeItem.objects.filter(notice__campaign=campaign, candidate=named.candidate_id)
    if rows.filter(state=NoticeItem.State.STRUCK).exists():
        return None
    standing = rows.filter(notice__state__in=public_notice.CURRENT, state=NoticeItem.State.STANDING)
    found = standing.select_related("notice", "candidate").first()
    if found is None or campaign.state != Campaign.State.NOTICED:
        message = "这一项已经生效，不能在这里取消；确有问题的，请按规定程序撤销奖项。"
        raise Conflict(message, code="not_standing")
    return found
