"""What an app tells about a kind of import: its columns, what a row means, how it is written and taken back.

Values are JSON: a day is its ISO text, something chosen is a pair [key, words]. Pairs are compared by their key.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from common import cells
from common.actors import Actor
from common.models import ImportBatch, ImportRow
from common.tables import Titles

Values = dict[str, Any]
Problem = dict[str, str]
Status = ImportRow.Status
SKIP = "skip"
# Columns that an import neither reads nor keeps, by a word of their title.
PRIVATE = ("身份证", "证件号", "手机", "电话", "联系方式", "住址", "家庭地址", "出生", "民族", "银行")


@dataclass(frozen=True, slots=True)
class ImportColumn:
    """A column: its title and the other titles under which it comes; `parse` raises CellProblem.

    `required`: the sheet must have it; `needed`: so must every row. `kind` and `width` shape the template.
    """

    name: str
    title: str
    synonyms: tuple[str, ...] = ()
    parse: Callable[[Any], Any] = cells.line
    required: bool = False
    needed: bool = False
    hint: str = ""
    kind: Literal["text", "code", "day"] = "text"
    width: float = 18


@dataclass(frozen=True, slots=True)
class Param:
    """Something that is asked with the file, chosen from a list (例如年度)."""

    name: str
    label: str
    options: Callable[[], list[tuple[str, str]]]


@dataclass(slots=True)
class Line:
    """A row of the sheet as its cells mean it; `faults` are cells that mean nothing."""

    number: int
    values: Values
    faults: list[Problem] = field(default_factory=list)


@dataclass(slots=True)
class Verdict:
    """What a row would do. `rank`: rows of a lower one are written first."""

    label: str
    status: str = Status.SAME
    object_id: str = ""
    before: Values = field(default_factory=dict)
    after: Values = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    rank: int = 0
    skipped: bool = False

    def wrong(self, column: str, reason: str, proposal: str = "") -> None:
        self.problems.append(problem(column, reason, proposal))
        self.status = Status.WRONG

    def note(self, column: str, reason: str, proposal: str = "") -> None:
        """A warning (提示): shown, but the row is imported."""
        self.problems.append({**problem(column, reason, proposal), "level": "note"})

    def skip(self, reason: str) -> None:
        """Leave the row out because the person said so: nothing is wrong with it, nothing is written."""
        self.status, self.skipped, self.problems = Status.SAME, True, []
        self.note("", reason)

    @property
    def is_wrong(self) -> bool:
        return self.status == Status.WRONG


class Judge(ABC):
    """Compares the rows of one batch with what is there; made anew for every pass.

    Every line is met before the first verdict, so that rows may speak of rows further down.
    """

    def __init__(self, batch: ImportBatch) -> None:
        self.batch = batch
        self.questions: dict[str, Values] = {}

    def meet(self, line: Line) -> None:  # noqa: B027
        """Take notice of a line."""

    @abstractmethod
    def verdict(self, line: Line) -> Verdict: ...

    def ask(self, key: str, text: str, options: Sequence[tuple[str, str]], kind: str) -> str:
        """What the person chose for `text` (表中写法): an option, SKIP, or "" while it is open."""
        kept = self.batch.choices.get(key, {})
        question = self.questions.setdefault(
            key,
            {
                "text": text,
                "kind": kind,
                "rows": 0,
                "options": [list(option) for option in options],
                "chosen": kept.get("chosen", ""),
                "label": kept.get("label", ""),
            },
        )
        question["rows"] += 1
        return str(question["chosen"])


class Writer(ABC):
    """Writes the rows of one batch, in order of rank and number."""

    def __init__(self, batch: ImportBatch, by: Actor) -> None:
        self.batch, self.by = batch, by

    @abstractmethod
    def write(self, row: ImportRow) -> str:
        """Do what the row's `after` says by the app's actions; returns the object's id. Raises ActionError."""


class Importer(ABC):
    """A kind of import, registered by its app."""

    kind: ClassVar[str]
    title: ClassVar[str]
    lead: ClassVar[str] = ""
    columns: ClassVar[tuple[ImportColumn, ...]]
    params: tuple[Param, ...] = ()

    @abstractmethod
    def may(self, user: Any) -> bool: ...

    @abstractmethod
    def judge(self, batch: ImportBatch) -> Judge: ...

    @abstractmethod
    def writer(self, batch: ImportBatch, by: Actor) -> Writer: ...

    @abstractmethod
    def snapshots(self, ids: Sequence[str]) -> dict[str, Values]:
        """The present values of written objects, by id; what is gone is left out."""

    @abstractmethod
    def lock(self, ids: Sequence[str]) -> None:
        """Keep others from changing these objects until the transaction ends."""

    @abstractmethod
    def undo(self, row: ImportRow, by: Actor) -> None:
        """Take back what the row did. Raises ActionError if something new hangs on it."""

    @abstractmethod
    def existing(self, params: Mapping[str, Any]) -> Iterator[Values]:
        """What is there, as rows of the template: column name → value."""

    def check_params(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """The parameters as they are kept. Raises ActionError by parameter."""
        return {}

    def resolve(self, question: Mapping[str, Any], typed: str, params: Mapping[str, Any]) -> tuple[str, str] | None:
        """What a person who chose “其他” means by a name or code: (id, words), or None if it is unknown."""
        return None

    def back(self, params: Mapping[str, Any]) -> tuple[str, str] | None:
        """Where the person came from and goes on: (words, path), or None for the list of imports."""
        return None

    @property
    def titles(self) -> Titles:
        return Titles(
            known={column.name: (column.title, *column.synonyms) for column in self.columns},
            private=PRIVATE,
            required=[column.name for column in self.columns if column.required],
        )

    def title_of(self, name: str) -> str:
        return next((column.title for column in self.columns if column.name == name), name)

    def changes(self, row: ImportRow) -> list[tuple[str, str, str]]:
        """(column, old, new) of what a row changes, in the order of the columns."""
        return [
            (column.title, shown(row.before.get(column.name)), shown(row.after.get(column.name)))
            for column in self.columns
            if column.name in row.after and not same(row.before.get(column.name), row.after[column.name])
        ]


def problem(column: str, reason: str, proposal: str = "") -> Problem:
    return {"column": column, "reason": reason, "proposal": proposal}


def same(first: Any, second: Any) -> bool:
    """Whether two values are one: pairs by their key, no value like an empty one."""
    return _key(first) == _key(second)


def same_values(first: Mapping[str, Any], second: Mapping[str, Any]) -> bool:
    return all(same(first.get(name), second.get(name)) for name in {*first, *second})


def differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    return [name for name in after if not same(before.get(name), after[name])]


def shown(value: Any) -> str:
    """A value in words."""
    if isinstance(value, list):
        return str(value[1])
    return "" if value is None else str(value)


def listed(rows: Iterable[tuple[int, str]], limit: int = 5) -> str:
    """“第 3 行“某支部”、第 8 行…” for a message."""
    found = list(rows)
    words = "、".join(f"第 {number} 行“{label[:30]}”" for number, label in found[:limit])
    return words + (f"等 {len(found)} 行" if len(found) > limit else "")


def _key(value: Any) -> Any:
    if isinstance(value, list):
        value = value[0]
    return "" if value is None else value
