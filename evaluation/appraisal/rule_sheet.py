"""The rules of a vote as Chinese sentences (规则单), from the manifest alone: on the lock page, in public and on paper.

What a voter reads is what the count obeys: both come from the same manifest.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from common.templatetags.ui import day_label, points
from evaluation.appraisal import locking, manifest, recusal
from evaluation.appraisal.layout import section_title
from evaluation.appraisal.models import Campaign, Contest, Recusal

Rules = Mapping[str, Any]
UNSET = "（未填）"
MANAGER, CLOCK, BOTH = "管理员", "系统", "管理员、监票人"
DEPARTMENT, PUBLISHERS = "组织部", "管理员、组织部"
ELECTORS = "谁来投"
LOT = "用“种子/评选项目代码/ballot（或 stage）:项目编号”的 SHA-256 从小到大排序，任何人都可以重算。"
METHODS = dict(Contest.Method.choices)


@dataclass(frozen=True, slots=True)
class Part:
    """A heading and its sentences."""

    heading: str
    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the vote on paper: when, who, and what they do."""

    when: str
    who: str
    what: str


def preview(campaign: Campaign, recused: Iterable[Recusal] | None = None) -> dict[str, Any]:
    """The manifest as the lock would write it now; recusals are computed unless given, nothing is stored."""
    return manifest.build(
        campaign, locking.verifier_sha256(), recusal.reasons(campaign) if recused is None else recused
    )


def of(campaign: Campaign, recused: Iterable[Recusal] | None = None) -> dict[str, Any]:
    """The rules of a campaign: the manifest once it is locked, its preview before (and if voided as a draft)."""
    return manifest.of(campaign) if campaign.manifest else preview(campaign, recused)


def sentences(rules: Rules) -> list[Part]:
    """The rules in words, grouped; pure. `rules` is a manifest or a preview of one."""
    return [
        Part("评什么", (_basis(rules), *(_contest(row) for row in rules["contests"]))),
        Part(ELECTORS, _electors(rules)),
        Part("怎么投", _voting(rules)),
        Part("回避", _recusals(rules)),
        Part("怎么计分", _scoring(rules)),
        Part("怎么入选", _winning(rules)),
        Part("投票人数不足怎么办", _shortfall(rules)),
        Part("怎么保密", _secrecy(rules)),
        Part("公布什么", _published(rules)),
        Part("公示和异议", _notice(rules)),
    ]


def steps(rules: Rules) -> list[Step]:
    """Who does what from the lock to the archive, for somebody who has only this sheet; pure. It fits on one page."""
    opens, closes, days = _moment(rules["opens_at"]), _moment(rules["closes_at"], end=True), rules["notice_days"]
    return [
        Step("锁定之前", MANAGER, "在“年度评选”逐页填好；批准依据、人数偏少的书面同意在“基本信息”。"),
        Step("锁定之前", "保管人", "在管理员打开的“票箱密钥”页各得一份，打印封存，做开箱演练。"),
        Step("锁定", MANAGER, "在“规则与锁定”先印草稿核对，再锁定；印规则单和开票前记录，到场人员签字。"),
        Step("公告", PUBLISHERS, "投票开始前办完：管理员在“评选公告”提出；组织部在同一页保密审查、审批、发布。"),
        Step("发票", MANAGER, "在“名册”的“发放投票码”打印选票单，密封送达；在“纸质票”印空白票。"),
        Step("开始", CLOCK, f"{opens} 自动开始；管理员在“投票进度”看总人数，按名单催票。"),
        Step("投票期间", "票决人员", "凭投票码（或账号）选择、核对、投出，记追踪号。"),
        Step("投票期间", BOTH, "在“纸质票”登记领票、交票，两人各录一遍；不一致时系统指出位置，核对后重录。"),
        Step("截止", BOTH, f"{closes} 自动截止、混票；人数不足的停下，管理员在“投票进度”提出办法，监票人同意再混。"),
        Step("计票", "保管人", "任意两位到场，在管理员打开的“计票”页输入密钥开箱计票。"),
        Step("签字", "监票人", "在“结果”核对后签字，印计票记录，到场人员签名；末位并列的，管理员在同页组织再次票决。"),
        Step(
            "公示",
            PUBLISHERS,
            f"管理员在“公示与异议”按结果拟定、提出；组织部保密审查、审批、发布，公示 {days} 个工作日。",
        ),
        Step(
            "公示期满",
            DEPARTMENT,
            "次日自动生效，也可点同页“公示期满，结果生效”；有异议的那一项等办结，成立的由管理员另提一轮公示。",
        ),
        Step("归档", PUBLISHERS, "管理员在“获奖与证书”印证书，组织部决定梯队晋级，再点同页的“归档”；密钥封存或销毁。"),
    ]


def weight_rows(rules: Rules) -> list[tuple[str, str, str]]:
    """Name, weight and number of each category, as they are printed."""
    return [(category_name(row), points(row["weight"]), str(row["roll"])) for row in rules["categories"]]


def category_name(row: Mapping[str, Any]) -> str:
    return f"{row['name']}（待确认）" if row["unconfirmed"] else str(row["name"])


# --- the parts ---


def _basis(rules: Rules) -> str:
    given = rules["approval"]
    full = given["number"] and given["body"] and given["on"]
    day = day_label(date.fromisoformat(given["on"])) if full else ""
    basis = f"{given['body']}批准（{given['number']}，{day}）" if full else "批准依据未填"
    again = "本次为末位并列后的再次票决。" if rules["runoff_of"] else ""
    return f"{rules['title']}，{basis}。{again}这是由指定的票决人员投票的综合票决，不是网络投票。"


def _contest(row: Rules) -> str:
    classes = row["classes"]
    if not classes:
        return f"“{row['award']}”：{METHODS[row['method']]}，名额未设。"
    each = "；".join(f"{one['name']}候选项目 {len(one['candidates'])} 个，名额 {one['seats']} 个" for one in classes)
    return f"“{row['award']}”：{METHODS[row['method']]}，{each}。"


def _electors(rules: Rules) -> tuple[str, ...]:
    rows = rules["categories"]
    total = sum(row["roll"] for row in rows)
    weights = "；".join(f"{category_name(row)} {row['roll']} 人，权重 {points(row['weight'])}" for row in rows)
    found = [
        f"票决人员共 {total} 人，分 {len(rows)} 类：{weights}。",
        f"各类权重合计 {points(sum(row['weight'] for row in rows))}。",
        "一人只归入一个类别，只投一次票，不得委托他人投票。",
    ]
    if any(row["unconfirmed"] for row in rows):
        found.append("标明“待确认”的类别名称尚未经主管部门确认。")
    if rules["small_signoff"]:
        found.append(f"有的类别人数偏少，已经书面同意：{rules['small_signoff'].rstrip('。')}。")
    return tuple(found)


def _voting(rules: Rules) -> tuple[str, ...]:
    until = _moment(rules["closes_at"], end=True)
    found = [f"投票时间：{_moment(rules['opens_at'])}至{until}；过了截止时刻，一秒也不再收票。"]
    for contest in rules["contests"]:
        for each in contest["classes"]:
            less = "须选满名额（可选的候选项目不足名额时全选）" if contest["must_fill"] else "可以少选"
            found.append(
                f"每张票在“{section_title(contest['award'], each['name'])}”中最多选 {each['seats']} 个；"
                f"{less}，一个不选须确认弃权。"
            )
    return (
        *found,
        "网上多选时系统当场提示、不予提交；纸质票多选的，整张票无效。",
        "票面上候选项目的顺序由抽签决定，与名次无关。",
        "投出后得到一个追踪号，可以在公布的清单里查到自己的票在票箱中；追踪号不显示选了谁，投出后不能更改。",
    )


def _recusals(rules: Rules) -> tuple[str, ...]:
    number = sum(sum(by_category.values()) for by_category in rules["recusals"].values())
    counted = f"按名册计算，共有 {number} 处回避。" if number else "按名册计算，没有需要回避的情形。"
    return (
        "本人所在党组织及其上级、下级党组织的项目，本人领题、参加或评审过的项目，都须回避。",
        "须回避的候选项目在选票上变灰并写明原因，不能选；计分时，这一票不计入该项目的分母。",
        counted,
    )


def _scoring(rules: Rules) -> tuple[str, ...]:
    return (
        "某类的赞成率 = 该类投给这个项目的赞成票 ÷ 该类对这个项目不须回避的有效票。",
        "项目得分 = 各类的赞成率 × 该类权重，相加，满分 100。",
        "某类投出有效票的人对这个项目都须回避的，该类对它不计，其余各类按权重折算到满分 100。",
        "得分用分数精确计算、按精确值比较，只在显示时四舍五入：到两位小数；不公布分类别票数的，公布时到整数。",
    )


def _winning(rules: Rules) -> tuple[str, ...]:
    found = ["每个评选项目（分类的，每一类）按得分从高到低，在名额之内入选。"]
    halves = [row["award"] for row in rules["contests"] if row["over_half"]]
    if halves:
        found.append(f"{_quoted(halves)}的得分须超过 50 才能入选；不足的名额空缺，不以未过半的项目补足。")
    else:
        found.append("不要求得分超过 50。")
    runoff = [row["award"] for row in rules["contests"] if row["tie_rule"] == Contest.TieRule.RUNOFF]
    rates = [row["award"] for row in rules["contests"] if row["tie_rule"] == Contest.TieRule.RATES]
    if runoff:
        found.append(f"{_quoted(runoff)}末位得分并列的，在并列者之间再次票决。")
    if rates:
        found.append(f"{_quoted(rates)}末位得分并列的，依次比较{_tie_order(rules)}的赞成率，仍相同的再次票决。")
    found.append("并列时不以编号、姓名、单位顺序决定先后。")
    found.append("锁定后候选项目退出的，另行公告：它得到的赞成票不计，选票仍然有效；余下项目不足名额的，空缺名额不补。")
    return tuple(found)


def _shortfall(rules: Rules) -> tuple[str, ...]:
    whole, each = "/".join(map(str, rules["quorum"])), "/".join(map(str, rules["category_quorum"]))
    found = [
        f"投票人数应达到名册的 {whole}，每一类应达到该类的 {each}，且每一类不少于 {rules['category_minimum']} 人"
        "（该类名册本就不足的，应全部投票）。"
    ]
    merged = [row for row in rules["categories"] if row["merge_into"]]
    if rules["shortfall"] == Campaign.Shortfall.MERGE and merged:
        names = {row["code"]: category_name(row) for row in rules["categories"]}
        pairs = "、".join(f"{category_name(row)}并入{names[row['merge_into']]}" for row in merged)
        found.append(f"某类人数不足的，按事先规定合并计票，权重相加：{pairs}。")
        found.append("没有规定合并的，以及总人数不足的，由管理员提出、监票人同意，记录在案后决定，没有决定之前不计票。")
    else:
        found.append("不足的，由管理员提出、监票人同意，记录在案后决定，没有决定之前不计票。")
    found.append(
        "可以决定的办法：延长投票、并入另一类别（权重相加）、不计该类（权重按比例分给其余各类）、按实际票数计票。"
    )
    found.append("某类没有一张有效票的，停止计票，同样提出、同意，只能并入另一类别或不计。")
    return tuple(found)


def _secrecy(rules: Rules) -> tuple[str, ...]:
    return (
        "无记名投票。选票加密后才存入票箱，名册只记“是否已投”，不记时间；任何记录都不把选票和投票人联系起来。",
        f"选票满 {rules['lot_size']} 张为一批打乱次序；截止后票箱和名册整体打乱重写。",
        f"票箱密钥由{_holders(rules)}分别保管，任意两人到场才能开箱，任何一人单独打不开，系统不留存密钥。",
        "截止之前只显示投票人数，任何人都看不到得票。",
        "不能防范、须靠制度约束的：服务器运维人员与两名密钥保管人串通，投票人的手机被人监视。",
    )


def _published(rules: Rules) -> tuple[str, ...]:
    withheld = "只公布名次和取整的得分（四舍五入到整数），不公布带小数的得分；分类别票数由监票人保管，公布它的摘要。"
    signoff = rules["detail_signoff"].rstrip("。")
    detail = {
        Campaign.Detail.NEVER.value: f"分类别票数不公布，{withheld}",
        Campaign.Detail.SAFE.value: "各类有效票都不少于 10 张、且没有哪一类对哪个项目是全票或零票时，"
        f"公布全部分类别票数；否则各类都不公布，{withheld}",
        Campaign.Detail.ALWAYS.value: f"经批准机关同意（{signoff}），各类名册不少于 10 人时公布全部分类别票数。",
    }[rules["detail"]]
    return (
        "锁定时：本规则、候选项目和规则清单的摘要。锁定之后规则不再改动，作废重来须说明原因。",
        "投票期间：分批公布追踪号，每批的摘要与上一批相连，增删一票都能看出来。",
        f"计票签字、审核批准后：结果、追踪号清单、核验程序。{detail}",
        "任何时候都不公布单张选票。",
    )


def _notice(rules: Rules) -> tuple[str, ...]:
    return (
        f"拟入选项目公示 {rules['notice_days']} 个工作日，发布当日计入，节假日和调休按国家规定。",
        "异议须在公示期内实名提出并留联系方式；单位提出的须盖章，信函以邮戳日期为准，不受理匿名的含糊线索。",
        "未办结的异议只影响所指的那一项；有项目被取消的，按名次依次递补（须过半的奖项，递补者也须过半）；结果有变动的，重新公示，天数重新起算。",
    )


# --- words ---


def _tie_order(rules: Rules) -> str:
    rows = sorted((row for row in rules["categories"] if row["tie_order"]), key=lambda row: row["tie_order"])
    return "、".join(category_name(row) for row in rows) or "指定类别（未填）"


def _holders(rules: Rules) -> str:
    rows = [f"{row['name']}（{row['body']}）" for row in rules["key_holders"]]
    return "、".join(rows) or "三名密钥保管人"


def _quoted(names: Sequence[str]) -> str:
    return "、".join(f"“{name}”" for name in names)


def _moment(text: str | None, *, end: bool = False) -> str:
    """A moment of the manifest as “2026年12月1日 9:00”; an end at midnight is 24:00 of the day before."""
    if not text:
        return UNSET
    moment = datetime.fromisoformat(text)
    if end and (moment.hour, moment.minute) == (0, 0):
        return f"{day_label(moment.date() - timedelta(days=1))} 24:00"
    return f"{day_label(moment.date())} {moment.hour}:{moment.minute:02}"
