"""Health for the machine that watches: alive (no dependency) and ready (database, cache, broker …)."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable

from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache

from portal.checks import sample_rows

log = logging.getLogger(__name__)


@never_cache
def healthz(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "ok"})


@never_cache
def readyz(request: HttpRequest) -> JsonResponse:
    """Each part as ok or failed, no detail: this page is open to everybody."""
    parts = {name: _works(name, check) for name, check in CHECKS.items()}
    ready = all(parts.values())
    body = {
        "status": "ok" if ready else "failed",
        "parts": {k: "ok" if v else "failed" for k, v in parts.items()},
    }
    return JsonResponse(body, status=200 if ready else 503)


def _works(name: str, check: Callable[[], bool]) -> bool:
    try:
        return check()
    except Exception:
        log.exception("readiness: %s", name)
        return False


def _database() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        return cursor.fetchone() == (1,)


def _migrations() -> bool:
    executor = MigrationExecutor(connection)
    return not executor.migration_plan(executor.loader.graph.leaf_nodes())


def _cache() -> bool:
    cache.set("readyz", "ok", 10)
    return cache.get("readyz") == "ok"


def _broker() -> bool:
    from portal.celery import app

    if not settings.REDIS_URL:
        return os.access(settings.BROKER_DIR / "queue", os.R_OK | os.W_OK | os.X_OK)
    with app.connection_for_write() as broker:
        broker.ensure_connection(max_retries=1, timeout=2)
    return True


def _accounts() -> bool:
    return not sample_rows()


CHECKS: dict[str, Callable[[], bool]] = {
    "database": _database,
    "migrations": _migrations,
    "cache": _cache,
    "broker": _broker,
    "accounts": _accounts,
}
