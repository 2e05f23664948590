"""Who may do what with the annual vote. A voter is a row of a roll, not a role: see `electors`."""

from __future__ import annotations

from evaluation.appraisal.models import Campaign
from organizations.access import Access, Role, access_of
from organizations.models import User

ADMINISTRATORS = "由年度评选管理员办理。"
SCRUTINEERS = "由本次票决的监票人办理。"
DEPARTMENT = "由区委组织部办理。"


def sees_campaigns(access: Access) -> bool:
    """Whether the list of campaigns is for this person (`Campaign.objects.visible_to` says which of them)."""
    return access.reads_everything or access.has(Role.EVALUATION_ADMINISTRATOR) or access.has(Role.SCRUTINEER)


def can_manage_campaign(user: User) -> bool:
    """Set up and run votes: the evaluation administrator (年度评选管理员) of the district."""
    return access_of(user).has(Role.EVALUATION_ADMINISTRATOR)


def can_scrutinize(user: User, campaign: Campaign) -> bool:
    """Agree, key paper ballots and sign: a scrutineer who was named for this campaign, while in that role."""
    access = access_of(user)
    return access.has(Role.SCRUTINEER) and campaign.scrutineers.filter(person=access.person_id).exists()


def can_key_paper(user: User, campaign: Campaign) -> bool:
    """Keying paper ballots takes two people: administrator or scrutineer, and another of them."""
    return can_manage_campaign(user) or can_scrutinize(user, campaign)


def can_read_count(user: User, campaign: Campaign) -> bool:
    """The counts by category, before and beside what is published: who runs the vote, and its scrutineers."""
    return can_manage_campaign(user) or can_scrutinize(user, campaign)


def can_handle_objections(user: User) -> bool:
    """Objections with their names and contacts: the administrator and the department."""
    access = access_of(user)
    return access.has(Role.EVALUATION_ADMINISTRATOR) or access.is_officer


def can_publish(user: User) -> bool:
    """The steps after 提出 of everything that the vote makes public: the department."""
    return access_of(user).is_officer


def can_decide_tier(user: User) -> bool:
    """Whether an award lifts a project's tier is the officer's decision."""
    return access_of(user).is_officer
