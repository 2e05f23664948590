"""The imports of organizations and of people: written by the usual actions, and taken back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError

from common import audit
from common.actors import Actor
from common.errors import ActionError
from common.importers import Importer, Judge, Status, Values, Writer, differing
from common.models import ImportBatch, ImportRow
from organizations import actions, rules
from organizations.directory import KINDS, SECTORS, Directory, named
from organizations.import_organizations import COLUMNS, OrganizationJudge
from organizations.import_people import COLUMNS as PEOPLE_COLUMNS
from organizations.import_people import PeopleJudge, term_values, terms
from organizations.models import Appointment, Organization, Person

MADE_PERSON = "_person"  # in a row's `cleaned`: the person that it made


class OrganizationWriter(Writer):
    """Adds, edits and moves organizations."""

    def __init__(self, batch: ImportBatch, by: Actor) -> None:
        super().__init__(batch, by)
        self.made: dict[str, str] = {}

    def write(self, row: ImportRow) -> str:
        if row.status == Status.CHANGED:
            change(row.object_id, row.before, row.after, self.by, self.made)
            return row.object_id
        after = row.after
        made = actions.add_organization(
            parent=_organization(self.made.get(after["parent"][0], after["parent"][0])) if after["parent"] else None,
            name=after["name"],
            kind=after["kind"][0],
            by=self.by,
            short_name=after["short_name"],
            sector=after["sector"][0] if after["sector"] else "",
            code=after["code"] or None,
            founded_on=_day(after["founded_on"]),
        )
        self.made[f"row:{row.number}"] = str(made.pk)
        return str(made.pk)


def change(identity: str, before: Values, after: Values, by: Actor, made: Mapping[str, str]) -> None:
    """Make of an organization what `after` says, where it differs from `before`."""
    organization = _organization(identity)
    names = differing(before, after)
    values = {name: after[name] for name in names if name != "parent"}
    for name in ("kind", "sector"):
        if name in values:
            values[name] = values[name][0]
    if "founded_on" in values:
        values["founded_on"] = _day(values["founded_on"])
    if values:
        actions.edit_organization(organization=organization, by=by, **values)
    if "parent" in names:
        parent = made.get(after["parent"][0], after["parent"][0])
        actions.move_organization(organization=organization, parent=_organization(parent), by=by)


class OrganizationImporter(Importer):
    kind = "organizations"
    title = "党组织"
    lead = "按代码或名称与已有党组织对应；上级可以写在本表的另一行；留空的格子不改动已有内容。"
    columns = COLUMNS

    def may(self, user: Any) -> bool:
        return rules.can_import(user)

    def judge(self, batch: ImportBatch) -> Judge:
        return OrganizationJudge(batch)

    def writer(self, batch: ImportBatch, by: Actor) -> Writer:
        return OrganizationWriter(batch, by)

    def lock(self, ids: Sequence[str]) -> None:
        list(Organization.objects.select_for_update().filter(pk__in=ids).values_list("pk"))

    def snapshots(self, ids: Sequence[str]) -> dict[str, Values]:
        directory = Directory()
        return {i: directory.values(directory.by_id[i]) for i in ids if i in directory.by_id}

    def undo(self, row: ImportRow, by: Actor) -> None:
        if row.status == Status.CHANGED:
            change(row.object_id, row.after, row.before, by, {})
            return
        organization = _organization(row.object_id)
        if organization.numchild:
            raise ActionError("它下面已有别的党组织。")
        audit.record(by=by, action="organizations.organization.removed", obj=organization, before=row.after)
        organization.delete()

    def existing(self, params: Mapping[str, Any]) -> Iterator[Values]:
        directory = Directory()
        for known in sorted(directory.by_id.values(), key=lambda known: known.path):
            if known.dissolved_on is None:
                above = directory.by_path.get(known.parent_path)
                yield {
                    "name": known.name,
                    "short_name": known.short_name,
                    "kind": KINDS[known.kind],
                    "sector": SECTORS.get(known.sector, ""),
                    "code": known.code,
                    "parent": above.name if above else "",
                    "founded_on": known.founded_on,
                }

    def resolve(self, question: Mapping[str, Any], typed: str, params: Mapping[str, Any]) -> tuple[str, str] | None:
        return named(typed)


class PeopleWriter(Writer):
    """Gives posts and ends them; a person who is new is made once, by the first row that needs one."""

    def __init__(self, batch: ImportBatch, by: Actor) -> None:
        super().__init__(batch, by)
        self.made: dict[str, Person] = {}

    def write(self, row: ImportRow) -> str:
        after = row.after
        if row.status == Status.CHANGED:
            appointment = Appointment.objects.get(pk=row.object_id)
            actions.end_appointment(appointment=appointment, until=date.fromisoformat(after["until"]), by=self.by)
            return row.object_id
        made = actions.appoint(
            person=self._person(row),
            organization=_organization(after["organization"][0]),
            post=after["post"][0],
            since=date.fromisoformat(after["since"]),
            until=_day(after["until"]),
            by=self.by,
        )
        return str(made.pk)

    def _person(self, row: ImportRow) -> Person:
        reference, name = row.after["name"]
        if not reference.startswith("row:"):
            return Person.objects.get(pk=reference)
        if reference not in self.made:
            person = self.made[reference] = Person.objects.create(name=name)
            row.cleaned[MADE_PERSON] = person.pk
            audit.record(by=self.by, action="organizations.person.added", obj=person, after={"name": name})
        return self.made[reference]


class PeopleImporter(Importer):
    kind = "people"
    title = "人员和任职"
    lead = "一行一项任职。不导入、不保存证件号和电话；同名的人会请您确认是不是同一人。"
    columns = PEOPLE_COLUMNS

    def may(self, user: Any) -> bool:
        return rules.can_import(user)

    def judge(self, batch: ImportBatch) -> Judge:
        return PeopleJudge(batch)

    def writer(self, batch: ImportBatch, by: Actor) -> Writer:
        return PeopleWriter(batch, by)

    def lock(self, ids: Sequence[str]) -> None:
        list(Appointment.objects.select_for_update().filter(pk__in=ids).values_list("pk"))

    def snapshots(self, ids: Sequence[str]) -> dict[str, Values]:
        found = list(terms(pk__in=ids))
        names = dict(Organization.objects.filter(pk__in={t.organization for t in found}).values_list("pk", "name"))
        return {term.id: term_values(term, names[int(term.organization)]) for term in found}

    def undo(self, row: ImportRow, by: Actor) -> None:
        appointment = Appointment.objects.select_related("person", "organization").get(pk=row.object_id)
        if row.status == Status.CHANGED:
            appointment.until = _day(row.before["until"])
            refuse_invalid(appointment)
            appointment.save(update_fields=["until"])
            before, after = {"until": row.after["until"]}, {"until": row.before["until"]}
            action = "organizations.appointment.restored"
            audit.record(by=by, action=action, obj=appointment, before=before, after=after)
            return
        audit.record(by=by, action="organizations.appointment.removed", obj=appointment, before=row.after)
        appointment.delete()
        if made := row.cleaned.get(MADE_PERSON):
            person = Person.objects.get(pk=made)
            audit.record(by=by, action="organizations.person.removed", obj=person, before={"name": person.name})
            person.delete()

    def existing(self, params: Mapping[str, Any]) -> Iterator[Values]:
        rows = Appointment.objects.in_force().select_related("person__user", "organization")
        for row in rows.order_by("organization__path", "post", "since", "pk").iterator():
            yield {
                "name": row.person.name,
                "organization": row.organization.code or row.organization.name,
                "post": row.get_post_display(),
                "since": row.since,
                "until": row.until,
                "account": row.person.user.username if hasattr(row.person, "user") else "",
            }

    def resolve(self, question: Mapping[str, Any], typed: str, params: Mapping[str, Any]) -> tuple[str, str] | None:
        return named(typed) if question["kind"] == "organization" else None


def refuse_invalid(row: Any) -> None:
    """Raise ActionError where the row as it is would break a rule of the database."""
    try:
        row.full_clean()
    except ValidationError as error:
        raise ActionError(error.messages[0]) from None


def _organization(identity: str) -> Organization:
    found: Organization = Organization.objects.get(pk=identity)
    return found


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None
