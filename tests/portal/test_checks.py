"""What production refuses to start with."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from evaluation.appraisal.models import Campaign
from organizations.models import User
from portal import checks
from tests import factories

SAFE = {"PRODUCTION": True, "SECRET_KEY": "k" * 50, "DEBUG": False, "TODAY": "", "DEMO_PASSWORD": ""}


def configure(settings, **values) -> list[str | None]:
    for name, value in {**SAFE, **values}.items():
        setattr(settings, name, value)
    return [message.id for message in checks.production_settings(None)]


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ({}, []),
        ({"SECRET_KEY": "development-only-key-refused-in-production"}, ["portal.E001"]),
        ({"SECRET_KEY": "short"}, ["portal.E001"]),
        ({"DEBUG": True}, ["portal.E002"]),
        ({"TODAY": "2026-05-10"}, ["portal.E003"]),
        ({"DEMO_PASSWORD": "x"}, ["portal.E004"]),
        ({"PRODUCTION": False, "DEBUG": True, "SECRET_KEY": "short"}, []),
    ],
)
def test_settings(settings, values, found):
    assert configure(settings, **values) == found


@pytest.mark.django_db
def test_sample_accounts(settings, cast):
    configure(settings)
    assert checks.sample_rows() == []
    User.objects.filter(pk=cast.clerk.pk).update(is_sample=True)
    assert [message.id for message in checks.sample_rows()] == ["portal.E005"]
    settings.PRODUCTION = False
    assert checks.sample_rows() == []


@pytest.mark.django_db
def test_a_sample_vote(settings):
    configure(settings)
    vote = Campaign.objects.create(season=factories.make_season(), title="2026年度票决")
    assert checks.sample_rows() == []
    Campaign.objects.filter(pk=vote.pk).update(is_sample=True)
    assert [message.id for message in checks.sample_rows()] == ["portal.E006"]
    settings.PRODUCTION = False
    assert checks.sample_rows() == []


def test_the_web_server_does_not_start(tmp_path):
    """A process of its own, because the refusal is at import."""
    environment = {
        **os.environ,
        "PRODUCTION": "true",
        "SECRET_KEY": "development-only-key-refused-in-production",
        "VAR_DIR": str(tmp_path),
        "DATABASE_URL": f"sqlite:///{tmp_path}/x.sqlite3",
        "DJANGO_SETTINGS_MODULE": "portal.settings",
    }
    command = [sys.executable, "-c", "import portal.wsgi"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "portal.E001" in done.stderr
    assert "SECRET_KEY" in done.stderr
