"""What must be true of the sample's two votes: last year's, finished, and one that is open."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

from common import days
from common.actors import Actor
from evaluation.appraisal import casting, counting, electors, lifecycle, locking, publishing
from evaluation.appraisal.models import Award, Campaign, Candidate, Objection, TierProposal, UrnBallot
from organizations.models import User
from portal.sample import voting
from projects.models import Closing, Project

State = Campaign.State


def finished() -> Campaign:
    return Campaign.objects.get(state=State.FINAL)


def running() -> Campaign:
    return Campaign.objects.get(state=State.OPEN)


def both_are_there(client: Any) -> None:
    last, now = finished(), running()
    assert (last.is_sample, now.is_sample) == (True, True)
    assert last.season.ends_on + timedelta(days=1) == now.season.starts_on
    assert now.opens_at is not None
    assert now.closes_at is not None
    assert now.opens_at < days.now() < now.closes_at
    for vote in (last, now):
        assert vote.categories.count() == 6
        assert vote.categories.filter(unconfirmed=True).count() == 3
        assert sum(vote.categories.values_list("weight", flat=True)) == 10000
        assert vote.voters.count() == 72
        contests = set(Candidate.objects.filter(campaign=vote).values_list("contest_class__contest__code", flat=True))
        assert contests == {"committee", "community", "new"}
    assert set(now.voters.values_list("channel", flat=True)) == {"code", "account", "paper"}
    assert now.voters.exclude(recusals=None).exists()
    assert now.lots.count() >= 3
    assert (UrnBallot.objects.count(), now.voters.filter(voted=True).count()) == (0, 48)
    for address in (f"/appraisals/{last.code}/", f"/appraisals/{now.code}/"):
        assert client.get(address).status_code == 200


def the_open_one_can_be_voted_in(kept: Path, client: Any) -> None:
    assert kept.stat().st_mode & 0o077 == 0
    codes = kept.read_text().split()
    assert len(codes) == 2
    before = UrnBallot.objects.count()
    for code in codes:
        voter, _ = electors.by_code(code)
        assert client.post("/vote/", {"code": code}).status_code == 302
        prepared = casting.prepare(voter=voter, choices={}, abstained=voting.sections_of(voter.campaign))
        casting.cast(voter=voter, token=prepared.token)
    assert UrnBallot.objects.count() == before + 2
    waiting = {u for u in User.objects.all() if electors.ballots_waiting(u).exists()}
    assert {u.username for u in waiting} >= {"leader", "secretary", "branchsec", "outsider", "clerk", "reviewer1"}
    assert not {"officer", "evaladmin", "scrutineer"} & {u.username for u in waiting}


def the_open_one_can_be_counted(kept: Path) -> None:
    """With the first and the third holder's secret; nobody else needs to vote for a quorum."""
    assert kept.stat().st_mode & 0o077 == 0
    first, _, third = (line.rsplit("：", 1)[1] for line in kept.read_text().splitlines())
    vote = running()
    assert vote.closes_at is not None
    with days.pretend(days.day_of(vote.closes_at) + timedelta(days=1)):
        lifecycle.advance(Actor.system("test"))
        vote.refresh_from_db()
        assert vote.state == State.MIXED
        admin = Actor.person(User.objects.get(username="evaladmin"), "test")
        tally = counting.count(campaign=vote, secrets={1: first, 3: third}, by=admin)
    assert sum(row["ballots"] for row in json.loads(tally.counts)["categories"]) == 50


def the_finished_one_is_whole(client: Any, folder: Path) -> None:
    vote = finished()
    assert sum(vote.contests.values_list("classes__seats", flat=True)) == Award.objects.shown().count() == 7
    assert set(TierProposal.objects.values_list("state", flat=True)) == {"accepted", "declined", "proposed"}
    assert list(Objection.objects.values_list("state", flat=True)) == ["dismissed"]
    closings = Closing.objects.filter(project__season=vote.season)
    assert closings.filter(eligible=True).count() == vote.candidates.count() == 17
    assert closings.filter(eligible=False).count() == 2
    numbers = Project.objects.filter(season=vote.season).values_list("archive_number", flat=True)
    assert len(set(numbers)) == 19
    assert client.get("/awards/").status_code == 200
    award = Award.objects.first()
    assert award is not None
    assert award.certificate_number in client.get(f"/verify/{award.verification_code}/").content.decode()

    package = folder / "recount.zip"
    package.write_bytes(publishing.package(publishing.files(vote)))
    command = [sys.executable, str(locking.VERIFIER), str(package), "--result-sha256", vote.tally.result_sha256]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert vote.tally.detail_published


def nothing_invented_lacks_its_mark() -> None:
    for vote in (finished(), running()):
        names = [vote.title, vote.approval_body, vote.approval_number, vote.announcement.body]
        names += [str(row) for row in vote.voters.all()]
        names += [f"{row.name}{row.body}" for row in vote.key_holders.all()]
        names += list(vote.candidates.values_list("project__title", flat=True))
        assert [name for name in names if "示例" not in name] == []
    assert not Project.objects.filter(summary__contains="““").exists()
    texts = Objection.objects.values_list("name", "contact", "content", "reply")
    assert [words for row in texts for words in row if "（示例）" not in words] == []
    assert all("（示例）" in row.project.title for row in Award.objects.select_related("project"))
    assert [t for t in TierProposal.objects.exclude(state="proposed") if "（示例）" not in t.reason] == []
