"""What waits for a person around the annual vote; constant in queries."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from evaluation.appraisal import desk, progress, rules
from evaluation.appraisal.models import Campaign, PaperBatch
from organizations.access import Role, access_of
from portal.workspace.todo import LIMIT, Todo


def vote_todos(user: Any) -> list[Todo]:
    """All of it, in no order."""
    steps = [
        Todo(
            title=f"年度评选：{step.what}",
            about=campaign.title,
            action="办理",
            url=desk.address(step.part, campaign) or desk.address("campaign", campaign),
            icon="checkbox",
            due=step.due,
        )
        for campaign, step in progress.todos(user)[:LIMIT]
    ]
    return [*steps, *_second_keyings(user)]


def _second_keyings(user: Any) -> list[Todo]:
    """Paper batches that somebody else keyed once: two people key, so it waits for every other one who may."""
    access = access_of(user)
    manages = rules.can_manage_campaign(user)
    if not (manages or access.has(Role.SCRUTINEER)):
        return []
    rows = PaperBatch.objects.filter(
        state=PaperBatch.State.KEYED, campaign__state__in=[Campaign.State.OPEN, Campaign.State.CLOSED]
    ).exclude(first_by__person=access.person_id)
    if not manages:
        rows = rows.filter(campaign__scrutineers__person=access.person_id)
    return [
        Todo(
            title=f"纸质票录第二遍：{batch.category.label}，{batch.ballots} 张",
            about=batch.campaign.title,
            action="录入",
            url=reverse("appraisal:paper_second", args=[batch.campaign.code, batch.pk]),
            icon="checkbox",
        )
        for batch in rows.select_related("campaign", "category").order_by("campaign", "category")[:LIMIT]
    ]
