"""API of applications: the same actions and rules as the pages."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from projects.models import Application, Attachment, Project
from tests.projects.application_steps import PDF, complete, draft, make_open_season

State = Project.State


@pytest.fixture
def season(db, today):
    today("2026-02-10")
    return make_open_season()


@pytest.fixture
def written(season, district, people) -> Application:
    return draft(season, district, people("clerk"))


def begin(api: Any, season: Any, organization: Any, **more: Any) -> Any:
    return api.post("/api/v1/projects/", {"season": season.code, "organization": organization.public_id, **more})


def test_an_application_from_first_word_to_sending(api_as, cast, season, district) -> None:
    clerk, secretary = api_as(cast.clerk), api_as(cast.secretary)
    answer = begin(clerk, season, district.street, content={"title": "新项目"})
    assert (answer.status_code, answer.json()["status"]) == (201, "draft")
    project = f"/api/v1/projects/{answer.json()['project']}"
    content = complete(season.tracks.get())
    saved = clerk.patch(f"{project}/application/", {"revision": answer.json()["revision"], "content": content})
    assert (saved.status_code, saved.json()["content"]["goal"]) == (200, content["goal"])
    missing = secretary.post(f"{project}/submit/")
    assert (missing.status_code, list(missing.json()["fields"])) == (400, ["study_record"])
    paper = SimpleUploadedFile("记录.pdf", PDF)
    assert clerk.post(f"{project}/files/", {"file": paper}, format="multipart").status_code == 201
    assert clerk.post(f"{project}/hand-over/").json()["with_secretary"] is True
    sent = secretary.post(f"{project}/submit/")
    assert (sent.status_code, sent.json()["status"]) == (200, "submitted")
    assert [version["number"] for version in sent.json()["versions"]] == [1]
    again = secretary.post(f"{project}/submit/")
    assert (again.status_code, len(again.json()["versions"])) == (200, 1)


def test_nobody_and_outsiders(api_as, cast, season, district) -> None:
    assert begin(api_as(), season, district.street).status_code == 401
    assert begin(api_as(cast.outsider), season, district.street).status_code == 404
    assert begin(api_as(cast.officer), season, district.street).status_code == 403
    assert begin(api_as(cast.auditor), season, district.street).status_code == 404
    assert not Project.objects.exists()


@pytest.mark.parametrize("step", ["hand-over", "give-back", "submit", "withdraw"])
def test_steps_are_who_they_are_for(api_as, cast, written, step: str) -> None:
    address = f"/api/v1/projects/{written.project.code}/{step}/"
    assert api_as().post(address).status_code == 401
    assert api_as(cast.outsider).post(address).status_code == 404
    assert api_as(cast.officer).post(address).status_code == 403


def test_a_stale_revision_and_unknown_fields_are_refused(api_as, cast, written) -> None:
    address = f"/api/v1/projects/{written.project.code}/application/"
    stale = api_as(cast.clerk).patch(address, {"revision": 0, "content": {"goal": "旧"}})
    assert (stale.status_code, stale.json()["code"]) == (409, "stale_draft")
    unknown = api_as(cast.clerk).patch(address, {"content": {"nonsense": "x"}})
    assert (unknown.status_code, list(unknown.json()["fields"])) == (400, ["content"])


def test_one_each_and_the_closed_window_speak_chinese(api_as, cast, written, season, district, today) -> None:
    second = begin(api_as(cast.clerk), season, district.street)
    assert (second.status_code, second.json()["code"]) == (409, "one_each")
    today("2026-03-10")
    late = begin(api_as(cast.outsider), season, district.other_street)
    assert (late.status_code, late.json()["code"]) == (400, "closed")


def test_a_file_is_taken_out_again(api_as, cast, written) -> None:
    row = Attachment.objects.get()
    address = f"/api/v1/projects/{written.project.code}/files/{row.file_id}/"
    assert api_as(cast.outsider).delete(address).status_code == 404
    assert api_as(cast.clerk).delete(address).status_code == 204
    assert not Attachment.objects.exists()


def test_the_secretary_withdraws(api_as, cast, written) -> None:
    address = f"/api/v1/projects/{written.project.code}/withdraw/"
    assert api_as(cast.secretary).post(address, {"reason": "换题"}).json()["status"] == "withdrawn"


def test_reading_asks_the_same_with_one_and_three_versions(api_as, cast, written, assert_queries) -> None:
    browser = api_as(cast.secretary)
    address = f"/api/v1/projects/{written.project.code}/application/"
    browser.get(address)
    for count in (1, 3):
        while (made := written.project.versions.count()) < count:
            written.project.versions.create(number=made + 1, content=written.content)
        with assert_queries(8):
            assert len(browser.get(address).json()["versions"]) == count
