"""Fixtures of the tests of reports and of the screening."""

import pytest

from tests.projects.application_steps import make_open_season
from tests.projects.screening_steps import make_reviewers, make_sent, open_round


@pytest.fixture
def people(cast, actor):
    """Actors by name: `people("clerk")`."""
    return lambda who: actor(getattr(cast, who))


@pytest.fixture
def stones(project):
    """The two milestones' ids."""
    return list(project.milestones.values_list("pk", flat=True))


@pytest.fixture
def season(db):
    """2026 with its criteria and one track, open for applications in February."""
    return make_open_season()


@pytest.fixture
def sent(season, district, cast):
    """The first street's application, waiting for the pre-check."""
    return make_sent(season, district.street, cast.secretary)


@pytest.fixture
def panel(season):
    """The pool of reviewers: exactly as many as a project needs."""
    return make_reviewers(season, 3)


@pytest.fixture
def in_review(sent, panel, cast):
    """The same application with its three reviewers."""
    open_round(sent, cast.officer)
    sent.refresh_from_db()
    return sent
