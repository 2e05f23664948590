"""Filters, tags and geometry of the components."""

from datetime import UTC, date, datetime
from types import SimpleNamespace

import pytest
from django import forms
from django.template import Context, Template

from common import charts, days
from common.templatetags import ui


def render(source, **context):
    return Template("{% load ui %}" + source).render(Context(context)).strip()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0.00"),
        (5, "0.05"),
        (1234, "12.34"),
        (10000, "100.00"),
        (-5, "−0.05"),
        (-1250, "−12.50"),
        (None, "—"),
    ],
)
def test_points(value, text):
    assert ui.points(value) == text


@pytest.mark.parametrize(("value", "text"), [(1234, "+12.34"), (-300, "−3.00"), (0, "0.00"), (None, "—")])
def test_signed_points(value, text):
    assert ui.signed_points(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(1234, "12.34%"), (5000, "50%"), (10000, "100%"), (1250, "12.5%"), (0, "0%"), (None, "—")],
)
def test_percent(value, text):
    assert ui.percent(value) == text


def test_ratio():
    assert [ui.ratio(v) for v in (0.8749, 1, 0, None)] == ["0.87", "1.00", "0.00", "—"]


def test_lights_have_word_and_shape_besides_colour():
    assert [ui.light_label(v) for v in ("green", "yellow", "red", "grey", None, "")] == [
        "正常",
        "滞后",
        "严重滞后",
        "未报",
        "未亮灯",
        "未亮灯",
    ]
    shapes = {str(ui._light_picture(name)) for name in ("green", "yellow", "red", "grey", "")}
    assert len(shapes) == 5
    badge = render('{% light "red" reason %}', reason="落后<b>")
    assert "light-red" in badge
    assert "严重滞后" in badge
    assert "落后&lt;b&gt;" in badge
    assert "<rect" in badge


def test_an_unknown_light_is_no_class_of_ours():
    assert 'class="light light-none"' in render('{% light "x\\" onclick" %}')


def test_months_and_days_in_words():
    day = date(2026, 5, 3)
    assert ui.month_label(day) == "2026年5月"
    assert ui.month_short(day) == "5月"
    assert ui.month_key(day) == "2026-05"
    assert ui.day_label(day) == "2026年5月3日"
    assert ui.day_short(day) == "5月3日"
    assert ui.weekday(day) == "周日"
    assert [f(None) for f in (ui.month_label, ui.month_short, ui.day_label, ui.day_short)] == ["—"] * 4


def test_a_moment_is_told_in_shanghai():
    moment = datetime(2026, 5, 3, 16, 30, tzinfo=UTC)
    assert ui.day_label(moment) == "2026年5月4日"
    with days.pretend(date(2026, 5, 10)):
        assert ui.moment_label(moment) == "5月4日 00:30"
    with days.pretend(date(2027, 1, 1)):
        assert ui.moment_label(moment) == "2026年5月4日 00:30"


@pytest.mark.parametrize(
    ("day", "words", "tone"),
    [
        (date(2026, 5, 8), "已过2天", "late"),
        (date(2026, 5, 10), "今天到期", "soon"),
        (date(2026, 5, 13), "还有3天", "soon"),
        (date(2026, 5, 14), "还有4天", "calm"),
        (None, "", "calm"),
    ],
)
def test_deadlines(day, words, tone):
    with days.pretend(date(2026, 5, 10)):
        assert (ui.days_left(day), ui.urgency(day)) == (words, tone)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        (None, 0),
        ("走访居民", 4),
        ("走访居民 120 户，OK。", 9),
        ("two words", 2),
        ("　\n ", 1),
        ("3.5%", 1),
    ],
)
def test_characters_are_counted_as_chinese_people_do(text, count):
    assert ui.chinese_length(text) == count


@pytest.mark.parametrize(
    ("qualifier", "text"), [("余", "100余名"), ("多", "100多名"), ("近", "近100名"), ("", "100名")]
)
def test_a_figure_keeps_its_qualifier(qualifier, text):
    assert ui.figure_text(SimpleNamespace(value=100, unit="名", qualifier=qualifier)) == text
    assert ui.figure_text(SimpleNamespace(text="累计32万元")) == "累计32万元"


def test_file_sizes():
    sizes = [ui.file_size(v) for v in (0, 900, 2048, 20 * 1024 * 1024, 4404019, None)]
    assert sizes == ["0 字节", "900 字节", "2 KB", "20 MB", "4.2 MB", "—"]


def test_an_icon_is_decorative_unless_labelled():
    assert 'aria-hidden="true"' in render('{% icon "bell" %}')
    assert 'role="img" aria-label="通知"' in render('{% icon "bell" "通知" %}')


class Form(forms.Form):
    title = forms.CharField(label="标题", help_text="写清楚", widget=forms.Textarea)
    agree = forms.BooleanField(label="已核对", required=False)


def test_a_field_ties_help_and_error_to_its_control():
    html = render("{% field form.title counter=20 %}", form=Form({"title": ""}))
    assert 'aria-describedby="id_title_helptext id_title_error"' in html
    assert 'id="id_title_helptext"' in html
    assert 'id="id_title_error"' in html
    assert 'data-counter="20"' in html
    assert 'for="id_title"' in html
    assert ui.widget_kind(Form()["agree"]) == "check"


def test_the_error_summary_links_to_the_field():
    html = render('{% include "components/form_errors.html" %}', form=Form({}))
    assert 'href="#id_title"' in html
    assert render('{% include "components/form_errors.html" %}', form=Form()) == ""


def test_a_curve_is_placed_between_its_first_and_last_day():
    start, end = date(2026, 1, 1), date(2026, 12, 31)
    curve = charts.plan_curve(
        [(start, 0), (end, 10000)], [(start, 0)], status_date=date(2027, 1, 1), today=date(2026, 7, 2)
    )
    assert curve.planned_points == "44.0,222.0 468.0,20.0"
    assert curve.status is None
    assert curve.today.x == 256.0
    assert len(curve.months) == 6
    assert [(row.planned, row.earned) for row in curve.rows] == [(0, 0), (10000, None)]
    assert charts.plan_curve([], []) is None


def test_the_curve_has_a_table_and_takes_objects():
    points = [
        SimpleNamespace(day=date(2026, 1, 1), value=0),
        SimpleNamespace(day=date(2026, 6, 30), value=10000),
    ]
    html = render("{% plan_curve planned earned %}", planned=points, earned=points[:1])
    assert '<td class="num">100.00</td>' in html
    assert "style=" not in html
    assert "还没有计划曲线" in render("{% plan_curve none none %}", none=[])


def test_a_second_plan_is_drawn_beside_the_first_to_its_own_end():
    start, end, later = date(2026, 1, 1), date(2026, 12, 31), date(2027, 2, 28)
    plan, other = [(start, 0), (end, 10000)], [(start, 0), (later, 10000)]
    curve = charts.plan_curve(plan, [(start, 0)], other=other)
    assert (curve.planned[-1].x, curve.other[-1].x) == (408.9, 468.0)
    assert [(row.day, row.planned, row.other) for row in curve.rows] == [
        (start, 0, 0),
        (end, 10000, None),
        (later, None, 10000),
    ]
    html = render('{% plan_curve plan none other=other labels="原计划/新计划" %}', plan=plan, none=[], other=other)
    assert ("原计划（%）" in html, "新计划（%）" in html) == (True, True)
    assert "curve-other" not in render("{% plan_curve plan none %}", plan=plan, none=[])


def test_the_ring_counts_what_is_done():
    steps = [
        {"label": label, "state": state}
        for label, state in zip("推学比促评", ["done", "now", "todo", "todo", "todo"], strict=True)
    ]
    html = render("{% step_ring steps %}", steps=steps)
    assert "1/5" in html
    assert html.count("<circle") == 5
