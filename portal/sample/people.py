"""The sample's people, named by their post, and its accounts."""

from __future__ import annotations

from datetime import date

from django.conf import settings
from django.utils.crypto import get_random_string

from common.actors import Actor
from organizations import actions
from organizations.models import Organization, Person, User
from portal.sample.organizations import MARK

# username, name, organization, post
POSTS = [
    ("secretary", "street1", "secretary"),
    ("branchsec", "branch1", "secretary"),
    ("clerk", "street1", "clerk"),
    ("outsider", "street2", "secretary"),
]
ROLES = [
    ("officer", "组织部工作人员（示例）", "department_officer"),
    ("leader", "区领导（示例）", "district_leader"),
    ("evaladmin", "年度评选管理员（示例）", "evaluation_administrator"),
    ("scrutineer", "监票人（示例）", "scrutineer"),
    ("auditor", "审计员（示例）", "auditor"),
    ("sysadmin", "系统管理员（示例）", "system_administrator"),
]
CONTACTS = ("组织部联系人一（示例）", "组织部联系人二（示例）")
REVIEWERS = ("评审人一（示例）", "评审人二（示例）", "评审人三（示例）")
WORDS = {"secretary": "书记", "clerk": "党务干事"}


def password() -> str:
    """The password of all sample accounts: set, or made once and kept for the start command to print."""
    if settings.DEMO_PASSWORD:
        return settings.DEMO_PASSWORD
    kept = settings.VAR_DIR / "demo-password"
    if not kept.exists():
        keep("demo-password", get_random_string(12))
    return str(kept.read_text()).strip()


def keep(name: str, text: str) -> None:
    """Write a file of the portal's folder that its owner alone can read."""
    kept = settings.VAR_DIR / name
    kept.touch(mode=0o600)
    kept.write_text(text)


def post_name(organization: Organization, post: str) -> str:
    """“示例第一街道书记” for a post of an organization; people of the sample are never named like real ones."""
    place = organization.name.removesuffix(MARK)
    for tail in ("党工委", "党委", "党总支", "党组"):
        place = place.removesuffix(tail)
    return f"示例{place}{WORDS[post]}"


class Cast:
    """People and accounts, made as they are asked for."""

    def __init__(self, organizations: dict[str, Organization], since: date, by: Actor) -> None:
        self.organizations, self.since, self.by = organizations, since, by
        self.secretaries: dict[str, User] = {}
        self.accounts: dict[str, User] = {}
        word = password()
        for username, place, post in POSTS:
            user = self._account(username, post_name(organizations[place], post), word)
            self._appoint(user, place, post)
            if post == "secretary":
                self.secretaries[place] = user
        for username, name, role in ROLES:
            user = self._account(username, name, word)
            actions.grant_role(person=user.person, role=role, since=since, by=by)
        self.contacts = [self._account(f"contact{n}", name, word) for n, name in enumerate(CONTACTS, start=1)]
        for user in self.contacts:
            actions.grant_role(person=user.person, role="department_officer", since=since, by=by)

        self.reviewers = [self._account(f"reviewer{n}", name, word) for n, name in enumerate(REVIEWERS, start=1)]

    def secretary_of(self, place: str) -> User:
        """The secretary of an organization; most of them have an account without a password."""
        if place not in self.secretaries:
            name = post_name(self.organizations[place], "secretary")
            user = self._account(f"sec-{place}", name, None)
            self._appoint(user, place, "secretary")
            self.secretaries[place] = user
        return self.secretaries[place]

    def secretary_by_person(self, person: int | None) -> User:
        """The account of somebody who was asked for as a secretary before."""
        return next(user for user in self.secretaries.values() if user.person_id == person)

    def _account(self, username: str, name: str, word: str | None) -> User:
        person = Person.objects.create(name=name)
        user = actions.create_account(person=person, username=username, password=word, by=self.by, is_sample=True)
        self.accounts[username] = user
        return user

    def _appoint(self, user: User, place: str, post: str) -> None:
        actions.appoint(
            person=user.person,
            organization=self.organizations[place],
            post=post,
            since=self.since,
            by=self.by,
        )
