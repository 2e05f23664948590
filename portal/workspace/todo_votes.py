"""What waits for a person around the annual vote; constant in queries."""

from __future__ import annotations

from typing import Any

from evaluation.appraisal import desk, progress
from portal.workspace.todo import LIMIT, Todo


def vote_todos(user: Any) -> list[Todo]:
    """All of it, in no order."""
    return [
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
