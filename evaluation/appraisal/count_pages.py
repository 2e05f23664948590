"""What the pages of the count show: where it stands, the result with its signatures, the announcement."""

from __future__ import annotations

from typing import Any

from common import publication
from common.templatetags.ui import day_label, moment_label
from evaluation.appraisal import count_runner, count_sheet, publishing, rules, runoffs, shortfall, signatures
from evaluation.appraisal.models import Campaign
from evaluation.appraisal.states import COUNTED

State = Campaign.State
STEPS = ("截止投票", "人数核对", "混票", "开箱计票", "监票人签字")
# How many of the steps are done, by state.
DONE = {State.CLOSED: 1, State.MIXED: 3, State.COUNTED: 4}


def counting(campaign: Campaign) -> dict[str, Any]:
    """The steps up to the signatures, what holds them up, and the job of a large count."""
    closed, mixed = campaign.state == State.CLOSED, campaign.state == State.MIXED
    waiting = [each.words for each in shortfall.undecided(campaign)] if closed or mixed else []
    paper = shortfall.paper_waiting(campaign) if closed else ""
    done = len(STEPS) if campaign.state in COUNTED[1:] else DONE.get(State(campaign.state), 0)
    if closed and not waiting and not paper:
        done = 2
    job = count_runner.latest(campaign) if campaign.state in (State.MIXED, State.COUNTED) else None
    running = job is not None and job.state in ("queued", "running")
    return {
        "steps": [
            {"label": label, "done": turn < done, "now": turn == done and campaign.state != State.VOIDED}
            for turn, label in enumerate(STEPS)
        ],
        "waiting": waiting,
        "paper_waiting": paper,
        "may_mix": closed and not waiting and not paper,
        "may_count": mixed and not running and not waiting,
        "is_counted": campaign.state in COUNTED,
        "job": job,
        "is_running": running,
        "ballots": campaign.voters.filter(voted=True).count() if closed or mixed else 0,
        "decisions": shortfall.agreed(campaign) if closed or mixed else [],
    }


def result(campaign: Campaign, user: Any) -> dict[str, Any]:
    """The whole count; `tally` is None before it."""
    tally = getattr(campaign, "tally", None)
    if tally is None:
        return {"tally": None}
    places = signatures.places(campaign)
    own = next((place for place in places if place.person.pk == user.person_id), None)
    watches = rules.can_scrutinize(user, campaign)
    may_settle = rules.can_manage_campaign(user) and campaign.state in (State.COUNTED, State.CONFIRMED)
    sheet = count_sheet.full(campaign, tally)
    tied = any(each.tie_seats for each in sheet.classes)
    return {
        "tally": tally,
        "digests": publishing.digests(tally),
        "why_two_digests": "" if tally.detail_published else publishing.WHY_TWO_DIGESTS,
        "sheet": sheet,
        "places": places,
        "absent": signatures.absent(places) if may_settle and campaign.state == State.COUNTED else [],
        "somebody_signed": any(place.signature for place in places),
        "absence_note": signatures.note(campaign) if campaign.state != State.COUNTED else "",
        "may_sign": watches and campaign.state == State.COUNTED and own is not None and own.signature is None,
        "watches": watches,
        "may_void": may_settle,
        "ties": runoffs.open_ties(campaign) if tied else [],
        "outcome": runoffs.outcome_of(campaign) if tied else [],
        "may_run_off": may_settle and campaign.state == State.CONFIRMED,
        "recorded": shortfall.on_record(campaign),
        "gone": list(campaign.candidates.exclude(withdrawn_on=None).select_related("project")),
    }


def announcing(campaign: Campaign, user: Any) -> dict[str, Any]:
    shown = publication.shown(campaign, user)
    return {"publication": shown, "may_propose": shown["may_propose"], "is_announced": shown["is_public"]}


def proposed_body(campaign: Campaign) -> str:
    """A wording to begin with, from what is set."""
    if campaign.opens_at is None or campaign.closes_at is None or campaign.approval_on is None:
        return ""
    return (
        f"经{campaign.approval_body}批准（{campaign.approval_number}，{day_label(campaign.approval_on)}），"
        f"组织开展{campaign.title}。投票自{moment_label(campaign.opens_at)}开始，至{moment_label(campaign.closes_at)}截止，"
        "由指定的票决人员实行无记名投票，不是网络投票。规则、候选项目和核对办法公告如下。"
    )
