"""Recusal (回避): on whom a voter does not vote, computed from the organization tree and the projects' people.

Recused are the voter's own organization, those above and below it, and projects that the voter leads, has led,
works on or has reviewed. The district committee itself is above everybody alike and recuses nobody.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import transaction

from common.names import person_words
from evaluation.appraisal.models import Campaign, Candidate, Recusal, Voter
from organizations.models import Appointment, Organization
from projects.models import LeadTerm, Review, TeamMember


def reasons(campaign: Campaign, voters: Iterable[Voter] | None = None) -> list[Recusal]:
    """The recusals, unsaved, of these voters (or all of the roll); a handful of queries however many there are."""
    rows = Voter.objects.filter(campaign=campaign).select_related("organization", "category")
    people = list(rows if voters is None else rows.filter(pk__in=[voter.pk for voter in voters]))
    candidates = list(
        Candidate.objects.filter(campaign=campaign).select_related("project__lead_organization").order_by("id")
    )
    places = _places(people)
    roles = _roles(candidates, {voter.person_id for voter in people if voter.person_id})
    team = _team(candidates)
    found = []
    for voter in people:
        for candidate in candidates:
            reason = roles.get((voter.person_id, candidate.project_id), "") if voter.person_id else ""
            if not reason and person_words(voter.name) in team.get(candidate.project_id, ()):
                reason = "与项目组成员同名"
            reason = reason or _kinship(places.get(voter.pk, ()), candidate.project.lead_organization)
            if reason:
                found.append(Recusal(voter=voter, candidate=candidate, reason=reason))
    return found


@transaction.atomic
def recompute(campaign: Campaign) -> list[Recusal]:
    """Write the recusals of a draft anew; all of them. The lock calls this a last time."""
    Recusal.objects.filter(voter__campaign=campaign).delete()
    return Recusal.objects.bulk_create(reasons(campaign), batch_size=1000)


def _places(voters: Iterable[Voter]) -> dict[int, list[Organization]]:
    """The organizations of each voter: the one on the roll, and where the person holds a post today."""
    found: dict[int, list[Organization]] = {v.pk: [v.organization] for v in voters if v.organization is not None}
    by_person = {voter.person_id: voter.pk for voter in voters if voter.person_id}
    posts = Appointment.objects.in_force().filter(person__in=by_person).select_related("organization").order_by("id")
    for post in posts:
        found.setdefault(by_person[post.person_id], []).append(post.organization)
    return found


def _kinship(places: Iterable[Organization], lead: Organization) -> str:
    for place in places:
        if place.path == lead.path:
            return "本人所在党组织的项目"
        if place.depth > 1 and lead.path.startswith(place.path):
            return f"下级党组织“{lead.label}”的项目"
        if lead.depth > 1 and place.path.startswith(lead.path):
            return f"上级党组织“{lead.label}”的项目"
    return ""


def _roles(candidates: Iterable[Candidate], persons: set[Any]) -> dict[tuple[Any, int], str]:
    projects = [candidate.project_id for candidate in candidates]
    found: dict[tuple[Any, int], str] = {}
    reviews = Review.objects.filter(screening__project__in=projects, reviewer__in=persons).exclude(sent_at=None)
    for pair in reviews.values_list("reviewer", "screening__project"):
        found[pair] = "本人评审过的项目"
    for pair in LeadTerm.objects.filter(project__in=projects, person__in=persons).values_list("person", "project"):
        found[pair] = "本人领题的项目"
    for candidate in candidates:
        found[(candidate.project.lead_secretary_id, candidate.project_id)] = "本人领题的项目"
    return found


def _team(candidates: Iterable[Candidate]) -> dict[int, set[str]]:
    found: dict[int, set[str]] = {}
    rows = TeamMember.objects.filter(project__in=[candidate.project_id for candidate in candidates])
    for project, name in rows.values_list("project", "name"):
        found.setdefault(project, set()).add(person_words(name))
    return found
