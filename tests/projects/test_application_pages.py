"""Pages of applications: who sees what, nothing typed is lost, files and answers go with the form."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from common.models import StoredFile
from projects import applications, screening
from projects.models import Application, Project
from tests import factories
from tests.projects.application_steps import complete, draft, make_open_season, pdf

State = Project.State


@pytest.fixture
def season(db, today):
    today("2026-02-10")
    return make_open_season()


@pytest.fixture
def written(season, district, people) -> Application:
    return draft(season, district, people("clerk"))


def page(application: Application) -> str:
    return reverse("projects:application", args=[application.project.code])


def typed(application: Application, **changes: Any) -> dict[str, Any]:
    """What the browser sends of the form."""
    content = complete(application.project.track, **changes)
    given: dict[str, Any] = {"revision": application.revision, "brands.rows": "1", "brands": content.pop("brands")}
    for name, value in content.items():
        if isinstance(value, str):
            given[name] = value
            continue
        given[f"{name}.rows"] = "1"
        for number, row in enumerate(value):
            given |= {f"{name}.{number}.{column}": text for column, text in row.items()}
    return given


@pytest.mark.parametrize("who", ["clerk", "secretary"])
def test_the_authors_begin_an_application(client_as, cast, season, district, who: str) -> None:
    browser = client_as(getattr(cast, who))
    assert "开始申报" in browser.get(reverse("projects:apply")).content.decode()
    given = {"season": season.code, "organization": district.street.public_id, "continues": ""}
    answer = browser.post(reverse("projects:apply"), given)
    assert answer.url == page(Application.objects.get())
    assert "开始申报" not in browser.get(reverse("projects:apply")).content.decode()


@pytest.mark.parametrize("who", ["officer", "leader", "auditor", "sysadmin", "scrutineer"])
def test_who_writes_for_no_organization_has_no_such_page(client_as, cast, season, who: str) -> None:
    assert client_as(getattr(cast, who)).get(reverse("projects:apply")).status_code == 404


def test_nobody_applies_for_anothers_organization(client_as, cast, season, district) -> None:
    given = {"season": season.code, "organization": district.street.public_id}
    assert client_as(cast.outsider).post(reverse("projects:apply"), given).status_code == 404
    assert not Application.objects.exists()


@pytest.mark.parametrize(("who", "status"), [("clerk", 200), ("secretary", 200), ("officer", 200), ("outsider", 404)])
def test_who_sees_an_application(client_as, cast, written, who: str, status: int) -> None:
    answer = client_as(getattr(cast, who)).get(page(written))
    assert answer.status_code == status
    assert ("小区党支部联建" in answer.content.decode()) == (status == 200)


@pytest.mark.parametrize("name", ["apply", "application", "save_application"])
def test_nobody_is_asked_to_log_in(client, written, name: str) -> None:
    address = reverse(f"projects:{name}", args=[] if name == "apply" else [written.project.code])
    answer = client.post(address)
    assert answer.status_code == 302
    assert answer.url.startswith("/login/")


def test_the_form_saves_what_is_typed_with_its_files(client_as, cast, written) -> None:
    given = typed(written, title="新名称", milestones=[{"title": "只写了一半", "weight": "", "start": "", "due": ""}])
    answer = client_as(cast.clerk).post(page(written), {**given, "do": "save", "study_record": pdf("第二份.pdf")})
    assert answer.status_code == 302
    written.refresh_from_db()
    assert written.content["title"] == "新名称"
    assert [row["title"] for row in written.content["milestones"]] == ["只写了一半"]
    names = StoredFile.objects.order_by("uploaded_at").values_list("original_name", flat=True)
    assert list(names) == ["会议记录.pdf", "第二份.pdf"]


def test_a_refused_sending_keeps_everything_and_names_the_fields(client_as, cast, written) -> None:
    given = typed(written, title="改了一半", ends_on="年底前")
    answer = client_as(cast.secretary).post(page(written), {**given, "do": "submit"})
    html = answer.content.decode()
    assert answer.status_code == 400
    assert 'value="改了一半"' in html
    assert 'value="年底前"' in html
    assert "“年底前”不是日期" in html
    assert Project.objects.get().state == State.DRAFT


def test_a_wrong_file_is_named_beside_its_field_and_the_text_is_kept(client_as, cast, written) -> None:
    wrong = pdf("程序.pdf")
    wrong.file.seek(0)
    wrong.file.write(b"MZ\x90\0 not a pdf at all, far from it, but a program...")
    given = {**typed(written, title="还在"), "do": "save", "study_record": wrong}
    answer = client_as(cast.clerk).post(page(written), given)
    html = answer.content.decode()
    assert answer.status_code == 400
    assert 'id="id_study_record_error"' in html
    assert 'value="还在"' in html


def test_a_stale_page_shows_who_saved_and_keeps_what_was_typed(client_as, cast, written, people) -> None:
    given = typed(written, goal="我写的目标")
    applications.save_application(application=written, content={"goal": "别人写的"}, revision=None, by=people("clerk"))
    answer = client_as(cast.secretary).post(page(written), {**given, "do": "save"})
    html = answer.content.decode()
    assert answer.status_code == 409
    assert "示例一街道党务干事已在" in html
    assert "我写的目标" in html
    again = {**given, "revision": Application.objects.get().revision, "do": "save"}
    assert client_as(cast.secretary).post(page(written), again).status_code == 302


def test_autosave_answers_in_json(client_as, cast, written) -> None:
    address = reverse("projects:save_application", args=[written.project.code])
    answer = client_as(cast.clerk).post(address, typed(written, goal="自动保存"))
    assert (answer.status_code, answer.json()["revision"]) == (200, written.revision + 1)
    stale = client_as(cast.clerk).post(address, typed(written, goal="旧页"))
    assert (stale.status_code, stale.json()["code"]) == (409, "stale_draft")
    assert client_as(cast.outsider).post(address, typed(written)).status_code == 404


def test_hand_over_give_back_send_and_a_second_click(client_as, cast, written) -> None:
    clerk, secretary = client_as(cast.clerk), client_as(cast.secretary)
    clerk.post(page(written), {**typed(written), "do": "hand_over"})
    assert 'name="title"' not in clerk.get(page(written)).content.decode()
    html = secretary.get(page(written)).content.decode()
    assert "退给干事" in html
    written.refresh_from_db()
    for _ in range(2):
        assert secretary.post(page(written), {**typed(written), "do": "submit"}).status_code == 302
    project = Project.objects.get()
    assert (project.state, project.versions.count()) == (State.SUBMITTED, 1)
    assert "撤回申报" in secretary.get(page(written)).content.decode()
    assert "撤回申报" not in clerk.get(page(written)).content.decode()


def test_the_applicant_answers_beside_the_field(client_as, cast, written, people) -> None:
    secretary = client_as(cast.secretary)
    secretary.post(page(written), {**typed(written), "do": "submit"})
    project = Project.objects.get()
    screening.send_back(project=project, comments={"goal": "说具体些"}, reason="请改", by=people("officer"))
    comment = project.application_comments.get()
    html = secretary.get(page(written)).content.decode()
    assert "说具体些" in html
    written.refresh_from_db()
    given = {**typed(written, goal="12 个"), comment.answer_name: "已写明", "do": "submit"}
    assert secretary.post(page(written), given).status_code == 302
    comment.refresh_from_db()
    assert comment.answer == "已写明"
    assert Project.objects.get().state == State.SUBMITTED


def test_comments_of_unsent_reviews_are_not_the_applicants(client_as, cast, written, people) -> None:
    applications.submit_application(application=written, by=people("secretary"))
    project = Project.objects.get()
    project.application_comments.create(
        version=project.versions.get(), field="goal", text="内部意见不外传", by=cast.officer
    )
    for who in (cast.secretary, cast.clerk):
        assert "内部意见不外传" not in client_as(who).get(page(written)).content.decode()


def test_the_study_record_is_a_download_for_who_sees_the_project(client_as, cast, client, written) -> None:
    address = reverse("common:file", args=[StoredFile.objects.get().pk])
    answer = client_as(cast.officer).get(address)
    assert answer.status_code == 200
    assert answer["Content-Disposition"].startswith("attachment")
    assert client_as(cast.outsider).get(address).status_code == 404
    assert client.get(address).status_code == 302


def test_the_apply_page_asks_the_same_whatever_there_is(client_as, cast, season, district, assert_queries) -> None:
    browser = client_as(cast.secretary)
    season.one_project_per_organization = False
    season.save()
    browser.get(reverse("projects:apply"))
    for count in (1, 3):
        while Project.objects.count() < count:
            project = factories.make_project(district.street, cast.secretary, track=season.tracks.get(), state="draft")
            Application.objects.create(project=project)
        with assert_queries(12):
            assert browser.get(reverse("projects:apply")).status_code == 200
