"""Two tabs, or two people, at one part of a draft: who saves over something newer is told first, and loses nothing."""

from __future__ import annotations

import re
from typing import Any

import pytest

from evaluation.appraisal.setup_forms import CategoriesForm, ContestsForm
from tests import factories
from tests.evaluation.appraisal import votes
from tests.evaluation.appraisal.test_setup_pages import at, basics_of, ticks
from tests.projects.test_season_pages import text_of, typed_rows

STALE = "这一页打开以后，别处又保存过改动。"


@pytest.fixture(autouse=True)
def _day(today: Any) -> None:
    today(votes.BEFORE)


@pytest.fixture
def vote(district: Any, cast: Any) -> votes.Vote:
    return votes.make_vote(district, cast, each=10)


def contests_of(vote: votes.Vote) -> dict[str, str]:
    rows = ContestsForm.of(vote.campaign, vote.campaign.season.tracks.all())
    return {f"contests.{n}.{name}": value for n, row in enumerate(rows) for name, value in row.items() if value}


def categories_of(vote: votes.Vote, **first: str) -> dict[str, str]:
    one, *others = CategoriesForm.of(vote.campaign.categories.select_related("merge_into").order_by("position"))
    return dict(typed_rows("categories", one | first, *others))


# Part: what the first tab saves, what the second one still has on its page and sends, and what stands then.
EDITS = {
    "basics": (
        lambda vote: basics_of(vote.again(), approval_number="甲"),
        lambda vote: basics_of(vote.again(), approval_number="乙"),
        lambda vote: vote.again().approval_number,
    ),
    "contests": (
        lambda vote: contests_of(vote) | {"contests.0.award_title": "甲"},
        lambda vote: contests_of(vote) | {"contests.0.award_title": "乙"},
        lambda vote: vote.campaign.contests.first().award_title,
    ),
    "categories": (
        lambda vote: categories_of(vote, name="甲"),
        lambda vote: categories_of(vote, name="乙"),
        lambda vote: vote.campaign.categories.first().name,
    ),
    "candidates": (
        lambda vote: {"project": ticks(vote)[1:]},
        lambda vote: {"project": ticks(vote)[:5]},
        lambda vote: vote.campaign.candidates.count(),
    ),
}


@pytest.mark.parametrize("part", EDITS)
def test_the_second_tab_is_told_and_may_save_again(vote: votes.Vote, cast: Any, client_as: Any, part: str) -> None:
    first, second, standing = EDITS[part]
    browser, page = client_as(cast.evaladmin), at(part, vote.campaign.code)
    mark, typed, late = mark_of(browser.get(page)), first(vote), second(vote)
    assert browser.post(page, typed | {"made_from": mark}).status_code == 302
    saved = standing(vote)
    refused = browser.post(page, late | {"made_from": mark})
    text = text_of(refused, 409)
    assert STALE in text
    assert standing(vote) == saved
    assert 'value="乙"' in text or text.count(" checked") == 5
    assert browser.post(page, late | {"made_from": mark_of(refused)}).status_code == 302
    assert standing(vote) in ("乙", 5)


def test_scrutineers_ticked_on_a_stale_page_wait(vote: votes.Vote, cast: Any, client_as: Any) -> None:
    other = factories.make_user("监票人二", username="second")
    factories.grant(other, "scrutineer")
    browser, page = client_as(cast.evaladmin), at("scrutineers", vote.campaign.code)
    mark = mark_of(browser.get(page))
    both = {"person": [cast.scrutineer.person_id, other.person_id], "made_from": mark}
    assert browser.post(page, both).status_code == 302
    assert STALE in text_of(browser.post(page, {"person": [cast.scrutineer.person_id], "made_from": mark}), 409)
    assert vote.campaign.scrutineers.count() == 2


def mark_of(answer: Any) -> str:
    found = re.search(r'name="made_from" value="(\w+)"', answer.content.decode())
    assert found
    return found[1]
