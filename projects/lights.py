"""Lights in words: every reason that the check stores, as the department says it."""

from __future__ import annotations

from common.templatetags.ui import points

REASONS = {
    "on_schedule": "达到序时进度",
    "behind": "落后于序时进度",
    "far_behind": "严重落后于序时进度",
    "overdue": "里程碑逾期未完成",
    "missing": "当期月报未报",
    "missing_twice": "连续两个月未报月报",
    "no_plan": "尚无生效的计划",
    "not_started": "尚未开始",
    "suspended": "已暂停",
    "closed": "已结束",
}


def reason_words(reason: str, variance: int | None) -> str:
    """The reason with its number: “落后于序时进度 12.50 个百分点”."""
    words = REASONS.get(reason, "")
    if reason in ("behind", "far_behind") and variance is not None:
        return f"{words} {points(-variance)} 个百分点"
    return words
