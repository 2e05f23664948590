"""The call for applications (申报通知), and the checklist that keeps it back."""

from __future__ import annotations

from datetime import date

import pytest

from projects import season_checks, seasons
from projects.models import Season
from tests import factories
from tests.projects.refusals import refused
from tests.projects.reporting_steps import told
from tests.projects.season_steps import audited, make_ready_season, track_row

TODAY = date(2026, 1, 15)


@pytest.fixture(autouse=True)
def _day(today):
    today(TODAY)


@pytest.fixture
def officer(people):
    return people("officer")


@pytest.fixture
def ready(db):
    return make_ready_season()


def test_the_text_says_the_seasons_own_rules(ready, officer):
    row = seasons.write_announcement(season=ready, values={}, by=officer)
    assert (row.title, row.number, row.issued_on) == ("关于申报2026年度书记项目的通知", "", None)
    for words in (
        "2026年2月1日至2026年2月27日",
        "党（工）委赛道（综合票决，评选十佳书记项目）",
        "前瞻（30%）、创新（30%）、实效（40%）",
        "每个党组织限报 1 个项目",
        "每月 5 日前",
        "不少于 3 名评审人",
    ):
        assert words in row.body
    assert season_checks.unsaid(ready, row.body) == []
    Season.objects.filter(pk=ready.pk).update(one_project_per_organization=False, apply_until=date(2026, 3, 2))
    ready.refresh_from_db()
    assert "限报" not in seasons.announcement_text(ready)["body"]
    assert season_checks.unsaid(ready, row.body) == ["2026年3月2日"]


def test_the_text_is_the_departments_to_change(ready, officer):
    seasons.write_announcement(season=ready, values={}, by=officer)
    given = {"title": "申报通知", "number": "示例〔2026〕1号", "body": "\u200b第一段\r\n第二段"}
    row = seasons.write_announcement(season=ready, values=given, by=officer)
    assert (row.title, row.number, row.body) == ("申报通知", "示例〔2026〕1号", "第一段\n第二段")
    refused("invalid", lambda: seasons.write_announcement(season=ready, values={"title": " "}, by=officer), "title")
    refused("invalid", lambda: seasons.write_announcement(season=ready, values={"body": ""}, by=officer), "body")
    assert len(audited("announcement_written")) == 2


def test_what_is_missing_is_listed_and_keeps_it_back(officer):
    season = factories.make_season(date(2026, 1, 1))
    assert season_checks.missing(season) == [
        "没有设申报时间",
        "没有赛道",
        "评审标准的权重合计不是 100",
        "评审人库只有 0 人，至少要 3 人",
    ]
    refused("no_announcement", lambda: seasons.issue_announcement(season=season, by=officer))
    Season.objects.filter(pk=season.pk).update(apply_from=TODAY, apply_until=date(2026, 2, 27))
    factories.make_track(season, kinds=(), name="社区赛道")
    season.refresh_from_db()
    assert season_checks.missing(season)[:2] == [
        "没有 2026 年的节假日安排，截止日要按工作日核对",
        "“社区赛道”没有选准入的党组织类型",
    ]
    seasons.write_announcement(season=season, values={}, by=officer)
    refused("incomplete", lambda: seasons.issue_announcement(season=season, by=officer))
    assert told("season_announced") == []


def test_the_checklist_asks_for_the_calendar_of_the_vote(ready):
    Season.objects.filter(pk=ready.pk).update(ends_on=date(2027, 1, 31))
    ready.refresh_from_db()
    calendars = [(c.text, c.done, c.blocks) for c in season_checks.checks(ready) if c.step == "calendar"]
    assert calendars == [
        ("已录入", True, True),
        ("没有 2027 年的节假日安排，公示按工作日计算，届时要用", False, False),
    ]
    assert season_checks.missing(ready) == []


def test_a_reviewer_without_an_account_does_not_count(ready):
    gone = ready.reviewers.first().person.user
    gone.is_active = False
    gone.save()
    assert season_checks.missing(ready) == ["评审人库只有 2 人，至少要 3 人"]


def test_issuing_tells_the_admitted_organizations_once(ready, cast, district, officer):
    factories.appoint(factories.make_user("示例党支部干事", username="branchclerk"), district.branch, "clerk")
    factories.appoint(
        factories.make_user("示例党总支书记", username="general"), factories.make_org(district.root, "general_branch")
    )
    factories.appoint(factories.make_user("示例前任", username="former"), district.branch, until=date(2025, 12, 31))
    factories.appoint(factories.make_user("示例委员", username="member"), district.branch, "member")
    row = seasons.write_announcement(season=ready, values={}, by=officer)
    for _ in range(2):
        row = seasons.issue_announcement(season=ready, by=officer)
    assert (row.issued_on, len(audited("announcement_issued"))) == (TODAY, 1)
    names = ["branchclerk", "branchsec", "clerk", "outsider", "secretary"]
    assert told("season_announced") == [(name, row.title) for name in names]
    refused("issued", lambda: seasons.write_announcement(season=ready, values={"title": "改"}, by=officer))


def test_a_track_of_one_sector_tells_only_that(ready, cast, officer):
    rows = [track_row("committee", kinds=(("branch", "community"), ("working_committee", "park")))]
    seasons.set_tracks(season=ready, rows=rows, by=officer)
    seasons.write_announcement(season=ready, values={}, by=officer)
    seasons.issue_announcement(season=ready, by=officer)
    assert [name for name, _ in told("season_announced")] == ["branchsec"]
