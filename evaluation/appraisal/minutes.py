"""Papers of the count, in Word and PDF: 计票记录 for the archive, with places for signatures; 结果报告.

Both are for who may read the count. The report goes further round, so it withholds the counts by category where the
manifest does.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from common.errors import ActionError
from common.exports import ExportContext, Params
from common.papers import Make, Paper, register_paper
from common.templatetags.ui import day_label, moment_label, points
from common.text import nested_quotes
from evaluation.appraisal import count_sheet, manifest, publishing, rules, runoffs, setup_papers, shortfall, signatures
from evaluation.appraisal.count_sheet import ClassResult, Sheet
from evaluation.appraisal.models import Campaign, Tally
from projects.project_documents import DEPARTMENT

BLANK = "　"
TYPE_AREA = 156  # mm


def register() -> None:
    """Offer the papers; called once when the app is ready."""
    for kind, words, write in (("vote_minutes", "计票记录", minutes), ("vote_result", "结果报告", report)):
        register_paper(
            kind=kind,
            title=words,
            may=may_read,
            write=write,
            clean=setup_papers.clean_campaign,
            name=setup_papers.named(words),
        )


def may_read(user: Any, params: Params) -> bool:
    """Who runs the vote and its scrutineers; the department and the leaders only see what is public."""
    campaign = setup_papers.campaign_of(params)
    return campaign is not None and rules.can_read_count(user, campaign)


def minutes(make: Make, context: ExportContext) -> Paper:
    return count_record(make, *_given(context))


def count_record(make: Make, campaign: Campaign, tally: Tally) -> Paper:
    """计票记录: what was opened by whom, every figure by category, hashes, and places for the signatures."""
    sheet = count_sheet.full(campaign, tally)
    paper = make(f"{campaign.title}计票记录")
    _voided(paper, campaign)
    paper.facts(
        [
            [("计票时间", f"{day_label(tally.counted_at)} {moment_label(tally.counted_at).rsplit(' ')[-1]}")],
            [("开箱保管人", tally.holders)],
            [
                ("计票人", str(tally.counted_by or "")),
                ("批准依据", f"{campaign.approval_body} {campaign.approval_number}"),
            ],
            *_hashes(campaign, tally),
        ]
    )
    paper.heading(1, "选票")
    _ballots(paper, sheet)
    _addenda(paper, campaign, sheet)
    for each in sheet.classes:
        paper.heading(1, each.title)
        _ranking(paper, each, exact=True)
        _cells(paper, sheet, each)
    _ties(paper, campaign)
    _sign(paper, campaign)
    return paper


def _voided(paper: Paper, campaign: Campaign) -> None:
    """Papers of a voided vote say so first: they look like those of one that counts."""
    if campaign.state == Campaign.State.VOIDED:
        paper.paragraph("本次票决已经作废，以下计票结果不作数，只留作记录。")


def report(make: Make, context: ExportContext) -> Paper:
    return result_report(make, *_given(context))


def result_report(make: Make, campaign: Campaign, tally: Tally) -> Paper:
    """结果报告: turnout, ranking and the chosen; counts by category only if they are published."""
    fixed, counts = manifest.of(campaign), json.loads(tally.counts)
    public = json.loads(publishing.result_text(tally))
    sheet = count_sheet.sheet(fixed, public, counts if tally.detail_published else None)
    paper = make(f"{campaign.title}结果报告")
    _voided(paper, campaign)
    paper.paragraph(
        f"经{campaign.approval_body}批准（{campaign.approval_number}），{campaign.title}于"
        f"{day_label(campaign.opens_at)}至{day_label(campaign.closes_at)}举行。发出选票 {sheet.roll} 张，"
        f"收回 {sheet.ballots} 张，有效 {sheet.valid} 张，无效 {sheet.invalid} 张。"
    )
    if not tally.detail_published:
        paper.paragraph("按投票前锁定的规则，不公布分类别票数，得分取整。")
    for each in sheet.classes:
        paper.heading(1, each.title)
        _ranking(paper, each, exact=False)
        if sheet.categories:
            _cells(paper, sheet, each)
    _addenda(paper, campaign, sheet)
    _ties(paper, campaign)
    paper.heading(1, "核对")
    paper.paragraph(f"规则清单摘要：{campaign.manifest_sha256}。")
    name = "公布的结果摘要" if tally.detail_published else publishing.PUBLISHED_DIGEST
    paper.paragraph(f"{name}：{publishing.result_sha256(tally)}。")
    if not tally.detail_published:
        paper.paragraph(publishing.WHY_TWO_DIGESTS)
        paper.paragraph(f"分类别票数的承诺值：{tally.commitment}。")
    paper.signature(DEPARTMENT, None)
    return paper


def _given(context: ExportContext) -> tuple[Campaign, Tally]:
    campaign = setup_papers.campaign_of(context.params)
    tally = Tally.objects.filter(campaign=campaign).select_related("counted_by__person").first() if campaign else None
    if campaign is None or tally is None:
        raise ActionError("计票之后才有这份文稿。", code="not_counted")
    return campaign, tally


def _hashes(campaign: Campaign, tally: Tally) -> list[list[tuple[str, str]]]:
    last = campaign.lots.order_by("-number").first()
    digests = publishing.digests(tally)
    return [
        [("规则清单摘要", campaign.manifest_sha256)],
        [("抽签种子", campaign.order_seed)],
        [("末批追踪号摘要", last.sha256 if last else "")],
        [("票数摘要", tally.counts_sha256)],
        [("票数承诺值", tally.commitment)],
        *([digest] for digest in digests),
        *([[("两个结果摘要", publishing.WHY_TWO_DIGESTS)]] if len(digests) > 1 else []),
    ]


def _ballots(paper: Paper, sheet: Sheet) -> None:
    rows: list[list[object]] = [
        [row.name, points(row.weight), row.roll, row.ballots, row.valid, row.invalid] for row in sheet.categories
    ]
    weight = points(sum(row.weight for row in sheet.categories))
    rows.append(["合计", weight, sheet.roll, sheet.ballots, sheet.valid, sheet.invalid])
    head = ["票决人员类别", "权重", "发出", "收回", "有效", "无效"]
    paper.table(head, rows, (56, 24, 19, 19, 19, 19), centred=range(1, 6))


def _addenda(paper: Paper, campaign: Campaign, sheet: Sheet) -> None:
    """Decisions on small categories with their reasons, and who withdrew."""
    reasons = [
        f"{shortfall.subject(row)}。理由：{row.reason}（{row.proposed_by}提出，{row.agreed_by}同意）。"
        for row in shortfall.agreed(campaign)
    ]
    gone = campaign.candidates.exclude(withdrawn_on=None).select_related("project").order_by("number")
    left = [
        f"“{row.project}”于{day_label(row.withdrawn_on)}退出：{row.withdrawn_reason}。投给它的赞成不计，选票有效。"
        for row in gone
    ]
    lines = [*sheet.decisions, *reasons, *left]
    if lines:
        paper.heading(1, "补充说明")
        for line in lines:
            paper.paragraph(nested_quotes(line))


def _ranking(paper: Paper, each: ClassResult, *, exact: bool) -> None:
    threshold = "，得分须超过 50" if each.over_half else ""
    unfilled = f"，空缺 {each.unfilled} 个" if each.unfilled else ""
    paper.paragraph(f"名额 {each.seats} 个{threshold}{unfilled}。")
    head, widths = ["名次", "项目", "党组织", "得分", "结果"], [14.0, 62.0, 44.0, 18.0, 18.0]
    rows = [[row.rank, row.project, row.organization, row.points, row.outcome or "—"] for row in each.rows]
    if exact:
        head, widths = [*head[:4], "精确得分", "结果"], [14.0, 50.0, 34.0, 18.0, 24.0, 16.0]
        rows = [[*row[:4], shown.score, row[4]] for row, shown in zip(rows, each.rows, strict=True)]
    paper.table(head, rows, widths, centred=(0, *range(3, len(head))))


def _cells(paper: Paper, sheet: Sheet, each: ClassResult) -> None:
    """Approvals and what they are divided by, candidate by category."""
    width = 112 / len(sheet.categories)
    rows = [[row.project, *(f"{approved}/{base}" for approved, base in row.cells)] for row in each.rows]
    head = ["赞成/计票基数", *(row.name for row in sheet.categories)]
    paper.table(head, rows, (TYPE_AREA - 112, *[width] * len(sheet.categories)), centred=range(1, len(head)))


def _ties(paper: Paper, campaign: Campaign) -> None:
    ties = runoffs.ties(campaign)
    if not ties:
        return
    paper.heading(1, "末位并列")
    for tie in ties:
        names = "、".join(f"“{row}”" for row in tie.candidates)
        how = f"再次票决：{tie.runoff.get_state_display()}" if tie.runoff else "待再次票决"
        paper.paragraph(nested_quotes(f"“{tie.name}”：{names}并列，争 {tie.seats} 个名额，{how}。"))


def _sign(paper: Paper, campaign: Campaign) -> None:
    paper.heading(1, "签名")
    paper.paragraph("以上内容经当场核对无误。监票人已在系统中签字的，注明时间；保管人、管理员签名如下。")
    if missing := signatures.note(campaign):
        paper.paragraph(nested_quotes(missing))
    paper.table(["身份", "姓名", "签名", "日期"], _signers(campaign), (30, 56, 40, 30), centred=(0,))


def _signers(campaign: Campaign) -> Iterable[list[str]]:
    for place in signatures.places(campaign):
        signed = place.signature
        yield ["监票人", str(place.person), BLANK, moment_label(signed.signed_at) if signed else BLANK]
    for row in campaign.key_holders.all():
        yield ["密钥保管人", str(row), BLANK, BLANK]
    yield ["年度评选管理员", BLANK, BLANK, BLANK]
