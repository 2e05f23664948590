"""Celery tasks of projects: thin, and safe to run twice or late."""

from __future__ import annotations

from celery import shared_task

from common import days
from projects import application_window, library


@shared_task
def start_projects() -> int:
    return library.start_due_projects(days.today())


@shared_task
def remind_applicants() -> int:
    return application_window.remind(days.today())
