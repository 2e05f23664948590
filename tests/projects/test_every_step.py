"""Every pair of project states × every role: what is allowed happens, everything else is refused in words."""

from __future__ import annotations

import re

import pytest
from django.db import transaction

from common.errors import ActionError, Conflict, Forbidden
from projects.actions import change_state
from projects.models import Project, ProjectStateChange
from tests import factories

# From, to: whose step it is. Written by hand from the design; the code's own table is not read here.
ALLOWED = {
    "draft": {"submitted": "secretary", "withdrawn": "secretary"},
    "submitted": {
        "in_review": "officer",
        "returned_revise": "officer",
        "rejected": "officer",
        "withdrawn": "secretary",
    },
    "in_review": {
        "approved": "officer",
        "returned_revise": "officer",
        "returned_redraft": "officer",
        "rejected": "officer",
    },
    "returned_revise": {"submitted": "secretary", "withdrawn": "secretary"},
    "returned_redraft": {"submitted": "secretary", "withdrawn": "secretary"},
    "rejected": {},
    "approved": {"running": "officer", "withdrawn": "officer", "terminated": "officer"},
    "running": {"suspended": "officer", "closing": "secretary", "terminated": "officer", "withdrawn": "officer"},
    "suspended": {"running": "officer", "terminated": "officer", "withdrawn": "officer"},
    "closing": {"running": "officer", "completed": "officer"},
    "completed": {"archived": "officer"},
    "terminated": {"archived": "officer"},
    "withdrawn": {"archived": "officer"},
    "archived": {},
}
ROLES = (
    *("secretary", "clerk", "branchsec", "outsider", "officer"),
    *("leader", "evaladmin", "scrutineer", "auditor", "sysadmin"),
)
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def test_the_table_knows_every_state() -> None:
    assert set(ALLOWED) == set(Project.State.values)


@pytest.mark.parametrize("was", Project.State.values)
@pytest.mark.parametrize("role", ROLES)
def test_each_step_is_one_roles_and_all_others_are_refused(district, cast, actor, role: str, was: str) -> None:
    project = factories.make_project(district.street, cast.secretary, state=was)
    if was == "in_review":  # approval gives the number; here only the step is asked about
        project.archive_number, project.archive_sequence, project.approved_on = "YH-1", 1, project.starts_on
        project.save()
    before = ProjectStateChange.objects.count()
    for to in Project.State.values:
        expected = outcome(was, to, role)
        found = attempt(project.pk, to, actor(getattr(cast, role)))
        assert found == expected, (was, to, role)
    assert Project.objects.get().state == was
    assert ProjectStateChange.objects.count() == before


def outcome(was: str, to: str, role: str) -> str:
    if to == was:
        return "nothing"
    if to not in ALLOWED[was]:
        return "conflict"
    return "done" if ALLOWED[was][to] == role else "forbidden"


def attempt(project_id: int, to: str, by) -> str:
    """What comes of the step; whatever was written is taken back."""
    with transaction.atomic():
        project = Project.objects.get(pk=project_id)
        try:
            was = project.state
            change_state(project=project, to=to, by=by, reason="试")
            stored = Project.objects.get(pk=project_id).state
            found = "nothing" if stored == was else "done"
            assert stored == to
        except ActionError as error:
            found = {Conflict: "conflict", Forbidden: "forbidden"}[type(error)]
            found = found if CHINESE.search(error.message) else error.message
        transaction.set_rollback(True)
    return found


def test_an_illegal_step_is_refused_in_the_states_own_words(district, cast, actor) -> None:
    project = factories.make_project(district.street, cast.secretary, state="draft")
    with pytest.raises(Conflict) as caught:
        change_state(project=project, to="running", by=actor(cast.officer))
    assert caught.value.message == "当前状态为“草稿”，不能改为“推进中”。"


def test_nobody_decides_on_a_project_of_ones_own(district, cast, actor) -> None:
    factories.grant(cast.secretary, "department_officer")
    project = factories.make_project(district.street, cast.secretary, state="running")
    with pytest.raises(Forbidden):
        change_state(project=project, to="suspended", by=actor(cast.secretary), reason="试")
