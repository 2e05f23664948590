"""Signing a count: every scrutineer, password again, the very result that was looked at."""

from __future__ import annotations

from typing import Any

import pytest

from common.models import AuditEntry
from evaluation.appraisal import lifecycle, signatures
from evaluation.appraisal.models import CampaignScrutineer, TallySignature
from tests import factories
from tests.conftest import fresh
from tests.evaluation.appraisal import count_steps, votes
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
    entry = AuditEntry.objects.get(action="appraisal.tally.signed")
    assert entry.after == {"result_sha256": made.result_sha256}


def test_all_scrutineers_must_sign(district: Any, cast: Any, actor: Any) -> None:
    second = factories.make_user("第二监票人", username="second")
    factories.grant(second, "scrutineer")
    vote = votes.make_vote(district, cast, each=5)
    CampaignScrutineer.objects.create(campaign=vote.campaign, person=second.person)
    votes.open_(vote)
    for category in vote.campaign.categories.all():
        for voter in vote.voters(category.code):
            votes.ballot(vote, voter, {"committee-1": [1]})
    votes.count(votes.close(vote))
    sign(vote, vote.watch)
    assert vote.again().state == "counted"
    assert [bool(place.signature) for place in signatures.places(vote.campaign)] == [True, False]
    sign(vote, actor(second))
    assert vote.again().state == "confirmed"


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
