"""What the pages of a project's course show, put together from the models; no rule and no change lives here."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from django.urls import reverse

from common import days, publication
from projects import rules
from projects.closing import COURSE
from projects.facts import Curve, curve_of, facts_of, version_of
from projects.library import PUBLISHER, SUMMARY_LIMIT
from projects.models import Closing, Plan, PlanChange, PlanItem, Project
from projects.plan_changes import CHANGEABLE, base_plan, kind_words
from projects.states import PROJECT_STEPS

State = Project.State
# What a confirm dialog says will happen, by the name of the step.
COURSE_TEXTS = {
    "suspend": "暂停期间不计进度、不亮灯、不报月报；恢复后按计划继续计算。",
    "resume": "恢复后重新计进度、亮灯，并按月报送。",
    "terminate": "终止后不再推进，也不能恢复；此前的记录都保留。",
    "withdraw": "撤项后不再推进，也不能恢复；此前的记录都保留。",
}
FINAL = ("terminate", "withdraw")
# Steps before the approval belong to the application and are shown there.
COURSE_WORDS = {
    State.APPROVED: "立项",
    State.RUNNING: "推进",
    State.SUSPENDED: "暂停",
    State.CLOSING: "申请结项",
    State.COMPLETED: "结项",
    State.TERMINATED: "终止",
    State.WITHDRAWN: "撤项",
    State.ARCHIVED: "归档",
}


@dataclass(frozen=True, slots=True)
class CourseOffer:
    """A step that the department may take with the project now, as its dialog shows it."""

    key: str
    word: str
    text: str
    is_final: bool


def course_panel(user: Any, project: Project) -> dict[str, Any]:
    """The panel 办理 of a project's page: what is under way, and what the person may do about it."""
    changes = list(project.plan_changes.all())
    closing = Closing.objects.filter(project=project).first()
    asks = rules.can_request_plan_change(user, project) and project.state in CHANGEABLE
    manages = rules.can_manage_project(user, project)
    return {
        "project": project,
        "changes": [{"change": change, "words": kind_words(change)} for change in changes],
        "may_change_plan": asks and not any(c.state == PlanChange.State.REQUESTED for c in changes),
        "closing": closing,
        "closing_action": _closing_action(user, project, closing),
        "in_library": project.archive_number is not None,
        "offers": course_offers(project) if manages and project.archive_number else [],
        "manages": manages,
        "publication": publication.state_of(project),
        "may_propose": PUBLISHER.may_propose(user, project),
        "course": course_history(project),
    }


def course_offers(project: Project) -> list[CourseOffer]:
    """The steps of `closing.COURSE` that the project's state allows."""
    return [
        CourseOffer(key, word, COURSE_TEXTS[key], key in FINAL)
        for key, (to, word) in COURSE.items()
        if to in PROJECT_STEPS[project.state] and (key != "resume" or project.state == State.SUSPENDED)
    ]


def course_history(project: Project) -> list[dict[str, Any]]:
    """The project's states since its approval with their reasons, latest first."""
    tones = {State.COMPLETED: "good", State.TERMINATED: "late", State.WITHDRAWN: "late", State.SUSPENDED: "late"}
    rows = project.state_changes.filter(to_state__in=COURSE_WORDS).select_related("by__person").order_by("-id")
    return [
        {
            "title": _course_word(row.from_state, row.to_state),
            "at": row.at,
            "by": row.by.person.name if row.by else "系统",
            "text": row.reason,
            "tone": tones.get(State(row.to_state), ""),
        }
        for row in rows
    ]


def _course_word(before: str, after: str) -> str:
    back = {(State.SUSPENDED, State.RUNNING): "恢复", (State.CLOSING, State.RUNNING): "退回结项报告"}
    return back.get((State(before), State(after)), COURSE_WORDS[State(after)])


def _closing_action(user: Any, project: Project, closing: Closing | None) -> str:
    """What the link to the closing report says; empty if there is nothing behind it."""
    if rules.can_edit_closing(user, project):
        return "修改结项报告" if closing and closing.returned_at else "填写结项报告"
    if closing is None:
        return ""
    deciding = project.state == State.CLOSING and rules.can_manage_project(user, project)
    return "核验结项" if deciding else "查看结项报告"


@dataclass(frozen=True, slots=True)
class ComparedItem:
    """A milestone in the former and in the asked-for plan; None where one of them lacks it."""

    title: str
    old: PlanItem | None
    new: PlanItem | None

    @property
    def weight_changed(self) -> bool:
        return bool(self.old and self.new and self.old.weight != self.new.weight)

    @property
    def dates_changed(self) -> bool:
        return bool(self.old and self.new and (self.old.start, self.old.due) != (self.new.start, self.new.due))

    @property
    def word(self) -> str:
        if self.old is None:
            return "新增"
        if self.new is None:
            return "取消"
        parts = [word for word, changed in (("权重", self.weight_changed), ("日期", self.dates_changed)) if changed]
        return f"调整{'、'.join(parts)}" if parts else "不变"

    @property
    def tone(self) -> str:
        return {"新增": "good", "取消": "late", "不变": ""}.get(self.word, "gold")


def compared(old: Plan | None, new: Plan) -> list[ComparedItem]:
    """The milestones of both plans side by side: the new plan's order, then what it drops."""
    before = {item.milestone_id: item for item in _items(old)}
    after = {item.milestone_id: item for item in _items(new)}
    both = [*after, *(key for key in before if key not in after)]
    return [
        ComparedItem((after.get(key) or before[key]).milestone.title, before.get(key), after.get(key)) for key in both
    ]


def _items(plan: Plan | None) -> list[PlanItem]:
    return list(plan.items.select_related("milestone")) if plan else []


def change_page(user: Any, change: PlanChange, form: Any) -> dict[str, Any]:
    """A request as whoever has the project in scope reads it."""
    project = change.project
    old = base_plan(project, before=change.plan)
    before, after = change_curves(change, old)
    waiting = change.state == PlanChange.State.REQUESTED
    title = f"{kind_words(change)}申请"
    return {
        "change": change,
        "project": project,
        "old": old,
        "rows": compared(old, change.plan),
        "before": before,
        "after": after,
        "today": days.today(),
        "decide": waiting and rules.can_manage_project(user, project),
        "take_back": waiting and rules.can_request_plan_change(user, project),
        "form": form,
        "title": title,
        "lead": project.title,
        "crumbs": crumbs(project, title),
    }


def change_curves(change: PlanChange, old: Plan | None) -> tuple[Curve | None, Curve]:
    """The curves of the former and of the asked-for plan; what was earned is counted by the former."""
    facts = facts_of(change.project)
    former = replace(facts, plans=(version_of(old),), ends_on=change.old_end) if old else None
    asked = replace(facts, plans=(version_of(change.plan),), ends_on=change.new_end or change.old_end)
    return curve_of(former) if former else None, curve_of(asked)


def crumbs(project: Project, last: str) -> list[tuple[str, str]]:
    return [
        ("我的工作台", reverse("workspace:desk")),
        (project.title, reverse("workspace:project", args=[project.code])),
        (last, ""),
    ]


def lead_terms(project: Project) -> list[Any]:
    """Who led the project, latest first."""
    return list(project.lead_terms.select_related("person").order_by("-since"))


def publication_page(user: Any, project: Project) -> dict[str, Any]:
    """How far the project's public wording is in its review, and who took which step."""
    shown = publication.shown(project, user)
    return {
        "project": project,
        "publication": shown,
        "url": reverse("projects:publication", args=[project.code]),
        "summary_limit": SUMMARY_LIMIT,
        "history": [
            {
                "title": publication.STEP_WORDS[publication.State(step.to_state)],
                "at": step.at,
                "by": step.by.person.name if step.by else "系统",
                "text": step.reason,
            }
            for step in publication.steps_of(project).reverse()
        ],
        "title": "公开审查",
        "lead": project.title,
        "crumbs": crumbs(project, "公开审查"),
    }
