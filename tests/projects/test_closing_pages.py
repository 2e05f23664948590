"""Pages of a closing: a form that loses nothing, autosave, the department's verdict."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse

from projects import closing
from projects.closing_pages import is_reached
from projects.models import Closing, ExpectedFigure, Project
from tests.factories import make_project
from tests.projects.course_steps import complete, evidence, promise

TODAY = date(2026, 10, 20)


@pytest.fixture(autouse=True)
def _day(today):
    today(TODAY)


@pytest.fixture
def figure(project):
    return promise(project)


@pytest.fixture
def draft(project, figure, people):
    return closing.open_closing(project=project, by=people("clerk"))


@pytest.fixture
def sent(project, figure, people):
    return closing.submit_closing(closing=complete(project, people("clerk")), by=people("secretary"))


def at(project: Project, name: str = "closing") -> str:
    return reverse(f"projects:{name}", args=[project.code])


def text_of(answer: Any, status: int = 200) -> str:
    assert answer.status_code == status
    return answer.content.decode()


def typed(report: Closing, reached: str = "5100余", basis: str = "签到表", **fields: Any) -> dict[str, Any]:
    """What the browser sends of the form."""
    given = {"revision": report.revision, "outcome": "办成了", "practice": "可推广", "shortfall": "", "next": ""}
    for figure in report.project.expected_figures.all():
        given |= {f"reached_{figure.pk}": reached, f"evidence_{figure.pk}": basis}
    return given | fields


def state_of(project: Project) -> str:
    return Project.objects.get(pk=project.pk).state


# --- writing ---


def test_a_report_is_begun_by_a_button_and_not_by_looking(client_as, cast, project):
    browser = client_as(cast.clerk)
    assert "开始填写" in text_of(browser.get(at(project)))
    assert Closing.objects.count() == 0
    assert [browser.post(at(project)).status_code for _ in range(2)] == [302, 302]
    assert Closing.objects.count() == 1
    assert 'name="outcome"' in text_of(browser.get(at(project)))


def test_readers_cannot_begin(client_as, client, cast, project):
    for person in (cast.leader, cast.officer):
        assert "开始填写" not in text_of(client_as(person).get(at(project)))
        assert client_as(person).post(at(project)).status_code == 404
    for call in ("get", "post"):
        assert getattr(client_as(cast.outsider), call)(at(project)).status_code == 404
        assert getattr(client, call)(at(project))["Location"].startswith("/login/")
    assert Closing.objects.count() == 0


def test_a_project_that_does_not_run_cannot_begin(client_as, cast, district):
    project = make_project(district.street, cast.secretary, state="suspended")
    assert "开始填写" not in text_of(client_as(cast.clerk).get(at(project)))
    assert "不能填写结项报告" in text_of(client_as(cast.clerk).post(at(project)))


def test_the_clerk_writes_the_secretary_sends_the_department_closes(client_as, cast, draft, figure):
    project = draft.project
    sent = typed(draft, evidence=evidence())
    assert client_as(cast.clerk).post(at(project), sent | {"do": "save"}).status_code == 302
    figure.refresh_from_db()
    assert (figure.reached_text, figure.evidence) == ("5100余人次", "签到表")
    draft.refresh_from_db()
    client_as(cast.secretary).post(at(project), typed(draft, do="submit"))
    assert state_of(project) == "closing"
    text = text_of(client_as(cast.officer).get(at(project)))
    assert re.findall(r'data-label="(?:预期|完成)">([^<]*)<', text) == ["5000人次", "5100余人次"]
    assert ("达到" in text, "台账.pdf" in text, "组织部核验" in text) == (True, True, True)
    given = {"do": "accept", "level": "excellent", "verdict": "情况属实"}
    answer = client_as(cast.officer).post(at(project, "decide_closing"), given, follow=True)
    assert "已结项：优秀，具备评选资格。" in text_of(answer)
    assert state_of(project) == "completed"


@pytest.mark.parametrize(
    ("reached", "message"),
    [
        ("约5000", "“约”说不清多少"),
        ("很多", "不是数量"),
        ("5O00", "是不是 5000"),
        ("-3", "数量不能是负数。"),
        ("5000户", "单位应为“人次”。"),
        ("5千", "单位应为“人次”。"),
        ("", "请填写完成情况，没有完成的填 0。"),
    ],
)
def test_bad_figures_stand_beside_the_field_and_nothing_typed_is_lost(client_as, cast, draft, reached, message):
    sent = typed(draft, reached, do="submit", outcome="一大段 很重要的 文字")
    text = text_of(client_as(cast.secretary).post(at(draft.project), sent), 400)
    assert message in text
    assert "一大段 很重要的 文字" in text
    assert f'value="{reached}"' in text if reached else True
    assert state_of(draft.project) == "running"


@pytest.mark.parametrize(
    ("reached", "words"),
    [
        ("4800余", "4800余人次"),
        ("近5000人次", "近5000人次"),
        ("１,200", "1200人次"),
        ("1.2万", "12000人次"),
        ("0", "0人次"),
    ],
)
def test_figures_are_read_as_people_write_them(client_as, cast, draft, figure, reached, words):
    client_as(cast.clerk).post(at(draft.project), typed(draft, reached))
    figure.refresh_from_db()
    assert figure.reached_text == words
    again = text_of(client_as(cast.clerk).get(at(draft.project)))
    assert f'name="reached_{figure.pk}" value="{words.removesuffix("人次")}"' in again


def test_a_scale_belongs_to_the_unit(client_as, cast, project, people):
    money = promise(project, "筹款", 65, "万元")
    draft = closing.open_closing(project=project, by=people("clerk"))
    text = text_of(client_as(cast.clerk).post(at(project), typed(draft, "70万")), 400)
    assert "单位应为“万元”。" in text
    client_as(cast.clerk).post(at(project), typed(draft, "70万元"))
    money.refresh_from_db()
    assert money.reached_text == "70万元"


def test_what_is_missing_is_said_beside_each_field(client_as, cast, draft):
    sent = typed(draft, "5100", "", do="submit", outcome="", practice="")
    text = text_of(client_as(cast.secretary).post(at(draft.project), sent), 400)
    for message in ("请填写工作成效。", "请填写经验做法。", "请写明依据。", "请至少上传一份佐证材料。"):
        assert message in text


def test_two_browsers_on_one_draft(client_as, cast, draft):
    client_as(cast.clerk).post(at(draft.project), typed(draft))
    second = typed(draft, outcome="第二个浏览器写的")
    answer = client_as(cast.secretary).post(at(draft.project), second)
    text = text_of(answer, 409)
    assert ("保存过结项报告" in text, "第二个浏览器写的" in text) == (True, True)
    # The page now carries the newer revision: sent once more it is saved.
    again = second | {"revision": answer.context["form"]["revision"].value()}
    assert client_as(cast.secretary).post(at(draft.project), again).status_code == 302
    assert Closing.objects.get().outcome == "第二个浏览器写的"


def test_autosave_answers_in_json(client_as, client, cast, draft):
    browser, address = client_as(cast.clerk), at(draft.project, "save_closing")
    answer = browser.post(address, typed(draft))
    assert (answer.status_code, sorted(answer.json())) == (200, ["revision", "saved_at"])
    stale = browser.post(address, typed(draft))
    assert (stale.status_code, stale.json()["code"]) == (409, "stale_draft")
    bad = browser.post(address, typed(draft, "很多", revision=1))
    key = ExpectedFigure.objects.get().pk
    assert (bad.status_code, sorted(bad.json()["fields"])) == (400, [f"reached_{key}"])
    assert client_as(cast.outsider).post(address, typed(draft)).status_code == 404
    assert client_as(cast.officer).post(address, typed(draft)).status_code == 403
    assert client.post(address)["Location"].startswith("/login/")


def test_sending_twice_is_sending_once(client_as, cast, draft):
    browser, sent = client_as(cast.secretary), typed(draft, do="submit", evidence=evidence())
    assert browser.post(at(draft.project), sent).status_code == 302
    assert browser.post(at(draft.project), typed(draft, do="submit")).status_code == 302
    assert draft.project.state_changes.filter(to_state="closing").count() == 1


def test_what_is_typed_while_another_sends_is_not_lost(client_as, cast, sent):
    answer = client_as(cast.clerk).post(at(sent.project), typed(sent, outcome="干事正在写的", do="save"))
    text = text_of(answer, 409)
    assert ("干事正在写的" in text, "不能填写结项报告" in text) == (True, True)


def test_documents_go_with_the_form(client_as, cast, draft):
    browser, project = client_as(cast.clerk), draft.project
    fake = evidence("病毒.pdf", b"MZ not a document")
    assert "不能上传这种文件" in text_of(browser.post(at(project), typed(draft, evidence=fake)), 400)
    browser.post(at(project), typed(draft, revision=1, evidence=evidence()))
    attachment = project.attachments.get()
    address = reverse("common:file", args=[attachment.file_id])
    assert client_as(cast.officer).get(address).status_code == 200
    assert client_as(cast.outsider).get(address).status_code == 404
    browser.post(at(project), typed(draft, revision=2, remove_file=str(attachment.pk)))
    assert project.attachments.count() == 0


# --- the verdict ---


def decide(browser, report, **given):
    return browser.post(at(report.project, "decide_closing"), given)


def test_a_verdict_that_is_not_whole_stays_on_the_page(client_as, cast, sent):
    browser = client_as(cast.officer)
    text = text_of(decide(browser, sent, do="accept", verdict="一段 意见"), 400)
    assert ("请选择等次。" in text, "一段 意见" in text) == (True, True)
    given = {"do": "accept", "level": "excellent", "verdict": "属实"}
    assert "请写明取消评选资格的原因。" in text_of(decide(browser, sent, **given, bar="on"), 400)
    assert "请勾选" in text_of(decide(browser, sent, **given, bar_reason="数据不实"), 400)
    assert "请写明退回的原因。" in text_of(decide(browser, sent, do="return"), 400)
    assert state_of(sent.project) == "closing"


def test_a_barred_project_is_not_eligible(client_as, cast, sent):
    given = {"do": "accept", "level": "excellent", "verdict": "属实", "bar": "on", "bar_reason": "数据不实"}
    decide(client_as(cast.officer), sent, **given)
    text = text_of(client_as(cast.leader).get(at(sent.project)))
    assert "不具备：数据不实" in text
    assert Closing.objects.get().eligible is False


def test_a_returned_report_says_why_and_is_written_again(client_as, cast, sent):
    decide(client_as(cast.officer), sent, do="return", verdict="请补充签到表")
    text = text_of(client_as(cast.clerk).get(at(sent.project)))
    assert ("请补充签到表" in text, 'name="outcome"' in text) == (True, True)


def test_only_the_department_decides(client_as, client, cast, sent):
    given = {"do": "accept", "level": "excellent", "verdict": "属实"}
    for person in (cast.secretary, cast.clerk, cast.leader):
        assert "组织部核验" not in text_of(client_as(person).get(at(sent.project)))
        decide(client_as(person), sent, **given)
    assert decide(client_as(cast.outsider), sent, **given).status_code == 404
    assert decide(client, sent, **given)["Location"].startswith("/login/")
    assert state_of(sent.project) == "closing"


def test_an_officer_who_leads_the_project_has_no_panel(client_as, cast, district, people):
    project = make_project(district.street, cast.officer, state="closing")
    Closing.objects.create(project=project)
    assert "组织部核验" not in text_of(client_as(cast.officer).get(at(project)))


@pytest.mark.parametrize("rows", [1, 3])
def test_the_page_costs_the_same_for_one_and_three_figures(client_as, cast, project, people, rows, assert_queries):
    for turn in range(rows):
        promise(project, f"指标{turn}")
    closing.submit_closing(closing=complete(project, people("clerk")), by=people("secretary"))
    browser = client_as(cast.officer)
    with assert_queries(12):
        text = text_of(browser.get(at(project)))
    assert text.count('data-label="指标"') == rows


@pytest.mark.parametrize(
    ("promised", "reached", "expected"),
    [
        (("", 100), ("", 100), True),
        (("", 100), ("余", 100), True),
        (("", 100), ("", 99), False),
        (("", 100), ("余", 90), None),
        (("", 5000), ("近", 5000), None),
        (("", 4900), ("近", 5000), None),
        (("近", 5000), ("近", 5000), True),
        (("近", 5000), ("", 5000), True),
        (("近", 5000), ("", 4900), None),
        (("余", 100), ("", 100), None),
        (("余", 100), ("余", 100), True),
        (("余", 100), ("", 120), True),
        (("", 100), ("", None), None),
    ],
)
def test_promised_and_reached_are_compared_only_where_the_words_decide(promised, reached, expected):
    figure = ExpectedFigure(
        qualifier=promised[0],
        value=Decimal(promised[1]),
        reached_qualifier=reached[0],
        reached=None if reached[1] is None else Decimal(reached[1]),
    )
    assert is_reached(figure) is expected
