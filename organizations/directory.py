"""All organizations by the names under which people know them, loaded with one query: for imports."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Q

from common.importers import SKIP, Judge, Values, Verdict
from common.names import NameIndex, plain_key
from organizations.models import Organization, OrganizationKind, OrganizationSector

KINDS, SECTORS = dict(OrganizationKind.choices), dict(OrganizationSector.choices)


@dataclass(frozen=True, slots=True)
class Known:
    """An organization as far as an import compares it."""

    id: str
    name: str
    short_name: str
    kind: str
    sector: str
    code: str
    founded_on: date | None
    dissolved_on: date | None
    path: str

    @property
    def parent_path(self) -> str:
        return self.path[: -Organization.steplen]


class Directory:
    """The organizations by id, code, path and name."""

    def __init__(self) -> None:
        self.by_id: dict[str, Known] = {}
        self.by_code: dict[str, Known] = {}
        self.by_path: dict[str, Known] = {}
        self.names = NameIndex()
        columns = ("pk", "name", "short_name", "kind", "sector", "code", "founded_on", "dissolved_on", "path")
        for pk, name, short_name, kind, sector, code, founded, dissolved, path in Organization.objects.values_list(
            *columns
        ):
            self._add(Known(str(pk), name, short_name, kind, sector, code or "", founded, dissolved, path))

    def find(self, text: str) -> list[Known]:
        """Who is called so, or bears this code. Those that stand go before dissolved ones."""
        if text in self.by_code:
            return [self.by_code[text]]
        found = [self.by_id[identity] for identity in self.names.find(text)]
        return [known for known in found if known.dissolved_on is None] or found

    def options(self, text: str) -> list[tuple[str, str]]:
        """The standing organizations with a name like this, to choose from."""
        exact = [known.id for known in self.find(text)]
        near = [identity for identity, _ in self.names.similar(text)]
        found = [self.by_id[identity] for identity in dict.fromkeys([*exact, *near])]
        return [(known.id, self.label(known)) for known in found if known.dissolved_on is None]

    def label(self, known: Known) -> str:
        """The name, with that of the organization above where several bear it."""
        above = self.by_path.get(known.parent_path)
        twins = self.names.find(known.name)
        return f"{known.name}（{above.name}）" if above and len(twins) > 1 else known.name

    def pair(self, known: Known | None) -> list[str]:
        return [known.id, known.name] if known else ["", ""]

    def values(self, known: Known) -> Values:
        """What an import of organizations compares."""
        return {
            "name": known.name,
            "short_name": known.short_name,
            "kind": [known.kind, KINDS.get(known.kind, "")],
            "sector": [known.sector, SECTORS.get(known.sector, "")],
            "code": known.code,
            "parent": self.pair(self.by_path.get(known.parent_path)),
            "founded_on": known.founded_on.isoformat() if known.founded_on else "",
        }

    def _add(self, known: Known) -> None:
        self.by_id[known.id] = self.by_path[known.path] = known
        if known.code:
            self.by_code[known.code] = known
        is_place = known.kind == OrganizationKind.DISTRICT_COMMITTEE
        self.names.add(known.name, known.id, label=known.name, place=is_place)
        self.names.add(known.short_name, known.id, label=known.name)


def named(typed: str) -> tuple[str, str] | None:
    """The one standing organization of exactly this name, short name or code: (id, name)."""
    rows = Organization.objects.standing().filter(Q(name=typed) | Q(short_name=typed) | Q(code=typed))
    found: list[Any] = list(rows.values_list("pk", "name")[:2])
    return (str(found[0][0]), found[0][1]) if len(found) == 1 else None


def pick(judge: Judge, directory: Directory, typed: str, verdict: Verdict, column: str) -> Known | None:
    """The standing organization that a cell names, or that the person has chosen for it.

    None leaves the verdict wrong, or the row skipped where that was chosen.
    """
    found = directory.find(typed)
    if len(found) == 1:
        if found[0].dissolved_on is not None:
            verdict.wrong(column, f"“{found[0].name}”已于 {found[0].dissolved_on} 撤销。", "请核对党组织。")
            return None
        return found[0]
    options = directory.options(typed)
    chosen = judge.ask(f"organization|{plain_key(typed)}", typed, options, "organization")
    if chosen == SKIP:
        verdict.skip("已选择不导入这一行。")
    elif chosen in directory.by_id:
        return directory.by_id[chosen]
    elif found:
        verdict.wrong(column, f"有 {len(found)} 个党组织叫“{typed[:40]}”。", "请在“名称对应”里选择，或填写代码。")
    else:
        near = f"是不是“{options[0][1]}”？" if options else "请核对名称。"
        verdict.wrong(column, f"没有找到“{typed[:40]}”。", f"{near}可在“名称对应”里选择。")
    return None
