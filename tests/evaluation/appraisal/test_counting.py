"""The count: what stops it, what is invalid, once only, and when the counts by category may be published."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from common import days
from common.actors import Actor
from common.errors import ActionError, Conflict, Forbidden
from evaluation.appraisal import candidates, casting, counting, lifecycle, manifest, mixing, scoring, sealing
from evaluation.appraisal.layout import Layout
from evaluation.appraisal.models import BoxBallot, Campaign, Candidate, Tally, UrnBallot, Voter
from tests.evaluation.appraisal import votes
from tests.evaluation.appraisal.snapshots import refusal, unchanged

pytestmark = pytest.mark.django_db


@pytest.fixture
def mixed(district: Any, cast: Any) -> votes.Vote:
    vote = votes.open_(votes.make_vote(district, cast, each=5))
    for turn, voter in enumerate(vote.campaign.voters.order_by("pk")):
        votes.ballot(vote, voter, {"committee-1": [1 + turn % 4], "community-1": [1], "new-1": [1 + turn % 3]})
    return votes.close(vote)


def count(vote: votes.Vote, secrets: dict[int, str] | None = None, by: Actor | None = None) -> Tally:
    with days.pretend(votes.AFTER):
        return counting.count(campaign=vote.campaign, secrets=secrets or vote.secrets, by=by or vote.by)


def test_it_is_written_once(mixed: votes.Vote) -> None:
    tally = count(mixed, {1: mixed.secrets[1], 3: mixed.secrets[3]})
    assert tally.holders == "保管人甲（示例）（区纪委监委）、保管人丙（示例）（区公证处）"
    assert mixed.again().state == "counted"
    with unchanged():
        assert count(mixed) == tally
        assert count(mixed, {1: "x", 2: "y"}) == tally  # nothing is opened any more


def test_whose_secrets_opened_it_stands_in_the_count(mixed: votes.Vote) -> None:
    assert count(mixed).holders == "保管人甲（示例）（区纪委监委）、保管人乙（示例）（区委组织部）"


def test_hashes_are_of_the_texts(mixed: votes.Vote) -> None:
    tally = count(mixed)
    counts, result = json.loads(tally.counts), json.loads(tally.result)
    assert manifest.canonical(counts) == tally.counts
    assert manifest.canonical(result) == tally.result
    assert tally.counts_sha256 == manifest.sha256(tally.counts) == result["counts_sha256"]
    assert tally.commitment == manifest.sha256(f"{tally.salt}\n{tally.counts}")
    assert tally.result_sha256 == manifest.sha256(tally.result)
    assert result["contests"] == scoring.result(manifest.of(mixed.campaign), counts)["contests"]
    assert [(row["roll"], row["voted"], row["ballots"], row["invalid"]) for row in counts["categories"]] == [
        (5, 5, 5, 0)
    ] * 6


@pytest.mark.parametrize("given", [{1: "x"}, {}, {1: "0" * 25, 2: "0" * 25}])
def test_wrong_secrets_open_nothing(mixed: votes.Vote, given: dict[int, str]) -> None:
    error = refusal(lambda: counting.count(campaign=mixed.campaign, secrets=given, by=mixed.by))
    assert error.code in {"wrong_secret", "too_few_secrets"}
    assert mixed.again().state == "mixed"


@pytest.mark.parametrize("who", ["scrutineer", "officer", "leader", "secretary", "sysadmin"])
def test_only_the_administrator(mixed: votes.Vote, cast: Any, who: str) -> None:
    assert isinstance(refusal(lambda: count(mixed, by=Actor.person(getattr(cast, who), "test"))), Forbidden)


@pytest.mark.parametrize("state", sorted(set(Campaign.State.values) - {"mixed", "draft"}))
def test_only_a_mixed_box_is_opened(mixed: votes.Vote, state: str) -> None:
    Campaign.objects.filter(pk=mixed.campaign.pk).update(state=state)
    error = refusal(lambda: count(mixed))
    assert error.message == f"当前为“{Campaign.State(state).label}”，混票之后才能计票。"


def test_a_voided_vote_is_never_opened(mixed: votes.Vote) -> None:
    lifecycle.void_campaign(campaign=mixed.campaign, reason="规则有误（示例）", by=mixed.by)
    assert refusal(lambda: count(mixed)).code == "illegal_step"


def test_a_ballot_gone_or_added_stops_it(mixed: votes.Vote) -> None:
    row = BoxBallot.objects.filter(category__code="masses").first()
    assert row is not None
    with votes.tampering():
        row.delete()
    error = refusal(lambda: count(mixed))
    assert error.message == "票数与名册标记不一致，停止办理（群众代表：票 4 张，名册标记 5 人）。"
    with votes.tampering():
        row.save(force_insert=True)
        BoxBallot.objects.create(campaign=mixed.campaign, category=row.category, sealed=row.sealed, code="X" * 16)
    assert refusal(lambda: count(mixed)).code == "ballots_marks_differ"


def test_a_ballot_gone_while_the_count_ran_stops_it(mixed: votes.Vote, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the comparison and before the last ballot is read."""
    real = counting.add_up

    def later(box: Any, layout: Any, ballots: Any, *rest: Any) -> Any:
        return real(box, layout, list(ballots)[1:], *rest)

    monkeypatch.setattr(counting, "add_up", later)
    error = refusal(lambda: count(mixed))
    assert (error.message, error.code) == ("开出的票数与名册标记不一致，停止计票。", "ballots_marks_differ")


def test_a_mark_set_or_taken_stops_it(mixed: votes.Vote) -> None:
    with votes.tampering():
        Voter.objects.filter(pk=mixed.voters("leader")[0].pk).update(voted=False)
    assert refusal(lambda: count(mixed)).code == "ballots_marks_differ"


def test_a_changed_roll_stops_it(mixed: votes.Vote) -> None:
    """Who leaves the roll takes the mark along and a ballot stays; both gone, the roll is still another."""
    voter = mixed.voters("leader")[0]
    ballot = BoxBallot.objects.filter(category__code="leader").first()
    assert ballot is not None
    with votes.tampering():
        voter.delete()
        ballot.delete()
    error = refusal(lambda: count(mixed))
    assert (error.message, error.code) == ("名册人数与锁定时的规则清单不一致，停止计票。", "roll_changed")


def listed_anew(vote: votes.Vote, contents: Mapping[BoxBallot, bytes]) -> None:
    """As if these had been cast: other contents of ballots, under tracking numbers of their own in the lots."""
    with votes.tampering():
        for row, sealed in contents.items():
            bound = {"manifest_sha256": vote.campaign.manifest_sha256, "category": row.category.code}
            code = sealing.tracking_code(**bound, sealed=sealed)
            BoxBallot.objects.filter(pk=row.pk).update(sealed=sealed, code=code)
        codes = "\n".join(BoxBallot.objects.order_by("code").values_list("code", flat=True))
        vote.campaign.lots.all().delete()
        vote.campaign.lots.create(number=1, codes=codes, sha256=mixing.chained("", 1, codes))


def replace(vote: votes.Vote, payloads: Mapping[str, Sequence[bytes | None]]) -> None:
    """The first ballots of categories with other contents; None is no ballot at all."""
    contents = {}
    for code, wanted in payloads.items():
        rows = BoxBallot.objects.filter(category__code=code).select_related("category").order_by("code")
        for row, payload in zip(rows, wanted, strict=False):
            rubbish = f"rubbish {row.pk}".encode()
            contents[row] = (
                rubbish if payload is None else casting.seal_for(vote.campaign, row.category, payload).sealed
            )
    listed_anew(vote, contents)


def test_invalid_ballots_are_counted_as_invalid(mixed: votes.Vote) -> None:
    layout = Layout.of(manifest.of(mixed.campaign))
    committee = mixed.codes("committee-1")
    too_many, no_such_version = layout.encode(committee[:3], []), b"\x09" + bytes(layout.length - 1)
    replace(mixed, {"leader": [too_many, no_such_version], "masses": [None]})
    counts = json.loads(count(mixed).counts)
    found = {row["code"]: row for row in counts["categories"]}
    assert {code: (row["ballots"], row["invalid"]) for code, row in found.items()} == {
        "expert": (5, 0),
        "member": (5, 0),
        "masses": (5, 1),
        "leader": (5, 2),
        "delegate": (5, 0),
        "secretary": (5, 0),
    }
    assert {base for _, base in found["leader"]["candidates"].values()} == {3}
    assert found["masses"]["candidates"][mixed.codes("community-1")[0]] == [4, 4]


def test_a_ballot_of_another_category_is_invalid(mixed: votes.Vote) -> None:
    """Swapped between two boxes, both no longer open: a seal is bound to its category."""
    one, two = (BoxBallot.objects.filter(category__code=code).first() for code in ("leader", "masses"))
    assert one
    assert two
    listed_anew(mixed, {one: two.sealed, two: one.sealed})
    counts = json.loads(count(mixed).counts)
    assert [row["invalid"] for row in counts["categories"]] == [0, 0, 1, 1, 0, 0]


@pytest.mark.parametrize("keeps_its_number", [True, False])
def test_an_exchanged_ballot_stops_it(mixed: votes.Vote, keeps_its_number: bool) -> None:
    """Everybody can seal a ballot to the public key; its number is not that of a ballot that was cast."""
    row = BoxBallot.objects.select_related("category").first()
    assert row is not None
    layout = Layout.of(manifest.of(mixed.campaign))
    forged = casting.seal_for(mixed.campaign, row.category, layout.encode([], []))
    with votes.tampering():
        code = row.code if keeps_its_number else forged.code
        BoxBallot.objects.filter(pk=row.pk).update(sealed=forged.sealed, code=code)
    assert refusal(lambda: count(mixed)).code == "other_ballots"
    assert (mixed.again().state, Tally.objects.count()) == ("mixed", 0)


def test_a_ballot_and_its_mark_taken_together_stop_it(mixed: votes.Vote) -> None:
    """The published numbers say that there was one more."""
    with votes.tampering():
        BoxBallot.objects.filter(category__code="leader").first().delete()  # type: ignore[union-attr]
        Voter.objects.filter(pk=mixed.voters("leader")[0].pk).update(voted=False)
    assert refusal(lambda: count(mixed)).code == "other_ballots"


def test_the_withdrawn_are_left_out_and_their_ballots_stay_valid(mixed: votes.Vote) -> None:
    gone = Candidate.objects.get(code=mixed.codes("committee-1")[0])
    candidates.withdraw_candidate(candidate=gone, reason="主动退出（示例）", by=mixed.by)
    tally = count(mixed)
    counts, result = json.loads(tally.counts), json.loads(tally.result)
    assert counts["withdrawn"] == [gone.code]
    assert all(gone.code not in row["candidates"] and row["invalid"] == 0 for row in counts["categories"])
    assert gone.code not in [row["candidate"] for row in result["contests"][0]["classes"][0]["ranking"]]
    error = refusal(lambda: candidates.withdraw_candidate(candidate=gone, reason="再退", by=mixed.by))
    assert error.message == "已经计票，候选项目不能再退出；如有问题请在公示期按异议处理。"


def test_nobody_can_be_scored_without_a_ballot(mixed: votes.Vote) -> None:
    replace(mixed, {code: [None] * 5 for code, *_ in votes.CATEGORIES})
    with pytest.raises(Conflict) as stopped:
        count(mixed)
    names = "、".join(f"“{name}”" for _, name, _, _ in votes.CATEGORIES)
    assert stopped.value.message == f"{names}没有有效票，停止计票。请管理员提出并入或不计，监票人同意后再计票。"
    assert (mixed.again().state, Tally.objects.count()) == ("mixed", 0)


def test_another_key_is_not_taken_for_the_boxs(mixed: votes.Vote, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting.keys, "open_key", lambda campaign, secrets: sealing.new_key_pair()[0])
    with pytest.raises(Conflict, match="密钥与规则清单里的票箱公钥不符，停止计票。"):
        count(mixed)


def test_progress_is_told(mixed: votes.Vote, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "CHUNK", 10)
    told: list[int] = []
    counting.count(
        campaign=mixed.campaign, secrets=mixed.secrets, by=mixed.by, tell=lambda done, total: told.append(done)
    )
    assert told == [10, 20, 30]


def test_a_box_has_no_ballot_left_in_the_urn(mixed: votes.Vote) -> None:
    assert UrnBallot.objects.count() == 0
    assert BoxBallot.objects.count() == 30


def rows(*cells: tuple[int, int, int, list[tuple[int, int]]]) -> dict[str, Any]:
    return {
        "categories": [
            {"roll": roll, "ballots": ballots, "invalid": invalid, "candidates": dict(enumerate(own))}
            for roll, ballots, invalid, own in cells
        ]
    }


@pytest.mark.parametrize(
    ("rule", "counts", "published"),
    [
        ("never", rows((50, 50, 0, [(20, 50)])), False),
        ("safe", rows((50, 10, 0, [(5, 10), (1, 10), (9, 10)])), True),
        ("safe", rows((50, 10, 1, [(5, 9)])), False),  # nine valid
        ("safe", rows((50, 11, 1, [(5, 10)])), True),
        ("safe", rows((50, 50, 0, [(0, 50)])), False),  # nobody
        ("safe", rows((50, 50, 0, [(50, 50)])), False),  # everybody
        ("safe", rows((50, 50, 0, [(40, 40)])), False),  # everybody who was not recused
        ("safe", rows((50, 50, 0, [(0, 0)])), False),
        ("safe", rows((50, 50, 0, [(20, 50)]), (12, 9, 0, [(3, 9)])), False),  # all of them or none
        ("always", rows((10, 3, 0, [(3, 3)])), True),
        ("always", rows((10, 3, 0, [(3, 3)]), (9, 9, 0, [(4, 9)])), False),
    ],
)
def test_when_the_counts_by_category_may_be_published(rule: str, counts: Any, published: bool) -> None:
    assert counting.publishes_detail({"detail": rule}, counts) is published


def test_two_counts_of_the_same_ballots_agree(mixed: votes.Vote) -> None:
    """The order in which the box is read says nothing."""
    fixed = manifest.of(mixed.campaign)
    box = counting.opened(mixed.campaign, mixed.secrets)
    ballots = [(row.category.code, bytes(row.sealed)) for row in BoxBallot.objects.select_related("category")]
    codes = [row["code"] for row in fixed["categories"]]
    found = [
        {
            code: (s.ballots, s.invalid, s.cells())
            for code, s in counting.add_up(box, Layout.of(fixed), each, codes).items()
        }
        for each in (ballots, ballots[::-1])
    ]
    assert found[0] == found[1]


def test_no_count_is_asked_for_without_a_lock(mixed: votes.Vote) -> None:
    draft = Campaign.objects.create(season=mixed.campaign.season, title="草案（示例）")
    with pytest.raises(ActionError, match="当前为“筹备中”，混票之后才能计票。"):
        counting.count(campaign=draft, secrets=mixed.secrets, by=mixed.by)
