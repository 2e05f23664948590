"""Awards (获奖): what stood all its days without an open objection takes effect, by the clock or by a button."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from django.db import transaction
from django.urls import reverse

from common import audit, days, notices
from common.actors import Actor
from common.errors import ActionError, Conflict
from common.templatetags.ui import day_label
from evaluation.appraisal import certificates, objections, public_notice, tiers
from evaluation.appraisal.models import Award, Campaign, NoticeItem, PublicNotice
from organizations import people
from projects.models import Track

log = logging.getLogger(__name__)
State = PublicNotice.State
HELD = "有异议没有办结"
DISSOLVED = "牵头党组织已撤销，待组织部决定是否仍授予"


@dataclass(frozen=True, slots=True)
class Finalized:
    """What one run did: the awards it made, and what still waits, with the reason."""

    awards: list[Award]
    waiting: list[tuple[NoticeItem, str]]


def reasons_to_wait(notice: PublicNotice) -> dict[int, str]:
    """By the item's key, why a standing item cannot take effect yet; two or three queries."""
    found = {item.pk: HELD for item in objections.held_items(notice)}
    rows = notice.items.filter(state=NoticeItem.State.STANDING, naming_decision="")
    dissolved = rows.filter(candidate__project__lead_organization__dissolved_on__lte=days.today())
    for pk in dissolved.values_list("pk", flat=True):
        found.setdefault(pk, DISSOLVED)
    return found


@transaction.atomic
def finalize_notice(*, notice: PublicNotice, by: Actor) -> Finalized:
    """After the last day: each item that nothing holds becomes an award; with the last of them the campaign is final.

    Done again it makes nothing twice. Raises Forbidden, Conflict while the days run or the notice is taken down.
    """
    campaign = public_notice.locked(notice.campaign)
    notice = PublicNotice.objects.select_for_update().get(pk=notice.pk)
    if by.user is not None:
        objections.refuse_others(by)
    if notice.state == State.DONE:
        return Finalized([], [])
    _refuse_early(campaign, notice)
    notice.campaign = campaign
    waiting, awards, left = reasons_to_wait(notice), [], []
    rows = notice.items.filter(state=NoticeItem.State.STANDING).select_related(
        "candidate__contest_class__contest__track", "candidate__project__lead_organization"
    )
    for item in rows:
        if reason := waiting.get(item.pk):
            left.append((item, reason))
        else:
            awards.append(_award(campaign, item, by))
    if not left:
        notice.state = State.DONE
        notice.save(update_fields=["state"])
        public_notice.finish(campaign, by, reason="公示期满")
    return Finalized(awards, left)


def finalize_due(by: Actor) -> dict[str, int]:
    """What the clock does for all notices whose last day is over; late is as good as in time, twice as good as once."""
    done = {"awards": 0, "waiting": 0, "refused": 0}
    rows = PublicNotice.objects.shown().filter(state=State.RUNNING, campaign__state=Campaign.State.NOTICED)
    for notice in rows.filter(ends_on__lt=days.today()).select_related("campaign"):
        try:
            found = finalize_notice(notice=notice, by=by)
        except ActionError as error:
            # Such as a certificate number that is taken: people see it at the button, other notices go on.
            log.warning("notice %s was not finalized: %s", notice.code, error.code)
            done["refused"] += 1
        else:
            done["awards"] += len(found.awards)
            done["waiting"] += len(found.waiting)
    return done


def _refuse_early(campaign: Campaign, notice: PublicNotice) -> None:
    if notice.state != State.RUNNING or campaign.state != Campaign.State.NOTICED or notice.ends_on is None:
        raise Conflict(f"这一轮公示当前为“{notice.get_state_display()}”，不能生效。", code="illegal_step")
    if not notice.is_public:
        raise Conflict("公示已撤下，重新发布并满公示期后才能生效。", code="taken_down")
    if days.today() <= notice.ends_on:
        raise Conflict(f"公示到 {day_label(notice.ends_on)}为止，期满后才能生效。", code="too_early")
    public_notice.refuse_without_basis(campaign)


def _award(campaign: Campaign, item: NoticeItem, by: Actor) -> Award:
    """The award of an item; the certificate's number is the next of the track, taken under the track's lock."""
    project = item.candidate.project
    track = Track.objects.select_for_update().get(pk=item.candidate.contest_class.contest.track_id)
    if Award.objects.filter(season=campaign.season, project=project, title=item.award_title).exists():
        message = f"“{project}”本年度已在另一次票决中获“{item.award_title}”，不能再获一次，请按异议办理取消这一项。"
        raise Conflict(message, code="award_twice")
    award = Award.objects.create(
        season=campaign.season,
        track=track,
        project=project,
        candidate=item.candidate,
        title=item.award_title,
        organization_name=project.lead_organization.name,  # as at this day; of a dissolved one the last it had
        awarded_on=days.today(),
        basis=basis_of(campaign),
        certificate_number=certificates.next_number(campaign, track),
        verification_code=certificates.draw_code(),
    )
    item.state = NoticeItem.State.FINAL
    item.save(update_fields=["state"])
    after = {"title": award.title, "certificate": award.certificate_number}
    audit.record(by=by, action="appraisal.award.made", obj=award, after=after)
    tiers.propose(award)
    notices.send(
        kind="award_made",
        obj=award,
        period="",
        recipients=people.authors_of(project.lead_organization_id, project.lead_secretary_id),
        title=f"评选结果生效：{project}被评为“{award.title}”",
        body="公示期满，证书可由年度评选管理员打印。",
        url=reverse("appraisal:public_awards"),
    )
    return award


def basis_of(campaign: Campaign) -> str:
    """“区委（示例） 示例〔2026〕1号（2026年11月2日）”."""
    return f"{campaign.approval_body} {campaign.approval_number}（{day_label(campaign.approval_on)}）"
