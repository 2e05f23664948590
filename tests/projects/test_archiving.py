"""Archiving: everything in one sealed package, whole or not at all, read-only from then on."""

from __future__ import annotations

import hashlib
import io
import shutil
import subprocess
import uuid

import pytest
from openpyxl import load_workbook

from common import files, jobs
from common.actors import Actor
from common.errors import Conflict
from common.models import Job, Picture
from projects import actions, archive_parts, archiving, closing, leads, rules
from projects.models import ArchivePackage, Attachment, Project
from tests import factories
from tests.factories import POSTS, ROLES
from tests.projects.archive_steps import FINISHED, FORMULA, finish, left_in, opened, paper, seal, terminated
from tests.projects.course_steps import acted, evidence, told
from tests.projects.refusals import refused

PARTS = [
    "01申报书/申报书第1稿.docx",
    "01申报书/集体研究记录/记录.pdf",
    "02评审/意见与评分.docx",
    "03计划/计划第1版.docx",
    "03计划/计划第2版.docx",
    "04月报/2026-03/月报.docx",
    "04月报/2026-03/照片01.jpg",
    "04月报/2026-03/照片02.jpg",
    "05结项/结项表.docx",
    "05结项/佐证材料/台账.pdf",
    "06办理记录/办理记录.docx",
    "07联系记录/联系记录.docx",
]


@pytest.fixture
def whole(in_review, cast, people, today):
    """A completed project with something in every folder."""
    return finish(in_review, cast, people, today)


@pytest.fixture
def ended(district, cast, today):
    """A terminated project, quickly made."""
    today(FINISHED)
    return terminated(district, cast)


@pytest.fixture
def root(settings):
    return settings.MEDIA_ROOT / "archives"


# --- the package ---


def test_everything_is_in_it_in_order(whole, people):
    job = seal(whole, people("officer"))
    package = ArchivePackage.objects.get(project=whole)
    assert opened(whole).namelist() == [*PARTS, "index.xlsx", "SHA256SUMS.txt"]
    assert (package.files, package.made_by.username) == (len(PARTS), "officer")
    content = archiving.path_of(package).read_bytes()
    assert (package.size, package.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    assert (job.state, job.done, job.total) == ("done", len(PARTS) + 1, len(PARTS) + 1)
    assert job.result["url"] == f"/desk/projects/{whole.code}/package/"


def test_the_index_names_the_hash_of_every_file(whole, people):
    seal(whole, people("officer"))
    package = opened(whole)
    sheet = load_workbook(io.BytesIO(package.read("index.xlsx"))).active
    assert sheet["A2"].value == f"档号：{whole.archive_number}　项目：{whole.title}　共 {len(PARTS)} 个文件"
    listed = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=4)]
    contents = [package.read(name) for name in PARTS]
    assert listed == [
        [number, *name.rsplit("/", 1), len(content), hashlib.sha256(content).hexdigest()]
        for number, (name, content) in enumerate(zip(PARTS, contents, strict=True), start=1)
    ]


def test_the_sums_are_what_sha256sum_checks(whole, people, tmp_path):
    seal(whole, people("officer"))
    package = opened(whole)
    lines = package.read("SHA256SUMS.txt").decode().splitlines()
    assert lines == [f"{hashlib.sha256(package.read(n)).hexdigest()}  {n}" for n in [*PARTS, "index.xlsx"]]
    if shutil.which("sha256sum"):
        package.extractall(tmp_path / "out")
        checked = subprocess.run(["sha256sum", "--quiet", "-c", "SHA256SUMS.txt"], cwd=tmp_path / "out", check=False)
        assert checked.returncode == 0


def test_files_are_the_bytes_that_were_uploaded(whole, people):
    seal(whole, people("officer"))
    package = opened(whole)
    stored = {a.purpose: a.file for a in Attachment.objects.select_related("file")}
    for name, purpose in ((PARTS[1], "study_record"), (PARTS[9], "closing_evidence")):
        assert hashlib.sha256(package.read(name)).hexdigest() == stored[purpose].sha256
    photo = package.read("04月报/2026-03/照片01.jpg")
    assert (photo[:2], b"SecretPhone" in photo, b"SecretPlace" in photo) == (b"\xff\xd8", False, False)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (PARTS[0], ["书记项目申报表", "第1稿", "小区党支部联建", "小区没有支部。", "近5000人次", "会议记录.pdf"]),
        (PARTS[2], ["评审人示例专家1", "85.00分", "思路清楚。", "请量化目标。", "绿 通过", "会议研究"]),
        (PARTS[3], ["第1版", "摸底", "40%"]),
        (PARTS[4], ["第2版", "50%", "原场地拆迁，改在社区中心。", "已同意", "同意。"]),
        (PARTS[5], ["2026年3月月报", "走访了三个小区。", "50%", "已确认"]),
        (PARTS[8], ["书记项目结项表", "100余名", "达到", "办成了。", "优秀", "情况属实。"]),
        (PARTS[10], ["已立项", "组织部工作人员", "第1轮评审", "计划变更", "结项核验", "提出"]),
        (PARTS[11], ["2026年6月1日建立", "严重滞后", "场地未落实。"]),
    ],
)
def test_each_paper_says_what_happened(whole, people, name, words):
    seal(whole, people("officer"))
    text = paper(opened(whole), name)
    assert [word for word in words if word not in text] == []


def test_reviewers_are_named_nowhere_but_in_the_departments_paper(whole, people):
    seal(whole, people("officer"))
    package = opened(whole)
    naming = [name for name in package.namelist() if name.endswith(".docx") and "示例专家" in paper(package, name)]
    assert naming == ["02评审/意见与评分.docx"]


def test_a_title_that_looks_like_a_formula_stays_text(ended, people):
    seal(ended, people("officer"))
    package = opened(ended)
    cell = load_workbook(io.BytesIO(package.read("index.xlsx"))).active["A2"]
    assert (FORMULA in cell.value, cell.data_type) == (True, "s")
    assert FORMULA in paper(package, "06办理记录/办理记录.docx")


def test_a_project_with_little_has_a_small_package(ended, people):
    seal(ended, people("officer"))
    assert opened(ended).namelist() == [
        *("03计划/计划第1版.docx", "06办理记录/办理记录.docx"),
        *("index.xlsx", "SHA256SUMS.txt"),
    ]


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("../../etc/passwd", "_.._etc_passwd"),
        ("a\\b:c*?\n.pdf", "a_b_c_.pdf"),
        ("...", "未命名"),
        ("长" * 200 + ".docx", "长" * 75 + ".docx"),
        ("无后缀" * 40, ("无后缀" * 40)[:80]),
    ],
)
def test_names_can_be_unpacked_anywhere(typed, name):
    assert archive_parts.file_name(typed) == name


def test_files_of_one_name_are_all_kept(ended, people):
    for content in (b"%PDF-1.4 one", b"%PDF-1.4 two"):
        stored = files.receive_file(file=evidence("甲.pdf", content), by=people("clerk"))
        Attachment.objects.create(project=ended, purpose="closing_evidence", file=stored)
    seal(ended, people("officer"))
    package = opened(ended)
    folder = "05结项/佐证材料"
    assert [package.read(f"{folder}/{name}") for name in ("甲.pdf", "甲（2）.pdf")] == [
        b"%PDF-1.4 one",
        b"%PDF-1.4 two",
    ]


# --- who, when, how often ---


@pytest.mark.parametrize("who", [*POSTS, *ROLES])
def test_only_the_department_archives(ended, people, who):
    if who != "officer":
        refused("forbidden", lambda: archiving.archive_project(project=ended, by=people(who)))
        return
    seal(ended, people(who))
    assert Project.objects.get(pk=ended.pk).state == "archived"


def test_nobody_archives_a_project_of_his_own(ended, cast, people):
    factories.grant(cast.secretary, "department_officer")
    refused("forbidden", lambda: archiving.archive_project(project=ended, by=people("secretary")))


@pytest.mark.parametrize("state", Project.State.values)
def test_only_finished_projects_are_archived(ended, people, state):
    Project.objects.filter(pk=ended.pk).update(state=state)
    if state in ("completed", "terminated", "withdrawn"):
        assert seal(ended, people("officer")).result["files"] == 2
        return
    code = "archived" if state == "archived" else "illegal_step"
    refused(code, lambda: archiving.archive_project(project=ended, by=people("officer")))


def test_an_application_that_was_never_approved_is_not_archived(ended, people):
    Project.objects.filter(pk=ended.pk).update(
        state="withdrawn", archive_number=None, archive_sequence=None, approved_on=None
    )
    refused("no_archive_number", lambda: archiving.archive_project(project=ended, by=people("officer")))


def test_it_is_recorded_and_told(ended, people):
    seal(ended, people("officer"))
    assert acted("projects.") == [*("projects.archive.requested", "projects.project.moved", "projects.archive.sealed")]
    change = ended.state_changes.latest("id")
    assert (change.to_state, change.by.username, change.reason) == ("archived", "officer", "归档")
    title = f"已归档：{ended.title}（YH-9）"
    assert told("project_archived") == [("clerk", title), ("secretary", title)]


def test_asking_twice_is_one_job(ended, people, district):
    first = archiving.archive_project(project=ended, by=people("officer"))
    assert archiving.archive_project(project=ended, by=people("officer")) == first
    other = factories.make_user("另一位", username="officer2")
    factories.grant(other, "department_officer")
    refused("being_archived", lambda: archiving.archive_project(project=ended, by=Actor.person(other)))


def test_made_twice_is_the_same_package(ended, people, root):
    job = seal(ended, people("officer"))
    before = archiving.path_of(ArchivePackage.objects.get()).read_bytes()
    Job.objects.filter(pk=job.pk).update(state="queued", result={})
    assert jobs.run(str(job.pk)) is True
    assert Job.objects.get(pk=job.pk).result == job.result
    assert archiving.path_of(ArchivePackage.objects.get()).read_bytes() == before
    assert left_in(root) == [f"{ended.code}.zip"]


def broken_part(ended, error):
    """A source of parts that breaks off the first time and is nothing after that."""
    calls = []

    def make():
        calls.append(1)
        raise error

    def source(project):
        if not calls:
            yield archive_parts.Part("08", "坏.docx", make)

    return source


def test_broken_off_half_way_leaves_nothing_and_is_made_again(ended, people, root, monkeypatch):
    monkeypatch.setattr(archive_parts, "_sources", [broken_part(ended, RuntimeError())])
    job = seal(ended, people("officer"))
    assert (job.state, left_in(root), ArchivePackage.objects.count()) == ("queued", [], 0)
    assert Project.objects.get(pk=ended.pk).state == "terminated"
    assert jobs.run(str(job.pk)) is True
    assert (left_in(root), ArchivePackage.objects.get().files) == ([f"{ended.code}.zip"], 2)


def test_what_a_killed_worker_left_goes(ended, people, root):
    (root / f".{ended.code}-dead").mkdir(parents=True)
    (root / f".{ended.code}-dead" / "package.zip").write_bytes(b"half")
    (root / f"{ended.code}.zip").write_bytes(b"renamed, but never committed")
    seal(ended, people("officer"))
    package = ArchivePackage.objects.get()
    assert left_in(root) == [f"{ended.code}.zip"]
    assert hashlib.sha256(archiving.path_of(package).read_bytes()).hexdigest() == package.sha256


def test_a_failure_after_the_renaming_takes_the_file_back(ended, people, root, monkeypatch):
    def fail(**values):
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr(actions, "change_state", fail)
        job = seal(ended, people("officer"))
    assert (job.state, left_in(root), ArchivePackage.objects.count()) == ("queued", [], 0)


def test_a_worker_that_lost_its_claim_seals_nothing(ended, people, root, monkeypatch):
    def lose(project):
        Job.objects.update(claim=uuid.uuid4())
        return []

    monkeypatch.setattr(archive_parts, "_sources", [lose])
    job = seal(ended, people("officer"))
    assert (job.state, left_in(root), ArchivePackage.objects.count()) == ("running", [], 0)


def test_a_right_that_ended_before_the_worker_came_is_said(ended, cast, people):
    job = archiving.archive_project(project=ended, by=people("officer"))
    cast.officer.person.role_grants.update(until="2026-01-01")
    jobs.run(str(job.pk))
    job.refresh_from_db()
    assert (job.state, job.result) == ("done", {"refused": actions.STEP_OF_DEPARTMENT})
    assert Project.objects.get(pk=ended.pk).state == "terminated"


def test_a_file_that_is_gone_is_not_passed_over(whole, people, root):
    stored = Attachment.objects.get(purpose="closing_evidence").file
    files.path_of(stored).unlink()
    job = seal(whole, people("officer"))
    assert job.result == {"refused": "“05结项/佐证材料/台账.pdf”的文件已经不在，不能归档，请联系系统管理员。"}
    assert (left_in(root), Project.objects.get(pk=whole.pk).state) == ([], "completed")


def test_photos_that_wait_are_waited_for(whole, people):
    Picture.objects.filter(report_photo__position=1).update(state="waiting", spool_name="x.jpg")
    assert seal(whole, people("officer")).result == {"refused": "还有照片在处理，请稍后再归档。"}


# --- afterwards ---


def test_what_is_archived_is_read_only(whole, cast, people):
    seal(whole, people("officer"))
    project = Project.objects.get(pk=whole.pk)
    report, officer = project.closing, people("officer")
    refused("illegal_step", lambda: closing.change_course(project=project, course="terminate", reason="改", by=officer))
    refused("illegal_step", lambda: closing.accept_closing(closing=report, level="failed", verdict="改", by=officer))
    refused("not_editable", lambda: closing.attach_evidence(closing=report, file=None, by=people("clerk")))
    refused(
        "illegal_step",
        lambda: leads.change_lead(
            project=project, person=cast.outsider.person, since=FINISHED, by=officer, reason="改"
        ),
    )
    with pytest.raises(Conflict):
        actions.change_state(project=project, to="running", by=officer)
    assert rules.can_edit_closing(cast.clerk, project) is False


def test_building_asks_as_often_for_many_reports_as_for_one(ended, assert_queries):
    for month in (3, 4, 5):
        factories.make_report(ended, ended.starts_on.replace(month=month), [month, 0])
        with assert_queries(12):
            archive_parts.parts_of(Project.objects.select_related("season").get(pk=ended.pk))
