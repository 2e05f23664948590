"""The cast that every test uses, in surroundings that are fast, offline and write to temporary folders only.

On PostgreSQL with Redis (`DATABASE_URL`, `REDIS_URL`) the same tests use Redis as cache and broker.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from common import triggers
from common.actors import Actor
from evaluation.appraisal.triggers import TRIGGERS as vote_triggers
from organizations.models import User
from portal.celery import app as celery_app
from tests import factories

QUEUE = f"test-{uuid.uuid4().hex}"


def pytest_configure(config: pytest.Config) -> None:
    """A broker that touches no file: in memory, or a queue of this run's own in Redis."""
    celery_app.conf.task_default_queue = QUEUE
    if not django_settings.REDIS_URL:
        celery_app.conf.update(broker_url="memory://", broker_transport_options={})


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests of the other database are not this run's."""
    other = "sqlite_only" if connection.vendor == "postgresql" else "postgres_only"
    foreign = [item for item in items if item.get_closest_marker(other)]
    items[:] = [item for item in items if not item.get_closest_marker(other)]
    config.hook.pytest_deselected(items=foreign)


def pytest_unconfigure(config: pytest.Config) -> None:
    if django_settings.REDIS_URL:
        with celery_app.connection_for_write() as broker:
            names = (QUEUE, f"_kombu.binding.{QUEUE}", f"_kombu.binding_permanent.{QUEUE}")
            broker.default_channel.client.delete(*names)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    """The test database without the audit trail's triggers (see `audit_triggers`)."""
    with django_db_blocker.unblock():
        triggers.drop(connection)


@pytest.fixture(autouse=True)
def audit_triggers(request: pytest.FixtureRequest, emptied: None) -> Iterator[None]:
    """Tests marked `real_audit` have an append-only audit trail."""
    marker = request.node.get_closest_marker("real_audit")
    if not marker:
        yield
        return
    database = request.node.get_closest_marker("django_db")
    transactional = database is not None and database.kwargs.get("transaction")
    request.getfixturevalue("transactional_db" if transactional else "db")
    triggers.install(connection)
    yield
    if not connection.in_atomic_block:  # else the rollback takes them away
        triggers.drop(connection)


@pytest.fixture(autouse=True)
def emptied(request: pytest.FixtureRequest) -> Iterator[None]:
    """Tests that commit leave tables that can be emptied: no locked vote, whose triggers refuse it."""
    marker = request.node.get_closest_marker("django_db")
    if not (marker and marker.kwargs.get("transaction")) and "transactional_db" not in request.fixturenames:
        yield
        return
    request.getfixturevalue("transactional_db")
    yield
    vote_triggers.drop(connection)
    call_command("flush", interactive=False, verbosity=0)
    vote_triggers.install(connection)


@pytest.fixture(autouse=True)
def surroundings(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.SPOOL_ROOT = tmp_path / "spool"
    settings.EXPORT_ROOT = tmp_path / "exports"
    settings.TODAY = ""
    settings.AXES_ENABLED = False
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    # Found where the build put them, without a collectstatic.
    settings.WHITENOISE_AUTOREFRESH = settings.WHITENOISE_USE_FINDERS = True
    cache = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": QUEUE}
    if settings.REDIS_URL:
        cache = dict(settings.CACHES["default"])
    settings.CACHES = {"default": {**cache, "KEY_PREFIX": uuid.uuid4().hex}}


# --- the clock, the queries ---


def freeze_today(settings: Any, day: str | date) -> date:
    """Let `common.days` say that today is `day`; returns it as a date."""
    settings.TODAY = str(day)
    return date.fromisoformat(settings.TODAY)


@pytest.fixture
def today(settings: Any) -> Callable[[str | date], date]:
    """`today("2026-05-10")` sets the day."""
    return lambda day: freeze_today(settings, day)


@contextmanager
def _exactly(number: int) -> Iterator[CaptureQueriesContext]:
    with CaptureQueriesContext(connection) as captured:
        yield captured
    asked = [
        q["sql"]
        for q in captured.captured_queries
        if not q["sql"].startswith(("SAVEPOINT", "RELEASE", "BEGIN", "SET LOCAL"))
    ]
    if len(asked) != number:
        listing = "\n".join(f"{i}. {sql}" for i, sql in enumerate(asked, start=1))
        pytest.fail(f"{len(asked)} queries instead of {number}:\n{listing}")


@pytest.fixture
def assert_queries(db: None) -> Callable[[int], AbstractContextManager[CaptureQueriesContext]]:
    """`with assert_queries(7): …` fails, listing them, unless exactly 7 queries ran (savepoints and settings aside)."""
    return _exactly


# --- the cast ---


@pytest.fixture
def district(db: None) -> SimpleNamespace:
    """区委 over a department and two streets; below the first street a community committee and its branch."""
    return factories.make_district()


@pytest.fixture
def cast(district: SimpleNamespace) -> SimpleNamespace:
    """One account for each role, named by it; `factories.PASSWORD` opens all."""
    return factories.make_cast(district)


@pytest.fixture
def project(district: SimpleNamespace, cast: SimpleNamespace) -> Any:
    """The first street's running project of 2026: 建阵地 60 % to July, then 见成效 40 %."""
    return factories.make_project(district.street, cast.secretary, title="红色物业示范项目（示例）")


def fresh(user: User) -> User:
    """The same account without what was remembered about its access."""
    return User.objects.select_related("person").get(pk=user.pk)


@pytest.fixture
def actor() -> Callable[[User], Actor]:
    """`actor(user)`: the user, with today's access, as an action's author."""
    return lambda user: Actor.person(fresh(user), source="test")


@pytest.fixture
def client_as(db: None) -> Callable[[User], Client]:
    """`client_as(user)`: a browser in which the user is logged in."""

    def logged_in(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return logged_in


@pytest.fixture
def api_as(db: None) -> Callable[..., APIClient]:
    """`api_as(user)`: an API client with the user's session; `api_as()` is nobody."""

    def api_client(user: User | None = None) -> APIClient:
        client = APIClient()
        if user is not None:
            client.force_login(user)
        return client

    return api_client
