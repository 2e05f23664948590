"""The flow of an import: nothing before the confirmation, one transaction, progress, crashes, undoing; 2,000 rows."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime
from typing import Any

import pytest

from common import imports, jobs
from common.errors import ActionError, Conflict, Forbidden
from common.models import AuditEntry, ImportBatch, ImportRow, Job
from organizations import actions
from organizations.models import Organization, RoleGrant
from tests import factories
from tests.common import messy
from tests.common.import_steps import preview, problems, start, statuses, undone, work, written

HEADER = ["名称", "类型", "上级党组织", "党组织代码", "成立日期", "党员人数"]
PARENT = "示例一街道党工委"


@pytest.fixture
def by(cast, actor):
    return actor(cast.officer)


def sheet(*names: str, kind: str = "党支部") -> bytes:
    return messy.xlsx([HEADER, *([name, kind, PARENT] for name in names)])


@pytest.fixture
def batch(district, by) -> ImportBatch:
    """A preview of two new organizations and one that is wrong."""
    rows = [["甲党支部", "党支部", PARENT], ["乙党支部", "党支部", PARENT], ["丙党支部", "", PARENT]]
    return preview("organizations", messy.xlsx([HEADER, *rows]), by)


# --- before anything is written ---


def test_the_upload_is_kept_and_read_in_the_background(district, by):
    batch = start("organizations", sheet("甲党支部"), by)
    assert (batch.state, batch.owner, batch.file.original_name, batch.rows.count()) == (
        "reading",
        by.user,
        "报表.xlsx",
        0,
    )
    assert (batch.job.kind, batch.job.key, batch.job.requested_by) == ("import_read", str(batch.pk), by.user)
    entry = AuditEntry.objects.get(action="common.import.started")
    assert (entry.object_id, entry.after["kind"], entry.after["sha256"]) == (
        str(batch.pk),
        "organizations",
        batch.file.sha256,
    )


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty_file"),
        (messy.compound({"EncryptedPackage": b"x"}), "encrypted"),
        (messy.compound({"ET_Data": b"x"}), "wps"),
        (b"<html></html>", "web_page"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_at_once(district, by, content, code):
    with pytest.raises(ActionError) as caught:
        start("organizations", content, by)
    assert (caught.value.code, list(caught.value.fields)) == (code, ["file"])
    assert ImportBatch.objects.count() == 0


def test_an_unknown_kind_and_a_person_who_may_not(district, cast, by, actor):
    with pytest.raises(ActionError) as caught:
        start("brands", sheet("甲党支部"), by)
    assert list(caught.value.fields) == ["kind"]
    with pytest.raises(Forbidden):
        start("organizations", sheet("甲党支部"), actor(cast.secretary))


def test_a_sheet_without_the_header_or_without_rows_fails_and_says_why(district, by):
    failed = work(start("organizations", messy.xlsx([["一", "二"], ["三", "四"]]), by))
    assert failed.state == "failed"
    assert failed.message.startswith("没有找到表头。")
    empty = work(start("organizations", messy.xlsx([HEADER]), by))
    assert (empty.state, empty.message) == ("failed", "表头下面没有数据行。")


def test_the_preview_writes_nothing(batch):
    assert (batch.state, statuses(batch), Organization.objects.count()) == ("preview", ["new", "new", "wrong"], 7)
    assert imports.counts_of(batch) == {"new": 2, "changed": 0, "same": 0, "wrong": 1}
    names = ("name", "kind", "parent", "code", "founded_on", "members")
    assert batch.columns == dict(zip(HEADER, names, strict=True))
    row = batch.rows.get(number=2)
    assert (row.label, row.raw) == ("甲党支部", {"名称": "甲党支部", "类型": "党支部", "上级党组织": PARENT})


# --- writing ---


def test_wrong_rows_are_left_out_only_if_it_is_said(batch, by):
    with pytest.raises(ActionError) as caught:
        imports.confirm_import(batch=batch, by=by)
    assert (caught.value.code, caught.value.message) == (
        "wrong_rows",
        "还有 1 行有误。请改好表格重新导入，或选择“忽略有误的行”。",
    )
    done = written(batch, by, ignore_wrong=True)
    assert (done.state, done.written_at is None) == ("done", False)
    assert Organization.objects.filter(name__in=["甲党支部", "乙党支部", "丙党支部"]).count() == 2
    kinds = ["common.import.started", "common.import.confirmed", "common.import.written"]
    entries = AuditEntry.objects.filter(action__startswith="common.import").order_by("pk")
    assert [(e.action, e.user) for e in entries] == [(kind, by.user) for kind in kinds]


def test_confirming_and_undoing_again_is_nothing(batch, by):
    done = written(batch, by, ignore_wrong=True)
    assert imports.confirm_import(batch=done, by=by).job_id == done.job_id
    gone = undone(done, by)
    assert imports.undo_import(batch=gone, by=by).state == "undone"
    assert AuditEntry.objects.filter(action="common.import.undone").count() == 1
    with pytest.raises(Conflict):
        imports.confirm_import(batch=gone, by=by)


def test_nothing_to_write(district, by):
    batch = preview("organizations", messy.xlsx([HEADER, [PARENT]]), by)
    with pytest.raises(ActionError) as caught:
        imports.confirm_import(batch=batch, by=by)
    assert caught.value.code == "nothing_to_write"


def test_one_row_that_cannot_be_written_leaves_all_unwritten(batch, by, monkeypatch):
    """The second action meets a rule that the preview could not know: here the right ends in between."""
    imports.confirm_import(batch=batch, by=by, ignore_wrong=True)
    RoleGrant.objects.filter(person=by.user.person).update(until=date(2020, 1, 1), since=date(2019, 1, 1))
    done = work(batch)
    assert (done.state, Organization.objects.count()) == ("preview", 7)
    assert done.message == "什么都没有写入：第 2 行“甲党支部”：您没有办理这一事项的权限。"


def test_what_changed_since_the_preview_is_shown_again_first(district, by):
    batch = preview("organizations", messy.xlsx([[*HEADER, "简称"], [PARENT, *[None] * 5, "一街道"]]), by)
    assert statuses(batch) == ["changed"]
    imports.confirm_import(batch=batch, by=by)
    actions.edit_organization(organization=district.street, short_name="示例一街", by=by)
    done = work(batch)
    assert (done.state, statuses(done)) == ("preview", ["changed"])
    assert done.message == f"第 2 行“{PARENT}”在预览之后有了变化，什么都没有写入。已重新核对，请看过后再确认。"
    assert done.rows.get().before["short_name"] == "示例一街"
    written(done, by)
    district.street.refresh_from_db()
    assert district.street.short_name == "一街道"


def test_a_new_row_that_somebody_else_made_meanwhile_is_not_made_twice(district, batch, by):
    factories.make_org(district.street, "branch", "乙党支部")
    imports.confirm_import(batch=batch, by=by, ignore_wrong=True)
    done = work(batch)
    assert (done.state, statuses(done)) == ("preview", ["new", "same", "wrong"])
    assert Organization.objects.filter(name="乙党支部").count() == 1


def test_discarding(batch, by):
    gone = imports.discard_import(batch=batch, by=by)
    assert (gone.state, imports.discard_import(batch=gone, by=by).state) == ("discarded", "discarded")
    with pytest.raises(Conflict):
        imports.choose(batch=gone, choices={}, by=by)
    assert Organization.objects.count() == 7


def test_an_import_that_is_discarded_while_it_is_read_stays_discarded(district, by):
    batch = start("organizations", sheet("甲党支部"), by)
    imports.discard_import(batch=batch, by=by)
    assert work(batch).state == "discarded"


# --- killed half-way ---


class Killed(BaseException):
    """What a worker that is killed leaves behind is what it had committed."""


def kill(monkeypatch, module: Any, name: str, turn: int) -> None:
    """Let the `turn`th call of a function be the last thing that the worker does."""
    original, calls = getattr(module, name), Counter()

    def dying(*args: Any, **kwargs: Any) -> Any:
        calls["n"] += 1
        if calls["n"] == turn:
            raise Killed
        return original(*args, **kwargs)

    monkeypatch.setattr(module, name, dying)


def swept(job_id: Any) -> None:
    """The sweep finds the job silent and sends it again."""
    Job.objects.filter(pk=job_id).update(heartbeat_at="2020-01-01T00:00:00Z")
    jobs.sweep()


@pytest.mark.parametrize("turn", [2, 4, 6])
def test_reading_that_was_killed_is_done_once_by_the_next_worker(district, by, monkeypatch, turn):
    batch = start("organizations", sheet(*(f"示例{n}党支部" for n in range(120))), by)
    with monkeypatch.context() as patch:
        kill(patch, jobs, "advance", turn)
        with pytest.raises(Killed):
            jobs.run(str(batch.job_id))
    batch.refresh_from_db()
    assert batch.state == "reading"
    swept(batch.job_id)
    batch = work(batch)
    assert (batch.state, statuses(batch)) == ("preview", ["new"] * 120)


def test_writing_that_was_killed_is_done_once_by_the_next_worker(batch, by, monkeypatch):
    batch = imports.confirm_import(batch=batch, by=by, ignore_wrong=True)
    with monkeypatch.context() as patch:
        kill(patch, actions, "add_organization", 2)
        with pytest.raises(Killed):
            jobs.run(str(batch.job_id))
    assert Organization.objects.count() == 7
    swept(batch.job_id)
    assert work(batch).state == "done"
    assert Organization.objects.count() == 9


def test_a_job_that_runs_again_late_changes_nothing(batch, by):
    done = written(batch, by, ignore_wrong=True)
    rows = list(ImportRow.objects.order_by("pk").values())
    for job in Job.objects.filter(key=str(batch.pk)):
        Job.objects.filter(pk=job.pk).update(state="queued", claim=None)
        jobs.run(str(job.pk))
    done.refresh_from_db()
    assert (done.state, list(ImportRow.objects.order_by("pk").values()) == rows) == ("done", True)
    assert Organization.objects.count() == 9


def test_when_the_workers_give_up_the_person_is_told(district, batch, by):
    reading = start("organizations", sheet("丁党支部"), by)
    writing = imports.confirm_import(batch=batch, by=by, ignore_wrong=True)
    Job.objects.filter(state="queued").update(
        state="running", attempts=jobs.MAX_ATTEMPTS, heartbeat_at="2020-01-01T00:00Z"
    )
    jobs.sweep()
    reading.refresh_from_db()
    writing.refresh_from_db()
    assert (reading.state, reading.message[:6]) == ("failed", "读取多次中断")
    assert (writing.state, writing.message[:6]) == ("preview", "写入多次中断")


# --- 2,000 rows, 200 of them bad ---

DAYS = (datetime(2026, 3, 5), 46086, "2026.3.5", "2026/3/5", "2026年3月5日", "２０２６．３．５", 20260305, "46086")
MEMBERS = (12, "３２", "100余", "1,100", "近50人")
LOST = "请把这一列设为“文本”格式后重新填写完整的代码。"
AS_NUMBER = "代码在 Excel 里成了数字（1.001E+12），前面的 0 或后几位可能已经丢失。"
# What is typed instead, and (column, reason, proposal).
BAD: list[tuple[dict[str, Any], tuple[str, str, str]]] = [
    ({"党组织代码": 1001001001004}, ("党组织代码", AS_NUMBER, LOST)),
    ({"党组织代码": "1.001E+12"}, ("党组织代码", "代码成了科学计数法（1.001E+12），原来的数字已经丢失。", LOST)),
    ({"成立日期": "三月上旬"}, ("成立日期", "“三月上旬”不是一个确定的日期。", "是不是 2026-03-10？")),
    (
        {"成立日期": "2026-02-30"},
        ("成立日期", "“2026-02-30”不是一个确定的日期。", "2026年2月只有 28 天，是不是 2026-02-28？"),
    ),
    ({"成立日期": "年底前"}, ("成立日期", "“年底前”不是一个确定的日期。", "是不是 2026-12-31？")),
    ({"党员人数": "5O"}, ("党员人数", "“5O”不是数量。", "是不是 50？")),
    ({"党员人数": -3}, ("党员人数", "“-3”不是数量。", "数量不能是负数。")),
    ({"类型": "联合支"}, ("类型", "没有“联合支”这个选项。", "是不是“联合党支部”？")),
    (
        {"上级党组织": "一街道工委"},
        ("上级党组织", "没有找到“一街道工委”。", f"是不是“{PARENT}”？可在“名称对应”里选择。"),
    ),
    ({"名称": None}, ("名称", "没有填写名称。", "请补上后重新导入。")),
]


def big_sheet(size: int = 2000) -> tuple[bytes, dict[int, tuple[str, str, str]]]:
    """Rows in the departments' manner below a title and two header rows, every tenth of them bad."""
    rows: list[list[Any]] = [["某区党组织台账", *[None] * 5], ["单位：个、人", *[None] * 5]]
    rows += [["名称", "类型", "上级党组织", "基本情况", None, None], [None, None, None, *HEADER[3:]]]
    bad: dict[int, tuple[str, str, str]] = {}
    hide, merge = [], ["A1:F1", "A3:A4", "B3:B4", "C3:C4", "D3:F3"]
    for number in range(size):
        values = dict(zip(HEADER, _good(number), strict=True))
        if number % 10 == 7:
            typed, found = BAD[number // 10 % len(BAD)]
            values |= typed
            bad[len(rows) + 1] = found
        rows.append([values[title] for title in HEADER])
        if number % 500 == 499:
            rows.append(["小计", None, None, None, None, 500])
            rows.append([f"藏起来的{number}党支部", "党支部", PARENT, None, None, None])
            hide.append(len(rows))
            rows.append([None] * 6)
    rows.append(["合 计", *[None] * 4, size])
    return messy.xlsx(rows, merge=merge, hide=hide), bad


def _good(number: int) -> list[Any]:
    kind = "党支部" if number % 2 else "支部"
    parent = ("中共示例一街道工作委员会", "示例一街道党（工）委", " 示例一街道　党工委")[number % 3]
    code = f"0010010{number:05}"
    return [f"示例{number}党支部\u200b", kind, parent, code, DAYS[number % len(DAYS)], MEMBERS[number % len(MEMBERS)]]


def wrong_in(row: ImportRow) -> list[tuple[str, str, str]]:
    """What is wrong with a row, warnings aside."""
    wrong = [fault for fault in row.problems if fault.get("level") != "note"]
    return [(fault["column"], fault["reason"], fault["proposal"]) for fault in wrong]


def test_2000_rows_of_which_200_are_bad(district, by, today, monkeypatch):
    today("2026-04-01")
    content, bad = big_sheet()
    assert len(bad) == 200
    seen: list[tuple[int, int]] = []
    advance = jobs.advance
    monkeypatch.setattr(
        jobs, "advance", lambda job, done, total: (seen.append((done, total)), advance(job, done, total))
    )
    batch = preview("organizations", content, by)

    assert imports.counts_of(batch) == {"new": 1800, "changed": 0, "same": 0, "wrong": 200}
    rows = batch.rows.order_by("number")
    assert {row.number: wrong_in(row) for row in rows.filter(status="wrong")} == {
        n: [found] for n, found in bad.items()
    }
    for turn, row in enumerate(rows):
        if row.status == "new":
            assert row.after == {
                "name": f"示例{turn}党支部",
                "short_name": "",
                "kind": ["branch", "党支部"],
                "sector": "",
                "code": f"0010010{turn:05}",
                "parent": [str(district.street.pk), PARENT],
                "founded_on": "2026-03-05",
            }
    assert batch.message == (
        "第 506、1009、1512、2015 共 4 行被隐藏，没有读取；需要导入的请先取消隐藏。"
        "第 505、1008、1511、2014、2017 共 5 行是合计，没有读取。"
    )
    done = [n for n, _ in seen]
    assert done == sorted(done)
    assert len(set(done)) >= 70
    assert done[-1] == seen[-1][1] == 4000


def test_the_good_rows_of_a_big_sheet_are_written_and_taken_back(district, by, today):
    today("2026-04-01")
    content, bad = big_sheet(400)
    batch = written(preview("organizations", content, by), by, ignore_wrong=True)
    made = Organization.objects.filter(code__startswith="0010010")
    assert (made.count(), set(made.values_list("founded_on", flat=True))) == (400 - len(bad), {date(2026, 3, 5)})
    assert undone(batch, by).state == "undone"
    assert Organization.objects.count() == 7


def test_the_queries_of_a_preview_do_not_grow_with_the_rows(district, by, assert_queries):
    for rows in (1, 3):
        batch = start("organizations", sheet(*(f"第{n}党支部" for n in range(rows))), by)
        with assert_queries(18):
            work(batch)


def test_problems_are_told_in_the_order_of_the_sheet(batch):
    assert problems(batch) == [(4, "类型", "新党组织要填写类型。", "是不是“党支部”？")]
