"""A project's own papers: what they say, that they name no reviewer, who may have them."""

from __future__ import annotations

from decimal import Decimal

import pytest

from common.errors import ActionError, Forbidden
from common.templatetags.ui import day_label
from projects import closing
from projects.models import Closing, ExpectedFigure, Project
from projects.project_documents import PAPERS
from tests.projects.application_steps import draft, make_open_season
from tests.projects.course_steps import complete, promise
from tests.projects.export_steps import ask, make, words
from tests.projects.screening_steps import own_review, score, send_again

TITLE = '=HYPERLINK("http://evil.example","点我")'


@pytest.fixture
def closing_project(project, people, today) -> Project:
    """A running project with a promised figure and a complete closing report, not yet sent."""
    today("2026-12-10")
    promise(project, value=5000, qualifier="近")
    ExpectedFigure.objects.create(project=project, name="小区", value=100, qualifier="余", unit="个", position=2)
    complete(project, people("clerk"))
    return project


def test_an_application_form_holds_every_field_of_what_was_sent(sent, cast):
    assert words(cast.officer, "application_form", project=sent.code) == [
        f"{sent.season.name}书记项目申报表",
        "项目名称|小区党支部联建",
        f"编号|{sent.code}|档号|立项后编定",
        "申报党组织|示例一街道党工委|领题书记|示例一街道书记",
        "赛道|党（工）委赛道|领域|党建引领社区治理",
        "梯队建议|新生项目|关联品牌|未填",
        "开始日期|2026年3月1日|完成时限|2026年12月20日",
        f"稿次|第1稿|报送时间|{day_label(sent.versions.get().submitted_at)}",
        "背景与难题|小区没有支部。",
        "目标|年内支部全覆盖。",
        "措施|逐个小区建支部。",
        "预期成效|群众有人找、有事办。",
        "一、预期成效指标",
        "指标|数量",
        "新建支部|１２个",
        "服务|近5000人次",
        "二、项目组",
        "姓名|单位及职务|分工",
        "示例张|副书记|统筹",
        "三、里程碑与权重",
        "里程碑|权重|开始|完成时限",
        "摸底|40%|2026年3月1日|2026年6月30日",
        "建成|60%|2026年7月1日|2026年12月20日",
        "四、集体研究记录",
        "1. 会议记录.pdf",
        "领题书记（签字）：",
        "示例一街道党工委（盖章）",
        "　　年　　月　　日",
    ]


def test_the_latest_version_is_printed_and_to_its_writers_the_draft(sent, in_review, cast):
    Project.objects.filter(pk=sent.pk).update(state="returned_revise")
    sent.application.content["title"] = "正在修改的名称"
    sent.application.save()
    send = {name: words(getattr(cast, name), "application_form", project=sent.code)[1] for name in ("officer", "clerk")}
    assert send == {"officer": "项目名称|小区党支部联建", "clerk": "项目名称|正在修改的名称"}
    assert "稿次|草稿，尚未报送|报送时间|—" in words(cast.clerk, "application_form", project=sent.code)
    send_again(sent, title="第二稿的名称")
    assert words(cast.clerk, "application_form", project=sent.code)[1] == "项目名称|第二稿的名称"


def test_an_unsent_draft_is_printed_with_its_files(district, people, cast, today):
    today("2026-02-10")
    application = draft(make_open_season(), district, people("clerk"))
    found = words(cast.clerk, "application_form", project=application.project.code)
    assert found[-4:-3] == ["1. 会议记录.pdf"]


def test_a_project_without_an_application_is_printed_from_its_own_rows(project, cast):
    promise(project, value=100, unit="名", qualifier="余")
    found = words(cast.secretary, "application_form", project=project.code)
    assert [line for line in found if "100" in line or line.startswith("建阵地")] == [
        "服务居民群众|100余名",
        "建阵地|60%|2026年1月1日|2026年7月2日",
    ]
    assert "没有上传。" in found


def test_no_paper_of_a_project_names_a_reviewer(in_review, panel, cast):
    score(own_review(in_review, panel[0]), 80, 80, 80, opinion="很好", remarks={"goal": "再具体些"})
    text = "\n".join(words(cast.secretary, "application_form", project=in_review.code))
    assert [name for name in ("示例专家", "很好", "再具体些", "80") if name in text] == []


def test_a_closing_form_compares_what_was_promised_with_what_was_reached(closing_project, people, cast):
    report = closing.submit_closing(closing=Closing.objects.get(), by=people("secretary"))
    found = words(cast.clerk, "closing_form", project=closing_project.code)
    assert found[0] == f"{closing_project.season.name}书记项目结项表"
    at = found.index("指标|预期|完成|对照|依据")
    assert found[at + 1 : at + 3] == [
        "服务居民群众|近5000人次|近5000人次|达到|签到表",
        "小区|100余个|100余个|达到|签到表",
    ]
    assert found[-5:-2] == ["等次|—|结项日期|—", "评选资格|—", "核验意见|"]
    closing.accept_closing(closing=report, level="excellent", verdict="同意结项。", by=people("officer"))
    done = words(cast.clerk, "closing_form", project=closing_project.code)
    assert done[-5:] == [
        "等次|优秀|结项日期|2026年12月10日",
        "评选资格|具备",
        "核验意见|同意结项。",
        "中共区委组织部（盖章）",
        "2026年12月10日",
    ]


def test_a_figure_is_never_added_up(closing_project, cast):
    ExpectedFigure.objects.create(project=closing_project, name="再服务", value=Decimal(300), unit="人次", position=3)
    text = "\n".join(words(cast.clerk, "closing_form", project=closing_project.code))
    assert ("5300" in text, "合计" in text) == (False, False)


def test_there_is_no_closing_form_without_a_closing_report(project, cast):
    with pytest.raises(ActionError) as refused:
        ask(cast.officer, "closing_form", project=project.code)
    assert refused.value.code == "no_closing"


@pytest.mark.parametrize("kind", [paper.kind for paper in PAPERS])
def test_whoever_sees_the_project_has_its_papers(closing_project, cast, kind):
    found = set()
    for name, user in vars(cast).items():
        try:
            ask(user, kind, project=closing_project.code)
        except Forbidden:
            continue
        found.add(name)
    assert found == {"officer", "leader", "secretary", "clerk"}


@pytest.mark.parametrize("kind", [paper.kind for paper in PAPERS])
def test_an_unknown_project_is_refused_like_one_out_of_scope(closing_project, cast, kind):
    for code in ("", "zzzzzzzz"):
        with pytest.raises(Forbidden):
            ask(cast.officer, kind, project=code)


def test_a_formula_in_a_title_is_a_text_in_word_and_in_the_name(project, cast, today):
    today("2026-06-10")
    Project.objects.filter(pk=project.pk).update(title=TITLE)
    assert make(cast.officer, "application_form", project=project.code).result["name"] == (
        "申报表：=HYPERLINK(httpevil.example,点我)20260610.docx"
    )
    assert words(cast.officer, "application_form", project=project.code)[1] == f"项目名称|{TITLE}"
