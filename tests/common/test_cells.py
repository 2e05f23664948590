"""What a cell means, and the proposal for what means nothing."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from common import cells
from common.cells import Amount, CellProblem
from common.names import NameIndex, name_key

LOST = "请把这一列设为“文本”格式后重新填写完整的代码。"
KINDS = [("branch", "党支部"), ("joint_branch", "联合党支部"), ("committee", "党委")]


def refusal(function: Any, *args: Any, **options: Any) -> tuple[str, str]:
    with pytest.raises(CellProblem) as caught:
        function(*args, **options)
    return caught.value.reason, caught.value.proposal


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (None, ""),
        ("  甲\u200b\ufeff\u3000", "甲"),
        ("一行\r\n二行", "一行\n二行"),
        ("<b>粗</b>😀", "<b>粗</b>😀"),
        ('=HYPERLINK("x")', '=HYPERLINK("x")'),
        ("'=1+1", "=1+1"),
        (2026, "2026"),
        (1234567.25, "1234567.25"),
        (datetime(2026, 3, 5), "2026-03-05"),
    ],
)
def test_text(typed, meant):
    assert cells.text(typed) == meant


def test_text_that_is_too_long_or_a_formulas_error():
    assert refusal(cells.text, "字" * 3000, 200) == ("最多 200 字，现在是 3000 字。", "请删减 2800 字。")
    assert refusal(cells.text, "#REF!") == ("单元格是公式的错误结果 #REF!。", "请改成实际内容。")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("某街道\n党工委", "某街道党工委"), ("A 楼\nB 楼", "A 楼B 楼"), ("A\nB", "A B"), ("甲　乙", "甲 乙")],
)
def test_a_soft_break_in_a_name_is_none(typed, meant):
    assert cells.line(typed) == meant


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("001001001004001", "001001001004001"), (" ００１ 002 ", "001002"), ("A-1/2", "A-1/2"), (None, "")],
)
def test_code(typed, meant):
    assert cells.code(typed) == meant


@pytest.mark.parametrize(
    ("typed", "reason", "proposal"),
    [
        (1001001001004, "代码在 Excel 里成了数字（1.001E+12），前面的 0 或后几位可能已经丢失。", LOST),
        (1001, "代码在 Excel 里成了数字（1001），前面的 0 或后几位可能已经丢失。", LOST),
        ("1.001E+12", "代码成了科学计数法（1.001E+12），原来的数字已经丢失。", LOST),
        ("代码一", "“代码一”不是代码。", "代码只用数字、字母和短横线。"),
        ("1" * 31, "代码最多 30 位，现在是 31 位。", "请核对后重新填写。"),
    ],
)
def test_a_code_that_excel_has_spoilt(typed, reason, proposal):
    assert refusal(cells.code, typed) == (reason, proposal)


@pytest.mark.parametrize(
    "typed",
    [
        datetime(2026, 3, 5, 8, 30),
        date(2026, 3, 5),
        46086,
        46086.5,
        "46086",
        20260305,
        *("20260305", "2026.3.5", "2026/3/5", "2026-03-05", "2026年3月5日", "２０２６．３．５", "2026-03-05 00:00:00"),
    ],
)
def test_day(typed):
    assert cells.day(typed) == date(2026, 3, 5)


def test_an_empty_day():
    assert (cells.day(None), cells.day("　")) == (None, None)


@pytest.mark.parametrize(
    ("typed", "proposal"),
    [
        ("三月上旬", "是不是 2026-03-10？"),
        ("3月中旬", "是不是 2026-03-20？"),
        ("2025年十一月底", "是不是 2025-11-30？"),
        ("年底前", "是不是 2026-12-31？"),
        ("2027年底", "是不是 2027-12-31？"),
        ("2026-02-30", "2026年2月只有 28 天，是不是 2026-02-28？"),
        ("2026.3", "请写到日，例如 2026-03-31。"),
        ("2026-13-1", "请按 2026-3-5 这样填写。"),
        ("尽快", "请按 2026-3-5 这样填写。"),
        (3.5, "请按 2026-3-5 这样填写。"),
    ],
)
def test_a_vague_or_impossible_day(typed, proposal):
    assert refusal(cells.day, typed, 2026) == (f"“{typed}”不是一个确定的日期。", proposal)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("100余", Amount(Decimal(100), "余")),
        ("近5000人次", Amount(Decimal(5000), "近", "人次")),
        ("1,100", Amount(Decimal(1100))),
        ("３２", Amount(Decimal(32))),
        ("32万元", Amount(Decimal(32), "", "万元")),
        ("3万", Amount(Decimal(30000))),
        (12.5, Amount(Decimal("12.5"))),
        (0, Amount(Decimal(0))),
    ],
)
def test_amount(typed, meant):
    assert cells.amount(typed) == meant


@pytest.mark.parametrize(
    ("typed", "proposal"),
    [
        ("5O", "是不是 50？"),
        ("l2", "是不是 12？"),
        (-3, "数量不能是负数。"),
        ("若干", "请写成 100、100余、近5000 这样。"),
    ],
)
def test_no_amount(typed, proposal):
    assert refusal(cells.amount, typed) == (f"“{typed}”不是数量。", proposal)


@pytest.mark.parametrize(
    ("typed", "points"), [("40%", 4000), ("40％", 4000), (0.4, 4000), (40, 4000), ("12.5%", 1250), (0, 0), (100, 10000)]
)
def test_percent(typed, points):
    assert cells.percent(typed) == points


def test_an_empty_percent():
    assert cells.percent("") is None


@pytest.mark.parametrize(
    ("typed", "reason", "proposal"),
    [
        ("4000%", "百分比不能超过 100%。", "是不是 40%？"),
        (1, "1 可能是 1%，也可能是 100%。", "请写明 1% 或 100%。"),
        ("4O%", "“4O%”不是百分比。", "是不是 40%？"),
        ("-5%", "百分比不能是负数。", "是不是 5%？"),
        ("33.333%", "百分比最多两位小数。", "是不是 33.33%？"),
        ("大半", "“大半”不是百分比。", "请写成 40% 这样。"),
    ],
)
def test_no_percent(typed, reason, proposal):
    assert refusal(cells.percent, typed) == (reason, proposal)


@pytest.mark.parametrize("typed", ["党支部", " 党 支 部", "branch", "支部"])
def test_choice(typed):
    assert cells.choice(typed, KINDS, {"支部": "branch"}) == "branch"


def test_no_choice():
    assert cells.choice("", KINDS) == ""
    assert refusal(cells.choice, "联合支部", KINDS) == (
        "没有“联合支部”这个选项。",
        "是不是“联合党支部”或“党支部”？",
    )
    assert refusal(cells.choice, "x", KINDS) == ("没有“x”这个选项。", "可填：党支部、联合党支部、党委。")


@pytest.mark.parametrize(
    ("usual", "written"),
    [
        ("铁心桥街道党工委", "中共铁心桥街道工作委员会"),
        ("铁心桥街道党工委", "铁心桥街道党（工）委"),
        ("铁心桥街道党工委", " 铁心桥街道　党(工)委\u200b"),
        ("甲社区党委", "中共甲社区委员会"),
        ("甲机关党总支", "甲机关总支部委员会"),
        ("第一党支部", "第一支部委员会"),
        ("甲联合党支部", "甲联合支部"),
        ("雨花“中心荟”党支部", "雨花「中心荟」党支部"),
        ("雨花“中心荟”党支部", '雨花"中心荟"支部'),
        ("甲党委（示例）", "中共甲委员会(示例)"),
        ("示例区委", "中共示例区委员会"),
    ],
)
def test_names_that_are_one(usual, written):
    assert name_key(usual) == name_key(written)


@pytest.mark.parametrize(
    ("one", "other"),
    [("第一党支部", "第二党支部"), ("甲党委", "甲党工委"), ("甲联合党支部", "甲党支部"), ("甲党委（示例）", "甲党委")],
)
def test_names_that_are_two(one, other):
    assert name_key(one) != name_key(other)


def test_a_name_is_known_with_its_own_district_before_it_and_not_with_another():
    index = NameIndex()
    index.add("示例区委", "1", place=True)
    index.add("铁心桥街道党工委", "2")
    index.add("铁心桥社区党委", "3")
    assert index.find("中共南京市示例区铁心桥街道工作委员会") == ["2"]
    assert index.find("中共别的区铁心桥街道工作委员会") == []
    assert index.similar("铁心桥党工委") == [("2", "铁心桥街道党工委"), ("3", "铁心桥社区党委")]
