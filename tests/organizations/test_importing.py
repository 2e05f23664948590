"""Importing organizations: what each row would do, what it does, and how it is taken back."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from common import imports
from common.errors import Forbidden
from common.import_templates import write_template
from common.models import AuditEntry
from organizations import actions
from organizations.models import Appointment, Organization
from tests import factories
from tests.common import messy
from tests.common.import_steps import preview, problems, question, start, statuses, undone, work, written

ORGANIZATIONS = ["名称", "简称", "类型", "领域类别", "党组织代码", "上级党组织", "成立日期", "党员人数"]


@pytest.fixture
def by(cast, actor):
    return actor(cast.officer)


def organizations(*rows: dict[str, Any]) -> bytes:
    return messy.xlsx([ORGANIZATIONS, *([row.get(title) for title in ORGANIZATIONS] for row in rows)])


def new(name: str, parent: str = "示例一街道党工委", kind: str = "党支部", **more: Any) -> dict[str, Any]:
    return {"名称": name, "上级党组织": parent, "类型": kind, **more}


def names(found: Any) -> list[str]:
    return [organization.name for organization in found]


def test_new_changed_and_same_by_name_variant_and_code(district, by):
    actions.edit_organization(organization=district.branch, code="001002", by=by)
    batch = preview(
        "organizations",
        organizations(
            {"名称": "中共示例一街道工作委员会", "类型": "党工委"},
            {"名称": "示例社区 党委", "简称": "社区党委"},
            {"名称": "示例社区第一支部", "党组织代码": "001002", "上级党组织": "示例二社区党委"},
            new("新成立党支部", **{"党组织代码": "001003", "成立日期": "2026.3.5", "领域类别": "非公"}),
        ),
        by,
    )
    assert statuses(batch) == ["same", "changed", "changed", "new"]
    assert problems(batch) == []
    rows = list(batch.rows.order_by("number"))
    importer = imports.importer_of(batch)
    assert importer.changes(rows[1]) == [("简称", "", "社区党委")]
    assert importer.changes(rows[2]) == [("上级党组织", "示例社区党委", "示例二社区党委")]
    assert rows[3].after == {
        "name": "新成立党支部",
        "short_name": "",
        "kind": ["branch", "党支部"],
        "sector": ["private_enterprise", "非公企业"],
        "code": "001003",
        "parent": [str(district.street.pk), "示例一街道党工委"],
        "founded_on": "2026-03-05",
    }
    before = Organization.objects.count()
    batch = written(batch, by)
    assert (batch.state, Organization.objects.count() - before) == ("done", 1)
    made = Organization.objects.get(code="001003")
    assert (made.name, made.parent_path, made.founded_on) == ("新成立党支部", district.street.path, date(2026, 3, 5))
    district.branch.refresh_from_db()
    assert district.branch.parent_path == district.other_community.path
    done = AuditEntry.objects.filter(action="organizations.organization.added", object_id=str(made.pk)).get()
    assert (done.user, done.source) == (by.user, "import")


def test_parents_may_stand_further_down_and_below_new_ones(district, by):
    batch = preview(
        "organizations",
        organizations(
            new("丙支部", parent="乙党总支"),
            new("乙党总支", parent="甲党委", kind="党总支"),
            new("甲党委", kind="党委"),
        ),
        by,
    )
    assert statuses(batch) == ["new", "new", "new"]
    written(batch, by)
    third = Organization.objects.get(name="丙支部")
    assert names(Organization.objects.get_ancestors(third)) == ["示例区委", "示例一街道党工委", "甲党委", "乙党总支"]


def test_an_undone_import_leaves_nothing(district, by):
    before = list(Organization.objects.values("path", "name", "short_name", "numchild", "code").order_by("path"))
    batch = preview(
        "organizations",
        organizations(
            new("丙支部", parent="乙党总支"),
            new("乙党总支", kind="党总支"),
            {"名称": "示例社区党委", "上级党组织": "示例二街道党工委", "党组织代码": "009"},
        ),
        by,
    )
    batch = undone(written(batch, by), by)
    assert batch.state == "undone"
    district.community.refresh_from_db()
    assert (district.community.parent_path, district.community.code) == (district.street.path, None)
    after = list(Organization.objects.values("path", "name", "short_name", "numchild", "code").order_by("path"))
    assert [row | {"path": ""} for row in after] == [row | {"path": ""} for row in before]


def test_an_import_is_not_undone_once_a_row_was_changed(district, by):
    batch = written(preview("organizations", organizations(new("甲党支部"), new("乙党支部")), by), by)
    made = Organization.objects.get(name="甲党支部")
    actions.edit_organization(organization=made, short_name="甲", by=by)
    with pytest.raises(Exception, match="第 2 行“甲党支部”在导入之后又有改动"):
        imports.undo_import(batch=batch, by=by)
    assert Organization.objects.filter(name="乙党支部").exists()


def test_an_import_is_not_undone_once_something_hangs_on_a_row(district, by):
    batch = written(preview("organizations", organizations(new("甲党支部"), new("乙党委", kind="党委")), by), by)
    factories.appoint(factories.make_person(), Organization.objects.get(name="甲党支部"))
    batch = undone(batch, by)
    assert (batch.state, batch.message) == ("done", "第 2 行“甲党支部”已被其他内容引用，不能整批撤销。")
    assert Organization.objects.filter(name="乙党委").exists()


@pytest.mark.parametrize(
    ("row", "found"),
    [
        (
            {"名称": "示例社区党委", "上级党组织": "示例社区党委"},
            ("上级党组织", "上级党组织不能是它自己。", "请填写真正的上级。"),
        ),
        (
            {"名称": "示例一街道党工委", "上级党组织": "示例社区第一党支部"},
            ("上级党组织", "上级党组织是它自己的下级，成了循环。", "请核对两个党组织谁是上级。"),
        ),
        (new("新党支部", parent=""), ("上级党组织", "新党组织要填写上级党组织。", "例如“示例区委”。")),
        (new("某党支部", kind=""), ("类型", "新党组织要填写类型。", "是不是“党支部”？")),
        (new("某党支部", kind="党支"), ("类型", "没有“党支”这个选项。", "是不是“党支部”或“党总支”？")),
        (
            new("某党支部", parent="没有的单位"),
            ("上级党组织", "没有找到“没有的单位”。", "请核对名称。可在“名称对应”里选择。"),
        ),
        (
            new("某党支部", parent="示例一街道党委"),
            ("上级党组织", "没有找到“示例一街道党委”。", "是不是“示例一街道党工委”？可在“名称对应”里选择。"),
        ),
        (
            {"名称": "示例社区第一党支部", "党组织代码": "002"},
            ("党组织代码", "与已有的代码（001）不一致。", "请核对；确需更正的请联系系统管理员。"),
        ),
        (
            new("某党支部", **{"党组织代码": 1001001001004}),
            (
                "党组织代码",
                "代码在 Excel 里成了数字（1.001E+12），前面的 0 或后几位可能已经丢失。",
                "请把这一列设为“文本”格式后重新填写完整的代码。",
            ),
        ),
    ],
)
def test_a_wrong_row_says_what_is_wrong(district, by, row, found):
    actions.edit_organization(organization=district.branch, code="001", by=by)
    batch = preview("organizations", organizations(row), by)
    assert (statuses(batch), problems(batch)) == (["wrong"], [(2, *found)])


def test_two_rows_that_make_a_cycle_and_two_that_are_one(district, by):
    batch = preview(
        "organizations",
        organizations(
            new("甲党委", "乙党委", "党委"), new("乙党委", "甲党委", "党委"), new("丙党支部"), new("丙 支部")
        ),
        by,
    )
    cycle = ("上级党组织", "上级党组织是它自己的下级，成了循环。", "请核对两个党组织谁是上级。")
    assert statuses(batch) == ["wrong", "wrong", "new", "wrong"]
    assert problems(batch) == [(2, *cycle), (3, *cycle), (5, "名称", "与第 4 行是同一个党组织。", "请只留一行。")]


def test_a_row_below_a_wrong_row_is_not_imported_either(district, by):
    batch = preview("organizations", organizations(new("乙党支部", "甲党委"), new("甲党委", kind="")), by)
    assert problems(batch) == [
        (2, "上级党组织", "它的上级在第 3 行，那一行还不能导入。", "请先改好第 3 行。"),
        (3, "类型", "新党组织要填写类型。", "是不是“党委”？"),
    ]


def test_parents_may_change_places(district, by):
    """The branch goes above its community committee in one import: the order of the moves is found."""
    rows = organizations(
        {"名称": "示例社区党委", "上级党组织": "示例社区第一党支部"},
        {"名称": "示例社区第一党支部", "上级党组织": "示例一街道党工委"},
    )
    written(preview("organizations", rows, by), by)
    district.community.refresh_from_db()
    assert names(Organization.objects.get_ancestors(district.community))[1:] == [
        "示例一街道党工委",
        "示例社区第一党支部",
    ]


def test_unusual_sizes_are_told_and_imported(district, by):
    header = [*ORGANIZATIONS, "覆盖单位数"]
    rows = [new("甲党支部", **{"党员人数": 2}), new("乙党支部", **{"党员人数": "６０余"})]
    rows.append(new("丙联合党支部", kind="联合党支部", **{"覆盖单位数": "6"}))
    batch = preview("organizations", messy.xlsx([header, *([row.get(t) for t in header] for row in rows)]), by)
    assert statuses(batch) == ["new", "new", "new"]
    assert problems(batch) == [
        (2, "党员人数", "党支部一般要有 3 名以上正式党员。", "可考虑成立联合党支部。"),
        (3, "党员人数", "党支部党员一般不超过 50 人。", "可考虑成立党总支。"),
        (4, "覆盖单位数", "联合党支部覆盖单位一般不超过 5 个。", "请核对。"),
    ]


def test_an_unknown_parent_is_chosen_from_similar_names_or_typed(district, by):
    rows = [new("甲党支部", "一街道工委"), new("乙党支部", "一街道工委"), new("丙党支部", "无此单位")]
    batch = preview("organizations", organizations(*rows), by)
    key, options = question(batch, "一街道工委")
    assert options[0] == [str(district.street.pk), "示例一街道党工委"]
    other, _ = question(batch, "无此单位")
    with pytest.raises(Exception, match="没有找到") as caught:
        imports.choose(batch=batch, choices={other: "还是没有"}, by=by)
    assert caught.value.fields == {other: ["没有找到“还是没有”，请写全称或代码。"]}
    choices = {key: str(district.street.pk), other: "示例二街道党工委"}
    batch = work(imports.choose(batch=batch, choices=choices, by=by))
    assert (batch.state, statuses(batch), problems(batch)) == ("preview", ["new"] * 3, [])
    batch = work(imports.choose(batch=batch, choices={other: "skip"}, by=by))
    assert (statuses(batch), problems(batch)) == (["new", "new", "same"], [(4, "", "已选择不导入这一行。", "")])
    written(batch, by)
    assert names(Organization.objects.filter(path__startswith=district.street.path, depth=3)) == [
        "示例社区党委",
        "甲党支部",
        "乙党支部",
    ]


def test_names_that_several_bear_are_told_apart_by_the_one_above(district, by):
    for parent in (district.community, district.other_community):
        factories.make_org(parent, "branch", "第一党支部")
    found = preview(
        "organizations",
        organizations(
            {"名称": "第一党支部", "简称": "一支部"},
            {"名称": "第一党支部", "上级党组织": "示例二社区党委", "简称": "二支部"},
        ),
        by,
    )
    assert statuses(found) == ["wrong", "changed"]
    assert problems(found) == [(2, "名称", "有 2 个党组织叫这个名称。", "请填写党组织代码或上级党组织来区分。")]


def test_only_the_department_imports(district, cast, actor):
    for who in ("secretary", "leader", "sysadmin", "auditor"):
        with pytest.raises(Forbidden):
            start("organizations", organizations(new("甲党支部")), actor(getattr(cast, who)))


@pytest.mark.parametrize("kind", ["organizations", "people"])
def test_an_export_that_is_imported_again_changes_nothing(kind, district, cast, by, tmp_path):
    actions.edit_organization(
        organization=district.branch, code="001001", short_name='=HYPERLINK("x")', founded_on=date(2020, 2, 29), by=by
    )
    path = tmp_path / "out.xlsx"
    write_template(path, imports.IMPORTERS[kind], {}, filled=True)
    batch = preview(kind, path.read_bytes(), by)
    assert (set(statuses(batch)), problems(batch)) == ({"same"}, [])
    assert batch.rows.count() == (Organization if kind == "organizations" else Appointment).objects.count()


def test_a_csv_under_the_name_of_a_workbook(district, by):
    text = "名称,上级党组织,类型\n甲党支部,示例一街道党工委,党支部\n"
    file = SimpleUploadedFile("报表.xlsx", text.encode("gb18030"))
    batch = work(imports.start_import(kind="organizations", file=file, params={}, by=by))
    assert (batch.state, statuses(batch), batch.file.original_name) == ("preview", ["new"], "报表.xlsx.csv")


def test_a_real_xls(district, by):
    rows = [["名称", "上级党组织", "类型", "成立日期"], ["甲党支部", "示例一街道党工委", "党支部", messy.Day(46086)]]
    batch = written(preview("organizations", messy.xls(rows), by), by)
    assert (batch.state, Organization.objects.get(name="甲党支部").founded_on) == ("done", date(2026, 3, 5))


def test_a_serial_number_a_date_cell_and_a_day_in_words_are_one_day(district, by):
    days = [46086, datetime(2026, 3, 5), "2026年3月5日", "２０２６.３.５"]
    rows = [new(f"第{turn}党支部", **{"成立日期": day}) for turn, day in enumerate(days)]
    written(preview("organizations", organizations(*rows), by), by)
    assert Organization.objects.filter(founded_on=date(2026, 3, 5)).count() == 4
