"""Reminders (催票): at most one list a day, of who had not voted when that day's list was first asked for.

The list of a day never changes: two of them with different content would tell who voted in between. For the same
reason a new day's list replaces the last one, and its making leaves no time anywhere.
"""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse

from common import audit, days, notices
from common.actors import Actor
from common.errors import Conflict, Forbidden
from common.models import Notice
from evaluation.appraisal import rules
from evaluation.appraisal.models import Campaign, ReminderList, Voter
from organizations.people import accounts_of

State = Campaign.State
KIND = "appraisal.reminder"


def list_of_today(campaign: Campaign) -> ReminderList | None:
    """Today's list, if somebody has asked for it."""
    return campaign.reminder_lists.filter(day=days.today()).first()


@transaction.atomic
def make_list(*, campaign: Campaign, by: Actor) -> ReminderList:
    """Today's list of an open vote: made now, or as it was made before today. Raises Forbidden, Conflict.

    Who has handed in a paper ballot that is not in the box yet is not on it.
    """
    campaign = Campaign.objects.select_for_update().get(pk=campaign.pk)
    if by.user is None or not rules.can_manage_campaign(by.user):
        raise Forbidden(rules.ADMINISTRATORS)
    if made := list_of_today(campaign):
        return made
    if campaign.state != State.OPEN:
        raise Conflict("投票期间才能催票。", code="illegal_step")
    campaign.reminder_lists.all().delete()
    made = ReminderList.objects.create(campaign=campaign, day=days.today())
    made.voters.set(campaign.voters.filter(voted=False).exclude(paper=Voter.Paper.RETURNED))
    return made


@transaction.atomic
def remind(*, campaign: Campaign, by: Actor) -> bool:
    """Notices to the account voters of today's list; False if they went out today already.

    Raises Forbidden, Conflict: also where nobody on the list votes by account.
    """
    made = make_list(campaign=campaign, by=by)
    campaign = Campaign.objects.get(pk=campaign.pk)
    if was_sent(made):
        return False
    if campaign.state != State.OPEN:
        raise Conflict("投票期间才能催票。", code="illegal_step")
    by_account = made.voters.filter(channel=Voter.Channel.ACCOUNT, person__isnull=False)
    people: list[Any] = list(by_account.values_list("person", flat=True))
    if not people:
        raise Conflict("今日名单里没有用账号投票的人，请按名单电话提醒。", code="nobody")
    notices.send(
        kind=KIND,
        obj=campaign,
        period=made.day.isoformat(),
        recipients=accounts_of(people),
        title=f"请参加“{campaign.title}”",
        body="您是本次票决人员。请在截止前登录投票；已经投过票的，请忽略这条提醒。",
        url=reverse("appraisal:vote_account", args=[campaign.code]),
    )
    audit.record(by=by, action="appraisal.reminders.sent", obj=campaign, after={"day": made.day.isoformat()})
    return True


def was_sent(made: ReminderList) -> bool:
    rows = Notice.objects.filter(kind=KIND, object_type=made.campaign._meta.label_lower)
    return rows.filter(object_id=str(made.campaign_id), period=made.day.isoformat()).exists()


def names(made: ReminderList) -> QuerySet[Voter]:
    """The voters of a list as it is read out on the telephone: by category and name."""
    rows = made.voters.select_related("category", "organization")
    return rows.order_by("category__position", "category__pk", "name", "public_id")
