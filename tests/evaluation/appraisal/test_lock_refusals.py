"""What keeps a vote from being locked: each with its row and cure, the draft unchanged."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import pytest

from common import days
from evaluation.appraisal import locking
from evaluation.appraisal.models import Campaign, CampaignStateChange, Candidate, Contest, ContestClass, VoterCategory
from organizations.models import Organization, RoleGrant, User
from projects.models import Closing
from tests import factories
from tests.evaluation.appraisal import votes
from tests.projects.refusals import refused


@pytest.fixture(autouse=True)
def _day(today):
    today(votes.BEFORE)


@pytest.fixture
def vote(district, cast):
    return votes.make_vote(district, cast, each=10)


def of_campaign(**values: Any) -> Callable[[votes.Vote], None]:
    return lambda vote: _update(Campaign.objects.filter(pk=vote.campaign.pk), values)


def of_category(code: str, **values: Any) -> Callable[[votes.Vote], None]:
    return lambda vote: _update(VoterCategory.objects.filter(campaign=vote.campaign, code=code), values)


def _update(rows: Any, values: dict[str, Any]) -> None:
    assert rows.update(**values)


def with_voters(number: int) -> Callable[[votes.Vote], None]:
    def leave(vote: votes.Vote) -> None:
        rows = vote.voters("expert")[number:]
        vote.campaign.voters.filter(pk__in=[row.pk for row in rows]).delete()

    return leave


def small_and_unsigned(vote: votes.Vote) -> None:
    with_voters(9)(vote)
    of_campaign(small_signoff="")(vote)


def without_seats(vote: votes.Vote) -> None:
    contest = vote.campaign.contests.get(code="new")
    Candidate.objects.filter(contest_class__contest=contest).delete()
    contest.classes.all().delete()


def without_contests(vote: votes.Vote) -> None:
    vote.campaign.candidates.all().delete()
    ContestClass.objects.all().delete()
    vote.campaign.contests.all().delete()


def a_project(vote: votes.Vote) -> Any:
    return (
        vote.campaign.candidates.select_related("project__lead_organization")
        .get(project__title__startswith="优秀书记项目1")
        .project
    )


def barred(vote: votes.Vote) -> None:
    _update(Closing.objects.filter(project=a_project(vote)), {"eligible": False, "bar_reason": "红灯未销号"})


def reopened(vote: votes.Vote) -> None:
    project = a_project(vote)
    _update(type(project).objects.filter(pk=project.pk), {"state": "running"})


def dissolved(vote: votes.Vote) -> None:
    rows = Organization.objects.filter(pk=a_project(vote).lead_organization_id)
    _update(rows, {"dissolved_on": votes.BEFORE})


def nobody_watches(vote: votes.Vote) -> None:
    vote.campaign.scrutineers.all().delete()


def watched_from_inside(vote: votes.Vote) -> None:
    factories.appoint(vote.scrutineer, a_project(vote).lead_organization, "member")


def watched_by_the_lead(vote: votes.Vote) -> None:
    project = a_project(vote)
    _update(type(project).objects.filter(pk=project.pk), {"lead_secretary": vote.scrutineer.person})


def watcher_loses_the_role(vote: votes.Vote) -> None:
    _update(RoleGrant.objects.filter(person=vote.scrutineer.person), {"until": date(2026, 11, 29)})


def watcher_loses_the_account(vote: votes.Vote) -> None:
    _update(User.objects.filter(pk=vote.scrutineer.pk), {"is_active": False})


def detail_of_few(vote: votes.Vote) -> None:
    """A lower number for the sign-off does not lower the number from which details may always be published."""
    with_voters(9)(vote)
    of_campaign(detail_rule="always", detail_signoff="同意（示例）", signoff_below=9)(vote)


def watcher_votes(vote: votes.Vote) -> None:
    votes.add_voter(vote.campaign, vote.campaign.categories.first(), "监票人", person=vote.scrutineer.person)


def watcher_runs(vote: votes.Vote) -> None:
    factories.grant(vote.scrutineer, "evaluation_administrator")


PAST = datetime(2026, 11, 29, tzinfo=days.SHANGHAI)
REFUSALS = [
    (of_category("expert", weight=2500), "categories", "类别权重：权重合计为 95.00，应正好为 100，请调整 5.00。"),
    (of_category("expert", weight=3500), "categories", "类别权重：权重合计为 105.00，应正好为 100，请调整 5.00。"),
    (of_category("expert", weight=2999), "categories", "类别权重：权重合计为 99.99，应正好为 100，请调整 0.01。"),
    (with_voters(0), "categories", "“党建专家”：名册里没有人，请补充人员，或并入另一类别（权重相加）。"),
    (
        with_voters(4),
        "categories",
        "“党建专家”：名册只有 4 人，少于 5 人，请补充人员，或并入另一类别（权重相加）。",
    ),
    (
        small_and_unsigned,
        "categories",
        "“党建专家”：名册 9 人，少于 10 人容易看出个人投票，请补充人员、并入另一类别，或在“基本信息”填写书面同意。",
    ),
    (
        lambda vote: _update(Contest.objects.filter(code="new"), {"tie_rule": "rates"}),
        "categories",
        "并列规则：没有指定比较哪些类别的赞成率，请填写并列比较顺序。",
    ),
    (
        lambda vote: _update(ContestClass.objects.filter(contest__code="new"), {"seats": 4}),
        "contests",
        "“优秀书记项目”：名额 4 个，候选项目只有 3 个，请减少名额或增加候选项目。",
    ),
    (without_seats, "contests", "“优秀书记项目”：还没有设置名额，请填写名额。"),
    (without_contests, "contests", "评选项目：还没有设置，请至少设置一个。"),
    (barred, "candidates", "“优秀书记项目1（示例）”：不具备评选资格：红灯未销号。请从候选名单移出。"),
    (reopened, "candidates", "“优秀书记项目1（示例）”：还没有结项（当前“推进中”）。请从候选名单移出。"),
    (dissolved, "candidates", "“优秀书记项目1（示例）”：牵头党组织已撤销。请从候选名单移出。"),
    (nobody_watches, "scrutineers", "监票人：还没有指定，请至少指定一名。"),
    (watcher_loses_the_role, "scrutineers", "监票人：没有监票人的角色或可用的账号，请换人，或由系统管理员开通。"),
    (watcher_loses_the_account, "scrutineers", "监票人：没有监票人的角色或可用的账号，请换人，或由系统管理员开通。"),
    (
        watched_from_inside,
        "scrutineers",
        "监票人：在候选项目的党组织“优秀书记项目1党组织（示例）”任职，请换人。",
    ),
    (watched_by_the_lead, "scrutineers", "监票人：是候选项目的领题书记，请换人。"),
    (watcher_votes, "scrutineers", "监票人：在投票名册中，监票人不投票，请换人或移出名册。"),
    (watcher_runs, "scrutineers", "监票人：是年度评选管理员，组织和监票须分开，请换人。"),
    (of_campaign(approval_number=""), "basics", "批准依据：没有填全文号、日期和批准机关，请在“基本信息”补齐。"),
    (of_campaign(approval_on=None), "basics", "批准依据：没有填全文号、日期和批准机关，请在“基本信息”补齐。"),
    (of_campaign(approval_body=""), "basics", "批准依据：没有填全文号、日期和批准机关，请在“基本信息”补齐。"),
    (
        of_campaign(approval_on=date(2026, 12, 1)),
        "basics",
        "批准依据：批准日期 2026-12-01 还没有到，请在“基本信息”核对。",
    ),
    (of_campaign(opens_at=None), "basics", "投票时间：没有填开始和截止时间，请在“基本信息”填写。"),
    (of_campaign(opens_at=None, closes_at=None), "basics", "投票时间：没有填开始和截止时间，请在“基本信息”填写。"),
    (of_campaign(opens_at=None, closes_at=PAST), "basics", "投票时间：没有填开始和截止时间，请在“基本信息”填写。"),
    (
        of_campaign(opens_at=datetime(2026, 11, 1, tzinfo=days.SHANGHAI), closes_at=PAST),
        "basics",
        "投票时间：截止时间已经过去，请改为将来的时间。",
    ),
    (
        of_campaign(detail_rule="always"),
        "basics",
        "分类别票数：公布分类别票数须有批准机关的意见，请填写，或改用其他规则。",
    ),
    (detail_of_few, "categories", "“党建专家”：名册 9 人，不能一律公布分类别票数，请改用其他公布规则。"),
    (of_campaign(public_key=""), "keys", "票箱密钥：还没有生成，请生成并交三位保管人。"),
    (of_campaign(keys_rehearsed_at=None), "keys", "开箱演练：还没有做，请三位保管人各自输入密钥。"),
]


@pytest.mark.parametrize(("spoil", "part", "words"), REFUSALS, ids=[words for _, _, words in REFUSALS])
def test_the_lock_is_refused_with_row_and_cure(vote, spoil, part, words):
    spoil(vote)
    before = Campaign.objects.values().get()
    error = refused("not_lockable", lambda: locking.lock(campaign=vote.again(), by=vote.by), part)
    assert error.fields == {part: [words]}
    assert error.message == "还有 1 处需要处理，不能锁定。"
    assert Campaign.objects.values().get() == before
    assert not CampaignStateChange.objects.exists()
    assert not vote.campaign.candidates.exclude(number=None).exists()


def test_several_problems_are_told_at_once(vote):
    of_campaign(approval_number="", public_key="")(vote)
    nobody_watches(vote)
    error = refused(
        "not_lockable", lambda: locking.lock(campaign=vote.again(), by=vote.by), "basics", "keys", "scrutineers"
    )
    assert error.message == "还有 3 处需要处理，不能锁定。"


def test_a_voter_who_would_recuse_from_all_is_told(vote):
    voter = vote.voters("expert")[0]
    vote.campaign.candidates.exclude(contest_class__contest__code="new").delete()
    vote.campaign.contests.exclude(code="new").delete()
    for row in vote.campaign.candidates.select_related("project"):
        row.project.team.create(name=voter.name, position=1)
    words = f"{voter.name}（党建专家）：对全部候选项目都应回避，请移出名册或更换人员。"
    assert [str(each) for each in locking.problems(vote.campaign)] == [words]  # nothing is computed by the lock only
    error = refused("not_lockable", lambda: locking.lock(campaign=vote.again(), by=vote.by), "roll")
    assert error.fields["roll"] == [words]


def test_a_candidate_on_whom_nobody_could_vote_is_told(vote):
    candidate = vote.campaign.candidates.select_related("project__lead_organization").get(code=vote.codes("new-1")[0])
    vote.campaign.voters.update(organization=candidate.project.lead_organization)
    error = refused("not_lockable", lambda: locking.lock(campaign=vote.again(), by=vote.by), "candidates")
    words = f"“{candidate.project}”：名册上的人对它都应回避，没有人能投，请补充人员，或移出候选名单。"
    assert error.fields["candidates"] == [words]


def test_what_lacks_nothing_is_locked_once(vote):
    assert locking.problems(vote.campaign) == []
    locked = locking.lock(campaign=vote.campaign, by=vote.by)
    again = locking.lock(campaign=vote.campaign, by=vote.by)
    assert (locked.state, again.manifest_sha256) == ("locked", locked.manifest_sha256)
    assert CampaignStateChange.objects.count() == 1


@pytest.mark.parametrize("more", [1, 3])
def test_problems_cost_the_same_for_any_roll(vote, assert_queries, more):
    for number in range(more):
        votes.add_voter(vote.campaign, vote.campaign.categories.first(), f"加{number}")
    with assert_queries(14):
        assert locking.problems(vote.campaign) == []
