"""The draft in the voter's cookie, and the ballot as it is shown."""

from __future__ import annotations

from typing import Any

import pytest

from common import days
from evaluation.appraisal import candidates, drafts
from evaluation.appraisal.ballot_form import BallotForm
from evaluation.appraisal.drafts import Draft
from evaluation.appraisal.models import Candidate, Contest, Voter
from tests.evaluation.appraisal import votes
from tests.evaluation.appraisal.votes import DURING, Vote

pytestmark = pytest.mark.django_db


@pytest.fixture
def vote(district: Any, cast: Any) -> Vote:
    return votes.open_(votes.make_vote(district, cast, each=5))


@pytest.fixture
def form(vote: Vote) -> BallotForm:
    return BallotForm(vote.voters("expert")[0])


def draft_of(vote: Vote) -> Draft:
    return Draft(frozenset({1, 3}), frozenset(vote.codes("committee-1")[:3]), frozenset({"new-1"}))


def test_a_draft_comes_back_as_it_was(vote: Vote, form: BallotForm) -> None:
    made = draft_of(vote)
    text = drafts.seal(made, voter=form.voter, layout=form.layout)
    assert drafts.read(text, voter=form.voter, layout=form.layout) == made
    assert text != drafts.seal(made, voter=form.voter, layout=form.layout)


def test_all_drafts_are_one_length(vote: Vote, form: BallotForm) -> None:
    texts = [drafts.seal(each, voter=form.voter, layout=form.layout) for each in (Draft(), draft_of(vote))]
    assert len(texts[0]) == len(texts[1])


@pytest.mark.parametrize(
    "damage", [lambda t: "", lambda t: "£", lambda t: t[:-6] + "AAAA==", lambda t: t[:20], lambda t: t + t]
)
def test_a_damaged_draft_is_an_empty_one(vote: Vote, form: BallotForm, damage: Any) -> None:
    text = drafts.seal(draft_of(vote), voter=form.voter, layout=form.layout)
    assert drafts.read(damage(text), voter=form.voter, layout=form.layout) == Draft()


def test_the_draft_of_one_voter_is_nothing_to_another(vote: Vote, form: BallotForm) -> None:
    text = drafts.seal(draft_of(vote), voter=form.voter, layout=form.layout)
    assert BallotForm(vote.voters("expert")[1]).draft(text) == Draft()


def test_one_page_changes_its_own_answers_only(vote: Vote) -> None:
    committee, community = vote.codes("committee-1"), vote.codes("community-1")
    before = Draft(frozenset({1}), frozenset({committee[0], community[0]}), frozenset({"new-1"}))
    after = before.after(page=2, shown=community, chosen=[community[1]], abstained={"community-1": False})
    assert after == Draft(frozenset({1, 2}), frozenset({committee[0], community[1]}), frozenset({"new-1"}))


def test_a_candidate_that_withdrew_is_chosen_no_longer(vote: Vote, form: BallotForm) -> None:
    text = drafts.seal(draft_of(vote), voter=form.voter, layout=form.layout)
    withdraw(vote, vote.codes("committee-1")[0])
    assert BallotForm(form.voter).draft(text).chosen == frozenset(vote.codes("committee-1")[1:3])


def test_where_all_seats_must_be_filled_a_withdrawn_candidate_fills_up(district: Any, cast: Any) -> None:
    contests = [(*votes.CONTESTS[0][:4], 3, 2), *votes.CONTESTS[1:]]
    vote = votes.make_vote(district, cast, each=5, contests=contests)
    Contest.objects.filter(campaign=vote.campaign, code="committee").update(must_fill=True)
    votes.open_(vote)
    first, second, third = vote.codes("committee-1")
    voter = vote.voters("expert")[0]
    assert open_codes(voter) == {first, second, third}
    withdraw(vote, first)
    assert open_codes(voter) == {second, third}
    withdraw(vote, second)
    assert open_codes(voter) == {first, second, third}


def open_codes(voter: Voter) -> frozenset[str]:
    return BallotForm(voter).pages[0].sections[0].open_codes


def withdraw(vote: Vote, code: str) -> None:
    with days.pretend(DURING):
        row = Candidate.objects.get(code=code)
        candidates.withdraw_candidate(candidate=row, reason="主动退出（示例）", by=vote.by)
