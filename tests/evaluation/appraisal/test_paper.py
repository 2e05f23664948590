"""Paper ballots: given out, taken back, keyed twice by two people, sealed into the same box."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from datetime import datetime, time
from typing import Any

import pytest
from django.db import connection

from common import days
from common.actors import Actor
from common.errors import ActionError, Conflict, Forbidden
from common.models import AuditEntry
from evaluation.appraisal import layout, lifecycle, manifest, mixing, paper, paper_keying, roll
from evaluation.appraisal.models import PaperBatch, UrnBallot, Voter
from evaluation.appraisal.paper_keying import KeyedBallot
from tests.evaluation.appraisal import votes

pytestmark = pytest.mark.django_db
CHOICES = {"committee-1": [1, 2], "community-1": [3], "new-1": [1]}


@pytest.fixture
def vote(district: Any, cast: Any) -> votes.Vote:
    """Open; five experts vote on paper, all others by code; the first expert is recused for a candidate."""
    vote = votes.make_vote(district, cast, each=5)
    place = vote.campaign.candidates.order_by("id").first().project.lead_organization
    Voter.objects.filter(pk=vote.voters("expert")[0].pk).update(organization=place)
    Voter.objects.filter(category__code="expert").update(channel="paper")
    votes.add_voter(vote.campaign, expert(vote), "党建专家006（示例）")
    return votes.open_(vote)


def expert(vote: votes.Vote) -> Any:
    return vote.campaign.categories.get(code="expert")


def returned(vote: votes.Vote, number: int = 5, *, issued: int = 5) -> None:
    with days.pretend(votes.DURING):
        for voter in vote.voters("expert")[:issued]:
            paper.give_out(voter=voter, by=vote.watch)
        for voter in vote.voters("expert")[:number]:
            paper.take_back(voter=voter, by=vote.watch)


def keyed(*marks: dict[str, list[int]], recused: int = 0) -> list[KeyedBallot]:
    """Ballots as typed; the one at `recused` is the form with a recusal."""
    return [KeyedBallot(each, profile=int(at == recused)) for at, each in enumerate(marks)]


def five(**changes: Any) -> list[KeyedBallot]:
    """Five ballots, the first without the recused number."""
    plain = [{"community-1": [3], "new-1": [1]}, CHOICES, CHOICES, CHOICES, {}]
    for at, marks in changes.items():
        plain[int(at[1:])] = marks
    return keyed(*plain)


def first(vote: votes.Vote, ballots: Sequence[KeyedBallot]) -> PaperBatch:
    with days.pretend(votes.DURING):
        return paper_keying.key_first(campaign=vote.campaign, category=expert(vote), ballots=ballots, by=vote.by)


def second(vote: votes.Vote, batch: PaperBatch, ballots: Sequence[KeyedBallot], by: Actor | None = None) -> PaperBatch:
    with days.pretend(votes.DURING):
        return paper_keying.key_second(batch=batch, ballots=ballots, by=by or vote.watch)


def figures(vote: votes.Vote) -> tuple[int, int, int]:
    """Marks on the roll, ballots in the urn, batches half keyed."""
    marks = vote.campaign.voters.filter(voted=True).count()
    return marks, UrnBallot.objects.count(), PaperBatch.objects.filter(state="keyed").count()


# --- the desk ---


def test_what_is_returned_was_given_out(vote: votes.Vote) -> None:
    voter, other = vote.voters("expert")[:2]
    with days.pretend(votes.DURING):
        with pytest.raises(Conflict) as refused:
            paper.take_back(voter=voter, by=vote.by)
        assert refused.value.code == "not_issued"
        paper.give_out(voter=voter, by=vote.by)
        paper.give_out(voter=voter, by=vote.by)
        paper.give_out(voter=other, by=vote.watch)
        paper.take_back(voter=voter, by=vote.watch)
        paper.take_back(voter=voter, by=vote.watch)
        with pytest.raises(Conflict) as refused:
            paper.give_out(voter=vote.voters("masses")[0], by=vote.by)
        assert refused.value.code == "other_channel"
    (desk,) = paper.desks(vote.campaign)
    assert (desk.voters, desk.issued, desk.returned, desk.out, desk.waiting, desk.entered) == (5, 2, 1, 1, 1, 0)
    assert not AuditEntry.objects.filter(object_type="appraisal.voter").exists()


def test_a_slip_of_the_desk_is_taken_back_step_by_step(vote: votes.Vote) -> None:
    returned(vote, 1, issued=1)
    voter = vote.voters("expert")[0]
    assert [paper.correct(voter=voter, by=vote.by).paper for _ in range(3)] == ["issued", "", ""]
    entries = AuditEntry.objects.filter(action="appraisal.paper.corrected").order_by("pk")
    assert [(e.object_type, e.before, e.after) for e in entries] == [
        ("appraisal.campaign", {"from": "returned"}, {"category": "党建专家", "to": "issued"}),
        ("appraisal.campaign", {"from": "issued"}, {"category": "党建专家", "to": ""}),
    ]


def test_after_the_close_nothing_is_given_out_or_taken_back(vote: votes.Vote) -> None:
    returned(vote, 1, issued=2)
    out, none = vote.voters("expert")[1:3]
    closing = datetime.combine(votes.CLOSES, time(), days.SHANGHAI)
    assert vote.campaign.closes_at == closing
    with days.pretend(votes.AFTER), pytest.raises(Conflict) as refused:
        paper.take_back(voter=out, by=vote.by)
    assert refused.value.message == "投票已经截止，不能再投。"
    with days.pretend(votes.AFTER):
        lifecycle.close_vote(campaign=vote.campaign, by=vote.by)
        with pytest.raises(Conflict):
            paper.give_out(voter=none, by=vote.by)
    assert list(vote.campaign.voters.exclude(paper="").values_list("paper", flat=True).order_by("paper")) == [
        "issued",
        "returned",
    ]


def test_only_administrator_and_scrutineer_stand_at_the_desk(vote: votes.Vote, actor: Any, cast: Any) -> None:
    voter = vote.voters("expert")[0]
    for user in (cast.officer, cast.leader, cast.outsider):
        for step in (paper.give_out, paper.take_back, paper.correct):
            with pytest.raises(Forbidden):
                step(voter=voter, by=actor(user))
        with pytest.raises(Forbidden):
            first_by(vote, actor(user))
        with pytest.raises(Forbidden):
            paper.redo(campaign=vote.campaign, category=expert(vote), reason="错发", by=actor(user))


def first_by(vote: votes.Vote, by: Actor) -> PaperBatch:
    with days.pretend(votes.DURING):
        return paper_keying.key_first(campaign=vote.campaign, category=expert(vote), ballots=five(), by=by)


def test_the_forms_of_a_ballot_are_those_of_its_voters(vote: votes.Vote) -> None:
    returned(vote, 1)
    number = vote.campaign.candidates.get(project__title="十佳书记项目1（示例）").number
    found = [(f.words, f.voters, f.waiting) for f in paper.profiles(vote.campaign, expert(vote))]
    assert found == [("没有回避", 4, 0), (f"十佳书记项目 {number} 号", 1, 1)]


# --- keying ---


def test_both_keyings_agree_and_the_ballots_are_in_the_urn(vote: votes.Vote) -> None:
    returned(vote)
    batch = first(vote, five())
    assert figures(vote) == (0, 0, 1)
    batch = second(vote, batch, five())
    assert (batch.state, batch.keyed, batch.ballots) == ("entered", "", 5)
    assert figures(vote) == (5, 5, 0)
    assert set(vote.campaign.voters.filter(voted=True).values_list("category__code", flat=True)) == {"expert"}
    assert {len(bytes(b.sealed)) for b in UrnBallot.objects.all()} == {48 + 1 + 10}
    with pytest.raises(Conflict) as refused:
        second(vote, batch, five())
    assert (refused.value.code, figures(vote)) == ("illegal_step", (5, 5, 0))


def test_the_first_keying_is_nowhere_in_clear(vote: votes.Vote) -> None:
    returned(vote)
    batch = first(vote, five())
    shape = layout.Layout.of(manifest.of(vote.campaign))
    codes = [vote.codes(key)[n - 1] for key, numbers in CHOICES.items() for n in numbers]
    clear = shape.encode(codes, ())
    kept = base64.b64decode(batch.keyed)
    assert (clear in kept, len(kept)) == (False, 12 + 5 * len(clear) + 16)
    with connection.cursor() as cursor:
        cursor.execute("SELECT keyed FROM appraisal_paperbatch")
        (text,) = cursor.fetchone()
    assert text == batch.keyed
    assert first_differs(vote, batch)
    audited = AuditEntry.objects.filter(action__startswith="appraisal.paper").values_list("before", "after")
    assert list(audited) == [({}, {"category": "党建专家", "ballots": 5})]


def first_differs(vote: votes.Vote, batch: PaperBatch) -> bool:
    """The same ballots keyed anew give other bytes: key and nonce are the batch's own."""
    with days.pretend(votes.DURING):
        paper_keying.drop_batch(batch=batch, by=vote.by)
    AuditEntry.objects.filter(action__in=["appraisal.paper.dropped", "appraisal.paper.keyed"]).delete()
    return first(vote, five()).keyed != batch.keyed


def test_a_difference_stops_the_batch_and_shows_where(vote: votes.Vote) -> None:
    returned(vote)
    batch = first(vote, five())
    other = {**CHOICES, "committee-1": [1, 3]}
    with pytest.raises(ActionError) as refused:
        second(vote, batch, five(b2=other, b4={"new-1": [2]}))
    assert refused.value.fields == {
        "b3-committee-1": ["第 3 张“十佳书记项目”：两遍录入不一致。"],
        "b5-new-1": ["第 5 张“优秀书记项目”：两遍录入不一致。"],
    }
    assert figures(vote) == (0, 0, 1)
    again = PaperBatch.objects.get(pk=batch.pk)
    assert (again.keyed, again.second_by) == (batch.keyed, None)


def test_two_people_key(vote: votes.Vote) -> None:
    returned(vote)
    batch = first(vote, five())
    with pytest.raises(Conflict) as refused:
        second(vote, batch, five(), by=vote.by)
    assert refused.value.code == "same_person"
    with pytest.raises(Conflict) as refused:
        first(vote, five())
    assert (refused.value.code, figures(vote)) == ("half_keyed", (0, 0, 1))


def test_more_ballots_than_were_returned_void_the_paper_vote(vote: votes.Vote, cast: Any) -> None:
    returned(vote, 4, issued=4)
    with pytest.raises(Conflict) as refused:
        first(vote, five())
    assert refused.value.message == (
        "“党建专家”登记收回、待录入的是 4 张，填的是 5 张。请先重新清点，数错的改正即可；"
        "确有 5 张的，收回的票多于发出的票，这一类的纸质票须由监票人作废，重新投票。"
    )
    with pytest.raises(ActionError) as wrong:
        paper.redo(campaign=vote.campaign, category=expert(vote), reason=" ", by=vote.watch)
    assert wrong.value.fields == {"reason": ["请写明作废重投的原因。"]}
    with pytest.raises(Forbidden):
        paper.redo(campaign=vote.campaign, category=expert(vote), reason="票多", by=vote.by)
    assert paper.redo(campaign=vote.campaign, category=expert(vote), reason="票多一张", by=vote.watch) == 4
    assert [(d.issued, d.returned) for d in paper.desks(vote.campaign)] == [(0, 0)]
    returned(vote)
    second(vote, first(vote, five()), five())
    assert figures(vote) == (5, 5, 0)


def test_a_ballot_that_the_desk_forgot_to_note_is_noted_and_nothing_is_voided(vote: votes.Vote) -> None:
    returned(vote, 4)
    with pytest.raises(ActionError) as refused:
        first(vote, five())
    message = (
        "“党建专家”登记收回、待录入的是 4 张，填的是 5 张。请先重新清点，数错的改正即可；"
        "确有 5 张的，有人交了票没有登记，请查清是谁，在“领票、交票”里补登后再录；查不清的，由监票人作废重投。"
    )
    assert (refused.value.code, refused.value.fields) == ("not_noted", {"ballots": [message]})
    with days.pretend(votes.DURING):
        paper.take_back(voter=vote.voters("expert")[4], by=vote.by)
    second(vote, first(vote, five()), five())
    assert figures(vote) == (5, 5, 0)


def test_what_the_desk_forgot_cannot_be_noted_after_the_close(vote: votes.Vote) -> None:
    returned(vote, 4)
    with days.pretend(votes.AFTER):
        lifecycle.close_vote(campaign=vote.campaign, by=vote.by)
    with pytest.raises(Conflict) as refused:
        first(vote, five())
    assert (refused.value.code, refused.value.message) == (
        "more_than_returned",
        "“党建专家”登记收回、待录入的是 4 张，填的是 5 张。请先重新清点，数错的改正即可；"
        "确有 5 张的，多出的没有登记交票，截止后不能补登，这一类未入箱的纸质票须由监票人作废。",
    )


def test_fewer_ballots_than_were_returned_are_refused(vote: votes.Vote) -> None:
    returned(vote)
    with pytest.raises(ActionError) as refused:
        first(vote, five()[:4])
    assert refused.value.fields == {"ballots": ["“党建专家”登记收回 5 张，现在只有 4 张。请清点，或更正多登记的交票。"]}


def test_few_ballots_wait_while_more_may_come(vote: votes.Vote) -> None:
    returned(vote, 2)
    two = keyed({}, {})
    with pytest.raises(Conflict) as refused:
        first(vote, two)
    assert refused.value.code == "batch_too_small"
    with days.pretend(votes.AFTER):
        lifecycle.close_vote(campaign=vote.campaign, by=vote.by)
        batch = paper_keying.key_first(campaign=vote.campaign, category=expert(vote), ballots=two, by=vote.by)
        with pytest.raises(Conflict) as refused:
            mixing.mix_all(campaign=vote.campaign, by=vote.by)
        assert refused.value.message == "还有 2 张已交的纸质票没有入箱，请先完成两遍录入。"
        paper_keying.key_second(batch=batch, ballots=two, by=vote.watch)
    assert figures(vote) == (2, 2, 0)


def test_ballots_that_came_in_meanwhile_are_keyed_with_the_rest(vote: votes.Vote) -> None:
    returned(vote)
    batch = first(vote, five())
    late = roll.switch_to_paper(voter=vote.voters("expert")[5], by=vote.by)
    with days.pretend(votes.DURING):
        paper.give_out(voter=late, by=vote.by)
        paper.take_back(voter=late, by=vote.by)
    six = [*five(), KeyedBallot({})]
    for ballots in (six, five()):
        with pytest.raises(Conflict) as refused:
            second(vote, batch, ballots)
        assert refused.value.message == ("第一遍录了 5 张，现在待录入的是 6 张：请撤销本批，把收回的票一起重新录入。")
    assert figures(vote) == (0, 0, 1)


@pytest.mark.parametrize(
    ("marks", "said"),
    [
        ({"committee-1": [9]}, "票面上没有 9 号。"),
        ({"committee-1": [2, 2]}, "同一个序号录了两次。"),
    ],
)
def test_a_number_that_is_not_on_the_ballot_is_told(vote: votes.Vote, marks: Any, said: str) -> None:
    returned(vote)
    with pytest.raises(ActionError) as refused:
        first(vote, five(b2=marks))
    assert refused.value.fields == {"b3-committee-1": [f"第 3 张“十佳书记项目”：{said}"]}


def test_the_recusals_are_those_of_the_roll(vote: votes.Vote) -> None:
    returned(vote)
    number = vote.campaign.candidates.get(project__title="十佳书记项目1（示例）").number
    with pytest.raises(ActionError) as refused:
        first(vote, five(b0={"committee-1": [number]}))
    said = f"第 1 张“十佳书记项目”：{number} 号在这张票上是回避项目，画了也不录。"
    assert refused.value.fields == {"b1-committee-1": [said]}
    with pytest.raises(ActionError) as refused:
        first(vote, [KeyedBallot({}) for _ in range(5)])
    assert refused.value.message == (
        f"票面回避情况与名册不符：“没有回避”应有 4 张，录入 5 张；“十佳书记项目 {number} 号”应有 1 张，录入 0 张。"
        "请对照票面核对；确实对不上的，由监票人作废重投。"
    )


def test_another_form_of_the_ballot_is_told_as_such(vote: votes.Vote) -> None:
    returned(vote)
    batch = first(vote, keyed({}, {}, {}, {}, {}))
    with pytest.raises(ActionError) as refused:
        second(vote, batch, keyed({}, {}, {}, {}, {}, recused=3))
    assert refused.value.fields == {
        "b1-profile": ["第 1 张：票面回避，两遍选得不一致。"],
        "b4-profile": ["第 4 张：票面回避，两遍选得不一致。"],
    }


def test_overfull_and_unreadable_ballots_are_invalid_at_the_count(vote: votes.Vote) -> None:
    returned(vote)
    ballots = five(b1={"committee-1": [1, 2, 3]})
    ballots[2] = KeyedBallot({}, spoiled=True)
    second(vote, first(vote, ballots), ballots)
    for code in ("member", "masses", "leader", "delegate", "secretary"):
        for voter in vote.voters(code):
            votes.ballot(vote, voter, CHOICES)
    tally = votes.count(votes.close(vote))
    experts = next(row for row in json.loads(tally.counts)["categories"] if row["code"] == "expert")
    assert (experts["ballots"], experts["invalid"], experts["voted"]) == (5, 2, 5)
    recused = vote.campaign.candidates.get(project__title="十佳书记项目1（示例）").code
    assert experts["candidates"][recused][1] == 2


def test_a_dropped_batch_is_keyed_anew(vote: votes.Vote) -> None:
    returned(vote)
    batch = first(vote, five())
    with days.pretend(votes.DURING):
        assert paper_keying.drop_batch(batch=batch, by=vote.watch).keyed == ""
        paper_keying.drop_batch(batch=batch, by=vote.watch)
    with pytest.raises(Conflict):
        second(vote, batch, five())
    batch = second(vote, first(vote, five()), five())
    with days.pretend(votes.DURING), pytest.raises(Conflict) as refused:
        paper_keying.drop_batch(batch=batch, by=vote.by)
    assert (refused.value.message, figures(vote)) == ("这一批已经入箱，不能撤销。", (5, 5, 0))


def test_a_changed_server_key_leaves_nothing_to_read(vote: votes.Vote, settings: Any) -> None:
    returned(vote)
    batch = first(vote, five())
    settings.SECRET_KEY = "another"
    with pytest.raises(Conflict) as refused:
        second(vote, batch, five())
    assert (refused.value.code, figures(vote)) == ("unreadable", (0, 0, 1))
