"""What a season has and what it still lacks before applications can be called for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db.models import Q

from common.working_days import known_years
from organizations.models import Organization, OrganizationQuerySet
from projects.models import Announcement, Season, TrackKind
from projects.models.seasons import FULL


@dataclass(frozen=True, slots=True)
class Check:
    """A line of the checklist: what it speaks of, how it stands, at which step of the set-up it is mended.

    One that does not block is only told.
    """

    name: str
    text: str
    done: bool
    step: str
    blocks: bool = True


def checks(season: Season) -> list[Check]:
    """The whole checklist, in the order of the steps."""
    known = known_years()
    years = set(range(season.starts_on.year, season.ends_on.year + 1))
    window = {day.year for day in (season.apply_from, season.apply_until) if day}
    found = [_window(season)]
    if window:
        found.append(_calendar("申报期的节假日", window - known, "截止日要按工作日核对", blocks=True))
    if later := years - window:
        found.append(_calendar("评选公示的节假日", later - known, "公示按工作日计算，届时要用", blocks=False))
    return [*found, _tracks(season), _criteria(season), _reviewers(season), _announcement(season)]


def missing(season: Season) -> list[str]:
    """What keeps the call for applications from being issued, in words."""
    return [check.text for check in checks(season) if check.blocks and not check.done]


def unsaid(season: Season, body: str) -> list[str]:
    """The days of the application window that the text of the call does not name: the rules changed meanwhile."""
    days = [day_words(day) for day in (season.apply_from, season.apply_until) if day]
    return [words for words in days if words not in body]


def admitted(season: Season) -> OrganizationQuerySet:
    """The organizations that some track of the season admits."""
    found = Q(pk__in=[])
    for kind, sector in TrackKind.objects.filter(track__season=season).values_list("kind", "sector"):
        found |= Q(kind=kind, sector=sector) if sector else Q(kind=kind)
    return Organization.objects.standing().filter(found)


def day_words(day: date | None) -> str:
    return f"{day.year}年{day.month}月{day.day}日" if day else ""


def _window(season: Season) -> Check:
    if season.apply_from is None:
        return Check("申报时间", "没有设申报时间", False, "rules")
    words = f"{day_words(season.apply_from)}至{day_words(season.apply_until)}"
    return Check("申报时间", words, True, "rules")


def _calendar(name: str, lacking: Iterable[int], why: str, *, blocks: bool) -> Check:
    years = "、".join(str(year) for year in sorted(lacking))
    if not years:
        return Check(name, "已录入", True, "calendar", blocks)
    return Check(name, f"没有 {years} 年的节假日安排，{why}", False, "calendar", blocks)


def _tracks(season: Season) -> Check:
    names = list(season.tracks.values_list("name", flat=True))
    empty = list(season.tracks.filter(kinds=None).values_list("name", flat=True))
    if not names:
        return Check("赛道", "没有赛道", False, "tracks")
    if empty:
        return Check("赛道", f"“{'”“'.join(empty)}”没有选准入的党组织类型", False, "tracks")
    return Check("赛道", "、".join(names), True, "tracks")


def _criteria(season: Season) -> Check:
    done = season.criteria_total == FULL
    names = "、".join(season.criteria.values_list("name", flat=True))
    text = f"{names}，权重合计 100" if done else "评审标准的权重合计不是 100"
    return Check("评审标准", text, done, "criteria")


def _reviewers(season: Season) -> Check:
    count = season.reviewers.filter(person__user__is_active=True).count()
    done = count >= season.reviewers_needed
    text = f"{count} 人" if done else f"评审人库只有 {count} 人，至少要 {season.reviewers_needed} 人"
    return Check("评审人库", text, done, "reviewers")


def _announcement(season: Season) -> Check:
    row = Announcement.objects.filter(season=season).first()
    if row is None or row.issued_on is None:
        return Check("申报通知", "未印发" if row else "还没有写", False, "announcement", blocks=False)
    return Check("申报通知", f"{day_words(row.issued_on)}印发", True, "announcement", blocks=False)
