"""What staff and voters do wrong with a vote, row by row: the words that they get, and the database as it was.

Paper ballots are in test_paper.py, imported rolls in test_roll_import.py, the voting pages in test_voting_refusals.py.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.contrib import admin
from django.db import DatabaseError, transaction

from common import days
from common.errors import ActionError
from evaluation.appraisal import candidates, casting, categories, counting, electors, keys, locking, mixing, roll
from evaluation.appraisal.crockford import CHECK
from evaluation.appraisal.models import BoxBallot, Campaign, Candidate, Credential, Recusal, UrnBallot, Voter
from tests import factories
from tests.evaluation.appraisal import votes
from tests.evaluation.appraisal.snapshots import refusal, unchanged

pytestmark = pytest.mark.django_db
TEN = [(*votes.CONTESTS[0][:4], 12, 10), votes.CONTESTS[1]]


@pytest.fixture
def draft(district: Any, cast: Any) -> votes.Vote:
    return votes.make_vote(district, cast, each=5)


@pytest.fixture
def vote(draft: votes.Vote) -> votes.Vote:
    return votes.open_(draft)


def not_locked(vote: votes.Vote) -> dict[str, list[str]]:
    with days.pretend(votes.BEFORE):
        error = refusal(lambda: locking.lock(campaign=vote.campaign, by=vote.by))
    assert error.code == "not_lockable"
    return error.fields


# --- before the lock ---


@pytest.mark.parametrize(
    ("weights", "words"),
    [
        ({"expert": 2500}, "权重合计为 95.00，应正好为 100，请调整 5.00。"),
        ({"expert": 3500}, "权重合计为 105.00，应正好为 100，请调整 5.00。"),
        ({"expert": 2999}, "权重合计为 99.99，应正好为 100，请调整 0.01。"),
    ],
)
def test_weights_that_do_not_sum_to_100(district: Any, cast: Any, weights: dict[str, int], words: str) -> None:
    vote = votes.make_vote(district, cast, each=5, weights=weights)
    assert not_locked(vote) == {"categories": [f"类别权重：{words}"]}


def test_three_thirds_are_not_100(draft: votes.Vote) -> None:
    """33.33 × 3: a hundredth is missing, and nobody rounds it away."""
    Voter.objects.exclude(category__code__in=["expert", "member", "masses"]).delete()
    draft.campaign.categories.exclude(code__in=["expert", "member", "masses"]).delete()
    draft.campaign.categories.update(weight=3333)
    assert not_locked(draft) == {"categories": ["类别权重：权重合计为 99.99，应正好为 100，请调整 0.01。"]}
    draft.campaign.categories.filter(code="masses").update(weight=3334)
    assert votes.lock(draft).campaign.state == "locked"


def test_a_category_without_voters_and_one_with_four(draft: votes.Vote) -> None:
    Voter.objects.filter(category__code="leader").delete()
    Voter.objects.filter(pk=draft.voters("masses")[0].pk).delete()
    assert not_locked(draft) == {
        "categories": [
            "“群众代表”：名册只有 4 人，少于 5 人，请补充人员，或并入另一类别（权重相加）。",
            "“区领导”：名册里没有人，请补充人员，或并入另一类别（权重相加）。",
        ]
    }


def test_a_category_under_ten_asks_for_a_written_consent(draft: votes.Vote) -> None:
    Campaign.objects.filter(pk=draft.campaign.pk).update(small_signoff="")
    found = not_locked(draft)["categories"]
    assert len(found) == 6
    assert found[0] == (
        "“党建专家”：名册 5 人，少于 10 人容易看出个人投票，请补充人员、并入另一类别，或在“基本信息”填写书面同意。"
    )


def test_merges_that_go_round_in_a_circle(draft: votes.Vote) -> None:
    """Both would count as settled by the rule and neither would be a category that stands by itself."""
    one, two = (draft.campaign.categories.get(code=code) for code in ("leader", "delegate"))
    for row, other in ((one, two), (two, one)):
        row.merge_into = other
        row.save()
    words = "指定并入的类别绕了一圈，或不在本次票决中，请改为并入人数充足的类别。"
    assert not_locked(draft) == {"categories": [f"“区领导”：{words}", f"“两代表一委员”：{words}"]}


def test_one_person_in_two_categories(draft: votes.Vote, cast: Any) -> None:
    expert, member = (draft.campaign.categories.get(code=code) for code in ("expert", "member"))
    person = cast.outsider.person
    roll.add_voter(campaign=draft.campaign, category=expert, name=person.name, person=person, by=draft.by)
    error = refusal(
        lambda: roll.add_voter(campaign=draft.campaign, category=member, name=person.name, person=person, by=draft.by)
    )
    assert error.fields == {"name": ["示例二街道书记已在“党建专家”名册中，一人只能归入一个类别。"]}


def test_fewer_than_ten_for_the_ten_best(district: Any, cast: Any) -> None:
    contests = [(*votes.CONTESTS[0][:4], 9, 10), votes.CONTESTS[1]]
    vote = votes.make_vote(district, cast, each=5, contests=contests)
    words = "“十佳书记项目”：名额 10 个，候选项目只有 9 个，请减少名额或增加候选项目。"
    assert not_locked(vote) == {"contests": [words]}


def test_a_voter_recused_for_all_candidates(draft: votes.Vote) -> None:
    """Every candidate works with somebody of the voter's name."""
    voter = draft.voters("expert")[0]
    for row in Candidate.objects.filter(campaign=draft.campaign).select_related("project"):
        row.project.team.create(name=voter.name)
    words = "党建专家001（示例）（党建专家）：对全部候选项目都应回避，请移出名册或更换人员。"
    assert not_locked(draft) == {"roll": [words]}


def test_no_approval_no_time_no_scrutineer_no_keys(draft: votes.Vote) -> None:
    Campaign.objects.filter(pk=draft.campaign.pk).update(
        approval_number="", opens_at=None, public_key="", keys_rehearsed_at=None
    )
    draft.campaign.scrutineers.all().delete()
    assert not_locked(draft) == {
        "basics": [
            "批准依据：没有填全文号、日期和批准机关，请在“基本信息”补齐。",
            "投票时间：没有填开始和截止时间，请在“基本信息”填写。",
        ],
        "scrutineers": ["监票人：还没有指定，请至少指定一名。"],
        "keys": ["票箱密钥：还没有生成，请生成并交三位保管人。"],
    }


def test_a_candidate_that_may_not_stand_any_more(draft: votes.Vote) -> None:
    row = Candidate.objects.select_related("project__closing").first()
    assert row is not None
    row.project.closing.eligible, row.project.closing.bar_reason = False, "数据不实"
    row.project.closing.save()
    words = f"“{row.project}”：不具备评选资格：数据不实。请从候选名单移出。"
    assert not_locked(draft) == {"candidates": [words]}
    error = refusal(lambda: candidates.add_candidate(contest_class=other_class(row), project=row.project, by=draft.by))
    assert error.message == f"“{row.project}”已在“{row.contest_class}”的候选名单中。"


def other_class(row: Candidate) -> Any:
    return row.campaign.contests.get(code="new").classes.get()


# --- after the lock ---


def test_a_weight_after_the_opening(vote: votes.Vote) -> None:
    rows = [categories.CategoryInput("expert", "党建专家", 10000)]
    error = refusal(lambda: categories.set_categories(campaign=vote.campaign, rows=rows, by=vote.by))
    assert (error.status, error.code) == (409, "locked")
    with unchanged(), pytest.raises(DatabaseError), transaction.atomic():
        vote.campaign.categories.filter(code="expert").update(weight=3100)


def test_a_voter_or_candidate_after_the_opening(vote: votes.Vote) -> None:
    category = vote.campaign.categories.get(code="expert")
    error = refusal(
        lambda: roll.add_voter(campaign=vote.campaign, category=category, name="后来", workplace="某处", by=vote.by)
    )
    assert error.message == "票决已经锁定，名册不能再改；没有投票的人可以改用纸质票。"
    row = Candidate.objects.first()
    assert row is not None
    error = refusal(lambda: candidates.add_candidate(contest_class=row.contest_class, project=row.project, by=vote.by))
    assert error.message == "票决已经锁定，规则、名单和类别都不能再改。"


# --- the code ---


def code_of(vote: votes.Vote, voter: Voter) -> str:
    with days.pretend(votes.DURING):
        return electors.issue_codes(campaign=vote.campaign, voters=[voter], by=vote.by)[0][1]


def test_o_for_0_and_l_for_1(vote: votes.Vote) -> None:
    """Codes are drawn until one has both."""
    voter = vote.voters("expert")[0]
    code = code_of(vote, voter)
    while not {"0", "1"} <= set(code):
        code = code_of(vote, voter)
    for typed in (code, code.replace("0", "O").replace("1", "l"), code.replace("-", "").lower().replace("1", "I")):
        assert electors.by_code(typed)[0] == voter


MISTYPED = "投票码有误：有一位不对，请逐位核对。字母 O 和数字 0、字母 I、L 和数字 1 不区分。"
SHORT = "投票码有误：应为 13 位，您输入了 {} 位，请对照选票单核对。"


def test_codes_that_open_nothing(vote: votes.Vote) -> None:
    voter = vote.voters("expert")[0]
    former = code_of(vote, voter)
    code = code_of(vote, voter)
    last = "2" if code[-1] != "2" else "3"
    foreign = "0" * 11 + "1" + "1"
    assert int(foreign[-1]) == 1 % CHECK
    for typed, words in (
        ("", SHORT.format(0)),
        (code[:-1], SHORT.format(12)),
        (f"{code}-{last}", SHORT.format(14)),
        ("U" + code[1:], MISTYPED),
        (code[:-1] + last, MISTYPED),
        (foreign, "没有这个投票码，请对照选票单核对。"),
        (former, "这个投票码已经作废，请使用补发的新码。"),
    ):
        error = refusal(lambda typed=typed: electors.by_code(typed))
        assert (type(error), error.fields) == (electors.NotAnElector, {"code": [words]})


def test_a_code_of_last_year(vote: votes.Vote) -> None:
    code = code_of(vote, vote.voters("expert")[0])
    for state, ended in (("final", "已经截止"), ("archived", "已经截止"), ("voided", "已经作废")):
        Campaign.objects.filter(pk=vote.campaign.pk).update(state=state)
        error = refusal(lambda: electors.by_code(code))
        assert error.message == f"这是“2026年度综合票决（示例）”的投票码，该次投票{ended}。"


def test_a_code_is_kept_as_a_hash_only(vote: votes.Vote) -> None:
    code = code_of(vote, vote.voters("expert")[0])
    digest = Credential.objects.get(revoked=False).digest
    assert code.replace("-", "") not in digest
    assert digest == electors.digest(code.replace("-", ""))


# --- the ballot ---


def prepared(vote: votes.Vote, voter: Voter, **chosen: list[str]) -> casting.Prepared:
    choices = {f"{key}-1": codes for key, codes in chosen.items()}
    rest = [f"{key}-1" for key in ("committee", "community", "new") if key not in chosen]
    with days.pretend(votes.DURING):
        return casting.prepare(voter=voter, choices=choices, abstained=rest)


def test_eleven_of_ten(district: Any, cast: Any) -> None:
    vote = votes.open_(votes.make_vote(district, cast, each=5, contests=TEN))
    eleven = vote.codes("committee-1")[:11]
    error = refusal(lambda: prepared(vote, vote.voters("expert")[0], committee=eleven))
    assert error.fields == {"committee-1": ["最多选 10 个，您选了 11 个，请取消 1 个。"]}


def test_none_without_a_word(vote: votes.Vote) -> None:
    with days.pretend(votes.DURING):
        error = refusal(lambda: casting.prepare(voter=vote.voters("expert")[0], choices={}, abstained=["new-1"]))
    words = ["您一个都没有选。确定弃权的，请勾选“本项弃权”。"]
    assert error.fields == {"committee-1": words, "community-1": words}


def test_a_candidate_of_another_track(vote: votes.Vote) -> None:
    error = refusal(lambda: prepared(vote, vote.voters("expert")[0], committee=vote.codes("new-1")[:1]))
    assert error.fields == {"committee-1": ["所选项目不在这个评选项目的候选名单中。"]}


def test_a_candidate_of_the_voters_own_organization(draft: votes.Vote) -> None:
    row = Candidate.objects.filter(contest_class__contest__code="committee").first()
    assert row is not None
    voter = draft.voters("expert")[0]
    Voter.objects.filter(pk=voter.pk).update(organization=row.project.lead_organization)
    votes.open_(draft)
    error = refusal(lambda: prepared(draft, draft.voters("expert")[0], committee=[row.code]))
    assert error.fields == {"committee-1": ["所选项目中有您应当回避的，请取消。"]}


def test_two_tabs(vote: votes.Vote) -> None:
    voter = vote.voters("expert")[0]
    one, two = (prepared(vote, voter, new=vote.codes("new-1")[at : at + 1]) for at in (0, 1))
    with days.pretend(votes.DURING):
        casting.cast(voter=voter, token=one.token)
        error = refusal(lambda: casting.cast(voter=voter, token=two.token))
    assert error.message == "您已经投过票，先投的那一张有效，已在票箱中。"


def test_one_second_after_the_close(vote: votes.Vote, monkeypatch: pytest.MonkeyPatch) -> None:
    voter = vote.voters("expert")[0]
    ready = prepared(vote, voter)
    closes = vote.campaign.closes_at
    assert closes
    monkeypatch.setattr(days, "now", lambda: closes + timedelta(seconds=1))
    assert refusal(lambda: casting.cast(voter=voter, token=ready.token)).message == "投票已经截止，不能再投。"


# --- the count ---


def all_vote(vote: votes.Vote, **numbers: list[int]) -> None:
    for voter in vote.campaign.voters.filter(voted=False):
        votes.ballot(vote, voter, {f"{key}-1": chosen for key, chosen in numbers.items()})


def test_a_candidate_withdrawn_after_the_ballots(vote: votes.Vote) -> None:
    all_vote(vote, committee=[1, 2])
    gone = Candidate.objects.get(code=vote.codes("committee-1")[0])
    with days.pretend(votes.DURING):
        candidates.withdraw_candidate(candidate=gone, reason="主动退出（示例）", by=vote.by)
        assert refusal(lambda: candidates.withdraw_candidate(candidate=gone, reason=" ", by=vote.by)).fields == {
            "reason": ["请写明退出原因，将随补充说明公布。"]
        }
    found = json.loads(votes.count(votes.close(vote)).result)["contests"][0]["classes"][0]
    assert gone.code not in [row["candidate"] for row in found["ranking"]]
    assert found["ranking"][0]["points"] == "100.00"


def test_a_tie_at_the_tenth_seat(district: Any, cast: Any) -> None:
    vote = votes.open_(votes.make_vote(district, cast, each=10, contests=TEN))
    for turn, voter in enumerate(vote.campaign.voters.order_by("category", "pk")):
        votes.ballot(vote, voter, {"committee-1": [*range(1, 10), 10 + turn % 2], "community-1": [1]})
    found = json.loads(votes.count(votes.close(vote)).result)["contests"][0]["classes"][0]
    codes = vote.codes("committee-1")
    assert found["tie"] == {"seats": 1, "candidates": codes[9:11]}
    assert [row["candidate"] for row in found["ranking"] if row["elected"]] == codes[:9]


def test_a_quorum_missed_in_one_category(vote: votes.Vote) -> None:
    for code in ("expert", "member", "masses", "delegate", "secretary"):
        for voter in vote.voters(code):
            votes.ballot(vote, voter, {})
    with pytest.raises(ActionError, match="“区领导”只有 0/5 人投票"):
        votes.close(vote)
    assert vote.again().state == "closed"
    error = refusal(lambda: mixing.mix_all(campaign=vote.campaign, by=vote.by))
    assert (error.message, error.code) == ("“区领导”只有 0/5 人投票", "shortfall")


def test_the_administrator_reads_no_single_ballot(vote: votes.Vote) -> None:
    """Before the mixing nothing opens the box; with one holder nothing ever does; no admin page shows the tables."""
    all_vote(vote)
    error = refusal(lambda: counting.count(campaign=vote.campaign, secrets=vote.secrets, by=vote.by))
    assert error.message == "当前为“投票中”，混票之后才能计票。"
    error = refusal(lambda: keys.open_key(vote.campaign, {1: vote.secrets[1]}))
    assert error.message == "须有两位保管人同时输入密钥。"
    assert {model for model in admin.site._registry if model._meta.app_label == "appraisal"} & {
        UrnBallot,
        BoxBallot,
        Voter,
        Credential,
        Recusal,
    } == set()


def test_a_vote_of_a_leaver_or_a_wrong_password(draft: votes.Vote, cast: Any) -> None:
    Voter.objects.filter(pk=draft.voters("secretary")[0].pk).update(person=cast.branchsec.person, channel="account")
    vote = votes.open_(draft)
    assert (
        electors.by_account(user=cast.branchsec, password=factories.PASSWORD, campaign=vote.campaign)[0].channel
        == "account"
    )
    for user, password, words in (
        (cast.branchsec, "wrong", "账号或密码不正确。"),
        (cast.outsider, factories.PASSWORD, "您不在本次票决的名册中，或不是用账号投票。"),
    ):
        error = refusal(
            lambda user=user, password=password: electors.by_account(
                user=user, password=password, campaign=vote.campaign
            )
        )
        assert error.fields == {"password": [words]}
    cast.branchsec.is_active = False
    error = refusal(
        lambda: electors.by_account(user=cast.branchsec, password=factories.PASSWORD, campaign=vote.campaign)
    )
    assert error.fields == {"password": ["账号或密码不正确。"]}
