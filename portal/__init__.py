"""The top floor: settings, addresses, the Celery app and what people see first."""

from portal.celery import app as celery_app

__all__ = ["celery_app"]
