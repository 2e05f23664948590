"""The booklet of a contest in Word and PDF: order of the ballot, contents, figures, pictures; who may have it."""

from __future__ import annotations

import re
import shutil

import docx
import pytest
from django.conf import settings

from common import days, exports, jobs
from common.errors import Forbidden
from common.exports import EXPORTS
from evaluation.appraisal import candidates
from evaluation.appraisal.models import Candidate
from projects.models import Project
from tests.common.papers import pdf_lines, pdf_pages, squeezed, word_lines
from tests.evaluation.appraisal import votes
from tests.evaluation.appraisal.dossier_steps import fill

PREFIX = "为民先锋项目"
COVER = ["2026年度（示例）", "为民先锋项目候选项目汇编"]


@pytest.fixture
def vote(district, cast):
    made = votes.make_vote(district, cast)
    for number, photos in ((1, 1), (2, 0)):
        fill(Project.objects.get(title=f"{PREFIX}{number}（示例）"), cast.secretary, months=2 + number, photos=photos)
    return made


@pytest.fixture(params=["vote_booklet", "vote_booklet_pdf"])
def kind(request):
    return request.param


def made(vote, kind, by, **params):
    job = exports.request_export(
        kind=kind, params={"campaign": vote.campaign.code, "contest": "community"} | params, by=by
    )
    jobs.run(job.pk)
    job.refresh_from_db()
    return job


def text_of(job, by) -> str:
    path, _, _ = exports.fetch(job, by)
    return squeezed("".join(word_lines(path) if path.suffix == ".docx" else pdf_lines(path)))


def test_every_candidate_in_the_order_of_the_ballot(vote, kind, cast, actor):
    votes.lock(vote)
    by = actor(cast.evaladmin)
    with days.pretend(votes.BEFORE):
        job = made(vote, kind, by)
        text = text_of(job, by)
    rows = Candidate.objects.filter(contest_class__contest__code="community").order_by("number")
    listed = [f"{row.number}号{row.project.title}" for row in rows]
    assert [row.number for row in rows] == [1, 2, 3]
    assert text.startswith(
        "".join([*COVER, "（按票面顺序排列，顺序由抽签决定）", "2026年度综合票决（示例）2026年11月30日目录"])
    )
    # Once in the table of contents, once as the title.
    assert re.findall(r"\d号为民先锋项目\d（示例）", text) == listed * 2
    assert (job.result["name"], job.done, job.total) == (
        f"2026年度（示例）为民先锋项目候选项目汇编20261130.{EXPORTS[kind].suffix}",
        4,
        4,
    )


def test_what_it_says_of_a_candidate(vote, kind, cast, actor):
    votes.lock(vote)
    by = actor(cast.evaladmin)
    text = text_of(made(vote, kind, by), by)
    row = Candidate.objects.get(project__title=f"{PREFIX}1（示例）")
    start = text.rindex(f"{row.number}号{PREFIX}1（示例）")
    end = text.find("号为民先锋", start + 5)
    own = text[start : end - 1 if end > 0 else None]
    expected = "".join(
        [
            f"{row.number}号为民先锋项目1（示例）党组织为民先锋项目1党组织（示例）领题书记为民先锋项目1书记（示例）",
            f"档号{row.project.archive_number}领域党建引领社区治理梯队新生项目起止时间2026年1月1日至2026年12月31日",
            "2026年3月2026年4月2026年5月",
            "一、背景与难题停车难。管线老。二、工作目标让居民满意。三、主要措施一、建阵地二、见成效",
            "四、工作成效路通了。灯亮了。预期成效指标预期完成对照",
            "服务居民群众5000人次5000余人次达到培育骨干近100名95名—化解矛盾30件——节约经费2.5万元1.2万元未达到",
            "五、经验做法党员带头。六、里程碑里程碑完成时限完成建阵地2026年7月2日90%见成效2026年12月31日50%",
        ]
    )
    # In PDF a cell of two lines is read around its neighbours.
    assert (own if kind == "vote_booklet" else sorted(own)) == (
        expected if kind == "vote_booklet" else sorted(expected)
    )


def test_each_begins_a_page_and_the_contents_name_it(vote, cast, actor):
    votes.lock(vote)
    by = actor(cast.evaladmin)
    path, _, _ = exports.fetch(made(vote, "vote_booklet_pdf", by), by)
    pages = [squeezed(page) for page in pdf_pages(path)]
    begun = {
        number: turn
        for turn, page in enumerate(pages, start=1)
        if (number := page[:1]).isdigit() and "号为民" in page[:6]
    }
    named = dict(re.findall(r"(\d)号为民先锋项目\d（示例）\.+\u2060?(\d+?)(?=\d号|—)", pages[1]))
    assert named == {number: str(turn) for number, turn in begun.items()}
    assert sorted(named) == ["1", "2", "3"]


def test_word_holds_the_pictures(vote, cast, actor):
    votes.lock(vote)
    by = actor(cast.evaladmin)
    path, _, _ = exports.fetch(made(vote, "vote_booklet", by), by)
    document = docx.Document(str(path))
    shapes = document.element.body.xpath(".//pic:pic")
    assert len(shapes) == 3
    assert document.sections[0].different_first_page_header_footer is True


def test_a_picture_whose_file_is_gone_is_said(vote, kind, cast, actor):
    votes.lock(vote)
    shutil.rmtree(settings.MEDIA_ROOT / "pictures")
    by = actor(cast.evaladmin)
    assert "（有3张照片的文件已不在，未能印出）" in text_of(made(vote, kind, by), by)


def test_one_that_withdrew_says_so(vote, kind, cast, actor):
    votes.lock(vote)
    row = Candidate.objects.get(project__title=f"{PREFIX}3（示例）")
    by = actor(cast.evaladmin)
    with days.pretend(votes.BEFORE):
        candidates.withdraw_candidate(candidate=row, reason="主动退出", by=by)
        text = text_of(made(vote, kind, by), by)
    assert f"{row.number}号{PREFIX}3（示例）（2026年11月30日已退出评选）" in text


def test_a_draft_is_marked_as_one(vote, kind, cast, actor):
    by = actor(cast.evaladmin)
    text = text_of(made(vote, kind, by), by)
    assert "（草稿，锁定后按抽签顺序定稿）" in text
    assert "0号" not in text.replace("10号", "")


def test_without_candidates_it_says_why(vote, kind, cast, actor):
    by = actor(cast.evaladmin)
    for row in Candidate.objects.filter(contest_class__contest__code="community"):
        candidates.withdraw_candidate(candidate=row, reason="", by=by)
    assert made(vote, kind, by).result == {"refused": "这个评选项目还没有候选项目，没有可以汇编的内容。"}


@pytest.mark.parametrize("who", ["scrutineer", "officer", "leader"])
def test_who_sees_the_vote_may_have_it(vote, cast, actor, who):
    by = actor(getattr(cast, who))
    assert "汇编" in text_of(made(vote, "vote_booklet", by), by)


@pytest.mark.parametrize("who", ["secretary", "clerk", "outsider"])
def test_others_may_not(vote, kind, cast, actor, who):
    with pytest.raises(Forbidden, match="您不能导出“汇编"):
        made(vote, kind, actor(getattr(cast, who)))


@pytest.mark.parametrize("params", [{"contest": "nothing"}, {"campaign": "nothing"}, {"contest": ["x"]}])
def test_made_up_parameters_get_nothing(vote, kind, cast, actor, params):
    with pytest.raises(Forbidden):
        made(vote, kind, actor(cast.evaladmin), **params)
