"""Background jobs: claimed once, swept when lost, never overwritten by who lost the claim."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from common import jobs, tasks
from common.actors import Actor
from common.models import Job

pytestmark = pytest.mark.django_db
BEAT = Actor.system("beat")


@pytest.fixture
def handle(monkeypatch):
    """`handle(function)` registers it for jobs of kind "probe"."""
    monkeypatch.setattr(jobs, "HANDLERS", dict(jobs.HANDLERS))
    monkeypatch.setattr(jobs, "GAVE_UP", dict(jobs.GAVE_UP))
    return lambda function, **options: jobs.handler("probe", **options)(function)


@pytest.fixture
def sent(monkeypatch) -> list[str]:
    """What the broker was given."""
    ids: list[str] = []
    monkeypatch.setattr(tasks.run_job, "delay", ids.append)
    return ids


def enqueue(**options) -> Job:
    return jobs.enqueue(kind="probe", args={"n": 1}, by=BEAT, **options)


def make_silent(job: Job, **values) -> None:
    """As a worker that was killed leaves it."""
    long_ago = timezone.now() - timedelta(days=1)
    Job.objects.filter(pk=job.pk).update(
        **{"state": "running", "claim": uuid.uuid4(), "heartbeat_at": long_ago, "attempts": 1, **values}
    )


def test_sent_on_commit_only(handle, sent, django_capture_on_commit_callbacks):
    handle(lambda job: None)
    with django_capture_on_commit_callbacks() as callbacks:
        job = enqueue()
    assert (sent, job.sent_at) == ([], None)
    callbacks[0]()
    job.refresh_from_db()
    assert (sent, job.sent_at is None) == ([str(job.pk)], False)


def test_run_once_with_its_result_and_progress(handle):
    calls = []

    def work(job):
        calls.append(job.args)
        jobs.advance(job, 3, 10)
        return {"rows": 3}

    handle(work)
    job = enqueue()
    assert tasks.run_job(str(job.pk)) is True
    assert tasks.run_job(str(job.pk)) is False
    job.refresh_from_db()
    assert (calls, job.state, job.result) == ([{"n": 1}], "done", {"rows": 3})
    assert (job.done, job.total, job.attempts, job.claim) == (3, 10, 1, None)
    assert job.finished_at is not None


def test_one_open_job_a_key(handle):
    handle(lambda job: None)
    first, second = enqueue(key="a"), enqueue(key="a")
    assert first == second
    assert enqueue(key="b") != first
    assert enqueue() != enqueue()
    jobs.run(str(first.pk))
    assert enqueue(key="a") != first


def test_a_kind_without_a_handler_is_refused_at_once():
    with pytest.raises(LookupError):
        jobs.enqueue(kind="nobody", args={}, by=BEAT)


def test_a_broker_that_is_down_loses_nothing(handle, monkeypatch, sent, django_capture_on_commit_callbacks, caplog):
    def refuse(job_id):
        raise ConnectionError("broker")

    handle(lambda job: None)
    with monkeypatch.context() as down, django_capture_on_commit_callbacks(execute=True):
        down.setattr(tasks.run_job, "delay", refuse)
        job = enqueue()
        # The callbacks run as this block ends, while the broker is still down.
        monkeypatch.setattr(tasks.run_job, "delay", refuse)
    monkeypatch.setattr(tasks.run_job, "delay", sent.append)
    Job.objects.update(sent_at=timezone.now() - timedelta(hours=1))
    assert jobs.sweep() == 1
    assert sent == [str(job.pk)]


def test_the_sweep_sends_what_was_not_sent_or_has_waited_long(handle, sent, settings):
    handle(lambda job: None)
    unsent, waiting, recent, done = (enqueue() for _ in range(4))
    past = timezone.now() - timedelta(seconds=settings.JOB_SWEEP_SECONDS + 5)
    Job.objects.filter(pk=waiting.pk).update(sent_at=past)
    Job.objects.filter(pk=recent.pk).update(sent_at=timezone.now())
    Job.objects.filter(pk=done.pk).update(state="done")
    assert tasks.sweep_jobs() == 2
    assert sorted(sent) == sorted([str(unsent.pk), str(waiting.pk)])
    assert tasks.sweep_jobs() == 0


def test_a_killed_workers_job_is_sent_again(handle, sent):
    handle(lambda job: {"again": True})
    killed, alive = enqueue(), enqueue()
    make_silent(killed)
    make_silent(alive, heartbeat_at=timezone.now())
    assert jobs.sweep() == 1
    assert sent == [str(killed.pk)]
    assert jobs.run(str(killed.pk))
    assert jobs.run(str(alive.pk)) is False
    killed.refresh_from_db()
    assert (killed.state, killed.attempts) == ("done", 2)


def test_killed_too_often_is_given_up_and_told(handle, sent):
    told = []
    handle(lambda job: None, gave_up=lambda job: told.append(job.pk))
    job = enqueue()
    make_silent(job, attempts=jobs.MAX_ATTEMPTS)
    assert jobs.sweep() == 0
    job.refresh_from_db()
    assert (job.state, job.message, told, sent) == ("failed", "多次中断，请联系系统管理员。", [job.pk], [])


def test_an_error_is_tried_again_up_to_the_limit(handle):
    def fail(job):
        raise ZeroDivisionError

    handle(fail)
    job = enqueue()
    for _ in range(jobs.MAX_ATTEMPTS):
        job.refresh_from_db()
        assert job.state == "queued"
        assert jobs.run(str(job.pk)) is False
    job.refresh_from_db()
    assert (job.state, job.attempts) == ("failed", jobs.MAX_ATTEMPTS)
    assert "ZeroDivisionError" in job.message
    assert jobs.run(str(job.pk)) is False


def test_who_lost_the_claim_overwrites_nothing(handle, sent):
    other = uuid.uuid4()

    def slow(job):
        Job.objects.filter(pk=job.pk).update(claim=other)
        return {"from": "the slow one"}

    handle(slow)
    job = enqueue()
    assert jobs.run(str(job.pk)) is False
    job.refresh_from_db()
    assert (job.state, job.claim, job.result) == ("running", other, {})


def test_who_lost_the_claim_stops_at_the_next_step(handle):
    def slow(job):
        Job.objects.filter(pk=job.pk).update(claim=uuid.uuid4())
        jobs.advance(job, 1, 2)
        pytest.fail("not reached")

    handle(slow)
    job = enqueue()
    assert jobs.run(str(job.pk)) is False
    job.refresh_from_db()
    assert (job.state, job.done, job.message) == ("running", 0, "")


def test_a_job_is_shown_to_who_asked_for_it_only(handle, cast, actor, client_as, api_as):
    handle(lambda job: None)
    job = jobs.enqueue(kind="probe", args={"secret": "x"}, by=actor(cast.clerk))
    body = api_as(cast.clerk).get(f"/api/v1/jobs/{job.pk}/").json()
    assert (body["state"], body["state_display"], "args" in body) == ("queued", "排队中", False)
    assert api_as(cast.officer).get(f"/api/v1/jobs/{job.pk}/").status_code == 404
    assert api_as().get(f"/api/v1/jobs/{job.pk}/").status_code == 401
    part = client_as(cast.clerk).get(f"/desk/jobs/{job.pk}/", headers={"HX-Request": "true"})
    assert "every 2s" in part.content.decode()
    jobs.run(str(job.pk))
    part = client_as(cast.clerk).get(f"/desk/jobs/{job.pk}/", headers={"HX-Request": "true"})
    assert ("every 2s" in part.content.decode(), "已完成" in part.content.decode()) == (False, True)


def test_the_jobs_page(handle, cast, actor, client_as):
    handle(lambda job: None)
    job = jobs.enqueue(kind="probe", args={}, by=actor(cast.clerk))
    response = client_as(cast.clerk).get(f"/desk/jobs/{job.pk}/")
    assert (response.status_code, response["Cache-Control"]) == (200, "no-store")
    assert "排队中" in response.content.decode()
    assert client_as(cast.officer).get(f"/desk/jobs/{job.pk}/").status_code == 404
