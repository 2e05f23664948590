"""计票记录 and 结果报告 in Word and PDF: what they say, what they withhold, who may ask for them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse

from common import days, exports, jobs
from common.actors import Actor
from common.models import Job
from evaluation.appraisal import lifecycle, publishing
from evaluation.appraisal.models import ShortfallDecision
from tests.common.papers import pdf_pages, squeezed, word_lines
from tests.conftest import fresh
from tests.evaluation.appraisal import count_steps, votes
from tests.evaluation.appraisal.votes import Vote
from tests.factories import POSTS, ROLES
from tests.projects.refusals import refused

pytestmark = pytest.mark.django_db
KINDS = ("vote_minutes", "vote_result")


def made(vote: Vote, user: Any, kind: str) -> Path | str:
    """The file that an export writes, or why there is none."""
    by = Actor.person(fresh(user), "test")
    job: Job = exports.request_export(kind=kind, params={"campaign": vote.campaign.code}, by=by)
    assert jobs.run(str(job.pk))
    job.refresh_from_db()
    return str(job.result["refused"]) if "refused" in job.result else exports.path_of(job)


def words(path: Path | str) -> str:
    assert isinstance(path, Path)
    return squeezed("".join(word_lines(path)))


def test_the_minutes_say_all(district: Any, cast: Any) -> None:
    vote = count_steps.signed(count_steps.counted(district, cast))
    text, tally = words(made(vote, cast.evaladmin, "vote_minutes")), count_steps.tally_of(vote)
    for told in (
        *(
            "2026年度综合票决（示例）计票记录",
            tally.holders,
            tally.result_sha256,
            tally.counts_sha256,
            tally.commitment,
        ),
        *(vote.campaign.manifest_sha256, vote.campaign.order_seed, "80/1", "8/10", "区领导（待确认）", "末位并列"),
        *("监票人", "密钥保管人", "保管人乙（示例）（区委组织部）", "年度评选管理员"),
    ):
        assert told in text, told


def test_the_minutes_name_the_hash_that_was_signed_and_the_one_that_is_public(district: Any, cast: Any) -> None:
    hidden = count_steps.counted(district, cast, count_steps.CLEAR, detail_rule="never")
    text, tally = words(made(hidden, cast.evaladmin, "vote_minutes")), count_steps.tally_of(hidden)
    for name, digest in (
        ("完整结果摘要（监票人签字）", tally.result_sha256),
        ("公布结果摘要（不含分类别票数，取整）", publishing.result_sha256(tally)),
    ):
        assert f"{name}{digest}" in text, name
    assert publishing.WHY_TWO_DIGESTS in text
    shown = count_steps.counted(district, cast, count_steps.CLEAR)
    text = words(made(shown, cast.evaladmin, "vote_minutes"))
    assert (f"结果摘要{count_steps.tally_of(shown).result_sha256}" in text, "监票人签字）" in text) == (True, False)


def test_papers_and_page_of_a_voided_vote_say_so(district: Any, cast: Any, client_as: Any) -> None:
    vote = count_steps.counted(district, cast)
    page, said = reverse("appraisal:result", args=[vote.campaign.code]), "已经作废"
    assert said not in words(made(vote, cast.evaladmin, "vote_minutes"))
    assert said not in client_as(cast.evaladmin).get(page).content.decode()
    lifecycle.void_campaign(campaign=vote.again(), reason="程序有误（示例）", by=vote.by)
    for kind in KINDS:
        assert f"本次票决{said}，以下计票结果不作数" in words(made(vote, cast.evaladmin, kind))
    assert "下面的计票结果不作数" in client_as(cast.evaladmin).get(page).content.decode()


def test_a_decision_on_too_few_names_its_category(district: Any, cast: Any) -> None:
    vote = count_steps.voted(district, cast, count_steps.CLEAR)
    ShortfallDecision.objects.create(
        campaign=vote.campaign,
        kind="accept",
        category=vote.campaign.categories.get(code="leader"),
        reason="照实计票",
        proposed_by=cast.evaladmin.person,
        agreed_by=cast.scrutineer.person,
        agreed_at=days.now(),
    )
    votes.count(votes.close(vote))
    told = "“区领导（待确认）”按实际票数计票。理由：照实计票（年度评选管理员提出，监票人同意）。"
    for kind in KINDS:
        assert told in words(made(vote, cast.evaladmin, kind))


def test_the_report_withholds_what_the_rules_withhold(district: Any, cast: Any) -> None:
    shown = count_steps.counted(district, cast, count_steps.CLEAR)
    text = words(made(shown, cast.evaladmin, "vote_result"))
    assert ("9/10" in text, "90.00" in text) == (True, True)
    hidden = count_steps.counted(district, cast, count_steps.CLEAR, detail_rule="never")
    text, tally = words(made(hidden, cast.evaladmin, "vote_result")), count_steps.tally_of(hidden)
    assert ("9/10" in text, "90.00" in text, "不公布分类别票数" in text) == (False, False, True)
    assert (publishing.result_sha256(tally) in text, tally.result_sha256 in text, tally.salt in text) == (
        *(True, False),
        False,
    )


@pytest.mark.parametrize("kind", KINDS)
def test_as_pdf(district: Any, cast: Any, kind: str) -> None:
    vote = count_steps.counted(district, cast, each=5)
    path = made(vote, cast.scrutineer, f"{kind}_pdf")
    assert isinstance(path, Path)
    text = squeezed("".join(pdf_pages(path)))
    assert ("十佳书记项目" in text, path.read_bytes()[:5]) == (True, b"%PDF-")


@pytest.mark.parametrize("who", [*POSTS, *ROLES])
def test_who_may_ask(district: Any, cast: Any, who: str) -> None:
    vote = count_steps.counted(district, cast, each=5)
    for kind in KINDS:
        if who in ("evaladmin", "scrutineer"):
            assert isinstance(made(vote, getattr(cast, who), kind), Path)
        else:
            refused("forbidden", lambda kind=kind: made(vote, getattr(cast, who), kind))


def test_before_the_count_there_is_none(district: Any, cast: Any) -> None:
    vote = votes.open_(votes.make_vote(district, cast, each=5))
    assert [made(vote, cast.evaladmin, kind) for kind in KINDS] == ["计票之后才有这份文稿。"] * 2
