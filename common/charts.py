"""Geometry of the pictures that the server draws as SVG; in its template every chart has its table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from common.days import add_months, month_start

# The drawing area in user units; `plan_curve.html` has the same numbers, its viewBox is 480 × 268.
LEFT, RIGHT, TOP, BOTTOM = 44, 468, 20, 222
FULL = 10000
MAX_MONTH_LABELS = 7


@dataclass(frozen=True, slots=True)
class Dot:
    """A value of a day with its place in the picture."""

    x: float
    y: float
    day: date
    value: int


@dataclass(frozen=True, slots=True)
class Tick:
    x: float
    label: str


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table that says the same as the picture."""

    day: date
    planned: int | None
    earned: int | None
    other: int | None = None


@dataclass(frozen=True, slots=True)
class PlanCurve:
    """Planned (计划) against earned (实际) value, ready to draw; values in 0.01 percentage point.

    `other` is a second planned line (another plan version), empty where there is none.
    """

    planned: list[Dot]
    earned: list[Dot]
    preview: Dot | None
    months: list[Tick]
    levels: list[tuple[float, int]]
    status: Tick | None
    today: Tick | None
    rows: list[Row]
    other: list[Dot] = field(default_factory=list)
    scale: tuple[int, int] = (TOP, BOTTOM)

    @property
    def planned_points(self) -> str:
        return _points(self.planned)

    @property
    def earned_points(self) -> str:
        return _points(self.earned)

    @property
    def other_points(self) -> str:
        return _points(self.other)

    @property
    def area_points(self) -> str:
        """The planned line closed along the bottom."""
        if not self.planned:
            return ""
        return f"{self.planned[0].x},{BOTTOM} {self.planned_points} {self.planned[-1].x},{BOTTOM}"


def plan_curve(
    planned: Iterable[Any],
    earned: Iterable[Any],
    *,
    status_date: date | None = None,
    today: date | None = None,
    preview: tuple[date, int] | None = None,
    other: Iterable[Any] = (),
) -> PlanCurve | None:
    """Place the points: `(day, value)` pairs or objects with `.day` and `.value`; None if none is planned."""
    plan, done, second = [_pair(p) for p in planned], [_pair(p) for p in earned], [_pair(p) for p in other]
    if not plan:
        return None
    first, last = plan[0][0], max(day for day, _ in [plan[-1], *second[-1:]])
    return PlanCurve(
        planned=[_dot(p, first, last) for p in plan],
        earned=[_dot(p, first, last) for p in done],
        preview=_dot(preview, first, last) if preview else None,
        months=_months(first, last),
        levels=[(_y(value), value // 100) for value in range(0, FULL + 1, FULL // 4)],
        status=_mark(status_date, first, last),
        today=_mark(today, first, last),
        rows=_rows(plan, done, second),
        other=[_dot(p, first, last) for p in second],
    )


def _pair(point: Any) -> tuple[date, int]:
    if isinstance(point, tuple | list):
        return point[0], point[1]
    return point.day, point.value


def _x(day: date, first: date, last: date) -> float:
    days = max((last - first).days, 1)
    return round(LEFT + (RIGHT - LEFT) * min(max((day - first).days / days, 0), 1), 1)


def _y(value: int) -> float:
    return round(BOTTOM - (BOTTOM - TOP) * min(max(value, 0), FULL) / FULL, 1)


def _dot(point: tuple[date, int], first: date, last: date) -> Dot:
    return Dot(_x(point[0], first, last), _y(point[1]), point[0], point[1])


def _mark(day: date | None, first: date, last: date) -> Tick | None:
    if day is None or not first <= day <= last:
        return None
    return Tick(_x(day, first, last), f"{day.month}月{day.day}日")


def _months(first: date, last: date) -> list[Tick]:
    """Starts of months, thinned so that their labels do not touch; a January carries its year."""
    month = month_start(first) if first.day == 1 else add_months(month_start(first), 1)
    starts = []
    while month <= last:
        starts.append(month)
        month = add_months(month, 1)
    step = -(-len(starts) // MAX_MONTH_LABELS) or 1
    labels = [f"{s.year}年" if s.month == 1 and len(starts) > 1 else f"{s.month}月" for s in starts]
    return [Tick(_x(s, first, last), label) for s, label in zip(starts[::step], labels[::step], strict=True)]


def _rows(
    planned: Sequence[tuple[date, int]], earned: Sequence[tuple[date, int]], other: Sequence[tuple[date, int]]
) -> list[Row]:
    plan, done, second = dict(planned), dict(earned), dict(other)
    return [Row(day, plan.get(day), done.get(day), second.get(day)) for day in sorted({*plan, *done, *second})]


def _points(dots: Iterable[Dot]) -> str:
    return " ".join(f"{d.x},{d.y}" for d in dots)
