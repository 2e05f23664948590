"""A season's tracks and its pool of reviewers: set whole, what is in use stays."""

from __future__ import annotations

import pytest

from projects import seasons
from projects.season_rows import TrackInput, kind_lines, kinds_of
from tests import factories
from tests.projects.refusals import refused
from tests.projects.season_steps import audited, pool_of, track_row, tracks_of


@pytest.fixture
def officer(people):
    return people("officer")


# --- tracks ---


def test_tracks_are_set_whole_in_their_order(season, officer):
    rows = [
        track_row("new", "LX", (("branch", "private_enterprise"), ("joint_branch", ""))),
        track_row("committee", "DG", (("committee", ""),), name="新名称"),
    ]
    for _ in range(2):
        seasons.set_tracks(season=season, rows=rows, by=officer)
    assert tracks_of(season) == [
        ("new", "LX", [("branch", "private_enterprise"), ("joint_branch", "")]),
        ("committee", "DG", [("committee", "")]),
    ]
    assert season.tracks.get(code="committee").name == "新名称"
    assert [entry.after for entry in audited("tracks_set")] == [
        {
            "tracks": [
                "new new赛道 优秀书记项目 综合票决 LX（党支部 非公企业、联合党支部）",
                "committee 新名称 优秀书记项目 综合票决 DG（党委）",
            ]
        }
    ]


def test_two_tracks_swap_their_archive_codes_and_one_goes(season, officer):
    seasons.set_tracks(season=season, rows=[track_row("a", "AA"), track_row("b", "BB"), track_row("c")], by=officer)
    seasons.set_tracks(season=season, rows=[track_row("b", "AA"), track_row("a", "BB")], by=officer)
    assert tracks_of(season) == [("b", "AA", []), ("a", "BB", [])]


@pytest.mark.parametrize(
    ("rows", "fields"),
    [
        ([track_row("赛道")], ["tracks.0.code"]),
        ([track_row("")], ["tracks.0.code"]),
        ([track_row("a"), track_row("a", "B")], ["tracks.1.code"]),
        ([track_row("a", "SQ"), track_row("b", "SQ")], ["tracks.1.archive_code"]),
        ([track_row("sq"), track_row("b", "SQ")], ["tracks.1.archive_code"]),
        ([track_row("a", "社")], ["tracks.0.archive_code"]),
        (
            [track_row("a", name="", award_title="", method="")],
            [f"tracks.0.{c}" for c in ("award_title", "method", "name")],
        ),
        ([track_row("a" * 21, name="长" * 41)], ["tracks.0.code", "tracks.0.name"]),
        ([track_row("a", kinds=(("guild", ""),))], ["tracks.0.kinds"]),
        ([track_row("a", kinds=(("branch", "moon"),))], ["tracks.0.kinds"]),
    ],
)
def test_wrong_tracks_are_told_by_row(season, officer, rows: list[TrackInput], fields):
    before = tracks_of(season)
    refused("invalid", lambda: seasons.set_tracks(season=season, rows=rows, by=officer), *fields)
    assert tracks_of(season) == before


def test_a_track_with_projects_keeps_its_code_and_its_archive_code(season, district, cast, officer):
    track = season.tracks.get()
    factories.make_project(district.street, cast.secretary, track=track, state="draft", milestones=[])
    for rows in ([], [track_row("other")]):
        refused("track_used", lambda rows=rows: seasons.set_tracks(season=season, rows=rows, by=officer))
    seasons.set_tracks(season=season, rows=[track_row("committee", "DG")], by=officer)  # no number yet
    factories.make_project(district.community, cast.outsider, track=track)
    changed = [track_row("new"), track_row("committee", "DW")]
    refused(
        "track_numbered",
        lambda: seasons.set_tracks(season=season, rows=changed, by=officer),
        "tracks.1.archive_code",
    )
    assert tracks_of(season) == [("committee", "DG", [])]
    renamed = [track_row("committee", "DG", name="党（工）委赛道")]
    seasons.set_tracks(season=season, rows=renamed, by=officer)
    assert season.tracks.get().name == "党（工）委赛道"


def test_kinds_are_read_as_they_are_written(season, officer):
    text = "党委：社区、园区\n联合党支部\n\n党工委 学校(事业单位)"
    kinds, wrong = kinds_of(text)
    assert (kinds, wrong) == (
        [("committee", "community"), ("committee", "park"), ("joint_branch", ""), ("working_committee", "school")],
        [],
    )
    seasons.set_tracks(season=season, rows=[track_row("a", kinds=tuple(kinds))], by=officer)
    lines = kind_lines(season.tracks.get())
    assert lines == ["党工委：学校（事业单位）", "党委：社区、园区/商圈（区域性）", "联合党支部"]
    assert sorted(kinds_of("\n".join(lines))[0]) == sorted(kinds)


@pytest.mark.parametrize("line", ["村委会", "党委：月球", "党委：社区、月球"])
def test_kinds_that_are_none_are_told_with_what_may_be_written(line):
    _, wrong = kinds_of(line)
    assert [text[:2] for text in wrong] == ["没有"]
    assert wrong[0].split("可写：")[1].count("、") in (8, 9)


# --- reviewers ---


def test_the_pool_is_set_whole(season, panel, cast, officer):
    wanted = [panel[0].person, cast.leader.person]
    for _ in range(2):
        seasons.set_reviewers(season=season, persons=wanted, by=officer)
    assert pool_of(season) == ["区领导", "示例专家1"]
    assert [(entry.before, entry.after) for entry in audited("reviewers_set")] == [
        ({"reviewers": ["示例专家1", "示例专家2", "示例专家3"]}, {"reviewers": ["区领导", "示例专家1"]})
    ]


def test_who_has_reviews_stays(season, in_review, panel, officer):
    kept = [user.person for user in panel[1:]]
    error = refused("reviewer_busy", lambda: seasons.set_reviewers(season=season, persons=kept, by=officer))
    assert error.message == "示例专家1已被指派评审，不能移出评审人库。"
    panel[0].is_active = False
    panel[0].save()
    seasons.set_reviewers(season=season, persons=[user.person for user in panel], by=officer)  # was in it before
    assert len(pool_of(season)) == 3


def test_a_new_reviewer_needs_an_account(season, officer):
    closed = factories.make_user("示例停用", is_active=False).person
    without = factories.make_person("示例无账号")
    error = refused(
        "invalid", lambda: seasons.set_reviewers(season=season, persons=[closed, without], by=officer), "persons"
    )
    assert error.message == "示例停用、示例无账号没有可用的账号，不能评审。"
