"""The scheduled check: thin, idempotent, catches up on days that it missed."""

from __future__ import annotations

from datetime import timedelta

from celery import shared_task
from celery.utils.log import get_task_logger

from common import days
from common.actors import Actor
from evaluation.tracking import checks

log = get_task_logger(__name__)


@shared_task
def check_schedules() -> int:
    written = checks.run_until(days.today() - timedelta(days=1), Actor.system("beat"))
    log.info("schedule check: %d snapshots", written)
    return written
