"""An open vote for the browser: `python -m tests.browser.vote_world` fills an empty database.

The voters' codes go into `votes.json` of the portal's folder, as slips would carry them: `plain` of voters whom
nothing concerns, `recused` of one whose organization has a candidate. `branchsec` votes by account.
"""

from __future__ import annotations

import json
import os
from datetime import date
from typing import Any

import django
from django.db import transaction

START = date(2026, 12, 2)
TITLES = [
    *("红色物业提升行动", "园区党建“双向奔赴”", "老旧小区加装电梯协商机制", "雨花骑手之家", "流动党员家门口报到"),
    *("软件谷青年先锋队", "铁心桥书记议事会", "板桥新城治水攻坚", "古雄街道便民微更新", "西善桥夜间经济党群服务"),
    *("社区助餐五分钟圈", "企业服务“一码通”"),
]
ORGANIZATIONS = [f"{name}党工委" for name in ("雨花", "赛虹桥", "宁南", "铁心桥", "板桥", "古雄", "西善桥", "梅山")]
OUTCOME = (
    "全年走访居民 1200 余户，办结急难愁盼事项 86 件，群众满意率由 81% 升至 94%。\n"
    "建立“周收集、月会商、季公示”机制，党员带头认领，物业、社区、居民三方共同评议。"
)


def build() -> dict[str, Any]:
    """Twelve candidates for ten seats, three for one, and two classes of two and three."""
    from common import days
    from evaluation.appraisal import candidates, electors, lifecycle, locking
    from evaluation.appraisal.models import Candidate, ContestClass, Voter
    from tests import factories
    from tests.evaluation.appraisal import votes

    district = factories.make_district()
    cast = factories.make_cast(district)
    contests = [(*votes.CONTESTS[0][:4], 12, 10), votes.CONTESTS[1], votes.CONTESTS[2]]
    vote = votes.make_vote(district, cast, each=8, contests=contests)
    dress(vote)
    first = Candidate.objects.filter(contest_class__contest__code="committee").earliest("id")
    member = vote.voters("member")[0]
    Voter.objects.filter(pk=member.pk).update(organization=first.project.lead_organization)
    elector = vote.voters("secretary")[0]
    Voter.objects.filter(pk=elector.pk).update(channel="account", person=cast.branchsec.person)
    contest = vote.campaign.contests.get(code="new")
    contest.classes.update(name="机关事业类（示例）")
    more = ContestClass.objects.create(contest=contest, number=2, name="新经济组织类（示例）", seats=1)
    for turn, title in enumerate(("楼宇里的党员先锋岗（示例）", "电商直播助农（示例）"), start=1):
        place = factories.make_org(district.root, "branch", f"新经济组织{turn}党支部（示例）")
        secretary = factories.make_person(f"示例书记{turn}")
        project = votes.closed_project(place, secretary, contest.track, title)
        with days.pretend(votes.BEFORE):
            candidates.add_candidate(contest_class=more, project=project, by=vote.by)
    with days.pretend(votes.BEFORE):
        vote.campaign = locking.lock(campaign=vote.campaign, by=vote.by)
    with days.pretend(START):
        lifecycle.open_vote(campaign=vote.campaign, by=vote.by)
        others = Candidate.objects.filter(contest_class__contest__code="committee").exclude(pk=first.pk)
        gone = others.latest("number")
        candidates.withdraw_candidate(candidate=gone, reason="牵头单位申请退出（示例）", by=vote.by)
        plain = [*vote.voters("expert"), *vote.voters("masses"), *vote.voters("leader"), *vote.voters("delegate")]
        issued = electors.issue_codes(campaign=vote.campaign, voters=[*plain, member], by=vote.by)
    codes = {voter.pk: code for voter, code in issued}
    return {
        "campaign": vote.campaign.code,
        "plain": [codes[voter.pk] for voter in plain],
        "recused": codes[member.pk],
    }


def dress(vote: Any) -> None:
    """Titles, organizations and texts as long as real ones."""
    from evaluation.appraisal.models import Candidate

    rows = Candidate.objects.filter(campaign=vote.campaign).select_related("project__closing")
    for turn, row in enumerate(rows.order_by("id")):
        project = row.project
        project.title = f"{TITLES[turn % len(TITLES)]}（示例）"
        project.save(update_fields=["title"])
        place = project.lead_organization
        place.name = f"{ORGANIZATIONS[turn % len(ORGANIZATIONS)]}{turn + 1}（示例）"
        place.save(update_fields=["name"])
        project.closing.outcome = OUTCOME
        project.closing.save(update_fields=["outcome"])


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    django.setup()
    # One commit: the file database is on a disk.
    from django.conf import settings

    (settings.VAR_DIR / "votes.json").write_text(json.dumps(transaction.atomic(build)()), encoding="utf-8")
