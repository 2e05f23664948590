"""The scrutineers (监票人) of a draft: named before the lock, with no stake in any candidate."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction
from django.db.models import QuerySet

from common import audit
from common.actors import Actor
from common.errors import ActionError
from evaluation.appraisal.campaigns import draft_under_lock
from evaluation.appraisal.models import Campaign, CampaignScrutineer
from organizations.access import Role
from organizations.models import Appointment, Person, RoleGrant

# Whom something bars from being a scrutineer, what it is, and the cure.
Bar = tuple[Person, str, str]


def holders_of_the_role() -> QuerySet[Person]:
    """Who holds the role of scrutineer today and has an account to sign with."""
    grants = RoleGrant.objects.in_force().filter(role=Role.SCRUTINEER, organization=None)
    return Person.objects.filter(pk__in=grants.values("person"), user__is_active=True).order_by("name", "pk")


@transaction.atomic
def set_scrutineers(*, campaign: Campaign, persons: Iterable[Person], by: Actor) -> Campaign:
    """Name the scrutineers of a draft, whole. Raises Forbidden, Conflict, ActionError under `persons`."""
    campaign = draft_under_lock(campaign, by)
    wanted = {person.pk: person for person in persons}
    people = list(wanted.values())
    if messages := [f"{person}{words}{cure}" for person, words, cure in unable(people) + stakes(campaign, people)]:
        raise ActionError("监票人有误，请按提示修改。", fields={"persons": messages})
    before = [str(row.person) for row in campaign.scrutineers.select_related("person")]
    campaign.scrutineers.exclude(person__in=wanted).delete()
    kept = set(campaign.scrutineers.values_list("person", flat=True))
    CampaignScrutineer.objects.bulk_create(
        CampaignScrutineer(campaign=campaign, person=person) for key, person in wanted.items() if key not in kept
    )
    after = [str(row.person) for row in campaign.scrutineers.select_related("person")]
    if before != after:
        audit.record(
            by=by,
            action="appraisal.scrutineers.set",
            obj=campaign,
            before={"scrutineers": before},
            after={"scrutineers": after},
        )
    return campaign


def unable(people: Iterable[Person]) -> list[Bar]:
    """Who could not sign: the role or the account is gone, or never was."""
    able = set(holders_of_the_role().values_list("pk", flat=True))
    return [
        (person, "没有监票人的角色或可用的账号，", "请换人，或由系统管理员开通。")
        for person in people
        if person.pk not in able
    ]


def stakes(campaign: Campaign, people: Iterable[Person]) -> list[Bar]:
    """What bars people from being scrutineers of this campaign, and its cure, in words; a fixed number of queries."""
    known = {person.pk: person for person in people}
    columns = ("project__lead_organization", "project__lead_organization__name", "project__lead_secretary")
    standing = list(campaign.candidates.order_by("pk").values_list(*columns))
    leads = {organization: name for organization, name, _ in standing}
    posts = Appointment.objects.in_force().filter(person__in=known, organization__in=leads).order_by("pk")
    found = [
        (person, f"在候选项目的党组织“{leads[organization]}”任职，", "请换人。")
        for person, organization in posts.values_list("person", "organization")
    ]
    led = [secretary for _, _, secretary in standing if secretary in known]
    found += _each(led, "是候选项目的领题书记，", "请换人。")
    voters = campaign.voters.filter(person__in=known).order_by("pk")
    found += _each(voters.values_list("person", flat=True), "在投票名册中，", "监票人不投票，请换人或移出名册。")
    runners = RoleGrant.objects.in_force().filter(role=Role.EVALUATION_ADMINISTRATOR, person__in=known).order_by("pk")
    found += _each(runners.values_list("person", flat=True), "是年度评选管理员，", "组织和监票须分开，请换人。")
    return [(known[person], words, cure) for person, words, cure in found]


def _each(persons: Iterable[int | None], words: str, cure: str) -> list[tuple[int, str, str]]:
    return [(person, words, cure) for person in dict.fromkeys(persons) if person is not None]
