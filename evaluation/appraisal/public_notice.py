"""The public notice (公示) of the proposed awards: drafted from the result, published in four steps, anew on change.

The days begin with the publication on a working day, which is the first of them, and are counted by the holiday tables
(`common.working_days`). What goes through the review names every proposed award, so nobody passes another list.
"""

from __future__ import annotations

from typing import Any

from django.db import transaction

from common import audit, days, notices, working_days
from common.actors import Actor
from common.errors import ActionError, Conflict, Forbidden
from common.publication import Publisher
from common.templatetags.ui import day_label
from common.text import clean_text
from evaluation.appraisal import publishing, rules, runoffs, standing
from evaluation.appraisal.layout import section_title
from evaluation.appraisal.models import Campaign, Candidate, NoticeItem, PublicNotice
from evaluation.appraisal.states import move_campaign
from organizations import people
from organizations.models import User

State = Campaign.State
Notice = PublicNotice.State
Item = NoticeItem.State
LIMITS = {"title": 120, "body": 2000, "contact": 200}
WANTED = {"title": "请填写标题。", "body": "请填写正文。", "contact": "请写明受理方式：受理单位、电话、地址。"}
CURRENT = (Notice.DRAFT, Notice.RUNNING)


def current(campaign: Campaign) -> PublicNotice | None:
    """The round that is being prepared or runs; else the last one."""
    return campaign.notices.order_by("-round").first()


@transaction.atomic
def draft_notice(*, campaign: Campaign, by: Actor) -> PublicNotice:
    """The first round, from the confirmed result; asked again, the same. Raises Forbidden, Conflict."""
    campaign = locked(campaign)
    _refuse_others(by)
    if found := campaign.notices.filter(state__in=CURRENT).first():
        return found
    _refuse_early(campaign)
    rows = [(s, place) for s in standing.standings(campaign) for place in s.places if place.elected]
    if not rows:
        raise Conflict("没有项目达到当选条件，不用公示，可以直接结束本次票决。", code="nobody_elected")
    notice = _new_round(campaign, 1, contact=_last_contact(campaign))
    for row, place in rows:
        _add_item(notice, row, place)
    audit.record(by=by, action="appraisal.notice.drafted", obj=notice, after={"items": listing(notice)})
    return notice


@transaction.atomic
def conclude_without_awards(*, campaign: Campaign, by: Actor) -> Campaign:
    """confirmed → final where nobody was elected: there is nothing to announce. Raises Forbidden, Conflict."""
    campaign = locked(campaign)
    _refuse_others(by)
    if campaign.state == State.FINAL:
        return campaign
    _refuse_early(campaign)
    if any(place.elected for row in standing.standings(campaign) for place in row.places):
        raise Conflict("有项目当选，须先公示。", code="somebody_elected")
    finish(campaign, by, reason="没有项目当选")
    return campaign


def finish(campaign: Campaign, by: Actor, reason: str = "") -> None:
    """The campaign, locked, and its run-offs with it become final; the caller has seen that nothing is left to do."""
    move_campaign(campaign, State.FINAL, by=by, reason=reason)
    for runoff in campaign.runoffs.select_for_update().filter(state=State.CONFIRMED):
        finish(runoff, by, reason="随原票决生效")


def listing(notice: PublicNotice) -> str:
    """The proposed awards as the reviewers and the public read them, one a line; struck ones are left out."""
    rows = notice.items.exclude(state=Item.STRUCK).select_related("candidate__project__lead_organization")
    return "\n".join(map(line_of, rows))


def line_of(row: NoticeItem) -> str:
    """An item of the listing."""
    project = row.candidate.project
    return f"{section_title(row.award_title, row.class_name)}：{project}（{project.lead_organization}）"


def clean_wording(notice: PublicNotice, content: dict[str, Any]) -> dict[str, str]:
    """Title, body and contact (受理方式) as proposed, with the list they go with. Raises ActionError by field."""
    if notice.state == Notice.SUPERSEDED:
        raise Conflict("这一轮公示已被新一轮取代。", code="superseded")
    found = {name: clean_text(str(content.get(name) or "")) for name in LIMITS}
    found["title"] = " ".join(found["title"].split())
    found["contact"] = " ".join(found["contact"].split())
    errors = {name: [WANTED[name]] for name, text in found.items() if not text}
    for name, limit in LIMITS.items():
        if len(found[name]) > limit:
            errors[name] = [f"最多 {limit} 字，现在是 {len(found[name])} 字。"]
    if errors:
        raise ActionError("公示内容有误，请按提示修改。", fields=errors)
    _refuse_archived(notice, found)
    refuse_unannounced(notice.campaign)
    return {**found, "items": listing(notice)}


def publish_notice(notice: PublicNotice, content: dict[str, Any], by: Actor) -> None:
    """What `common.publication` calls at the last step; the days of a notice that is not shown begin today.

    Raises Conflict, MissingCalendar, or ActionError on a day off or for a vote unknown to the public; nothing has
    changed then.
    """
    campaign = locked(notice.campaign)
    notice = PublicNotice.objects.select_for_update().get(pk=notice.pk)
    if notice.state == Notice.SUPERSEDED or campaign.state == State.VOIDED:
        raise Conflict("这一轮公示已经停止，不能再发布。", code="stopped")
    if content["items"] != listing(notice):
        raise Conflict("公示名单在审查期间有变化，请退回后重新提出。", code="items_changed")
    refuse_without_basis(campaign)
    _refuse_archived(notice, content)
    refuse_unannounced(campaign)
    for name in LIMITS:
        setattr(notice, name, content[name])
    if notice.state == Notice.DRAFT or (notice.state == Notice.RUNNING and not notice.is_public):
        notice.starts_on = _first_day()
        notice.ends_on = working_days.add_working_days(notice.starts_on, campaign.notice_days)
        notice.state = Notice.RUNNING
    notice.is_public = True
    notice.save(update_fields=[*LIMITS, "starts_on", "ends_on", "state", "is_public"])
    if campaign.state == State.CONFIRMED:
        move_campaign(campaign, State.NOTICED, by=by, reason=f"第{notice.round}轮公示发布")
    days_of = {"starts_on": str(notice.starts_on), "ends_on": str(notice.ends_on)}
    audit.record(by=by, action="appraisal.notice.published", obj=notice, after=days_of)


def take_down_notice(notice: PublicNotice, by: Actor) -> None:
    """Hide a notice, and the awards that stood in it, from everybody; a running one starts anew when it is shown."""
    notice = PublicNotice.objects.select_for_update().get(pk=notice.pk)
    notice.is_public = False
    notice.save(update_fields=["is_public"])
    audit.record(by=by, action="appraisal.notice.taken_down", obj=notice)


def change_result(*, campaign: Campaign, struck: NoticeItem, reason: str, by: Actor) -> PublicNotice | None:
    """Strike an item; who is next moves up, and what is not final goes into a round of its own.

    The caller holds the campaign's lock. Returns the round that is to be published, None if nothing is left.
    """
    notice = struck.notice
    struck.state, struck.reason = Item.STRUCK, reason
    struck.save(update_fields=["state", "reason"])
    row = standing.standing_of(campaign, struck.candidate.code)
    used = NoticeItem.objects.filter(notice__campaign=campaign).values_list("candidate__code", flat=True)
    place = standing.next_up(row, set(used))
    after = {"struck": str(struck.candidate), "reason": reason, "moves_up": place.candidate if place else ""}
    audit.record(by=by, action="appraisal.notice.changed", obj=notice, after=after)
    if notice.starts_on or notice.round > 1:
        _tell_struck(struck)
    left = list(notice.items.filter(state=Item.STANDING))
    if not left and place is None:
        _stop(notice, Notice.DONE if notice.starts_on else Notice.SUPERSEDED)
        finish(campaign, by, reason="没有待生效的公示项")
        return None
    if notice.state != Notice.DRAFT:
        _stop(notice, Notice.SUPERSEDED)
        notice = _new_round(campaign, notice.round + 1, contact=notice.contact)
        for item in left:
            _carry(item, notice)
    if place:
        _add_item(notice, row, place)
    return notice


@transaction.atomic
def decide_naming(*, item: NoticeItem, award: bool, reason: str, by: Actor) -> NoticeItem:
    """Whether an award still goes to an organization that was dissolved (已撤销) before it took effect.

    `award`: it does, under the name it had; else the item is struck as after an upheld objection.
    Raises Forbidden, Conflict, ActionError under `reason`.
    """
    campaign = locked(item.notice.campaign)
    if by.user is None or not rules.can_publish(by.user):
        raise Forbidden(rules.DEPARTMENT)
    rows = NoticeItem.objects.select_for_update(of=("self",)).select_related("notice", "candidate__project")
    item = rows.get(pk=item.pk)
    reason = clean_text(reason)
    if item.candidate.project.lead_organization.dissolved_on is None:
        raise Conflict("牵头党组织没有撤销，不用决定。", code="not_dissolved")
    if item.state != Item.STANDING or item.notice.state not in CURRENT:
        raise Conflict("这一项已经办结。", code="closed")
    if not reason or len(reason) > 200:
        message = "最多 200 字。" if reason else "请写明决定的依据，例如撤销后由哪个党组织承接。"
        raise ActionError(message, fields={"reason": [message]})
    if not award:
        change_result(campaign=campaign, struck=item, reason=f"牵头党组织已撤销：{reason}"[:200], by=by)
        return item
    item.naming_decision = reason
    item.save(update_fields=["naming_decision"])
    audit.record(by=by, action="appraisal.notice.naming_decided", obj=item, after={"reason": reason})
    return item


def refuse_without_basis(campaign: Campaign) -> None:
    """Naming an award needs its approval (批准依据). Raises Conflict."""
    if not (campaign.approval_number and campaign.approval_on and campaign.approval_body):
        raise Conflict("没有批准依据（文号、日期、机关），不能公示。", code="no_basis")


def refuse_unannounced(campaign: Campaign) -> None:
    """Nobody outside could check the result of a vote, or of its run-off, that is not announced. Raises ActionError."""
    vote: Campaign | None = campaign
    while vote is not None:
        if not publishing.is_public(vote):
            message = (
                f"“{vote}”的评选公告没有公开，公众看不到规则、结果，也不能核对。"
                "请先在它的“评选公告”页提出，由区委组织部发布，再办公示。"
            )
            raise ActionError(message, code="not_announced")
        vote = runoffs.runoff_of(vote)


def _refuse_archived(notice: PublicNotice, found: dict[str, Any]) -> None:
    """The package has a notice as it stood; one that was taken down may be shown again in the same words."""
    if notice.campaign.state == State.ARCHIVED and any(found[name] != getattr(notice, name) for name in LIMITS):
        message = "本次票决已经归档，公示文字不能再改；撤下过的，可以按原文重新公开。"
        raise Conflict(message, code="archived")


def locked(campaign: Campaign) -> Campaign:
    return Campaign.objects.select_for_update(of=("self",)).select_related("season").get(pk=campaign.pk)


def _refuse_others(by: Actor) -> None:
    if by.user is None or not rules.can_manage_campaign(by.user):
        raise Forbidden(rules.ADMINISTRATORS)


def _refuse_early(campaign: Campaign) -> None:
    if campaign.runoff_of_id is not None:
        raise Conflict("再次票决的结果并入原票决一起公示。", code="runoff")
    if campaign.state != State.CONFIRMED:
        message = f"当前为“{campaign.get_state_display()}”，监票人签字确认以后、结果生效以前才能公示。"
        raise Conflict(message, code="illegal_step")


def _first_day() -> Any:
    today = days.today()
    if not working_days.is_working_day(today):
        following = working_days.next_working_day(today)
        message = f"今天（{day_label(today)}）不是工作日，公示应从工作日开始，请在 {day_label(following)} 发布。"
        raise ActionError(message, code="rest_day")
    return today


def _new_round(campaign: Campaign, number: int, contact: str) -> PublicNotice:
    season = campaign.season.name
    again = f"（第 {number} 轮）" if number > 1 else ""
    why = "公示期内结果有调整，现将调整后的名单重新公示，公示期重新计算。" if number > 1 else ""
    body = (
        f"经{campaign.approval_body}批准（{campaign.approval_number}）组织综合票决，现将{season}书记项目评选"
        f"拟获奖项目予以公示。{why}\n"
        f"公示期为 {campaign.notice_days} 个工作日，发布当日计入。对公示项目有异议的，请在公示期内实名提出，"
        "留下联系方式；以单位名义提出的应加盖公章；来信以邮戳日期为准。匿名或线索不清的不予受理。"
    )
    title = f"{season}书记项目评选拟获奖项目公示{again}"[: LIMITS["title"]]
    return PublicNotice.objects.create(campaign=campaign, round=number, title=title, body=body, contact=contact)


def _last_contact(campaign: Campaign) -> str:
    """Where objections went the last time: seldom another place this year."""
    earlier = PublicNotice.objects.exclude(campaign=campaign).exclude(contact="").order_by("-id").first()
    return earlier.contact if earlier else ""


def _add_item(notice: PublicNotice, row: standing.Standing, place: standing.Place) -> NoticeItem:
    candidate = Candidate.objects.get(campaign=notice.campaign_id, code=place.candidate)
    return NoticeItem.objects.create(
        notice=notice, candidate=candidate, award_title=row.award, class_name=row.class_name, rank=place.rank
    )


def _carry(item: NoticeItem, notice: PublicNotice) -> None:
    NoticeItem.objects.create(
        notice=notice,
        candidate_id=item.candidate_id,
        award_title=item.award_title,
        class_name=item.class_name,
        rank=item.rank,
        naming_decision=item.naming_decision,
    )
    item.state = Item.CARRIED
    item.save(update_fields=["state"])


def _tell_struck(item: NoticeItem) -> None:
    """Whose project goes hears it from the portal, as the winners do."""
    project = item.candidate.project
    notices.send(
        kind="award_struck",
        obj=item,
        period="",
        recipients=people.authors_of(project.lead_organization_id, project.lead_secretary_id),
        title=f"拟获奖名单调整：{project}不再列入“{item.award_title}”",
        body=f"原因：{item.reason}。有疑问的，请与区委组织部联系。",
    )


def _stop(notice: PublicNotice, state: str) -> None:
    notice.state = state
    notice.save(update_fields=["state"])


def _may_propose(user: User, notice: PublicNotice) -> bool:
    is_kept = notice.campaign.state == State.ARCHIVED and notice.is_public
    return notice.state != Notice.SUPERSEDED and not is_kept and rules.can_manage_campaign(user)


def _may_review(user: User, notice: PublicNotice) -> bool:
    return rules.can_publish(user)


PUBLISHER = Publisher(
    model_label="appraisal.publicnotice",
    may_propose=_may_propose,
    may_review=_may_review,
    publish=publish_notice,
    take_down=take_down_notice,
    clean=clean_wording,
)
