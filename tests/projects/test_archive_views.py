"""Pages and API of the archive package: who has it made, who fetches what of it."""

from __future__ import annotations

import hashlib
import io
import zipfile
from urllib.parse import quote

import pytest

from common import jobs
from common.models import AuditEntry, Job
from projects import archiving
from projects.models import ArchivePackage, Project
from tests.projects.archive_steps import FINISHED, finish, opened, seal, terminated


@pytest.fixture
def ended(district, cast, today):
    """A terminated project that waits for its archiving."""
    today(FINISHED)
    return terminated(district, cast)


@pytest.fixture
def sealed(in_review, cast, people, today):
    """An archived project with something in every folder."""
    project = finish(in_review, cast, people, today)
    seal(project, people("officer"))
    return Project.objects.get(pk=project.pk)


def names_in(response) -> list[str]:
    return zipfile.ZipFile(io.BytesIO(b"".join(response.streaming_content))).namelist()


def test_the_department_fetches_the_sealed_file(sealed, cast, client_as):
    response = client_as(cast.officer).get(f"/desk/projects/{sealed.code}/package/")
    content = b"".join(response.streaming_content)
    assert hashlib.sha256(content).hexdigest() == ArchivePackage.objects.get().sha256
    name = quote(f"{sealed.archive_number}{sealed.title}归档包.zip")
    assert response["Content-Disposition"] == f"attachment; filename*=utf-8''{name}"
    assert (response["Content-Type"], response["Cache-Control"]) == ("application/zip", "private, no-store")
    assert AuditEntry.objects.get(action="projects.archive.downloaded").after == {"whole": True}


@pytest.mark.parametrize("who", ["secretary", "clerk"])
def test_the_projects_own_people_fetch_it_without_the_reviews(sealed, cast, client_as, who):
    response = client_as(getattr(cast, who)).get(f"/desk/projects/{sealed.code}/package/")
    content = b"".join(response.streaming_content)
    given, kept = zipfile.ZipFile(io.BytesIO(content)), opened(sealed)
    names = [name for name in kept.namelist() if not name.startswith("02评审/")]
    assert given.namelist() == names
    assert [given.read(name) for name in names[:-1]] == [kept.read(name) for name in names[:-1]]
    assert [line.split("  ")[1] for line in given.read(names[-1]).decode().splitlines()] == names[:-1]
    assert "示例专家".encode() not in content
    assert AuditEntry.objects.get(action="projects.archive.downloaded").after == {"whole": False}


@pytest.mark.parametrize("who", ["outsider", "branchsec", "leader", "sysadmin", "auditor", "evaladmin", "scrutineer"])
def test_nobody_else_fetches_it(sealed, cast, client_as, api_as, who):
    user = getattr(cast, who)
    assert client_as(user).get(f"/desk/projects/{sealed.code}/package/").status_code == 404
    assert api_as(user).get(f"/api/v1/projects/{sealed.code}/package/").status_code == 404


def test_nobody_is_sent_to_log_in(sealed, client, api_as):
    address = f"/desk/projects/{sealed.code}/package/"
    assert client.get(address)["Location"] == f"/login/?next={address}"
    assert client.post(f"/desk/projects/{sealed.code}/archive/").status_code == 302
    assert api_as().get(f"/api/v1/projects/{sealed.code}/package/").status_code == 401
    assert api_as().post(f"/api/v1/projects/{sealed.code}/archive/").status_code == 401


def test_what_is_not_there_is_not_found(ended, sealed, cast, client_as):
    client = client_as(cast.officer)
    assert client.get(f"/desk/projects/{ended.code}/package/").status_code == 404
    archiving.path_of(ArchivePackage.objects.get()).unlink()
    assert client.get(f"/desk/projects/{sealed.code}/package/").status_code == 404


# --- pages and API ---


def test_the_page_asks_for_it_and_leads_to_the_job(ended, cast, client_as):
    client = client_as(cast.officer)
    response = client.post(f"/desk/projects/{ended.code}/archive/")
    job = Job.objects.get()
    assert response["Location"] == f"/desk/jobs/{job.pk}/"
    jobs.run(str(job.pk))
    text = client.get(response["Location"]).content.decode()
    assert f'href="/desk/projects/{ended.code}/package/"' in text
    again = client.post(f"/desk/projects/{ended.code}/archive/", follow=True)
    assert "这个项目已经归档。" in again.content.decode()


def test_the_page_refuses_whom_the_action_refuses(ended, cast, client_as):
    response = client_as(cast.secretary).post(f"/desk/projects/{ended.code}/archive/")
    assert (response["Location"], Job.objects.count()) == (f"/desk/projects/{ended.code}/", 0)
    assert client_as(cast.outsider).post(f"/desk/projects/{ended.code}/archive/").status_code == 404
    assert client_as(cast.officer).get(f"/desk/projects/{ended.code}/archive/").status_code == 405


def test_api_asks_and_fetches(ended, cast, api_as):
    api = api_as(cast.officer)
    response = api.post(f"/api/v1/projects/{ended.code}/archive/")
    job = Job.objects.get()
    assert (response.status_code, response["Location"]) == (202, f"/api/v1/jobs/{job.pk}/")
    jobs.run(str(job.pk))
    assert names_in(api.get(f"/api/v1/projects/{ended.code}/package/"))[-1] == "SHA256SUMS.txt"
    assert api.post(f"/api/v1/projects/{ended.code}/archive/").json()["code"] == "archived"
    assert api_as(cast.secretary).post(f"/api/v1/projects/{ended.code}/archive/").status_code == 403
    assert api_as(cast.outsider).post(f"/api/v1/projects/{ended.code}/archive/").status_code == 404


@pytest.mark.parametrize(
    ("who", "before", "after"),
    [("officer", (True, False), (False, True)), ("secretary", (False, False), (False, True))],
)
def test_what_a_page_offers(ended, cast, people, who, before, after):
    user = getattr(cast, who)
    shown = archiving.offer(user, ended)
    assert (shown["may_archive"], shown["may_fetch"]) == before
    seal(ended, people("officer"))
    shown = archiving.offer(user, Project.objects.get(pk=ended.pk))
    assert (shown["may_archive"], shown["may_fetch"]) == after
