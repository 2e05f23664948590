"""The scheduled check: thin, idempotent, catches up on days that it missed."""

from __future__ import annotations

from datetime import timedelta

from celery import shared_task

from common import days
from common.actors import Actor
from evaluation.tracking import checks


@shared_task
def check_schedules() -> int:
    return checks.run_until(days.today() - timedelta(days=1), Actor.system("beat"))
