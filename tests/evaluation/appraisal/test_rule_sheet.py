"""The rules as sentences: what the manifest says, in words that a voter understands; and the list of steps."""

from __future__ import annotations

import copy
from datetime import datetime

import pytest
from docx import Document

from common import days
from common.documents import OfficialDocument
from common.errors import ActionError
from common.exports import EXPORTS, ExportContext
from common.pdf import PdfDocument
from evaluation.appraisal import candidates, manifest, rule_sheet, setup_papers
from evaluation.appraisal.models import Campaign, Contest, ContestClass
from organizations.models import Organization
from tests.common.papers import pdf_pages
from tests.evaluation.appraisal import votes

KINDS = ("vote_rules", "vote_running_sheet", "vote_opening", "vote_addendum")


@pytest.fixture(autouse=True)
def _day(today):
    today(votes.BEFORE)


@pytest.fixture
def vote(district, cast):
    return votes.make_vote(district, cast, each=10)


def said(rules, heading):
    return next(list(part.sentences) for part in rule_sheet.sentences(rules) if part.heading == heading)


def everything(rules):
    return [sentence for part in rule_sheet.sentences(rules) for sentence in part.sentences]


def paper_of(vote, kind, tmp_path):
    """The paper in Word as lines of its paragraphs and cells."""
    path = tmp_path / f"{kind}.docx"
    context = ExportContext(
        user=vote.admin, params={"campaign": vote.campaign.code}, path=path, day=votes.BEFORE, job=None
    )
    EXPORTS[kind].build(context)
    document = Document(str(path))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return [paragraph.text for paragraph in document.paragraphs] + cells


def test_a_preview_is_what_the_lock_writes(vote):
    draft = rule_sheet.preview(vote.campaign)
    Campaign.objects.filter(pk=vote.campaign.pk).update(order_seed="2026138")
    locked = manifest.of(votes.lock(votes.Vote(vote.again(), vote.admin, vote.scrutineer)).campaign)
    parts = rule_sheet.sentences(locked)
    assert rule_sheet.sentences(draft) == parts
    assert [part.heading for part in parts] == [
        "评什么",
        "谁来投",
        "怎么投",
        "回避",
        "怎么计分",
        "怎么入选",
        "投票人数不足怎么办",
        "怎么保密",
        "公布什么",
        "公示和异议",
    ]
    assert rule_sheet.of(vote.again()) == locked


def test_a_preview_stores_nothing_and_counts_recusals(vote, district):
    voter = vote.voters("expert")[0]
    place = Organization.objects.get(name="十佳书记项目1党组织（示例）")
    vote.campaign.voters.filter(pk=voter.pk).update(organization=place)
    found = rule_sheet.preview(vote.campaign)
    code = vote.campaign.candidates.get(project__lead_organization=place).code
    assert found["recusals"] == {code: {"expert": 1}}
    assert not voter.recusals.exists()
    assert "按名册计算，共有 1 处回避。" in said(found, "回避")


def test_seats_and_choice(vote):
    rules = rule_sheet.preview(vote.campaign)
    assert said(rules, "评什么")[1:] == [
        "“十佳书记项目”：上台述评，候选项目 4 个，名额 2 个。",
        "“为民先锋项目”：汇编展评，候选项目 3 个，名额 1 个。",
        "“优秀书记项目”：分类选评，候选项目 3 个，名额 1 个。",
    ]
    assert said(rules, "怎么投")[:5] == [
        "投票时间：2026年12月1日 0:00至2026年12月3日 24:00；过了截止时刻，一秒也不再收票。",
        "每张票在“十佳书记项目”中最多选 2 个；可以少选，一个不选须确认弃权。",
        "每张票在“为民先锋项目”中最多选 1 个；可以少选，一个不选须确认弃权。",
        "每张票在“优秀书记项目”中最多选 1 个；可以少选，一个不选须确认弃权。",
        "网上多选时系统当场提示、不予提交；纸质票多选的，整张票无效。",
    ]


def test_classes_must_fill_and_more_than_half(vote):
    contest = vote.campaign.contests.get(code="new")
    contest.classes.update(name="园区企业")
    ContestClass.objects.create(contest=contest, number=2, name="社会组织", seats=3)
    Contest.objects.filter(pk=contest.pk).update(must_fill=True, over_half=True)
    rules = rule_sheet.preview(vote.again())
    assert "“优秀书记项目”：分类选评，园区企业候选项目 3 个，名额 1 个；社会组织候选项目 0 个，名额 3 个。" in said(
        rules, "评什么"
    )
    assert (
        "每张票在“优秀书记项目（社会组织）”中最多选 3 个；须选满名额（可选的候选项目不足名额时全选），"
        "一个不选须确认弃权。" in said(rules, "怎么投")
    )
    assert said(rules, "怎么入选")[1] == (
        "“优秀书记项目”的得分须超过 50 才能入选；不足的名额空缺，不以未过半的项目补足。"
    )


def test_categories_and_weights(vote):
    assert said(rule_sheet.preview(vote.campaign), "谁来投")[:2] == [
        "票决人员共 60 人，分 6 类：党建专家 10 人，权重 30.00；成员单位 10 人，权重 25.00；群众代表 10 人，"
        "权重 20.00；区领导（待确认） 10 人，权重 10.00；两代表一委员（待确认） 10 人，权重 10.00；"
        "基层党组织书记代表（待确认） 10 人，权重 5.00。",
        "各类权重合计 100.00。",
    ]


def test_ties_and_shortfall(vote):
    rules = rule_sheet.preview(vote.campaign)
    changed = copy.deepcopy(rules)
    changed["contests"][0]["tie_rule"] = "rates"
    changed["categories"][2]["tie_order"], changed["categories"][0]["tie_order"] = 2, 1
    changed["shortfall"], changed["categories"][5]["merge_into"] = "merge", "masses"
    assert said(rules, "怎么入选")[2] == (
        "“十佳书记项目”、“为民先锋项目”、“优秀书记项目”末位得分并列的，在并列者之间再次票决。"
    )
    assert said(changed, "怎么入选")[2:4] == [
        "“为民先锋项目”、“优秀书记项目”末位得分并列的，在并列者之间再次票决。",
        "“十佳书记项目”末位得分并列的，依次比较党建专家、群众代表的赞成率，仍相同的再次票决。",
    ]
    assert said(rules, "投票人数不足怎么办")[:2] == [
        "投票人数应达到名册的 2/3，每一类应达到该类的 1/2，且每一类不少于 5 人（该类名册本就不足的，应全部投票）。",
        "不足的，由管理员提出、监票人同意，记录在案后决定，没有决定之前不计票。",
    ]
    assert said(changed, "投票人数不足怎么办")[1] == (
        "某类人数不足的，按事先规定合并计票，权重相加：基层党组织书记代表（待确认）并入群众代表。"
    )


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("never", "分类别票数不公布"),
        ("safe", "各类有效票都不少于 10 张"),
        ("always", "经批准机关同意（区委〔2026〕9号），各类名册不少于 10 人时公布全部分类别票数。"),
    ],
)
def test_what_is_published_follows_the_manifest(vote, rule, words):
    rules = rule_sheet.preview(vote.campaign) | {"detail": rule, "detail_signoff": "区委〔2026〕9号。"}
    assert [words in sentence for sentence in said(rules, "公布什么")] == [False, False, True, False]


def test_points_are_whole_where_the_counts_are_withheld(vote):
    rules = rule_sheet.preview(vote.campaign)
    assert said(rules, "怎么计分")[-1] == (
        "得分用分数精确计算、按精确值比较，只在显示时四舍五入：到两位小数；不公布分类别票数的，公布时到整数。"
    )
    for rule, expected in (("never", True), ("safe", True), ("always", False)):
        words = said(rules | {"detail": rule, "detail_signoff": "同意"}, "公布什么")[2]
        assert ("只公布名次和取整的得分（四舍五入到整数）" in words) is expected


def test_notice_days_and_holders(vote):
    rules = rule_sheet.preview(vote.campaign) | {"notice_days": 7}
    assert said(rules, "公示和异议")[0] == "拟入选项目公示 7 个工作日，发布当日计入，节假日和调休按国家规定。"
    holders = "保管人甲（示例）（区纪委监委）、保管人乙（示例）（区委组织部）、保管人丙（示例）（区公证处）"
    assert sum(holders in sentence for sentence in everything(rules)) == 1


def test_an_empty_draft_can_be_read_too(vote):
    campaign = Campaign.objects.create(season=vote.campaign.season, title="空白")
    rules = rule_sheet.of(campaign)
    assert said(rules, "评什么") == ["空白，批准依据未填。这是由指定的票决人员投票的综合票决，不是网络投票。"]
    assert said(rules, "怎么投")[0].startswith("投票时间：（未填）至（未填）；")
    assert len(rule_sheet.steps(rules)) == 14


def test_the_steps_say_who_does_what(vote):
    steps = rule_sheet.steps(rule_sheet.preview(vote.campaign))
    assert [step.when for step in steps if "监票人" in step.who] == ["投票期间", "截止", "签字"]
    assert [step.when for step in steps if "组织部" in step.who] == ["公告", "公示", "公示期满", "归档"]
    assert steps[5].what.startswith("2026年12月1日 0:00 自动开始")
    assert steps[8].what.startswith("2026年12月3日 24:00 自动截止")


def test_the_steps_are_one_page_even_with_the_longest_days(vote, tmp_path):
    Campaign.objects.filter(pk=vote.campaign.pk).update(
        opens_at=datetime(2026, 12, 10, 10, 30, tzinfo=days.SHANGHAI),
        closes_at=datetime(2026, 12, 23, 17, 30, tzinfo=days.SHANGHAI),
        notice_days=10,
    )
    paper = PdfDocument("题")
    setup_papers.write_steps(paper, rule_sheet.preview(vote.again()))
    paper.save(tmp_path / "steps.pdf")
    assert len(pdf_pages(tmp_path / "steps.pdf")) == 2  # that of the title, and theirs


def test_the_printed_sheet_ends_with_the_steps(vote, tmp_path):
    draft = paper_of(vote, "vote_rules", tmp_path)
    assert draft[0] == "2026年度综合票决（示例）规则单"
    assert "（草稿，2026年11月30日；锁定之前都可能修改。）" in draft
    rules = rule_sheet.preview(vote.campaign)
    assert [sentence for sentence in everything(rules) if sentence not in draft] == []
    assert draft[-1] == rule_sheet.steps(rules)[-1].what
    votes.lock(vote)
    locked = paper_of(vote, "vote_rules", tmp_path)
    assert f"规则清单的 SHA-256 摘要：{vote.campaign.manifest_sha256}。" in locked


def test_papers_before_and_after_the_lock(vote, tmp_path):
    for kind in KINDS[1:]:
        with pytest.raises(ActionError):
            paper_of(vote, kind, tmp_path)
    votes.lock(vote)
    running = paper_of(vote, "vote_running_sheet", tmp_path)
    rows = vote.campaign.candidates.exclude(presentation=None).order_by("presentation")
    assert [
        text
        for text in running
        if text.startswith("十佳书记项目")
        and text.endswith("（示例）")
        and "书记（" not in text
        and "党组织" not in text
    ] == [row.project.title for row in rows.select_related("project")]
    # Whoever has the sheet can draw the lot again: seed, code of the contest and codes of the projects are on it.
    known = set(vote.campaign.candidates.values_list("code", flat=True))
    printed = [text for text in running if text in known]
    assert any(f"抽签种子：{vote.campaign.order_seed}。" in line for line in running)
    assert "评选项目代码：committee。" in running
    assert printed == manifest.shuffled_by(f"{vote.campaign.order_seed}/committee/stage", printed)
    assert printed == list(rows.values_list("code", flat=True))
    opening = paper_of(vote, "vote_opening", tmp_path)
    for text in (
        vote.campaign.manifest_sha256,
        vote.campaign.order_seed,
        "空，0 张",
        "60",
        "监票人",
        "2026年11月30日 ",
    ):
        assert any(text in line for line in opening), text
    gone = vote.campaign.candidates.first()
    candidates.withdraw_candidate(candidate=gone, reason="主动申请退出", by=vote.by)
    assert "主动申请退出" in paper_of(vote, "vote_addendum", tmp_path)


def test_papers_are_for_who_may_open_the_campaign(vote, cast):
    params = {"campaign": vote.campaign.code}
    may = {
        who: EXPORTS[kind].may(getattr(cast, who), params)
        for kind in (*KINDS, *(f"{kind}_pdf" for kind in KINDS))
        for who in ("evaladmin", "officer", "leader", "scrutineer", "secretary", "auditor")
    }
    assert [who for who, found in may.items() if found] == ["evaladmin", "officer", "leader", "scrutineer"]
    assert setup_papers.named("规则单")(params) == "2026年度综合票决（示例）规则单"


@pytest.mark.parametrize("make", [OfficialDocument, PdfDocument])
def test_the_order_on_stage_is_the_seeds(vote, make):
    votes.lock(vote)
    order = setup_papers.running_order(vote.campaign)
    assert [contest.code for contest, _ in order] == ["committee"]
    codes = [row.code for row in order[0][1]]
    assert codes == manifest.shuffled_by(f"{vote.campaign.order_seed}/committee/stage", codes)
    assert make("题")
