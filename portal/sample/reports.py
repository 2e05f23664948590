"""The sample's monthly reports: how far each project is, told by its story.

A story says how many days a project lags behind its plan, and which months it leaves out or keeps waiting. The
reports go through the actions that people use, on the days on which people would have used them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from common import days
from common.actors import Actor
from organizations.models import User
from portal.sample.people import Cast
from portal.sample.projects import Spec
from projects import actions, reporting
from projects import earned_value as ev
from projects.facts import rules_of
from projects.models import PlanItem, ProgressReport, Project
from projects.plans import plan_in_force

# Days behind the plan, by story.
LAGS = {
    "ahead": -14,
    "steady": 4,
    "main": 2,
    "slow": 62,
    "stalled": 150,
    "late": 6,
    "waiting": 4,
    "returned": 8,
    "quiet": -20,
    "silent": -20,
    "recovering": 4,
    "suspended": 10,
    "early": -14,
}
DONE = (
    "召开专班会议，逐项对照清单分工推进，走访听取意见。（示例）",
    "开展集中服务活动，组织党员认领任务，现场办理诉求。（示例）",
    "完善工作机制，开展业务培训，梳理问题和资源两张清单。（示例）",
)
EFFECT = "群众反映的问题办理更快，参与的党员和单位比上月多。（示例）"
DIFFICULTY = "部分事项涉及多个部门，需要进一步协调。（示例）"
NEXT = "按计划推进下一个里程碑，做好过程记录。（示例）"
EVIDENCE = "会议记录、活动签到和办理台账已存档。（示例）"


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happens to a report on a day."""

    day: date
    project: Project
    month: date
    what: str


def last_due_month(today: date, due_day: int) -> date:
    """The latest month whose report was due before yesterday: what yesterday's snapshot looks at."""
    month = days.add_months(days.month_start(today), -1)
    while days.add_months(month, 1).replace(day=due_day) >= today - timedelta(days=1):
        month = days.add_months(month, -1)
    return month


def write(projects: dict[Project, Spec], cast: Cast, today: date) -> None:
    """All reports of all projects up to today, in the order of the days on which things happened."""
    steps = [step for project, spec in projects.items() for step in _story(project, spec, today)]
    people = {project: cast.secretary_of(spec.place) for project, spec in projects.items()}
    plans = {project: list(_plan(project)) for project in projects}
    stories = {project: spec.story for project, spec in projects.items()}
    officer, clerk = cast.accounts["officer"], cast.accounts["clerk"]
    for step in sorted(steps, key=lambda s: (s.day, s.project.pk)):
        with days.pretend(step.day):
            writer = clerk if stories[step.project] == "main" else people[step.project]
            _take(step, plans[step.project], stories[step.project], people[step.project], writer, officer)


def _plan(project: Project) -> Iterator[PlanItem]:
    plan = plan_in_force(project, project.starts_on)
    if plan:
        yield from plan.items.all()


def _story(project: Project, spec: Spec, today: date) -> Iterator[Step]:
    if spec.story == "approved":
        return
    due = rules_of(project.season).report_due_day
    last = last_due_month(today, due)
    months = days.months_between(project.starts_on, min(last, project.ends_on))
    for place, month in enumerate(months):
        from_end = len(months) - place
        after = days.add_months(month, 1)
        if spec.story == "suspended" and from_end <= 3:
            if from_end == 3:
                yield Step(after.replace(day=2), project, month, "suspend")
            continue
        if (spec.story == "quiet" and from_end == 1) or (spec.story == "silent" and from_end <= 2):
            continue
        late = spec.story == "late" and from_end in (3, 6)
        sent = after.replace(day=12 if late else 2 + (project.pk + place) % 3)
        yield Step(sent, project, month, "send")
        if spec.story == "waiting" and from_end == 1:
            continue
        if spec.story == "returned" and from_end == 1:
            yield Step(today - timedelta(days=1), project, month, "return")
            continue
        yield Step(sent + timedelta(days=1), project, month, "confirm")


def _take(step: Step, items: list[PlanItem], story: str, secretary: User, writer: User, officer: User) -> None:
    by, department = Actor.person(secretary, "sample"), Actor.person(officer, "sample")
    if step.what == "suspend":
        actions.change_state(project=step.project, to="suspended", by=department, reason="场地调整，暂停实施。（示例）")
        return
    if step.what == "send":
        _send(step, items, story, by, Actor.person(writer, "sample"))
        return
    report = ProgressReport.objects.get(project=step.project, month=step.month)
    if step.what == "confirm":
        reporting.confirm_report(report=report, by=department)
    else:
        comments = {"effect": "请写明具体变化，数字要有出处。（示例）"}
        reporting.return_report(report=report, comments=comments, reason="请补充成效后再报。", by=department)


def _send(step: Step, items: list[PlanItem], story: str, by: Actor, writer: Actor) -> None:
    report = reporting.open_report(project=step.project, month=step.month, by=writer)
    reached = days.month_end(step.month) - timedelta(days=_lag(story, step))
    lines = [
        reporting.LineInput(
            milestone_id=item.milestone_id,
            percent=(percent := _percent(item, reached)),
            evidence=EVIDENCE * (percent > 0),
        )
        for item in items
    ]
    texts = {
        "done": DONE[(step.month.month + step.project.pk) % len(DONE)],
        "effect": EFFECT,
        "difficulty": DIFFICULTY if story in ("slow", "stalled") else "",
        "next": NEXT,
    }
    report = reporting.save_report(report=report, lines=lines, texts=texts, revision=None, by=writer)
    if writer.user != by.user:
        report = reporting.hand_over(report=report, by=writer)
    reporting.submit_report(report=report, by=by)


def _lag(story: str, step: Step) -> int:
    """Days behind the plan; who recovers lagged until the season's fifth month."""
    if story == "recovering":
        into = (step.month.year - step.project.starts_on.year) * 12 + step.month.month - step.project.starts_on.month
        return 75 if into < 5 else LAGS[story]
    return LAGS[story]


def _percent(item: PlanItem, reached: date) -> int:
    """The whole percent of a milestone that a project on this day of its plan has done."""
    version_item = ev.Item(item.milestone_id, 10000, item.start, item.due)
    return ev.item_planned(version_item, reached) // 100
