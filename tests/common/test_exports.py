"""Exports: asked for under a permission that is asked again, made once however often, one's own only, kept a while."""

from __future__ import annotations

import hashlib
import os
import time
import uuid
from datetime import date, timedelta
from types import SimpleNamespace
from urllib.parse import quote

import pytest
from django.conf import settings as django_settings

from common import days, exports, jobs, tasks
from common.errors import ActionError, Forbidden
from common.models import AuditEntry, Job

pytestmark = pytest.mark.django_db
CONTENT = b"PK\x03\x04 a workbook"
NAME = "示例台账（2026）20260510.xlsx"


def clean(user, params):
    if params.get("season") != "2026":
        raise ActionError("没有这个年度。", fields={"season": ["没有这个年度。"]})
    return {"season": "2026"}


@pytest.fixture
def probe(cast, settings, monkeypatch) -> SimpleNamespace:
    """An export of kind "probe": `allowed` may have it, `build` writes it."""
    settings.TODAY = "2026-05-10"
    found = SimpleNamespace(allowed={cast.officer.pk, cast.outsider.pk}, build=lambda c: c.path.write_bytes(CONTENT))
    monkeypatch.setattr(exports, "EXPORTS", dict(exports.EXPORTS))
    exports.register(
        exports.Export(
            kind="probe",
            title="示例台账",
            suffix="xlsx",
            may=lambda user, params: user.pk in found.allowed,
            build=lambda context: found.build(context),
            name=lambda params: f"示例/台账（{params['season']}）\n",
            clean=clean,
        )
    )
    return found


@pytest.fixture
def ask(probe, cast, actor):
    """`ask()` has the officer's export waiting; `ask(run=True)` also made."""

    def asked(user=None, *, run: bool = False) -> Job:
        job = exports.request_export(kind="probe", params={"season": "2026"}, by=actor(user or cast.officer))
        if run:
            jobs.run(str(job.pk))
            job.refresh_from_db()
        return job

    return asked


def kept(settings) -> list[str]:
    return sorted(os.listdir(settings.EXPORT_ROOT)) if settings.EXPORT_ROOT.exists() else []


# --- asking and making ---


def test_a_request_is_a_job_and_recorded(ask, cast):
    job = ask()
    assert (job.kind, job.state, job.requested_by) == ("export", "queued", cast.officer)
    assert job.args == {"export": "probe", "params": {"season": "2026"}}
    entry = AuditEntry.objects.get(action="common.export.requested")
    assert (entry.user, entry.object_id, entry.after["export"]) == (cast.officer, str(job.pk), "probe")


@pytest.mark.parametrize(
    ("kind", "params", "fields"),
    [("nothing", {}, {"kind": ["没有这种导出。"]}), ("probe", {"season": "1999"}, {"season": ["没有这个年度。"]})],
)
def test_a_wrong_request_names_its_field(probe, cast, actor, kind, params, fields):
    with pytest.raises(ActionError) as refused:
        exports.request_export(kind=kind, params=params, by=actor(cast.officer))
    assert (refused.value.fields, Job.objects.count()) == (fields, 0)


def test_who_may_not_cannot_ask(probe, cast, actor):
    with pytest.raises(Forbidden):
        exports.request_export(kind="probe", params={"season": "2026"}, by=actor(cast.clerk))
    assert (Job.objects.count(), AuditEntry.objects.count()) == (0, 0)


def test_the_file_has_its_chinese_name_and_hash(ask, settings):
    job = ask(run=True)
    assert (job.state, kept(settings)) == ("done", [f"{job.pk}.xlsx"])
    assert job.result == {"name": NAME, "size": len(CONTENT), "sha256": hashlib.sha256(CONTENT).hexdigest()}
    assert exports.path_of(job).read_bytes() == CONTENT
    assert exports.expires_on(job) == date(2026, 6, 9)


def test_the_builder_knows_who_asks_for_what(ask, probe, cast):
    seen = []

    def build(context):
        seen.append((context.user, context.params, context.day))
        context.advance(1, 2)
        context.path.write_bytes(CONTENT)

    probe.build = build
    job = ask(run=True)
    assert seen == [(cast.officer, {"season": "2026"}, date(2026, 5, 10))]
    assert (job.done, job.total) == (2, 2)


def test_made_twice_is_one_file(ask, settings):
    job = ask(run=True)
    Job.objects.filter(pk=job.pk).update(state="queued", result={})
    assert jobs.run(str(job.pk)) is True
    assert (kept(settings), Job.objects.get(pk=job.pk).result) == ([f"{job.pk}.xlsx"], job.result)


def test_broken_off_leaves_nothing_and_is_made_again(ask, probe, settings):
    whole = probe.build

    def half(context):
        context.path.write_bytes(CONTENT[:5])
        raise RuntimeError

    probe.build = half
    job = ask(run=True)
    assert (job.state, kept(settings), exports.is_ready(job)) == ("queued", [], False)
    probe.build = whole
    assert jobs.run(str(job.pk)) is True
    assert exports.path_of(job).read_bytes() == CONTENT


def test_killed_half_way_leaves_no_file_under_the_final_name(ask, probe, settings):
    seen = []

    def build(context):
        context.path.write_bytes(CONTENT[:5])
        seen.extend(kept(settings))
        context.path.write_bytes(CONTENT)

    probe.build = build
    job = ask(run=True)
    assert len(seen) == 1
    assert seen[0].startswith(f".{job.pk}-")


def test_a_worker_that_lost_its_claim_writes_no_file(ask, probe, settings):
    def build(context):
        context.path.write_bytes(CONTENT)
        Job.objects.filter(pk=context.job.pk).update(claim=uuid.uuid4())

    probe.build = build
    job = ask(run=True)
    assert (job.state, kept(settings)) == ("running", [])


def test_a_right_that_ended_before_the_worker_came_is_said(ask, probe, settings):
    job = ask()
    probe.allowed.clear()
    jobs.run(str(job.pk))
    job.refresh_from_db()
    assert (job.state, job.result, kept(settings)) == ("done", {"refused": "您现在没有导出这些内容的权限。"}, [])


def test_a_right_that_ended_between_two_runs_takes_the_file(ask, probe, settings):
    job = ask(run=True)
    Job.objects.filter(pk=job.pk).update(state="queued", result={})
    probe.allowed.clear()
    jobs.run(str(job.pk))
    assert kept(settings) == []


def test_a_closed_account_gets_no_file(ask, cast, settings):
    job = ask()
    cast.officer.is_active = False
    cast.officer.save()
    jobs.run(str(job.pk))
    assert (list(Job.objects.get(pk=job.pk).result), kept(settings)) == (["refused"], [])


def test_what_the_builder_refuses_is_said(ask, probe, settings):
    def build(context):
        raise ActionError("项目已经删除。")

    probe.build = build
    job = ask(run=True)
    assert (job.state, job.result, kept(settings)) == ("done", {"refused": "项目已经删除。"}, [])


# --- fetching ---


def test_the_download_is_an_attachment_that_nobody_keeps(ask, cast, client_as):
    job = ask(run=True)
    response = client_as(cast.officer).get(f"/desk/exports/{job.pk}/file/")
    assert b"".join(response.streaming_content) == CONTENT
    assert response["Content-Type"] == exports.TYPES["xlsx"]
    assert response["Content-Disposition"] == f"attachment; filename*=utf-8''{quote(NAME)}"
    assert (response["X-Content-Type-Options"], response["Cache-Control"]) == ("nosniff", "private, no-store")
    entry = AuditEntry.objects.get(action="common.export.downloaded")
    assert (entry.user, entry.object_id, entry.after) == (cast.officer, str(job.pk), {"name": NAME})


def test_only_who_asked_fetches_it(ask, cast, client_as, client, api_as):
    job = ask(run=True)
    address = f"/desk/exports/{job.pk}/file/"
    assert client_as(cast.outsider).get(address).status_code == 404
    assert api_as(cast.outsider).get(f"/api/v1/exports/{job.pk}/file/").status_code == 404
    assert client.get(address)["Location"] == f"/login/?next={address}"
    assert api_as().get(f"/api/v1/exports/{job.pk}/file/").status_code == 401
    assert AuditEntry.objects.filter(action="common.export.downloaded").count() == 0


def test_an_old_export_cannot_be_fetched_once_the_right_ends(ask, probe, cast, client_as):
    job = ask(run=True)
    probe.allowed.clear()
    assert client_as(cast.officer).get(f"/desk/exports/{job.pk}/file/").status_code == 404


def test_what_is_not_made_cannot_be_fetched(ask, cast, client_as):
    client = client_as(cast.officer)
    assert client.get(f"/desk/exports/{ask().pk}/file/").status_code == 404
    gone = ask(run=True)
    exports.path_of(gone).unlink()
    assert client.get(f"/desk/exports/{gone.pk}/file/").status_code == 404


# --- pages ---


def test_posting_the_button_leads_to_the_job(probe, cast, client_as):
    client = client_as(cast.officer)
    response = client.post("/desk/exports/", {"kind": "probe", "season": "2026", "empty": ""})
    job = Job.objects.get()
    assert (response["Location"], job.args["params"]) == (f"/desk/jobs/{job.pk}/", {"season": "2026"})
    waiting = client.get(response["Location"]).content.decode()
    assert ("hx-get" in waiting, "下载" in waiting) == (True, False)
    jobs.run(str(job.pk))
    done = client.get(response["Location"]).content.decode()
    assert (f'href="/desk/exports/{job.pk}/file/"' in done, f">{NAME}<" in done) == (True, True)


@pytest.mark.parametrize(("kind", "status"), [("nothing", 400), ("probe", 403)])
def test_a_refused_request_says_why(probe, cast, client_as, kind, status):
    probe.allowed.clear()
    response = client_as(cast.officer).post("/desk/exports/", {"kind": kind, "season": "2026"})
    words = {"nothing": "没有这种导出。", "probe": "您不能导出“示例台账”。"}[kind]
    assert (response.status_code, words in response.content.decode()) == (status, True)


@pytest.mark.parametrize(
    ("result", "words"),
    [
        ({"refused": "您现在没有导出这些内容的权限。"}, "您现在没有导出这些内容的权限。"),
        ({"expired": True}, "文件已过保留期"),
    ],
)
def test_the_job_page_says_why_there_is_no_file(ask, cast, client_as, result, words):
    job = ask(run=True)
    Job.objects.filter(pk=job.pk).update(result=result)
    text = client_as(cast.officer).get(f"/desk/jobs/{job.pk}/").content.decode()
    assert (words in text, f"/desk/exports/{job.pk}/file/" in text) == (True, False)


@pytest.mark.parametrize("rows", [1, 3])
def test_the_page_lists_ones_own(ask, cast, client_as, assert_queries, rows):
    for _ in range(rows):
        ask(run=True)
    client = client_as(cast.officer)
    client.get("/desk/exports/")
    with assert_queries(9):
        text = client.get("/desk/exports/").content.decode()
    assert text.count(f'data-label="文件">{NAME}<') == rows
    assert text.count("/file/") == rows
    assert text.count('data-label="保留至">2026年6月9日<') == rows
    assert NAME not in client_as(cast.outsider).get("/desk/exports/").content.decode()


def test_the_page_leaves_out_what_is_no_longer_kept(ask, cast, client_as):
    job = ask(run=True)
    Job.objects.filter(pk=job.pk).update(created_at=days.now() - timedelta(days=31))
    assert "还没有导出过" in client_as(cast.officer).get("/desk/exports/").content.decode()


def test_nobody_is_sent_to_log_in(client):
    assert client.get("/desk/exports/")["Location"] == "/login/?next=/desk/exports/"
    assert client.post("/desk/exports/", {"kind": "probe"})["Location"] == "/login/?next=/desk/exports/"


# --- API ---


def test_api_asks_and_fetches(probe, cast, api_as):
    api = api_as(cast.officer)
    response = api.post("/api/v1/exports/", {"kind": "probe", "params": {"season": "2026"}})
    job = Job.objects.get()
    assert (response.status_code, response["Location"]) == (202, f"/api/v1/jobs/{job.pk}/")
    assert (response.json()["id"], response.json()["state"]) == (str(job.pk), "queued")
    jobs.run(str(job.pk))
    assert api.get(response["Location"]).json()["result"]["name"] == NAME
    assert b"".join(api.get(f"/api/v1/exports/{job.pk}/file/").streaming_content) == CONTENT
    assert AuditEntry.objects.get(action="common.export.requested").source == "api"


@pytest.mark.parametrize(
    ("body", "status", "fields"),
    [
        ({}, 400, {"kind": ["该字段是必填项。"]}),
        ({"kind": "nothing"}, 400, {"kind": ["没有这种导出。"]}),
        ({"kind": "probe"}, 400, {"season": ["没有这个年度。"]}),
    ],
)
def test_api_refuses_in_the_one_shape(probe, cast, api_as, body, status, fields):
    response = api_as(cast.officer).post("/api/v1/exports/", body)
    assert (response.status_code, response.json()["fields"]) == (status, fields)


def test_api_forbids_who_may_not(probe, cast, api_as):
    body = {"kind": "probe", "params": {"season": "2026"}}
    assert api_as(cast.clerk).post("/api/v1/exports/", body).status_code == 403
    assert api_as().post("/api/v1/exports/", body).status_code == 401


@pytest.mark.parametrize("rows", [1, 3])
def test_api_lists_ones_own(ask, cast, api_as, assert_queries, rows):
    made = [ask(run=True) for _ in range(rows)]
    ask(cast.outsider)
    api = api_as(cast.officer)
    with assert_queries(4):
        body = api.get("/api/v1/exports/").json()
    assert [row["id"] for row in body["results"]] == [str(job.pk) for job in reversed(made)]
    first = api.get("/api/v1/exports/?page_size=1&count=1").json()
    assert ([row["id"] for row in first["results"]], first["count"]) == ([str(made[-1].pk)], rows)
    assert api_as().get("/api/v1/exports/").status_code == 401


def test_a_second_click_waits_for_the_first_ones_file(ask, cast):
    first = ask()
    assert ask() == first
    assert ask(cast.outsider) != first
    jobs.run(str(first.pk))
    assert ask() != first


def test_an_export_of_a_kind_that_is_no_more_is_listed_and_refused(ask, cast, client_as, probe):
    job = ask(run=True)
    del exports.EXPORTS["probe"]
    assert client_as(cast.officer).get("/desk/exports/").status_code == 200
    assert client_as(cast.officer).get(f"/desk/exports/{job.pk}/file/").status_code == 404


def test_nothing_is_fetched_after_its_last_day(ask, cast, client_as, settings):
    job = ask(run=True)
    settings.EXPORT_DAYS = -1
    assert client_as(cast.officer).get(f"/desk/exports/{job.pk}/file/").status_code == 404


# --- sweeping ---


def age(path, by: float) -> None:
    long_ago = time.time() - by * 86400
    os.utime(path, (long_ago, long_ago))


def test_the_sweep_deletes_what_is_past_its_days(ask, settings):
    old, fresh = ask(run=True), ask(run=True)
    age(exports.path_of(old), 31)
    age(exports.path_of(fresh), 29)
    half, building = (settings.EXPORT_ROOT / f".{old.pk}-{name}" for name in ("dead", "alive"))
    half.touch(), building.touch()
    age(half, 2)
    assert (tasks.sweep_exports(), tasks.sweep_exports()) == (2, 0)
    assert kept(settings) == [building.name, f"{fresh.pk}.xlsx"]
    old.refresh_from_db(), fresh.refresh_from_db()
    assert (old.result["expired"], "expired" in fresh.result) == (True, False)
    assert (exports.is_ready(old), exports.is_ready(fresh)) == (False, True)


def test_the_sweep_killed_half_way_goes_on_the_next_hour(ask):
    job = ask(run=True)
    age(exports.path_of(job), 31)
    exports._mark_expired(str(job.pk))  # and then the worker was killed
    assert tasks.sweep_exports() == 1


def test_the_sweep_has_nothing_to_do_and_an_hour_to_do_it(db):
    assert tasks.sweep_exports() == 0
    assert django_settings.CELERY_BEAT_SCHEDULE["sweep-exports"]["task"] == tasks.sweep_exports.name
