"""What each row of an import of organizations means: its columns, its match, its place in the future tree."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from functools import partial
from typing import Any

from common import cells
from common.importers import SKIP, ImportColumn, Judge, Line, Status, Values, Verdict, differing
from common.models import ImportBatch
from common.names import name_key
from organizations.directory import KINDS, SECTORS, Directory, Known
from organizations.models import OrganizationKind, OrganizationSector

Kind = OrganizationKind
KIND_WORDS = {
    "党支部委员会": Kind.BRANCH,
    "支部": Kind.BRANCH,
    "基层党委": Kind.COMMITTEE,
    "总支": Kind.GENERAL_BRANCH,
    "联合支部": Kind.JOINT_BRANCH,
    "工委": Kind.WORKING_COMMITTEE,
}
SECTOR_WORDS = {
    "非公": OrganizationSector.PRIVATE_ENTERPRISE,
    "国有企业": OrganizationSector.STATE_ENTERPRISE,
    "学校": OrganizationSector.SCHOOL,
    "事业单位": OrganizationSector.SCHOOL,
    "园区": OrganizationSector.PARK,
    "商圈": OrganizationSector.PARK,
}
# By the end of a name, the longer ones first.
ENDINGS = (
    *(("联合党支部", Kind.JOINT_BRANCH), ("党支部", Kind.BRANCH), ("党总支", Kind.GENERAL_BRANCH)),
    *(("党工委", Kind.WORKING_COMMITTEE), ("党委", Kind.COMMITTEE), ("党组", Kind.LEADING_GROUP)),
)


def _count(value: Any) -> str:
    return str(cells.amount(value).value)


COLUMNS = (
    ImportColumn(
        "name",
        "名称",
        ("党组织名称", "党组织", "组织名称", "党组织全称", "全称", "单位名称"),
        partial(cells.line, limit=120),
        required=True,
        needed=True,
        hint="全称，例如 某街道党工委",
        width=32,
    ),
    ImportColumn("short_name", "简称", ("党组织简称",), partial(cells.line, limit=60)),
    ImportColumn(
        "kind",
        "类型",
        ("组织类型", "党组织类型", "组织类别", "党组织类别"),
        partial(cells.choice, choices=Kind.choices, synonyms=KIND_WORDS),
        hint="、".join(Kind.labels),
    ),
    ImportColumn(
        "sector",
        "领域类别",
        ("领域", "所属领域", "行业类别"),
        partial(cells.choice, choices=OrganizationSector.choices, synonyms=SECTOR_WORDS),
        hint="、".join(OrganizationSector.labels),
    ),
    ImportColumn(
        "code",
        "党组织代码",
        ("组织代码", "代码", "党组织编码", "编码"),
        cells.code,
        hint="文本格式，保留前面的 0；不知道请留空",
        kind="code",
    ),
    ImportColumn(
        "parent",
        "上级党组织",
        ("上级", "上级组织", "上级党组织名称", "隶属党组织", "隶属关系", "所属党组织"),
        partial(cells.line, limit=120),
        hint="名称或代码，可以是本表里的另一行",
        width=28,
    ),
    ImportColumn("founded_on", "成立日期", ("成立时间", "组建时间", "组建日期", "批准成立日期"), cells.day, kind="day"),
    ImportColumn("members", "党员人数", ("党员数", "正式党员数", "正式党员"), _count, hint="只用于核对，不保存"),
    ImportColumn("units", "覆盖单位数", ("覆盖单位", "联建单位数"), _count, hint="只用于核对，不保存"),
)
MAX_DEPTH = 30
COMPARED = ("name", "short_name", "kind", "sector", "code", "parent", "founded_on")


class OrganizationJudge(Judge):
    """What each row of organizations would do.

    A node is an organization's id or, for a new one, `row:` and its number; `above` is the tree as it would become.
    """

    def __init__(self, batch: ImportBatch) -> None:
        super().__init__(batch)
        self.directory = Directory()
        self.lines: dict[int, Line] = {}
        self.by_key: dict[str, list[int]] = defaultdict(list)
        self.node_of: dict[int, str] = {}
        self.above: dict[str, str] = {}
        self.first: dict[str, int] = {}
        self.judged: dict[int, Verdict] = {}  # rows that were judged before their turn, as another one's parent

    def meet(self, line: Line) -> None:
        name = line.values.get("name")
        if name:
            self.lines[line.number] = line
            self.by_key[name_key(name)].append(line.number)

    def verdict(self, line: Line) -> Verdict:
        if line.number in self.judged:
            return self.judged[line.number]
        name = line.values.get("name", "")
        verdict = Verdict(label=name or f"第 {line.number} 行")
        if not name:
            verdict.status = Status.WRONG
            return verdict
        self._settle()
        known = self._match(line, verdict)
        if known is None and verdict.is_wrong:
            return verdict
        parent = self._parent(line, known, verdict)
        if parent == SKIP:
            verdict.skip("已选择不导入这一行。")
            return verdict
        self._compare(line, known, parent, verdict)
        self._refuse_cycle(line, verdict)
        self._refuse_below_nothing(parent, verdict)
        self._warn(line, verdict)
        return verdict

    def _settle(self) -> None:
        """Once all lines are met: each one's node, and the tree as it would become."""
        if self.node_of or not self.lines:
            return
        for number, line in self.lines.items():
            found = self._found(line)
            self.node_of[number] = found[0].id if len(found) == 1 else f"row:{number}"
            self.first.setdefault(self._identity(number), number)
        for known in self.directory.by_id.values():
            if above := self.directory.by_path.get(known.parent_path):
                self.above[known.id] = above.id
        for number, line in self.lines.items():
            if typed := line.values.get("parent"):
                node = self._node(typed, current=self.above.get(self.node_of[number], ""))
                if node and node != SKIP:
                    self.above[self.node_of[number]] = node

    def _identity(self, number: int) -> str:
        """What makes two rows the same organization."""
        node, line = self.node_of[number], self.lines[number]
        if not node.startswith("row:"):
            return node
        if code := line.values.get("code"):
            return f"code:{code}"
        return f"{name_key(line.values['name'])}|{name_key(line.values.get('parent', ''))}"

    def _found(self, line: Line) -> list[Known]:
        """The organizations that the row may be: by code, else by name, told apart by the one above."""
        if (code := line.values.get("code")) and code in self.directory.by_code:
            return [self.directory.by_code[code]]
        found = self.directory.find(line.values["name"])
        if len(found) > 1 and (typed := line.values.get("parent")):
            above = {known.path for known in self.directory.find(typed)}
            found = [known for known in found if known.parent_path in above]
        return found

    def _match(self, line: Line, verdict: Verdict) -> Known | None:
        found = self._found(line)
        if (first := self.first[self._identity(line.number)]) != line.number:
            verdict.wrong("名称", f"与第 {first} 行是同一个党组织。", "请只留一行。")
        if len(found) > 1:
            verdict.wrong("名称", f"有 {len(found)} 个党组织叫这个名称。", "请填写党组织代码或上级党组织来区分。")
            return None
        if not found:
            return None
        known, code = found[0], line.values.get("code", "")
        if known.dissolved_on is not None:
            verdict.wrong("名称", f"这个党组织已于 {known.dissolved_on} 撤销。", "请核对名称。")
        elif code and known.code and known.code != code:
            verdict.wrong("党组织代码", f"与已有的代码（{known.code}）不一致。", "请核对；确需更正的请联系系统管理员。")
        verdict.object_id = known.id
        if known.name != line.values["name"]:
            verdict.label = f"{verdict.label}（即{known.name}）"
        return known

    def _parent(self, line: Line, known: Known | None, verdict: Verdict) -> str:
        """The node that is named as parent; "" if none is, or it is not known yet."""
        typed = line.values.get("parent")
        if not typed:
            if known is None and self.directory.by_id and line.values.get("kind") != Kind.DISTRICT_COMMITTEE:
                verdict.wrong("上级党组织", "新党组织要填写上级党组织。", f"例如“{self._root_name()}”。")
            return ""
        node = self._known_node(typed, current=self.above.get(self.node_of[line.number], ""))
        if node == self.node_of[line.number]:
            verdict.wrong("上级党组织", "上级党组织不能是它自己。", "请填写真正的上级。")
            return ""
        if node:
            return node
        options = self.directory.options(typed)
        chosen = self.ask(f"organization|{name_key(typed)}", typed, options, "organization")
        if not chosen:
            near = f"是不是“{options[0][1]}”？" if options else "请核对名称。"
            verdict.wrong("上级党组织", f"没有找到“{typed[:40]}”。", f"{near}可在“名称对应”里选择。")
        return chosen

    def _node(self, typed: str, current: str) -> str:
        """The node of a typed name, or what was chosen for it: perhaps SKIP; "" if it is open."""
        asked = self.batch.choices.get(f"organization|{name_key(typed)}", {})
        return self._known_node(typed, current) or str(asked.get("chosen", ""))

    def _known_node(self, typed: str, current: str) -> str:
        """The node of a name that is known: the present parent if that is one of several; else ""."""
        found = [known.id for known in self.directory.find(typed) if known.dissolved_on is None]
        if current in found:
            return current
        if len(found) == 1:
            return found[0]
        numbers = [] if found else self.by_key.get(name_key(typed), [])
        if len(numbers) == 1:
            return self.node_of[numbers[0]]
        return ""

    def _compare(self, line: Line, known: Known | None, parent: str, verdict: Verdict) -> None:
        values = line.values
        typed: Values = {name: values[name] for name in ("short_name", "code", "founded_on") if name in values}
        typed |= {"kind": [values["kind"], KINDS[values["kind"]]]} if "kind" in values else {}
        typed |= {"sector": [values["sector"], SECTORS[values["sector"]]]} if "sector" in values else {}
        typed |= {"parent": [parent, self._name_of(parent)]} if parent else {}
        if known is None or known.id not in self.directory.names.find(values["name"]):
            typed["name"] = values["name"]
        verdict.rank = self._depth(self.node_of[line.number])
        if known is not None:
            verdict.before = self.directory.values(known)
            verdict.after = verdict.before | typed
            changed = differing(verdict.before, verdict.after)
            if not verdict.is_wrong:
                verdict.status = Status.CHANGED if changed else Status.SAME
            if "name" in changed and not verdict.is_wrong:
                verdict.note("名称", f"按代码找到“{known.name}”，将改名。", "如不是改名，请核对代码。")
            return
        if "kind" not in values:
            meant = next((KINDS[kind] for ending, kind in ENDINGS if name_key(values["name"]).endswith(ending)), "")
            proposal = f"是不是“{meant}”？" if meant else f"可填：{'、'.join(KINDS.values())}。"
            verdict.wrong("类型", "新党组织要填写类型。", proposal)
        verdict.after = {name: typed.get(name, "") for name in COMPARED}
        if not verdict.is_wrong:
            verdict.status = Status.NEW

    def _refuse_cycle(self, line: Line, verdict: Verdict) -> None:
        node = start = self.node_of[line.number]
        for _ in range(len(self.above) + 1):
            node = self.above.get(node, "")
            if not node:
                return
            if node == start:
                if not any(fault["column"] == "上级党组织" for fault in verdict.problems):
                    verdict.wrong("上级党组织", "上级党组织是它自己的下级，成了循环。", "请核对两个党组织谁是上级。")
                return

    def _refuse_below_nothing(self, parent: str, verdict: Verdict) -> None:
        """A row below a new one that will not be written cannot be written either."""
        if verdict.rank > MAX_DEPTH:
            verdict.wrong("上级党组织", f"上下级超过 {MAX_DEPTH} 层。", "请核对上级。")
        if verdict.is_wrong or not parent.startswith("row:"):
            return
        number = int(parent[4:])
        above = self.lines[number]
        if number not in self.judged:
            self.judged[number] = self.verdict(above)
        if above.faults or self.judged[number].status != Status.NEW:
            verdict.wrong("上级党组织", f"它的上级在第 {number} 行，那一行还不能导入。", f"请先改好第 {number} 行。")

    def _warn(self, line: Line, verdict: Verdict) -> None:
        """What is unusual by the rules of the Party's organizations: told, not refused."""
        kind = line.values.get("kind") or verdict.before.get("kind", [""])[0]
        members = Decimal(line.values["members"]) if "members" in line.values else None
        units = Decimal(line.values["units"]) if "units" in line.values else None
        if kind == Kind.BRANCH and members is not None and members < 3:
            verdict.note("党员人数", "党支部一般要有 3 名以上正式党员。", "可考虑成立联合党支部。")
        if kind == Kind.BRANCH and members is not None and members > 50:
            verdict.note("党员人数", "党支部党员一般不超过 50 人。", "可考虑成立党总支。")
        if kind == Kind.JOINT_BRANCH and units is not None and units > 5:
            verdict.note("覆盖单位数", "联合党支部覆盖单位一般不超过 5 个。", "请核对。")

    def _depth(self, node: str) -> int:
        depth, seen = 0, {node}
        while (node := self.above.get(node, "")) and node not in seen:
            seen.add(node)
            depth += 1
        return depth

    def _name_of(self, node: str) -> str:
        if node.startswith("row:"):
            return str(self.lines[int(node[4:])].values["name"])
        known = self.directory.by_id.get(node)
        return known.name if known else ""

    def _root_name(self) -> str:
        return next((known.name for known in self.directory.by_id.values() if not known.parent_path), "")
