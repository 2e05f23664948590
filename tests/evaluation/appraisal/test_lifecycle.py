"""From lock to close by the clock: in time, late, twice, and killed between any two steps; and voiding."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from common import days
from common.actors import Actor
from common.errors import ActionError, Forbidden
from evaluation.appraisal import lifecycle, mixing, states
from evaluation.appraisal.models import BoxBallot, Campaign, CodeLot, PaperBatch, UrnBallot, Voter
from tests.evaluation.appraisal import votes
from tests.evaluation.appraisal.snapshots import refusal, unchanged

pytestmark = pytest.mark.django_db
CLOCK = Actor.system("beat")
NOTHING = {"opened": 0, "closed": 0, "moved": 0, "mixed": 0}


@pytest.fixture
def vote(district: Any, cast: Any) -> votes.Vote:
    """Locked."""
    return votes.lock(votes.make_vote(district, cast, each=5))


def advance(day: Any) -> dict[str, int]:
    with days.pretend(day):
        return lifecycle.advance(CLOCK)


def ballots(vote: votes.Vote, number: int = 30) -> None:
    for voter in vote.campaign.voters.filter(voted=False).order_by("pk")[:number]:
        votes.ballot(vote, voter, {})


def path(vote: votes.Vote) -> list[tuple[str, str]]:
    return list(vote.campaign.state_changes.order_by("id").values_list("from_state", "to_state"))


def test_in_time(vote: votes.Vote) -> None:
    with unchanged():
        assert advance(votes.BEFORE) == NOTHING
    assert advance(votes.OPENS) == NOTHING | {"opened": 1}
    with unchanged():
        assert advance(votes.DURING) == NOTHING
    ballots(vote, 12)
    assert advance(votes.DURING) == NOTHING | {"moved": 12}
    ballots(vote, 18)
    assert advance(votes.CLOSES) == NOTHING | {"closed": 1, "mixed": 1}
    assert vote.again().state == "mixed"
    with unchanged():
        assert advance(votes.AFTER) == NOTHING
    assert path(vote) == [("draft", "locked"), ("locked", "open"), ("open", "closed"), ("closed", "mixed")]


def test_the_whole_time_passed_while_nothing_ran(vote: votes.Vote) -> None:
    """Opened and closed without a ballot; then it waits for people, not for the clock."""
    assert advance(votes.AFTER) == NOTHING | {"opened": 1, "closed": 1}
    assert path(vote) == [("draft", "locked"), ("locked", "open"), ("open", "closed")]
    with unchanged():
        assert advance(votes.AFTER) == NOTHING


def test_late_but_with_all_ballots(vote: votes.Vote) -> None:
    votes.open_(vote)
    ballots(vote)
    assert advance(votes.AFTER + timedelta(days=90)) == NOTHING | {"closed": 1, "mixed": 1}


# What the clock calls, in its order; dying at each in turn.
STEPS = ["open_vote", "close_vote", "mix_lot", "mix_all"]
INSIDE = ["_empty_urn", "_rewrite_box", "_rewrite_roll", "move_campaign"]


class Killed(Exception):
    """What a kill -9 looks like from inside: nothing after it runs, the transaction is rolled back."""


def die(*args: Any, **values: Any) -> Any:
    raise Killed


def after(real: Callable[..., Any]) -> Callable[..., Any]:
    def step(*args: Any, **values: Any) -> Any:
        real(*args, **values)
        raise Killed

    return step


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", STEPS)
def test_killed_between_two_steps(vote: votes.Vote, monkeypatch: pytest.MonkeyPatch, step: str, when: str) -> None:
    """Whatever was done stays, what was not is done by the next run, and nothing twice."""
    module: Any = mixing if step.startswith("mix") else lifecycle
    real = getattr(module, step)
    day = {"open_vote": votes.OPENS, "mix_lot": votes.DURING}.get(step, votes.AFTER)
    if step != "open_vote":
        votes.open_(vote)
        ballots(vote, 12 if step == "mix_lot" else 30)
    if step == "mix_all":
        with days.pretend(votes.AFTER):
            lifecycle.close_vote(campaign=vote.campaign, by=vote.by)
    with monkeypatch.context() as patch:
        patch.setattr(module, step, die if when == "before" else after(real))
        with pytest.raises(Killed):
            advance(day)
    advance(day)
    whole(vote, {"open_vote": "open", "close_vote": "mixed", "mix_lot": "open", "mix_all": "mixed"}[step])
    with unchanged():
        assert advance(day) == NOTHING


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", INSIDE)
def test_killed_inside_the_mixing(vote: votes.Vote, monkeypatch: pytest.MonkeyPatch, step: str, when: str) -> None:
    votes.open_(vote)
    ballots(vote)
    with days.pretend(votes.AFTER):
        lifecycle.close_vote(campaign=vote.campaign, by=vote.by)
    real = getattr(mixing, step)
    with monkeypatch.context() as patch:
        patch.setattr(mixing, step, die if when == "before" else after(real))
        with unchanged(), pytest.raises(Killed):
            mixing.mix_all(campaign=vote.campaign, by=CLOCK)
    assert advance(votes.AFTER) == NOTHING | {"mixed": 1}
    whole(vote, "mixed")


def whole(vote: votes.Vote, state: str) -> None:
    """No ballot lost or doubled, no step of the history twice."""
    assert vote.again().state == state
    voted = Voter.objects.filter(voted=True).count()
    codes = [*UrnBallot.objects.values_list("code", flat=True), *BoxBallot.objects.values_list("code", flat=True)]
    assert len(codes) == len(set(codes)) == voted
    listed = [code for lot in CodeLot.objects.all() for code in lot.codes.split()]
    assert sorted(listed) == sorted(BoxBallot.objects.values_list("code", flat=True))
    assert len(path(vote)) == len(set(path(vote)))


def test_one_stuck_vote_holds_no_other(vote: votes.Vote) -> None:
    """A box that does not agree with its roll waits for people; the others go on."""
    votes.open_(vote)
    ballots(vote)
    with days.pretend(votes.AFTER):
        lifecycle.close_vote(campaign=vote.campaign, by=vote.by)
    with votes.tampering():
        UrnBallot.objects.first().delete()  # type: ignore[union-attr]
    rest = {
        f.attname: getattr(vote.again(), f.attname) for f in Campaign._meta.fields if f.attname not in ("id", "code")
    }
    later = Campaign.objects.create(**(rest | {"state": "locked", "code": "LATER001"}))
    with days.pretend(votes.AFTER):
        assert lifecycle.advance(CLOCK) == NOTHING | {"opened": 1, "closed": 1, "mixed": 1}
    assert Campaign.objects.get(pk=later.pk).state == "mixed"  # nobody on its roll, nothing short
    assert vote.again().state == "closed"


# --- by hand ---


def test_opening_and_closing_twice_is_nothing(vote: votes.Vote) -> None:
    with days.pretend(votes.DURING):
        lifecycle.open_vote(campaign=vote.campaign, by=vote.by)
        with unchanged():
            assert lifecycle.open_vote(campaign=vote.campaign, by=vote.by).state == "open"
    with days.pretend(votes.AFTER):
        lifecycle.close_vote(campaign=vote.campaign, by=vote.by)
        with unchanged():
            assert lifecycle.close_vote(campaign=vote.campaign, by=vote.by).state == "closed"


def test_not_before_its_time(vote: votes.Vote) -> None:
    with days.pretend(votes.BEFORE):
        error = refusal(lambda: lifecycle.open_vote(campaign=vote.campaign, by=vote.by))
    assert (error.message, error.code) == ("还没有到规则里的投票开始时间。", "too_early")
    votes.open_(vote)
    ballots(vote, 29)
    with days.pretend(votes.DURING):
        error = refusal(lambda: lifecycle.close_vote(campaign=vote.campaign, by=vote.by))
        assert error.message == "还没有到截止时间，且还有人没有投票，不能提前截止。"
    ballots(vote, 1)
    with days.pretend(votes.DURING):
        assert lifecycle.close_vote(campaign=vote.campaign, by=vote.by).state == "closed"


@pytest.mark.parametrize("state", sorted(set(Campaign.State.values) - {"locked", "open"}))
def test_what_is_closed_is_not_opened_by_hand(vote: votes.Vote, state: str) -> None:
    """An agreed extension opens a closed vote again, an administrator alone does not."""
    campaign = votes.in_state(vote, state)
    with days.pretend(votes.DURING):
        error = refusal(lambda: lifecycle.open_vote(campaign=campaign, by=vote.by))
    assert error.message == f"当前为“{Campaign.State(state).label}”，不能开始投票。"


@pytest.mark.parametrize("who", ["scrutineer", "officer", "leader", "secretary", "outsider", "sysadmin", "auditor"])
def test_only_the_administrator_by_hand(vote: votes.Vote, cast: Any, who: str) -> None:
    by = Actor.person(getattr(cast, who), "test")
    actions: list[Callable[[], Any]] = [
        lambda: lifecycle.open_vote(campaign=vote.campaign, by=by),
        lambda: lifecycle.close_vote(campaign=vote.campaign, by=by),
        lambda: lifecycle.void_campaign(campaign=vote.campaign, reason="因为", by=by),
    ]
    with days.pretend(votes.DURING):
        assert {type(refusal(action)) for action in actions} == {Forbidden}


# --- voiding ---


@pytest.mark.parametrize("state", sorted(states.CAMPAIGN_STEPS))
def test_what_can_be_voided(vote: votes.Vote, state: str) -> None:
    campaign = votes.in_state(vote, state)

    def void() -> Campaign:
        return lifecycle.void_campaign(campaign=campaign, reason="规则有误（示例）", by=vote.by)

    if state in ("final", "archived"):
        assert refusal(void).message == f"当前状态为“{Campaign.State(state).label}”，不能改为“已作废”。"
        return
    if state == "voided":
        with unchanged():
            assert void().state == "voided"
        return
    assert void().state == "voided"
    assert campaign.state_changes.latest("id").reason == "规则有误（示例）"


@pytest.mark.parametrize(("reason", "words"), [(" ", "请写明作废的原因。"), ("长" * 201, "最多 200 字。")])
def test_voiding_asks_why(vote: votes.Vote, reason: str, words: str) -> None:
    error = refusal(lambda: lifecycle.void_campaign(campaign=vote.campaign, reason=reason, by=vote.by))
    assert error.fields == {"reason": [words]}


def test_a_voided_vote_takes_no_ballot_and_its_ballots_are_mixed(vote: votes.Vote) -> None:
    """Nobody counts them any more, and nobody shall trace them either, nor read the paper that was keyed once."""
    votes.open_(vote)
    ballots(vote, 7)
    category, keyed = vote.campaign.categories.first(), {"ballots": 5, "keyed": "sealed", "first_by": vote.admin}
    PaperBatch.objects.create(campaign=vote.campaign, category=category, **keyed)
    before = {row.code: row.pk for row in UrnBallot.objects.all()}
    lifecycle.void_campaign(campaign=vote.campaign, reason="规则有误（示例）", by=vote.by)
    after_ = {row.code: row.pk for row in BoxBallot.objects.all()}
    assert UrnBallot.objects.count() == 0
    assert PaperBatch.objects.values_list("state", "keyed").get() == ("dropped", "")
    assert after_.keys() == before.keys()
    assert set(after_.values()) & set(before.values()) == set()
    with pytest.raises(ActionError, match="投票已经"):
        ballots(vote, 1)
    with unchanged():
        assert advance(votes.AFTER) == NOTHING


def test_moments_are_exact(vote: votes.Vote, monkeypatch: pytest.MonkeyPatch) -> None:
    opens, closes = vote.campaign.opens_at, vote.campaign.closes_at
    assert opens
    assert closes

    def run(moment: datetime) -> dict[str, int]:
        monkeypatch.setattr(days, "now", lambda: moment)
        return lifecycle.advance(CLOCK)

    tick = timedelta(microseconds=1)
    assert run(opens - tick) == NOTHING
    assert run(opens) == NOTHING | {"opened": 1}
    assert run(closes - tick) == NOTHING
    assert run(closes) == NOTHING | {"closed": 1}
