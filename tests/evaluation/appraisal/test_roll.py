"""The roll of a draft: one person in one category, an organization for recusal; after the lock to paper and back."""

from __future__ import annotations

from typing import Any

import pytest

from common import days
from common.actors import Actor
from common.errors import ActionError, Conflict, Forbidden
from common.models import AuditEntry
from evaluation.appraisal import electors, lifecycle, paper, roll
from evaluation.appraisal.models import Credential, Voter
from tests import factories
from tests.evaluation.appraisal import votes
from tests.projects.refusals import refused

pytestmark = pytest.mark.django_db


@pytest.fixture
def vote(district: Any, cast: Any) -> votes.Vote:
    return votes.make_vote(district, cast, each=5)


def category(vote: votes.Vote, code: str) -> Any:
    return vote.campaign.categories.get(code=code)


def add(vote: votes.Vote, code: str = "expert", name: str = "示例甲", **values: Any) -> Voter:
    values = {"workplace": "示例大学教授", **values}
    return roll.add_voter(campaign=vote.campaign, category=category(vote, code), name=name, by=vote.by, **values)


def test_a_voter_comes_onto_the_roll_with_the_audit_entry(vote: votes.Vote, district: Any) -> None:
    made = add(vote, organization=district.street, name=" 示例甲\u200b ")
    row = Voter.objects.get(pk=made.pk)
    assert (row.name, row.organization, row.channel, row.voted) == ("示例甲", district.street, "code", False)
    entry = AuditEntry.objects.get(action="appraisal.voter.added")
    assert (entry.object_id, entry.after["category"]) == (str(made.pk), "党建专家")


def test_one_person_stands_in_one_category(vote: votes.Vote, cast: Any) -> None:
    roll.add_accounts(category=category(vote, "expert"), persons=[cast.secretary.person], by=vote.by)
    said = "示例一街道书记已在“党建专家”名册中，一人只能归入一个类别。"
    with pytest.raises(ActionError) as refused:
        add(vote, "member", "另写的名字", person=cast.secretary.person)
    assert refused.value.fields == {"name": [said]}
    with pytest.raises(ActionError) as refused:
        roll.add_accounts(
            category=category(vote, "member"), persons=[cast.officer.person, cast.secretary.person], by=vote.by
        )
    assert refused.value.fields == {"persons": [said]}
    assert not vote.campaign.voters.filter(person=cast.officer.person).exists()


def test_the_same_name_at_the_same_workplace_is_a_duplicate(vote: votes.Vote) -> None:
    add(vote)
    with pytest.raises(ActionError) as refused:
        add(vote, "masses")
    words = "示例甲已在“党建专家”名册中，一人只能归入一个类别。确为两人的，请写明各自的单位及职务。"
    assert refused.value.fields == {"name": [words]}
    for name, workplace in (("示 例　甲", "示例大学教授"), ("示例甲", "示例大学 教授")):
        with pytest.raises(ActionError) as refused:
            add(vote, "masses", name, workplace=workplace)
        assert refused.value.fields == {"name": [words]}
    other = add(vote, "masses", workplace="示例社区居民")
    with pytest.raises(ActionError):
        roll.edit_voter(voter=other, by=vote.by, workplace="“示例大学”教授")
    assert roll.namesakes(vote.campaign) == ["示例甲"]


@pytest.mark.parametrize(
    ("values", "fields"),
    [
        ({"name": ""}, {"name": ["请填写姓名，最多 50 字，不含数字。"]}),
        ({"name": "甲13900001111"}, {"name": ["请填写姓名，最多 50 字，不含数字。"]}),
        ({"workplace": "示例大学 13900001111"}, {"workplace": ["名册不收证件号和电话，请删去。"]}),
        ({"workplace": "大" * 121}, {"workplace": ["最多 120 字。"]}),
        (
            {"workplace": ""},
            {"organization": ["请选择所在党组织（用于计算回避）；不在任何党组织的，请写明单位及职务。"]},
        ),
        ({"channel": "account"}, {"channel": ["用账号投票的，须先选定有账号的人员。"]}),
        ({"channel": "post"}, {"channel": ["请选择投票方式。"]}),
    ],
)
def test_a_row_that_may_not_stand_says_why(vote: votes.Vote, values: dict[str, Any], fields: Any) -> None:
    before = vote.campaign.voters.count()
    with pytest.raises(ActionError) as refused:
        add(vote, **values)
    assert (refused.value.fields, vote.campaign.voters.count()) == (fields, before)


def test_a_category_of_another_vote_is_refused(vote: votes.Vote, district: Any, cast: Any) -> None:
    other = votes.make_vote(district, cast, each=0, contests=[])
    with pytest.raises(ActionError) as refused:
        roll.add_voter(
            campaign=vote.campaign, category=category(other, "expert"), name="示例甲", workplace="示例大学", by=vote.by
        )
    assert refused.value.fields == {"category": ["请选择本次票决的人员类别。"]}


def test_accounts_bring_their_post(vote: votes.Vote, district: Any, cast: Any) -> None:
    people = [cast.secretary.person, cast.officer.person]
    made = roll.add_accounts(category=category(vote, "secretary"), persons=people, by=vote.by)
    assert [(v.name, v.organization, v.workplace, v.channel) for v in made] == [
        ("示例一街道书记", district.street, "示例一街道党工委书记", "account"),
        ("组织部工作人员", None, "", "account"),
    ]
    assert [v.name for v in roll.without_organization(vote.campaign).exclude(person=None)] == ["组织部工作人员"]
    assert roll.add_accounts(category=category(vote, "secretary"), persons=people, by=vote.by) == []


def test_editing_and_removing_leave_their_trace(vote: votes.Vote) -> None:
    made = add(vote)
    roll.edit_voter(voter=made, by=vote.by, category=category(vote, "masses"), workplace="示例社区居民")
    roll.edit_voter(voter=made, by=vote.by, workplace="示例社区居民")
    row = Voter.objects.get(pk=made.pk)
    assert (row.category.code, row.workplace) == ("masses", "示例社区居民")
    assert AuditEntry.objects.filter(action="appraisal.voter.edited").count() == 1
    roll.remove_voter(voter=made, by=vote.by)
    roll.remove_voter(voter=made, by=vote.by)
    assert not Voter.objects.filter(pk=made.pk).exists()
    assert AuditEntry.objects.filter(action="appraisal.voter.removed").count() == 1


def test_only_the_administrator_and_only_before_the_lock(vote: votes.Vote, actor: Any, cast: Any) -> None:
    made = add(vote)
    steps = [
        lambda by: roll.add_voter(
            campaign=vote.campaign, category=category(vote, "expert"), name="示例乙", workplace="示例", by=by
        ),
        lambda by: roll.edit_voter(voter=made, by=by, workplace="别处"),
        lambda by: roll.remove_voter(voter=made, by=by),
        lambda by: roll.add_accounts(category=category(vote, "expert"), persons=[cast.clerk.person], by=by),
    ]
    for step in steps:
        for user in (cast.scrutineer, cast.officer, cast.outsider):
            with pytest.raises(Forbidden):
                step(actor(user))
        with pytest.raises(Forbidden):
            step(Actor.system("test"))
    votes.lock(vote)
    for step in steps:
        with pytest.raises(Conflict) as refused:
            step(vote.by)
        assert refused.value.code == "locked"
    row = Voter.objects.get(pk=made.pk)
    assert (row.workplace, vote.campaign.voters.count()) == ("示例大学教授", 31)


def test_to_paper_before_voting_only_and_the_code_is_revoked(vote: votes.Vote, actor: Any, cast: Any) -> None:
    voter, voted = vote.voters("expert")[:2]
    with pytest.raises(Conflict) as refused:
        roll.switch_to_paper(voter=voter, by=vote.by)
    assert refused.value.message == "锁定之后、截止之前才能改用纸质票。请直接修改投票方式。"
    votes.open_(vote)
    with days.pretend(votes.DURING):
        issued = electors.issue_codes(campaign=vote.campaign, voters=[voter, voted], by=vote.by)
    votes.ballot(vote, voted, {"committee-1": [1]})
    with pytest.raises(Conflict) as refused:
        roll.switch_to_paper(voter=voted, by=vote.by)
    assert refused.value.code == "already_voted"
    with pytest.raises(Forbidden):
        roll.switch_to_paper(voter=voter, by=actor(cast.scrutineer))
    assert roll.switch_to_paper(voter=voter, by=vote.by).channel == "paper"
    roll.switch_to_paper(voter=voter, by=vote.by)
    assert list(Credential.objects.filter(revoked=False).values_list("voter", flat=True)) == [voted.pk]
    with pytest.raises(electors.NotAnElector) as wrong:
        electors.by_code(issued[0][1])
    assert wrong.value.message == "这个投票码已经作废，请使用补发的新码。"
    entries = AuditEntry.objects.filter(action="appraisal.voter.to_paper")
    assert [(e.object_id, e.before, e.after) for e in entries] == [(str(voter.pk), {}, {})]


def test_from_paper_to_a_code_while_no_ballot_is_out(vote: votes.Vote, actor: Any, cast: Any) -> None:
    voter, holder, by_account = vote.voters("expert")[:3]
    Voter.objects.filter(pk__in=[voter.pk, holder.pk]).update(channel="paper")
    account = factories.make_user().person
    Voter.objects.filter(pk=by_account.pk).update(channel="account", person=account)
    refused("illegal_step", lambda: roll.switch_to_code(voter=voter, by=vote.by))
    votes.open_(vote)
    refused("illegal_step", lambda: roll.switch_to_code(voter=by_account, by=vote.by))
    paper.give_out(voter=holder, by=vote.by)
    error = refused("ballot_out", lambda: roll.switch_to_code(voter=holder, by=vote.by))
    assert error.message == "党建专家002（示例）已经领票，不能改用投票码。登记有误的，先在“纸质票”更正。"
    with pytest.raises(Forbidden):
        roll.switch_to_code(voter=voter, by=actor(cast.scrutineer))
    for _ in range(2):
        assert roll.switch_to_code(voter=voter, by=vote.by).channel == "code"
    assert AuditEntry.objects.filter(action="appraisal.voter.to_code", object_id=str(voter.pk)).count() == 1
    with days.pretend(votes.DURING):
        ((_, code),) = electors.issue_codes(campaign=vote.campaign, voters=[voter], by=vote.by)
    assert electors.by_code(code)[0] == voter
    Voter.objects.filter(pk=holder.pk).update(paper="")
    with days.pretend(votes.AFTER):
        lifecycle.close_vote(campaign=vote.campaign, by=vote.by)
    refused("illegal_step", lambda: roll.switch_to_code(voter=holder, by=vote.by))


def test_a_locked_vote_lets_nobody_without_account_vote_by_account(vote: votes.Vote) -> None:
    person = factories.make_person("示例丙")
    with pytest.raises(ActionError) as refused:
        add(vote, name="示例丙", person=person, channel="account")
    assert refused.value.fields == {"channel": ["用账号投票的，须先选定有账号的人员。"]}
    factories.make_user(person, is_active=False)
    with pytest.raises(ActionError):
        add(vote, name="示例丙", person=type(person).objects.get(pk=person.pk), channel="account")
