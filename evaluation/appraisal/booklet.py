"""The booklet (汇编) of a contest's candidates in Word and PDF: cover, contents, and each candidate on a new page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from django.conf import settings

from common.errors import ActionError
from common.exports import ExportContext, Params
from common.models import PictureVariant
from common.paper_layout import Captioned
from common.papers import Make, Paper, register_paper
from common.text import clean_text
from evaluation.appraisal import dossiers
from evaluation.appraisal.models import Campaign, Candidate, Contest

KIND, TITLE = "vote_booklet", "汇编"
DRAFT = "（草稿，锁定后按抽签顺序定稿）"
ORDER = "（按票面顺序排列，顺序由抽签决定）"
NONE = "—"
LOST = "（有 {} 张照片的文件已不在，未能印出）"


def register() -> None:
    """Offer the booklet; called once when the app is ready."""
    register_paper(kind=KIND, title=TITLE, may=may_see, write=write, clean=clean, name=name)


def contest_of(params: Params) -> Contest | None:
    """The contest that the parameters `campaign` and `contest` (codes) name."""
    rows = Contest.objects.filter(campaign__code=params.get("campaign", ""), code=params.get("contest", ""))
    return rows.select_related("campaign__season").first()


def may_see(user: Any, params: Params) -> bool:
    """Whoever may open the campaign's workbench pages."""
    contest = contest_of(params)
    return contest is not None and Campaign.objects.visible_to(user).filter(pk=contest.campaign_id).exists()


def clean(user: Any, params: Params) -> dict[str, Any]:
    return {name: clean_text(str(params.get(name, "")))[:40] for name in ("campaign", "contest")}


def name(params: Params) -> str:
    contest = contest_of(params)
    return f"{contest.campaign.season.name}{contest.award_title}候选项目{TITLE}" if contest else TITLE


def write(make: Make, context: ExportContext) -> Paper:
    """The booklet, in the order of the ballot. Raises ActionError if there is no candidate."""
    contest = contest_of(context.params)
    candidates = _candidates(contest) if contest else []
    if contest is None or not candidates:
        raise ActionError("这个评选项目还没有候选项目，没有可以汇编的内容。", code="no_candidates")
    found = dossiers.of_all(candidates)
    files = _files(found.values())
    draft = contest.campaign.is_draft
    paper = make(f"{contest.campaign.season.name}\n{contest.award_title}候选项目{TITLE}")
    paper.cover(subtitle=DRAFT if draft else ORDER, organization=contest.campaign.title, day=context.day)
    paper.contents()
    for done, candidate in enumerate(candidates, start=1):
        paper.page_break()
        _candidate(paper, candidate, found[candidate.pk], files)
        # Laying out and writing is the last step.
        context.advance(done, len(candidates) + 1)
    return paper


def _candidates(contest: Contest) -> list[Candidate]:
    rows = Candidate.objects.filter(contest_class__contest=contest).select_related("contest_class")
    return list(rows.order_by("contest_class__number", "number", "id"))


def _files(found: Iterable[dossiers.Dossier]) -> dict[str, Path]:
    """Where the pictures' medium sizes lie, by the pictures' keys; those whose file is gone are left out."""
    keys = [picture["id"] for dossier in found for picture in dossier.get("pictures", ())]
    rows = PictureVariant.objects.filter(picture__in=keys, name=PictureVariant.Size.MEDIUM)
    paths = {str(key): Path(settings.MEDIA_ROOT) / path for key, path in rows.values_list("picture", "path")}
    return {key: path for key, path in paths.items() if path.exists()}


def _candidate(paper: Paper, row: Candidate, dossier: dossiers.Dossier, files: Mapping[str, Path]) -> None:
    number = f"{row.number}号 " if row.number else ""
    paper.title(f"{number}{dossier['title']}")
    if row.withdrawn_on:
        paper.paragraph(f"（{row.withdrawn_on.year}年{row.withdrawn_on.month}月{row.withdrawn_on.day}日已退出评选）")
    paper.facts(_facts(row, dossier))
    _pictures(paper, dossier, files)
    for key, heading in dossiers.TEXTS.items():
        if dossier.get(key):
            paper.heading(1, heading)
            paper.paragraphs(dossier[key])
        if key == "outcome":
            _figures(paper, dossier)
    _milestones(paper, dossier)


def _facts(row: Candidate, dossier: dossiers.Dossier) -> list[list[tuple[str, str]]]:
    rows = [
        [("党组织", dossier["organization"])],
        [("领题书记", dossier["secretary"]), ("档号", dossier.get("archive_number") or NONE)],
        [("领域", dossier.get("field") or NONE), ("梯队", dossier.get("tier") or NONE)],
        [("起止时间", dossier.get("period") or NONE)],
    ]
    if dossier.get("brands"):
        rows.append([("关联品牌", "、".join(dossier["brands"]))])
    if row.contest_class.name:
        rows.append([("类别", row.contest_class.name)])
    return rows


def _pictures(paper: Paper, dossier: dossiers.Dossier, files: Mapping[str, Path]) -> None:
    pictures = dossier.get("pictures", ())
    shown: list[Captioned] = [(files[each["id"]], each["caption"]) for each in pictures if each["id"] in files]
    if len(shown) == 1:
        paper.picture(*shown[0])
    elif shown:
        paper.pictures(shown)
    if lost := len(pictures) - len(shown):
        paper.paragraph(LOST.format(lost))


def _figures(paper: Paper, dossier: dossiers.Dossier) -> None:
    if figures := dossier.get("figures"):
        rows = [[f["name"], f["promised"], f["reached"] or NONE, f["verdict"] or NONE] for f in figures]
        paper.table(["预期成效指标", "预期", "完成", "对照"], rows, (60, 36, 36, 24), centred=(1, 2, 3))


def _milestones(paper: Paper, dossier: dossiers.Dossier) -> None:
    if milestones := dossier.get("milestones"):
        paper.heading(1, "里程碑")
        rows = [[each["title"], each["due"], _percent(each["percent"])] for each in milestones]
        paper.table(["里程碑", "完成时限", "完成"], rows, (92, 40, 24), centred=(1, 2))


def _percent(value: int | None) -> str:
    return NONE if value is None else f"{value}%"
