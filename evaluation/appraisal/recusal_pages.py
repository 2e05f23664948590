"""Recusals (回避) as people read them: by voter and by candidate, computed before the lock and fixed by it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from evaluation.appraisal import recusal
from evaluation.appraisal.models import Campaign, Candidate, Recusal, Voter


def listing(campaign: Campaign) -> dict[str, Any]:
    """The context of the page; the number of queries does not depend on roll or candidates.

    `by_voter`: (voter, recusals, whether nothing is left to vote on); `by_candidate`: (candidate, recusals).
    """
    found = recusal.reasons(campaign) if campaign.is_draft else list(fixed(campaign))
    voters = {row.pk: row for row in campaign.voters.select_related("category", "organization")}
    rows = Candidate.objects.filter(campaign=campaign).select_related(
        "project__lead_organization", "contest_class__contest"
    )
    candidates = {row.pk: row for row in rows}
    by_voter: dict[int, list[Recusal]] = defaultdict(list)
    by_candidate: dict[int, list[Recusal]] = defaultdict(list)
    for each in found:
        each.voter, each.candidate = voters[each.voter_id], candidates[each.candidate_id]
        by_voter[each.voter_id].append(each)
        by_candidate[each.candidate_id].append(each)
    whole = len(candidates)
    return {
        "by_voter": [(voters[pk], own, len(own) == whole) for pk, own in by_voter.items()],
        "by_candidate": [(row, by_candidate[pk]) for pk, row in candidates.items() if by_candidate[pk]],
        "everything": [str(voters[pk]) for pk, own in by_voter.items() if len(own) == whole],
        "voters": len(voters),
        "candidates": whole,
        "recusals": len(found),
    }


def fixed(campaign: Campaign) -> Iterable[Recusal]:
    """The recusals that the lock has fixed."""
    rows = Recusal.objects.filter(voter__campaign=campaign)
    return rows.order_by("voter__category__position", "voter__name", "voter_id", "candidate__number", "pk")


def of_voter(voter: Voter) -> list[Recusal]:
    """The recusals of one voter, with their candidates."""
    if voter.campaign.is_draft:
        return recusal.reasons(voter.campaign, [voter])
    rows = Recusal.objects.filter(voter=voter).select_related("candidate__project", "candidate__contest_class__contest")
    return list(rows.order_by("candidate__number", "pk"))
