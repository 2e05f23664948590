"""Categories of electors in a draft: weights as typed, sums that are shown, merging with summed weight."""

from __future__ import annotations

from dataclasses import replace

import pytest

from common.models import AuditEntry
from evaluation.appraisal import categories, locking
from evaluation.appraisal.categories import CategoryInput
from evaluation.appraisal.models import VoterCategory
from projects.application_fields import weight_of
from tests.evaluation.appraisal import votes
from tests.evaluation.appraisal.setup_steps import rows_of, weights_of
from tests.projects.refusals import refused


@pytest.fixture(autouse=True)
def _day(today):
    today(votes.BEFORE)


@pytest.fixture
def vote(district, cast):
    return votes.make_vote(district, cast, each=10)


@pytest.fixture
def by(cast, actor):
    return actor(cast.evaladmin)


def save(vote, rows, by):
    return categories.set_categories(campaign=vote.campaign, rows=rows, by=by)


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        (["50", "45"], "权重合计 95.00，还差 5.00，锁定前须正好为 100。"),
        (["50", "55"], "权重合计 105.00，多出 5.00，锁定前须正好为 100。"),
        (
            ["33.33", "33.33", "33.33"],
            "权重合计 99.99，还差 0.01，锁定前须正好为 100。除不尽时，请在其中一类上加 0.01。",
        ),
        (
            ["33.34", "33.34", "33.34"],
            "权重合计 100.02，多出 0.02，锁定前须正好为 100。除不尽时，请在其中一类上减 0.02。",
        ),
        (["33.33", "３３.33%", "33.34"], "权重合计 100.00，正好。"),
        ([], "权重合计 0.00，还差 100.00，锁定前须正好为 100。"),
    ],
)
def test_the_sum_is_said_in_words(typed, words):
    assert categories.total_words([weight_of(text) or 0 for text in typed]) == words


@pytest.mark.parametrize(
    ("weight", "words"),
    [
        (500, "权重合计为 95.00，应正好为 100，请调整 5.00。"),
        (1500, "权重合计为 105.00，应正好为 100，请调整 5.00。"),
        (999, "权重合计为 99.99，应正好为 100，请调整 0.01。"),
    ],
)
def test_a_draft_may_be_incomplete_and_the_lock_says_what_is_missing(vote, by, weight, words):
    rows = rows_of(vote.campaign)
    save(vote, [*rows[:4], replace(rows[4], weight=weight), rows[5]], by)
    assert [str(problem) for problem in locking.problems(vote.campaign)] == [f"类别权重：{words}"]


def test_rows_are_known_by_code_and_may_exchange_names_and_orders(vote, by):
    rows = rows_of(vote.campaign)
    rows[0] = replace(rows[0], name="成员单位", tie_order=2)
    rows[1] = replace(rows[1], name="党建专家", tie_order=1, merge_into="masses")
    rows[5] = CategoryInput("", "党员代表", 500, True)
    keys = dict(VoterCategory.objects.values_list("code", "pk"))
    vote.campaign.voters.filter(category__code="secretary").delete()
    save(vote, [rows[1], rows[0], *rows[2:]], by)
    found = vote.campaign.categories.values_list("code", "name", "tie_order", "merge_into__code", "position")
    assert list(found) == [
        ("member", "党建专家", 1, "masses", 1),
        ("expert", "成员单位", 2, None, 2),
        ("masses", "群众代表", None, None, 3),
        ("leader", "区领导", None, None, 4),
        ("delegate", "两代表一委员", None, None, 5),
        ("c1", "党员代表", None, None, 6),
    ]
    assert VoterCategory.objects.get(code="expert").pk == keys["expert"]
    again = [rows[1], rows[0], *rows[2:5], replace(rows[5], code="c1")]
    number = AuditEntry.objects.count()
    save(vote, again, by)
    assert AuditEntry.objects.count() == number


@pytest.mark.parametrize(
    ("turn", "changes", "column"),
    [
        (0, {"name": " \u200b"}, "name"),
        (0, {"name": "长" * 31}, "name"),
        (1, {"name": "党建专家"}, "name"),
        (0, {"weight": None}, "weight"),
        (0, {"weight": 0}, "weight"),
        (0, {"weight": 10001}, "weight"),
        (0, {"tie_order": 7}, "tie_order"),
        (0, {"tie_order": 0}, "tie_order"),
        (0, {"merge_into": "expert"}, "merge_into"),
        (0, {"merge_into": "nobody"}, "merge_into"),
        (0, {"code": "nobody"}, "code"),
        (1, {"code": "expert"}, "code"),
    ],
)
def test_wrong_rows_are_told_beside_their_field(vote, by, turn, changes, column):
    before = weights_of(vote.campaign)
    rows = rows_of(vote.campaign)
    rows[turn] = replace(rows[turn], **changes)
    refused("invalid", lambda: save(vote, rows, by), f"categories.{turn}.{column}")
    assert weights_of(vote.campaign) == before


def test_an_order_stands_once_and_merging_goes_no_circles(vote, by):
    rows = rows_of(vote.campaign)
    same = [replace(rows[0], tie_order=1), replace(rows[1], tie_order=1), *rows[2:]]
    refused("invalid", lambda: save(vote, same, by), "categories.1.tie_order")
    circle = [replace(rows[0], merge_into="member"), replace(rows[1], merge_into="expert"), *rows[2:]]
    refused("invalid", lambda: save(vote, circle, by), "categories.0.merge_into", "categories.1.merge_into")


def test_a_category_with_people_stays(vote, by):
    error = refused("has_voters", lambda: save(vote, rows_of(vote.campaign)[1:], by))
    assert error.message == "“党建专家”在名册中有 10 人，不能去掉；可以并入另一类别（权重相加）。"
    vote.campaign.voters.filter(category__code="expert").delete()
    save(vote, rows_of(vote.campaign)[1:], by)
    assert weights_of(vote.campaign)[0] == ("成员单位", 2500)


def test_merging_moves_people_and_adds_the_weights(vote, by):
    rows = rows_of(vote.campaign)
    rows[2] = replace(rows[2], merge_into="secretary")
    rows[0] = replace(rows[0], merge_into="secretary")
    save(vote, rows, by)
    named = {row.code: row for row in vote.campaign.categories.all()}
    kept = categories.merge_categories(source=named["secretary"], target=named["masses"], by=by)
    assert (kept.code, kept.weight, kept.voters.count(), kept.merge_into) == ("masses", 2500, 20, None)
    assert weights_of(vote.campaign) == [
        ("党建专家", 3000),
        ("成员单位", 2500),
        ("群众代表", 2500),
        ("区领导", 1000),
        ("两代表一委员", 1000),
    ]
    assert vote.campaign.categories.get(code="expert").merge_into == kept
    entry = AuditEntry.objects.latest("pk")
    assert (entry.action, len(entry.before["categories"]), len(entry.after["categories"])) == (
        "appraisal.categories.merged",
        6,
        5,
    )


def test_merging_needs_another_category_of_the_campaign_and_room(vote, district, cast, by):
    first, second = vote.campaign.categories.all()[:2]
    foreign = VoterCategory.objects.create(
        campaign=type(vote.campaign).objects.create(season=vote.campaign.season, title="另一次"),
        code="x",
        name="别的",
        weight=1,
    )
    for target in (first, foreign):
        refused("invalid", lambda t=target: categories.merge_categories(source=first, target=t, by=by), "target")
    VoterCategory.objects.filter(pk=second.pk).update(weight=7001)
    second.refresh_from_db()
    error = refused("invalid", lambda: categories.merge_categories(source=first, target=second, by=by), "target")
    assert error.message == "两类权重相加为 100.01，超过了 100，请先调整权重。"
    assert vote.campaign.categories.count() == 6


def test_the_equal_split_counts_as_a_proposal():
    assert categories.is_proposal([1667, 1667, 1667, 1667, 1666, 1666])
    assert not categories.is_proposal([3000, 2500, 2000, 1000, 1000, 500])
    assert not categories.is_proposal([])
