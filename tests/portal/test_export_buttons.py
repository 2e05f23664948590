"""Buttons that ask for exports: on which pages, with what parameters, and that they lead to a job."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse

from common.models import Job
from projects.models import Closing, Project

FORM = re.compile(r'<form[^>]*class="export-button"[^>]*>(.*?)</form>', re.S)
FIELD = re.compile(r'<input type="hidden" name="(?!csrf)(\w+)" value="([^"]*)">')


def buttons(client, address: str, /, **query: str) -> list[dict[str, str]]:
    """What each export button of a page sends."""
    text = client.get(address, query).content.decode()
    return [dict(FIELD.findall(form)) for form in FORM.findall(text)]


@pytest.fixture
def board(project, today) -> str:
    today("2026-06-10")
    return reverse("workspace:board")


def test_the_board_exports_what_it_shows(client_as, cast, project, board):
    season = project.season.code
    for name in ("officer", "leader", "secretary", "clerk"):
        assert buttons(client_as(getattr(cast, name)), board) == [{"kind": "ledger", "season": season}], name
    Project.objects.update(light="red", field="grid")
    query = {"light": "red", "field": "grid", "search": "红色", "season": "", "page": "1"}
    sent = {"kind": "ledger", "light": "red", "field": "grid", "search": "红色"}
    assert buttons(client_as(cast.officer), board, **query) == [sent]
    assert buttons(client_as(cast.officer), board, light="green") == []


def test_a_button_leads_to_the_job(client_as, cast, board):
    browser = client_as(cast.secretary)
    answer = browser.post(reverse("common:exports"), buttons(browser, board)[0])
    assert (answer.status_code, answer["Location"]) == (302, reverse("common:job", args=[Job.objects.get().pk]))


def test_a_projects_page_offers_the_papers_that_it_has(client_as, cast, project):
    page = reverse("workspace:project", args=[project.code])
    form = {"kind": "application_form", "project": project.code}
    assert buttons(client_as(cast.clerk), page) == [form]
    Closing.objects.create(project=project)
    assert buttons(client_as(cast.clerk), page) == [form, {"kind": "closing_form", "project": project.code}]


@pytest.mark.parametrize("name", ["projects:season", "projects:screenings"])
def test_the_departments_pages_offer_the_seasons_papers(client_as, cast, project, today, name):
    today("2026-06-10")
    code = project.season.code
    address = reverse(name, args=[code] if name == "projects:season" else [])
    kinds = ("applications", "opinions", "approved", "project_book", "ledger")
    assert buttons(client_as(cast.officer), address) == [{"kind": kind, "season": code} for kind in kinds]


def test_a_page_without_a_season_offers_nothing(client_as, cast, db):
    assert buttons(client_as(cast.officer), reverse("projects:screenings")) == []
