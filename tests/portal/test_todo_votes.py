"""What waits on the desk around the annual vote, and who has its entry in the navigation."""

from __future__ import annotations

import pytest
from django.test import RequestFactory
from django.urls import reverse

from common.models import Publication
from evaluation.appraisal import paper, paper_keying, progress, runoffs, shortfall
from evaluation.appraisal.models import Campaign, CampaignAnnouncement, PaperBatch, PublicNotice, Voter
from portal.workspace.context import desk
from portal.workspace.todo_votes import vote_todos
from tests import factories
from tests.conftest import fresh
from tests.evaluation.appraisal import count_steps, votes


@pytest.fixture(autouse=True)
def _day(today):
    today(votes.BEFORE)


@pytest.fixture
def vote(district, cast):
    return votes.make_vote(district, cast, each=10)


def waits(user) -> list[tuple[str, str]]:
    return [(todo.title, todo.url) for todo in vote_todos(fresh(user))]


def announced(vote):
    CampaignAnnouncement.objects.create(campaign=vote.campaign, body="公告", published_on=votes.BEFORE)


def page(part, vote):
    return reverse(f"appraisal:{part}", args=[vote.campaign.code])


def test_the_administrator_is_led_from_lock_to_count(cast, vote, today):
    assert waits(cast.evaladmin) == [("年度评选：完成准备，锁定规则", page("lock", vote))]
    votes.lock(vote)
    assert waits(cast.evaladmin) == [("年度评选：提出评选公告", page("announcement", vote))]
    Publication.objects.create(object_type="appraisal.campaign", object_id=str(vote.campaign.pk))
    assert waits(cast.evaladmin) == []  # the department reviews it
    announced(vote)
    assert waits(cast.evaladmin) == [("年度评选：12月1日 00:00 自动开始投票；此前发放选票单", page("roll", vote))]
    today(votes.DURING)
    assert waits(cast.evaladmin) == [("年度评选：开始投票", page("campaign", vote))]
    votes.open_(vote)
    for category in ("expert", "member", "masses", "leader", "delegate", "secretary"):
        for voter in vote.voters(category):
            votes.ballot(vote, voter, {"new-1": [1]})
    words = "年度评选：正在投票，已投 60/60 人；12月4日 00:00 自动截止；此前可以催票"
    assert waits(cast.evaladmin) == [(words, page("turnout", vote))]
    votes.close(vote)
    today(votes.AFTER)
    assert waits(cast.evaladmin) == [("年度评选：两位保管人到场，开箱计票", page("count", vote))]
    assert waits(cast.scrutineer) == []
    votes.count(vote)
    assert waits(cast.evaladmin) == []
    assert waits(cast.scrutineer) == [("年度评选：核对计票结果并签字", page("result", vote))]


def test_an_open_vote_says_how_many_paper_ballots_are_out(cast, vote, today):
    Voter.objects.filter(campaign=vote.campaign, category__code="expert").update(channel="paper")
    votes.open_(vote)
    today(votes.DURING)
    voter = vote.voters("expert")[0]
    paper.give_out(voter=voter, by=vote.watch)
    paper.take_back(voter=voter, by=vote.watch)
    announced(vote)
    ((words, _),) = waits(cast.evaladmin)
    assert words.startswith("年度评选：正在投票，已投 0/60 人，纸质票还有 9 张没有收回；")


def test_what_was_sent_back_waits_for_the_administrator_again(cast, vote, today):
    votes.open_(vote)
    today(votes.DURING)
    review = Publication.objects.create(object_type="appraisal.campaign", object_id=str(vote.campaign.pk))
    ((words, url),) = waits(cast.evaladmin)
    assert (words.startswith("年度评选：正在投票，"), url) == (True, page("turnout", vote))
    Publication.objects.filter(pk=review.pk).update(state="returned")
    assert waits(cast.evaladmin) == [("年度评选：提出评选公告，前一份已被退回", page("announcement", vote))]
    assert [each.who for each in progress.waiting(vote.campaign)] == ["管理员", "系统"]


def test_a_round_after_a_changed_result_waits_for_the_administrator(cast, vote):
    votes.open_(vote)
    Campaign.objects.update(state="noticed")
    assert waits(cast.evaladmin) == []
    notice = PublicNotice.objects.create(campaign=vote.again(), round=2)
    assert waits(cast.evaladmin) == [("年度评选：提出公示（第 2 轮）", page("notice", vote))]
    Publication.objects.create(object_type="appraisal.publicnotice", object_id=str(notice.pk))
    assert (waits(cast.evaladmin), progress.next_step(vote.campaign).who) == ([], "组织部")


def test_a_tie_waits_once_and_then_the_notice(cast, district, today):
    """The first vote asks for the run-off, the run-off for its own steps, and after both one notice is proposed."""
    first = count_steps.counted(district, cast, each=5)
    assert waits(cast.evaladmin) == []
    assert [each.what for each in progress.waiting(first.campaign)] == [
        "核对计票结果并签字",
        "“十佳书记项目”末位并列，签字后组织再次票决",
    ]
    count_steps.signed(first)
    tied = "年度评选：“十佳书记项目”末位并列，组织再次票决"
    assert waits(cast.evaladmin) == [(tied, page("result", first))]
    made = runoffs.create_runoff(campaign=first.again(), by=first.by)
    assert waits(cast.evaladmin) == [("年度评选：完成准备，锁定规则", reverse("appraisal:lock", args=[made.code]))]
    step = progress.next_step(first.again())
    assert (step.who, step.what) == ("再次票决", "筹备中；监票人签字后提出公示")
    fixed = ("manifest", "manifest_sha256", "public_key", "order_seed", "weight_total", "locked_at")
    as_locked = {name: getattr(first.again(), name) for name in (*fixed, "keys_rehearsed_at")}
    Campaign.objects.filter(pk=made.pk).update(state="confirmed", **as_locked)
    assert waits(cast.evaladmin) == [("年度评选：提出公示", page("notice", first))]
    (step,) = progress.waiting(Campaign.objects.get(pk=made.pk))
    assert (step.who, step.what) == ("原票决", f"结果已签字，并入“{first.campaign}”公示")


def test_the_scrutineer_is_asked_to_agree(cast, vote, today):
    votes.open_(vote)
    today(votes.AFTER)
    Campaign.objects.update(state="closed")
    shortfall.propose(
        campaign=vote.again(), kind="accept", category=None, target=None, until=None, reason="照实计票", by=vote.by
    )
    assert waits(cast.scrutineer) == [("年度评选：同意或不同意：按实际票数计票", page("turnout", vote))]
    shortfall.agree(decision=vote.campaign.shortfall_decisions.get(), by=vote.watch)
    assert waits(cast.scrutineer) == []
    other = factories.make_user("别处的监票人")
    factories.grant(other, "scrutineer")
    assert waits(other) == []


def test_a_batch_keyed_once_waits_for_the_other(cast, vote, today):
    """Whoever keyed it first has nothing to do; anybody else who may key is asked."""
    Voter.objects.filter(campaign=vote.campaign, category__code="expert").update(channel="paper")
    votes.open_(vote)
    today(votes.DURING)
    papers = vote.voters("expert")
    for voter in papers:
        paper.give_out(voter=voter, by=vote.watch)
        paper.take_back(voter=voter, by=vote.watch)
    batch = paper_keying.key_first(
        campaign=vote.campaign,
        category=vote.campaign.categories.get(code="expert"),
        ballots=[paper_keying.KeyedBallot({"new-1": [1]}) for _ in papers],
        by=vote.by,
    )
    url = reverse("appraisal:paper_second", args=[vote.campaign.code, batch.pk])
    assert waits(cast.scrutineer) == [("纸质票录第二遍：党建专家，10 张", url)]
    announced(vote)
    still = ("年度评选：正在投票，已投 0/60 人；12月4日 00:00 自动截止；此前可以催票", page("turnout", vote))
    assert waits(cast.evaladmin) == [still]
    other = factories.make_user("别处的监票人")
    factories.grant(other, "scrutineer")
    assert (waits(other), waits(cast.officer)) == ([], [])
    PaperBatch.objects.update(first_by=cast.scrutineer)
    assert (waits(cast.scrutineer), waits(cast.evaladmin)) == ([], [still, ("纸质票录第二遍：党建专家，10 张", url)])
    PaperBatch.objects.update(state="dropped", keyed="")
    assert waits(cast.evaladmin) == [still]


def test_nothing_waits_for_others_or_after_the_end(cast, vote):
    for who in ("officer", "leader", "secretary", "auditor"):
        assert waits(getattr(cast, who)) == []
    Campaign.objects.update(state="voided")
    assert waits(cast.evaladmin) == []


@pytest.mark.parametrize("rows", [1, 3])
def test_todos_cost_the_same_for_one_and_three(cast, rows, assert_queries):
    season = factories.make_season()
    for number in range(rows):
        Campaign.objects.create(season=season, title=f"票决{number}")
    user = fresh(cast.evaladmin)
    with assert_queries(4):
        assert len(vote_todos(user)) == rows


def test_the_entry_is_for_who_sees_votes(cast):
    request = RequestFactory().get("/desk/")
    for who in ("evaladmin", "scrutineer", "officer", "leader", "secretary", "auditor", "sysadmin"):
        request.user = fresh(getattr(cast, who))
        labels = [item.label for item in desk(request)["desk_nav"]]
        assert ("年度评选" in labels) == (who in ("evaladmin", "scrutineer", "officer", "leader")), who
