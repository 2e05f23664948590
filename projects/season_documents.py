"""A season's papers as Word: the call for applications, 意见汇总 and 项目册."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from django.db.models import Prefetch, Q

from common.documents import OfficialDocument
from common.errors import ActionError
from common.exports import Export, ExportContext, Params
from common.templatetags.ui import NONE, day_label, percent, points
from organizations.access import access_of
from projects import ranking, rules
from projects.application_fields import LABELS, TEXTS
from projects.application_pages import WHOLE
from projects.ledgers import clean_season, officers_only, season_name, season_of
from projects.models import Announcement, ApplicationComment, Plan, PlanItem, Project, Review, Screening, Season
from projects.project_documents import DEPARTMENT

_TENS = "一二三四五六七八九十"
# A line of a call that is a heading: 一、 or （一） and few words without a full stop.
_HEADINGS = (
    re.compile("[一二三四五六七八九十]{1,3}、[^。]{1,30}"),
    re.compile("（[一二三四五六七八九十]{1,3}）[^。]{1,30}"),
)
STEP = 10  # projects between two signs of progress
OWN = "本人领题的项目，回避，不列评审情况。"


# --- 申报通知 ---


def announcement(row: Announcement) -> OfficialDocument:
    document = OfficialDocument(row.title, number=row.number, addressee=row.addressee)
    for line in (line.strip() for line in row.body.splitlines()):
        level = next((level for level, found in enumerate(_HEADINGS, start=1) if found.fullmatch(line)), None)
        if level:
            document.heading(level, line, numbered=False)
        else:
            document.paragraphs(line)
    document.signature(DEPARTMENT, row.issued_on, stamp=False)
    return document


def _announcement(params: Params) -> Announcement | None:
    return Announcement.objects.filter(season__code=str(params.get("season", ""))).first()


def _may_read_call(user: Any, params: Params) -> bool:
    """Everybody once it is issued, the department before."""
    row = _announcement(params)
    return row is not None and (row.issued_on is not None or rules.can_manage_seasons(user))


def _clean_call(user: Any, params: Params) -> dict[str, Any]:
    return {"season": str(params.get("season", ""))}


def _build_call(context: ExportContext) -> None:
    row = _announcement(context.params)
    if row is None:
        raise ActionError("申报通知已经不在了。", code="not_found")
    announcement(row).save(context.path)


def _call_name(params: Params) -> str:
    row = _announcement(params)
    return row.title if row else "申报通知"


# --- 意见汇总 ---


def _build_opinions(context: ExportContext) -> None:
    """Decision, mean and comments of each project by track; the reviewers are not named.

    Nobody is shown how his own project was scored.
    """
    season = season_of(context.params)
    document = OfficialDocument(f"{season.name}书记项目评审意见汇总")
    projects = _screened(season)
    own = access_of(context.user).person_id
    number, track = 0, None
    for done, project in enumerate(projects, start=1):
        if project.track != track:
            number, track = 0, project.track
            document.heading(1, track.name)
        number += 1
        document.heading(2, f"{number}. {project.title}", numbered=False)
        if project.lead_secretary_id == own:
            document.paragraph(OWN)
        else:
            _opinions(document, project)
        if done % STEP == 0:
            context.advance(done, len(projects))
    if not projects:
        document.paragraph("还没有进入评审的申报。")
    document.signature(DEPARTMENT, context.day)
    document.save(context.path)


def _screened(season: Season) -> list[Any]:
    """The projects that are or were in review, by track and then by mean, with what was said of them."""
    said = ApplicationComment.objects.filter(Q(review=None) | Q(review__sent_at__isnull=False))
    said = said.select_related("version").order_by("version__number", "id")
    rounds = Screening.objects.prefetch_related(Prefetch("reviews", Review.objects.sent().order_by("sent_at", "id")))
    found = ranking.ranked(season).select_related("track", "lead_organization", "lead_secretary")
    found = found.prefetch_related(
        Prefetch("screenings", rounds.order_by("round"), to_attr="rounds"),
        Prefetch("application_comments", said, to_attr="said"),
    )
    return sorted(found, key=lambda project: (project.track.position, project.track_id))


def _opinions(document: OfficialDocument, project: Any) -> None:
    rounds = {row.pk: row for row in project.rounds}
    latest, scored = rounds[project.round_id], rounds[project.scored_id]
    decision = latest.get_decision_display() or "待决定"
    document.facts(
        [
            [("党组织", project.lead_organization.name), ("领题书记", project.lead_secretary.name)],
            [("评审", f"第{latest.round}轮，{project.sent}人已评"), ("平均分", _points(project.mean))],
            [("决定", decision), ("最高、最低", f"{_points(project.high)}、{_points(project.low)}")],
            *([[("决定意见", latest.reason)]] if latest.reason else []),
        ]
    )
    opinions = [review.opinion for review in scored.reviews.all() if review.opinion]
    if opinions:
        document.heading(3, "总体意见", numbered=False)
        for text in opinions:
            document.paragraphs(text)
    if project.said:
        document.heading(3, "各栏意见和答复", numbered=False)
        document.table(["稿次", "栏目", "意见", "答复"], _said(project.said), (18, 30, 60, 48), centred=(0,))


def _said(comments: Iterable[ApplicationComment]) -> Iterator[list[str]]:
    for comment in comments:
        field = LABELS.get(comment.field, WHOLE)
        yield [f"第{comment.version.number}稿", field, comment.text, comment.answer or NONE]


def _points(value: float | None) -> str:
    return NONE if value is None else f"{points(round(value))}分"


# --- 项目册 ---


def _build_book(context: ExportContext) -> None:
    """A list of the season's projects, then one on each page."""
    season = season_of(context.params)
    projects = _in_library(season)
    document = OfficialDocument(f"{season.name}书记项目册")
    if projects:
        contents = [
            [turn, p.title, p.lead_organization.name, p.lead_secretary.name, p.archive_number]
            for turn, p in enumerate(projects, start=1)
        ]
        head = ["序号", "项目名称", "党组织", "领题书记", "档号"]
        document.table(head, contents, (14, 50, 42, 22, 28), centred=(0, 3, 4))
    else:
        document.paragraph("还没有立项的项目。")
    for done, project in enumerate(projects, start=1):
        document.page_break()
        document.title(project.title)
        _page(document, project)
        if done % STEP == 0:
            context.advance(done, len(projects))
    document.save(context.path)


def _in_library(season: Season) -> list[Any]:
    items = Prefetch("items", PlanItem.objects.select_related("milestone"))
    frozen = Plan.objects.exclude(frozen_on=None).order_by("effective_from", "version").prefetch_related(items)
    rows = (
        Project.objects.in_library()
        .filter(season=season)
        .select_related("lead_organization", "lead_secretary", "track")
    )
    rows = rows.prefetch_related("expected_figures", "team", Prefetch("plans", frozen, to_attr="frozen_plans"))
    return list(rows.order_by("track__position", "archive_sequence", "id"))


def _page(document: OfficialDocument, project: Any) -> None:
    team = "、".join(member.name for member in project.team.all())
    document.facts(
        [
            [("档号", project.archive_number), ("赛道", project.track.name)],
            [("党组织", project.lead_organization.name), ("领题书记", project.lead_secretary.name)],
            [("领域", project.get_field_display() or NONE), ("状态", project.get_state_display())],
            [("开始日期", day_label(project.starts_on)), ("完成时限", day_label(project.ends_on))],
            *([[("项目组", team)]] if team else []),
            *([(LABELS[name], getattr(project, name))] for name in TEXTS if getattr(project, name)),
        ]
    )
    if figures := [[figure.name, figure.text] for figure in project.expected_figures.all()]:
        document.table(["预期成效指标", "数量"], figures, (104, 52), centred=(1,))
    if project.frozen_plans:
        rows = [
            [item.milestone.title, percent(item.weight), day_label(item.start), day_label(item.due)]
            for item in project.frozen_plans[-1].items.all()
        ]
        document.table(["里程碑", "权重", "开始", "完成时限"], rows, (60, 20, 38, 38), centred=(1, 2, 3))


SEASON_PAPERS = (
    Export(
        kind="announcement",
        title="申报通知",
        suffix="docx",
        may=_may_read_call,
        build=_build_call,
        name=_call_name,
        clean=_clean_call,
    ),
    Export(
        kind="opinions",
        title="意见汇总",
        suffix="docx",
        may=officers_only,
        build=_build_opinions,
        name=season_name("书记项目评审意见汇总"),
        clean=clean_season,
    ),
    Export(
        kind="project_book",
        title="项目册",
        suffix="docx",
        may=officers_only,
        build=_build_book,
        name=season_name("书记项目册"),
        clean=clean_season,
    ),
)
