"""Filters and tags of the components in templates/components/ (their README says how to use them).

No tag queries the database: pages hand over what is shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from django import template
from django.forms import BoundField
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from common import charts, days

register = template.Library()

NONE = "—"
MINUS = "−"
LIGHTS = {"green": "正常", "yellow": "滞后", "red": "严重滞后", "grey": "未报"}
NO_LIGHT = "未亮灯"
WEEKDAYS = "一二三四五六日"
_LIGHT_SHAPES = {
    "green": mark_safe('<circle cx="8" cy="8" r="6.5"/>'),
    "yellow": mark_safe('<path d="M8 1.2 15.4 14.4H.6z"/>'),
    "red": mark_safe('<rect x="1.75" y="1.75" width="12.5" height="12.5" rx="1"/>'),
    "grey": mark_safe('<circle cx="8" cy="8" r="5.5" fill="none" stroke-width="2.5"/>'),
    "": mark_safe('<path d="M4 8h8" fill="none" stroke-width="2" stroke-linecap="round"/>'),
}
# A Chinese character or mark counts one, a run of letters or digits counts one, as in word processors.
_CJK = "\u3000-\u303f\u3400-\u9fff\uf900-\ufaff\uff00-\uffef\u2014\u2018-\u201d\u2026"
_COUNTED = re.compile(f"[{_CJK}]|[^\\s{_CJK}]+")


@register.filter
def points(value: int | None) -> str:
    """An integer of 0.01 percentage point as text: 1234 → “12.34”."""
    if value is None or value == "":
        return NONE
    sign = MINUS if value < 0 else ""
    return f"{sign}{abs(value) // 100}.{abs(value) % 100:02d}"


@register.filter
def signed_points(value: int | None) -> str:
    """The same with its sign: 1234 → “+12.34”, -300 → “−3.00”, 0 → “0.00”."""
    if value is None or value == "":
        return NONE
    return f"+{points(value)}" if value > 0 else points(value)


@register.filter
def percent(value: int | None) -> str:
    """The same as a percentage: 1234 → “12.34%”, 5000 → “50%”."""
    if value is None or value == "":
        return NONE
    text = points(value)
    return f"{text.rstrip('0').rstrip('.')}%"


@register.filter
def ratio(value: float | None) -> str:
    """An index with two decimals: 0.8749 → “0.87”."""
    return NONE if value is None or value == "" else f"{value:.2f}"


@register.filter
def light_label(light: str | None) -> str:
    """A light in its word: “red” → “严重滞后”; “未亮灯” where there is none."""
    return LIGHTS.get(str(light or ""), NO_LIGHT)


@register.filter
def month_label(day: date | None) -> str:
    return f"{day.year}年{day.month}月" if day else NONE


@register.filter
def month_short(day: date | None) -> str:
    return f"{day.month}月" if day else NONE


@register.filter
def month_key(day: date | None) -> str:
    """The month as addresses write it: “2026-05”."""
    return f"{day:%Y-%m}" if day else ""


@register.filter
def day_label(day: date | datetime | None) -> str:
    """“2026年5月3日”, of a moment its Shanghai day."""
    if not day:
        return NONE
    day = days.day_of(day) if isinstance(day, datetime) else day
    return f"{day.year}年{day.month}月{day.day}日"


@register.filter
def day_short(day: date | datetime | None) -> str:
    """“5月3日”, of a moment its Shanghai day."""
    if not day:
        return NONE
    day = days.day_of(day) if isinstance(day, datetime) else day
    return f"{day.month}月{day.day}日"


@register.filter
def moment_label(moment: datetime | None) -> str:
    """“5月3日 10:32” in Shanghai, with the year if it is another one."""
    if not moment:
        return NONE
    local = moment.astimezone(days.SHANGHAI)
    year = "" if local.year == days.today().year else f"{local.year}年"
    return f"{year}{local.month}月{local.day}日 {local:%H:%M}"


@register.filter
def weekday(day: date | None) -> str:
    return f"周{WEEKDAYS[day.weekday()]}" if day else ""


@register.filter
def days_left(day: date | None) -> str:
    """How far a deadline is: “今天到期”, “还有3天”, “已过2天”."""
    if not day:
        return ""
    left = (day - days.today()).days
    if left == 0:
        return "今天到期"
    return f"还有{left}天" if left > 0 else f"已过{-left}天"


@register.filter
def urgency(day: date | None) -> str:
    """A deadline as a CSS class: “late”, “soon” (within three days) or “calm”."""
    if not day:
        return "calm"
    left = (day - days.today()).days
    if left < 0:
        return "late"
    return "soon" if left <= 3 else "calm"


@register.filter
def chinese_length(text: str | None) -> int:
    """Characters as Chinese people count them (字数): 汉字 and marks one each, a word or number one."""
    return len(_COUNTED.findall(text or ""))


@register.filter
def figure_text(figure: Any) -> str:
    """A figure with unit and qualifier: 100, 名, 余 → “100余名”; 近 stands before the number."""
    if (text := getattr(figure, "text", None)) is not None:
        return text
    qualifier = getattr(figure, "qualifier", "")
    near, more = (qualifier, "") if qualifier == "近" else ("", qualifier)
    return f"{near}{figure.value}{more}{figure.unit}"


@register.filter
def file_size(size: int | None) -> str:
    """Bytes as people say them: “4.2 MB”."""
    if size is None:
        return NONE
    if size < 1024:
        return f"{size} 字节"
    if size < 1024 * 1024:
        return f"{size / 1024:.0f} KB"
    return f"{size / 1024 / 1024:.1f}".removesuffix(".0") + " MB"


@register.filter
def item(mapping: Mapping[Any, Any] | None, key: Any) -> Any:
    """A value by a key that is only known in the template."""
    return mapping.get(key) if mapping else None


@register.filter
def widget_kind(field: BoundField) -> str:
    """What a form field looks like: “check”, “choices”, “file” or “text”."""
    name = type(field.field.widget).__name__
    if name == "CheckboxInput":
        return "check"
    if name in ("RadioSelect", "CheckboxSelectMultiple"):
        return "choices"
    return "file" if "File" in name else "text"


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """An icon of static/icons.json; decorative unless it has a label."""
    address = f"{static('icons.svg')}#{name}"
    if label:
        return format_html(
            '<svg class="icon" role="img" aria-label="{}" focusable="false"><use href="{}"/></svg>',
            label,
            address,
        )
    return format_html('<svg class="icon" aria-hidden="true" focusable="false"><use href="{}"/></svg>', address)


@register.simple_tag
def light(value: str | None, reason: str = "") -> SafeString:
    """The badge of a light: shape, colour and word; `reason` follows in plain text."""
    name = value if value in LIGHTS else ""
    tail = format_html('<span class="light-reason">{}</span>', reason) if reason else ""
    return format_html(
        '<span class="light light-{}">{}<span class="light-word">{}</span></span>{}',
        name or "none",
        _light_picture(name),
        light_label(value),
        tail,
    )


@register.simple_tag
def light_mark(value: str | None, label: str = "") -> SafeString:
    """Only the shape, for dense tables; the word (or `label`) is its tooltip and spoken text."""
    name = value if value in LIGHTS else ""
    words = label or light_label(value)
    return format_html(
        '<span class="light-mark light-{}" title="{}">{}<span class="visually-hidden">{}</span></span>',
        name or "none",
        words,
        _light_picture(name),
        words,
    )


def _light_picture(name: str) -> SafeString:
    return format_html(
        '<svg class="light-shape" viewBox="0 0 16 16" aria-hidden="true" focusable="false">{}</svg>',
        _LIGHT_SHAPES[name],
    )


@register.inclusion_tag("components/form_field.html")
def field(
    bound: BoundField, label: str = "", counter: int = 0, comments: Any = None, wide: bool = False
) -> dict[str, Any]:
    """A form field with label, help, error, returned comments; `counter` is its limit in characters."""
    if counter:
        bound.field.widget.attrs.update({"data-counter": counter})
    return {
        "field": bound,
        "label": label or bound.label,
        "counter": counter,
        "comments": comments,
        "wide": wide,
        "kind": widget_kind(bound),
    }


@register.inclusion_tag("components/plan_curve.html")
def plan_curve(
    planned: Iterable[Any],
    earned: Iterable[Any],
    status_date: date | None = None,
    today: date | None = None,
    preview: tuple[date, int] | None = None,
    title: str = "计划与实际进度",
    other: Iterable[Any] | None = None,
    labels: str = "计划/新计划",
) -> dict[str, Any]:
    """The plan curve with its table; points are `(day, value)` or have `.day` and `.value`.

    `other` is a second planned line; `labels` names both (the first and the second, parted by a slash).
    """
    curve = charts.plan_curve(planned, earned, status_date=status_date, today=today, preview=preview, other=other or ())
    label, _, other_label = labels.partition("/")
    return {"curve": curve, "title": title, "label": label, "other_label": other_label}


@register.inclusion_tag("components/step_ring.html")
def step_ring(steps: Iterable[Mapping[str, Any]], size: str = "") -> dict[str, Any]:
    """The ring of the five steps, each with `label` (推), `name`, `state` (done, now, todo) and `note`."""
    arcs = [{**step, "offset": -20 * place} for place, step in enumerate(steps)]
    return {"arcs": arcs, "done": sum(arc.get("state") == "done" for arc in arcs), "size": size}
