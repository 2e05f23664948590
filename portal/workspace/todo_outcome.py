"""What waits for the department around a vote: reviews, objections, ended notices, dissolved organizations, tiers."""

from __future__ import annotations

from typing import Any

from django.db.models import Count
from django.urls import reverse

from common import days, publication
from common.models import Publication
from evaluation.appraisal import rules, tiers
from evaluation.appraisal.models import Campaign, NoticeItem, Objection, PublicNotice
from portal.workspace.todo import LIMIT, Todo


def outcome_todos(user: Any) -> list[Todo]:
    """All of it, in no order; constant in queries, none for those who handle nothing of it."""
    found = [*_objections(), *_expired()] if rules.can_handle_objections(user) else []
    if rules.can_publish(user):
        found += [*_reviews(), *_namings(), *_tiers()]
    return found


def _objections() -> list[Todo]:
    """One line a vote."""
    rows = Objection.objects.filter(state=Objection.State.RECEIVED).exclude(notice__campaign__state="voided")
    counted = rows.values("notice__campaign__code", "notice__campaign__title").annotate(n=Count("pk")).order_by()
    return [
        Todo(
            title=f"异议 {row['n']} 件：待办理",
            about=row["notice__campaign__title"],
            action="办理",
            url=reverse("appraisal:notice", args=[row["notice__campaign__code"]]),
            icon="message-circle",
        )
        for row in counted[:LIMIT]
    ]


def _reviews() -> list[Todo]:
    """Notices and announcements in review, each with its next step."""
    labels = [PublicNotice._meta.label_lower, Campaign._meta.label_lower]
    waiting = Publication.objects.filter(object_type__in=labels, state__in=list(publication.NEXT))
    words: dict[str, dict[int, str]] = {label: {} for label in labels}
    for label, key, state in waiting.values_list("object_type", "object_id", "state").order_by("pk")[:LIMIT]:
        words[label][int(key)] = publication.NEXT[publication.State(state)][1]
    notices = PublicNotice.objects.filter(pk__in=words[labels[0]]).select_related("campaign").order_by("pk")
    campaigns = Campaign.objects.filter(pk__in=words[labels[1]]).exclude(state=Campaign.State.VOIDED).order_by("pk")
    return [
        *(_review("公示", words[labels[0]][row.pk], row.title, "notice", row.campaign.code) for row in notices),
        *(_review("评选公告", words[labels[1]][row.pk], row.title, "announcement", row.code) for row in campaigns),
    ]


def _review(what: str, step: str, about: str, page: str, code: str) -> Todo:
    return Todo(
        title=f"{what}：{step}",
        about=about,
        action="办理",
        url=reverse(f"appraisal:{page}", args=[code]),
        icon="speakerphone",
    )


def _expired() -> list[Todo]:
    """Notices whose days are over and whose items still stand: the clock was late, or something holds them."""
    rows = PublicNotice.objects.shown().filter(
        state=PublicNotice.State.RUNNING, campaign__state=Campaign.State.NOTICED, ends_on__lt=days.today()
    )
    return [
        Todo(
            title="公示期满：办理结果生效",
            about=notice.title,
            action="办理",
            url=reverse("appraisal:notice", args=[notice.campaign.code]),
            icon="award",
        )
        for notice in rows.filter(items__state=NoticeItem.State.STANDING)
        .select_related("campaign")
        .distinct()
        .order_by("pk")[:LIMIT]
    ]


def _namings() -> list[Todo]:
    rows = NoticeItem.objects.filter(
        state=NoticeItem.State.STANDING,
        naming_decision="",
        notice__campaign__state=Campaign.State.NOTICED,
        candidate__project__lead_organization__dissolved_on__lte=days.today(),
    )
    return [
        Todo(
            title="牵头党组织已撤销：决定是否仍授予",
            about=item.candidate.project.title,
            action="决定",
            url=reverse("appraisal:notice", args=[item.notice.campaign.code]),
            icon="building-community",
            due=item.notice.ends_on,
        )
        for item in rows.select_related("notice__campaign", "candidate__project").order_by("pk")[:LIMIT]
    ]


def _tiers() -> list[Todo]:
    return [
        Todo(
            title=f"梯队晋级：{proposal.get_from_tier_display() or '未定'} → {proposal.get_to_tier_display()}",
            about=proposal.award.project.title,
            action="决定",
            url=reverse("appraisal:awards", args=[proposal.award.candidate.campaign.code]),
            icon="trophy",
            note=proposal.award.title,
        )
        for proposal in tiers.waiting()[:LIMIT]
    ]
