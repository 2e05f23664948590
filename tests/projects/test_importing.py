"""Importing projects: drafts only, matched by code or by organization and title, with the season's rules."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from brands.models import Brand
from common import imports
from common.errors import ActionError, Conflict, Forbidden
from common.import_templates import write_template
from common.models import AuditEntry
from projects import actions
from projects.models import Project
from tests import factories
from tests.common import messy
from tests.common.import_steps import preview, problems, question, start, statuses, undone, work, written
from tests.projects import export_steps
from tests.projects.application_steps import make_open_season

TITLES = [
    "编号",
    "牵头党组织",
    "项目名称",
    "领题书记",
    "赛道",
    "领域",
    "开始",
    "完成时限",
    "背景与难题",
    "主要措施",
    "关联品牌",
]


@pytest.fixture
def by(cast, actor):
    return actor(cast.officer)


@pytest.fixture
def season(db):
    """2026 with one track for committees and branches, several projects an organization."""
    return make_open_season(one_project_per_organization=False)


@pytest.fixture
def draft(season, district, cast) -> Project:
    """The first street's draft."""
    return factories.make_project(
        district.street,
        cast.secretary,
        track=season.tracks.get(),
        state="draft",
        milestones=[],
        title="雨花「先锋」项目",
    )


def row(title: str = "小区联建", organization: str = "示例一街道党工委", **more: Any) -> dict[str, Any]:
    return {"牵头党组织": organization, "项目名称": title, **more}


def read(season: Any, by: Any, *rows: dict[str, Any]) -> Any:
    content = messy.xlsx([TITLES, *([found.get(title) for title in TITLES] for found in rows)])
    return preview("projects", content, by, season=season.code)


def test_an_imported_draft_is_gone_on_with_as_an_application(season, district, cast, by, client_as):
    batch = read(season, by, row(**{"背景与难题": "缺阵地"}))
    written(batch, by)
    application = Project.objects.get().application
    assert (application.content["title"], application.content["problem"]) == ("小区联建", "缺阵地")
    page = client_as(cast.clerk).get(f"/desk/projects/{application.project.code}/application/").content.decode()
    assert "缺阵地" in page
    again = read(season, by, row(**{"背景与难题": "缺人手"}))
    written(again, by)
    application.refresh_from_db()
    assert (application.content["problem"], application.revision) == ("缺人手", 1)


def test_a_new_project_becomes_a_draft(season, district, cast, by):
    brand = Brand.objects.create(code="hongqiao", name="雨花红桥（示例）", short_name="红桥")
    batch = read(
        season,
        by,
        row(
            organization="中共示例一街道工作委员会",
            **{"领域": "社区", "开始": "2026.3.5", "完成时限": 46366, "背景与难题": "一\n二", "关联品牌": "红桥"},
        ),
    )
    assert (statuses(batch), problems(batch)) == (["new"], [])
    assert written(batch, by).state == "done"
    project = Project.objects.get()
    assert (project.state, project.lead_organization, project.lead_secretary) == (
        "draft",
        district.street,
        cast.secretary.person,
    )
    assert (project.title, project.field, project.problem, list(project.brands.all())) == (
        "小区联建",
        "community",
        "一\n二",
        [brand],
    )
    assert (project.season, project.starts_on, project.ends_on) == (season, date(2026, 3, 5), date(2026, 12, 10))
    assert project.lead_terms.count() == 1
    done = AuditEntry.objects.get(action="projects.project.created")
    assert (done.user, done.source) == (by.user, "import")


def test_what_is_left_empty_comes_from_the_season(season, district, cast, by):
    written(read(season, by, row()), by)
    project = Project.objects.get()
    assert (project.starts_on, project.ends_on, project.track) == (
        season.starts_on,
        season.ends_on,
        season.tracks.get(),
    )


def test_a_draft_is_found_by_its_title_whatever_the_quotes_and_changed(season, draft, by):
    batch = read(season, by, row("雨花“先锋” 项目", **{"主要措施": "逐个小区建支部。", "领域": "社区"}))
    assert statuses(batch) == ["changed"]
    found = batch.rows.get()
    assert imports.importer_of(batch).changes(found) == [
        ("领域", "", "党建引领社区治理"),
        ("主要措施", "", "逐个小区建支部。"),
    ]
    batch = written(batch, by)
    draft.refresh_from_db()
    assert (draft.title, draft.measures, draft.field) == ("雨花「先锋」项目", "逐个小区建支部。", "community")
    entry = AuditEntry.objects.get(action="projects.project.imported")
    assert entry.after == {"measures": "逐个小区建支部。", "field": ["community", "党建引领社区治理"]}
    undone(batch, by)
    draft.refresh_from_db()
    assert (draft.measures, draft.field) == ("", "")


def test_a_draft_is_found_by_its_code_and_renamed(season, draft, by):
    written(read(season, by, row("另一个名称", **{"编号": draft.code.upper()})), by)
    draft.refresh_from_db()
    assert draft.title == "另一个名称"


def test_two_rows_of_one_project_and_a_second_one_where_one_is_the_rule(season, draft, district, cast, by):
    batch = read(season, by, row("甲项目"), row("甲 “项目”"))
    assert (statuses(batch), problems(batch)) == (
        ["new", "wrong"],
        [(3, "项目名称", "与第 2 行是同一个项目（书名号、引号、空格不算区别）。", "请只留一行。")],
    )
    season.one_project_per_organization = True
    season.save()
    factories.appoint(factories.make_person("示例社区书记"), district.community)
    batch = read(season, by, row("甲项目"), row("乙", "示例社区党委"), row("丙", "示例社区党委"))
    hint = "请核对是不是同一个项目改了名称。"
    assert (statuses(batch), problems(batch)) == (
        ["wrong", "new", "wrong"],
        [
            (2, "项目名称", "本年度每个党组织限报一个项目，已有“雨花「先锋」项目”。", hint),
            (4, "项目名称", "本年度每个党组织限报一个项目，已有“乙”。", hint),
        ],
    )


@pytest.mark.parametrize("state", ["submitted", "in_review", "returned_revise", "running", "completed"])
def test_a_project_past_its_draft_is_not_changed(season, district, cast, by, state):
    project = factories.make_project(district.street, cast.secretary, track=season.tracks.get(), state=state)
    label = Project.State(state).label
    assert statuses(read(season, by, row(project.title))) == ["same"]
    batch = read(season, by, row(project.title, **{"编号": project.code, "主要措施": "新的"}))
    assert problems(batch) == [
        (2, "主要措施", f"项目“{label}”，导入不能再改动它的主要措施。", "请去掉这一行，或在项目页按程序办理。")
    ]


@pytest.mark.parametrize(
    ("more", "found"),
    [
        (
            {"领题书记": "示例张"},
            ("领题书记", "“示例张”现在不任党组织书记。", "本党组织现任书记是示例一街道书记，是不是他？"),
        ),
        ({"赛道": "党（工）委赛"}, ("赛道", "{season}没有赛道“党（工）委赛”。", "是不是“党（工）委赛道”？")),
        (
            {"牵头党组织": "示例区委组织部"},
            ("领题书记", "本党组织现在没有在任书记。", "请先维护任职，或填写领题书记。"),
        ),
        (
            {"领域": "统战"},
            (
                "领域",
                "没有“统战”这个选项。",
                "可填：区域党建、机关党建、非公党建、社会组织党建、商圈党建、党建引领社区治理、网格党建、效能党建。",
            ),
        ),
        ({"完成时限": "年底前"}, ("完成时限", "“年底前”不是一个确定的日期。", "是不是 2026-12-31？")),
        ({"完成时限": "2027-1-5"}, ("完成时限", "不能晚于本年度结束（2026-12-31）。", "是不是 2026-12-31？")),
        ({"开始": "2025-12-1"}, ("开始日期", "应在本年度（2026-01-01至2026-12-31）之内。", "请核对年度和日期。")),
        ({"开始": "2026-6-1", "完成时限": "2026-5-1"}, ("完成时限", "早于开始日期 2026-06-01。", "请核对两个日期。")),
        ({"关联品牌": "红侨"}, ("关联品牌", "没有品牌“红侨”。", "是不是“雨花红桥（示例）”？")),
        (
            {"编号": "zzzzzzzz"},
            ("编号", "{season}没有编号为 zzzzzzzz 的项目。", "新项目请留空编号；其他年度的请换年度导入。"),
        ),
        ({"项目名称": "字" * 121}, ("项目名称", "最多 120 字，现在是 121 字。", "请删减 1 字。")),
        ({"背景与难题": "字" * 3000}, ("背景与难题", "最多 2000 字，现在是 3000 字。", "请删减 1000 字。")),
        (
            {"牵头党组织": "二街道"},
            ("牵头党组织", "没有找到“二街道”。", "是不是“示例二街道党工委”？可在“名称对应”里选择。"),
        ),
    ],
)
def test_a_wrong_row_says_what_is_wrong(season, district, cast, by, today, more, found):
    today("2026-02-10")
    Brand.objects.create(code="hongqiao", name="雨花红桥（示例）", short_name="红桥")
    batch = read(season, by, row(**more))
    column, reason, proposal = found
    told = [fault for fault in problems(batch) if fault[1] == column]
    assert (statuses(batch), told) == (["wrong"], [(2, column, reason.format(season=season.name), proposal)])


def test_a_track_that_does_not_admit_the_organization(season, district, cast, by):
    factories.make_track(season, name="社区赛道", kinds=("general_branch",), position=2)
    batch = read(season, by, row(**{"赛道": "社区赛道"}))
    assert problems(batch) == [(2, "赛道", "“社区赛道”不接受这类党组织。", "可填“党（工）委赛道”。")]


def test_a_secretary_of_another_organization_is_told_and_two_of_one_name_are_asked_about(season, district, cast, by):
    batch = read(season, by, row(**{"领题书记": "示例二街道书记"}))
    assert (statuses(batch), problems(batch)) == (
        ["new"],
        [(2, "领题书记", "示例二街道书记不是本党组织的书记，任示例二街道党工委书记。", "请核对。")],
    )
    for place in (district.community, district.other_community):
        factories.appoint(factories.make_person("示例王"), place)
    batch = read(season, by, row(**{"领题书记": "示例王"}))
    assert problems(batch) == [(2, "领题书记", "有 2 位书记叫这个名字。", "请在“名称对应”里选择。")]
    key, options = question(batch, "示例王（示例一街道党工委）")
    assert [label for _, label in options] == ["示例王（示例社区党委书记）", "示例王（示例二社区党委书记）"]
    batch = written(work(imports.choose(batch=batch, choices={key: options[1][0]}, by=by)), by)
    assert str(Project.objects.get().lead_secretary_id) == options[1][0]


def test_an_undone_import_leaves_no_project_unless_one_went_on(season, district, cast, by, actor):
    batch = written(read(season, by, row("甲"), row("乙")), by)
    first = Project.objects.order_by("pk")[0]
    actions.change_state(project=first, to="submitted", by=actor(cast.secretary))
    with pytest.raises(Conflict, match="第 2 行“甲”在导入之后又有改动"):
        imports.undo_import(batch=batch, by=by)
    assert Project.objects.count() == 2
    Project.objects.filter(pk=first.pk).update(state="draft")
    assert undone(batch, by).state == "undone"
    assert Project.objects.count() == 0


def test_the_season_is_asked_and_only_the_department_imports(season, district, cast, by, actor):
    for params in ({}, {"season": "1999"}):
        with pytest.raises(ActionError) as caught:
            start("projects", messy.xlsx([TITLES]), by, **params)
        assert caught.value.fields == {"season": ["请选择年度。"]}
    with pytest.raises(Forbidden):
        start("projects", messy.xlsx([TITLES]), actor(cast.secretary), season=season.code)


@pytest.mark.parametrize("kind", ["ledger", "applications", "approved"])
def test_the_ledgers_are_imported_again_and_change_nothing(season, district, cast, by, today, kind):
    """What the department exports, edits and sends back: a running project and an application that was sent."""
    today("2026-06-10")
    brand = Brand.objects.create(code="hongqiao", name="雨花“红桥”（示例）")
    project = factories.make_project(
        district.street,
        cast.secretary,
        track=season.tracks.get(),
        title='=HYPERLINK("http://x","点我")',
        measures="建阵地。\n聚人心。",
        field="grid",
        contact=cast.officer.person,
    )
    project.brands.add(brand)
    factories.make_project(district.other_street, cast.outsider, track=season.tracks.get(), state="submitted")
    content = export_steps.path(cast.officer, kind, season=season.code).read_bytes()
    batch = preview("projects", content, by, season=season.code)
    assert (set(statuses(batch)), problems(batch)) == ({"same"}, [])
    assert batch.rows.count() == (2 if kind == "applications" else 1)


def test_an_export_that_is_imported_again_changes_nothing(season, draft, district, cast, by, tmp_path):
    draft.measures, draft.problem = '=HYPERLINK("http://x")', "第一行\n第二行 <b>粗</b>"
    draft.save()
    draft.brands.set(
        Brand.objects.bulk_create([Brand(code=c, name=f"品牌“{c}”", position=n) for n, c in enumerate("ab")])
    )
    factories.make_project(
        district.other_street, cast.outsider, track=season.tracks.get(), state="running", field="community"
    )
    path = tmp_path / "out.xlsx"
    write_template(path, imports.IMPORTERS["projects"], {"season": season.code}, filled=True)
    batch = preview("projects", path.read_bytes(), by, season=season.code)
    assert (statuses(batch), problems(batch)) == (["same", "same"], [])
