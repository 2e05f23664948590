"""Importing people and posts: whose post a row is, changes of secretary, names that two people bear."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from common import files, imports
from common.models import AuditEntry, ImportRow
from organizations.models import Appointment, Person
from tests import factories
from tests.common import messy
from tests.common.import_steps import preview, problems, question, statuses, undone, work, written

PEOPLE = ["姓名", "党组织", "职务", "任职日期", "免职日期"]


@pytest.fixture
def by(cast, actor):
    return actor(cast.officer)


def people(*rows: tuple[Any, ...]) -> bytes:
    return messy.xlsx([PEOPLE, *rows])


def test_a_change_of_secretary_in_one_sheet(district, cast, by):
    rows = people(
        ("新书记", "示例一街道党工委", "党工委书记", "2026-5-1", None),
        ("示例一街道书记", "示例一街道党工委", "书记", None, "2026-4-30"),
    )
    batch = preview("people", rows, by)
    assert (statuses(batch), problems(batch)) == (["new", "changed"], [])
    batch = written(batch, by)
    terms = Appointment.objects.filter(organization=district.street, post="secretary").order_by("since")
    assert [(a.person.name, a.since, a.until) for a in terms] == [
        ("示例一街道书记", factories.LONG_AGO, date(2026, 4, 30)),
        ("新书记", date(2026, 5, 1), None),
    ]
    undone(batch, by)
    assert [(a.person.name, a.until) for a in terms.all()] == [("示例一街道书记", None)]
    assert not Person.objects.filter(name="新书记").exists()


def test_a_second_secretary_is_wrong_as_is_a_second_row(district, cast, by):
    rows = people(
        ("新书记", "示例一街道党工委", "书记", "2026-5-1", None),
        ("甲", "示例二社区党委", "书记", "2026-1-1", None),
        ("乙", "示例二社区党委", "书记", "2026-2-1", None),
        ("甲", "示例二社区党委", "书记", "2026-1-1", None),
    )
    batch = preview("people", rows, by)
    assert statuses(batch) == ["wrong", "new", "wrong", "wrong"]
    hint = "请先填写前任的免职日期，或核对任职日期。"
    assert problems(batch) == [
        (2, "职务", "这段时间已有书记：示例一街道书记（2020-01-01 起）。", hint),
        (4, "职务", "这段时间已有书记：甲（第 3 行）。", hint),
        (5, "姓名", "与第 3 行重复。", "请只留一行。"),
    ]


def test_the_same_name_is_asked_about(district, cast, by):
    """A known secretary's name at another organization: the same person (一肩挑) or another one."""
    rows = people(
        ("示例一街道书记", "示例二社区党委", "书记", "2026-1-1", None),
        ("示例一街道书记", "示例社区党委", "书记", "2026-1-1", None),
    )
    batch = preview("people", rows, by)
    assert problems(batch) == [
        (number, "姓名", "已有同名的人（示例一街道党工委书记）。", "请在“名称对应”里选择是不是同一人，或填写账号。")
        for number in (2, 3)
    ]
    keys = [question(batch, f"示例一街道书记（{place}）") for place in ("示例二社区党委", "示例社区党委")]
    same = str(cast.secretary.person_id)
    assert keys[0][1] == [[same, "示例一街道书记（示例一街道党工委书记）"], ["new", "另一位同名的人"]]
    batch = work(imports.choose(batch=batch, choices={keys[0][0]: same, keys[1][0]: "new"}, by=by))
    assert statuses(batch) == ["new", "new"]
    assert problems(batch) == [(2, "姓名", "同时任示例一街道党工委书记（一肩挑）。", "请核对是不是同一人。")]
    written(batch, by)
    heads = Appointment.objects.filter(since=date(2026, 1, 1)).order_by("pk")
    assert [head.person_id == cast.secretary.person_id for head in heads] == [True, False]
    assert Person.objects.filter(name="示例一街道书记").count() == 2


def test_a_new_name_that_comes_twice_is_asked_about_unless_it_is_one_place(district, cast, by):
    rows = people(
        ("示例新人", "示例社区党委", "书记", "2026-1-1", None),
        ("示例新人", "示例社区党委", "委员", "2026-1-1", None),
        ("示例新人", "示例二社区党委", "书记", "2026-1-1", None),
    )
    batch = preview("people", rows, by)
    assert statuses(batch) == ["new", "new", "wrong"]
    key, options = question(batch, "示例新人（示例二社区党委）")
    assert options == [["row:2", "与第 2 行是同一人"], ["new", "另一位同名的人"]]
    batch = written(work(imports.choose(batch=batch, choices={key: "row:2"}, by=by)), by)
    person = Person.objects.get(name="示例新人")
    assert person.appointments.count() == 3
    undone(batch, by)
    assert not Person.objects.filter(pk=person.pk).exists()


def test_an_account_tells_who_is_meant(district, cast, by):
    header = [*PEOPLE, "账号"]
    rows = [
        ["示例一街道书记", "示例社区党委", "书记", "2026-1-1", None, "secretary"],
        ["示例一街道书记", "示例二社区党委", "书记", "2026-1-1", None, "outsider"],
        ["示例一街道书记", "示例二社区党委", "委员", "2026-1-1", None, "nobody"],
    ]
    batch = preview("people", messy.xlsx([header, *rows]), by)
    assert statuses(batch) == ["new", "wrong", "wrong"]
    assert problems(batch)[1:] == [
        (3, "账号", "这个账号是“示例二街道书记”的。", "请核对姓名和账号。"),
        (4, "账号", "没有账号“nobody”。", "可先留空，账号由系统管理员开通。"),
    ]


@pytest.mark.parametrize(
    ("row", "found"),
    [
        (
            ("甲", "示例社区党委", "书记", None, None),
            ("任职日期", "新的任职要填写任职日期。", "请按 2026-3-5 这样填写。"),
        ),
        (
            ("甲", "示例社区党委", "书记", "2026-3-1", "2026-2-1"),
            ("免职日期", "早于任职日期 2026-03-01。", "请核对两个日期。"),
        ),
        (
            ("示例一街道书记", "示例一街道党工委", "书记", "2021-1-1", None),
            ("任职日期", "与已有记录（2020-01-01）不一致。", "请核对；确需更正的请联系系统管理员。"),
        ),
        (
            ("组织部工作人员", "示例社区党委", "书记", "2026-1-1", None),
            ("姓名", "不能给自己任职。", "请由他人导入这一行。"),
        ),
        (
            ("甲320106199001011234", "示例社区党委", "书记", "2026-1-1", None),
            ("姓名", "这一格里有证件号或手机号。", "请删去后重新导入。"),
        ),
        (
            ("甲2", "示例社区党委", "书记", "2026-1-1", None),
            ("姓名", "姓名里有数字。", "请只填写姓名，不要填证件号或电话。"),
        ),
        (
            ("甲", "示例旧党支部", "书记", "2026-1-1", None),
            ("党组织", "“示例旧党支部”已于 2025-01-01 撤销。", "请核对党组织。"),
        ),
    ],
)
def test_a_wrong_post_says_what_is_wrong(district, cast, by, row, found):
    factories.make_org(district.street, "branch", "示例旧党支部", dissolved_on=date(2025, 1, 1))
    header = [*PEOPLE, "账号"]
    account = "officer" if row[0] == "组织部工作人员" else None
    batch = preview("people", messy.xlsx([header, [*row, account]]), by)
    assert (statuses(batch), problems(batch)) == (["wrong"], [(2, *found)])


def test_identity_and_telephone_numbers_are_not_kept(district, by, django_capture_on_commit_callbacks):
    rows = [
        [*PEOPLE, "身份证号", "手机号码"],
        ["甲", "示例社区党委", "书记", "2026-1-1", None, "320106199001011234", "13900001111"],
        ["乙13900001111", "示例社区党委320106199001011234", "委员", "13900001111", None, None, None],
    ]
    with django_capture_on_commit_callbacks(execute=True):
        batch = preview("people", messy.xlsx(rows), by)
    assert batch.message == "含个人信息的列不导入、不保存：身份证号、手机号码。"
    kept = str(list(ImportRow.objects.values())) + str(list(AuditEntry.objects.values())) + str(batch.columns)
    assert ("320106199001011234" in kept, "13900001111" in kept) == (False, False)
    assert list(files.path_of(batch.file).parent.iterdir()) == []
