"""The clock of the votes: thin, idempotent, late is as good as in time."""

from __future__ import annotations

from celery import shared_task

from common.actors import Actor
from evaluation.appraisal import awards, lifecycle


@shared_task
def advance_campaigns() -> dict[str, int]:
    return lifecycle.advance(Actor.system("beat"))


@shared_task
def finalize_notices() -> dict[str, int]:
    return awards.finalize_due(Actor.system("beat"))
