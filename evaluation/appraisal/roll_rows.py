"""What each row of an imported roll means: who, in which category, of which organization, by which channel."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from common import cells
from common.importers import ImportColumn, Judge, Line, Status, Values, Verdict, same_values
from common.models import ImportBatch
from common.names import plain_key
from evaluation.appraisal.models import Campaign, Voter, VoterCategory
from evaluation.appraisal.roll import WORKPLACE_LIMIT, place_key
from organizations.directory import Directory, Known, pick
from organizations.import_people import person_name
from organizations.models import Appointment, User

Channel = Voter.Channel
CHANNELS = dict(Channel.choices)
CHANNEL_WORDS = {
    **dict.fromkeys(("账号", "登录账号", "系统账号"), Channel.ACCOUNT),
    **dict.fromkeys(("投票码", "二维码", "选票单", "码"), Channel.CODE),
    **dict.fromkeys(("纸质票", "纸质", "纸票", "现场", "现场纸质票"), Channel.PAPER),
}
COLUMNS = (
    ImportColumn("name", "姓名", ("人员姓名", "票决人", "代表姓名"), person_name, required=True, needed=True, width=12),
    ImportColumn(
        "category",
        "类别",
        ("人员类别", "票决人员类别", "票决类别", "代表类别", "界别"),
        partial(cells.line, limit=40),
        required=True,
        needed=True,
        hint="与本次票决设置的人员类别一致",
        width=20,
    ),
    ImportColumn(
        "organization",
        "所在党组织",
        ("党组织", "党组织名称", "所属党组织", "所在支部"),
        partial(cells.line, limit=120),
        hint="名称或代码，用来计算回避；不在任何党组织的留空，并填写单位及职务",
        width=32,
    ),
    ImportColumn(
        "workplace",
        "单位及职务",
        ("单位职务", "单位", "工作单位", "工作单位及职务", "职务"),
        partial(cells.line, limit=WORKPLACE_LIMIT),
        hint="没有所在党组织的必填；同名的人靠它区分",
        width=28,
    ),
    ImportColumn(
        "channel",
        "投票方式",
        ("方式", "投票渠道"),
        partial(cells.choice, choices=Channel.choices, synonyms=CHANNEL_WORDS),
        hint="账号、投票码、纸质票；留空的，有账号的为账号，没有的为投票码",
        width=12,
    ),
    ImportColumn(
        "account", "账号", ("登录账号", "用户名", "系统账号"), cells.line, hint="用账号投票的必填", kind="code"
    ),
)


@dataclass(frozen=True, slots=True)
class Account:
    person: str
    name: str
    active: bool


def voter_values(rows: Iterable[Voter]) -> dict[str, Values]:
    """What an import compares of voters, by id; `rows` come with category, organization and the person's account."""
    return {
        str(row.pk): {
            "name": row.name,
            "category": [str(row.category_id), row.category.name],
            "organization": [str(row.organization_id or ""), row.organization.name if row.organization else ""],
            "workplace": row.workplace,
            "channel": [row.channel, row.get_channel_display()],
            "account": [str(row.person_id or ""), getattr(getattr(row.person, "user", None), "username", "")],
        }
        for row in rows
    }


def with_all(rows: Any) -> Any:
    return rows.select_related("category", "organization", "person__user").order_by("category__position", "name", "pk")


class RollJudge(Judge):
    """What each row of a roll would do; a fixed number of queries, made before the first row."""

    def __init__(self, batch: ImportBatch) -> None:
        super().__init__(batch)
        campaign = Campaign.objects.get(code=batch.params["campaign"])
        self.draft = campaign.is_draft
        self.directory = Directory()
        self.categories = list(campaign.categories.order_by("position", "id"))
        self.values = voter_values(with_all(campaign.voters))
        self.by_person = {v["account"][0]: pk for pk, v in self.values.items() if v["account"][0]}
        self.by_place = {place_key(v["name"], v["workplace"]): pk for pk, v in self.values.items()}
        self.by_name: dict[str, list[str]] = defaultdict(list)
        for pk, known in self.values.items():
            self.by_name[known["name"]].append(pk)
        users = User.objects.values_list("username", "person", "person__name", "is_active")
        self.accounts = {name.casefold(): Account(str(p), own, active) for name, p, own, active in users}
        self.posted = {str(pk) for pk in Appointment.objects.in_force().values_list("person", flat=True)}
        self.seen: dict[tuple[str, ...], tuple[int, str]] = {}
        self.names: dict[str, list[int]] = defaultdict(list)

    def meet(self, line: Line) -> None:
        self.names[line.values.get("name", "")].append(line.number)

    def verdict(self, line: Line) -> Verdict:
        values = line.values
        verdict = Verdict(label=values.get("name") or f"第 {line.number} 行")
        if line.faults or not {"name", "category"} <= values.keys():
            verdict.status = Status.WRONG
            return verdict
        if not self.draft:
            verdict.wrong("", "票决已经锁定，名册不能再改。", "请放弃这次导入。")
            return verdict
        category = self._category(values["category"], verdict)
        account = self._account(values, verdict)
        known = self._known(values, account)
        organization = self._organization(values, account, known, verdict)
        if verdict.is_wrong or verdict.skipped or category is None:
            return verdict
        verdict.label = f"{values['name']}（{category.name}）"
        channel = values.get("channel") or (Channel.ACCOUNT if account else Channel.CODE)
        after = {
            "name": values["name"],
            "category": [str(category.pk), category.name],
            "organization": [organization.id, organization.name] if organization else ["", ""],
            "workplace": values.get("workplace", ""),
            "channel": [channel, CHANNELS[channel]],
            "account": [account.person, values["account"]] if account else ["", ""],
        }
        before = self.values.get(known, {})
        # An empty cell changes nothing that is there.
        verdict.after = {name: before[name] if before and name not in values else after[name] for name in after}
        verdict.object_id, verdict.before = known, before
        self._compare(line, category, verdict)
        return verdict

    def _known(self, values: Values, account: Account | None) -> str:
        """The id of the voter that a row speaks of, or ""."""
        found = self.by_person.get(account.person, "") if account else ""
        return found or self.by_place.get(place_key(values["name"], values.get("workplace", "")), "")

    def _category(self, typed: str, verdict: Verdict) -> VoterCategory | None:
        """The category of this name, whatever its remark in brackets."""
        key = _plain(typed)
        found = [row for row in self.categories if key in (_plain(row.name), row.code)]
        if len(found) == 1:
            return found[0]
        near = [row for row in self.categories if set(key) and set(key) <= set(_plain(row.name))]
        names = "、".join(row.name for row in self.categories)
        proposal = f"是不是“{near[0].name}”？" if len(near) == 1 else f"应为：{names}。"
        verdict.wrong("类别", f"没有“{typed[:30]}”这个类别。", proposal)
        return None

    def _account(self, values: Values, verdict: Verdict) -> Account | None:
        typed = values.get("account", "")
        if not typed:
            if values.get("channel") == Channel.ACCOUNT:
                verdict.wrong("账号", "用账号投票的要填写账号。", "请补上账号，或改为投票码。")
            return None
        found = self.accounts.get(typed.casefold())
        if found is None:
            verdict.wrong("账号", f"没有账号“{typed[:30]}”。", "请核对；账号由系统管理员开通，或改用投票码。")
        elif plain_key(found.name) != plain_key(values["name"]):
            verdict.wrong("账号", f"这个账号是“{found.name}”的。", "请核对姓名和账号。")
        elif not found.active and values.get("channel", Channel.ACCOUNT) == Channel.ACCOUNT:
            verdict.wrong("账号", "这个账号已停用。", "请由系统管理员启用，或改用投票码。")
        return None if verdict.is_wrong else found

    def _organization(self, values: Values, account: Account | None, known: str, verdict: Verdict) -> Known | None:
        if typed := values.get("organization"):
            return pick(self, self.directory, typed, verdict, "所在党组织")
        if known:
            return None
        posted = account is not None and account.person in self.posted
        if not values.get("workplace") and not posted:
            verdict.wrong("所在党组织", "没有填写，无法计算回避。", "请补上；不在任何党组织的，请填写单位及职务。")
        elif not posted:
            verdict.note("所在党组织", "没有填写，不按党组织计算回避。", "确不在任何党组织的可以这样导入。")
        return None

    def _compare(self, line: Line, category: VoterCategory, verdict: Verdict) -> None:
        after = verdict.after
        person, place = after["account"][0], place_key(after["name"], after["workplace"])
        keys = [("place", *place), *([("person", person)] if person else [])]
        for key in keys:
            first, named = self.seen.setdefault(key, (line.number, category.name))
            if first != line.number:
                self._again(first, named, category, verdict)
                return
        before = verdict.before
        if not before:
            verdict.status = Status.NEW
            self._namesakes(line, verdict)
        elif before["category"][0] != str(category.pk):
            reason = f"已在“{before['category'][1]}”名册中，一人只能归入一个类别。"
            verdict.wrong("类别", reason, "确为两人的，请写明各自的单位及职务；要换类别的，请先移出名册。")
        else:
            verdict.status = Status.SAME if same_values(before, after) else Status.CHANGED

    def _again(self, first: int, named: str, category: VoterCategory, verdict: Verdict) -> None:
        if named == category.name:
            verdict.wrong("姓名", f"与第 {first} 行重复。", "请只留一行；确为两人的，请写明各自的单位及职务。")
        else:
            reason = f"与第 {first} 行（{named}）是同一人，一人只能归入一个类别。"
            verdict.wrong("类别", reason, "请只留一行；确为两人的，请写明各自的单位及职务。")

    def _namesakes(self, line: Line, verdict: Verdict) -> None:
        """A note where somebody else bears the name: perhaps the same person."""
        name = verdict.after["name"]
        rows = [f"第 {number} 行" for number in self.names[name] if number != line.number]
        there = [f"名册里的{self.values[pk]['category'][1]}" for pk in self.by_name.get(name, [])]
        if rows or there:
            verdict.note("姓名", f"另有同名的人（{'、'.join((there + rows)[:3])}）。", "请核对是不是同一人。")


def _plain(text: str) -> str:
    return plain_key(text).replace("(待确认)", "")
