"""Ledgers of projects as spreadsheets: 台账, 申报汇总表 and 立项一览表.

Columns that an import of projects reads bear the same titles there, and 编号 finds each row again, so that a
ledger that was exported changes nothing when it is imported.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet, Subquery

from brands.models import Brand, Field
from common import days
from common.errors import ActionError
from common.exports import Export, ExportContext, Params
from common.sheets import Column, Ledger, write_ledger
from common.templatetags.ui import NONE, day_label, light_label, percent
from organizations.access import access_of
from organizations.models import Organization
from projects import rules
from projects.filters import ProjectFilter
from projects.models import ApplicationVersion, Plan, PlanItem, ProgressReport, Project, ReportLine, Season

BATCH = 200  # projects that are read at once
SEARCH_LIMIT = 60
State, Reported = Project.State, ProgressReport.State
SENT = (Reported.SUBMITTED, Reported.CONFIRMED)
NUMBER, CODE = Column("序号", 6, "integer"), Column("编号", 12, "code")
ARCHIVE_NUMBER = Column("档号", 17, "code")
ORGANIZATION, SECRETARY = Column("党组织", 22, wrap=True), Column("领题书记", 11, wrap=True)
TITLE, FIELD, TRACK = Column("项目名称", 26, wrap=True), Column("领域", 11, wrap=True), Column("赛道", 14, wrap=True)
TIER, MEASURES = Column("梯队", 10), Column("主要措施", 38, wrap=True)
STARTS, ENDS, APPROVED = Column("开始日期", 12, "day"), Column("完成时限", 12, "day"), Column("立项日期", 12, "day")
BRANDS = Column("关联品牌", 16, wrap=True)
FIGURES, STATE = Column("预期成效指标", 24, wrap=True), Column("状态", 10)
LEDGER = (
    *(NUMBER, CODE, ARCHIVE_NUMBER, ORGANIZATION, SECRETARY, TITLE, FIELD, APPROVED, MEASURES),
    *(Column("节点", 42, wrap=True), Column("序时进度", 10, "points"), Column("实际进度", 10, "points")),
    *(Column("差距", 10, "points"), Column("亮灯", 13, "light"), Column("联系人", 10, wrap=True)),
    *(Column("存在困难", 28, wrap=True), Column("下步打算", 28, wrap=True), Column("更新时间", 12, "day")),
)
APPLICATIONS = (
    *(NUMBER, CODE, ORGANIZATION, SECRETARY, TITLE, TRACK, FIELD, TIER, STARTS, ENDS),
    *(Column("背景与难题", 30, wrap=True), Column("目标", 26, wrap=True), MEASURES),
    *(Column("预期成效", 30, wrap=True), FIGURES, BRANDS),
    *(Column("稿次", 8), Column("报送时间", 12, "day"), STATE),
)
APPROVALS = (
    *(NUMBER, ARCHIVE_NUMBER, CODE, TITLE, ORGANIZATION, SECRETARY, TRACK, FIELD, TIER),
    *(APPROVED, STARTS, ENDS, STATE),
)
FILTER_LABELS = {"light": "亮灯", "status": "状态", "field": "领域", "track": "赛道", "brand": "品牌"}
FILTER_LABELS |= {"organization": "党组织", "search": "搜索"}


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows that are made while they are written; their number is known before, for the progress."""

    projects: QuerySet[Any]
    cells: Callable[[Any], list[Any]]

    def __length_hint__(self) -> int:
        return self.projects.count()

    def __iter__(self) -> Iterator[list[Any]]:
        for number, project in enumerate(self.projects.iterator(chunk_size=BATCH), start=1):
            yield [number, *self.cells(project)]


def clean_season(user: Any, params: Params) -> dict[str, Any]:
    """The season of an export. Raises ActionError under `season`."""
    code = str(params.get("season", ""))
    if not Season.objects.filter(code=code).exists():
        raise ActionError("没有这个年度。", fields={"season": ["没有这个年度。"]})
    return {"season": code}


def season_of(params: Params) -> Season:
    """The season that `clean_season` let pass. Raises ActionError if it is gone by now."""
    season = Season.objects.filter(code=params["season"]).first()
    if season is None:
        raise ActionError("这个年度已经不在了。", code="no_season")
    return season


def officers_only(user: Any, params: Params) -> bool:
    return rules.can_manage_seasons(user)


def season_name(title: str) -> Callable[[Params], str]:
    """A file's name with its season in front."""
    return lambda params: f"{season_of(params).name}{title}"


def sent_applications(season: Season) -> QuerySet[Project]:
    """Every application of the season that was ever sent, and what came into the library without one.

    A draft that was never sent is nobody's but its author's.
    """
    sent = Exists(ApplicationVersion.objects.filter(project=OuterRef("pk")))
    rows = Project.objects.filter(~Q(state__in=(State.DRAFT, State.WITHDRAWN)) | Q(sent) | ~Q(archive_number=None))
    return rows.filter(season=season)


# --- 台账 ---


def _clean_ledger(user: Any, params: Params) -> dict[str, Any]:
    """The board's filters; without a season the one that the board shows."""
    latest = Season.objects.latest_started(days.today())
    given = {"season": latest.code if latest else "", **{k: str(v).strip() for k, v in params.items() if v}}
    known = {name: given[name][:SEARCH_LIMIT] for name in ProjectFilter.base_filters if given.get(name)}
    form = ProjectFilter(known, queryset=Project.objects.none()).form
    if not form.is_valid():
        errors = {name: list(texts) for name, texts in form.errors.items()}
        raise ActionError("筛选条件有误。", fields=errors)
    return known | clean_season(user, known)


def _reads_projects(user: Any, params: Params) -> bool:
    return access_of(user).reads_projects


def _build_ledger(context: ExportContext) -> None:
    season = season_of(context.params)
    ledger = Ledger(
        title=f"{season.name}书记项目台账",
        note=f"单位：%（差距为百分点）　　统计日期：{day_label(context.day)}{_filter_words(season, context.params)}",
        columns=LEDGER,
        paper="A3",
        sheet_name="台账",
    )
    write_ledger(context.path, ledger, Rows(_ledger_projects(context), _ledger_cells), context.advance)


def _ledger_projects(context: ExportContext) -> QuerySet[Project]:
    rows = ProjectFilter(context.params, queryset=Project.objects.visible_to(context.user).in_library()).qs
    plans = Plan.objects.exclude(frozen_on=None).filter(effective_from__lte=context.day)
    items = Prefetch("items", PlanItem.objects.select_related("milestone"))
    confirmed = _latest(ProgressReport.objects.filter(state=Reported.CONFIRMED))
    lines = Prefetch("lines", ReportLine.objects.order_by())
    return (
        rows.select_related("lead_organization", "lead_secretary", "contact")
        .prefetch_related(
            Prefetch("plans", plans.order_by("effective_from", "version").prefetch_related(items), to_attr="in_force"),
            Prefetch("reports", _latest(ProgressReport.objects.filter(state__in=SENT)), to_attr="last_sent"),
            Prefetch("reports", confirmed.only("project").prefetch_related(lines), to_attr="last_confirmed"),
        )
        .order_by("lead_organization__path", "title", "id")
    )


def _latest(reports: QuerySet[ProgressReport]) -> QuerySet[ProgressReport]:
    """Of these reports each project's latest month."""
    later = reports.filter(project=OuterRef("project"), month__gt=OuterRef("month"))
    return reports.filter(~Exists(later))


def _ledger_cells(project: Any) -> list[Any]:
    sent = project.last_sent[0] if project.last_sent else None
    return [
        project.code,
        project.archive_number,
        project.lead_organization.name,
        project.lead_secretary.name,
        project.title,
        project.get_field_display(),
        project.approved_on,
        project.measures,
        _milestones(project),
        project.planned_value,
        project.earned_value,
        project.schedule_variance,
        project.light or light_label(""),
        project.contact.name if project.contact else None,
        sent.difficulty if sent else None,
        sent.next if sent else None,
        sent.submitted_at if sent else None,
    ]


def _milestones(project: Any) -> str:
    """The milestones of the plan in force with weight, day and what is confirmed of them, one a line."""
    if not project.in_force:
        return ""
    confirmed = project.last_confirmed[0].lines.all() if project.last_confirmed else ()
    reached = {line.milestone_id: line.percent for line in confirmed}
    return "\n".join(
        f"{item.milestone.title}（{percent(item.weight)}，{item.due}前）{reached.get(item.milestone_id, 0)}%"
        for item in project.in_force[-1].items.all()
    )


def _filter_words(season: Season, params: Params) -> str:
    """The filters in words, so that nobody takes a part for the whole."""
    words = {
        "light": lambda value: light_label(value),
        "status": lambda value: State(value).label,
        "field": lambda value: Field(value).label,
        "track": lambda value: season.tracks.filter(code=value).values_list("name", flat=True).first(),
        "brand": lambda value: Brand.objects.filter(code=value).values_list("name", flat=True).first(),
        "organization": lambda value: Organization.objects.filter(public_id=value).first(),
    }
    said = [
        f"{label}“{words[name](params[name]) or params[name] if name in words else params[name]}”"
        for name, label in FILTER_LABELS.items()
        if params.get(name)
    ]
    return f"　　筛选：{'、'.join(said)}" if said else ""


# --- 申报汇总表, 立项一览表 ---


def _build_applications(context: ExportContext) -> None:
    season = season_of(context.params)
    latest = ApplicationVersion.objects.filter(project=OuterRef("pk")).order_by("-number")
    rows = sent_applications(season).annotate(
        draft_number=Subquery(latest.values("number")[:1]), sent_at=Subquery(latest.values("submitted_at")[:1])
    )
    ledger = Ledger(
        title=f"{season.name}书记项目申报汇总表",
        note=f"申报时间：{_window(season)}　　统计日期：{day_label(context.day)}",
        columns=APPLICATIONS,
        paper="A3",
        sheet_name="申报汇总表",
    )
    found = _with_names(rows.order_by("track__position", "lead_organization__path", "title", "id"))
    brands = Prefetch("brands", Brand.objects.order_by("position", "id"))
    found = found.prefetch_related("expected_figures", brands)
    write_ledger(context.path, ledger, Rows(found, _application_cells), context.advance)


def _application_cells(project: Any) -> list[Any]:
    return [
        project.code,
        project.lead_organization.name,
        project.lead_secretary.name,
        project.title,
        project.track.name,
        project.get_field_display(),
        project.get_tier_display(),
        project.starts_on,
        project.ends_on,
        project.problem,
        project.goal,
        project.measures,
        project.expected_effect,
        "；".join(str(figure) for figure in project.expected_figures.all()),  # each with its unit, never added up
        "、".join(brand.name for brand in project.brands.all()),
        f"第{project.draft_number}稿" if project.draft_number else None,
        project.sent_at,
        project.get_state_display(),
    ]


def _build_approvals(context: ExportContext) -> None:
    season = season_of(context.params)
    ledger = Ledger(
        title=f"{season.name}书记项目立项一览表",
        note=f"统计日期：{day_label(context.day)}",
        columns=APPROVALS,
        sheet_name="立项一览表",
    )
    found = Project.objects.in_library().filter(season=season).order_by("track__position", "archive_sequence", "id")
    write_ledger(context.path, ledger, Rows(_with_names(found), _approval_cells), context.advance)


def _approval_cells(project: Project) -> list[Any]:
    return [
        project.archive_number,
        project.code,
        project.title,
        project.lead_organization.name,
        project.lead_secretary.name,
        project.track.name,
        project.get_field_display(),
        project.get_tier_display(),
        project.approved_on,
        project.starts_on,
        project.ends_on,
        project.get_state_display(),
    ]


def _with_names(projects: QuerySet[Project]) -> QuerySet[Project]:
    return projects.select_related("track", "lead_organization", "lead_secretary")


def _window(season: Season) -> str:
    return f"{day_label(season.apply_from)}至{day_label(season.apply_until)}" if season.apply_from else NONE


LEDGERS = (
    Export(
        kind="ledger",
        title="书记项目台账",
        suffix="xlsx",
        may=_reads_projects,
        build=_build_ledger,
        name=season_name("书记项目台账"),
        clean=_clean_ledger,
    ),
    Export(
        kind="applications",
        title="申报汇总表",
        suffix="xlsx",
        may=officers_only,
        build=_build_applications,
        name=season_name("书记项目申报汇总表"),
        clean=clean_season,
    ),
    Export(
        kind="approved",
        title="立项一览表",
        suffix="xlsx",
        may=officers_only,
        build=_build_approvals,
        name=season_name("书记项目立项一览表"),
        clean=clean_season,
    ),
)
