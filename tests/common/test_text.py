"""Text and dates as people paste and type them, in forms and in the API."""

from __future__ import annotations

from datetime import date

import pytest
from django import forms
from rest_framework import exceptions

from common.api import CleanCharField as ApiCharField
from common.errors import ActionError
from common.forms import ChineseDateField, ChineseMomentField, CleanCharField, add_action_error
from common.text import clean_text, nested_quotes, parse_date, plain_figures


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("\ufeff红\u200b色\u200d物\u2060业\u00ad", "红色物业"),
        ("一\r\n二\r三\u2028四", "一\n二\n三\n四"),
        ("\u3000 前后空白 \u3000\n", "前后空白"),
        ("铃\x07声\x00\x1b\x7f", "铃声"),
        ("表\t格", "表\t格"),
        ("\u202e反\u2066向", "反向"),
        ("\u200b\ufeff", ""),
    ],
)
def test_clean_text(given, kept):
    assert clean_text(given) == kept
    assert CleanCharField(required=False).clean(given) == kept


def test_plain_figures():
    assert plain_figures(" ２０２６年度（示例）：Ａ类ｚ") == "2026年度（示例）：A类z"


def test_a_moment_that_ends_a_day_is_shown_as_it_was_typed():
    ends, begins = ChineseMomentField(is_end=True), ChineseMomentField()
    midnight = ends.clean("2026年12月3日 24：00")
    assert (ends.prepare_value(midnight), begins.prepare_value(midnight)) == ("2026-12-03 24:00", "2026-12-04 0:00")
    assert ends.prepare_value(ends.clean("2026-12-4 9:00")) == "2026-12-04 9:00"


def test_only_invisible_characters_are_nothing():
    with pytest.raises(forms.ValidationError):
        CleanCharField().clean("\u200b\ufeff")
    assert ApiCharField(max_length=2).run_validation("红\u200b\u200b色") == "红色"
    with pytest.raises(exceptions.ValidationError, match="不能为空"):
        ApiCharField().run_validation("\u200b\ufeff")


@pytest.mark.parametrize(
    "text",
    [
        "2026-3-5",
        "2026-03-05",
        "2026.3.5",
        "2026/3/5",
        "2026年3月5日",
        "２０２６年３月５日",
        " 2026 年 3 月 5 日 ",
        "2026\u200b-3-5",
    ],
)
def test_days_as_people_write_them(text):
    assert parse_date(text) == date(2026, 3, 5)
    assert ChineseDateField().clean(text) == date(2026, 3, 5)


@pytest.mark.parametrize("text", ["2026-2-29", "2026-13-1", "3月5日", "昨天", "20260305", "26-3-5"])
def test_what_is_no_day(text):
    with pytest.raises(ValueError, match=r".*"):
        parse_date(text)
    with pytest.raises(forms.ValidationError, match="2026-3-5"):
        ChineseDateField().clean(text)


def test_a_day_may_be_left_empty_or_be_a_date():
    assert ChineseDateField(required=False).clean(" ") is None
    assert ChineseDateField().clean(date(2024, 2, 29)) == date(2024, 2, 29)


class Form(forms.Form):
    percent = forms.IntegerField()


def test_an_actions_error_is_shown_beside_its_field():
    form = Form({"percent": "110"})
    assert form.is_valid()
    add_action_error(form, ActionError("有误", fields={"percent": ["不能超过 100。"], "line:3": ["另一处"]}))
    assert form.errors == {"percent": ["不能超过 100。"], "__all__": ["另一处"]}


def test_an_actions_error_without_fields_is_shown_above():
    form = Form({"percent": "10"})
    assert form.is_valid()
    add_action_error(form, ActionError("有误"))
    assert form.errors == {"__all__": ["有误"]}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("“红色物业”", "“红色物业”"),
        ("你单位““红色物业”破题”获“优秀”", "你单位“‘红色物业’破题”获“优秀”"),
        ("“一“二“三”二”一”", "“一‘二“三”二’一”"),
        ("没有配对“的引号", "没有配对“的引号"),
        ("”反了“", "”反了“"),
    ],
)
def test_quotations_within_quotations(text, expected):
    assert nested_quotes(text) == expected
