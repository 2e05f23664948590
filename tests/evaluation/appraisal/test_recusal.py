"""Who is recused for whom: the tree, the posts, the projects' people; counted by hand for each."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from evaluation.appraisal import recusal
from evaluation.appraisal.models import Campaign, Candidate, Voter, VoterCategory
from organizations.models import Organization
from projects.models import ApplicationVersion, LeadTerm, Project, Review, Screening, TeamMember
from tests import factories
from tests.evaluation.appraisal import votes

pytestmark = pytest.mark.django_db
OWN, LED, REVIEWED, NAMED = "本人所在党组织的项目", "本人领题的项目", "本人评审过的项目", "与项目组成员同名"


class Little:
    """A draft with one candidate, of the community below the first street, and one category."""

    def __init__(self, district: Any, lead: Organization | None = None) -> None:
        self.district = district
        track = factories.make_track(factories.make_season(date(2026, 1, 1)), "赛道", ("committee",), code="one")
        self.campaign = Campaign.objects.create(season=track.season, title="票决（示例）")
        contest = self.campaign.contests.create(track=track, code="one", award_title="奖", method="stage")
        self.secretary = factories.make_person("领题书记（示例）")
        self.project = votes.closed_project(lead or district.community, self.secretary, track, "项目（示例）")
        only = contest.classes.create(number=1, seats=1)
        self.candidate = Candidate.objects.create(campaign=self.campaign, contest_class=only, project=self.project)
        self.category = VoterCategory.objects.create(campaign=self.campaign, code="x", name="专家", weight=10000)

    def why(self, **voter: Any) -> str:
        """The reason for which this voter is recused; empty if not."""
        made = Voter.objects.create(campaign=self.campaign, category=self.category, **({"name": "某人"} | voter))
        found = [(row.candidate, row.reason) for row in recusal.reasons(self.campaign, [made])]
        assert len(found) <= 1
        return found[0][1] if found else ""


@pytest.fixture
def little(district: Any) -> Little:
    return Little(district)


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        ("community", OWN),
        ("street", "下级党组织“示例社区党委”的项目"),
        ("branch", "上级党组织“示例社区党委”的项目"),
        ("root", ""),  # above everybody alike
        ("department", ""),
        ("other_street", ""),
        ("other_community", ""),
    ],
)
def test_by_the_organization_on_the_roll(little: Little, place: str, reason: str) -> None:
    assert little.why(organization=getattr(little.district, place)) == reason


def test_without_organization_or_person_nothing_recuses(little: Little) -> None:
    assert little.why() == ""


@pytest.mark.parametrize(
    ("place", "since", "until", "reason"),
    [
        ("community", date(2020, 1, 1), None, OWN),
        ("street", date(2020, 1, 1), None, "下级党组织“示例社区党委”的项目"),
        ("branch", date(2020, 1, 1), None, "上级党组织“示例社区党委”的项目"),
        ("root", date(2020, 1, 1), None, ""),
        ("community", date(2020, 1, 1), date(2021, 1, 1), ""),  # no longer
        ("community", date(2099, 1, 1), None, ""),  # not yet
    ],
)
def test_by_a_post_in_force(little: Little, place: str, since: date, until: date | None, reason: str) -> None:
    person = factories.make_person("任职者（示例）")
    factories.appoint(person, getattr(little.district, place), since=since, until=until)
    assert little.why(person=person) == reason
    assert little.why(name="别人", organization=little.district.other_street) == ""


def test_a_project_of_the_district_itself(district: Any) -> None:
    little = Little(district, district.root)
    assert little.why(organization=district.root) == OWN
    assert little.why(name="街道的人", organization=district.street) == ""  # or nobody could vote on it


def test_a_name_that_begins_alike_is_no_kinship(district: Any) -> None:
    """Paths are compared step by step: the eleventh child is not below the first."""
    places = [factories.make_org(district.street, "committee", f"社区{n}") for n in range(40)]
    little = Little(district, places[0])
    assert [little.why(name=f"人{n}", organization=place) for n, place in enumerate(places)] == [OWN] + [""] * 39


def test_who_leads_or_has_led_the_project(little: Little) -> None:
    former = factories.make_person("前任书记（示例）")
    LeadTerm.objects.filter(project=little.project).update(until=date(2026, 5, 31))
    LeadTerm.objects.create(project=little.project, person=former, since=date(2026, 6, 1))
    assert little.why(person=little.secretary) == LED
    assert little.why(name="前任", person=former) == LED
    assert little.why(name="旁人", person=factories.make_person("旁人")) == ""


def test_who_works_on_it_is_known_by_name_only(little: Little) -> None:
    TeamMember.objects.create(project=little.project, name="组员甲")
    assert little.why(name="组员甲") == NAMED
    assert little.why(name="组 员　甲", workplace="别处") == NAMED
    assert little.why(name="组员甲乙") == ""


def test_who_has_reviewed_it(little: Little) -> None:
    reviewer, silent = factories.make_person("评审（示例）"), factories.make_person("未评（示例）")
    version = ApplicationVersion.objects.create(project=little.project, number=1, content={})
    screening = Screening.objects.create(project=little.project, version=version, round=1)
    Review.objects.create(screening=screening, reviewer=reviewer, sent_at="2026-01-09T00:00:00+08:00", total=8000)
    Review.objects.create(screening=screening, reviewer=silent)
    assert little.why(person=reviewer) == REVIEWED
    assert little.why(name="未评", person=silent) == ""


def test_the_nearer_reason_is_told(little: Little) -> None:
    assert little.why(person=little.secretary, organization=little.district.community) == LED


def test_the_lock_computes_them_anew(district: Any, cast: Any) -> None:
    vote = votes.make_vote(district, cast, each=5)
    voter = vote.voters("expert")[0]
    candidate = Candidate.objects.select_related("project__lead_organization").first()
    assert candidate is not None
    Voter.objects.filter(pk=voter.pk).update(organization=candidate.project.lead_organization)
    other = vote.voters("masses")[0]
    other.recusals.create(candidate=candidate, reason="手工加的")
    assert len(recusal.recompute(vote.campaign)) == 1
    assert [(r.voter_id, r.candidate_id, r.reason) for r in voter.recusals.all()] == [(voter.pk, candidate.pk, OWN)]
    assert other.recusals.count() == 0
    votes.lock(vote)
    assert vote.campaign.voters.filter(recusals__isnull=False).count() == 1


@pytest.mark.parametrize("number", [1, 3])
def test_the_queries_do_not_grow_with_the_roll(little: Little, assert_queries: Any, number: int) -> None:
    for turn in range(number):
        person = factories.make_person(f"人{turn}")
        factories.appoint(person, little.district.street, "clerk")
        little.why(name=f"人{turn}", person=person)
    with assert_queries(6):
        assert len(recusal.reasons(little.campaign)) == number


def test_nothing_is_left_of_a_project_that_is_no_candidate(little: Little) -> None:
    other = Project.objects.get(pk=little.project.pk)
    little.candidate.delete()
    assert other.candidacies.count() == 0
    assert little.why(organization=little.district.community) == ""
