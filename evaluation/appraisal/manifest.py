"""The manifest (规则清单): everything that the lock fixes, as canonical JSON without floats, and its SHA-256.

What is counted, shown to voters and published is read from the manifest, not from the tables behind it.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import Count

from common import days
from evaluation.appraisal.models import Campaign, Candidate, Contest, Recusal

FORMAT = 1
SOFTWARE = "red-matrix appraisal 1"


def canonical(value: Any) -> str:
    """The one text of a value: sorted keys, no spaces, no ASCII escapes. Raises TypeError for a float."""
    _refuse_floats(value)
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def shuffled_by(seed: str, codes: list[str]) -> list[str]:
    """A seeded lot (抽签) that anybody can repeat: sorted by the SHA-256 of seed, colon and code."""
    return sorted(codes, key=lambda code: sha256(f"{seed}:{code}"))


def build(campaign: Campaign, verifier_sha256: str, recused: Iterable[Recusal]) -> dict[str, Any]:
    """The manifest of a campaign whose candidates are numbered; `recused` as `recusal.reasons` found them."""
    return {
        "format": FORMAT,
        "software": SOFTWARE,
        "verifier_sha256": verifier_sha256,
        "campaign": campaign.code,
        "title": campaign.title,
        "season": campaign.season.name,
        "runoff_of": campaign.runoff_of.code if campaign.runoff_of else None,
        "approval": {
            "number": campaign.approval_number,
            "on": campaign.approval_on.isoformat() if campaign.approval_on else None,
            "body": campaign.approval_body,
        },
        "opens_at": _moment(campaign.opens_at),
        "closes_at": _moment(campaign.closes_at),
        "quorum": [campaign.quorum_part, campaign.quorum_whole],
        "category_quorum": [campaign.category_quorum_part, campaign.category_quorum_whole],
        "category_minimum": campaign.category_minimum,
        "small_signoff": campaign.small_signoff,
        "shortfall": campaign.shortfall_rule,
        "detail": campaign.detail_rule,
        "detail_signoff": campaign.detail_signoff,
        "lot_size": campaign.lot_size,
        "notice_days": campaign.notice_days,
        "categories": [_category(row) for row in _categories(campaign)],
        "contests": [_contest(row) for row in _contests(campaign)],
        "recusals": _recusals(recused),
        "order_seed": campaign.order_seed,
        "scrutineers": [str(row.person) for row in campaign.scrutineers.select_related("person")],
        "key_holders": [{"name": row.name, "body": row.body} for row in campaign.key_holders.all()],
        "public_key": campaign.public_key,
    }


def of(campaign: Campaign) -> dict[str, Any]:
    """The manifest of a locked campaign, as it was written."""
    found: dict[str, Any] = json.loads(campaign.manifest)
    return found


def _categories(campaign: Campaign) -> Any:
    return campaign.categories.select_related("merge_into").annotate(roll=Count("voters")).order_by("position", "id")


def _category(row: Any) -> dict[str, Any]:
    return {
        "code": row.code,
        "name": row.name,
        "unconfirmed": row.unconfirmed,
        "weight": row.weight,
        "roll": row.roll,
        "tie_order": row.tie_order,
        "merge_into": row.merge_into.code if row.merge_into else None,
    }


def _contests(campaign: Campaign) -> Any:
    return campaign.contests.prefetch_related("classes__candidates__project__lead_organization")


def _contest(row: Contest) -> dict[str, Any]:
    return {
        "code": row.code,
        "award": row.award_title,
        "method": row.method,
        "over_half": row.over_half,
        "must_fill": row.must_fill,
        "tie_rule": row.tie_rule,
        "classes": [
            {
                "number": each.number,
                "name": each.name,
                "seats": each.seats,
                "candidates": [_candidate(c) for c in sorted(each.candidates.all(), key=lambda c: c.number or 0)],
            }
            for each in row.classes.all()
        ],
    }


def _candidate(row: Candidate) -> dict[str, Any]:
    return {
        "code": row.code,
        "number": row.number,
        "project": row.project.title,
        "organization": row.project.lead_organization.name,
        "presentation": row.presentation,
        "dossier_sha256": sha256(canonical(row.dossier)),
    }


def _recusals(recused: Iterable[Recusal]) -> dict[str, dict[str, int]]:
    """How many voters of each category are recused for each candidate: counts, never names."""
    counted = Counter((row.candidate.code, row.voter.category.code) for row in recused)
    found: dict[str, dict[str, int]] = {}
    for (candidate, category), number in sorted(counted.items()):
        found.setdefault(candidate, {})[category] = number
    return found


def _moment(moment: Any) -> str | None:
    return moment.astimezone(days.SHANGHAI).isoformat(timespec="seconds") if moment else None


def _refuse_floats(value: Any) -> None:
    if isinstance(value, float):
        raise TypeError("a manifest holds no floats")
    if isinstance(value, Mapping):
        for each in value.values():
            _refuse_floats(each)
    elif isinstance(value, list | tuple):
        for each in value:
            _refuse_floats(each)
