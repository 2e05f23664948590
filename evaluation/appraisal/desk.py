"""What every workbench page of a campaign shares: the campaign in scope, its tabs, the crumbs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import NoReverseMatch, reverse

from evaluation.appraisal import rules
from evaluation.appraisal.models import Campaign


@dataclass(frozen=True, slots=True)
class Tab:
    """A part of a campaign's workbench; `who` must hold for the person to see it."""

    part: str
    label: str
    who: str = "any"


# In the order of the work; each part's page is `appraisal:<part>` and takes the campaign's code.
TABS = (
    Tab("campaign", "概况"),
    Tab("basics", "基本信息"),
    Tab("contests", "评选项目"),
    Tab("categories", "人员类别"),
    Tab("candidates", "候选项目"),
    Tab("roll", "名册", "runs"),
    Tab("scrutineers", "监票人"),
    Tab("keys", "票箱密钥", "manages"),
    Tab("lock", "规则与锁定"),
    Tab("turnout", "投票进度"),
    Tab("paper", "纸质票", "runs"),
    Tab("count", "计票", "runs"),
    Tab("result", "结果", "runs"),
    Tab("notice", "公示与异议", "outcome"),
    Tab("awards", "获奖与证书", "outcome"),
)


def campaign_of(request: HttpRequest, code: str) -> Campaign:
    """The campaign of a workbench page. Raises Http404 out of scope."""
    rows = Campaign.objects.visible_to(request.user).select_related("season", "runoff_of")
    return get_object_or_404(rows, code=code)


def frame(request: HttpRequest, campaign: Campaign, part: str, title: str = "") -> dict[str, Any]:
    """The context that `appraisal/base_campaign.html` draws: campaign, tabs, crumbs, what the person may do."""
    manages, watches = rules.can_manage_campaign(request.user), rules.can_scrutinize(request.user, campaign)
    may = {"manages": manages, "watches": watches, "runs": manages or watches, "any": True}
    may["outcome"] = may["runs"] or rules.can_handle_objections(request.user)
    tabs = [
        {"label": tab.label, "url": url, "active": tab.part == part}
        for tab in TABS
        if may[tab.who] and (url := _address(tab.part, campaign))
    ]
    crumbs = [("我的工作台", reverse("workspace:desk")), ("年度评选", _address("campaigns", None))]
    crumbs += [(campaign.title, "" if part == "campaign" else _address("campaign", campaign))]
    crumbs += [(title, "")] if title and part != "campaign" else []
    return {"campaign": campaign, "tabs": tabs, "part": part, "crumbs": crumbs, "may": may, "page_title": title}


def _address(part: str, campaign: Campaign | None) -> str:
    try:
        return reverse(f"appraisal:{part}", args=[campaign.code] if campaign else [])
    except NoReverseMatch:
        return ""
