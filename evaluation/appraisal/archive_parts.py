"""The papers of a vote: what a project's archive package and the vote's own are made of."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import partial
from typing import Any

from common import days, publication
from common.documents import OfficialDocument
from common.packages import Part, Plain
from common.templatetags.ui import day_label
from evaluation.appraisal import certificate_files, crockford, minutes, publishing, runoffs, setup_papers
from evaluation.appraisal.layout import section_title
from evaluation.appraisal.locking import VERIFIER
from evaluation.appraisal.models import Award, Campaign, CampaignAnnouncement, Candidate, Objection, PublicNotice, Tally
from projects.archive_papers import moment_words
from projects.models import Project

FOLDER = "08评选"
RULES, CODES, SEALED = "01规则", "02追踪号", "03密封"
RESULT, NOTICES, AWARDS = "04结果", "05公示与异议", "06获奖"
# Counts by category, what they can be worked out from, and the salt of their commitment: for the department only.
INTERNAL = (SEALED,)
State = Campaign.State
NONE = "—"


def vote_parts(project: Project) -> Iterable[Part]:
    """What a project's package has of its votes: result and award, and its certificate."""
    rows = Candidate.objects.filter(project=project, campaign__state__in=[State.FINAL, State.ARCHIVED])
    for candidate in rows.select_related("campaign", "contest_class__contest").order_by("campaign_id"):
        yield Part(FOLDER, f"{candidate.campaign}结果.docx", partial(project_result, candidate))
        for award in certificate_files.awards_of(candidate.campaign).filter(candidate=candidate):
            yield Part(FOLDER, "证书.pdf", partial(certificate_files.CertificateFile, award))


def campaign_parts(campaign: Campaign) -> list[Part]:
    """The vote's package in its order; names and contacts of objectors are left out of it."""
    tally = Tally.objects.get(campaign=campaign)
    parts = [
        Part(RULES, "manifest.json", partial(Plain, campaign.manifest)),
        Part(CODES, "codes.txt", partial(Plain, publishing.code_list(campaign))),
        Part(SEALED, "counts.json", partial(Plain, tally.counts)),
        Part(SEALED, "salt.txt", partial(Plain, tally.salt)),
        Part(SEALED, "result.json", partial(Plain, tally.result)),
        Part(RESULT, "result.json", partial(Plain, publishing.result_text(tally))),
        Part(RESULT, "verify_tally.py", VERIFIER),
    ]
    vote: Campaign | None = campaign
    while vote is not None:
        parts += _papers(vote)
        vote = runoffs.runoff_of(vote)
    rounds = campaign.notices.order_by("round")
    parts += [Part(NOTICES, f"第{each.round}轮公示.docx", partial(notice_paper, each)) for each in rounds]
    if Objection.objects.filter(notice__campaign=campaign).exists():
        parts.append(Part(NOTICES, "异议办理情况.docx", partial(objections_paper, campaign)))
    awards = list(certificate_files.awards_of(campaign))
    if awards:
        parts.append(Part(AWARDS, "获奖名单.docx", partial(awards_paper, campaign)))
    for award in awards:
        name, content = certificate_files.name_of(award), partial(certificate_files.CertificateFile, award)
        parts.append(Part(f"{AWARDS}/证书", name, content))
    return parts


def _papers(vote: Campaign) -> list[Part]:
    """The papers of a vote, or of the run-off that decided its tie, to be kept beside the signed ones."""
    tally, again = Tally.objects.get(campaign=vote), "再次票决" if vote.runoff_of_id else ""
    make = OfficialDocument
    found = [
        Part(RULES, f"{again}规则单.docx", partial(setup_papers.rules_paper, make, vote, days.today())),
        Part(RULES, f"{again}开票前记录.docx", partial(setup_papers.opening_record, make, vote)),
        Part(SEALED, f"{again}计票记录.docx", partial(minutes.count_record, make, vote, tally)),
        Part(RESULT, f"{again}结果报告.docx", partial(minutes.result_report, make, vote, tally)),
    ]
    if announcement := CampaignAnnouncement.objects.filter(campaign=vote).first():
        found.append(Part(RULES, f"{again}评选公告.docx", partial(_announcement, vote, announcement)))
    return found


def _announcement(vote: Campaign, announcement: CampaignAnnouncement) -> OfficialDocument:
    document = OfficialDocument(f"{vote}评选公告")
    document.paragraphs(announcement.body)
    document.facts([[("发布日期", day_label(announcement.published_on))]])
    return document


def project_result(candidate: Candidate) -> OfficialDocument:
    """How a project fared in one vote, and the award that came of it."""
    document = OfficialDocument("评选结果", number=f"档号：{candidate.project.archive_number}")
    row = _ranked(candidate)
    outcome = f"第 {row['rank']} 名，得分 {row['points']}" if row else f"退出：{candidate.withdrawn_reason}"
    place = section_title(candidate.contest_class.contest.award_title, candidate.contest_class.name)
    document.facts(
        [
            [("票决", str(candidate.campaign))],
            [("项目名称", candidate.project.title)],
            [("评选项目", place), ("结果", outcome)],
            [("批准依据", f"{candidate.campaign.approval_body} {candidate.campaign.approval_number}")],
        ]
    )
    for item in candidate.notice_items.select_related("notice").order_by("notice__round"):
        span = f"{day_label(item.notice.starts_on)}至{day_label(item.notice.ends_on)}"
        document.paragraph(f"第 {item.notice.round} 轮公示：{span}，{item.get_state_display()}{_because(item.reason)}")
    if award := Award.objects.filter(candidate=candidate).first():
        document.heading(1, "获奖")
        document.facts(_award_facts(award))
    return document


def notice_paper(notice: PublicNotice) -> OfficialDocument:
    """A round as it was published, who passed it, and what became of each item."""
    document = OfficialDocument(notice.title)
    document.paragraphs(notice.body)
    document.paragraph(f"受理方式：{notice.contact}")
    document.facts(
        [
            [("公示开始", day_label(notice.starts_on)), ("公示截止", day_label(notice.ends_on))],
            [("状态", notice.get_state_display())],
        ]
    )
    items = notice.items.select_related("candidate__project__lead_organization")
    document.heading(1, "公示项")
    document.table(
        ["奖项", "类别", "项目", "党组织", "结果"],
        [
            [
                item.award_title,
                item.class_name or NONE,
                item.candidate.project.title,
                item.candidate.project.lead_organization.name,
                f"{item.get_state_display()}{_because(item.reason or item.naming_decision)}",
            ]
            for item in items
        ],
        [28, 20, 46, 36, 26],
    )
    document.heading(1, "公开审查")
    document.table(
        ["步骤", "时间", "办理人", "说明"],
        [
            [
                publication.STEP_WORDS[publication.State(step.to_state)],
                moment_words(step.at),
                str(step.by or "系统"),
                step.reason,
            ]
            for step in publication.steps_of(notice)
        ],
        [30, 46, 36, 44],
    )
    return document


def objections_paper(campaign: Campaign) -> OfficialDocument:
    """Every objection with its course and reply, without who made it and what was written."""
    document = OfficialDocument("异议办理情况", number=str(campaign))
    rows = Objection.objects.filter(notice__campaign=campaign).select_related("item__candidate__project", "notice")
    document.table(
        ["编号", "渠道", "收到日期", "所指项目", "结果", "答复"],
        [
            [
                row.pk,
                f"{row.get_by_display()}{row.get_via_display()}",
                day_label(row.dated_on or row.received_on),
                str(row.item or "整份公示"),
                row.get_state_display(),
                row.reply,
            ]
            for row in rows.order_by("id")
        ],
        [12, 22, 28, 34, 20, 40],
    )
    return document


def awards_paper(campaign: Campaign) -> OfficialDocument:
    """The awards in force with their certificates' numbers and codes."""
    document = OfficialDocument(f"{campaign.season.name}书记项目评选获奖名单")
    for award in certificate_files.awards_of(campaign):
        document.facts([[("项目名称", award.project.title)], *_award_facts(award)])
    return document


def _award_facts(award: Award) -> list[list[tuple[str, str]]]:
    return [
        [("获奖党组织", award.organization_name)],
        [("奖项", award.title), ("生效日期", day_label(award.awarded_on))],
        [("证书编号", award.certificate_number), ("验证码", crockford.grouped(award.verification_code))],
        [("批准依据", award.basis)],
    ]


def _ranked(candidate: Candidate) -> dict[str, Any] | None:
    """The candidate's row of the result as it is public; none for one that has withdrawn."""
    result = json.loads(publishing.result_text(Tally.objects.get(campaign=candidate.campaign_id)))
    rows = (row for contest in result["contests"] for each in contest["classes"] for row in each["ranking"])
    return next((row for row in rows if row["candidate"] == candidate.code), None)


def _because(reason: str) -> str:
    return f"（{reason}）" if reason else ""
