"""The ranking: means, spread, shared places, outliers; all of it from the database."""

from __future__ import annotations

import pytest

from projects import ranking, screening
from projects.models import Project, Review
from tests import factories
from tests.projects.screening_steps import (
    by,
    decided,
    make_reviewers,
    make_sent,
    open_round,
    own_review,
    score,
    score_all,
    send_again,
)


@pytest.fixture
def make_reviewed(season, district, cast, panel):
    """`make_reviewed("甲", 80, 70, 60)`: a project in review with these totals."""

    def make(title, *totals, track=None):
        organization = factories.make_org(district.root)
        project = make_sent(season, organization, factories.make_person(), title=title, track=track)
        open_round(project, cast.officer)
        for user, points in zip(panel, totals, strict=False):
            score(own_review(project, user), points, points, points)
        return project

    return make


def rows(found):
    return [(row.title, row.place, row.mean, row.spread, row.sent, row.asked) for row in found]


def test_best_mean_first_and_equal_means_share_a_place(season, make_reviewed):
    make_reviewed("甲", 70, 70, 70)
    make_reviewed("乙", 90, 80, 70)
    make_reviewed("丙", 80, 80, 80)
    make_reviewed("丁", 60, 65)
    make_reviewed("戊")
    assert rows(ranking.ranked(season)) == [
        ("乙", 1, 8000.0, 2000, 3, 3),
        ("丙", 1, 8000.0, 0, 3, 3),
        ("甲", 3, 7000.0, 0, 3, 3),
        ("丁", 4, 6250.0, 500, 2, 3),
        ("戊", 5, None, None, 0, 3),
    ]


def test_what_was_never_in_review_is_not_ranked(season, district, cast, make_reviewed):
    make_sent(season, district.street, cast.secretary, title="待预审")
    factories.make_project(district.other_street, cast.outsider, track=season.tracks.get(), state="draft")
    other = factories.make_season()
    make_reviewed("甲", 70, 70, 70)
    assert [row.title for row in ranking.ranked(season)] == ["甲"]
    assert list(ranking.ranked(other)) == []


def test_kept_scores_count_and_the_latest_round_alone(season, cast, make_reviewed):
    project = make_reviewed("甲", 60, 70, 80)
    decided(project, cast.officer, "revise")
    send_again(project)
    kept = screening.start_review(project=project, keep_scores=True, by=by(cast.officer))
    row = ranking.ranked(season).get()
    assert (row.round_id, row.scored_id, row.decision) == (kept.pk, kept.scores_from_id, "")
    assert rows([row]) == [("甲", 1, 7000.0, 2000, 3, 3)]
    decided(project, cast.officer, "redraft")
    send_again(project)
    open_round(project, cast.officer)
    assert rows(ranking.ranked(season)) == [("甲", 1, None, None, 0, 3)]
    score_all(project, (90, 90, 90))
    assert rows(ranking.ranked(season)) == [("甲", 1, 9000.0, 0, 3, 3)]


def test_a_track_is_ranked_by_itself(season, make_reviewed):
    other = factories.make_track(season, "社区赛道", code="community", position=2)
    make_reviewed("甲", 90, 90, 90)
    make_reviewed("乙", 80, 80, 80, track=other)
    assert [(row.title, row.place) for row in ranking.ranked(season, other)] == [("乙", 1)]


def test_a_search_keeps_the_places(season, make_reviewed):
    for title, points in (("甲一", 90), ("乙一", 80), ("甲二", 70)):
        make_reviewed(title, points, points, points)
    found = ranking.among(ranking.ranked(season), Project.objects.filter(title__contains="甲"))
    found = found.select_related("track", "lead_organization")
    assert [(row.title, row.place) for row in found] == [("甲一", 1), ("甲二", 3)]
    assert (found.count(), [row.title for row in found[1:2]]) == (2, ["甲二"])


def test_outliers_are_those_at_the_seasons_distance(season, make_reviewed):
    make_reviewed("甲", 90, 90, 60)  # the mean is 80
    make_reviewed("乙", 85, 80, 75)
    make_reviewed("丙", 100, 40, 70)
    found = ranking.outliers(season, [row.scored_id for row in ranking.ranked(season)])
    names = {
        row.title: [(r.reviewer.name, r.total, r.mean) for r in found.get(row.scored_id, [])]
        for row in ranking.ranked(season)
    }
    assert names == {
        "甲": [("示例专家3", 6000, 8000.0)],
        "乙": [],
        "丙": [("示例专家1", 10000, 7000.0), ("示例专家2", 4000, 7000.0)],
    }
    season.outlier_from = 1000
    assert len(ranking.outliers(season, list(found))) == 2
    assert sum(len(reviews) for reviews in ranking.outliers(season, list(found)).values()) == 5


def test_an_unsent_review_is_no_outlier(season, make_reviewed, panel):
    project = make_reviewed("甲", 90, 50)
    assert Review.objects.filter(screening__project=project, sent_at=None).count() == 1
    found = ranking.outliers(season, [project.screenings.get().pk])
    assert [review.total for reviews in found.values() for review in reviews] == [9000, 5000]


def test_one_query_however_many_rows(season, make_reviewed, assert_queries):
    make_reviewed("甲", 90, 90, 90)
    with assert_queries(2):
        ranking.outliers(season, [row.scored_id for row in ranking.ranked(season)])
    make_reviewed("乙", 90, 60, 50)
    make_reviewed("丙", 90, 60, 50)
    with assert_queries(2):
        ranking.outliers(season, [row.scored_id for row in ranking.ranked(season)])


def test_a_pool_of_five(season, district, cast):
    season.reviewers_needed = 5
    season.save()
    make_reviewers(season, 5)
    project = make_sent(season, district.street, cast.secretary)
    open_round(project, cast.officer)
    score_all(project, (100, 90, 80, 70, 60))
    assert rows(ranking.ranked(season)) == [("小区党支部联建", 1, 8000.0, 4000, 5, 5)]
