"""Lots of ten at least, chained; at the close everything is written anew; marks and ballots must agree."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from common import days
from common.actors import Actor
from common.errors import Conflict, Forbidden
from evaluation.appraisal import lifecycle, mixing
from evaluation.appraisal.models import BoxBallot, Campaign, CodeLot, PaperBatch, UrnBallot, Voter
from tests.evaluation.appraisal import votes
from tests.evaluation.appraisal.snapshots import changed, refusal, snapshot, unchanged

pytestmark = pytest.mark.django_db


@pytest.fixture
def vote(district: Any, cast: Any) -> votes.Vote:
    return votes.open_(votes.make_vote(district, cast, each=5))


def cast_some(vote: votes.Vote, number: int) -> list[str]:
    """Abstentions of the next voters; their tracking numbers in casting order."""
    waiting = vote.campaign.voters.filter(voted=False).order_by("pk")[:number]
    return [votes.ballot(vote, voter, {}).code for voter in waiting]


def closed(vote: votes.Vote) -> Campaign:
    with days.pretend(votes.AFTER):
        vote.campaign = lifecycle.close_vote(campaign=vote.campaign, by=vote.by)
    return vote.campaign


def test_nine_wait_and_ten_are_a_lot(vote: votes.Vote) -> None:
    cast_some(vote, 9)
    with unchanged():
        assert mixing.mix_lot(vote.campaign) == 0
    cast_some(vote, 1)
    assert mixing.mix_lot(vote.campaign) == 10
    assert (UrnBallot.objects.count(), BoxBallot.objects.count()) == (0, 10)
    with unchanged():
        assert mixing.mix_lot(vote.campaign) == 0


def test_a_larger_lot_by_the_rule_waits_longer(vote: votes.Vote, district: Any, cast: Any) -> None:
    """What waits is one lot, however many: thirteen do not leave three behind."""
    cast_some(vote, 13)
    assert mixing.mix_lot(vote.campaign) == 13
    assert [len(lot.codes.splitlines()) for lot in CodeLot.objects.all()] == [13]


def test_lots_are_sorted_numbered_and_chained(vote: votes.Vote) -> None:
    first = cast_some(vote, 10)
    mixing.mix_lot(vote.campaign)
    second = cast_some(vote, 11)
    mixing.mix_lot(vote.campaign)
    rest = cast_some(vote, 9)
    closed(vote)
    mixing.mix_all(campaign=vote.campaign, by=vote.by)
    before, expected = "", []
    for number, codes in enumerate((first, second, rest), start=1):
        lines = "\n".join(sorted(codes))
        before = hashlib.sha256(f"{before}\n{number}\n{lines}".encode()).hexdigest()
        expected.append((number, lines, before))
    assert list(CodeLot.objects.values_list("number", "codes", "sha256")) == expected
    assert set(BoxBallot.objects.values_list("code", flat=True)) == {*first, *second, *rest}


def test_ballots_keep_what_they_are_and_get_new_ids(vote: votes.Vote) -> None:
    cast_some(vote, 12)
    urn = {row.code: (row.pk, bytes(row.sealed), row.category_id) for row in UrnBallot.objects.all()}
    mixing.mix_lot(vote.campaign)
    box = {row.code: (row.pk, bytes(row.sealed), row.category_id) for row in BoxBallot.objects.all()}
    assert {code: row[1:] for code, row in box.items()} == {code: row[1:] for code, row in urn.items()}
    cast_some(vote, 18)
    closed(vote)
    mixing.mix_all(campaign=vote.campaign, by=vote.by)
    final = {row.code: (row.pk, bytes(row.sealed), row.category_id) for row in BoxBallot.objects.all()}
    assert {code: final[code][1:] for code in box} == {code: row[1:] for code, row in box.items()}
    ids = [row[0] for rows in (urn, box, final) for row in rows.values()]
    assert len(set(ids)) == len(ids)


def test_asked_again_it_does_nothing(vote: votes.Vote) -> None:
    cast_some(vote, 30)
    closed(vote)
    assert mixing.mix_all(campaign=vote.campaign, by=vote.by).state == "mixed"
    with unchanged():
        assert mixing.mix_all(campaign=vote.campaign, by=vote.by).state == "mixed"


def test_nothing_is_mixed_before_the_close(vote: votes.Vote) -> None:
    cast_some(vote, 30)
    error = refusal(lambda: mixing.mix_all(campaign=vote.campaign, by=vote.by))
    assert (error.message, error.code) == ("投票截止后才能混票。", "illegal_step")


def test_a_closed_vote_gets_no_more_lots(vote: votes.Vote) -> None:
    cast_some(vote, 30)
    closed(vote)
    with unchanged():
        assert mixing.mix_lot(vote.campaign) == 0


@pytest.mark.parametrize("who", ["scrutineer", "officer", "leader", "secretary", "sysadmin"])
def test_only_the_administrator_or_the_clock(vote: votes.Vote, cast: Any, who: str) -> None:
    cast_some(vote, 30)
    closed(vote)
    by = Actor.person(getattr(cast, who), "test")
    assert isinstance(refusal(lambda: mixing.mix_all(campaign=vote.campaign, by=by)), Forbidden)
    assert mixing.mix_all(campaign=vote.campaign, by=Actor.system("beat")).state == "mixed"


def test_a_ballot_too_few_or_too_many_stops_it(vote: votes.Vote) -> None:
    cast_some(vote, 30)
    closed(vote)
    row = UrnBallot.objects.filter(category__code="leader").first()
    assert row is not None
    with votes.tampering():
        row.delete()
    error = refusal(lambda: mixing.mix_all(campaign=vote.campaign, by=vote.by))
    assert error.code == "ballots_marks_differ"
    assert error.message == "票数与名册标记不一致，停止办理（区领导：票 4 张，名册标记 5 人）。"
    row.save(force_insert=True)
    UrnBallot.objects.create(campaign=vote.campaign, category=row.category, sealed=row.sealed, code="X" * 16)
    error = refusal(lambda: mixing.mix_all(campaign=vote.campaign, by=vote.by))
    assert error.message == "票数与名册标记不一致，停止办理（区领导：票 6 张，名册标记 5 人）。"


def test_a_ballot_in_the_wrong_category_stops_it(vote: votes.Vote) -> None:
    cast_some(vote, 30)
    closed(vote)
    row = UrnBallot.objects.filter(category__code="leader").first()
    assert row is not None
    with votes.tampering():
        row.delete()
    UrnBallot.objects.create(
        campaign=vote.campaign, category=vote.campaign.categories.get(code="expert"), sealed=row.sealed, code=row.code
    )
    error = refusal(lambda: mixing.mix_all(campaign=vote.campaign, by=vote.by))
    words = "党建专家：票 6 张，名册标记 5 人；区领导：票 4 张，名册标记 5 人"
    assert error.message == f"票数与名册标记不一致，停止办理（{words}）。"


def test_paper_that_was_handed_in_is_waited_for(vote: votes.Vote) -> None:
    """A returned ballot that nobody has keyed yet must not be left out of the box."""
    cast_some(vote, 29)
    last = vote.campaign.voters.get(voted=False)
    Voter.objects.filter(pk=last.pk).update(channel="paper", paper="returned")
    closed(vote)
    error = refusal(lambda: mixing.mix_all(campaign=vote.campaign, by=vote.by))
    assert (error.message, error.code) == ("还有 1 张已交的纸质票没有入箱，请先完成两遍录入。", "paper_waiting")
    with days.pretend(votes.AFTER), unchanged():
        assert lifecycle.advance(Actor.system("beat")) == {"opened": 0, "closed": 0, "moved": 0, "mixed": 0}
    Voter.objects.filter(pk=last.pk).update(paper="issued")
    PaperBatch.objects.create(campaign=vote.campaign, category=last.category, ballots=1, keyed="x", first_by=vote.admin)
    assert refusal(lambda: mixing.mix_all(campaign=vote.campaign, by=vote.by)).message == "还有一批纸质票只录了一遍。"
    PaperBatch.objects.update(keyed="", state="dropped")
    with pytest.raises(Conflict, match=r"“.*”只有 4/5 人投票"):
        mixing.mix_all(campaign=vote.campaign, by=vote.by)


def test_another_vote_is_left_alone(vote: votes.Vote) -> None:
    other = Campaign.objects.create(season=vote.campaign.season, title="另一次（示例）")
    row = vote.campaign.categories.first()
    assert row is not None
    with votes.tampering():
        BoxBallot.objects.create(campaign=other, category=row, sealed=b"x", code="OTHER")
        UrnBallot.objects.create(campaign=other, category=row, sealed=b"y", code="URN")
    before = list(BoxBallot.objects.values()), list(UrnBallot.objects.values())
    cast_some(vote, 30)
    closed(vote)
    mixing.mix_all(campaign=vote.campaign, by=vote.by)
    assert (list(BoxBallot.objects.filter(campaign=other).values()), list(UrnBallot.objects.values())) == before


def test_the_roll_says_after_mixing_what_it_said_before(vote: votes.Vote) -> None:
    cast_some(vote, 30)
    closed(vote)
    before = snapshot()
    mixing.mix_all(campaign=vote.campaign, by=vote.by)
    assert "appraisal_voter" not in changed(before, snapshot())
