"""Reviewers: how many, how evenly, and who stands back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial
from threading import Barrier, Thread
from typing import Any

import pytest
from django.db import connection

from common.errors import ActionError
from common.models import AuditEntry
from organizations.models import User
from projects import assigning
from projects.models import Review, Screening, SeasonReviewer, TeamMember
from tests import factories
from tests.projects.application_steps import make_open_season
from tests.projects.refusals import refused
from tests.projects.reporting_steps import told
from tests.projects.screening_steps import by, make_reviewers, make_sent, open_round, own_review, save, score


def reason(project, person):
    return assigning.recusals(project, [person]).get(person.pk, "")


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ("street", "在牵头党组织任党务干事"),
        ("root", "在上级党组织“示例区委”任职"),
        ("community", "在下级党组织“示例社区党委”任职"),
        ("branch", "在下级党组织“示例社区第一党支部”任职"),
        ("other_street", ""),
        ("other_community", ""),
        ("department", ""),
    ],
)
def test_who_has_a_post_in_the_line_of_organizations_stands_back(sent, district, place, expected):
    person = factories.make_person()
    factories.appoint(person, getattr(district, place), "clerk")
    assert reason(sent, person) == expected


def test_a_post_that_ended_or_begins_later_does_not_count(sent, district, today):
    day = today("2026-03-10")
    former, coming = factories.make_person(), factories.make_person()
    factories.appoint(former, district.street, "clerk", until=day.replace(day=9))
    factories.appoint(coming, district.street, "clerk", since=day.replace(day=11))
    assert assigning.recusals(sent, [former, coming]) == {}
    today("2026-03-11")
    assert list(assigning.recusals(sent, [former, coming])) == [coming.pk]


def test_the_own_post_is_named_before_one_above(sent, district):
    person = factories.make_person()
    for place in (district.root, district.street, district.branch):
        factories.appoint(person, place, "clerk")
    assert reason(sent, person) == "在牵头党组织任党务干事"


def test_the_secretary_the_team_and_officers_stand_back(sent, cast):
    TeamMember.objects.create(project=sent, name="示例张")
    assert reason(sent, cast.secretary.person) == "是本项目的领题书记"
    assert reason(sent, factories.make_person("示例张")) == "与项目组成员同名"
    assert reason(sent, cast.officer.person) == "是组织部工作人员，能看到他人评分"
    assert reason(sent, cast.outsider.person) == ""


def test_recusals_cost_the_same_for_one_and_for_three(sent, assert_queries):
    persons = [factories.make_person() for _ in range(3)]
    with assert_queries(3):
        assigning.recusals(sent, persons[:1])
    with assert_queries(3):
        assigning.recusals(sent, persons)


def test_assignments_are_even(season, district, cast):
    make_reviewers(season, 5)
    for number in range(10):
        organization = factories.make_org(district.root)
        project = make_sent(season, organization, factories.make_person(), title=f"项目{number}")
        assert open_round(project, cast.officer).reviews.count() == 3
    counted = Counter(Review.objects.values_list("reviewer", flat=True))
    assert list(counted.values()) == [6] * 5
    assert list(assigning.pool(season).values_list("load", flat=True)) == [6] * 5


def test_rounds_with_few_free_reviewers_choose_first(season, district, cast):
    """Of four reviewers one must stand back for the second project: the first must not use up the others."""
    users = make_reviewers(season, 4)
    factories.appoint(users[3], district.other_street, "clerk")
    screenings = []
    for place, secretary in ((district.street, cast.secretary), (district.other_street, cast.outsider)):
        project = make_sent(season, place, secretary)
        screenings.append(Screening.objects.create(project=project, version=project.versions.get(), round=1))
    assigning.assign(screenings=screenings, by=by(cast.officer))
    names = [sorted(s.reviews.values_list("reviewer__name", flat=True)) for s in screenings]
    assert names == [["示例专家1", "示例专家2", "示例专家4"], ["示例专家1", "示例专家2", "示例专家3"]]
    assert assigning.assign(screenings=screenings, by=by(cast.officer)) == []


def test_whoever_has_no_account_in_use_is_not_assigned(sent, season, cast):
    SeasonReviewer.objects.create(season=season, person=factories.make_person("没有账号"))
    users = make_reviewers(season, 4)
    User.objects.filter(pk=users[0].pk).update(is_active=False)
    opened = open_round(sent, cast.officer)
    names = sorted(opened.reviews.values_list("reviewer__name", flat=True))
    assert names == ["示例专家2", "示例专家3", "示例专家4"]


def test_the_season_says_how_many(sent, season, cast):
    season.reviewers_needed = 5
    season.save()
    make_reviewers(season, 6)
    assert open_round(sent, cast.officer).reviews.count() == 5


def test_only_the_department_assigns(in_review, cast, panel):
    opened = in_review.screenings.get()
    for user in (cast.secretary, cast.leader, panel[0]):
        refused("forbidden", lambda user=user: assigning.assign(screenings=[opened], by=by(user)))


# --- another reviewer ---


@pytest.fixture
def fourth(season, in_review):
    return make_reviewers(season, 1, first=4)[0]


def test_a_reviewer_is_replaced_with_his_draft(in_review, panel, fourth, cast):
    review = own_review(in_review, panel[0])
    save(review, (50, 50, 50), remarks={"goal": "草稿"})
    made = assigning.replace_reviewer(review=review, person=fourth.person, by=by(cast.officer))
    assert sorted(in_review.screenings.get().reviews.values_list("reviewer__name", flat=True)) == [
        "示例专家2",
        "示例专家3",
        "示例专家4",
    ]
    assert (made.scores.count(), in_review.application_comments.count()) == (0, 0)
    entry = AuditEntry.objects.get(action="projects.review.reassigned")
    assert (entry.before, entry.after) == ({"reviewer": "示例专家1"}, {"reviewer": "示例专家4"})
    assert told("review_reassigned") == [("reviewer1", "不再需要您评审：小区党支部联建")]
    assert ("reviewer4", "请评审：小区党支部联建") in told("review_assigned")
    again = partial(assigning.replace_reviewer, review=review, person=fourth.person, by=by(cast.officer))
    refused("moved_meanwhile", again)


def test_whoever_must_not_review_cannot_replace(in_review, panel, fourth, district, cast):
    review = own_review(in_review, panel[0])
    replace = partial(assigning.replace_reviewer, review=review, by=by(cast.officer))
    stranger = factories.make_user()
    for person in (stranger.person, panel[1].person, panel[0].person):
        refused("invalid", partial(replace, person=person), "person")
    factories.appoint(fourth, district.branch, "clerk")
    error = refused("invalid", lambda: replace(person=fourth.person), "person")
    assert error.message == "示例专家4应当回避：在下级党组织“示例社区第一党支部”任职。"
    User.objects.filter(pk=fourth.pk).update(is_active=False)
    refused("invalid", lambda: replace(person=fourth.person), "person")


def test_a_sent_review_stays(in_review, panel, fourth, cast):
    review = score(own_review(in_review, panel[0]), 80, 80, 80)
    refused("review_sent", lambda: assigning.replace_reviewer(review=review, person=fourth.person, by=by(cast.officer)))
    other = own_review(in_review, panel[1])
    for user in (cast.secretary, cast.leader, panel[1]):
        replace = partial(assigning.replace_reviewer, review=other, person=fourth.person, by=by(user))
        refused("forbidden", replace)


@pytest.mark.postgres_only
@pytest.mark.django_db(transaction=True)
def test_saving_and_replacing_at_once_do_not_block_each_other():
    district = factories.make_district()
    cast, season = factories.make_cast(district), make_open_season()
    *panel, spare = make_reviewers(season, 4)
    project = make_sent(season, district.street, cast.secretary)
    open_round(project, cast.officer)
    users, problems = {user.person_id: user for user in (*panel, spare)}, []

    def attempt(act: Callable[[], Any]) -> None:
        try:
            gate.wait(timeout=30)
            act()
        except ActionError:
            pass  # whoever came second is told so
        except Exception as error:
            problems.append(error)
        finally:
            connection.close()

    for _ in range(10):
        review = project.screenings.get().reviews.order_by("assigned_at", "id")[0]
        free = next(user for key, user in users.items() if not review.screening.reviews.filter(reviewer=key).exists())
        gate = Barrier(2)
        acts = (
            partial(save, review, (80, 80, 80), remarks={"goal": "写着"}),
            partial(assigning.replace_reviewer, review=review, person=free.person, by=by(cast.officer)),
        )
        threads = [Thread(target=attempt, args=(act,)) for act in acts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert problems == []
    assert project.screenings.get().reviews.count() == 3
