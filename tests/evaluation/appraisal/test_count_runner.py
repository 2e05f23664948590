"""A large count beside the request: its progress, its end, its death; the secrets are nowhere."""

from __future__ import annotations

import json
import logging
from datetime import timedelta
from typing import Any

import pytest
from django.core import serializers
from django.urls import reverse
from django.utils import timezone

from common import jobs, tasks
from common.models import AuditEntry, Job
from evaluation.appraisal import count_runner, counting
from evaluation.appraisal.models import Tally
from tests.evaluation.appraisal import count_steps, votes
from tests.evaluation.appraisal.votes import Vote
from tests.projects.refusals import refused


@pytest.fixture
def vote(district: Any, cast: Any, settings: Any, today: Any) -> Vote:
    """A mixed box that is large by today's setting."""
    settings.COUNT_INLINE_BALLOTS = 10
    found = votes.close(count_steps.voted(district, cast, each=5))
    today(votes.AFTER)
    return found


def begun(vote: Vote, monkeypatch: Any) -> Job:
    """The job of a count whose thread has not begun."""
    monkeypatch.setattr(count_runner, "start", lambda job, **given: None)
    made = count_runner.count(campaign=vote.campaign, secrets=two(vote), by=vote.by)
    assert isinstance(made, Job)
    return made


def two(vote: Vote) -> dict[int, str]:
    return {1: vote.secrets[1], 2: vote.secrets[2]}


@pytest.mark.django_db(transaction=True)
def test_it_is_done_in_a_thread(vote: Vote, cast: Any, client_as: Any, monkeypatch: Any) -> None:
    begin, threads = count_runner.start, []
    monkeypatch.setattr(count_runner, "start", lambda job, **given: threads.append(begin(job, **given)))
    monkeypatch.setattr(counting, "CHUNK", 7)
    made = count_runner.count(campaign=vote.campaign, secrets=two(vote), by=vote.by)
    threads[0].join(60)
    assert isinstance(made, Job)
    made.refresh_from_db()
    assert (made.state, made.done, made.total, made.message) == ("done", 30, 30, "")
    assert made.result == {"url": reverse("appraisal:result", args=[vote.campaign.code]), "label": "查看计票结果"}
    assert (Tally.objects.get().counted_by, vote.again().state) == (vote.admin, "counted")
    # The page that asks for its progress finds the job again, with the way to the result.
    page = client_as(cast.evaladmin).get(reverse("appraisal:count", args=[vote.campaign.code])).content.decode()
    assert (f'id="job-{made.pk}"' in page, "查看计票结果" in page) == (True, True)


@pytest.mark.django_db
def test_a_small_box_is_counted_at_once(vote: Vote, settings: Any) -> None:
    settings.COUNT_INLINE_BALLOTS = 30
    made = count_runner.count(campaign=vote.campaign, secrets=two(vote), by=vote.by)
    assert (made, Job.objects.count()) == (Tally.objects.get(), 0)
    assert count_runner.count(campaign=vote.campaign, secrets={}, by=vote.by) == made


@pytest.mark.django_db
def test_wrong_secrets_are_refused_before_anything_begins(vote: Vote) -> None:
    swapped = {1: vote.secrets[2], 2: vote.secrets[1]}
    call = lambda: count_runner.count(campaign=vote.campaign, secrets=swapped, by=vote.by)  # noqa: E731
    refused("wrong_secret", call, "secret_1", "secret_2")
    refused("forbidden", lambda: count_runner.count(campaign=vote.campaign, secrets=two(vote), by=vote.watch))
    assert not Job.objects.exists()


@pytest.mark.django_db
def test_one_count_at_a_time(vote: Vote, monkeypatch: Any) -> None:
    job = begun(vote, monkeypatch)
    refused("counting", lambda: count_runner.count(campaign=vote.campaign, secrets=two(vote), by=vote.by))
    assert (job.state, job.attempts, job.sent_at is None, count_runner.latest(vote.campaign)) == (
        *("running", 1, False),
        job,
    )


@pytest.mark.django_db
def test_nothing_is_sent_and_no_row_holds_a_secret(
    vote: Vote, monkeypatch: Any, caplog: Any, django_capture_on_commit_callbacks: Any
) -> None:
    sent: list[str] = []
    monkeypatch.setattr(tasks.run_job, "delay", sent.append)
    with caplog.at_level(logging.DEBUG), django_capture_on_commit_callbacks(execute=True):
        job = begun(vote, monkeypatch)
        count_runner._run(job, campaign=vote.campaign, secrets=two(vote), by=vote.by)
    rows = [*Job.objects.all(), *AuditEntry.objects.all(), *Tally.objects.all()]
    written = serializers.serialize("json", rows) + caplog.text
    assert (sent, Tally.objects.count()) == ([], 1)
    assert not [secret for secret in vote.secrets.values() if secret in written]


@pytest.mark.django_db
def test_a_dead_process_is_told_honestly(vote: Vote, monkeypatch: Any, cast: Any, client_as: Any) -> None:
    job = begun(vote, monkeypatch)
    monkeypatch.setattr(tasks.run_job, "delay", lambda job_id: jobs.run(job_id))
    page = client_as(cast.evaladmin).get(reverse("appraisal:count", args=[vote.campaign.code])).content.decode()
    assert ("开箱计票" in page, 'type="password"' in page) == (True, False)
    Job.objects.filter(pk=job.pk).update(heartbeat_at=timezone.now() - timedelta(days=1))
    jobs.sweep()
    job.refresh_from_db()
    assert (job.state, job.message) == ("failed", count_runner.INTERRUPTED)
    page = client_as(cast.evaladmin).get(reverse("appraisal:count", args=[vote.campaign.code])).content.decode()
    assert (count_runner.INTERRUPTED in page, page.count('type="password"')) == (True, 3)
    again = begun(vote, monkeypatch)
    assert (again.pk == job.pk, again.state) == (False, "running")


@pytest.mark.django_db
def test_a_count_that_the_sweep_has_taken_does_not_go_on(vote: Vote, monkeypatch: Any) -> None:
    monkeypatch.setattr(counting, "CHUNK", 7)
    job = begun(vote, monkeypatch)
    Job.objects.filter(pk=job.pk).update(state="failed", claim=None)
    count_runner._run(job, campaign=vote.campaign, secrets=two(vote), by=vote.by)
    assert not Tally.objects.exists()


@pytest.mark.django_db
def test_what_stops_the_count_is_said(vote: Vote, monkeypatch: Any, caplog: Any) -> None:
    job = begun(vote, monkeypatch)
    with votes.tampering():
        vote.campaign.voters.filter(pk=vote.voters("expert")[0].pk).update(voted=False)
    count_runner._run(job, campaign=vote.campaign, secrets=two(vote), by=vote.by)
    job.refresh_from_db()
    assert (job.state, job.message.startswith("票数与名册标记不一致")) == ("failed", True)
    again = begun(vote, monkeypatch)
    count_runner._run(again, campaign=vote.campaign, secrets=None, by=vote.by)  # type: ignore[arg-type]
    again.refresh_from_db()
    assert (again.state, again.message.startswith("计票没有完成（AttributeError）")) == ("failed", True)
    assert caplog.messages[-1] == f"count {again.pk} failed: AttributeError"


@pytest.mark.django_db
def test_by_page_and_by_api(vote: Vote, monkeypatch: Any, cast: Any, client_as: Any, api_as: Any) -> None:
    monkeypatch.setattr(count_runner, "start", lambda job, **given: None)
    address = reverse("appraisal:count", args=[vote.campaign.code])
    given = {f"secret_{at}": typed for at, typed in two(vote).items()}
    assert client_as(cast.evaladmin).post(address, given).url == address
    page = client_as(cast.evaladmin).get(address).content.decode()
    assert "0 / 30" in page
    Job.objects.update(state="failed")
    answer = api_as(cast.evaladmin).post(
        f"/api/v1/campaigns/{vote.campaign.code}/count/", {"secrets": two(vote)}, format="json"
    )
    assert (answer.status_code, answer.json()["state"]) == (202, "running")
    assert json.loads(answer.content)["message"] == ""
