"""Background jobs (后台任务) as rows: claimed by compare-and-swap, swept when a worker dies.

A handler is registered for a kind and must do the same thing once however often it runs. The broker only
carries the job's id; a broker that loses a message loses nothing, because the sweep sends the row again.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils import timezone

from common.actors import Actor
from common.models import Job

log = logging.getLogger(__name__)
MAX_ATTEMPTS = 5
OPEN = (Job.State.QUEUED, Job.State.RUNNING)
Handler = Callable[[Job], dict[str, Any] | None]
GaveUp = Callable[[Job], None]
HANDLERS: dict[str, Handler] = {}
GAVE_UP: dict[str, GaveUp] = {}


class LostClaim(Exception):
    """Another worker has taken the job: what this one does no longer counts."""


class Hopeless(Exception):
    """Trying again does not help: the job fails at once, with this message for the person."""


def handler(kind: str, *, gave_up: GaveUp | None = None) -> Callable[[Handler], Handler]:
    """Register the function that does jobs of `kind`; it takes the job and returns its result (JSON-able).

    `gave_up` is called before a job is failed for good, so that nothing waits for it for ever; like the
    handler it may be called twice.
    """

    def register(function: Handler) -> Handler:
        HANDLERS[kind] = function
        if gave_up is not None:
            GAVE_UP[kind] = gave_up
        return function

    return register


def enqueue(*, kind: str, args: dict[str, Any], by: Actor, key: str = "") -> Job:
    """Add a job and send it when the transaction commits; an open job of the same `key` is returned."""
    if kind not in HANDLERS:
        raise LookupError(f"no handler for jobs of kind {kind!r}")
    job = None
    while job is None:
        try:
            with transaction.atomic():
                job = Job.objects.create(kind=kind, key=key, args=args, requested_by=by.user)
        except IntegrityError:
            # None if the open job has ended between the two statements: then there is room for a new one.
            job = Job.objects.filter(kind=kind, key=key, state__in=OPEN).first()
            if job is None and not key:
                raise
    sent = job.pk
    transaction.on_commit(lambda: _send(sent), robust=True)
    return job


def run(job_id: str) -> bool:
    """Claim the job and do it. False if it is done, failed, or another worker's."""
    claim = uuid.uuid4()
    claimed = Job.objects.filter(pk=job_id, state=Job.State.QUEUED).update(
        state=Job.State.RUNNING, claim=claim, heartbeat_at=timezone.now(), attempts=F("attempts") + 1
    )
    if not claimed:
        return False
    job = Job.objects.get(pk=job_id)
    try:
        result = HANDLERS[job.kind](job)
    except LostClaim:
        return False
    except Hopeless as error:
        _give_up(job, str(error))
        return False
    except Exception as error:
        log.exception("job %s (%s) failed", job.pk, job.kind)
        _after_failure(job, error)
        return False
    return finish(job, result or {})


def begin(*, kind: str, args: dict[str, Any], by: Actor, key: str, total: int = 0) -> Job | None:
    """Add a job that this very process does, claimed from the start and never sent; None while one of `key` is open.

    For work that needs what no row and no broker may hold. Whoever calls it tells how far it is (`advance`) and ends it
    with `finish` or `fail`; if the process dies, the sweep hands the row to the kind's handler, which cannot do it.
    """
    if kind not in HANDLERS:
        raise LookupError(f"no handler for jobs of kind {kind!r}")
    now = timezone.now()
    try:
        with transaction.atomic():
            return Job.objects.create(
                kind=kind,
                key=key,
                args=args,
                requested_by=by.user,
                state=Job.State.RUNNING,
                claim=uuid.uuid4(),
                heartbeat_at=now,
                sent_at=now,
                attempts=1,
                total=total,
            )
    except IntegrityError:
        return None


def finish(job: Job, result: dict[str, Any]) -> bool:
    """Mark the claimed job as done. False if it is another worker's by now."""
    return _end(job, state=Job.State.DONE, result=result, message="")


def fail(job: Job, message: str) -> bool:
    """Fail the claimed job for good, with a message for the person. False if it is another worker's by now."""
    return _end(job, state=Job.State.FAILED, message=message[:300])


def advance(job: Job, done: int, total: int) -> None:
    """Tell how far the job is and that it lives. Raises LostClaim if it is another worker's by now."""
    if not _own(job).update(done=done, total=total, heartbeat_at=timezone.now()):
        raise LostClaim(str(job.pk))
    job.done, job.total = done, total


def sweep() -> int:
    """Send again what nobody works on: queued rows, and running ones whose worker has gone silent."""
    stale = timezone.now() - timedelta(seconds=settings.JOB_STALE_SECONDS)
    silent = Job.objects.filter(state=Job.State.RUNNING, heartbeat_at__lt=stale)
    for job in silent.filter(attempts__gte=MAX_ATTEMPTS):
        _give_up(job, "多次中断，请联系系统管理员。")
    silent.filter(attempts__lt=MAX_ATTEMPTS).update(state=Job.State.QUEUED, claim=None, sent_at=None)
    resend = timezone.now() - timedelta(seconds=settings.JOB_SWEEP_SECONDS)
    waiting = Job.objects.filter(Q(sent_at=None) | Q(sent_at__lt=resend), state=Job.State.QUEUED)
    ids = list(waiting.order_by("created_at").values_list("pk", flat=True)[:500])
    for job_id in ids:
        _send(job_id)
    return len(ids)


def _send(job_id: uuid.UUID) -> None:
    from common.tasks import run_job

    Job.objects.filter(pk=job_id).update(sent_at=timezone.now())
    run_job.delay(str(job_id))


def _own(job: Job) -> Any:
    return Job.objects.filter(pk=job.pk, state=Job.State.RUNNING, claim=job.claim)


def _end(job: Job, **values: Any) -> bool:
    return bool(_own(job).update(claim=None, finished_at=timezone.now(), **values))


def _after_failure(job: Job, error: Exception) -> None:
    """Queue the job again for the sweep, or give up after the last attempt."""
    if job.attempts >= MAX_ATTEMPTS:
        _give_up(job, f"未能完成（{type(error).__name__}），请联系系统管理员。")
    else:
        _own(job).update(state=Job.State.QUEUED, claim=None, sent_at=timezone.now())


def _give_up(job: Job, message: str) -> None:
    """Fail the job for good, first telling the app whose job it is: a crash in between only repeats that."""
    if (tell := GAVE_UP.get(job.kind)) is not None and _own(job).exists():
        tell(job)
    fail(job, message)
