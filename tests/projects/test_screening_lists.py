"""The lists of the screening: filters that keep places, what comes first, the same queries for every number of rows."""

from __future__ import annotations

import pytest

from tests import factories
from tests.projects.screening_steps import decided, make_sent, open_round, score_all

LIST = "/desk/screening/"


def test_the_lists_filter_and_keep_places(season, district, cast, panel, client_as):
    community = factories.make_track(season, "社区赛道", code="community", position=2)
    made = []
    for title, points, track in (("甲一", 90, None), ("乙一", 80, community), ("甲二", 70, None)):
        organization = factories.make_org(district.root, name=f"{title}党委")
        made.append(make_sent(season, organization, factories.make_person(), title=title, track=track))
        open_round(made[-1], cast.officer)
        score_all(made[-1], [points] * 3)
    decided(made[2], cast.officer, "redraft")
    browser = client_as(cast.officer)
    rows = lambda **given: [  # noqa: E731
        (row.project.title, row.place) for row in browser.get(LIST, {"show": "review", **given}).context["rows"]
    ]
    assert rows() == [("甲一", 1), ("乙一", 2), ("甲二", 3)]
    assert rows(search="甲") == [("甲一", 1), ("甲二", 3)]
    assert rows(search="二 党委") == [("甲二", 3)]
    assert rows(track="community") == [("乙一", 1)]
    assert rows(state="returned_redraft") == [("甲二", 3)]
    assert rows(search="没有") == []
    assert rows(season="nowhere") == rows()
    html = browser.get(LIST, {"show": "all"}).content.decode()
    assert [title for title in ("甲一", "乙一", "甲二") if title not in html] == []
    assert browser.get(LIST, {"show": "precheck"}).context["page"].paginator.count == 0


def test_the_list_opens_on_what_waits(sent, panel, client_as, cast):
    browser = client_as(cast.officer)
    assert browser.get(LIST).context["show"] == "precheck"
    open_round(sent, cast.officer)
    assert browser.get(LIST).context["show"] == "review"


def test_without_a_season_the_list_is_empty(client_as, cast):
    assert "没有符合条件的申报" in client_as(cast.officer).get(LIST).content.decode()


def test_the_next_years_applications_come_first(sent, client_as, cast, today):
    today("2026-12-01")
    coming = factories.make_season(
        sent.season.ends_on.replace(year=2027, month=1, day=1), apply_from="2026-11-20", apply_until="2026-12-20"
    )
    assert client_as(cast.officer).get(LIST).context["season"] == coming
    assert client_as(cast.officer).get(LIST, {"season": sent.season.code}).context["season"] == sent.season


def fill(season, district, officer, number, first):
    for turn in range(first, first + number):
        project = make_sent(season, factories.make_org(district.root), factories.make_person(), title=f"项目{turn}")
        open_round(project, officer)
        score_all(project, (95, 90, 40))
        make_sent(season, factories.make_org(district.root), factories.make_person(), title=f"待审{turn}")


@pytest.mark.parametrize(
    ("given", "queries"),
    [
        ({"show": "review"}, 13),
        ({"show": "review", "search": "项目"}, 13),
        ({"show": "precheck"}, 12),
        ({"show": "all"}, 12),
    ],
)
def test_lists_cost_the_same(season, district, cast, panel, client_as, assert_queries, given, queries):
    browser = client_as(cast.officer)
    fill(season, district, cast.officer, 1, 1)
    with assert_queries(queries):
        browser.get(LIST, given)
    fill(season, district, cast.officer, 2, 2)
    with assert_queries(queries):
        browser.get(LIST, given)


def test_my_reviews_cost_the_same(in_review, season, district, cast, panel, client_as, assert_queries):
    browser = client_as(panel[0])
    with assert_queries(9):
        browser.get("/desk/reviews/")
    fill(season, district, cast.officer, 2, 2)
    with assert_queries(9):
        browser.get("/desk/reviews/")
