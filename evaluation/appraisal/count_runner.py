"""Counting within the request, or a large box in a thread of the web process that tells its progress in a job row.

The holders' secrets live in this process's memory only: no row, no broker and no log ever holds them. If the process
dies, the sweep finds the job silent and hands it to `interrupted`, which fails it; the secrets are then typed again.
"""

from __future__ import annotations

import contextvars
import logging
import threading
from collections.abc import Mapping
from typing import Any, NoReturn

from django.conf import settings
from django.db import connections
from django.urls import reverse

from common import jobs
from common.actors import Actor
from common.errors import ActionError, Conflict, Forbidden
from common.models import Job
from evaluation.appraisal import counting, rules
from evaluation.appraisal.models import BoxBallot, Campaign, Tally

log = logging.getLogger(__name__)
KIND = "appraisal.count"
INTERRUPTED = "计票中断，没有留下任何结果；密钥没有保存，请两位保管人重新输入。"


@jobs.handler(KIND)
def interrupted(job: Job) -> NoReturn:
    """What a worker can do about a count whose process has died: say so."""
    raise jobs.Hopeless(INTERRUPTED)


def count(*, campaign: Campaign, secrets: Mapping[int, str], by: Actor) -> Tally | Job:
    """Count a small box now, or begin a large one and return its job; asked again, the tally or job that exists.

    Raises Forbidden, Conflict, ActionError under `secret_n`, before anything begins.
    """
    if by.user is None or not rules.can_manage_campaign(by.user):
        raise Forbidden(rules.ADMINISTRATORS)
    if existing := Tally.objects.filter(campaign=campaign).first():
        return existing
    total = BoxBallot.objects.filter(campaign=campaign).count()
    if total <= settings.COUNT_INLINE_BALLOTS:
        return counting.count(campaign=campaign, secrets=secrets, by=by)
    counting.opened(campaign, secrets)
    job = jobs.begin(kind=KIND, args={"campaign": campaign.code}, by=by, key=campaign.code, total=total)
    if job is None:
        raise Conflict("计票正在进行，请看进度。", code="counting")
    start(job, campaign=campaign, secrets=secrets, by=by)
    return job


def latest(campaign: Campaign) -> Job | None:
    """The campaign's last count in a thread: running, done, or failed with what to do."""
    return Job.objects.filter(kind=KIND, key=campaign.code).order_by("-created_at").first()


def start(job: Job, **given: Any) -> threading.Thread:
    """Begin the count beside the request; the clock of this context goes with it."""
    context = contextvars.copy_context()
    thread = threading.Thread(
        target=context.run, args=(_in_thread, job), kwargs=given, name=f"count-{job.pk}", daemon=True
    )
    thread.start()
    return thread


def _in_thread(job: Job, **given: Any) -> None:
    try:
        _run(job, **given)
    finally:
        connections.close_all()


def _run(job: Job, *, campaign: Campaign, secrets: Mapping[int, str], by: Actor) -> None:
    try:
        counting.count(
            campaign=campaign, secrets=secrets, by=by, tell=lambda done, _: jobs.advance(job, done, job.total)
        )
        jobs.advance(job, job.total, job.total)
        address = reverse("appraisal:result", args=[campaign.code])
        jobs.finish(job, {"url": address, "label": "查看计票结果"})
    except jobs.LostClaim:
        log.warning("count %s went on after the sweep had taken it", job.pk)
    except ActionError as error:
        jobs.fail(job, error.message)
    except Exception as error:
        # The kind of the error alone: nothing that was typed may come into a log.
        log.error("count %s failed: %s", job.pk, type(error).__name__)
        jobs.fail(job, f"计票没有完成（{type(error).__name__}），没有留下任何结果，请联系系统管理员。")
