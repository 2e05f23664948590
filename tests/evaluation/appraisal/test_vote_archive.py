"""The end of a vote: its sealed package, and the projects that stood in it."""

from __future__ import annotations

import hashlib
import io
import zipfile
from datetime import date

import docx
import pytest
from django.test import Client
from django.urls import reverse

from common import days, exports, jobs, publication
from common.actors import Actor
from common.models import AuditEntry, Job
from evaluation.appraisal import archive, certificates
from evaluation.appraisal.models import Award, Campaign, CampaignPackage, Objection, PublicNotice, Tally
from projects import archive_parts, archiving
from projects.models import Project
from tests.evaluation.appraisal import outcome_steps as steps
from tests.evaluation.appraisal import votes
from tests.projects.refusals import refused

pytestmark = pytest.mark.django_db
DAY = date(2026, 12, 20)


@pytest.fixture
def vote(district, cast):
    steps.load_calendars()
    return steps.counted(district, cast)


@pytest.fixture
def final(vote, cast):
    notice = steps.noticed(vote, cast.officer)
    item = steps.item_of(notice, vote.codes("new-1")[0])
    steps.closed(steps.objected(notice, item=item), "dismissed", cast.officer)
    steps.finalized()
    vote.again()
    return vote


def seal(vote, user) -> Job:
    """The job, done."""
    with days.pretend(DAY):
        job = archive.archive_campaign(campaign=vote.campaign, by=Actor.person(user))
        jobs.run(str(job.pk))
    vote.again()
    return Job.objects.get(pk=job.pk)


def served(client, vote) -> zipfile.ZipFile:
    response = client.get(reverse("appraisal:campaign_package", args=[vote.campaign.code]))
    return zipfile.ZipFile(io.BytesIO(b"".join(response.streaming_content)))


# --- the vote's own package ---


def test_everything_is_in_it(final, cast, client_as):
    job = seal(final, cast.evaladmin)
    package = CampaignPackage.objects.get()
    assert (final.campaign.state, job.state, job.result["sha256"]) == ("archived", "done", package.sha256)
    content = archive.path_of(package).read_bytes()
    assert (package.size, package.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    found = served(client_as(cast.officer), final)
    numbers = Award.objects.order_by("track__position", "certificate_number")
    assert found.namelist() == [
        "01规则/manifest.json",
        "02追踪号/codes.txt",
        "03密封/counts.json",
        "03密封/salt.txt",
        "03密封/result.json",
        "04结果/result.json",
        "04结果/verify_tally.py",
        "01规则/规则单.docx",
        "01规则/开票前记录.docx",
        "03密封/计票记录.docx",
        "04结果/结果报告.docx",
        "01规则/评选公告.docx",
        "05公示与异议/第1轮公示.docx",
        "05公示与异议/异议办理情况.docx",
        "06获奖/获奖名单.docx",
        *(f"06获奖/证书/{row.certificate_number} {row.project.title}.pdf" for row in numbers),
        "index.xlsx",
        "SHA256SUMS.txt",
    ]
    tally = Tally.objects.get()
    assert found.read("03密封/result.json").decode() == tally.result
    assert "计票记录" in _text(found, "03密封/计票记录.docx")
    assert found.read("03密封/counts.json").decode() == tally.counts
    salted = found.read("03密封/salt.txt").decode() + "\n" + tally.counts
    assert hashlib.sha256(salted.encode()).hexdigest() == tally.commitment
    assert hashlib.sha256(found.read("01规则/manifest.json")).hexdigest() == final.campaign.manifest_sha256
    sums = [line.split("  ") for line in found.read("SHA256SUMS.txt").decode().splitlines()]
    assert sums == [[hashlib.sha256(found.read(name)).hexdigest(), name] for name in found.namelist()[:-1]]


def test_the_counts_are_sealed_for_the_department(final, cast, client_as):
    seal(final, cast.evaladmin)
    administrators = served(client_as(cast.evaladmin), final)
    departments = served(client_as(cast.officer), final)
    assert sorted(set(departments.namelist()) - set(administrators.namelist())) == [
        "03密封/counts.json",
        "03密封/result.json",
        "03密封/salt.txt",
        "03密封/计票记录.docx",
    ]
    for given in (administrators, departments):
        sums = [line.split("  ")[1] for line in given.read("SHA256SUMS.txt").decode().splitlines()]
        assert sums == given.namelist()[:-1]
    assert '"score"' in departments.read("03密封/result.json").decode()
    assert '"score"' not in administrators.read("04结果/result.json").decode()
    downloads = AuditEntry.objects.filter(action="appraisal.archive.downloaded").order_by("pk")
    assert [row.after for row in downloads] == [{"whole": False}, {"whole": True}]


def test_no_objector_is_in_it(final, cast, client_as):
    seal(final, cast.officer)
    found = served(client_as(cast.officer), final)
    words = "".join(_text(found, name) for name in found.namelist() if name.endswith(".docx"))
    assert "经核实，答复如下。（示例）" in words
    for secret in (
        steps.PERSON["name"],
        steps.PERSON["contact"],
        steps.PERSON["content"],
        Objection.objects.get().code,
    ):
        assert secret not in words


def test_who_may_have_it(final, cast, client_as):
    seal(final, cast.officer)
    url = reverse("appraisal:campaign_package", args=[final.campaign.code])
    for who in ("scrutineer", "leader", "outsider", "auditor"):
        assert client_as(getattr(cast, who)).get(url).status_code == 404
    assert Client().get(url).status_code == 302


def test_archived_twice_is_the_same(final, cast):
    first = seal(final, cast.evaladmin)
    with days.pretend(DAY):
        again = archive.archive_campaign(campaign=final.campaign, by=Actor.person(cast.officer))
    assert (again, CampaignPackage.objects.count()) == (first, 1)
    assert archive.seal(first) == first.result


def test_asked_twice_before_it_is_made_is_one_job(final, cast):
    asked = [archive.archive_campaign(campaign=final.campaign, by=Actor.person(cast.evaladmin)) for _ in range(2)]
    assert asked[0] == asked[1]


def test_broken_off_it_is_made_again(final, cast, settings, monkeypatch):
    """Killed between the file's place and the row: neither is there, and the next run makes both."""
    job = archive.archive_campaign(campaign=final.campaign, by=Actor.person(cast.evaladmin))
    with monkeypatch.context() as patch:
        patch.setattr(archive, "move_campaign", lambda *args, **kwargs: 1 / 0)
        assert jobs.run(str(job.pk)) is False
    assert (final.again().state, CampaignPackage.objects.count()) == ("final", 0)
    assert list((settings.MEDIA_ROOT / "archives").iterdir()) == []
    assert jobs.run(str(job.pk)) is True
    assert (final.again().state, CampaignPackage.objects.count()) == ("archived", 1)


def test_a_vote_that_is_not_at_its_end_is_not_archived(district, cast, vote):
    by = Actor.person(cast.evaladmin)
    error = refused("illegal_step", lambda: archive.archive_campaign(campaign=vote.campaign, by=by))
    assert error.message == "本次票决当前为“已计票”，结果生效以后才能归档。"
    opened = votes.open_(votes.make_vote(district, cast, each=5))
    refused("illegal_step", lambda: archive.archive_campaign(campaign=opened.campaign, by=by))
    assert (opened.again().state, Job.objects.filter(kind=archive.KIND).count()) == ("open", 0)


def test_an_open_objection_comes_first(final, cast):
    Objection.objects.update(state="received", handled_at=None, reply="")
    by = Actor.person(cast.officer)
    refused("open_objections", lambda: archive.archive_campaign(campaign=final.campaign, by=by))


def test_others_do_not_archive(final, cast):
    for who in (cast.scrutineer, cast.leader, cast.secretary):
        by = Actor.person(who)
        refused("forbidden", lambda by=by: archive.archive_campaign(campaign=final.campaign, by=by))


def test_archived_is_read_only(final, cast):
    seal(final, cast.evaladmin)
    given = {
        "heading": "证书",
        "body": "{项目}",
        "issuer": "落款",
        "number_format": "{赛道}{序号}",
        "accent": "#000000",
    }
    refused("archived", lambda: certificates.save_template(campaign=final.campaign, given=given, by=final.by))
    refused("illegal_step", lambda: steps.drafted(final))


def test_a_notice_in_the_package_keeps_its_words(final, cast, client_as):
    """Taken down, for a name that should not stand there, it may come back as it was."""
    notice = final.campaign.notices.get()
    steps.proposed(final, notice, body="归档前提出。")
    seal(final, cast.evaladmin)
    notice = final.campaign.notices.get()
    with days.pretend(DAY):
        error = refused("archived", lambda: steps.passed(final, cast.officer, notice))
        assert error.message == "本次票决已经归档，公示文字不能再改；撤下过的，可以按原文重新公开。"
        by = Actor.person(cast.officer)
        publication.send_back(obj=notice, reason="已归档", by=by)
        refused("forbidden", lambda: steps.proposed(final, notice))
        page = client_as(cast.evaladmin).get(reverse("appraisal:notice", args=[final.campaign.code]))
        assert page.context["wording_form"] is None
        publication.take_down(obj=notice, reason="待核对", by=by)
        notice = final.campaign.notices.get()
        refused("archived", lambda: steps.proposed(final, notice, body="归档后再改。"))
        steps.proposed(final, notice)
        steps.passed(final, cast.officer, notice)
    assert PublicNotice.objects.get().is_public


# --- the projects ---


def project_of(vote, section="committee-1", at=0) -> Project:
    return Project.objects.select_related("season").get(candidacies__code=vote.codes(section)[at])


def archived(project, user) -> Job:
    return archiving.archive_project(project=project, by=Actor.person(user))


def test_a_project_in_a_running_vote_is_not_archived(vote, cast):
    project = project_of(vote)
    error = refused("held", lambda: archived(project, cast.officer))
    assert error.message == "项目正在参加“2026年度综合票决（示例）”，结果生效后才能归档。"
    project.refresh_from_db()
    assert (project.state, Job.objects.count()) == ("completed", 0)


def test_a_vote_that_starts_meanwhile_holds_the_job_too(district, cast):
    """Asked for while the vote was a draft; locked before the worker came."""
    vote = votes.make_vote(district, cast, each=5)
    project = project_of(vote)
    job = archived(project, cast.officer)
    votes.lock(vote)
    jobs.run(str(job.pk))
    assert Job.objects.get(pk=job.pk).result["refused"].startswith("项目正在参加")


def test_after_the_vote_its_papers_are_in_the_projects_package(final):
    winner = archive_parts.parts_of(project_of(final))
    assert [(part.folder, part.name) for part in winner][-2:] == [
        ("08评选", "2026年度综合票决（示例）结果.docx"),
        ("08评选", "证书.pdf"),
    ]
    loser = archive_parts.parts_of(project_of(final, at=3))
    assert [part.name for part in loser if part.folder == "08评选"] == ["2026年度综合票决（示例）结果.docx"]


def test_a_project_can_be_archived_after_the_vote(final, cast):
    project = project_of(final)
    job = archived(project, cast.officer)
    jobs.run(str(job.pk))
    project.refresh_from_db()
    package = zipfile.ZipFile(archiving.path_of(project.package))
    words = _text(package, "08评选/2026年度综合票决（示例）结果.docx")
    award = Award.objects.get(project=project)
    for text in (
        "十佳书记项目",
        "第 1 名，得分 100",
        award.certificate_number,
        "第 1 轮公示：2026年12月7日至2026年12月11日",
    ):
        assert text in words
    assert package.read("08评选/证书.pdf")[:5] == b"%PDF-"
    assert project.state == "archived"


def test_a_voided_vote_holds_nobody(vote, cast):
    Campaign.objects.filter(pk=vote.campaign.pk).update(state="voided")
    assert archived(project_of(vote), cast.officer).state == "queued"


# --- all certificates at once ---


def test_all_certificates_in_one_zip(final, cast):
    job = exports.request_export(
        kind="certificates", params={"campaign": final.campaign.code}, by=Actor.person(cast.evaladmin)
    )
    jobs.run(str(job.pk))
    job.refresh_from_db()
    found = zipfile.ZipFile(exports.path_of(job))
    assert sorted(found.namelist()) == sorted(
        f"{row.certificate_number} {row.project.title}.pdf" for row in Award.objects.all()
    )
    assert {found.read(name)[:5] for name in found.namelist()} == {b"%PDF-"}
    for who in (cast.scrutineer, cast.leader):
        call = lambda who=who: exports.request_export(  # noqa: E731
            kind="certificates", params={"campaign": final.campaign.code}, by=Actor.person(who)
        )
        refused("forbidden", call)


def _text(package: zipfile.ZipFile, name: str) -> str:
    """The words of a Word file of the package."""
    document = docx.Document(io.BytesIO(package.read(name)))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return "\n".join([*(paragraph.text for paragraph in document.paragraphs), *cells])
