"""The import of projects of a season: new ones become drafts, drafts are changed, whatever went further is not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from django.db.models import ProtectedError

from brands.models import Brand
from common import audit
from common.actors import Actor
from common.errors import ActionError, Conflict
from common.importers import Importer, Judge, Param, Status, Values, Writer, differing
from common.models import ImportBatch, ImportRow
from organizations.directory import named
from organizations.models import Organization, Person
from projects import actions, applications, rules
from projects.import_projects import COLUMNS, DAYS, TEXTS, ProjectJudge, known_projects
from projects.models import Application, Project, Season, Track

State = Project.State


class ProjectWriter(Writer):
    """Makes drafts and changes them."""

    def write(self, row: ImportRow) -> str:
        if row.status == Status.CHANGED:
            change_draft(row.object_id, row.before, row.after, self.by)
            return row.object_id
        after = row.after
        project = actions.create_project(
            track=Track.objects.get(pk=after["track"][0]),
            lead_organization=Organization.objects.get(pk=after["organization"][0]),
            lead_secretary=Person.objects.get(pk=after["secretary"][0]),
            by=self.by,
            **_columns(after, [*TEXTS, "field", *DAYS]),
        )
        project.brands.set(_brands(after))
        applications.adopt(project=project, by=self.by)
        return str(project.pk)


def change_draft(identity: str, before: Values, after: Values, by: Actor) -> Project:
    """Make of a draft what `after` says, where it differs. Raises Conflict if it is no draft any more."""
    project = Project.objects.select_for_update(of=("self",)).get(pk=identity)
    if project.state != State.DRAFT:
        raise Conflict(f"项目“{project.get_state_display()}”，不能由导入改动。", code="illegal_step")
    names = differing(before, after)
    columns = _columns(after, [name for name in names if name in (*TEXTS, "field", *DAYS)])
    if "track" in names:
        columns["track"] = Track.objects.get(pk=after["track"][0])
    for name, value in columns.items():
        setattr(project, name, value)
    if columns:
        project.save(update_fields=list(columns))
    if "brands" in names:
        project.brands.set(_brands(after))
    applications.adopt(project=project, by=by)
    audit.record(
        by=by,
        action="projects.project.imported",
        obj=project,
        before={name: before.get(name) for name in names},
        after={name: after[name] for name in names},
    )
    return project


class ProjectImporter(Importer):
    kind = "projects"
    title = "书记项目"
    lead = "按编号，或按党组织和项目名称与已有项目对应；新项目存为草稿；已经申报的项目不由导入改动。"
    columns = COLUMNS
    params = (Param("season", "年度", lambda: list(Season.objects.values_list("code", "name"))),)

    def may(self, user: Any) -> bool:
        return rules.can_import_projects(user)

    def check_params(self, params: Mapping[str, Any]) -> dict[str, Any]:
        season = Season.objects.filter(code=str(params.get("season", ""))).first()
        if season is None:
            raise ActionError("请选择年度。", fields={"season": ["请选择年度。"]})
        return {"season": season.code}

    def judge(self, batch: ImportBatch) -> Judge:
        return ProjectJudge(batch)

    def writer(self, batch: ImportBatch, by: Actor) -> Writer:
        return ProjectWriter(batch, by)

    def lock(self, ids: Sequence[str]) -> None:
        list(Project.objects.select_for_update(of=("self",)).filter(pk__in=ids).values_list("pk"))

    def snapshots(self, ids: Sequence[str]) -> dict[str, Values]:
        return {known.id: known.values | {"state": known.state} for known in known_projects(pk__in=ids)}

    def undo(self, row: ImportRow, by: Actor) -> None:
        if row.status == Status.CHANGED:
            change_draft(row.object_id, row.after, row.before, by)
            return
        project = Project.objects.select_for_update(of=("self",)).get(pk=row.object_id)
        if project.state != State.DRAFT:
            raise ActionError(f"项目“{project.get_state_display()}”。")
        application = Application.objects.filter(project=project).first()
        if project.attachments.exists() or (application and application.revision):
            raise ActionError("已开始填写申报书。")
        audit.record(by=by, action="projects.project.removed", obj=project, before=row.after)
        try:
            project.delete()
        except ProtectedError:
            raise ActionError("已被其他内容引用。") from None

    def existing(self, params: Mapping[str, Any]) -> Iterator[Values]:
        known = self.check_params(params)
        for project in known_projects(season__code=known["season"]):
            values = {name: value[1] if isinstance(value, list) else value for name, value in project.values.items()}
            yield {**values, **{name: _day(values[name]) for name in DAYS}, "code": project.code}

    def resolve(self, question: Mapping[str, Any], typed: str, params: Mapping[str, Any]) -> tuple[str, str] | None:
        return named(typed) if question["kind"] == "organization" else None


def _columns(values: Values, names: Sequence[str]) -> dict[str, Any]:
    """The project's own columns of these values."""
    found: dict[str, Any] = {}
    for name in names:
        value = values.get(name, "")
        value = value[0] if isinstance(value, list) else value
        found[name] = _day(value) if name in DAYS else value
    return found


def _brands(values: Values) -> list[Brand]:
    codes = values["brands"][0] if values.get("brands") else ""
    return list(Brand.objects.filter(code__in=codes.split(",")))


def _day(text: str) -> date:
    return date.fromisoformat(text)
