"""What every workbench page of a campaign shares: the campaign in scope, its tabs, the crumbs."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import NoReverseMatch, reverse

from common.errors import Conflict
from evaluation.appraisal import rules
from evaluation.appraisal.models import Campaign


@dataclass(frozen=True, slots=True)
class Tab:
    """A part of a campaign's workbench, under the stage of the work; `who` must hold for the person to see it."""

    stage: str
    part: str
    label: str
    who: str = "any"


# In the order of the work; each part's page is `appraisal:<part>` and takes the campaign's code.
TABS = (
    Tab("", "campaign", "概况"),
    Tab("准备", "basics", "基本信息"),
    Tab("准备", "contests", "评选项目"),
    Tab("准备", "categories", "人员类别"),
    Tab("准备", "candidates", "候选项目"),
    Tab("准备", "roll", "名册", "runs"),
    Tab("准备", "scrutineers", "监票人"),
    Tab("准备", "keys", "票箱密钥", "manages"),
    Tab("准备", "lock", "规则与锁定"),
    Tab("准备", "announcement", "评选公告"),
    Tab("投票", "turnout", "投票进度"),
    Tab("投票", "paper", "纸质票", "runs"),
    Tab("结果", "count", "计票", "runs"),
    Tab("结果", "result", "结果", "runs"),
    Tab("结果", "notice", "公示与异议", "outcome"),
    Tab("结果", "awards", "获奖与证书", "outcome"),
)
LABELS = {tab.part: tab.label for tab in TABS}


def campaign_of(request: HttpRequest, code: str) -> Campaign:
    """The campaign of a workbench page. Raises Http404 out of scope."""
    rows = Campaign.objects.visible_to(request.user).select_related("season", "runoff_of")
    return get_object_or_404(rows, code=code)


def frame(request: HttpRequest, campaign: Campaign, part: str, title: str = "") -> dict[str, Any]:
    """The context that `appraisal/base_campaign.html` draws: campaign, tabs, crumbs, what the person may do."""
    user: Any = request.user
    manages, watches = rules.can_manage_campaign(user), rules.can_scrutinize(user, campaign)
    may = {"manages": manages, "watches": watches, "runs": manages or watches, "any": True}
    may["outcome"] = may["runs"] or rules.can_handle_objections(user)
    title = title or LABELS.get(part, "")
    crumbs = [*top_crumbs(), (campaign.title, "" if part == "campaign" else address("campaign", campaign))]
    return {
        "campaign": campaign,
        "stages": _stages(campaign, part, may),
        "part": part,
        "crumbs": [*crumbs, (title, "")] if part != "campaign" else crumbs,
        "may": may,
        "editable": manages and campaign.is_draft,
        "page_title": campaign.title if part == "campaign" else f"{title} · {campaign.title}",
        "part_title": title,
        "paper_params": {"campaign": campaign.code},
    }


def mark(values: Any) -> str:
    """What a form was made from, for it to send back as `made_from`."""
    return hashlib.sha256(repr(values).encode()).hexdigest()[:16]


def refuse_stale(request: HttpRequest, values: Any) -> None:
    """Raise Conflict if the form that is sent was made from other values than those that stand.

    A part of the set-up is saved whole: what another tab or person saved meanwhile would go without a word. The page
    that answers has what was typed and the new mark, so that saving again is a decision.
    """
    if request.POST.get("made_from", mark(values)) != mark(values):
        raise Conflict(
            "这一页打开以后，别处又保存过改动。您填写的内容还在本页，没有保存；"
            "请另开一页看看改了什么，再保存一次即以本页为准。",
            code="stale_draft",
        )


def top_crumbs() -> list[tuple[str, str]]:
    return [("我的工作台", reverse("workspace:desk")), ("年度评选", address("campaigns"))]


def address(part: str, campaign: Campaign | None = None) -> str:
    """Where a part of a campaign is shown; empty while no page has that name."""
    try:
        return reverse(f"appraisal:{part}", args=[campaign.code] if campaign else [])
    except NoReverseMatch:
        return ""


def _stages(campaign: Campaign, part: str, may: dict[str, bool]) -> list[dict[str, Any]]:
    """The tabs by stage of the work, those that the person may see."""
    found: list[dict[str, Any]] = []
    for tab in TABS:
        url = address(tab.part, campaign) if may[tab.who] else ""
        if not url:
            continue
        if not found or found[-1]["label"] != tab.stage:
            found.append({"label": tab.stage, "tabs": []})
        found[-1]["tabs"].append({"label": tab.label, "url": url, "active": tab.part == part})
    return found
