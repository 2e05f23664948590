"""The set-up of a season: who may, copying, rules, criteria."""

from __future__ import annotations

from datetime import date

import pytest

from common.models import AuditEntry
from projects import seasons
from projects.models import Announcement, Review, ReviewScore, Season
from projects.models.seasons import FULL
from projects.season_rows import CriterionInput
from tests.projects import screening_steps as steps
from tests.projects.refusals import refused
from tests.projects.season_steps import (
    AFTER_HOLIDAYS,
    HOLIDAY,
    MAKEUP_SATURDAY,
    audited,
    criteria_of,
    criteria_rows,
    load_calendar,
    make_ready_season,
    pool_of,
    tracks_of,
)

TODAY = date(2026, 1, 15)
NEXT = {"code": "2027", "name": "2027年度", "starts_on": date(2027, 1, 1), "ends_on": date(2027, 12, 31)}


@pytest.fixture(autouse=True)
def _day(today):
    today(TODAY)


@pytest.fixture
def officer(people):
    return people("officer")


@pytest.fixture
def ready(db):
    return make_ready_season()


# --- who ---


@pytest.mark.parametrize(
    "role", ["secretary", "clerk", "outsider", "leader", "evaladmin", "scrutineer", "auditor", "sysadmin"]
)
def test_only_the_department_sets_a_season_up(people, ready, role):
    by, everything = people(role), {"season": ready, "by": people(role)}
    refused("forbidden", lambda: seasons.copy_season(source=None, **NEXT, by=by))
    refused("forbidden", lambda: seasons.save_rules(values={"report_due_day": 9}, **everything))
    for set_rows in (seasons.set_criteria, seasons.set_tracks):
        refused("forbidden", lambda set_rows=set_rows: set_rows(rows=[], **everything))
    refused("forbidden", lambda: seasons.set_reviewers(persons=[], **everything))
    refused("forbidden", lambda: seasons.write_announcement(values={}, **everything))
    refused("forbidden", lambda: seasons.issue_announcement(**everything))
    assert (Season.objects.count(), Announcement.objects.count(), AuditEntry.objects.filter(user=by.user).count()) == (
        1,
        0,
        0,
    )


# --- copying ---


def test_a_copy_has_every_rule_but_its_own_days(ready, officer):
    Season.objects.filter(pk=ready.pk).update(
        report_due_day=8, yellow_from=1500, overdue_red_days=15, reviewers_needed=4, one_project_per_organization=False
    )
    ready.refresh_from_db()
    made = seasons.copy_season(source=ready, **NEXT, by=officer)
    copied = [name for name in seasons.RULES if name not in seasons.OWN]
    assert [getattr(made, name) for name in copied] == [getattr(ready, name) for name in copied]
    assert [getattr(made, name) for name in seasons.OWN] == ["2027年度", NEXT["starts_on"], NEXT["ends_on"], None, None]
    assert (criteria_of(made), made.criteria_total) == (criteria_of(ready), FULL)
    assert (tracks_of(made), pool_of(made)) == (tracks_of(ready), pool_of(ready))
    assert [(entry.user, entry.after) for entry in audited("created")] == [(officer.user, {"copied_from": ready.code})]


def test_a_copy_numbers_its_projects_anew_and_leaves_out_who_has_no_account(ready, officer):
    ready.tracks.update(last_number=7)
    gone = ready.reviewers.get(person__name="示例专家2").person.user
    gone.is_active = False
    gone.save()
    made = seasons.copy_season(source=ready, **NEXT, by=officer)
    assert list(made.tracks.values_list("last_number", flat=True)) == [0]
    assert pool_of(made) == ["示例专家1", "示例专家3"]


def test_without_a_source_the_criteria_are_the_districts(officer):
    made = seasons.copy_season(source=None, **NEXT, by=officer)
    assert criteria_of(made) == [("前瞻", 3000), ("创新", 3000), ("实效", 4000)]
    assert (tracks_of(made), pool_of(made), made.apply_from) == ([], [], None)


def test_seasons_overlap(ready, officer):
    made = seasons.copy_season(source=ready, **NEXT | {"starts_on": date(2026, 7, 1)}, by=officer)
    saved = seasons.save_rules(
        season=made, values={"apply_from": date(2026, 2, 2), "apply_until": date(2026, 2, 27)}, by=officer
    )
    assert [s.takes_applications(date(2026, 2, 3)) for s in (ready, saved)] == [True, True]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"code": "new"}, "code"),
        ({"code": "二七"}, "code"),
        ({"code": ""}, "code"),
        ({"name": "\u200b "}, "name"),
        ({"name": "长" * 61}, "name"),
        ({"ends_on": date(2027, 1, 1)}, "ends_on"),
    ],
)
def test_a_new_season_that_makes_no_sense_is_refused(officer, changes, field):
    refused("invalid", lambda: seasons.copy_season(source=None, **NEXT | changes, by=officer), field)
    assert Season.objects.count() == 0


def test_a_code_is_used_once(ready, officer):
    refused("invalid", lambda: seasons.copy_season(source=None, **NEXT | {"code": ready.code}, by=officer), "code")


# --- rules ---


def test_changed_rules_are_audited_and_the_same_again_is_nothing(ready, officer):
    for _ in range(2):
        saved = seasons.save_rules(
            season=ready, values={"report_due_day": 8, "yellow_from": 1000, "name": "新名称"}, by=officer
        )
    assert (saved.report_due_day, saved.name) == (8, "新名称")
    assert [(entry.before, entry.after) for entry in audited("rules_changed")] == [
        ({"name": ready.name, "report_due_day": 5}, {"name": "新名称", "report_due_day": 8})
    ]


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"report_due_day": 29}, "report_due_day"),
        ({"yellow_from": 0}, "red_above"),
        ({"yellow_from": 3001}, "red_above"),
        ({"red_above": 10001}, "red_above"),
        ({"overdue_red_days": 0}, "overdue_red_days"),
        ({"liaison_interval_days": 0}, "liaison_interval_days"),
        ({"reviewers_needed": 2}, "reviewers_needed"),
        ({"extension_months": 0}, "extension_months"),
        ({"archive_number_format": "YH-{year}"}, "archive_number_format"),
        ({"archive_number_format": "{track}{number.real}"}, "archive_number_format"),
        ({"starts_on": date(2027, 1, 1)}, "ends_on"),
        ({"apply_from": date(2026, 3, 1)}, "apply_until"),
        ({"apply_from": None}, "apply_from"),
        ({"apply_until": None}, "apply_until"),
        ({"apply_until": date(2027, 1, 4)}, "apply_until"),
        ({"name": ""}, "name"),
    ],
)
def test_rules_that_make_no_sense_are_told_beside_their_field(ready, officer, values, field):
    refused("invalid", lambda: seasons.save_rules(season=ready, values=values, by=officer), field)
    assert audited("rules_changed") == []


def test_a_deadline_on_a_rest_day_is_refused_with_the_next_working_day(ready, officer):
    def until(day):
        return seasons.save_rules(season=ready, values={"apply_until": day}, by=officer)

    error = refused("rest_day", lambda: until(HOLIDAY), "apply_until")
    assert error.fields["apply_until"] == [f"{HOLIDAY} 是休息日，截止日应为工作日，可以改为 {AFTER_HOLIDAYS}。"]
    refused("rest_day", lambda: until(date(2026, 10, 11)), "apply_until")
    assert until(MAKEUP_SATURDAY).apply_until == MAKEUP_SATURDAY
    assert until(AFTER_HOLIDAYS).apply_until == AFTER_HOLIDAYS


def test_a_deadline_in_a_year_without_a_calendar_is_refused(season, officer):
    def save(**values):
        return seasons.save_rules(season=season, values=values, by=officer)

    error = refused("missing_calendar", lambda: save(apply_until=date(2026, 3, 2)), "apply_until")
    assert error.message.startswith("没有 2026 年的节假日安排，无法计算工作日。")
    assert save(report_due_day=9).report_due_day == 9  # a deadline that stays is not asked about again
    assert save(apply_from=None, apply_until=None).apply_until is None
    load_calendar()
    assert save(apply_from=date(2026, 2, 1), apply_until=date(2026, 3, 2)).apply_until == date(2026, 3, 2)


def test_the_next_working_day_may_need_another_years_calendar(ready, officer):
    Season.objects.filter(pk=ready.pk).update(ends_on=date(2027, 6, 30))
    until = {"apply_until": date(2026, 12, 31)}
    assert seasons.save_rules(season=ready, values=until, by=officer).apply_until == date(2026, 12, 31)
    late = {"apply_until": date(2027, 1, 1)}
    error = refused(
        "missing_calendar", lambda: seasons.save_rules(season=ready, values=late, by=officer), "apply_until"
    )
    assert error.message.startswith("没有 2027 年")


# --- criteria ---


def test_criteria_are_set_whole_in_their_order(season, officer):
    rows = [CriterionInput("实效", 5050, "群众得实惠"), CriterionInput("创新", 4950)]
    for _ in range(2):
        saved = seasons.set_criteria(season=season, rows=rows, by=officer)
    assert (criteria_of(season), saved.criteria_total) == ([("实效", 5050), ("创新", 4950)], FULL)
    assert [(entry.before, entry.after) for entry in audited("criteria_set")] == [
        ({"criteria": ["前瞻 30", "创新 30", "实效 40"]}, {"criteria": ["实效 50.5 群众得实惠", "创新 49.5"]})
    ]


@pytest.mark.parametrize(
    ("rows", "fields"),
    [
        ([], ["criteria"]),
        (criteria_rows(前瞻=3333, 创新=3333, 实效=3333), ["criteria"]),
        (criteria_rows(前瞻=5000, 实效=5001), ["criteria"]),
        (criteria_rows(前瞻=0, 实效=10000), ["criteria.0.weight"]),
        (criteria_rows(前瞻=10001), ["criteria.0.weight"]),
        ([CriterionInput("", 10000)], ["criteria.0.name"]),
        ([CriterionInput("前瞻", 5000), CriterionInput("前瞻", 5000)], ["criteria.1.name"]),
        (
            [CriterionInput("长" * 21, 5000), CriterionInput("实效", 5000, "长" * 201)],
            ["criteria.0.name", "criteria.1.hint"],
        ),
    ],
)
def test_wrong_criteria_are_told_by_row(season, officer, rows, fields):
    refused("criteria", lambda: seasons.set_criteria(season=season, rows=rows, by=officer), *fields)
    assert criteria_of(season) == [("前瞻", 3000), ("创新", 3000), ("实效", 4000)]


def test_drafts_keep_the_points_of_criteria_that_stay(season, in_review, panel, officer):
    steps.save(steps.own_review(in_review, panel[0]), (70, 80, 90))
    seasons.set_criteria(season=season, rows=criteria_rows(实效=6000, 示范=4000), by=officer)
    assert list(ReviewScore.objects.values_list("criterion__name", "points")) == [("实效", 90)]


def test_once_scored_the_criteria_stand(season, in_review, panel, officer):
    review = steps.own_review(in_review, panel[0])
    steps.score(review, 70, 80, 90)
    rows = criteria_rows(实效=10000)
    refused("scored", lambda: seasons.set_criteria(season=season, rows=rows, by=officer))
    assert Review.objects.get(pk=review.pk).scores.count() == 3
