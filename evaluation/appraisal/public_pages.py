"""What the public pages of a vote show; everything here is public by `publishing`."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from django.urls import reverse

from evaluation.appraisal import count_sheet, manifest, publishing, rule_sheet, runoffs, shortfall
from evaluation.appraisal.models import Campaign, Candidate, PublicNotice

State = Campaign.State
# What a visitor is told instead of the state's word at the desk; a count that is not public yet is still being counted.
STATE_WORDS = {
    State.LOCKED: "即将投票",
    State.OPEN: "投票中",
    State.CLOSED: "投票已截止，等待计票",
    State.MIXED: "投票已截止，等待计票",
    State.COUNTED: "投票已截止，等待结果公示",
    State.CONFIRMED: "投票已截止，等待结果公示",
    State.NOTICED: "结果公示中",
    State.FINAL: "结果已生效",
    State.ARCHIVED: "结果已生效",
    State.VOIDED: "已作废",
}


def state_words(campaign: Campaign) -> str:
    return STATE_WORDS[State(campaign.state)]


def listing(campaigns: Iterable[Campaign]) -> dict[str, Any]:
    return {
        "running": PublicNotice.objects.running(),
        "votes": [(campaign, state_words(campaign)) for campaign in campaigns],
        "crumbs": [("首页", reverse("public:home")), ("评选公告", "")],
    }


def vote(campaign: Campaign, base: str) -> dict[str, Any]:
    """The page of one announced vote; `base` is the site's address, for the command that anybody can copy."""
    fixed = manifest.of(campaign)
    result = publishing.result_of(campaign)
    files = publishing.files(campaign)
    return {
        "campaign": campaign,
        "state_words": state_words(campaign),
        "announcement": campaign.announcement,
        "parts": rule_sheet.sentences(fixed),
        "figures": _figures(fixed),
        "contests": _contests(campaign, fixed),
        "gone": list(campaign.candidates.exclude(withdrawn_on=None).select_related("project")),
        "recorded": shortfall.on_record(campaign) if result else [],
        "voided": _void_reason(campaign),
        "first_vote": publishing.announced().filter(runoffs=campaign).first(),
        "sheet": _sheet(campaign, fixed, result),
        "runoffs": list(publishing.announced().filter(runoff_of=campaign)),
        "notices": list(PublicNotice.objects.shown().filter(campaign=runoffs.first_vote(campaign)).order_by("-round")),
        "crumbs": [
            ("首页", reverse("public:home")),
            ("评选公告", reverse("appraisal:public_votes")),
            (campaign.title, ""),
        ],
        **_recount(campaign, result, files, base),
    }


def _recount(
    campaign: Campaign, result: dict[str, Any] | None, files: list[publishing.PublicFile], base: str
) -> dict[str, Any]:
    """What the section “自己动手核对” says: the files, their hashes, and the very command."""
    package = publishing.package_name(campaign)
    address = reverse("appraisal:public_file", args=[campaign.code, package])
    digest = publishing.result_sha256(campaign.tally) if result else ""
    is_withheld = bool(result and "commitment" in result)
    checked = f" --result-sha256 {digest}" if digest else ""
    return {
        "files": files,
        "package": package,
        "package_url": address,
        "result_sha256": digest,
        "digest_name": publishing.PUBLISHED_DIGEST if is_withheld else "公布的结果摘要",
        "is_withheld": is_withheld,
        "why_two_digests": publishing.WHY_TWO_DIGESTS if is_withheld else "",
        "commitment": campaign.tally.commitment if is_withheld else "",
        "codes_number": sum(len(lot.codes.split()) for lot in campaign.lots.all()) if files else 0,
        "has_check": campaign.state in publishing.FROM_THE_OPENING,
        "commands": [
            f"curl -O {base}{address}",
            f"unzip {package} verify_tally.py",
            f"python3 verify_tally.py {package}{checked}",
        ],
        "verifier_changed": bool(files) and files[-1].sha256 != manifest.of(campaign)["verifier_sha256"],
    }


def _sheet(campaign: Campaign, fixed: dict[str, Any], result: dict[str, Any] | None) -> count_sheet.Sheet | None:
    if result is None:
        return None
    detail = campaign.tally.detail_published
    return count_sheet.sheet(fixed, result, json.loads(campaign.tally.counts) if detail else None)


def _figures(fixed: dict[str, Any]) -> dict[str, int]:
    classes = [each for contest in fixed["contests"] for each in contest["classes"]]
    return {
        "contests": len(fixed["contests"]),
        "candidates": sum(len(each["candidates"]) for each in classes),
        "seats": sum(each["seats"] for each in classes),
        "roll": sum(row["roll"] for row in fixed["categories"]),
        "categories": len(fixed["categories"]),
    }


def _contests(campaign: Campaign, fixed: dict[str, Any]) -> list[dict[str, Any]]:
    """The candidates as the voters see them, by contest and class, in the order of the ballot."""
    rows = Candidate.objects.filter(campaign=campaign).select_related("project", "contest_class")
    by_code = {row.code: row for row in rows}
    return [
        {
            "award": contest["award"],
            "method": rule_sheet.METHODS[contest["method"]],
            "name": each["name"],
            "seats": each["seats"],
            "candidates": [(row, by_code[row["code"]]) for row in each["candidates"]],
        }
        for contest in fixed["contests"]
        for each in contest["classes"]
    ]


def _void_reason(campaign: Campaign) -> str:
    rows = campaign.state_changes.filter(to_state=State.VOIDED)
    return rows.values_list("reason", flat=True).first() or ""
