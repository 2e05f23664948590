"""What each row of an import of projects means: which project, whose, and what of it would change."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from functools import partial
from typing import Any

from brands.models import Brand, Field
from common import cells
from common.importers import SKIP, ImportColumn, Judge, Line, Status, Values, Verdict, differing
from common.models import ImportBatch
from common.names import plain_key
from organizations.directory import Directory, Known, pick
from organizations.models import Appointment
from projects.application_fields import TEXT_LIMIT, TITLE_LIMIT
from projects.models import Project, Season

FIELDS = dict(Field.choices)
# The fields' short names, as departments write them.
FIELD_WORDS = {
    **{"区域": Field.REGIONAL, "机关": Field.AGENCY, "非公": Field.PRIVATE_ENTERPRISE, "商圈": Field.BUSINESS_DISTRICT},
    **{
        "社会组织": Field.SOCIAL_ORGANIZATION,
        "社区": Field.COMMUNITY,
        "社区治理": Field.COMMUNITY,
        "社区党建": Field.COMMUNITY,
    },
    **{"网格": Field.GRID, "效能": Field.EFFICIENCY},
}
TEXTS = ("title", "problem", "goal", "measures", "expected_effect")
DAYS = ("starts_on", "ends_on")
CHOSEN = ("organization", "secretary", "track", "field", "brands")
State = Project.State
GONE = (State.WITHDRAWN, State.REJECTED, State.TERMINATED)


def _long(name: str, title: str, *synonyms: str) -> ImportColumn:
    return ImportColumn(name, title, synonyms, partial(cells.text, limit=TEXT_LIMIT), width=40)


def _day_column(name: str, title: str, *synonyms: str) -> ImportColumn:
    return ImportColumn(name, title, synonyms, cells.day, hint="例如 2026-3-5", kind="day")


COLUMNS = (
    ImportColumn("code", "编号", ("项目编号", "系统编号"), cells.code, hint="系统给的编号；新项目留空", kind="code"),
    ImportColumn(
        "organization",
        "牵头党组织",
        ("党组织", "申报党组织", "党组织名称", "牵头单位", "申报单位", "单位"),
        partial(cells.line, limit=120),
        required=True,
        needed=True,
        hint="名称或代码",
        width=28,
    ),
    ImportColumn(
        "title",
        "项目名称",
        ("书记项目名称", "名称", "项目", "题目"),
        partial(cells.line, limit=TITLE_LIMIT),
        required=True,
        needed=True,
        width=32,
    ),
    ImportColumn("secretary", "领题书记", ("书记", "书记姓名", "领办书记", "负责人"), cells.line, width=12),
    ImportColumn("track", "赛道", ("类别", "参评赛道"), partial(cells.line, limit=40), hint="本年度的赛道名称"),
    ImportColumn(
        "field",
        "领域",
        ("所属领域", "党建领域"),
        partial(cells.choice, choices=Field.choices, synonyms=FIELD_WORDS),
        hint="、".join(Field.labels),
    ),
    _day_column("starts_on", "开始日期", "开始", "开始时间", "起始日期", "启动时间"),
    _day_column("ends_on", "完成时限", "完成", "完成时间", "结束日期", "完成日期"),
    _long("problem", "背景与难题", "拟破解难题", "实施背景", "难题", "背景"),
    _long("goal", "目标", "工作目标", "项目目标"),
    _long("measures", "主要措施", "措施", "拟采取措施", "推进措施"),
    _long("expected_effect", "预期成效", "拟取得成效", "预期效果", "成效"),
    ImportColumn("brands", "关联品牌", ("品牌", "所属品牌"), partial(cells.line, limit=300), hint="几个用顿号分开"),
)


@dataclass(frozen=True, slots=True)
class KnownProject:
    """A project as an import compares it; `values` by column."""

    id: str
    code: str
    state: str
    values: Values

    @property
    def organization(self) -> str:
        return str(self.values["organization"][0])


def known_projects(**filters: Any) -> Iterator[KnownProject]:
    """Projects with what is compared of them, in two queries."""
    rows = Project.objects.filter(**filters).select_related("track", "lead_organization", "lead_secretary")
    for row in rows.prefetch_related("brands").order_by("pk"):
        brands = sorted(row.brands.all(), key=lambda brand: brand.position)
        values: Values = {name: getattr(row, name) for name in TEXTS}
        values |= {name: getattr(row, name).isoformat() for name in DAYS}
        values |= {
            "organization": [str(row.lead_organization_id), row.lead_organization.name],
            "secretary": [str(row.lead_secretary_id), row.lead_secretary.name],
            "track": [str(row.track_id), row.track.name],
            "field": [row.field, FIELDS.get(row.field, "")],
            "brands": brand_pair(brands),
        }
        yield KnownProject(str(row.pk), row.code, row.state, values)


def brand_pair(brands: list[Brand]) -> list[str]:
    return [",".join(sorted(brand.code for brand in brands)), "、".join(brand.name for brand in brands)]


class ProjectJudge(Judge):
    """What each row of a season's projects would do."""

    def __init__(self, batch: ImportBatch) -> None:
        super().__init__(batch)
        self.season = Season.objects.get(code=batch.params["season"])
        self.directory = Directory()
        self.by_code: dict[str, KnownProject] = {}
        self.by_title: dict[tuple[str, str], KnownProject] = {}
        self.of_organization: dict[str, list[str]] = defaultdict(list)
        for known in known_projects(season=self.season):
            self.by_code[known.code] = known
            self.by_title[known.organization, plain_key(known.values["title"])] = known
            if known.state not in GONE:
                self.of_organization[known.organization].append(known.values["title"])
        self.tracks = list(self.season.tracks.prefetch_related("kinds"))
        self.brands = {
            plain_key(name): brand for brand in Brand.objects.all() for name in (brand.name, brand.short_name)
        }
        self.brands.pop("", None)
        self.secretaries, self.offices = _secretaries()
        self.seen: dict[str, int] = {}

    def verdict(self, line: Line) -> Verdict:
        values = line.values
        verdict = Verdict(label=values.get("title") or f"第 {line.number} 行")
        if not {"title", "organization"} <= values.keys():
            verdict.status = Status.WRONG
            return verdict
        organization = pick(self, self.directory, values["organization"], verdict, "牵头党组织")
        if organization is None:
            return verdict
        known = self._match(line, organization, verdict)
        self._refuse_twice(line, known, organization, verdict)
        typed = self._read(line, known, organization, verdict)
        if verdict.skipped:
            return verdict
        if known is None:
            self._add(organization, typed, verdict)
        else:
            self._change(known, typed, verdict)
        if not line.faults:
            self._check_days(verdict)
        return verdict

    def _match(self, line: Line, organization: Known, verdict: Verdict) -> KnownProject | None:
        code = line.values.get("code", "").lower()
        if not code:
            return self.by_title.get((organization.id, plain_key(line.values["title"])))
        known = self.by_code.get(code)
        if known is None:
            verdict.wrong(
                "编号", f"{self.season.name}没有编号为 {code} 的项目。", "新项目请留空编号；其他年度的请换年度导入。"
            )
        elif known.organization != organization.id:
            name = known.values["organization"][1]
            verdict.wrong("牵头党组织", f"编号 {code} 的项目由“{name}”牵头。", "导入不更换牵头党组织，请核对编号。")
        return known

    def _refuse_twice(self, line: Line, known: KnownProject | None, organization: Known, verdict: Verdict) -> None:
        once = known.id if known else f"{organization.id}|{plain_key(line.values['title'])}"
        if (first := self.seen.setdefault(once, line.number)) != line.number:
            verdict.wrong("项目名称", f"与第 {first} 行是同一个项目（书名号、引号、空格不算区别）。", "请只留一行。")
        elif known is None and self.season.one_project_per_organization and not verdict.is_wrong:
            others = self.of_organization[organization.id]
            if others:
                verdict.wrong(
                    "项目名称", f"本年度每个党组织限报一个项目，已有“{others[0]}”。", "请核对是不是同一个项目改了名称。"
                )
            elif not line.faults:
                others.append(line.values["title"])

    def _read(self, line: Line, known: KnownProject | None, organization: Known, verdict: Verdict) -> Values:
        """What the row says, by column; what it leaves empty is left out."""
        values = line.values
        typed: Values = {name: values[name] for name in (*TEXTS, *DAYS) if name in values}
        if known and ("code" not in values or typed["title"] == cells.line(known.values["title"])):
            typed.pop("title")  # a project that is found by its title keeps its own quotes and spaces
        if "field" in values:
            typed["field"] = [values["field"], FIELDS[values["field"]]]
        readers: dict[str, Callable[..., list[str] | None]] = {
            "secretary": self._secretary,
            "track": self._track,
            "brands": self._brands,
        }
        for name, reader in readers.items():
            if (found := reader(values.get(name, ""), known, organization, verdict)) is not None:
                typed[name] = found
        return typed

    def _secretary(
        self, typed: str, known: KnownProject | None, organization: Known, verdict: Verdict
    ) -> list[str] | None:
        """Who leads: a secretary in office, first of all the organization's own."""
        if known and (not typed or plain_key(typed) == plain_key(known.values["secretary"][1])):
            return None
        own = self.offices.get(organization.id)
        if not typed:
            if own is None:
                verdict.wrong("领题书记", "本党组织现在没有在任书记。", "请先维护任职，或填写领题书记。")
            return own
        if own and plain_key(own[1]) == plain_key(typed):
            return own
        found = self.secretaries.get(plain_key(typed), [])
        if not found:
            proposal = f"本党组织现任书记是{own[1]}，是不是他？" if own else "请先维护任职。"
            verdict.wrong("领题书记", f"“{typed[:20]}”现在不任党组织书记。", proposal)
            return None
        if known:
            verdict.wrong(
                "领题书记", f"与已有的领题书记“{known.values['secretary'][1]}”不同。", "请在项目页办理“变更领题书记”。"
            )
            return None
        if len(found) == 1:
            verdict.note("领题书记", f"{found[0][1]}不是本党组织的书记，任{found[0][2]}书记。", "请核对。")
            return found[0][:2]
        options = [(person, f"{name}（{office}书记）") for person, name, office in found]
        key, text = f"secretary|{plain_key(typed)}|{organization.id}", f"{typed}（{organization.name}）"
        chosen = self.ask(key, text, options, "person")
        if chosen == SKIP:
            verdict.skip("已选择不导入这一行。")
        elif not chosen:
            verdict.wrong("领题书记", f"有 {len(found)} 位书记叫这个名字。", "请在“名称对应”里选择。")
        return next((row[:2] for row in found if row[0] == chosen), None)

    def _track(self, typed: str, known: KnownProject | None, organization: Known, verdict: Verdict) -> list[str] | None:
        admitted = [track for track in self.tracks if track.admits(organization)]
        names = "、".join(f"“{track.name}”" for track in admitted)
        if not typed:
            if known:
                return None
            if len(admitted) == 1:
                return [str(admitted[0].pk), admitted[0].name]
            proposal = f"可填{names}。" if admitted else "请核对党组织的类型和赛道的准入类型。"
            verdict.wrong("赛道", "请填写赛道。" if admitted else "没有接受这类党组织的赛道。", proposal)
            return None
        track = next((t for t in self.tracks if plain_key(typed) in (plain_key(t.name), plain_key(t.code))), None)
        if track is None:
            near = get_close_matches(typed, [t.name for t in self.tracks], n=1, cutoff=0.4)
            proposal = f"是不是“{near[0]}”？" if near else f"可填{names}。"
            verdict.wrong("赛道", f"{self.season.name}没有赛道“{typed[:20]}”。", proposal)
            return None
        if track not in admitted and not (known and known.values["track"][0] == str(track.pk)):
            verdict.wrong(
                "赛道", f"“{track.name}”不接受这类党组织。", f"可填{names}。" if names else "请核对党组织的类型。"
            )
            return None
        return [str(track.pk), track.name]

    def _brands(
        self, typed: str, known: KnownProject | None, organization: Known, verdict: Verdict
    ) -> list[str] | None:
        if not typed:
            return None
        found = [self.brands[plain_key(typed)]] if plain_key(typed) in self.brands else []
        if not found:
            for name in filter(None, map(str.strip, re.split(r"[、,，;；]", typed))):
                brand = self.brands.get(plain_key(name))
                if brand is None:
                    near = get_close_matches(plain_key(name), list(self.brands), n=1, cutoff=0.4)
                    proposal = f"是不是“{self.brands[near[0]].name}”？" if near else "请核对品牌名称，或留空。"
                    verdict.wrong("关联品牌", f"没有品牌“{name[:30]}”。", proposal)
                    return None
                found.append(brand)
        return brand_pair(sorted(set(found), key=lambda brand: brand.position))

    def _add(self, organization: Known, typed: Values, verdict: Verdict) -> None:
        defaults: Values = dict.fromkeys((*TEXTS, *CHOSEN), "")
        defaults |= {"starts_on": self.season.starts_on.isoformat(), "ends_on": self.season.ends_on.isoformat()}
        verdict.after = {**defaults, **typed, "organization": [organization.id, organization.name]}
        if not verdict.is_wrong:
            verdict.status = Status.NEW

    def _change(self, known: KnownProject, typed: Values, verdict: Verdict) -> None:
        verdict.object_id, verdict.before = known.id, known.values | {"state": known.state}
        verdict.after = verdict.before | typed
        changed = differing(verdict.before, verdict.after)
        if verdict.is_wrong:
            return
        if changed and known.state != State.DRAFT:
            words = "、".join(column.title for column in COLUMNS if column.name in changed)
            reason = f"项目“{State(known.state).label}”，导入不能再改动它的{words}。"
            first = next(column.title for column in COLUMNS if column.name in changed)
            verdict.wrong(first, reason, "请去掉这一行，或在项目页按程序办理。")
            return
        verdict.status = Status.CHANGED if changed else Status.SAME

    def _check_days(self, verdict: Verdict) -> None:
        """The project's days within the season, as in an application; what is not changed is not judged."""
        if verdict.status not in (Status.NEW, Status.CHANGED):
            return
        start, end = (date.fromisoformat(verdict.after[name]) for name in DAYS)
        season = self.season
        if not season.starts_on <= start <= season.ends_on:
            verdict.wrong("开始日期", f"应在本年度（{season.starts_on}至{season.ends_on}）之内。", "请核对年度和日期。")
        if end > season.ends_on:
            verdict.wrong("完成时限", f"不能晚于本年度结束（{season.ends_on}）。", f"是不是 {season.ends_on}？")
        if end < start:
            verdict.wrong("完成时限", f"早于开始日期 {start}。", "请核对两个日期。")


def _secretaries() -> tuple[dict[str, list[list[str]]], dict[str, list[str]]]:
    """Today's secretaries: by name as [id, name, office], and [id, name] by organization."""
    by_name: dict[str, list[list[str]]] = defaultdict(list)
    by_office: dict[str, list[str]] = {}
    posts = Appointment.objects.filter(post=Appointment.Post.SECRETARY).in_force().order_by("organization__path", "pk")
    columns = ("person", "person__name", "organization", "organization__name")
    for person, name, organization, office in posts.values_list(*columns):
        by_office[str(organization)] = [str(person), name]
        if all(row[0] != str(person) for row in by_name[plain_key(name)]):
            by_name[plain_key(name)].append([str(person), name, office])
    return by_name, by_office
