"""The sample's coming season: applications at every step; and in the running one a plan change and closings."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from common import days
from common.actors import Actor
from common.working_days import MissingCalendar, next_working_day
from organizations.models import Organization, User
from portal.sample import closings
from portal.sample.people import Cast
from portal.sample.projects import COMMUNITY, NEW, STREET, add_rules
from projects import applications, plan_changes, screening, seasons
from projects.models import Application, Project, Review, Season, SeasonReviewer
from projects.plans import ItemInput, plan_in_force

# place, track, title, how far it is
APPLICATIONS = [
    ("street1", STREET, "街道“大党委”联建提质（示例）", "draft"),
    ("street2", STREET, "老旧小区治理攻坚（示例）", "submitted"),
    ("station", STREET, "片区企业服务先锋站（示例）", "submitted"),
    ("street3", STREET, "“民情坊”流动服务（示例）", "two_reviews"),
    ("street4", STREET, "保障房片区邻里中心（示例）", "reviewed"),
    ("street1c2", COMMUNITY, "居民议事厅进楼道（示例）", "reviewed"),
    ("street5", STREET, "“宜居园”长效管护（示例）", "returned"),
    ("firm1", NEW, "研发一线党员先锋岗（示例）", "in_review"),
    ("agencies", STREET, "机关党员驻点服务（示例）", "approved"),
]
POINTS = {
    "street4": ((92, 88, 95), (86, 84, 90), (60, 55, 62)),
    "street1c2": ((85, 80, 82), (83, 86, 84), (88, 81, 85)),
}
POINTS |= {"agencies": ((90, 86, 91), (88, 85, 92), (91, 89, 90))}
REMARKS = (
    "针对性强，抓住了下一步要解决的问题。（示例）",
    "做法有新意，还可以再聚焦。（示例）",
    "目标可查，群众受益面要再说明。（示例）",
)


def create_coming_season(running: Season, cast: Cast, today: date, by: Actor) -> Season:
    """The season after the running one: its applications are open now."""
    starts_on = running.ends_on + timedelta(days=1)
    season = Season.objects.create(
        code=f"{starts_on:%Y%m}",
        name=f"{days.add_months(starts_on, 8).year}年度",
        starts_on=starts_on,
        ends_on=days.add_months(starts_on, 12) - timedelta(days=1),
        apply_from=today - timedelta(days=20),
        apply_until=_working_day(today + timedelta(days=20)),
    )
    add_rules(season)
    for each in (running, season):
        SeasonReviewer.objects.bulk_create(SeasonReviewer(season=each, person=user.person) for user in cast.reviewers)
    officer = Actor.person(cast.accounts["officer"], "sample")
    seasons.write_announcement(season=season, values={}, by=officer)
    if not seasons.missing(season):  # a year without a holiday table is not announced
        with days.pretend(today - timedelta(days=20)):
            seasons.issue_announcement(season=season, by=officer)
    return season


def _working_day(day: date) -> date:
    try:
        return next_working_day(day)
    except MissingCalendar:
        return day


def apply(season: Season, organizations: dict[str, Organization], cast: Cast, today: date) -> None:
    """Every application of the table, as far as it is."""
    for turn, (place, track, title, step) in enumerate(APPLICATIONS):
        with days.pretend(today - timedelta(days=15 - turn)):
            secretary = cast.secretary_of(place)
            application = _drafted(season, organizations[place], track, title, secretary, place == "street1", cast)
        if step != "draft":
            _go_on(application, place, step, secretary, cast, today - timedelta(days=5))


def change_and_close(made: dict[Project, Any], cast: Cast, today: date) -> None:
    """A plan change that waits, a closing that waits and one that is accepted."""
    by_place = {spec.place: project for project, spec in made.items() if spec.story != "early"}
    with days.pretend(today - timedelta(days=2)):
        _ask_for_change(by_place["street5"], cast.secretary_of("street5"))
    for place, level in (("property1", ""), ("firm3", "excellent")):
        with days.pretend(today - timedelta(days=1)):
            closings.ask(by_place[place], cast.secretary_of(place))
            if level:
                closings.accept(by_place[place], level, cast.accounts["officer"])


def _drafted(
    season: Season, organization: Organization, track: str, title: str, secretary: User, begun_only: bool, cast: Cast
) -> Application:
    by = Actor.person(cast.accounts["clerk"] if begun_only else secretary, "sample")
    application = applications.open_application(season=season, organization=organization, by=by)
    Project.objects.filter(pk=application.project_id).update(is_sample=True)
    content = _content(season, track, title)
    if begun_only:
        content = {name: content[name] for name in ("title", "track", "problem", "goal")}
    else:
        applications.attach_study_record(application=application, file=closings.paper(f"{title}集体研究记录"), by=by)
    return applications.save_application(application=application, content=content, revision=None, by=by)


def _content(season: Season, track: str, title: str) -> dict[str, Any]:
    start, end = season.starts_on, season.ends_on
    middle = days.add_months(start, 5)
    return {
        "title": title,
        "track": track,
        "field": "community",
        "tier": "emerging",
        "problem": "群众有需求、企业有期盼，力量分散，办理没有闭环。（示例）",
        "goal": "年内建成一套可看、可用、可复制的做法。（示例）",
        "measures": "书记领题建专班，按里程碑推进，每月报送进展，每季度会商。（示例）",
        "expected_effect": "问题件件有回应，服务覆盖面明显扩大。（示例）",
        "starts_on": f"{start}",
        "ends_on": f"{end}",
        "figures": [
            {"name": "服务居民群众", "amount": "近2000", "unit": "人次"},
            {"name": "建立服务站点", "amount": "6", "unit": "个"},
        ],
        "team": [{"name": "项目专班（示例）", "post": "党务干部", "duty": "统筹推进"}],
        "milestones": [
            {"title": "调研摸底、建章立制", "weight": "30", "start": f"{start}", "due": f"{middle}"},
            {"title": "全面推开、见到成效", "weight": "70", "start": f"{middle + timedelta(days=1)}", "due": f"{end}"},
        ],
    }


def _go_on(application: Application, place: str, step: str, secretary: User, cast: Cast, day: date) -> None:
    officer = Actor.person(cast.accounts["officer"], "sample")
    with days.pretend(day):
        applications.submit_application(application=application, by=Actor.person(secretary, "sample"))
        project = Project.objects.get(pk=application.project_id)
        if step == "submitted":
            return
        if step == "returned":
            comments = {
                "goal": "目标请写成年底可以核对的结果。（示例）",
                "milestones": "第二个里程碑跨度太大，建议拆开。（示例）",
            }
            screening.send_back(project=project, comments=comments, reason="方向对，请改实。（示例）", by=officer)
            return
        round_ = screening.start_review(project=project, by=officer)
    with days.pretend(day + timedelta(days=2)):
        wanted = {"in_review": 0, "two_reviews": 2}.get(step, 3)
        for turn, review in enumerate(round_.reviews.order_by("reviewer")[:wanted]):
            _review(review, POINTS.get(place, POINTS["agencies"])[turn], turn, cast)
        if step == "approved":
            screening.decide(project=project, decision="pass", reason="同意立项。（示例）", by=officer)


def _review(review: Review, points: tuple[int, int, int], turn: int, cast: Cast) -> None:
    by = next(Actor.person(user, "sample") for user in cast.reviewers if user.person_id == review.reviewer_id)
    criteria = [criterion.pk for criterion in review.screening.project.season.criteria.all()]
    screening.save_review(
        review=review,
        points=dict(zip(criteria, points, strict=True)),
        comments=dict(zip(criteria, REMARKS, strict=True)),
        opinion="建议立项，并按意见完善。（示例）",
        remarks={"measures": "请写明每项措施由谁牵头。（示例）"} if turn == 0 else {},
        by=by,
    )
    screening.send_review(review=review, by=by)


def _ask_for_change(project: Project, secretary: User) -> None:
    plan = plan_in_force(project, days.today())
    assert plan is not None
    rows = list(plan.items.select_related("milestone"))
    items = [ItemInput(row.milestone.title, row.weight, row.start, row.due, row.milestone) for row in rows[:-1]]
    last = rows[-1]
    end = days.add_months(project.ends_on, 1)
    items.append(ItemInput(last.milestone.title, last.weight, last.start, end, last.milestone))
    plan_changes.request_change(
        project=project,
        items=items,
        reason="汛期施工停了一个月，收尾顺延一个月。（示例）",
        new_end=end,
        by=Actor.person(secretary, "sample"),
    )
