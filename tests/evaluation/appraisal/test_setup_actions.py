"""Setting up a vote: a first campaign, a copy, contests, categories, scrutineers, candidates; before the lock only."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from common import days
from common.actors import Actor
from common.models import AuditEntry
from evaluation.appraisal import campaigns, candidates, categories, contests, lifecycle, scrutineers
from evaluation.appraisal.categories import CategoryInput
from evaluation.appraisal.contests import ClassInput, ContestInput
from evaluation.appraisal.models import Campaign, Candidate, CertificateTemplate, Contest, ContestClass
from tests import factories
from tests.evaluation.appraisal import votes
from tests.evaluation.appraisal.setup_steps import rows_of
from tests.projects.refusals import refused

BEFORE = votes.BEFORE


@pytest.fixture(autouse=True)
def _day(today):
    today(BEFORE)


@pytest.fixture
def vote(district, cast):
    return votes.make_vote(district, cast, each=3)


@pytest.fixture
def by(cast, actor):
    return actor(cast.evaladmin)


def contest_input(contest: Contest, *classes: tuple[str, int], **changes: object) -> ContestInput:
    values = {"award_title": contest.award_title, "method": contest.method, "tie_rule": contest.tie_rule}
    return ContestInput(
        track=contest.track, classes=[ClassInput(*each) for each in classes or [("", 1)]], **values | changes
    )


# --- a new campaign ---


def test_a_first_campaign_has_the_tracks_and_six_categories_that_sum_to_100(by):
    season = factories.make_season()
    for position, (code, method) in enumerate([("c", "上台述评"), ("s", "汇编展评"), ("n", "分类选评"), ("x", "票决")]):
        factories.make_track(season, code, code=code, method=method, award_title=f"奖{code}", position=position)
    made = campaigns.create_campaign(season=season, title=" 综合票决\u200b ", by=by)
    assert (made.title, made.state, made.is_sample) == ("综合票决", "draft", False)
    assert list(made.contests.values_list("code", "method", "award_title")) == [
        ("c", "stage", "奖c"),
        ("s", "compilation", "奖s"),
        ("n", "classified", "奖n"),
        ("x", "stage", "奖x"),
    ]
    assert not ContestClass.objects.exists()
    assert list(made.categories.values_list("name", "weight", "unconfirmed")) == [
        ("党建专家", 1667, False),
        ("成员单位", 1667, False),
        ("群众代表", 1667, False),
        ("区领导", 1667, True),
        ("两代表一委员", 1666, True),
        ("基层党组织书记代表", 1666, True),
    ]
    assert AuditEntry.objects.get().action == "appraisal.campaign.created"


def test_equal_weights_sum_to_100_for_any_number():
    assert campaigns.equal_weights(3) == [3334, 3333, 3333]
    assert {sum(campaigns.equal_weights(number)) for number in range(1, 30)} == {10000}


def test_a_title_stands_once_a_season_and_must_be_there(vote, by):
    season = vote.campaign.season
    refused("exists", lambda: campaigns.create_campaign(season=season, title=vote.campaign.title, by=by), "title")
    refused("invalid", lambda: campaigns.create_campaign(season=season, title=" \u200b", by=by), "title")
    refused("invalid", lambda: campaigns.create_campaign(season=season, title="长" * 81, by=by), "title")
    assert Campaign.objects.count() == 1


def test_a_copy_takes_rules_contests_categories_and_certificate_but_no_people(vote, by):
    source = vote.campaign
    basics = {"category_minimum": 7, "signoff_below": 12, "notice_days": 6, "shortfall_rule": "merge"}
    campaigns.edit_basics(campaign=source, values=basics | {"quorum_part": 3, "quorum_whole": 5}, by=by)
    changed = rows_of(source)
    changed[5] = CategoryInput("secretary", "书记代表", 500, False, None, "masses")
    changed[0] = CategoryInput("expert", "党建专家", 3000, False, 1, "")
    categories.set_categories(campaign=source, rows=changed, by=by)
    CertificateTemplate.objects.create(campaign=source, heading="荣誉", issuer="区委（示例）")
    season = factories.make_season(date(2027, 1, 1))
    for code in ("community", "committee"):
        factories.make_track(season, code, code=code)
    made = campaigns.copy_campaign(source=vote.again(), season=season, title="2027", by=by)
    assert {name: getattr(made, name) for name in basics} == basics
    assert (made.quorum_part, made.quorum_whole, made.weight_total) == (3, 5, 0)
    assert [(c.track.season, c.code, c.method) for c in made.contests.select_related("track__season")] == [
        (season, "committee", "stage"),
        (season, "community", "compilation"),
    ]
    assert list(ContestClass.objects.filter(contest__campaign=made).values_list("number", "seats")) == [(1, 2), (1, 1)]
    assert rows_of(made) == rows_of(source)
    assert made.certificate_template.issuer == "区委（示例）"
    assert source.certificate_template.pk != made.certificate_template.pk
    empty = (made.approval_number, made.opens_at, made.small_signoff, made.public_key, made.order_seed, made.manifest)
    assert empty == ("", None, "", "", "", "")
    people = (made.voters, made.candidates, made.scrutineers, made.key_holders)
    assert [rows.count() for rows in people] == [0, 0, 0, 0]
    assert campaigns.unmatched(source, season) == ["优秀书记项目"]


def test_the_copy_of_a_voided_campaign_replaces_it_once(vote, by):
    source = lifecycle.void_campaign(campaign=vote.campaign, reason="名单有误", by=by)
    made = campaigns.copy_campaign(source=source, season=source.season, title=source.title, by=by)
    assert made.replaces == source
    refused("replaced", lambda: campaigns.copy_campaign(source=source, season=source.season, title="再来", by=by))


def test_only_the_administrator_sets_up(vote, cast, actor):
    campaign, season = vote.campaign, vote.campaign.season
    category = campaign.categories.first()
    for who in ("officer", "leader", "scrutineer", "secretary", "auditor", "sysadmin"):
        other = actor(getattr(cast, who))
        refused("forbidden", lambda by=other: campaigns.create_campaign(season=season, title="新", by=by))
        refused(
            "forbidden", lambda by=other: campaigns.copy_campaign(source=campaign, season=season, title="新", by=by)
        )
        refused("forbidden", lambda by=other: campaigns.edit_basics(campaign=campaign, values={}, by=by))
        refused("forbidden", lambda by=other: contests.set_contests(campaign=campaign, rows=[], by=by))
        refused("forbidden", lambda by=other: categories.set_categories(campaign=campaign, rows=[], by=by))
        refused("forbidden", lambda by=other: categories.merge_categories(source=category, target=category, by=by))
        refused("forbidden", lambda by=other: scrutineers.set_scrutineers(campaign=campaign, persons=[], by=by))
        refused("forbidden", lambda by=other: candidates.set_candidates(campaign=campaign, chosen={}, by=by))
    refused("forbidden", lambda: campaigns.create_campaign(season=season, title="新", by=Actor.system("test")))


def test_nothing_is_edited_after_the_lock(district, cast, by):
    vote = votes.lock(votes.make_vote(district, cast))
    campaign = vote.campaign
    before = campaign.manifest
    contest = campaign.contests.select_related("campaign", "track").first()
    category, other = campaign.categories.all()[:2]
    place = ContestClass.objects.select_related("contest__campaign", "contest__track").first()
    extra = votes.closed_project(
        factories.make_org(district.root), factories.make_person(), contest.track, "后来的项目"
    )
    rows = rows_of(campaign)
    for call in (
        lambda: campaigns.edit_basics(campaign=campaign, values={"title": "改"}, by=by),
        lambda: contests.set_contests(campaign=campaign, rows=[contest_input(contest)], by=by),
        lambda: categories.set_categories(campaign=campaign, rows=rows[:1], by=by),
        lambda: categories.merge_categories(source=category, target=other, by=by),
        lambda: scrutineers.set_scrutineers(campaign=campaign, persons=[], by=by),
        lambda: candidates.add_candidate(contest_class=place, project=extra, by=by),
        lambda: candidates.set_candidates(campaign=campaign, chosen={}, by=by),
    ):
        assert refused("locked", call).status == 409
    assert vote.again().manifest == before
    assert (campaign.categories.count(), campaign.candidates.count(), campaign.scrutineers.count()) == (6, 10, 1)


# --- basics ---


def test_basics_are_changed_one_by_one_with_their_history(vote, by):
    opens = datetime(2026, 12, 2, 9, tzinfo=days.SHANGHAI)
    before = AuditEntry.objects.count()
    campaigns.edit_basics(
        campaign=vote.campaign, values={"opens_at": opens, "approval_number": " 新〔2026〕2号"}, by=by
    )
    changed = vote.again()
    assert (changed.opens_at, changed.approval_number) == (opens, "新〔2026〕2号")
    entry = AuditEntry.objects.latest("pk")
    assert entry.before["approval_number"] == "示例〔2026〕1号"
    campaigns.edit_basics(campaign=changed, values={"approval_number": "新〔2026〕2号"}, by=by)
    assert AuditEntry.objects.count() == before + 1


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"closes_at": datetime(2026, 11, 30, tzinfo=days.SHANGHAI)}, "closes_at"),
        ({"quorum_part": 4, "quorum_whole": 3}, "quorum_part"),
        ({"lot_size": 9}, "category_minimum"),
        ({"category_minimum": 11}, "category_minimum"),
        ({"category_minimum": 4}, "category_minimum"),
        ({"signoff_below": 9}, "signoff_below"),
        ({"detail_rule": "whole"}, "detail_rule"),
        ({"title": ""}, "title"),
    ],
)
def test_wrong_basics_are_told_beside_their_field(vote, by, values, field):
    before = Campaign.objects.values().get()
    refused("invalid", lambda: campaigns.edit_basics(campaign=vote.campaign, values=values, by=by), field)
    assert Campaign.objects.values().get() == before


# --- contests ---


def test_contests_are_set_whole_and_their_classes_known_by_name(vote, by):
    stage, compilation, classified = vote.campaign.contests.select_related("track")
    for row in Candidate.objects.filter(contest_class__contest=classified):
        candidates.withdraw_candidate(candidate=row, reason="", by=by)
    rows = [
        contest_input(classified, ("园区企业", 2), ("社会组织", 3), must_fill=True),
        contest_input(stage, ("", 4), over_half=True, tie_rule="rates"),
        contest_input(compilation, ("", 1)),
    ]
    contests.set_contests(campaign=vote.campaign, rows=rows, by=by)
    assert contests.words_of(vote.campaign) == [
        "优秀书记项目（分类选评）：园区企业2、社会组织3；并列者再次票决；须选满",
        "十佳书记项目（上台述评）：4；依次比较指定类别的赞成率，仍相同的再次票决；须过半",
        "为民先锋项目（汇编展评）：1；并列者再次票决",
    ]
    kept = ContestClass.objects.get(name="社会组织").pk
    rows[0] = contest_input(classified, ("社会组织", 1), ("园区企业", 2))
    contests.set_contests(campaign=vote.campaign, rows=rows, by=by)
    assert ContestClass.objects.filter(contest=classified).values_list("pk", "number", "seats").first() == (kept, 1, 1)
    done = AuditEntry.objects.count()
    contests.set_contests(campaign=vote.campaign, rows=rows, by=by)
    assert AuditEntry.objects.count() == done


@pytest.mark.parametrize(
    ("classes", "changes", "field"),
    [
        ([("", 0)], {}, "classes"),
        ([("", 201)], {}, "classes"),
        ([("甲", 1), ("甲", 2)], {"method": "classified"}, "classes"),
        ([("甲", 1), ("", 2)], {"method": "classified"}, "classes"),
        ([("甲", 1), ("乙", 2)], {"method": "stage"}, "classes"),
        ([("长" * 41, 1)], {}, "classes"),
        ([("", 1)], {"award_title": " "}, "award_title"),
        ([("", 1)], {"award_title": "为民先锋项目"}, "award_title"),
        ([("", 1)], {"method": "lottery"}, "method"),
        ([("", 1)], {"tie_rule": "name"}, "tie_rule"),
    ],
)
def test_wrong_contests_are_told_by_row(vote, by, classes, changes, field):
    stage, compilation, _ = vote.campaign.contests.select_related("track")
    rows = [contest_input(compilation), contest_input(stage, *classes, **changes)]
    before = contests.words_of(vote.campaign)
    refused(
        "invalid",
        lambda: contests.set_contests(campaign=vote.campaign, rows=rows, by=by),
        f"contests.1.{field}",
    )
    assert contests.words_of(vote.campaign) == before


def test_a_contest_needs_a_track_of_the_season_once(vote, by):
    stage = vote.campaign.contests.select_related("track").first()
    foreign = ContestInput(factories.make_track(), "别年的奖", "stage", [ClassInput("", 1)])
    twice = [contest_input(stage), contest_input(stage, award_title="又一个"), foreign]
    refused(
        "invalid",
        lambda: contests.set_contests(campaign=vote.campaign, rows=twice, by=by),
        "contests.1.track",
        "contests.2.track",
    )
    refused(
        "invalid",
        lambda: contests.set_contests(
            campaign=vote.campaign, rows=[ContestInput(stage.track, "奖", "stage", [])], by=by
        ),
        "contests.0.classes",
    )


def test_what_has_candidates_stays(vote, by):
    stage = vote.campaign.contests.select_related("track").first()
    refused(
        "has_candidates",
        lambda: contests.set_contests(campaign=vote.campaign, rows=[contest_input(stage)], by=by),
    )
    renamed = [contest_input(c, ("新类", 1)) for c in vote.campaign.contests.select_related("track")]
    refused(
        "has_candidates",
        lambda: contests.set_contests(campaign=vote.campaign, rows=renamed, by=by),
        "contests.0.classes",
    )
    assert vote.campaign.contests.count() == 3


# --- scrutineers ---


def test_scrutineers_hold_the_role_and_have_no_stake(vote, district, cast, by):
    second = factories.make_user("监票人二", username="second")
    factories.grant(second, "scrutineer")
    scrutineers.set_scrutineers(campaign=vote.campaign, persons=[second.person, cast.scrutineer.person], by=by)
    assert [str(row) for row in vote.campaign.scrutineers.all()] == ["监票人", "监票人二"]
    lead = vote.campaign.candidates.select_related("project__lead_organization").first().project
    factories.appoint(second, lead.lead_organization, "member")
    error = refused(
        "invalid",
        lambda: scrutineers.set_scrutineers(
            campaign=vote.campaign, persons=[second.person, cast.officer.person, cast.evaladmin.person], by=by
        ),
        "persons",
    )
    assert error.fields["persons"] == [
        "组织部工作人员没有监票人的角色或可用的账号，请换人，或由系统管理员开通。",
        "年度评选管理员没有监票人的角色或可用的账号，请换人，或由系统管理员开通。",
        f"监票人二在候选项目的党组织“{lead.lead_organization.name}”任职，请换人。",
        "年度评选管理员是年度评选管理员，组织和监票须分开，请换人。",
    ]
    assert vote.campaign.scrutineers.count() == 2
    scrutineers.set_scrutineers(campaign=vote.campaign, persons=[], by=by)
    assert not vote.campaign.scrutineers.exists()


# --- candidates ---


def test_candidates_are_set_whole(vote, district, by):
    contest = vote.campaign.contests.select_related("campaign", "track").get(code="new")
    only = contest.classes.get()
    other = ContestClass.objects.create(contest=contest, number=2, name="社会组织", seats=1)
    first, second, third = [row.project for row in contest.classes.get(number=1).candidates.select_related("project")]
    extra = votes.closed_project(factories.make_org(district.root), factories.make_person(), contest.track, "新来的")
    kept = Candidate.objects.get(project=first).pk
    stay = {
        row.project: row.contest_class
        for row in vote.campaign.candidates.exclude(contest_class__contest=contest).select_related(
            "project", "contest_class__contest"
        )
    }
    chosen = {**stay, first: only, second: other, extra: other}
    candidates.set_candidates(campaign=vote.campaign, chosen=chosen, by=by)
    rows = Candidate.objects.filter(contest_class__contest=contest).order_by("project")
    assert list(rows.values_list("project", "contest_class__number")) == [(first.pk, 1), (second.pk, 2), (extra.pk, 2)]
    assert Candidate.objects.get(project=first).pk == kept
    running = factories.make_project(district.street, factories.make_person(), track=contest.track, title="没结项")
    error = refused(
        "not_eligible",
        lambda: candidates.set_candidates(campaign=vote.campaign, chosen={running: only, third: only}, by=by),
        running.code,
    )
    assert error.fields == {running.code: ["“没结项”还没有结项（当前“推进中”）。"]}
    assert (rows.count(), vote.campaign.candidates.count()) == (3, len(stay) + 3)
