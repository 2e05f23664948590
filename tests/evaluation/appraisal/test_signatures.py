"""Signing a count: every scrutineer, password again, the very result that was looked at."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse

from common import days
from common.models import AuditEntry
from evaluation.appraisal import lifecycle, progress, signatures
from evaluation.appraisal.models import Campaign, CampaignScrutineer, TallySignature
from organizations.models import RoleGrant, User
from tests import factories
from tests.conftest import fresh
from tests.evaluation.appraisal import count_steps, votes
from tests.evaluation.appraisal.test_minutes import made, words
from tests.factories import PASSWORD
from tests.projects.refusals import refused

pytestmark = pytest.mark.django_db


@pytest.fixture
def vote(district: Any, cast: Any) -> votes.Vote:
    return count_steps.counted(district, cast, each=5)


def sign(vote: votes.Vote, by: Any, **changed: str) -> TallySignature:
    given = {"password": PASSWORD, "result_sha256": count_steps.tally_of(vote).result_sha256} | changed
    return signatures.sign(campaign=vote.campaign, by=by, **given)


def test_the_only_scrutineer_confirms(vote: votes.Vote) -> None:
    made = sign(vote, vote.watch)
    assert (made.user, made.result_sha256) == (vote.scrutineer, count_steps.tally_of(vote).result_sha256)
    assert vote.again().state == "confirmed"
    assert sign(vote, vote.watch) == made
    assert TallySignature.objects.count() == 1
    tally = count_steps.tally_of(vote)
    entries = AuditEntry.objects.filter(action__in=["appraisal.tally.written", "appraisal.tally.signed"])
    assert [entry.after for entry in entries] == [{"commitment": tally.commitment}] * 2


def test_no_hash_on_which_counts_could_be_tried_out_is_in_the_audit_trail(vote: votes.Vote) -> None:
    sign(vote, vote.watch)
    tally, kept = count_steps.tally_of(vote), str([(row.before, row.after) for row in AuditEntry.objects.all()])
    assert [digest in kept for digest in (tally.commitment, tally.result_sha256, tally.counts_sha256)] == [
        True,
        False,
        False,
    ]


@pytest.fixture
def two(district: Any, cast: Any) -> votes.Vote:
    """Counted, with two scrutineers."""
    second = factories.make_user("第二监票人", username="second")
    factories.grant(second, "scrutineer")
    vote = votes.make_vote(district, cast, each=5)
    CampaignScrutineer.objects.create(campaign=vote.campaign, person=second.person)
    votes.open_(vote)
    for category in vote.campaign.categories.all():
        for voter in vote.voters(category.code):
            votes.ballot(vote, voter, {"committee-1": [1]})
    votes.count(votes.close(vote))
    return vote


def second(vote: votes.Vote) -> Any:
    return User.objects.get(person__in=vote.campaign.scrutineers.values("person"), username="second")


def leave(user: Any, how: str) -> None:
    """A scrutineer who lost the role, or the account, since the lock."""
    if how == "role":
        RoleGrant.objects.filter(person=user.person).update(until=days.today() - timedelta(days=1))
    else:
        User.objects.filter(pk=user.pk).update(is_active=False)


def confirm(vote: votes.Vote, by: Any = None, **changed: str) -> Campaign:
    given = {"document": "示例〔2026〕9号", "reason": "因工作调动，不再担任监票人。"} | changed
    return signatures.confirm_without(campaign=vote.campaign, by=by or vote.by, **given)


def test_all_scrutineers_must_sign(two: votes.Vote, actor: Any) -> None:
    sign(two, two.watch)
    assert two.again().state == "counted"
    assert [(bool(place.signature), place.able) for place in signatures.places(two.campaign)] == [
        (True, True),
        (False, True),
    ]
    refused("can_sign", lambda: confirm(two))
    sign(two, actor(second(two)))
    assert two.again().state == "confirmed"
    assert signatures.note(two.campaign) == ""
    refused("illegal_step", lambda: confirm(two))


@pytest.mark.parametrize("how", ["role", "account"])
def test_who_cannot_sign_any_more_is_written_down_by_the_administrator(two: votes.Vote, actor: Any, how: str) -> None:
    sign(two, two.watch)
    gone = second(two)
    leave(gone, how)
    refused("forbidden", lambda: sign(two, actor(gone)))
    assert [place.able for place in signatures.places(two.campaign)] == [True, False]
    assert confirm(two).state == two.again().state == "confirmed"
    words = "监票人第二监票人已不能签字：因工作调动，不再担任监票人（示例〔2026〕9号）。"
    assert signatures.note(two.campaign) == words
    entry = AuditEntry.objects.filter(action="appraisal.campaign.moved").latest("pk")
    assert (entry.after, TallySignature.objects.count()) == ({"state": "confirmed", "reason": words}, 1)


def test_a_signature_stays_when_its_scrutineer_leaves(two: votes.Vote, actor: Any) -> None:
    gone = second(two)
    sign(two, actor(gone))
    leave(gone, "role")
    refused("can_sign", lambda: confirm(two))
    sign(two, two.watch)
    assert two.again().state == "confirmed"


def test_without_one_signature_nothing_is_confirmed(two: votes.Vote) -> None:
    leave(second(two), "role")
    refused("can_sign", lambda: confirm(two))
    leave(two.scrutineer, "account")
    refused("nobody_signed", lambda: confirm(two))
    assert two.again().state == "counted"


def test_who_confirms_without_a_signature_and_with_what(two: votes.Vote, cast: Any, actor: Any) -> None:
    sign(two, two.watch)
    leave(second(two), "role")
    for who in ("scrutineer", "officer", "leader", "sysadmin"):
        refused("forbidden", lambda who=who: confirm(two, by=actor(getattr(cast, who))))
    refused("invalid", lambda: confirm(two, document=" ", reason=""), "document", "reason")
    refused("invalid", lambda: confirm(two, document="长" * 61, reason="长" * 201), "document", "reason")
    assert two.again().state == "counted"


def test_the_page_asks_the_administrator_for_the_reason(two: votes.Vote, cast: Any, client_as: Any, today: Any) -> None:
    today(votes.AFTER)
    address, client = reverse("appraisal:result", args=[two.campaign.code]), client_as(cast.evaladmin)

    def to_sign() -> list[str]:
        return [each.who for each in progress.waiting(two.campaign) if each.who.startswith("监票人")]

    assert to_sign() == ["监票人 监票人", "监票人 第二监票人"]
    leave(second(two), "role")
    assert to_sign() == ["监票人 监票人"]
    page = client.get(address).content.decode()
    assert ("已不能签字" in page, 'name="document"' in page) == (True, False)
    sign(two, two.watch)
    assert [(each.who, each.part) for each in progress.waiting(two.campaign)] == [("管理员", "result")]
    assert progress.todos(fresh(cast.evaladmin))[0][1] == progress.waiting(two.campaign)[0]
    assert 'name="document"' in client.get(address).content.decode()
    assert 'name="document"' not in client_as(cast.scrutineer).get(address).content.decode()
    confirming = reverse("appraisal:result_confirm", args=[two.campaign.code])
    wrong = client.post(confirming, {"document": "", "reason": "已调离"})
    assert (wrong.status_code, "请填写依据的文号。" in wrong.content.decode(), "已调离" in wrong.content.decode()) == (
        *(400, True),
        True,
    )
    assert client_as(cast.scrutineer).post(confirming, {"document": "1号", "reason": "已调离"}).status_code == 403
    assert client_as(cast.officer).post(confirming, {"document": "1号", "reason": "已调离"}).status_code == 404
    assert client.post(confirming, {"document": "1号", "reason": "已调离"}).status_code == 302
    assert "监票人第二监票人已不能签字：已调离（1号）。" in client.get(address).content.decode()
    path = made(two, cast.evaladmin, "vote_minutes")
    assert "监票人第二监票人已不能签字：已调离（1号）。" in words(path)


@pytest.mark.parametrize("who", ["evaladmin", "officer", "leader", "secretary", "auditor"])
def test_nobody_else_signs(vote: votes.Vote, cast: Any, actor: Any, who: str) -> None:
    refused("forbidden", lambda: sign(vote, actor(getattr(cast, who))))
    assert not TallySignature.objects.exists()


def test_a_scrutineer_of_another_vote_does_not_sign(vote: votes.Vote, actor: Any) -> None:
    other = factories.make_user("别的监票人")
    factories.grant(other, "scrutineer")
    refused("forbidden", lambda: sign(vote, actor(other)))


def test_a_wrong_password_and_another_result_are_refused(vote: votes.Vote) -> None:
    refused("wrong_password", lambda: sign(vote, vote.watch, password="wrong"), "password")
    refused("other_result", lambda: sign(vote, vote.watch, result_sha256="0" * 64))
    assert (vote.again().state, TallySignature.objects.count()) == ("counted", 0)


def test_before_the_count_there_is_nothing_to_sign(district: Any, cast: Any) -> None:
    vote = votes.open_(votes.make_vote(district, cast, each=5))
    refused(
        "not_counted",
        lambda: signatures.sign(campaign=vote.campaign, password=PASSWORD, result_sha256="", by=vote.watch),
    )


def test_who_refuses_to_sign_leaves_voiding(vote: votes.Vote) -> None:
    lifecycle.void_campaign(campaign=vote.campaign, reason="监票人对计票有异议，不予签字。", by=vote.by)
    assert vote.again().state == "voided"
    refused("illegal_step", lambda: sign(vote, vote.watch))
    assert fresh(vote.scrutineer).person.scrutineer_in.count() == 1
