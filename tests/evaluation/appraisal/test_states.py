"""Every pair of states against a table written by hand, and who may do what by role."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from django.db import transaction

from common.actors import Actor
from common.errors import Conflict
from evaluation.appraisal import rules, states
from evaluation.appraisal.models import Campaign
from tests.evaluation.appraisal import votes
from tests.evaluation.appraisal.snapshots import unchanged

pytestmark = pytest.mark.django_db
# From each state, all that it may become.
STEPS = {
    "draft": {"locked", "voided"},
    "locked": {"open", "voided"},
    "open": {"closed", "voided"},
    "closed": {"open", "mixed", "voided"},
    "mixed": {"counted", "voided"},
    "counted": {"confirmed", "voided"},
    "confirmed": {"noticed", "final", "voided"},
    "noticed": {"final", "voided"},
    "final": {"archived"},
    "archived": set(),
    "voided": set(),
}

# What the lock writes with its step.
LOCKED = ("manifest", "manifest_sha256", "weight_total", "locked_at")


@pytest.fixture
def vote(district: Any, cast: Any) -> votes.Vote:
    return votes.lock(votes.make_vote(district, cast, each=5))


def outcome(vote: votes.Vote, was: str, to: str) -> str:
    """What comes of asking for a step: "moved", "there already", or the refusal; all of it rolled back."""
    with transaction.atomic():
        campaign = votes.in_state(vote, was)
        fixed = {name: getattr(vote.campaign, name) for name in LOCKED} if (was, to) == ("draft", "locked") else {}
        try:
            moved = states.move_campaign(campaign, to, by=vote.by, reason="试", **fixed)
            words = "moved" if moved else "there already"
        except Conflict as refused:
            words = refused.message
        campaign.refresh_from_db()
        assert campaign.state == (to if words == "moved" else was)
        if words == "moved":
            change = campaign.state_changes.latest("id")
            assert (change.from_state, change.to_state, change.reason) == (was, to, "试")
        transaction.set_rollback(True)
    return words


def test_every_pair_of_states(vote: votes.Vote) -> None:
    labels = dict(Campaign.State.choices)
    assert set(labels) == set(STEPS)
    for was, to in product(STEPS, STEPS):
        refused = f"当前状态为“{labels[was]}”，不能改为“{labels[to]}”。"
        expected = "there already" if was == to else "moved" if to in STEPS[was] else refused
        assert outcome(vote, was, to) == expected


def test_a_step_that_somebody_else_took_first(vote: votes.Vote) -> None:
    stale = vote.again()
    Campaign.objects.filter(pk=stale.pk).update(state="voided")
    with unchanged(), pytest.raises(Conflict, match="刚刚有人处理过这一项，请刷新后再看。"):
        states.move_campaign(stale, "open", by=Actor.system("beat"))


# Role: what it may do with a campaign that names the scrutineer of the cast.
ROLES = {
    "evaladmin": {"manage", "key_paper", "read_count", "objections", "sees"},
    "scrutineer": {"scrutinize", "key_paper", "read_count", "sees"},
    "officer": {"objections", "publish", "tier", "sees"},
    "leader": {"sees"},
    "secretary": set(),
    "clerk": set(),
    "branchsec": set(),
    "outsider": set(),
    "auditor": set(),
    "sysadmin": set(),
}


@pytest.mark.parametrize("who", sorted(ROLES))
def test_who_may_do_what(vote: votes.Vote, cast: Any, who: str) -> None:
    user = getattr(cast, who)
    may = {
        "manage": rules.can_manage_campaign(user),
        "scrutinize": rules.can_scrutinize(user, vote.campaign),
        "key_paper": rules.can_key_paper(user, vote.campaign),
        "read_count": rules.can_read_count(user, vote.campaign),
        "objections": rules.can_handle_objections(user),
        "publish": rules.can_publish(user),
        "tier": rules.can_decide_tier(user),
        "sees": Campaign.objects.visible_to(user).exists(),
    }
    assert {name for name, allowed in may.items() if allowed} == ROLES[who]


def test_a_scrutineer_of_another_vote_sees_and_does_nothing(vote: votes.Vote, cast: Any) -> None:
    other = Campaign.objects.create(season=vote.campaign.season, title="另一次（示例）")
    assert list(Campaign.objects.visible_to(cast.scrutineer)) == [vote.campaign]
    assert rules.can_scrutinize(cast.scrutineer, other) is False
    assert rules.can_read_count(cast.scrutineer, other) is False


def test_running_ends_with_the_result(vote: votes.Vote) -> None:
    running = set()
    for state in STEPS:
        campaign = votes.in_state(vote, state)
        running |= {state} if Campaign.objects.running().filter(pk=campaign.pk).exists() else set()
    assert running == {"locked", "open", "closed", "mixed", "counted", "confirmed", "noticed"}
