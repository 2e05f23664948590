"""Pages of the season set-up: the department's alone, typed input kept, the call for everybody once it is issued."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest
from django.urls import reverse

from common.models import AuditEntry
from projects import seasons
from projects.models import Announcement, Season
from tests import factories
from tests.projects import screening_steps as steps
from tests.projects.season_steps import (
    criteria_of,
    criteria_rows,
    load_calendar,
    make_ready_season,
    pool_of,
    track_row,
    tracks_of,
)

TODAY = date(2026, 1, 15)
WIZARD = ("season_rules", "season_tracks", "season_criteria", "season_reviewers", "season_announcement")


@pytest.fixture(autouse=True)
def _day(today):
    today(TODAY)


@pytest.fixture
def ready(db):
    return make_ready_season()


@pytest.fixture
def officer(client_as, cast):
    return client_as(cast.officer)


def at(name: str, *args: str) -> str:
    return reverse(f"projects:{name}", args=args)


def text_of(answer: Any, status: int = 200) -> str:
    assert answer.status_code == status
    return answer.content.decode()


def rules_of(season: Season, **changes: Any) -> dict[str, Any]:
    """What the browser sends of the rules' form as it stands."""
    values = {name: getattr(season, name) for name in seasons.RULES}
    values |= {name: values[name] / 100 for name in ("yellow_from", "red_above", "outlier_from")}
    values |= changes
    return {name: "" if value is None else value for name, value in values.items() if value is not False}


def typed_rows(name: str, *rows: dict[str, str]) -> dict[str, str]:
    return {f"{name}.{n}.{column}": value for n, row in enumerate(rows) for column, value in row.items()}


def typed_track(code: str, **changes: str) -> dict[str, str]:
    values = {"position": "1", "name": f"{code}赛道", "award_title": "优秀", "method": "票决", "archive_code": ""}
    return {**values, "code": code, "kinds": "", **changes}


# --- who ---


def test_the_pages_are_the_departments(client_as, client, cast, ready):
    pages = [at("seasons"), at("season_new"), at("season", ready.code), *(at(name, ready.code) for name in WIZARD)]
    pages.append(at("announcement", ready.code))
    seasons.write_announcement(season=ready, values={}, by=steps.by(cast.officer))
    for page in pages:
        assert client_as(cast.officer).get(page).status_code == 200, page
        assert client.get(page).headers["Location"] == f"{reverse('accounts:login')}?next={page}"
        for role in ("secretary", "clerk", "outsider", "leader", "evaladmin", "auditor", "sysadmin"):
            assert client_as(getattr(cast, role)).get(page).status_code == 404, (role, page)
    for name in (*WIZARD, "season_reopen"):
        page = at(name, ready.code)
        assert client_as(cast.secretary).post(page, {}).status_code == 404
        assert client.post(page, {}).headers["Location"] == f"{reverse('accounts:login')}?next={page}"
    assert client_as(cast.officer).get(at("season", "no-such")).status_code == 404


@pytest.mark.parametrize("rows", [1, 3])
def test_the_list_costs_the_same_for_one_and_three(officer, rows, assert_queries):
    for year in range(2024, 2024 + rows):
        factories.make_track(factories.make_season(date(year, 1, 1)))
    with assert_queries(9):
        text = text_of(officer.get(at("seasons")))
    assert len(re.findall('<td data-label="年度">', text)) == rows


@pytest.mark.parametrize("rows", [1, 3])
def test_the_overview_costs_the_same_for_one_and_three(officer, cast, district, rows, assert_queries):
    season = make_ready_season()
    for turn in range(rows):
        factories.make_track(season, name=f"赛道{turn}")
        reopening = {"until": date(2026, 5, 6), "reason": f"原因{turn}"}
        season.reopenings.create(organization=district.street, by=cast.officer, **reopening)
    steps.make_reviewers(season, rows, first=4)
    with assert_queries(22):
        text = text_of(officer.get(at("season", season.code)))
    assert (text.count("原因"), text.count('class="track-rules"')) == (rows + 1, rows + 1)  # the form's own label


@pytest.mark.parametrize("rows", [1, 3])
def test_the_pool_costs_the_same_for_one_and_three(officer, season, district, rows, assert_queries):
    for user in steps.make_reviewers(season, rows):
        factories.appoint(user, district.branch, "member")
    with assert_queries(19):
        text = text_of(officer.get(at("season_reviewers", season.code)))
    assert text.count("示例社区第一党支部委员") == rows


# --- a new one ---


def test_a_new_season_is_proposed_from_the_latest(officer, ready):
    text = text_of(officer.get(at("season_new")))
    for value in ("2027年度", 'value="2027"', "2027-01-01", "2027-12-31"):
        assert value in text
    given = {
        "source": ready.pk,
        "name": "2027年度",
        "code": "2027",
        "starts_on": "2027.1.1",
        "ends_on": "2027年12月31日",
    }
    answer = officer.post(at("season_new"), given)
    assert answer.headers["Location"] == at("season_rules", "2027")
    made = Season.objects.get(code="2027")
    assert (made.ends_on, tracks_of(made)) == (date(2027, 12, 31), tracks_of(ready))


def test_a_wrong_new_season_keeps_what_was_typed(officer, ready):
    given = {"source": "", "name": "示例年度", "code": ready.code, "starts_on": "2027-1-1", "ends_on": "年底"}
    text = text_of(officer.post(at("season_new"), given), 400)
    assert "请按 2026-3-5 这样填写日期。" in text
    text = text_of(officer.post(at("season_new"), given | {"ends_on": "2026-12-31"}), 400)
    assert "年度的结束日期必须晚于开始日期。" in text
    for value in ("示例年度", "2027-1-1", "2026-12-31"):
        assert f'value="{value}"' in text
    text_of(officer.post(at("season_new")), 400)
    assert Season.objects.count() == 1


# --- the steps ---


def test_rules_are_given_in_points_and_stored_in_hundredths(officer, ready):
    given = rules_of(ready, yellow_from="12.5", outlier_from="15", apply_until="2026年2月28日", report_due_day="8")
    given.pop("one_project_per_organization")
    answer = officer.post(at("season_rules", ready.code), given)
    assert answer.headers["Location"] == at("season_tracks", ready.code)
    ready.refresh_from_db()
    assert (ready.yellow_from, ready.red_above, ready.outlier_from) == (1250, 3000, 1500)
    assert (ready.apply_until, ready.report_due_day) == (date(2026, 2, 28), 8)  # a makeup Saturday
    assert not ready.one_project_per_organization
    assert 'value="12.5"' in text_of(officer.get(at("season_rules", ready.code)))


def test_a_rest_day_is_refused_beside_the_field_with_the_next_working_day(officer, ready):
    text = text_of(officer.post(at("season_rules", ready.code), rules_of(ready, apply_until="2026-10-3")), 400)
    wrong = re.search(r'id="id_apply_until_error">.*?</p>', text)
    assert wrong is not None
    assert "2026-10-03 是休息日，截止日应为工作日，可以改为 2026-10-08。" in wrong[0]
    assert 'value="2026-10-3"' in text


def test_a_missing_calendar_is_linked(officer, season):
    given = rules_of(season, apply_until="2026-3-2", name="改了的名称")
    text = text_of(officer.post(at("season_rules", season.code), given), 400)
    assert f'href="{reverse("common:calendar_year", args=[2026])}"' in text
    assert "没有 2026 年的节假日安排" in text
    assert 'value="改了的名称"' in text
    load_calendar()
    assert officer.post(at("season_rules", season.code), given).status_code == 302


def test_criteria_as_typed_are_kept_until_they_sum_to_100(officer, season):
    page = at("season_criteria", season.code)
    assert re.findall(r'name="criteria\.\d\.weight" value="([\d.]+)"', text_of(officer.get(page))) == ["30", "30", "40"]
    rows = [{"name": "前瞻", "weight": "33.33", "hint": ""}, {"name": "实效", "weight": "４０%", "hint": "好"}]
    text = text_of(officer.post(page, typed_rows("criteria", {"name": " ", "weight": ""}, *rows)), 400)
    assert "权重合计为 73.33，应当正好是 100。" in text
    assert re.findall(r'name="criteria\.\d\.weight" value="([^"]+)"', text) == ["33.33", "４０%"]
    text = text_of(officer.post(page, typed_rows("criteria", rows[0] | {"weight": "三成"}, rows[1])), 400)
    assert re.findall(r'id="id_criteria\.(\d\.\w+)_error"', text) == ["0.weight"]
    assert 'value="三成"' in text
    answer = officer.post(page, typed_rows("criteria", rows[0] | {"weight": "60"}, rows[1]))
    assert answer.headers["Location"] == at("season_reviewers", season.code)
    assert criteria_of(season) == [("前瞻", 6000), ("实效", 4000)]


def test_criteria_that_were_scored_by_cannot_be_saved(officer, season, in_review, panel):
    steps.score(steps.own_review(in_review, panel[0]), 70, 80, 90)
    page = at("season_criteria", season.code)
    assert "已有评审人提交评分，评审标准不能再改。" in text_of(officer.get(page))
    text_of(officer.post(page, typed_rows("criteria", {"name": "实效", "weight": "100", "hint": ""})), 400)
    assert len(criteria_of(season)) == 3


def test_tracks_are_ordered_by_their_number(officer, season):
    page = at("season_tracks", season.code)
    rows = [
        typed_track("b", position="2", kinds="党委：社区、园区\n联合党支部"),
        typed_track("a", position="1", archive_code="AA"),
        typed_track("c", position=""),
        typed_track("", position="9", name="", award_title="", method=""),
    ]
    answer = officer.post(page, typed_rows("tracks", *rows))
    assert answer.headers["Location"] == at("season_criteria", season.code)
    assert tracks_of(season) == [
        ("a", "AA", []),
        ("b", "", [("committee", "community"), ("committee", "park"), ("joint_branch", "")]),
        ("c", "", []),
    ]
    text = text_of(officer.get(page))
    assert "党委：社区、园区/商圈（区域性）\n联合党支部</textarea>" in text
    assert sorted(set(re.findall(r'name="tracks\.(\w+)\.name"', text))) == ["0", "1", "2", "3", "4", "5"]


def test_wrong_tracks_keep_what_was_typed(officer, season, district, cast):
    page = at("season_tracks", season.code)
    text = text_of(officer.post(page, typed_rows("tracks", typed_track("a", kinds="村委会：社区"))), 400)
    assert "没有“村委会”这种党组织" in text
    assert "村委会：社区</textarea>" in text
    text = text_of(officer.post(page, typed_rows("tracks", typed_track("a"), typed_track("a", method=""))), 400)
    assert re.findall(r'id="id_tracks\.(\d\.\w+)_error"', text) == ["1.code", "1.method"]
    factories.make_project(district.street, cast.secretary, track=season.tracks.get())
    text = text_of(officer.get(page))
    assert re.findall(r'name="tracks\.0\.(\w+)" value="\w+"[^>]* readonly', text) == ["code", "archive_code"]
    text = text_of(officer.post(page, typed_rows("tracks", typed_track("a"))), 400)
    assert "“党（工）委赛道”已有项目，不能去掉，代码也不能改。" in text


def test_reviewers_are_found_by_name_and_ticked(officer, season, panel, district, cast):
    page = at("season_reviewers", season.code)
    factories.make_person("示例书记无账号")
    kept = [user.person_id for user in panel[:2]]
    text = text_of(officer.post(page, {"person": kept, "q": "书记", "do": "find"}))
    ticked = re.findall(r'name="person" value="(\d+)" checked', text)
    assert sorted(map(int, ticked)) == sorted(kept)
    assert '示例一街道书记<small class="cell-note">示例一街道党工委书记</small>' in text
    assert "示例书记无账号" not in text
    assert len(pool_of(season)) == 3  # looking saves nothing
    wanted = [*kept, cast.secretary.person_id, "x", "9" * 30]
    answer = officer.post(page, {"person": wanted})
    assert answer.headers["Location"] == at("season_announcement", season.code)
    assert pool_of(season) == ["示例一街道书记", "示例专家1", "示例专家2"]


def test_a_reviewer_at_work_is_shown_as_staying(officer, season, in_review, panel, cast):
    page = at("season_reviewers", season.code)
    assert text_of(officer.get(page)).count("已有评审任务，不能移出") == 3
    text = text_of(officer.post(page, {"person": [cast.leader.person_id]}), 409)
    assert "示例专家1已被指派评审，不能移出评审人库。" in text
    assert f'value="{cast.leader.person_id}" checked' in text
    assert len(pool_of(season)) == 3


# --- the call ---


def test_the_call_from_the_draft_to_the_page_that_all_read(officer, client_as, cast, ready):
    page, view = at("season_announcement", ready.code), at("announcement", ready.code)
    title = "关于申报2026年度书记项目的通知"
    assert f'value="{title}"' in text_of(officer.get(page))
    assert officer.get(view).status_code == 404
    given = {"title": title, "number": "", "addressee": "各党组织：", "body": "一、申报范围\n各街道。"}
    assert officer.post(page, given).headers["Location"] == at("season", ready.code)
    assert "只有组织部能看到" in text_of(officer.get(view))
    assert client_as(cast.outsider).get(view).status_code == 404
    assert "正文里没有写 2026年2月1日、2026年2月27日" in text_of(officer.get(page))
    text = text_of(officer.post(page, given | {"do": "refill"}))
    assert "2026年2月1日至2026年2月27日" in text
    assert Announcement.objects.get().body == given["body"]  # shown, not saved
    assert officer.post(page, given | {"do": "issue"}).headers["Location"] == view
    assert officer.get(page).headers["Location"] == view
    for role in ("outsider", "secretary", "branchsec", "leader", "auditor"):
        text = text_of(client_as(getattr(cast, role)).get(view))
    assert re.findall(r'<p class="official-heading">(.*?)</p>', text) == ["一、申报范围"]
    assert "2026年1月15日" in text
    assert at("seasons") not in text


def test_a_call_that_cannot_be_issued_is_saved_and_says_why(officer, season):
    page = at("season_announcement", season.code)
    text = text_of(officer.post(page, {"title": "标题", "body": "正文", "do": "issue"}), 400)
    assert "还不能印发：没有 2026 年的节假日安排" in text
    assert 'value="标题"' in text
    text = text_of(officer.post(page, {"title": "", "body": "长" * 10001}), 400)
    assert re.findall(r'id="id_(\w+)_error"', text) == ["title", "body"]


# --- one organization after the deadline ---


def test_an_organization_is_let_in_after_the_deadline(officer, ready, district):
    page = at("season_reopen", ready.code)
    given = {"organization": district.street.pk, "until": "2026-3-31", "reason": "换届"}
    assert officer.post(page, given).headers["Location"] == at("season", ready.code)
    text = text_of(officer.get(at("season", ready.code)))
    assert "换届（组织部工作人员 1月15日" in text
    text = text_of(officer.post(page, given | {"until": "2026-1-14", "reason": "太早了"}), 400)
    assert "开放日期不能早于今天。" in text
    assert "太早了</textarea>" in text
    text_of(officer.post(page, given | {"organization": district.department.pk}), 400)  # no track admits it
    assert ready.reopenings.count() == 1


# --- the administration ---


def test_the_administration_cannot_break_what_is_set_here(client_as, cast, ready):
    seasons.set_criteria(season=ready, rows=criteria_rows(实效=10000), by=steps.by(cast.officer))
    seasons.set_tracks(season=ready, rows=[track_row("committee", "DGW")], by=steps.by(cast.officer))
    before = {name: getattr(ready, name) for name in seasons.RULES}
    page = reverse("admin:projects_season_change", args=[ready.pk])
    track = ready.tracks.get()
    given = rules_of(ready, archive_number_format="X", apply_until="2026-10-3", reviewers_needed=1, outlier_from=1)
    given |= {"code": ready.code, "yellow_from": 1000, "red_above": 3000, "criteria_total": 1}
    row = {"id": track.pk, "season": ready.pk, "code": "other", "archive_code": "ZZ", "last_number": 9, "position": 1}
    row |= {"name": "新名称", "award_title": track.award_title, "method": track.method}
    given |= {"tracks-TOTAL_FORMS": 1, "tracks-INITIAL_FORMS": 1} | {f"tracks-0-{k}": v for k, v in row.items()}
    assert client_as(cast.sysadmin).post(page, given).status_code == 302
    ready.refresh_from_db()
    assert {name: getattr(ready, name) for name in seasons.RULES} == before
    track.refresh_from_db()
    assert (track.code, track.archive_code, track.last_number, track.name) == ("committee", "DGW", 0, "新名称")
    assert AuditEntry.objects.get(action="projects.season.edited").after == {"related": ["tracks"]}
