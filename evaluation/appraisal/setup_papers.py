"""Papers of the set-up, in Word and PDF: 规则单, 上台述评顺序表, 开票前记录."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from common.errors import ActionError
from common.exports import ExportContext, Params
from common.papers import Make, Paper, register_paper
from common.templatetags.ui import day_label, moment_label, points
from evaluation.appraisal import manifest, rule_sheet
from evaluation.appraisal.layout import section_title
from evaluation.appraisal.models import Campaign, Candidate, Contest
from projects.project_documents import DEPARTMENT

BLANK = "　"


def campaign_of(params: Params) -> Campaign | None:
    return Campaign.objects.select_related("season", "runoff_of").filter(code=str(params.get("campaign", ""))).first()


def may_see(user: Any, params: Params) -> bool:
    """Whoever may open the campaign's workbench pages."""
    return Campaign.objects.visible_to(user).filter(code=str(params.get("campaign", ""))).exists()


def clean_campaign(user: Any, params: Params) -> dict[str, Any]:
    return {"campaign": str(params.get("campaign", ""))}


def named(words: str) -> Callable[[Params], str]:
    """The file's name: the campaign's title and these words."""

    def name(params: Params) -> str:
        campaign = campaign_of(params)
        return f"{campaign.title}{words}" if campaign else words

    return name


def register() -> None:
    """Offer the papers; called once when the app is ready."""
    for kind, words, write in (
        ("vote_rules", "规则单", _rules),
        ("vote_running_sheet", "上台述评顺序表", _running_sheet),
        ("vote_opening", "开票前记录", _opening),
        ("vote_addendum", "补充说明", _addendum),
    ):
        register_paper(kind=kind, title=words, may=may_see, write=write, clean=clean_campaign, name=named(words))


def running_order(campaign: Campaign) -> list[tuple[Contest, list[Candidate]]]:
    """The candidates of each 上台述评 contest in the order of the lot; two queries."""
    rows = campaign.candidates.exclude(presentation=None).order_by(
        "contest_class__contest__position", "contest_class__contest", "presentation"
    )
    found: dict[int, tuple[Contest, list[Candidate]]] = {}
    for row in rows.select_related("contest_class__contest", "project__lead_organization", "project__lead_secretary"):
        contest = row.contest_class.contest
        found.setdefault(contest.pk, (contest, []))[1].append(row)
    return list(found.values())


def _given(context: ExportContext) -> Campaign:
    campaign = campaign_of(context.params)
    if campaign is None:
        raise ActionError("这次票决已经不在了。", code="not_found")
    return campaign


# --- 规则单 ---


def _rules(make: Make, context: ExportContext) -> Paper:
    return rules_paper(make, _given(context), context.day)


def rules_paper(make: Make, campaign: Campaign, day: date) -> Paper:
    """规则单: the rules in sentences, the hash of their manifest, and the list of steps."""
    rules = rule_sheet.of(campaign)
    paper = make(f"{campaign.title}规则单")
    if not campaign.manifest:
        paper.paragraph(f"（草稿，{day_label(day)}；锁定之前都可能修改。）")
    for part in rule_sheet.sentences(rules):
        paper.heading(1, part.heading)
        for sentence in part.sentences:
            paper.paragraph(sentence)
        if part.heading == rule_sheet.ELECTORS:
            _categories(paper, rules)
    if campaign.manifest:
        paper.heading(1, "规则清单")
        paper.paragraph(f"规则清单的 SHA-256 摘要：{campaign.manifest_sha256}。")
        paper.paragraph(f"抽签种子：{campaign.order_seed}。{rule_sheet.LOT}")
    write_steps(paper, rules)
    return paper


def _categories(paper: Paper, rules: Mapping[str, Any]) -> None:
    rows = [list(row) for row in rule_sheet.weight_rows(rules)]
    rows.append(["合计", points(sum(c["weight"] for c in rules["categories"])), _total(rules)])
    paper.table(["票决人员类别", "权重", "人数"], rows, (90, 33, 33), centred=(1, 2))


def write_steps(paper: Paper, rules: Mapping[str, Any]) -> None:
    """The list by which somebody new runs the vote, on a page of its own."""
    paper.page_break()
    paper.heading(1, "操作步骤", numbered=False)
    rows = [[turn, step.when, step.who, step.what] for turn, step in enumerate(rule_sheet.steps(rules), start=1)]
    paper.table(["", "时间", "谁", "做什么"], rows, (7.5, 20.5, 20.5, 107.5), centred=(0,))


# --- 上台述评顺序表 ---


def _running_sheet(make: Make, context: ExportContext) -> Paper:
    campaign = _given(context)
    found = running_order(campaign)
    if not found:
        raise ActionError("锁定时抽签决定述评顺序，现在还没有。", code="not_locked")
    paper = make(f"{campaign.title}上台述评顺序表")
    paper.paragraph(f"述评顺序由抽签决定，抽签种子：{campaign.order_seed}。{rule_sheet.LOT}")
    for contest, candidates in found:
        paper.heading(1, contest.award_title)
        paper.paragraph(f"评选项目代码：{contest.code}。")
        rows = [
            [
                row.presentation,
                row.project.title if row.withdrawn_on is None else f"{row.project.title}（已退出）",
                row.project.lead_organization.name,
                row.project.lead_secretary.name,
                row.number,
                row.code,
            ]
            for row in candidates
        ]
        head = ["顺序", "项目", "党组织", "述评人", "票面序号", "项目编号"]
        paper.table(head, rows, (12, 50, 36, 22, 12, 24), centred=(0, 3, 4, 5))
    return paper


# --- 补充说明 ---


def _addendum(make: Make, context: ExportContext) -> Paper:
    """The candidates who withdrew after the lock, for the department's signature."""
    campaign = _given(context)
    gone = campaign.candidates.exclude(withdrawn_on=None).order_by("withdrawn_on", "pk")
    rows = list(gone.select_related("project__lead_organization"))
    if not rows:
        raise ActionError("锁定之后没有候选项目退出，不需要补充说明。", code="nothing")
    paper = make(f"{campaign.title}补充说明")
    paper.paragraph(
        f"规则清单（摘要 {campaign.manifest_sha256}）锁定之后，下列候选项目退出。"
        "它们得到的赞成票不计，已投和将投的选票仍然有效，规则的其他各项不变。"
    )
    found = [
        [
            row.number,
            row.project.title,
            row.project.lead_organization.name,
            day_label(row.withdrawn_on),
            row.withdrawn_reason,
        ]
        for row in rows
    ]
    paper.table(["序号", "项目", "党组织", "退出日期", "原因"], found, (14, 44, 36, 30, 32), centred=(0, 3))
    paper.signature(DEPARTMENT, None)
    return paper


# --- 开票前记录 ---


def _opening(make: Make, context: ExportContext) -> Paper:
    return opening_record(make, _given(context))


def opening_record(make: Make, campaign: Campaign) -> Paper:
    """开票前记录: what the lock fixed, with places for the signatures. Raises ActionError before it."""
    if not campaign.manifest:
        raise ActionError("锁定之后才有开票前记录。", code="not_locked")
    rules = manifest.of(campaign)
    paper = make(f"{campaign.title}开票前记录")
    paper.facts(
        [
            [("锁定时间", f"{day_label(campaign.locked_at)} {moment_label(campaign.locked_at).rsplit(' ')[-1]}")],
            [("规则清单摘要", campaign.manifest_sha256)],
            [("抽签种子", campaign.order_seed)],
            [("票箱公钥", campaign.public_key)],
            [("核验程序摘要", rules["verifier_sha256"])],
            [("开箱演练", moment_label(campaign.keys_rehearsed_at)), ("软件", rules["software"])],
            [("名册人数", _total(rules)), ("票箱", "空，0 张")],
        ]
    )
    _categories(paper, rules)
    paper.heading(1, "候选项目")
    rows = [
        [each["number"], each["project"], each["organization"], section_title(contest["award"], one["name"])]
        for contest in rules["contests"]
        for one in contest["classes"]
        for each in one["candidates"]
    ]
    paper.table(["序号", "项目", "党组织", "评选项目"], rows, (14, 62, 46, 34), centred=(0,))
    paper.heading(1, "在场人员签名")
    paper.paragraph("以上内容经当场核对无误，开箱演练时任意两份密钥都能打开票箱。")
    paper.table(["身份", "姓名", "签名", "日期"], _signers(rules), (38, 48, 40, 30), centred=(0,))
    return paper


def _signers(rules: Mapping[str, Any]) -> list[list[str]]:
    found = [["监票人", name, BLANK, BLANK] for name in rules["scrutineers"]]
    found += [["密钥保管人", f"{row['name']}（{row['body']}）", BLANK, BLANK] for row in rules["key_holders"]]
    return [*found, ["年度评选管理员", BLANK, BLANK, BLANK]]


def _total(rules: Mapping[str, Any]) -> str:
    return f"{sum(row['roll'] for row in rules['categories'])}"
