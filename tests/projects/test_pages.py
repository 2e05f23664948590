"""Pages of reports: a form that loses nothing, autosave, the department's decision."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from projects.models import ProgressReport, Project
from tests import factories
from tests.common.pictures import phone_photo, upload

MONTH = date(2026, 5, 1)
State = ProgressReport.State


@pytest.fixture
def draft(project: Project, today) -> ProgressReport:
    today("2026-06-02")
    factories.make_report(project, date(2026, 4, 1), [50, 0])
    return factories.make_report(project, MONTH, [50, 0], state="draft")


def address(report: ProgressReport) -> str:
    return reverse("projects:report", args=[report.project.code, f"{report.month:%Y-%m}"])


def typed(report: ProgressReport, *percents: Any, **fields: Any) -> dict[str, Any]:
    """What the browser sends of the form."""
    given = {"revision": report.revision, "done": "做了工作", "effect": "", "difficulty": "", "next": ""}
    for line, percent in zip(report.lines.all(), percents, strict=True):
        given |= {
            f"percent_{line.milestone_id}": percent,
            f"evidence_{line.milestone_id}": "台账",
            f"fall_reason_{line.milestone_id}": "",
        }
    return given | fields


def test_a_month_without_a_report_is_begun_by_a_button_and_not_by_looking(client_as, cast, project, today) -> None:
    today("2026-06-02")
    browser, page = client_as(cast.clerk), reverse("projects:report", args=[project.code, "2026-05"])
    assert "开始填写" in browser.get(page).content.decode()
    assert not project.reports.exists()
    assert browser.post(page).status_code == 302
    assert project.reports.get().month == MONTH
    assert 'name="percent_' in browser.get(page).content.decode()


@pytest.mark.parametrize("month", ["2026-07", "2025-12"])
def test_a_month_to_come_or_outside_cannot_be_begun(client_as, cast, project, today, month: str) -> None:
    today("2026-06-02")
    page = reverse("projects:report", args=[project.code, month])
    assert "开始填写" not in client_as(cast.clerk).get(page).content.decode()
    client_as(cast.clerk).post(page)
    assert not project.reports.exists()


def test_readers_cannot_begin(client_as, cast, project, today) -> None:
    today("2026-06-02")
    page = reverse("projects:report", args=[project.code, "2026-05"])
    for person in (cast.leader, cast.officer):
        assert client_as(person).post(page).status_code == 404
    assert client_as(cast.outsider).post(page).status_code == 404
    assert not project.reports.exists()


@pytest.mark.parametrize("month", ["2026-13", "2026-1", "abc", "0000-01"])
def test_a_month_that_is_none_is_404(client_as, cast, project, month: str) -> None:
    assert client_as(cast.clerk).get(f"/desk/projects/{project.code}/reports/{month}/").status_code == 404


def test_the_clerk_hands_over_the_secretary_submits_the_department_confirms(client_as, cast, draft) -> None:
    client_as(cast.clerk).post(address(draft), typed(draft, 80, 0, do="hand_over"))
    draft.refresh_from_db()
    assert draft.state == State.HANDED_OVER
    client_as(cast.secretary).post(address(draft), typed(draft, 85, 0, do="submit"))
    draft.refresh_from_db()
    assert (draft.state, draft.lines.first().percent) == (State.SUBMITTED, 85)
    client_as(cast.officer).post(reverse("projects:decide", args=[draft.pk]), {"do": "confirm"})
    draft.refresh_from_db()
    assert draft.state == State.CONFIRMED


@pytest.mark.parametrize(
    ("percents", "message"),
    [
        ((110, 0), "完成比例应在 0 至 100 之间"),
        ((-1, 0), "完成比例应在 0 至 100 之间"),
        (("", 0), "请填写完成比例"),
        (("八成", 0), "请填写 0 至 100 的整数"),
        ((40, 0), "请写明下调原因"),
    ],
)
def test_bad_percents_stand_beside_the_field_and_nothing_typed_is_lost(
    client_as, cast, draft, percents: Any, message: str
) -> None:
    sent = typed(draft, *percents, do="submit", done="一大段 很重要的 文字")
    answer = client_as(cast.secretary).post(address(draft), sent)
    text = answer.content.decode()
    assert answer.status_code == 400
    assert message in text
    assert "一大段 很重要的 文字" in text
    assert f'value="{percents[0]}"' in text
    draft.refresh_from_db()
    assert draft.state == State.DRAFT


def test_two_browsers_on_one_draft(client_as, cast, draft) -> None:
    first, second = typed(draft, 60, 0), typed(draft, 70, 0, done="第二个浏览器写的")
    client_as(cast.clerk).post(address(draft), first)
    answer = client_as(cast.secretary).post(address(draft), second)
    text = answer.content.decode()
    assert answer.status_code == 409
    assert "保存过这份月报" in text
    assert "第二个浏览器写的" in text
    assert draft.lines.first().percent == 60
    # The page now carries the newer revision: sent once more it is saved.
    again = second | {"revision": answer.context["form"]["revision"].value()}
    assert client_as(cast.secretary).post(address(draft), again).status_code == 302
    assert draft.lines.first().percent == 70


def test_autosave_answers_in_json(client_as, cast, draft) -> None:
    browser, page = client_as(cast.clerk), reverse("projects:save", args=[draft.pk])
    answer = browser.post(page, typed(draft, 61, 0))
    assert answer.status_code == 200
    assert set(answer.json()) == {"saved_at", "revision"}
    stale = browser.post(page, typed(draft, 62, 0))
    assert (stale.status_code, stale.json()["code"]) == (409, "stale_draft")
    bad = browser.post(page, typed(draft, 110, 0, revision=answer.json()["revision"]))
    assert bad.status_code == 400
    assert list(bad.json()["fields"]) == [f"line:{draft.lines.first().milestone_id}"]


def test_submitting_twice_is_submitting_once(client_as, cast, draft) -> None:
    browser, sent = client_as(cast.secretary), typed(draft, 80, 0, do="submit")
    assert [browser.post(address(draft), sent).status_code for _ in range(2)] == [302, 302]
    assert draft.state_changes.count() == 1


def test_what_is_typed_while_another_submits_is_not_lost(client_as, cast, draft) -> None:
    client_as(cast.secretary).post(address(draft), typed(draft, 80, 0, do="submit"))
    answer = client_as(cast.clerk).post(address(draft), typed(draft, 70, 0, done="干事正在写的"))
    assert answer.status_code == 409
    assert "干事正在写的" in answer.content.decode()
    assert "现在不能修改" in answer.content.decode()


def test_a_photo_goes_with_the_form_where_there_is_no_script(client_as, cast, draft) -> None:
    fake = SimpleUploadedFile("病毒.jpg", b"MZ not a picture", "image/jpeg")
    answer = client_as(cast.clerk).post(address(draft), typed(draft, 60, 0, photos=fake))
    assert answer.status_code == 400
    assert draft.photos.count() == 0

    good = typed(draft, 60, 0, photos=upload(phone_photo()))
    assert client_as(cast.clerk).post(address(draft), good | {"revision": 1}).status_code == 302
    photo = draft.photos.get()
    sent = typed(draft, 60, 0, remove_photo=str(photo.picture_id), revision=2)
    client_as(cast.clerk).post(address(draft), sent)
    assert draft.photos.count() == 0


def test_a_suspended_project_says_why_it_has_no_report(client_as, cast, project, today) -> None:
    today("2026-06-02")
    Project.objects.update(state="suspended")
    page = reverse("projects:report", args=[project.code, "2026-05"])
    assert "项目当前为“暂停”，不能填写月报。" in client_as(cast.clerk).get(page).content.decode()
    client_as(cast.clerk).post(page)
    assert not project.reports.exists()


def test_the_department_returns_with_comments_at_the_fields(client_as, cast, draft) -> None:
    client_as(cast.secretary).post(address(draft), typed(draft, 80, 0, do="submit"))
    page = reverse("projects:decide", args=[draft.pk])
    line = draft.lines.first()
    empty = client_as(cast.officer).post(page, {"do": "return"})
    assert (empty.status_code, "请写明退回的原因" in empty.content.decode()) == (400, True)
    given = {"do": "return", f"comment_line:{line.milestone_id}": "证据不足", "comment_effect": "太空泛"}
    client_as(cast.officer).post(page, given)
    text = client_as(cast.clerk).get(address(draft)).content.decode()
    assert "证据不足" in text
    assert "太空泛" in text


def test_only_the_department_decides_and_outsiders_find_nothing(client_as, cast, draft) -> None:
    client_as(cast.secretary).post(address(draft), typed(draft, 80, 0, do="submit"))
    page = reverse("projects:decide", args=[draft.pk])
    for person in (cast.secretary, cast.clerk, cast.leader):
        client_as(person).post(page, {"do": "confirm"})
    assert client_as(cast.outsider).post(page, {"do": "confirm"}).status_code == 404
    assert client_as(cast.outsider).post(reverse("projects:save", args=[draft.pk])).status_code == 404
    draft.refresh_from_db()
    assert draft.state == State.SUBMITTED


def test_the_decision_opens_the_next_that_waits(client_as, cast, draft) -> None:
    client_as(cast.secretary).post(address(draft), typed(draft, 80, 0, do="submit"))
    other = factories.make_project(draft.project.lead_organization, cast.secretary, track=draft.project.track)
    waiting = factories.make_report(other, MONTH, [1, 0], state="submitted")
    answer = client_as(cast.officer).post(reverse("projects:decide", args=[draft.pk]), {"do": "confirm"})
    assert answer["Location"] == address(waiting)
    answer = client_as(cast.officer).post(reverse("projects:decide", args=[waiting.pk]), {"do": "confirm"})
    assert answer["Location"] == reverse("projects:inbox")
