"""The lock (锁定): what stands in its way, row by row with its cure, and the manifest that it writes."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import Count

from common import audit, days
from common.actors import Actor
from common.errors import ActionError, Conflict, Forbidden
from common.templatetags.ui import points
from evaluation.appraisal import candidates, categories, dossiers, manifest, recusal, rules, runoffs, scrutineers
from evaluation.appraisal.counting import SAFE_BALLOTS
from evaluation.appraisal.layout import section_title
from evaluation.appraisal.models import Award, Campaign, Candidate, Contest, Recusal, VoterCategory
from evaluation.appraisal.states import move_campaign
from organizations.access import Role
from organizations.models import RoleGrant
from projects.models.seasons import FULL

State = Campaign.State
VERIFIER = Path(__file__).parent / "verify_tally.py"


@dataclass(frozen=True, slots=True)
class Problem:
    """What keeps a campaign from being locked: where, what, and what to do about it. `part` names the set-up page."""

    part: str
    row: str
    words: str
    cure: str

    def __str__(self) -> str:
        return f"{self.row}：{self.words}{self.cure}"


def problems(campaign: Campaign, recused: Sequence[Recusal] | None = None) -> list[Problem]:
    """Everything that must be mended before the lock; a fixed number of queries.

    `recused` is what `recusal.reasons` finds now, from a caller who has it.
    """
    rows = list(campaign.categories.annotate(roll=Count("voters")).order_by("position", "id"))
    contests = list(campaign.contests.prefetch_related("classes"))
    standing = list(
        campaign.candidates.select_related(
            "project__closing", "project__lead_organization", "contest_class__contest__track"
        )
    )
    recused = recusal.reasons(campaign) if recused is None else recused
    return [
        *_basics(campaign),
        *_categories(campaign, rows),
        *_tie_rules(contests, rows),
        *_candidates(campaign, standing),
        *_contests(contests, standing),
        *_recusals(recused, candidates=len(standing), voters=sum(row.roll for row in rows)),
        *_scrutineers(campaign),
        *_keys(campaign),
        *_runoff(campaign),
    ]


def hints(campaign: Campaign) -> list[str]:
    """What does not stand in the way of the lock and should be looked at again, in words."""
    rows = list(campaign.categories.order_by("position", "id"))
    found = []
    if campaign.opens_at is not None and campaign.opens_at <= days.now():
        found.append("开始时间已过，锁定后立即开始投票；请先确认来得及发布公告、发放投票码，或推迟开始时间。")
    if categories.is_proposal([row.weight for row in rows]):
        found.append("权重仍是平均分配的建议，请确认与批准的方案一致。")
    found += [f"“{row.name}”的名称待确认，将照此印在规则单上。" for row in rows if row.unconfirmed]
    grants = RoleGrant.objects.in_force().filter(role=Role.EVALUATION_ADMINISTRATOR)
    voters = campaign.voters.filter(person__in=grants.values("person")).order_by("pk")
    found += [f"年度评选管理员{voter}在投票名册中，请确认由本人投票是否合适。" for voter in voters]
    return found


@transaction.atomic
def lock(*, campaign: Campaign, by: Actor) -> Campaign:
    """Fix the rules: numbers by lot, dossiers, recusals, manifest and its hash; draft → locked.

    Raises Forbidden, Conflict, or ActionError with one message a problem under the names of the parts.
    """
    campaign = (
        Campaign.objects.select_for_update(of=("self",)).select_related("season", "runoff_of").get(pk=campaign.pk)
    )
    if by.user is None or not rules.can_manage_campaign(by.user):
        raise Forbidden(rules.ADMINISTRATORS)
    if campaign.state == State.LOCKED:
        return campaign
    if not campaign.is_draft:
        raise Conflict(f"当前为“{campaign.get_state_display()}”，不能锁定。", code="illegal_step")
    recused = recusal.recompute(campaign)
    if found := problems(campaign, recused):
        fields: dict[str, list[str]] = {}
        for problem in found:
            fields.setdefault(problem.part, []).append(str(problem))
        raise ActionError(f"还有 {len(found)} 处需要处理，不能锁定。", code="not_lockable", fields=fields)
    campaign.order_seed = campaign.order_seed or secrets.token_hex(16)
    _number(campaign)
    campaign.weight_total = FULL
    text = manifest.canonical(manifest.build(campaign, verifier_sha256(), recused))
    digest = manifest.sha256(text)
    move_campaign(
        campaign,
        State.LOCKED,
        by=by,
        manifest=text,
        manifest_sha256=digest,
        order_seed=campaign.order_seed,
        weight_total=FULL,
        locked_at=days.now(),
    )
    audit.record(by=by, action="appraisal.campaign.locked", obj=campaign, after={"manifest_sha256": digest})
    return campaign


def verifier_sha256() -> str:
    """Which verifier is offered beside the files; in the manifest, so that it cannot be exchanged afterwards."""
    return manifest.sha256(VERIFIER.read_text(encoding="utf-8"))


def _number(campaign: Campaign) -> None:
    """Ballot numbers, and the order on stage, by the seeded lot; dossiers as they are now."""
    rows = list(
        Candidate.objects.filter(campaign=campaign)
        .select_related("contest_class__contest")
        .order_by("contest_class__contest__position", "contest_class__number", "id")
    )
    made = dossiers.build_all(row.project_id for row in rows)
    for contest in {row.contest_class.contest_id: row.contest_class.contest for row in rows}.values():
        own = [row for row in rows if row.contest_class.contest_id == contest.pk]
        by_lot = manifest.shuffled_by(f"{campaign.order_seed}/{contest.code}/ballot", [row.code for row in own])
        own.sort(key=lambda row: (row.contest_class.number, by_lot.index(row.code)))
        on_stage = manifest.shuffled_by(f"{campaign.order_seed}/{contest.code}/stage", [row.code for row in own])
        for number, row in enumerate(own, start=1):
            row.number = number
            row.presentation = 1 + on_stage.index(row.code) if contest.method == Contest.Method.STAGE else None
            row.dossier = made[row.project_id]
    Candidate.objects.bulk_update(rows, ["number", "presentation", "dossier"])


def _basics(campaign: Campaign) -> list[Problem]:
    found = []
    if not (campaign.approval_number and campaign.approval_on and campaign.approval_body):
        found.append(Problem("basics", "批准依据", "没有填全文号、日期和批准机关，", "请在“基本信息”补齐。"))
    elif campaign.approval_on > days.today():
        found.append(
            Problem("basics", "批准依据", f"批准日期 {campaign.approval_on} 还没有到，", "请在“基本信息”核对。")
        )
    if campaign.opens_at is None or campaign.closes_at is None:
        found.append(Problem("basics", "投票时间", "没有填开始和截止时间，", "请在“基本信息”填写。"))
    elif campaign.closes_at <= days.now():
        found.append(Problem("basics", "投票时间", "截止时间已经过去，", "请改为将来的时间。"))
    if campaign.detail_rule == Campaign.Detail.ALWAYS and not campaign.detail_signoff:
        found.append(Problem("basics", "分类别票数", "公布分类别票数须有批准机关的意见，", "请填写，或改用其他规则。"))
    return found


def _categories(campaign: Campaign, rows: Sequence[Any]) -> list[Problem]:
    """`rows` are the categories with their `roll`."""
    total = sum(row.weight for row in rows)
    found = []
    if total != FULL:
        words = f"权重合计为 {points(total)}，应正好为 100，"
        found.append(Problem("categories", "类别权重", words, f"请调整 {points(abs(FULL - total))}。"))
    for row in rows:
        if row.roll < campaign.category_minimum:
            words = f"名册只有 {row.roll} 人，少于 {campaign.category_minimum} 人，" if row.roll else "名册里没有人，"
            found.append(Problem("categories", f"“{row.name}”", words, "请补充人员，或并入另一类别（权重相加）。"))
        elif row.roll < campaign.signoff_below and not campaign.small_signoff:
            words = f"名册 {row.roll} 人，少于 {campaign.signoff_below} 人容易看出个人投票，"
            found.append(
                Problem(
                    "categories",
                    f"“{row.name}”",
                    words,
                    "请补充人员、并入另一类别，或在“基本信息”填写书面同意。",
                )
            )
        if _merges_in_a_circle(row, {each.pk: each.merge_into_id for each in rows}):
            words = "指定并入的类别绕了一圈，或不在本次票决中，"
            found.append(Problem("categories", f"“{row.name}”", words, "请改为并入人数充足的类别。"))
        if campaign.detail_rule == Campaign.Detail.ALWAYS and row.roll < SAFE_BALLOTS:
            words = f"名册 {row.roll} 人，不能一律公布分类别票数，"
            found.append(Problem("categories", f"“{row.name}”", words, "请改用其他公布规则。"))
    return found


def _tie_rules(contests: Sequence[Contest], rows: Sequence[VoterCategory]) -> list[Problem]:
    if any(row.tie_order for row in rows) or all(row.tie_rule != Contest.TieRule.RATES for row in contests):
        return []
    return [Problem("categories", "并列规则", "没有指定比较哪些类别的赞成率，", "请填写并列比较顺序。")]


def _merges_in_a_circle(row: VoterCategory, into: Mapping[int, int | None]) -> bool:
    """Whether following the merges from `row` never ends at a category that stands by itself."""
    at: int | None = row.pk
    for _ in into:
        at = into.get(at, row.pk) if at else None
    return at is not None


def _candidates(campaign: Campaign, standing: Sequence[Candidate]) -> list[Problem]:
    """Who is no longer eligible; in a run-off stands who tied (`_runoff`)."""
    if campaign.runoff_of_id:
        return []
    found = []
    won = set(Award.objects.filter(season=campaign.season_id).order_by().values_list("project", "title"))
    for candidate in standing:
        candidate.contest_class.contest.campaign = campaign
        award = candidate.contest_class.contest.award_title
        if (candidate.project_id, award) in won:
            words = f"本年度已获“{award}”，不能再获一次，"
            found.append(Problem("candidates", f"“{candidate.project}”", words, "请从候选名单移出。"))
        elif reason := candidates.why_not_eligible(candidate.project, candidate.contest_class.contest):
            found.append(Problem("candidates", f"“{candidate.project}”", reason, "请从候选名单移出。"))
    return found


def _contests(contests: Sequence[Contest], standing: Sequence[Candidate]) -> list[Problem]:
    if not contests:
        return [Problem("contests", "评选项目", "还没有设置，", "请至少设置一个。")]
    found: list[Problem] = []
    numbers = Counter(candidate.contest_class_id for candidate in standing)
    for contest in contests:
        if not contest.classes.all():
            found.append(Problem("contests", f"“{contest}”", "还没有设置名额，", "请填写名额。"))
        for each in contest.classes.all():
            if each.seats > numbers[each.pk]:
                words = f"名额 {each.seats} 个，候选项目只有 {numbers[each.pk]} 个，"
                row = f"“{section_title(contest.award_title, each.name)}”"
                found.append(Problem("contests", row, words, "请减少名额或增加候选项目。"))
    return found


def _recusals(recused: Sequence[Recusal], *, candidates: int, voters: int) -> list[Problem]:
    """Who has nobody left to vote on, and on whom nobody is left to vote: with either the count would stop."""
    of_voter, of_candidate = Counter(row.voter for row in recused), Counter(row.candidate for row in recused)
    found = [
        Problem("roll", f"{voter}（{voter.category}）", "对全部候选项目都应回避，", "请移出名册或更换人员。")
        for voter, number in of_voter.items()
        if number == candidates
    ]
    cure = "请补充人员，或移出候选名单。"
    return found + [
        Problem("candidates", f"“{each.project}”", "名册上的人对它都应回避，没有人能投，", cure)
        for each, number in of_candidate.items()
        if number == voters
    ]


def _scrutineers(campaign: Campaign) -> list[Problem]:
    people = [row.person for row in campaign.scrutineers.select_related("person")]
    if not people:
        return [Problem("scrutineers", "监票人", "还没有指定，", "请至少指定一名。")]
    found = scrutineers.unable(people) + scrutineers.stakes(campaign, people)
    return [Problem("scrutineers", str(person), words, cure) for person, words, cure in found]


def _runoff(campaign: Campaign) -> list[Problem]:
    """A run-off decides between the tied projects for the seats that are left, and nothing else."""
    cure = "请恢复原样，或作废后重新组织。"
    return [Problem("candidates", "再次票决", f"{words}，", cure) for words in runoffs.strays(campaign)]


def _keys(campaign: Campaign) -> list[Problem]:
    if not campaign.public_key:
        return [Problem("keys", "票箱密钥", "还没有生成，", "请生成并交三位保管人。")]
    if campaign.keys_rehearsed_at is None:
        return [Problem("keys", "开箱演练", "还没有做，", "请三位保管人各自输入密钥。")]
    return []
