"""Ledgers: which rows and columns, who may have them, inert texts, constant queries."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from django.db.models import F

from common import jobs
from common.errors import ActionError, Forbidden
from evaluation.tracking import checks
from projects.models import ExpectedFigure, Project
from tests import factories
from tests.projects.export_steps import ask, make, rows, sheet
from tests.projects.screening_steps import make_sent

FORMULA = '=HYPERLINK("http://evil.example","“点我”")'

COLUMNS = [
    *("序号", "编号", "档号", "党组织", "领题书记", "项目名称", "领域", "立项日期", "主要措施", "节点"),
    *("序时进度", "实际进度", "差距", "亮灯", "联系人", "存在困难", "下步打算", "更新时间"),
]


@pytest.fixture
def ledger(project, cast, today) -> Project:
    """The first street's project in June: January confirmed, April sent, red."""
    today("2026-06-10")
    Project.objects.filter(pk=project.pk).update(
        measures="建阵地。\n聚人心。", contact=cast.officer.person, field="grid"
    )
    factories.make_report(project, date(2026, 1, 1), [5, 0], difficulty="旧困难")
    factories.make_report(project, date(2026, 4, 1), [9, 0], state="submitted", difficulty="缺人手", next="招募")
    factories.make_report(project, date(2026, 5, 1), [9, 0], state="draft", difficulty="草稿里的话")
    checks.run(date(2026, 6, 9))
    project.refresh_from_db()
    return project


def season_of(project: Project) -> str:
    return project.season.code


def test_a_ledger_holds_the_columns_that_staff_expect(ledger, cast):
    found = sheet(cast.officer, "ledger")
    assert [cell.value for cell in found[3]] == COLUMNS
    assert found["A1"].value == f"{ledger.season.name}书记项目台账"
    assert found["A2"].value == "单位：%（差距为百分点）　　统计日期：2026年6月10日"
    assert (found.freeze_panes, found.page_setup.orientation, found.page_setup.paperSize) == ("A4", "landscape", 8)


def test_a_row_of_the_ledger(ledger, cast):
    half = ledger.milestones.first().plan_items.get()
    assert rows(cast.officer, "ledger") == [
        {
            "序号": 1,
            "编号": ledger.code,
            "档号": ledger.archive_number,
            "党组织": "示例一街道党工委",
            "领题书记": "示例一街道书记",
            "项目名称": ledger.title,
            "领域": "网格党建",
            "立项日期": datetime(2026, 1, 1),
            "主要措施": "建阵地。\n聚人心。",
            "节点": f"建阵地（60%，{half.due}前）5%\n见成效（40%，2026-12-31前）0%",
            "序时进度": ledger.planned_value / 100,
            "实际进度": ledger.earned_value / 100,
            "差距": ledger.schedule_variance / 100,
            "亮灯": "■ 严重滞后",
            "联系人": "组织部工作人员",
            "存在困难": "缺人手",
            "下步打算": "招募",
            "更新时间": datetime(2026, 4, 30),
        }
    ]


def test_what_is_not_known_stays_empty(district, cast, today):
    today("2026-06-10")
    project = factories.make_project(district.street, cast.secretary, milestones=[])
    row = rows(cast.officer, "ledger")[0]
    empty = {name for name, value in row.items() if value is None}
    assert empty == {
        *("领域", "主要措施", "节点", "序时进度", "实际进度", "差距", "联系人", "存在困难", "下步打算", "更新时间")
    }
    assert (row["编号"], row["亮灯"]) == (project.code, "未亮灯")


def test_a_secretary_gets_the_own_subtree_only(ledger, district, cast):
    other = factories.make_project(district.other_street, cast.outsider, track=ledger.track)
    below = factories.make_project(district.branch, cast.branchsec, track=ledger.track)
    draft = factories.make_project(district.street, cast.secretary, track=ledger.track, state="draft")
    found = {
        name: {row["编号"] for row in rows(getattr(cast, name), "ledger")}
        for name in ("officer", "leader", "secretary", "clerk", "branchsec", "outsider")
    }
    assert draft.code not in set().union(*found.values())
    assert found == {
        "officer": {ledger.code, other.code, below.code},
        "leader": {ledger.code, other.code, below.code},
        "secretary": {ledger.code, below.code},
        "clerk": {ledger.code, below.code},
        "branchsec": {below.code},
        "outsider": {other.code},
    }


def test_the_scope_is_the_one_of_the_day_on_which_it_is_made(ledger, cast):
    job = ask(cast.secretary, "ledger")
    cast.secretary.person.appointments.update(until=date(2026, 6, 1))
    jobs.run(str(job.pk))
    job.refresh_from_db()
    assert job.result == {"refused": "您现在没有导出这些内容的权限。"}


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"light": "red", "field": "grid"}, "　　筛选：亮灯“严重滞后”、领域“网格党建”"),
        ({"status": "running", "search": "红色 物业"}, "　　筛选：状态“推进中”、搜索“红色 物业”"),
        ({"show": "x", "page": "2"}, ""),
    ],
)
def test_the_filters_are_those_of_the_board_and_are_said(ledger, district, cast, params, said):
    other = factories.make_project(district.other_street, cast.outsider, track=ledger.track, state="suspended")
    found = {row["编号"] for row in rows(cast.officer, "ledger", **params)}
    assert found == ({ledger.code} if said else {ledger.code, other.code})
    assert sheet(cast.officer, "ledger", **params)["A2"].value.endswith(f"2026年6月10日{said}")


def test_track_and_organization_are_said_by_name(ledger, cast):
    params = {"track": ledger.track.code, "organization": ledger.lead_organization.public_id}
    note = sheet(cast.officer, "ledger", **params)["A2"].value
    assert note.endswith("　　筛选：赛道“党（工）委赛道”、党组织“示例一街道党工委”")


@pytest.mark.parametrize(
    ("params", "field"), [({"light": "blue"}, "light"), ({"status": "x"}, "status"), ({"season": "1999"}, "season")]
)
def test_a_wrong_filter_is_named(ledger, cast, params, field):
    with pytest.raises(ActionError) as refused:
        ask(cast.officer, "ledger", **params)
    assert list(refused.value.fields) == [field]


@pytest.mark.parametrize("kind", ["ledger", "applications", "approved"])
def test_a_formula_in_a_text_is_inert(ledger, cast, kind):
    Project.objects.update(title=FORMULA, measures="+1", problem="@SUM(A1)", goal="-1")
    found = sheet(cast.officer, kind, season=season_of(ledger))
    texts = [cell for row in found.iter_rows(min_row=4) for cell in row if str(cell.value)[:1] in ("=", "+", "-", "@")]
    numbers = [cell for cell in texts if isinstance(cell.value, int | float)]
    assert {cell.data_type for cell in texts if cell not in numbers} == {"s"}
    assert FORMULA in [cell.value for cell in texts]


def test_the_summary_of_applications_holds_what_was_sent(season, sent, district, cast, today):
    today("2026-03-01")
    factories.make_project(district.other_street, cast.outsider, track=sent.track, state="draft")
    taken_back = factories.make_project(district.community, cast.branchsec, track=sent.track, state="withdrawn")
    again = make_sent(season, district.branch, cast.branchsec, title="再报的项目")
    Project.objects.filter(pk=again.pk).update(state="withdrawn")
    ExpectedFigure.objects.create(project=sent, name="服务", value=5000, qualifier="近", unit="人次")
    found = rows(cast.officer, "applications", season=season.code)
    assert [(row["编号"], row["状态"], row["稿次"]) for row in found] == [
        (sent.code, "已申报", "第1稿"),
        (again.code, "撤项", "第1稿"),
    ]
    assert found[0]["预期成效指标"] == "服务近5000人次"
    assert taken_back.code not in {row["编号"] for row in found}


def test_the_list_of_approved_projects_goes_by_archive_number(season, district, cast):
    track = season.tracks.get()
    made = [factories.make_project(district.street, cast.secretary, track=track) for _ in range(3)]
    factories.make_project(district.street, cast.secretary, track=track, state="in_review")
    Project.objects.filter(pk=made[0].pk).update(archive_sequence=F("archive_sequence") + 10)
    found = rows(cast.officer, "approved", season=season.code)
    assert [row["档号"] for row in found] == [p.archive_number for p in (made[1], made[2], made[0])]


@pytest.mark.parametrize(
    ("kind", "reached"),
    [
        ("ledger", {"officer", "leader", "secretary", "clerk", "branchsec", "outsider"}),
        ("applications", {"officer"}),
        ("approved", {"officer"}),
    ],
)
def test_who_may_have_it(ledger, cast, kind, reached):
    found = set()
    for name, user in vars(cast).items():
        try:
            ask(user, kind, season=season_of(ledger))
        except Forbidden:
            continue
        found.add(name)
    assert found == reached


@pytest.mark.parametrize(("kind", "queries"), [("ledger", 17), ("applications", 14), ("approved", 12)])
def test_queries_do_not_grow(ledger, district, cast, assert_queries, kind, queries):
    def build() -> None:
        job = ask(cast.officer, kind, season=season_of(ledger))
        with assert_queries(queries):
            jobs.run(str(job.pk))

    build()
    for _ in range(2):
        more = factories.make_project(district.street, cast.secretary, track=ledger.track)
        factories.make_report(more, date(2026, 4, 1), [5, 0])
        ExpectedFigure.objects.create(project=more, name="服务", value=5, unit="人次")
    build()


def test_the_file_is_named_for_its_season(ledger, cast):
    assert make(cast.officer, "approved", season=season_of(ledger)).result["name"] == (
        f"{ledger.season.name}书记项目立项一览表20260610.xlsx"
    )
