"""Who keeps contact with a project: named by the department, never its own secretary, told once."""

from __future__ import annotations

import pytest
from django.urls import reverse

from common.models import AuditEntry, Notice
from projects import actions
from tests.factories import POSTS, ROLES, make_user
from tests.projects.refusals import refused


@pytest.fixture
def contact(cast):
    return make_user("联系人", username="contact")


def told():
    return list(Notice.objects.filter(kind="project_contact").values_list("recipient__username", flat=True))


@pytest.mark.parametrize("who", [*POSTS, *ROLES])
def test_only_the_department_names_the_contact(cast, project, contact, actor, who) -> None:
    def call():
        return actions.name_contact(project=project, person=contact.person, by=actor(getattr(cast, who)))

    if who != "officer":
        refused("forbidden", call)
        return
    call()
    call()  # the same again is nothing
    project.refresh_from_db()
    assert (project.contact, told()) == (contact.person, ["contact"])
    entry = AuditEntry.objects.get(action="projects.project.contact_named")
    assert (entry.user, entry.before, entry.after) == (cast.officer, {"contact": ""}, {"contact": "联系人"})


def test_the_lead_secretary_is_no_contact(cast, project, actor) -> None:
    def call():
        return actions.name_contact(project=project, person=cast.secretary.person, by=actor(cast.officer))

    refused("invalid", call, "contact")


def test_the_page_offers_it_to_the_department_only(client_as, cast, project, contact) -> None:
    page = reverse("workspace:project", args=[project.code])
    assert "指定联系人" in client_as(cast.officer).get(page).content.decode()
    assert "指定联系人" not in client_as(cast.secretary).get(page).content.decode()
    name = reverse("projects:contact", args=[project.code])
    assert client_as(cast.officer).post(name, {"contact": contact.person_id})["Location"] == page
    project.refresh_from_db()
    assert project.contact == contact.person
    assert client_as(cast.outsider).post(name, {"contact": contact.person_id}).status_code == 404
    client_as(cast.secretary).post(name, {"contact": cast.clerk.person_id})
    client_as(cast.officer).post(name, {"contact": ""})
    project.refresh_from_db()
    assert project.contact == contact.person
