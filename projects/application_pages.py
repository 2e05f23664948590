"""An application's content as it is read: the form's fields in their order, tables as tables, comments beside them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from brands.models import Brand, Field, Tier
from common.templatetags.ui import day_label, percent
from common.text import parse_date
from projects.application_fields import LABELS, ROWS, TEXTS, Content, weight_of
from projects.models import Attachment, Season, Track

Comments = Mapping[str, Sequence[Any]]
WHOLE = "整体意见"
HEADS = {
    "figures": ["指标", "数量"],
    "team": ["姓名", "单位及职务", "分工"],
    "milestones": ["里程碑", "权重", "开始", "完成时限"],
}


@dataclass(frozen=True, slots=True)
class FileLine:
    """A file as the version names it; `attachment` is None where it was taken out since."""

    name: str
    sha256: str
    attachment: Attachment | None = None


@dataclass(slots=True)
class Section:
    """A field of the application: a text, or a table of `rows` under `head`, or files.

    `remark` is the bound field in which whoever judges may write about it.
    """

    name: str
    label: str
    text: str = ""
    head: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    files: list[FileLine] = field(default_factory=list)
    comments: Sequence[Any] = ()
    remark: Any = None

    @property
    def is_long(self) -> bool:
        return self.name in TEXTS

    @property
    def table(self) -> list[list[tuple[str, str]]]:
        """The rows with each cell's heading, which a phone shows beside it."""
        return [list(zip(self.head, row, strict=True)) for row in self.rows]

    @property
    def lines(self) -> list[str]:
        """The same as plain lines: what a comparison compares."""
        if self.files:
            return [f"{file.name}（文件摘要 {file.sha256[:8]}）" for file in self.files]
        if self.rows:
            return [" · ".join(cell for cell in row if cell) for row in self.rows]
        return self.text.split("\n") if self.text else []


@dataclass(frozen=True, slots=True)
class Names:
    """What codes in a content are called."""

    tracks: Mapping[str, str]
    brands: Mapping[str, str]


def names_in(contents: Iterable[Content], season: Season | None = None) -> Names:
    """The tracks and brands that these contents speak of (two queries); of the season if it is given."""
    contents = list(contents)
    tracks = Track.objects.filter(code__in={content.get("track", "") for content in contents})
    if season is not None:
        tracks = tracks.filter(season=season)
    brands = Brand.objects.filter(code__in={code for content in contents for code in content.get("brands", [])})
    return Names(
        tracks=dict(tracks.order_by("season__starts_on").values_list("code", "name")),
        brands=dict(brands.order_by("position", "id").values_list("code", "name")),
    )


def sections(
    content: Content,
    *,
    comments: Comments | None = None,
    season: Season | None = None,
    names: Names | None = None,
    files: Iterable[Attachment] | None = None,
    remarks: Mapping[str, Any] | None = None,
) -> list[Section]:
    """Every field of an application, for `projects/application_content.html`.

    `comments` (with `text`, `version`, `answer`, `released_at` and, if named, `said_by`) and `remarks` (bound form
    fields) by field, with "" for the whole. `files` are the project's: a sent
    version names its own, which are linked where they are still there; a draft shows these.
    """
    names = names or names_in([content], season)
    found = [_section(name, label, content, names, files) for name, label in LABELS.items()]
    if (comments and comments.get("")) or (remarks and "" in remarks):
        found.append(Section("", WHOLE))
    for section in found:
        section.comments = (comments or {}).get(section.name, ())
        section.remark = (remarks or {}).get(section.name)
    return found


def by_field(comments: Iterable[Any]) -> dict[str, list[Any]]:
    """Comments (anything with a `field`) in their order, by field."""
    found: dict[str, list[Any]] = {}
    for comment in comments:
        found.setdefault(comment.field, []).append(comment)
    return found


def _section(name: str, label: str, content: Content, names: Names, files: Iterable[Attachment] | None) -> Section:
    if name in ROWS:
        rows = [_cells(name, row) for row in content.get(name, [])]
        return Section(name, label, head=HEADS[name], rows=rows)
    if name == "study_record":
        return Section(name, label, files=_files(content, files or ()))
    return Section(name, label, text=_text(name, content, names))


def _text(name: str, content: Content, names: Names) -> str:
    value = content.get(name, "")
    if name == "brands":
        return "、".join(called for code, called in names.brands.items() if code in value)
    if name == "track":
        return names.tracks.get(value, value)
    if name in ("field", "tier"):
        return str(dict(Field.choices if name == "field" else Tier.choices).get(value, value))
    return _day(value) if name in ("starts_on", "ends_on") else str(value)


def _cells(name: str, row: Mapping[str, str]) -> list[str]:
    if name == "figures":
        amount, unit = row.get("amount", ""), row.get("unit", "")
        return [row.get("name", ""), amount if amount.endswith(unit) else f"{amount}{unit}"]
    if name == "team":
        return [row.get(column, "") for column in ("name", "post", "duty")]
    typed = row.get("weight", "")
    weight = weight_of(typed)
    return [
        row.get("title", ""),
        percent(weight) if weight else typed,
        _day(row.get("start", "")),
        _day(row.get("due", "")),
    ]


def _day(text: str) -> str:
    """A typed day in the one way that pages write it; as it was typed if it is none."""
    try:
        return day_label(parse_date(text))
    except ValueError:
        return text


def _files(content: Content, files: Iterable[Attachment]) -> list[FileLine]:
    if "study_record" not in content:
        return [FileLine(a.file.original_name, a.file.sha256, a) for a in files]
    there = {attachment.file.sha256: attachment for attachment in files}
    return [FileLine(row["name"], row["sha256"], there.get(row["sha256"])) for row in content["study_record"]]
