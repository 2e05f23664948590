"""Casting: every refusal, the repeat, the second ballot, one second after the close; and what it writes."""

from __future__ import annotations

import base64
from datetime import datetime, timedelta
from typing import Any

import pytest

from common import days
from common.errors import ActionError
from evaluation.appraisal import casting, keys, manifest, sealing
from evaluation.appraisal.layout import CHOSEN, EMPTY, RECUSED, Layout
from evaluation.appraisal.models import Campaign, Candidate, UrnBallot, Voter
from tests.evaluation.appraisal import votes
from tests.evaluation.appraisal.snapshots import changed, refusal, snapshot

pytestmark = pytest.mark.django_db
SECTIONS = ("committee-1", "community-1", "new-1")
NOT_YOURS = "这不是您刚才确认的选票，请重新选择并确认。"


@pytest.fixture
def vote(district: Any, cast: Any, today: Any) -> votes.Vote:
    """Open; the first expert is of the organization of a candidate of the first contest."""
    made = votes.make_vote(district, cast, each=5)
    own = Candidate.objects.filter(contest_class__contest__code="committee").first()
    assert own is not None
    voter = made.voters("expert")[0]
    Voter.objects.filter(pk=voter.pk).update(organization=own.project.lead_organization)
    votes.open_(made)
    today(votes.DURING.isoformat())
    return made


def voter_of(vote: votes.Vote, category: str = "member", turn: int = 0) -> Voter:
    return vote.voters(category)[turn]


def choices(vote: votes.Vote, **numbers: list[int]) -> dict[str, list[str]]:
    return {f"{k}-1": [vote.codes(f"{k}-1")[at - 1] for at in chosen] for k, chosen in numbers.items()}


def prepared(vote: votes.Vote, voter: Voter | None = None, **numbers: list[int]) -> casting.Prepared:
    chosen = choices(vote, **numbers)
    return casting.prepare(
        voter=voter or voter_of(vote), choices=chosen, abstained=[s for s in SECTIONS if not chosen.get(s)]
    )


def test_a_cast_writes_the_flag_and_the_ballot_and_nothing_else(vote: votes.Vote) -> None:
    voter = voter_of(vote)
    before = snapshot()
    ready = prepared(vote, voter, committee=[1, 2], new=[3])
    assert changed(before, snapshot()) == set()
    receipt = casting.cast(voter=voter, token=ready.token)
    assert receipt == casting.Receipt(ready.code, again=False)
    assert changed(before, snapshot()) == {"appraisal_voter", "appraisal_urnballot"}
    row = Voter.objects.get(pk=voter.pk)
    fields = [f.attname for f in Voter._meta.fields if getattr(row, f.attname) != getattr(voter, f.attname)]
    assert fields == ["voted"]
    ballot = UrnBallot.objects.get()
    assert (ballot.code, ballot.category.code) == (ready.code, "member")


def opened(vote: votes.Vote, ballot: UrnBallot) -> dict[str, int]:
    key = keys.open_key(vote.campaign, {1: vote.secrets[1], 2: vote.secrets[2]})
    box = sealing.BallotBox(key, vote.campaign.manifest_sha256)
    layout = Layout.of(manifest.of(vote.campaign))
    return dict(zip(layout.codes, box.open(bytes(ballot.sealed), ballot.category.code)[1:], strict=True))


def test_what_was_chosen_is_in_the_ballot(vote: votes.Vote) -> None:
    casting.cast(voter=voter_of(vote), token=prepared(vote, committee=[1, 2], new=[3]).token)
    chosen = {code for code, mark in opened(vote, UrnBallot.objects.get()).items() if mark == CHOSEN}
    assert chosen == {*vote.codes("committee-1")[:2], vote.codes("new-1")[2]}


def test_a_recusal_goes_into_the_ballot_and_cannot_be_chosen(vote: votes.Vote) -> None:
    voter = voter_of(vote, "expert")
    ((recused, reason),) = casting.recused_for(voter).items()
    assert reason == "本人所在党组织的项目"
    number = vote.codes("committee-1").index(recused) + 1
    error = refusal(lambda: prepared(vote, voter, committee=[number]))
    assert error.fields == {"committee-1": ["所选项目中有您应当回避的，请取消。"]}
    other = number % 4 + 1
    casting.cast(voter=voter, token=prepared(vote, voter, committee=[other]).token)
    marks = opened(vote, UrnBallot.objects.get())
    assert {code for code, mark in marks.items() if mark == RECUSED} == {recused}
    assert sum(mark == EMPTY for mark in marks.values()) == len(marks) - 2


@pytest.mark.parametrize(
    ("numbers", "abstained", "fields"),
    [
        (
            {"committee": [1, 2, 3]},
            ["community-1", "new-1"],
            {"committee-1": "最多选 2 个，您选了 3 个，请取消 1 个。"},
        ),
        ({"committee": [1]}, ["new-1"], {"community-1": "您一个都没有选。确定弃权的，请勾选“本项弃权”。"}),
        ({}, [], dict.fromkeys(SECTIONS, "您一个都没有选。确定弃权的，请勾选“本项弃权”。")),
        ({"committee": [1, 1]}, ["community-1", "new-1"], {"committee-1": "所选项目不在这个评选项目的候选名单中。"}),
    ],
)
def test_choices_that_do_not_fit(vote: votes.Vote, numbers: Any, abstained: list[str], fields: dict[str, str]) -> None:
    error = refusal(
        lambda: casting.prepare(voter=voter_of(vote), choices=choices(vote, **numbers), abstained=abstained)
    )
    assert error.message == "选票还不能提交，请按提示修改；已选的内容都还在。"
    assert error.fields == {key: [words] for key, words in fields.items()}


def test_a_candidate_of_another_track_or_vote(vote: votes.Vote) -> None:
    foreign = {"committee-1": [vote.codes("new-1")[0]], "community-1": ["ABCDEFGH"], "other-1": ["x"]}
    error = refusal(lambda: casting.prepare(voter=voter_of(vote), choices=foreign, abstained=["new-1"]))
    words = "所选项目不在这个评选项目的候选名单中。"
    assert error.fields == {"committee-1": [words], "community-1": [words], "other-1": ["没有这个评选项目。"]}


def test_a_contest_that_must_be_filled() -> None:
    each = {"number": 1, "seats": 2, "candidates": [{"code": "a"}, {"code": "b"}, {"code": "c"}]}
    layout = Layout.of({"contests": [{"code": "x", "must_fill": True, "classes": [each]}]})
    with pytest.raises(ActionError) as caught:
        casting.check(layout, {"x-1": ["a"]}, [], [])
    assert caught.value.fields == {"x-1": ["须选满 2 个，您选了 1 个。"]}
    assert casting.check(layout, {"x-1": ["a"]}, [], ["b", "c"]) == bytes([1, CHOSEN, RECUSED, RECUSED])
    assert casting.check(layout, {}, [], ["a", "b", "c"]) == bytes([1, RECUSED, RECUSED, RECUSED])


def test_the_same_ballot_again_is_harmless(vote: votes.Vote) -> None:
    """A double tap, a resent form, a lost answer."""
    ready = prepared(vote, committee=[1])
    casting.cast(voter=voter_of(vote), token=ready.token)
    before = snapshot()
    assert casting.cast(voter=voter_of(vote), token=ready.token) == casting.Receipt(ready.code, again=True)
    assert casting.cast(voter=voter_of(vote), token=f" {ready.token}\n") == casting.Receipt(ready.code, again=True)
    assert changed(before, snapshot()) == set()


def test_the_repeat_is_known_after_mixing_and_after_the_close(vote: votes.Vote, today: Any) -> None:
    ready = prepared(vote, committee=[1])
    casting.cast(voter=voter_of(vote), token=ready.token)
    for each in vote.campaign.voters.filter(voted=False):
        votes.ballot(vote, each, {})
    votes.close(vote)
    assert UrnBallot.objects.count() == 0
    today(votes.AFTER.isoformat())
    assert casting.cast(voter=voter_of(vote), token=ready.token) == casting.Receipt(ready.code, again=True)


def test_a_second_ballot_of_two_tabs_is_refused(vote: votes.Vote) -> None:
    first, second = prepared(vote, committee=[1]), prepared(vote, committee=[2])
    casting.cast(voter=voter_of(vote), token=first.token)
    words = "您已经投过票，先投的那一张有效，已在票箱中。"
    for action in (
        lambda: casting.cast(voter=voter_of(vote), token=second.token),
        lambda: prepared(vote, committee=[3]),
    ):
        error = refusal(action)
        assert isinstance(error, casting.AlreadyVoted)
        assert (error.message, error.code, error.status) == (words, "already_voted", 409)


def test_another_voters_token_is_refused(vote: votes.Vote) -> None:
    ready = prepared(vote, committee=[1])
    for other in (voter_of(vote, turn=1), voter_of(vote, "expert", 1)):
        error = refusal(lambda voter=other: casting.cast(voter=voter, token=ready.token))
        assert (error.message, error.code) == (NOT_YOURS, "wrong_token")


def test_a_token_that_nobody_signed_is_refused(vote: votes.Vote) -> None:
    ready = prepared(vote, committee=[1])
    sealed, _, mark = ready.token.partition(".")
    own = base64.urlsafe_b64encode(b"x" * len(base64.urlsafe_b64decode(sealed))).decode()
    tried = ["", ".", sealed, f"{own}.{mark}", f"{sealed}.{mark[:-1]}", f"{sealed}.", "选票.选票", f"{sealed}.票"]
    tried += [f"{sealed}.\ud800", f"\ud800.{mark}", f"{sealed[:-4]}.{mark}", f"A.{mark}"]
    for token in tried:
        error = refusal(lambda token=token: casting.cast(voter=voter_of(vote), token=token))
        assert (error.message, error.code) == (NOT_YOURS, "wrong_token")


def at(moment: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(days, "now", lambda: moment)


def test_the_first_and_the_last_moment(vote: votes.Vote, monkeypatch: pytest.MonkeyPatch) -> None:
    opens, closes = vote.campaign.opens_at, vote.campaign.closes_at
    assert opens
    assert closes
    ready = prepared(vote, committee=[1])
    for moment, words, code in (
        (opens - timedelta(microseconds=1), "投票还没有开始，12月1日 00:00 开始。", "not_open"),
        (closes, "投票已经截止，不能再投。", "closed"),
        (closes + timedelta(seconds=1), "投票已经截止，不能再投。", "closed"),
    ):
        at(moment, monkeypatch)
        for action in (
            lambda: prepared(vote, committee=[1]),
            lambda: casting.cast(voter=voter_of(vote), token=ready.token),
        ):
            error = refusal(action)
            assert (error.message, error.code) == (words, code)
    at(closes - timedelta(microseconds=1), monkeypatch)
    assert casting.cast(voter=voter_of(vote), token=ready.token).again is False
    at(opens, monkeypatch)
    assert prepared(vote, voter_of(vote, turn=1), committee=[1]).code != ready.code


@pytest.mark.parametrize("state", sorted(set(Campaign.State.values) - {"open", "locked", "draft"}))
def test_no_ballot_in_any_other_state(vote: votes.Vote, state: str) -> None:
    ready = prepared(vote, committee=[1])
    Campaign.objects.filter(pk=vote.campaign.pk).update(state=state)
    error = refusal(lambda: casting.cast(voter=voter_of(vote), token=ready.token))
    voided = ("这次投票已经作废，投过的票也不算数；要重新投票的，另行通知。", "voided")
    closed = ("投票已经截止，不能再投。", "closed")
    assert (error.message, error.code) == (voided if state == "voided" else closed)


def test_a_locked_vote_is_not_open_yet(vote: votes.Vote) -> None:
    Campaign.objects.filter(pk=vote.campaign.pk).update(state="locked")
    # Its time has come, and the clock that opens it goes once a minute.
    assert refusal(lambda: prepared(vote, committee=[1])).message == "投票正在开始，请过一两分钟再试。"


def test_who_changed_to_paper_meanwhile_votes_on_paper(vote: votes.Vote) -> None:
    ready = prepared(vote, committee=[1])
    voter = voter_of(vote)
    Voter.objects.filter(pk=voter.pk).update(channel="paper")
    error = refusal(lambda: casting.cast(voter=voter, token=ready.token))
    assert (error.message, error.code) == ("您已改用纸质票，请使用纸质票投票。", "other_channel")


def test_all_ballots_are_one_length(vote: votes.Vote) -> None:
    for turn, (category, numbers) in enumerate((("member", [1, 2]), ("masses", []), ("expert", []))):
        voter = voter_of(vote, category, turn)
        casting.cast(voter=voter, token=prepared(vote, voter, committee=numbers).token)
    voter = voter_of(vote, "expert")  # the recused one
    casting.cast(voter=voter, token=prepared(vote, voter).token)
    assert {len(bytes(row.sealed)) for row in UrnBallot.objects.all()} == {1 + 10 + 48}
