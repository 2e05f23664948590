"""A season's papers: the call for applications, opinions without names, the book of projects."""

from __future__ import annotations

from datetime import date

import pytest
from docx import Document

from common import exports, jobs
from common.errors import ActionError, Forbidden
from projects import screening
from projects.models import Announcement, ApplicationComment, ExpectedFigure, Project
from projects.season_documents import SEASON_PAPERS
from tests import factories
from tests.projects.export_steps import ask, make, words
from tests.projects.screening_steps import (
    by,
    decided,
    make_sent,
    open_round,
    own_review,
    score,
    score_all,
    send_version,
)

BODY = "一、申报范围\n各党（工）委。\n（一）申报时间\n一、这一句很长，说完了。还有一句。"


@pytest.fixture
def call(season) -> Announcement:
    return Announcement.objects.create(
        season=season, title="关于申报的通知", number="示组〔2026〕1号", addressee="各党（工）委：", body=BODY
    )


@pytest.fixture
def screened(in_review, panel, cast) -> Project:
    """Scored 90, 80, 70 with an opinion and a remark, then returned for revision and answered."""
    score(own_review(in_review, panel[0]), 90, 90, 90, opinion="总体不错。", remarks={"goal": "目标再具体些。"})
    score_all_left(in_review, panel[1:])
    decided(in_review, cast.officer, "revise", "修改目标。")
    screening.answer_comment(comment=ApplicationComment.objects.get(), text="已补充数量。", by=by(cast.clerk))
    return in_review


def score_all_left(project: Project, reviewers) -> None:
    for user, points in zip(reviewers, (80, 70), strict=True):
        score(own_review(project, user), points, points, points)


# --- the call for applications ---


def test_a_call_has_the_layout_of_an_official_document(call, cast):
    Announcement.objects.update(issued_on=date(2026, 1, 20))
    path = exports.path_of(make(cast.officer, "announcement", season=call.season.code))
    found = [(p.style.name, p.text) for p in Document(str(path)).paragraphs if p.text]
    assert found == [
        ("公文编号", "示组〔2026〕1号"),
        ("公文标题", "关于申报的通知"),
        ("公文主送", "各党（工）委："),
        ("公文一级标题", "一、申报范围"),
        ("公文正文", "各党（工）委。"),
        ("公文二级标题", "（一）申报时间"),
        ("公文正文", "一、这一句很长，说完了。还有一句。"),
        ("公文落款", "中共区委组织部"),
        ("公文落款", "2026年1月20日"),
    ]


def test_an_issued_call_is_everybodys_a_draft_the_departments(call, cast):
    assert who_may(cast, "announcement", call.season.code) == {"officer"}
    Announcement.objects.update(issued_on=date(2026, 1, 20))
    assert who_may(cast, "announcement", call.season.code) == set(vars(cast))


def test_a_season_without_a_call_has_nothing_to_download(season, cast):
    with pytest.raises(Forbidden):
        ask(cast.officer, "announcement", season=season.code)


def who_may(cast, kind: str, season: str) -> set[str]:
    found = set()
    for name, user in vars(cast).items():
        try:
            ask(user, kind, season=season)
        except Forbidden:
            continue
        found.add(name)
    return found


# --- 意见汇总 ---


def test_opinions_are_gathered_without_names(screened, cast, today):
    today("2026-04-01")
    assert words(cast.officer, "opinions", season=screened.season.code) == [
        f"{screened.season.name}书记项目评审意见汇总",
        "一、党（工）委赛道",
        "1. 小区党支部联建",
        "党组织|示例一街道党工委|领题书记|示例一街道书记",
        "评审|第1轮，3人已评|平均分|80.00分",
        "决定|黄 修改完善|最高、最低|90.00分、70.00分",
        "决定意见|修改目标。",
        "总体意见",
        "总体不错。",
        "各栏意见和答复",
        "稿次|栏目|意见|答复",
        "第1稿|目标|目标再具体些。|已补充数量。",
        "中共区委组织部（盖章）",
        "2026年4月1日",
    ]


def test_what_a_reviewer_has_not_sent_is_not_told(in_review, panel, cast):
    review = own_review(in_review, panel[0])
    screening.save_review(
        review=review, points={}, comments={}, opinion="还在想", remarks={"goal": "还在想"}, by=by(panel[0])
    )
    text = "\n".join(words(cast.officer, "opinions", season=in_review.season.code))
    assert ("还在想" in text, "待决定" in text, "0人已评" in text) == (False, True, True)


def test_an_officer_is_not_shown_how_the_own_project_was_scored(screened, cast):
    Project.objects.filter(pk=screened.pk).update(lead_secretary=cast.officer.person)
    found = words(cast.officer, "opinions", season=screened.season.code)
    assert found[2:4] == ["1. 小区党支部联建", "本人领题的项目，回避，不列评审情况。"]
    assert [text for text in ("80.00", "总体不错", "修改目标", "再具体些") if text in "\n".join(found)] == []


def test_a_round_that_keeps_its_scores_shows_those(screened, season, cast):
    Project.objects.filter(pk=screened.pk).update(state="submitted")
    send_version(screened, screened.versions.get().content)
    screening.start_review(project=screened, keep_scores=True, by=by(cast.officer))
    found = words(cast.officer, "opinions", season=season.code)
    assert "评审|第2轮，3人已评|平均分|80.00分" in found
    assert "总体不错。" in found


def test_tracks_stand_in_their_order(season, district, cast, panel):
    second = factories.make_track(season, name="社区赛道", kinds=("committee",), position=2)
    for org, who, track in ((district.community, cast.branchsec, second), (district.street, cast.secretary, None)):
        project = make_sent(season, org, who, **({"track": track, "title": "社区项目"} if track else {}))
        open_round(project, cast.officer)
        score_all(project, (90, 90, 90) if track else (80, 80, 80))
    found = words(cast.officer, "opinions", season=season.code)
    heads = [line for line in found if line.startswith(("一、", "二、", "1. ", "2. "))]
    assert heads == ["一、党（工）委赛道", "1. 小区党支部联建", "二、社区赛道", "1. 社区项目"]


# --- 项目册 ---


def test_the_book_has_a_list_and_a_page_for_each_project(season, district, cast):
    track = season.tracks.get()
    texts = {"problem": "难题", "goal": "目标", "measures": "措施", "expected_effect": "成效"}
    made = [factories.make_project(district.street, cast.secretary, track=track, **texts) for _ in range(2)]
    factories.make_project(district.street, cast.secretary, track=track, state="in_review")
    ExpectedFigure.objects.create(project=made[0], name="服务", value=100, qualifier="余", unit="名")
    found = words(cast.officer, "project_book", season=season.code)
    assert found[:4] == [
        f"{season.name}书记项目册",
        "序号|项目名称|党组织|领题书记|档号",
        *(f"{n}|{p.title}|示例一街道党工委|示例一街道书记|{p.archive_number}" for n, p in enumerate(made, start=1)),
    ]
    assert [line for line in found if line in [p.title for p in made]] == [p.title for p in made]
    assert "服务|100余名" in found
    assert "建阵地|60%|2026年1月1日|2026年7月2日" in found
    path = exports.path_of(make(cast.officer, "project_book", season=season.code))
    breaks = [p.text for p in Document(str(path)).paragraphs if p.paragraph_format.page_break_before]
    assert breaks == [p.title for p in made]


# --- all of them ---


@pytest.mark.parametrize("kind", ["opinions", "project_book"])
def test_a_seasons_papers_are_the_departments(season, cast, kind):
    assert who_may(cast, kind, season.code) == {"officer"}
    with pytest.raises(ActionError) as refused:
        ask(cast.officer, kind, season="1999")
    assert list(refused.value.fields) == ["season"]


@pytest.mark.parametrize("paper", [paper.kind for paper in SEASON_PAPERS])
def test_an_empty_season_makes_a_file_too(call, cast, paper):
    assert "name" in make(cast.officer, paper, season=call.season.code).result


@pytest.mark.parametrize(("kind", "queries"), [("opinions", 13), ("project_book", 14)])
def test_queries_do_not_grow(season, district, cast, panel, assert_queries, kind, queries):
    def add(org, user) -> None:
        project = make_sent(season, org, user, title=f"{org.name}的项目")
        open_round(project, cast.officer)
        score_all(project, (80, 70, 60))
        decided(project, cast.officer)

    def build() -> None:
        job = ask(cast.officer, kind, season=season.code)
        with assert_queries(queries):
            jobs.run(str(job.pk))

    add(district.street, cast.secretary)
    build()
    add(district.branch, cast.branchsec)
    add(district.other_street, cast.outsider)
    build()
