"""What each row of an import of people means: whose post it is, which one, from when until when.

Two people may bear one name and one person may hold several posts (一肩挑), so a name alone never decides: where it is
known, or comes twice in the sheet, the person who imports is asked.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

from common import cells
from common.cells import CellProblem
from common.importers import SKIP, ImportColumn, Judge, Line, Status, Values, Verdict
from common.models import ImportBatch
from common.names import person_words, plain_key
from organizations.directory import Directory, Known, pick
from organizations.models import Appointment, AppointmentPost, Person, User

Post = AppointmentPost
POSTS = dict(Post.choices)
POST_WORDS = {
    **dict.fromkeys(("党委书记", "党工委书记", "党总支书记", "党支部书记", "支部书记", "党组书记"), Post.SECRETARY),
    **dict.fromkeys(("党委副书记", "党工委副书记", "党总支副书记", "党支部副书记"), Post.DEPUTY_SECRETARY),
    **dict.fromkeys(("组织委员", "宣传委员", "纪检委员", "党委委员", "支部委员"), Post.MEMBER),
    **dict.fromkeys(("干事", "党务工作者", "组织干事"), Post.CLERK),
}
FOREVER = date.max


def person_name(value: Any) -> str:
    """A name. Raises CellProblem for digits."""
    name = cells.line(value, limit=50)
    if any(letter.isdigit() for letter in name):
        raise CellProblem("姓名里有数字。", "请只填写姓名，不要填证件号或电话。")
    return person_words(name)


COLUMNS = (
    ImportColumn("name", "姓名", ("书记姓名", "人员姓名"), person_name, required=True, needed=True, width=12),
    ImportColumn(
        "organization",
        "党组织",
        ("党组织名称", "所在党组织", "任职党组织", "所属党组织", "单位", "任职单位"),
        partial(cells.line, limit=120),
        required=True,
        needed=True,
        hint="名称或代码",
        width=32,
    ),
    ImportColumn(
        "post",
        "职务",
        ("党内职务", "担任职务", "任职", "任职职务"),
        partial(cells.choice, choices=Post.choices, synonyms=POST_WORDS),
        required=True,
        needed=True,
        hint="、".join(Post.labels),
        width=12,
    ),
    ImportColumn(
        "since",
        "任职日期",
        ("任职时间", "任职起始", "任职开始", "任职时间起", "任职时间开始", "开始", "起"),
        cells.day,
        hint="例如 2026-3-5；新任职必填",
        kind="day",
    ),
    ImportColumn(
        "until",
        "免职日期",
        ("免职时间", "离任日期", "任职结束", "任职时间止", "任职时间结束", "结束", "止"),
        cells.day,
        hint="在任的留空",
        kind="day",
    ),
    ImportColumn("account", "账号", ("登录账号", "用户名"), cells.line, hint="可留空；用来区分同名的人", kind="code"),
)


@dataclass(frozen=True, slots=True)
class Term:
    """A post as an import compares it."""

    id: str
    person: str
    name: str
    organization: str
    post: str
    since: date
    until: date | None


def terms(**filters: Any) -> Iterator[Term]:
    rows = Appointment.objects.filter(**filters).order_by("organization__path", "since", "pk")
    columns = ("pk", "person", "person__name", "organization", "post", "since", "until")
    for pk, person, name, organization, post, since, until in rows.values_list(*columns):
        yield Term(str(pk), str(person), name, str(organization), post, since, until)


def term_values(term: Term, organization: str) -> Values:
    return {
        "name": [term.person, term.name],
        "organization": [term.organization, organization],
        "post": [term.post, POSTS[term.post]],
        "since": term.since.isoformat(),
        "until": term.until.isoformat() if term.until else "",
    }


class PeopleJudge(Judge):
    """What each row of people and posts would do."""

    def __init__(self, batch: ImportBatch) -> None:
        super().__init__(batch)
        self.directory = Directory()
        self.by_place: dict[tuple[str, str, str], list[Term]] = defaultdict(list)
        self.by_person: dict[str, list[Term]] = defaultdict(list)
        self.secretaries: dict[str, list[Term]] = defaultdict(list)
        self.people: dict[str, list[str]] = defaultdict(list)
        self.names: dict[str, str] = {}
        for term in terms():
            self.by_place[plain_key(term.name), term.organization, term.post].append(term)
            self.by_person[term.person].append(term)
            if term.post == Post.SECRETARY:
                self.secretaries[term.organization].append(term)
        for pk, name in Person.objects.values_list("pk", "name").order_by("pk"):
            self.people[plain_key(name)].append(str(pk))
            self.names[str(pk)] = name
        self.accounts = {n.casefold(): str(p) for n, p in User.objects.values_list("username", "person").order_by("pk")}
        self.first_of: dict[str, list[tuple[int, str]]] = defaultdict(list)
        self.ends: dict[str, date] = {}
        self.seats: dict[str, list[tuple[date, date, int, str]]] = defaultdict(list)
        self.seen: dict[tuple[str, ...], int] = {}

    def meet(self, line: Line) -> None:
        """Who comes where, and how the secretaries' terms will lie when all is written."""
        values = line.values
        found = self.directory.find(values.get("organization", ""))
        place = found[0].id if len(found) == 1 else plain_key(values.get("organization", ""))
        name = plain_key(values.get("name", ""))
        self.first_of[name].append((line.number, place))
        if line.faults or values.get("post") != Post.SECRETARY:
            return
        since, until = _day(values, "since"), _day(values, "until")
        old = self._old(self.by_place.get((name, place, Post.SECRETARY), []), since)
        if old is not None:
            if until is not None:
                self.ends[old.id] = until
        elif since is not None:
            self.seats[place].append((since, until or FOREVER, line.number, values["name"]))

    def verdict(self, line: Line) -> Verdict:
        values = line.values
        verdict = Verdict(label=" ".join(filter(None, (values.get("name"), POSTS.get(values.get("post", ""))))))
        verdict.label = verdict.label or f"第 {line.number} 行"
        if line.faults or not {"name", "organization", "post"} <= values.keys():
            verdict.status = Status.WRONG
            return verdict
        organization = pick(self, self.directory, values["organization"], verdict, "党组织")
        if organization is None:
            return verdict
        verdict.label = f"{values['name']} {organization.name}{POSTS[values['post']]}"
        person = self._person(line, organization, verdict)
        if person:
            self._compare(line, person, organization, verdict)
        return verdict

    def _person(self, line: Line, organization: Known, verdict: Verdict) -> str:
        """The person's id, or `row:` and a number for a new one; "" if it is not known or the row is skipped."""
        name, key = line.values["name"], plain_key(line.values["name"])
        if account := line.values.get("account"):
            person = self.accounts.get(account.casefold(), "")
            if not person:
                verdict.wrong("账号", f"没有账号“{account[:30]}”。", "可先留空，账号由系统管理员开通。")
            elif plain_key(self.names[person]) != key:
                verdict.wrong("账号", f"这个账号是“{self.names[person]}”的。", "请核对姓名和账号。")
            return "" if verdict.is_wrong else person
        known = self.people.get(key, [])
        here = [p for p in known if any(term.organization == organization.id for term in self.by_person[p])]
        if len(here) == 1:
            return here[0]
        rows = [(number, place) for number, place in self.first_of[key] if number < line.number]
        same_place = next((number for number, place in rows if place == organization.id), None)
        if not known and same_place is not None:
            return f"row:{same_place}"
        if not known and not rows:
            return f"row:{line.number}"
        options = [(p, f"{name}（{self._posts(p)}）") for p in here or known]
        options += [(f"row:{number}", f"与第 {number} 行是同一人") for number, _ in rows[:1] if not known]
        options.append(("new", "另一位同名的人"))
        chosen = self.ask(self._key(key, organization), f"{name}（{organization.name}）", options, "person")
        if chosen == SKIP:
            verdict.skip("已选择不导入这一行。")
            return ""
        if not chosen:
            others = self._posts((here or known)[0]) if known else f"第 {rows[0][0]} 行"
            verdict.wrong("姓名", f"已有同名的人（{others}）。", "请在“名称对应”里选择是不是同一人，或填写账号。")
            return ""
        return f"row:{line.number}" if chosen == "new" else chosen

    def _compare(self, line: Line, person: str, organization: Known, verdict: Verdict) -> None:
        values, post = line.values, line.values["post"]
        since, until = _day(values, "since"), _day(values, "until")
        once = (person, organization.id, post, str(since))
        if (first := self.seen.setdefault(once, line.number)) != line.number:
            verdict.wrong("姓名", f"与第 {first} 行重复。", "请只留一行。")
            return
        here = self.by_person.get(person, [])
        old = self._old([term for term in here if (term.organization, term.post) == (organization.id, post)], since)
        if old is not None:
            self._change(old, since, until, organization, verdict)
        else:
            self._add(line, person, organization, verdict)
        if person == str(self.batch.owner.person_id) and verdict.status in (Status.NEW, Status.CHANGED):
            verdict.wrong("姓名", "不能给自己任职。", "请由他人导入这一行。")

    def _change(self, old: Term, since: date | None, until: date | None, organization: Known, verdict: Verdict) -> None:
        verdict.object_id = old.id
        verdict.before = term_values(old, organization.name)
        verdict.after = dict(verdict.before)
        if since is not None and since != old.since:
            verdict.wrong("任职日期", f"与已有记录（{old.since}）不一致。", "请核对；确需更正的请联系系统管理员。")
        elif until is None or until == old.until:
            verdict.status = Status.SAME
        elif until < old.since:
            verdict.wrong("免职日期", f"早于任职日期 {old.since}。", "请核对。")
        elif old.until is not None and until > old.until:
            verdict.wrong("免职日期", f"已有记录为 {old.until} 免职。", "请核对；确需更正的请联系系统管理员。")
        else:
            verdict.status = Status.CHANGED
            verdict.after["until"] = until.isoformat()

    def _add(self, line: Line, person: str, organization: Known, verdict: Verdict) -> None:
        values = line.values
        since, until, post = _day(values, "since"), _day(values, "until"), values["post"]
        if since is None:
            verdict.wrong("任职日期", "新的任职要填写任职日期。", "请按 2026-3-5 这样填写。")
            return
        if until is not None and until < since:
            verdict.wrong("免职日期", f"早于任职日期 {since}。", "请核对两个日期。")
            return
        if post == Post.SECRETARY and (other := self._in_the_way(line.number, organization.id, since, until)):
            verdict.wrong("职务", f"这段时间已有书记：{other}。", "请先填写前任的免职日期，或核对任职日期。")
            return
        verdict.status, verdict.rank = Status.NEW, 1 if until else 2
        verdict.after = {
            "name": [person, values["name"]],
            "organization": [organization.id, organization.name],
            "post": [post, POSTS[post]],
            "since": since.isoformat(),
            "until": until.isoformat() if until else "",
        }
        elsewhere = self._posts(person, only=Post.SECRETARY)
        if post == Post.SECRETARY and elsewhere:
            verdict.note("姓名", f"同时任{elsewhere}（一肩挑）。", "请核对是不是同一人。")

    def _in_the_way(self, number: int, organization: str, since: date, until: date | None) -> str:
        """Who is secretary in this time, when all rows above are written."""
        last = until or FOREVER
        for term in self.secretaries.get(organization, []):
            end = self.ends.get(term.id, term.until or FOREVER)
            if term.since <= last and end >= since:
                return f"{term.name}（{term.since} 起）"
        for other_since, other_end, row, name in self.seats.get(organization, []):
            if row < number and other_since <= last and other_end >= since:
                return f"{name}（第 {row} 行）"
        return ""

    def _old(self, here: list[Term], since: date | None) -> Term | None:
        """The post that a row speaks of: that of the same day, else the open one, else without a day the last."""
        exact = [term for term in here if term.since == since]
        running = [term for term in here if term.until is None]
        if exact or running:
            return (exact or running)[0]
        return here[-1] if here and since is None else None

    def _posts(self, person: str, only: str = "") -> str:
        """The person's open posts in words."""
        found = [term for term in self.by_person.get(person, []) if term.until is None and only in ("", term.post)]
        words = [f"{self.directory.by_id[term.organization].name}{POSTS[term.post]}" for term in found[:2]]
        return "、".join(words) or ("" if only else "无在任职务")

    def _key(self, name: str, organization: Known) -> str:
        return f"person|{name}|{organization.id}"


def _day(values: Values, name: str) -> date | None:
    return date.fromisoformat(values[name]) if values.get(name) else None
