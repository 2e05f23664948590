"""Celery tasks of the common floor: thin, and safe to run twice or late."""

from __future__ import annotations

import time

from celery import shared_task

from common import exports, files, jobs, notices, uploads


@shared_task
def run_job(job_id: str) -> bool:
    return jobs.run(job_id)


@shared_task
def sweep_jobs() -> int:
    return jobs.sweep()


@shared_task
def sweep_spool() -> int:
    return uploads.sweep_spool()


@shared_task
def deliver_notices() -> int:
    return notices.deliver()


@shared_task
def sweep_files() -> int:
    return files.sweep_files(time.time())


@shared_task
def sweep_exports() -> int:
    return exports.sweep_exports()
