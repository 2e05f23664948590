"""The sample's season, tracks and projects. Titles are invented but for the two that the publication names."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from brands.loading import source_row, write_facts
from brands.models import Brand
from brands.programme import named_projects
from common import days, publication
from common.actors import Actor
from common.text import nested_quotes
from organizations.models import Organization
from portal.sample.people import Cast
from projects import actions, library
from projects.models import Criterion, Project, ProjectFeature, ProjectFigure, Season, Track, TrackKind
from projects.plans import ItemInput, draft_plan

# (weight in 0.01 point, first day and last day as shares of the year, title)
SHAPES: list[list[tuple[int, float, float, str]]] = [
    [
        (2000, 0.00, 0.20, "调研摸底、建章立制"),
        (3000, 0.12, 0.50, "建强阵地和队伍"),
        (3500, 0.35, 0.85, "开展服务、推动落地"),
        (1500, 0.75, 1.00, "总结提升、形成品牌"),
    ],
    [
        (2500, 0.00, 0.30, "梳理需求和资源清单"),
        (4500, 0.20, 0.75, "项目化认领、逐项办理"),
        (3000, 0.65, 1.00, "评估成效、固化机制"),
    ],
    [
        (1500, 0.00, 0.15, "组建工作专班"),
        (2500, 0.08, 0.40, "试点先行"),
        (3500, 0.35, 0.80, "全面推开"),
        (1500, 0.70, 0.92, "回访整改"),
        (1000, 0.88, 1.00, "形成案例"),
    ],
]
STREET, COMMUNITY, NEW = "committee", "community", "new"
TRACKS = [
    (STREET, "党（工）委赛道", "十佳书记项目", "党（工）委书记上台述评", "DGW"),
    (COMMUNITY, "社区赛道", "为民先锋项目", "社区书记项目汇编展评", "SQ"),
    (NEW, "“两新”组织赛道", "优秀书记项目", "“两新”组织书记项目分类选评", "LX"),
]
# 前瞻、创新、实效 are the district's words; the weights are the sample's.
CRITERIA = [
    ("前瞻", 3000, "立足全局和长远，抓住下一步要解决的问题"),
    ("创新", 3000, "思路、机制、方法有新意，可推广"),
    ("实效", 4000, "措施具体、目标可查，群众和企业得实惠"),
]
ADMITS = {
    STREET: [
        *(("working_committee", s) for s in ("agency", "street", "park")),
        *(("committee", s) for s in ("agency", "park", "social_organization")),
        ("general_branch", "agency"),
        ("leading_group", "agency"),
        ("industry_committee", ""),
    ],
    COMMUNITY: [("committee", "community"), ("general_branch", "community"), ("branch", "community")],
    NEW: [
        (kind, sector)
        for kind in ("committee", "general_branch", "branch", "joint_branch")
        for sector in ("private_enterprise", "social_organization", "park")
    ],
}


@dataclass(frozen=True, slots=True)
class Spec:
    """A project: title, lead organization, track, field, brand codes, and its story (portal.sample.reports)."""

    title: str
    place: str
    track: str
    field: str
    brands: tuple[str, ...] = ()
    story: str = "steady"


REAL = {"红色物业", "红色客厅"}
SPECS = [
    Spec("红色物业", "housing", STREET, "community", story="ahead"),
    Spec("红色客厅", "shopping", STREET, "business_district", ("zhongxinhui",), "steady"),
    Spec("街道“大党委”联建共治", "street1", STREET, "regional", ("yuhua-hongqiao",), "main"),
    Spec("“三级网格”党支部建强", "street1", STREET, "grid", ("yuhua-hongqiao",), "slow"),
    Spec("新就业群体友好街道", "street1", STREET, "grid", story="silent"),
    Spec("枢纽先锋联盟共建", "station", STREET, "regional", ("alliance-360",), "steady"),
    Spec("片区企业需求联办", "station", STREET, "regional", ("alliance-360",), "slow"),
    Spec("园区党建指导员提质", "valley", STREET, "private_enterprise", ("yuhua-honggu",), "ahead"),
    Spec("软件产业先锋链", "software", STREET, "private_enterprise", ("yuhua-honggu",), "waiting"),
    Spec("社会组织“五同步”提升", "social", STREET, "social_organization", ("red-navigation",), "steady"),
    Spec("机关党员下沉一线", "agencies", STREET, "agency", ("hero-branch",), "steady"),
    Spec("“一支部一难题”攻坚", "agency1", STREET, "agency", ("hero-branch",), "stalled"),
    Spec("政务服务“一件事”提速", "agency2", STREET, "efficiency", ("yuhua-saihong",), "slow"),
    Spec("重点工程先锋专班", "agency4", STREET, "efficiency", ("yuhua-saihong",), "steady"),
    Spec("物业行业红色领航", "property", STREET, "community", story="recovering"),
    Spec("街道干部“沉网入格”", "street2", STREET, "grid", ("yuhua-hongqiao",), "steady"),
    Spec("老旧片区更新先锋队", "street2", STREET, "community", story="stalled"),
    Spec("“民情坊”直办直达", "street3", STREET, "grid", ("yuhua-hongqiao",), "returned"),
    Spec("保障房片区共同体", "street4", STREET, "community", ("shanyu-daishan",), "steady"),
    Spec("“宜居园”共建共享", "street5", STREET, "grid", ("yuhua-hongqiao",), "late"),
    Spec("街道青年先锋营", "street6", STREET, "efficiency", story="quiet"),
    Spec("小区党支部全覆盖", "street1c1", COMMUNITY, "community", story="steady"),
    Spec("楼道红管家", "branch1", COMMUNITY, "community", story="slow"),
    Spec("一老一小关爱行动", "branch2", COMMUNITY, "community", story="steady"),
    Spec("居民议事厅提升", "street1c2", COMMUNITY, "community", story="stalled"),
    Spec("邻里互助志愿队", "street1c3", COMMUNITY, "community", story="ahead"),
    Spec("老旧小区加装电梯协商", "street1c4", COMMUNITY, "community", story="quiet"),
    Spec("社区“红色小屋”", "street2c1", COMMUNITY, "community", story="steady"),
    Spec("飞线充电治理", "street2c2", COMMUNITY, "community", story="slow"),
    Spec("社区书记接待日", "street2c3", COMMUNITY, "grid", ("yuhua-hongqiao",), "waiting"),
    Spec("“大教育”进楼院", "street4c1", COMMUNITY, "community", ("shanyu-daishan",), "steady"),
    Spec("志愿服务积分银行", "street4c2", COMMUNITY, "community", ("shanyu-daishan",), "silent"),
    Spec("资源共享清单", "street4c3", COMMUNITY, "community", ("shanyu-daishan",), "stalled"),
    Spec("网格微心愿", "street3c1", COMMUNITY, "grid", ("yuhua-hongqiao",), "steady"),
    Spec("城管物管进网格", "street3c2", COMMUNITY, "grid", story="late"),
    Spec("睦邻食堂共建", "street5c1", COMMUNITY, "community", story="stalled"),
    Spec("乡风文明积分制", "street6c1", COMMUNITY, "grid", ("yuhua-hongqiao",), "ahead"),
    Spec("党建与研发双促进", "firm1", NEW, "private_enterprise", ("yuhua-honggu",), "steady"),
    Spec("青年工程师先锋岗", "firm2", NEW, "private_enterprise", ("yuhua-honggu",), "slow"),
    Spec("开源公益技术服务队", "firm3", NEW, "private_enterprise", story="steady"),
    Spec("楼宇党建“双孵化”", "firm4", NEW, "private_enterprise", ("yuhua-honggu",), "stalled"),
    Spec("楼宇午间党课", "firm5", NEW, "private_enterprise", ("yuhua-honggu",), "quiet"),
    Spec("物业服务亮身份", "property1", NEW, "community", story="steady"),
    Spec("高空抛物联防", "property2", NEW, "community", story="waiting"),
    Spec("社工服务先锋队", "social1", NEW, "social_organization", ("red-navigation",), "steady"),
    Spec("公益创投红色引擎", "social2", NEW, "social_organization", ("red-navigation",), "slow"),
    Spec("“双星”支部创建", "social3", NEW, "social_organization", ("red-navigation",), "recovering"),
    Spec("商户联席议事会", "shopping1", NEW, "business_district", ("zhongxinhui",), "steady"),
    Spec("枢纽工地临时党支部", "station1", NEW, "regional", ("alliance-360",), "suspended"),
    Spec("流动党员之家", "shopping", STREET, "business_district", ("zhongxinhui",), "approved"),
    # Small ones that were done early: they stand in the open vote.
    Spec("群众诉求“一本账”", "street1", STREET, "grid", story="early"),
    Spec("背街小巷先锋认领", "street2", STREET, "community", story="early"),
    Spec("“双报到”精准派单", "street3", STREET, "grid", story="early"),
    Spec("骑手友好驿站", "street5", STREET, "grid", story="early"),
    Spec("楼宇党群会客厅", "valley", STREET, "private_enterprise", story="early"),
    Spec("楼道微更新", "street2c4", COMMUNITY, "community", story="early"),
    Spec("“板凳会”说事", "street3c3", COMMUNITY, "community", story="early"),
    Spec("银龄智能课堂", "street5c2", COMMUNITY, "community", story="early"),
    Spec("邻里充电角", "street6c2", COMMUNITY, "community", story="early"),
    Spec("技术党员结对攻关", "firm1", NEW, "private_enterprise", story="early"),
    Spec("午休微党课", "firm2", NEW, "private_enterprise", story="early"),
    Spec("楼宇安全先锋哨", "firm4", NEW, "private_enterprise", story="early"),
    Spec("助老服务进家门", "social2", NEW, "social_organization", story="early"),
    Spec("困境儿童成长陪伴", "social3", NEW, "social_organization", story="early"),
]
PREPARED = timedelta(days=20)
EARLY_MONTHS = 2


def create_season(today: date) -> Season:
    """Twelve months that began nine months before the current one, with three tracks."""
    starts_on = days.add_months(days.month_start(today), -9)
    season = Season.objects.create(
        code=f"{starts_on:%Y%m}",
        name=f"{starts_on.year}年度",
        starts_on=starts_on,
        ends_on=days.add_months(starts_on, 12) - timedelta(days=1),
        one_project_per_organization=False,
    )
    add_rules(season)
    return season


def add_rules(season: Season) -> None:
    """The three tracks and the three criteria of every sample season."""
    for position, (code, name, award, method, archive_code) in enumerate(TRACKS, start=1):
        track = Track.objects.create(
            season=season,
            code=code,
            name=name,
            award_title=award,
            method=method,
            archive_code=archive_code,
            position=position,
        )
        TrackKind.objects.bulk_create(TrackKind(track=track, kind=k, sector=s) for k, s in ADMITS[code])
    for position, (name, weight, hint) in enumerate(CRITERIA, start=1):
        Criterion.objects.create(season=season, name=name, weight=weight, hint=hint, position=position)
    season.criteria_total = sum(weight for _, weight, _ in CRITERIA)
    season.save(update_fields=["criteria_total"])


def create_projects(
    season: Season, organizations: dict[str, Organization], cast: Cast, by: Actor
) -> dict[Project, Spec]:
    """Every project with a frozen plan, running since the season's first day (but for those that are not)."""
    facts = {entry["name"]: entry for entry in named_projects()}
    made: dict[Project, Spec] = {}
    for turn, spec in enumerate(SPECS):
        ends_on = days.add_months(season.starts_on, EARLY_MONTHS) - timedelta(days=1)
        values: dict[str, Any] = {"ends_on": ends_on} if spec.story == "early" else {}
        contact = None if turn % 12 == 3 else cast.contacts[turn % 2]
        values |= {"contact": contact.person if contact else None}
        project = create_approved(season, organizations, cast, by, spec, SHAPES[turn % len(SHAPES)], **values)
        if entry := facts.get(spec.title):
            write_facts(entry, source_row(), figures=ProjectFigure, features=ProjectFeature, project=project)
        with days.pretend(season.starts_on):
            if spec.story != "approved":
                actions.change_state(project=project, to="running", by=by)
            if turn % 9 != 8:
                publish(project, Actor.person(cast.accounts["officer"], "sample"))
        made[project] = spec
    return made


def create_approved(
    season: Season,
    organizations: dict[str, Organization],
    cast: Cast,
    by: Actor,
    spec: Spec,
    shape: list[tuple[int, float, float, str]],
    **values: Any,
) -> Project:
    """A project with its number and its frozen plan, approved before its season began."""
    with days.pretend(season.starts_on - PREPARED):
        project = actions.create_project(
            track=season.tracks.get(code=spec.track),
            lead_organization=organizations[spec.place],
            lead_secretary=cast.secretary_of(spec.place).person,
            by=by,
            title=spec.title if spec.title in REAL else f"{spec.title}（示例）",
            field=spec.field,
            is_sample=True,
            **{"starts_on": season.starts_on, "ends_on": season.ends_on, **_texts(spec), **values},
        )
        project.brands.set(Brand.objects.filter(code__in=spec.brands))
        _plan(project, shape, by)
        for state in ("submitted", "in_review"):
            actions.change_state(project=project, to=state, by=by)
        library.approve_project(project=project, by=by)
    project.refresh_from_db()
    return project


def publish(project: Project, by: Actor) -> None:
    """Through the four steps, as everything that becomes public."""
    publication.propose(obj=project, content={"summary": project.summary}, by=by)
    for step in (publication.clear, publication.approve, publication.publish):
        step(obj=project, by=by)
    project.refresh_from_db()


def _plan(project: Project, shape: list[tuple[int, float, float, str]], by: Actor) -> None:
    length = (project.ends_on - project.starts_on).days
    items = [
        ItemInput(
            title=title,
            weight=weight,
            start=project.starts_on + timedelta(days=round(length * start)),
            due=project.starts_on + timedelta(days=round(length * due)),
        )
        for weight, start, due, title in shape
    ]
    draft_plan(project=project, items=items, effective_from=project.starts_on, by=by)


def _texts(spec: Spec) -> dict[str, str]:
    if spec.title in REAL:
        return {"summary": nested_quotes(f"“{spec.title}”是公开报道中提到的书记项目；本页的计划和进度为示例。")}
    return {
        "summary": nested_quotes(f"由书记领题，围绕“{spec.title}”建机制、聚力量、办实事。（示例）"),
        "problem": "工作力量分散、需求掌握不准、办理没有闭环。（示例）",
        "goal": "年内建成可看、可用、可复制的项目成果。（示例）",
        "measures": "建立专班，按里程碑推进，每月报送进展。（示例）",
        "expected_effect": "群众和企业反映的问题件件有回应。（示例）",
    }
