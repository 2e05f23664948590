"""Fixtures of the tests of reports."""

import pytest


@pytest.fixture
def people(cast, actor):
    """Actors by name: `people("clerk")`."""
    return lambda who: actor(getattr(cast, who))


@pytest.fixture
def stones(project):
    """The two milestones' ids."""
    return list(project.milestones.values_list("pk", flat=True))
