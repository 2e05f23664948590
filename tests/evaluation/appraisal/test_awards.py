"""Awards: in force by the clock, once however often it runs; the dissolved organization; the ladder."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import transaction

from brands.models import Tier
from common import days
from common.actors import Actor
from common.errors import ActionError
from common.models import AuditEntry, Notice
from evaluation.appraisal import awards, certificates, crockford, lifecycle, locking, public_notice, tiers
from evaluation.appraisal.models import Award, Candidate, Contest, ContestClass, NoticeItem, PublicNotice, TierProposal
from evaluation.appraisal.tasks import finalize_notices
from organizations.models import Organization
from projects import library
from projects.models import Project
from tests.evaluation.appraisal import outcome_steps as steps
from tests.evaluation.appraisal import test_runoffs, votes
from tests.factories import make_season, make_user
from tests.projects.refusals import refused

pytestmark = pytest.mark.django_db
NOTHING = {"awards": 0, "waiting": 0, "refused": 0}


@pytest.fixture
def vote(district, cast):
    steps.load_calendars()
    return steps.counted(district, cast)


@pytest.fixture
def notice(vote, cast):
    return steps.noticed(vote, cast.officer)


@pytest.fixture
def first(vote, notice):
    return steps.item_of(notice, vote.codes("committee-1")[0])


# --- the clock ---


@pytest.mark.parametrize("day", [steps.START, steps.END])
def test_nothing_before_the_last_day_is_over(notice, day):
    assert steps.finalized(day) == NOTHING
    assert not Award.objects.exists()


def test_the_day_after_everything_takes_effect(vote, notice, first, cast):
    assert steps.finalized() == {"awards": 4, "waiting": 0, "refused": 0}
    award = Award.objects.get(candidate=first.candidate)
    project = first.candidate.project
    assert (award.season, award.track, award.project) == (vote.campaign.season, project.track, project)
    assert (award.title, award.organization_name, award.awarded_on) == (
        "十佳书记项目",
        project.lead_organization.name,
        date(2026, 12, 12),
    )
    assert award.basis == "区委（示例） 示例〔2026〕1号（2026年11月2日）"
    notice.refresh_from_db()
    assert (vote.again().state, notice.state, set(steps.states_of(notice).values())) == ("final", "done", {"final"})
    assert AuditEntry.objects.filter(action="appraisal.award.made").count() == 4


def test_late_is_as_good_as_in_time(vote, notice):
    assert steps.finalized(date(2027, 3, 1))["awards"] == 4
    assert vote.again().state == "final"


def test_twice_is_once(notice, today):
    today(steps.OVER)
    assert (finalize_notices(), finalize_notices()) == ({"awards": 4, "waiting": 0, "refused": 0}, NOTHING)
    assert (Award.objects.count(), TierProposal.objects.count()) == (4, 4)


def test_killed_half_way_leaves_nothing(vote, notice, monkeypatch):
    """The third award fails: none is there, and the next run makes them all."""
    made, whole = [], awards._award

    def third_fails(campaign, item, by):
        if len(made) == 2:
            raise SystemExit
        made.append(item)
        return whole(campaign, item, by)

    monkeypatch.setattr(awards, "_award", third_fails)
    with pytest.raises(SystemExit):
        steps.finalized()
    assert (Award.objects.count(), vote.again().state, set(steps.states_of(notice).values())) == (
        0,
        "noticed",
        {"standing"},
    )
    monkeypatch.undo()
    assert steps.finalized()["awards"] == 4


def test_the_button_says_why_not(notice, cast, actor):
    by = actor(cast.officer)
    with days.pretend(steps.END):
        error = refused("too_early", lambda: awards.finalize_notice(notice=notice, by=by))
    assert error.message == "公示到 2026年12月11日为止，期满后才能生效。"
    with days.pretend(steps.OVER):
        for who in (cast.scrutineer, cast.secretary):
            refused("forbidden", lambda who=who: awards.finalize_notice(notice=notice, by=actor(who)))
        assert len(awards.finalize_notice(notice=notice, by=by).awards) == 4
        assert awards.finalize_notice(notice=notice, by=by).awards == []


def test_the_authors_are_told_once(notice, first):
    secretary = make_user(first.candidate.project.lead_secretary)
    steps.finalized()
    steps.finalized()
    told = Notice.objects.get(kind="award_made")
    assert (told.recipient, told.url) == (secretary, "/awards/")
    assert told.title == f"评选结果生效：{first.candidate.project}被评为“十佳书记项目”"


def test_a_vote_with_an_award_in_force_is_not_voided(vote, notice, first):
    """An objection holds the first; the others are in force, and their certificates out."""
    steps.objected(notice, item=first)
    steps.finalized()
    call = lambda: lifecycle.void_campaign(campaign=vote.campaign, reason="程序有误", by=vote.by)  # noqa: E731
    refused("awards_in_force", call)
    assert (vote.again().state, Award.objects.count()) == ("noticed", 3)


def test_a_run_off_of_a_run_off_ends_with_the_first_vote(district, cast):
    """And neither can be voided once the notice has what they decided."""
    steps.load_calendars()
    vote = steps.confirmed(steps.counted(district, cast, choices=steps.LEVEL))
    level = [{"committee-1": [1]}, {"committee-1": [2]}, {}, {}, {}]
    second = steps.confirmed(test_runoffs.run(test_runoffs.again(vote), level))
    third = steps.confirmed(test_runoffs.run(test_runoffs.again(second), [{"committee-1": [1]}]))
    notice = steps.noticed(vote, cast.officer)
    for runoff in (second, third):
        call = lambda runoff=runoff: lifecycle.void_campaign(campaign=runoff.campaign, reason="有误", by=vote.by)  # noqa: E731
        refused("in_notice", call)
    steps.finalized()
    assert [each.again().state for each in (vote, second, third)] == ["final"] * 3
    assert notice.items.filter(state="final").count() == 4


def test_a_run_off_of_a_voided_vote_is_voided_too(district, cast):
    vote = steps.confirmed(steps.counted(district, cast, choices=steps.LEVEL))
    second = steps.confirmed(test_runoffs.run(test_runoffs.again(vote), [{"committee-1": [1]}]))
    steps.drafted(vote)
    for each in (vote, second):
        lifecycle.void_campaign(campaign=each.campaign, reason="有误", by=vote.by)
    assert (vote.again().state, second.again().state) == ("voided", "voided")


# --- numbers and codes ---


def test_numbers_go_by_track_without_gaps(vote, notice):
    steps.finalized()
    numbers = sorted(Award.objects.values_list("certificate_number", flat=True))
    assert numbers == ["2026-COMMITTEE-001", "2026-COMMITTEE-002", "2026-COMMUNITY-001", "2026-NEW-001"]
    codes = list(Award.objects.values_list("verification_code", flat=True))
    assert (len(set(codes)), {crockford.read(code, 12) for code in codes}) == (4, set(codes))


def test_a_number_that_is_taken_stops_the_run_and_no_other(vote, notice, first, cast):
    season = make_season(date(2025, 1, 1))
    values = {"season": season, "track": first.candidate.project.track, "project": first.candidate.project}
    other = vote.campaign.candidates.exclude(notice_items__notice=notice).first()
    taken = {"certificate_number": "2026-COMMITTEE-002", "verification_code": "X", "basis": "旧", "title": "旧"}
    Award.objects.create(candidate=other, organization_name="旧", awarded_on=date(2025, 12, 1), **values, **taken)
    assert steps.finalized() == {"awards": 0, "waiting": 0, "refused": 1}
    assert vote.again().state == "noticed"
    given = {"heading": "证书", "body": "{项目}", "issuer": "落款", "accent": "#B4131A", "landscape": True}
    given["number_format"] = "{年度}新{赛道}{序号}"
    certificates.save_template(campaign=vote.campaign, given=given, by=vote.by)
    assert steps.finalized()["awards"] == 4


# --- an organization that was dissolved ---


@pytest.fixture
def dissolved(first):
    """The winner's organization was dissolved on the second day of the notice."""
    Organization.objects.filter(pk=first.candidate.project.lead_organization_id).update(dissolved_on=date(2026, 12, 8))
    return first


def decide(item, by, *, award=True, reason="由示例二街道承接。（示例）") -> NoticeItem:
    with days.pretend(steps.OVER):
        return public_notice.decide_naming(item=item, award=award, reason=reason, by=Actor.person(by))


def test_a_dissolved_organization_waits_for_the_officer(vote, notice, dissolved, cast, actor):
    assert steps.finalized() == {"awards": 3, "waiting": 1, "refused": 0}
    with days.pretend(steps.OVER):
        found = awards.finalize_notice(notice=notice, by=actor(cast.officer))
    assert [(item.pk, reason) for item, reason in found.waiting] == [(dissolved.pk, awards.DISSOLVED)]
    assert vote.again().state == "noticed"


def test_it_is_named_as_it_was_once_that_is_decided(vote, notice, dissolved, cast):
    for who in (cast.evaladmin, cast.scrutineer):
        refused("forbidden", lambda who=who: decide(dissolved, who))
    refused("invalid", lambda: decide(dissolved, cast.officer, reason=" "), "reason")
    decide(dissolved, cast.officer)
    entry = AuditEntry.objects.get(action="appraisal.notice.naming_decided")
    assert entry.after == {"reason": "由示例二街道承接。（示例）"}
    assert steps.finalized()["awards"] == 4
    award = Award.objects.get(candidate=dissolved.candidate)
    assert award.organization_name == dissolved.candidate.project.lead_organization.name


def test_or_it_is_struck_and_the_list_announced_anew(vote, notice, dissolved, cast):
    decide(dissolved, cast.officer, award=False)
    second = PublicNotice.objects.get(round=2)
    assert (second.state, second.items.count()) == ("draft", 4)
    dissolved.refresh_from_db()
    assert (dissolved.state, dissolved.reason) == ("struck", "牵头党组织已撤销：由示例二街道承接。（示例）")
    refused("closed", lambda: decide(dissolved, cast.officer))


def test_nothing_to_decide_where_nobody_was_dissolved(first, cast):
    refused("not_dissolved", lambda: decide(first, cast.officer))


# --- the ladder ---


@pytest.mark.parametrize(
    ("tier", "proposed"),
    [("", Tier.PREMIUM), (Tier.EMERGING, Tier.PREMIUM), (Tier.PREMIUM, Tier.ESTABLISHED), (Tier.ESTABLISHED, None)],
)
def test_an_award_proposes_the_next_rung(notice, first, tier, proposed):
    Project.objects.filter(pk=first.candidate.project_id).update(tier=tier)
    steps.finalized()
    found = TierProposal.objects.filter(award__candidate=first.candidate).first()
    assert (found and (found.from_tier, found.to_tier, found.state)) == (proposed and (tier, proposed, "proposed"))
    first.candidate.project.refresh_from_db()
    assert first.candidate.project.tier == tier


@pytest.fixture
def proposal(notice, first):
    steps.finalized()
    return TierProposal.objects.get(award__candidate=first.candidate)


def lift(proposal, by, accept=True, reason="成效明显。（示例）") -> TierProposal:
    return tiers.decide_tier(proposal=proposal, accept=accept, reason=reason, by=Actor.person(by))


@pytest.mark.parametrize("state", ["completed", "archived"])
def test_the_officer_lifts_the_project_archived_or_not(proposal, cast, state):
    project = proposal.award.project
    Project.objects.filter(pk=project.pk).update(state=state)
    for who in (cast.evaladmin, cast.leader, cast.secretary):
        refused("forbidden", lambda who=who: lift(proposal, who))
    found = lift(proposal, cast.officer)
    project.refresh_from_db()
    assert (found.state, found.decided_by, project.tier, project.state) == ("accepted", cast.officer, "premium", state)
    entry = AuditEntry.objects.get(action="projects.project.tier_set")
    assert (entry.before, entry.after) == ({"tier": ""}, {"tier": "premium", "reason": "成效明显。（示例）"})


def test_declined_leaves_the_project(proposal, cast):
    assert lift(proposal, cast.officer, accept=False).state == "declined"
    assert lift(proposal, cast.officer, accept=False).state == "declined"
    refused("decided", lambda: lift(proposal, cast.officer))
    proposal.award.project.refresh_from_db()
    assert proposal.award.project.tier == ""


def test_a_decision_needs_its_reason(proposal, cast):
    refused("invalid", lambda: lift(proposal, cast.officer, reason=""), "reason")


def test_a_tier_that_changed_meanwhile_is_not_overwritten(proposal, cast):
    library.set_tier(project=proposal.award.project, tier="established", reason="", by=Actor.person(cast.officer))
    refused("tier_changed", lambda: lift(proposal, cast.officer))
    with pytest.raises(ActionError):
        library.set_tier(project=proposal.award.project, tier="best", reason="", by=Actor.person(cast.officer))
    assert [row.pk for row in tiers.waiting()] == sorted(TierProposal.objects.values_list("pk", flat=True))


def test_no_project_gets_the_same_award_of_a_year_twice(vote, notice, first, cast):
    """Two votes of one year, such as an addition: the lock refuses who has it, and the end refuses the second."""
    steps.finalized()
    award = Award.objects.get(candidate=first.candidate)
    draft = votes.in_state(vote, "draft")
    contest = first.candidate.contest_class.contest
    again = Contest.objects.create(campaign=draft, track=contest.track, code=contest.code, award_title=award.title)
    only = ContestClass.objects.create(contest=again, number=1, seats=1)
    Candidate.objects.create(campaign=draft, contest_class=only, project=award.project)
    words = f"“{award.project}”：本年度已获“十佳书记项目”，不能再获一次，请从候选名单移出。"
    assert words in [str(problem) for problem in locking.problems(draft)]
    item = NoticeItem.objects.get(pk=first.pk)
    with transaction.atomic():
        refused("award_twice", lambda: awards._award(vote.campaign, item, vote.by))
