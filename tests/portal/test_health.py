"""Alive and ready: words only, and open to the machine that watches."""

from __future__ import annotations

import pytest
from django.db import DatabaseError

from organizations.models import User
from portal import health

ALL = {"database", "migrations", "cache", "broker", "accounts"}


def test_alive_without_a_database(client):
    """No `db` mark: any query would fail the test."""
    response = client.get("/healthz")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})
    assert "no-store" in response["Cache-Control"]


@pytest.mark.django_db
def test_ready(client):
    response = client.get("/readyz")
    assert response.json() == {"status": "ok", "parts": dict.fromkeys(sorted(ALL), "ok")}
    assert response.status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize("part", sorted(ALL))
def test_not_ready_says_which_part_and_not_why(client, monkeypatch, part):
    def broken() -> bool:
        raise DatabaseError("password=secret")

    monkeypatch.setitem(health.CHECKS, part, broken)
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json() == {
        "status": "failed",
        "parts": {name: "failed" if name == part else "ok" for name in ALL},
    }


@pytest.mark.django_db
def test_sample_accounts_make_production_unready(client, cast, settings):
    User.objects.filter(pk=cast.clerk.pk).update(is_sample=True)
    assert client.get("/readyz").status_code == 200
    settings.PRODUCTION = True
    assert client.get("/readyz").json()["parts"]["accounts"] == "failed"
    User.objects.update(is_active=False)
    assert client.get("/readyz").json()["parts"]["accounts"] == "ok"
