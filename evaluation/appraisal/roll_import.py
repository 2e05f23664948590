"""The import of a roll: written by the actions of `roll`, into a draft only, and taken back while it is one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.urls import reverse

from common.actors import Actor
from common.errors import ActionError
from common.importers import Importer, Judge, Param, Status, Values, Writer, differing
from common.models import ImportBatch, ImportRow
from evaluation.appraisal import roll, rules
from evaluation.appraisal.models import Campaign, Voter, VoterCategory
from evaluation.appraisal.roll_rows import COLUMNS, RollJudge, voter_values, with_all
from organizations.directory import named
from organizations.models import Organization, Person

KIND = "voters"
_ROWS = {"category": VoterCategory, "organization": Organization, "person": Person}


def drafts() -> list[tuple[str, str]]:
    return list(Campaign.objects.filter(state=Campaign.State.DRAFT).values_list("code", "title"))


class RollWriter(Writer):
    """Puts voters on the roll and changes them."""

    def __init__(self, batch: ImportBatch, by: Actor) -> None:
        super().__init__(batch, by)
        self.campaign = Campaign.objects.get(code=batch.params["campaign"])

    def write(self, row: ImportRow) -> str:
        if row.status == Status.CHANGED:
            change(row.object_id, row.before, row.after, self.by)
            return row.object_id
        made = roll.add_voter(campaign=self.campaign, by=self.by, **_values(row.after, COLUMN_NAMES))
        return str(made.pk)


def change(identity: str, before: Values, after: Values, by: Actor) -> None:
    """Make of a voter what `after` says, where it differs from `before`."""
    voter = Voter.objects.select_related("campaign").get(pk=identity)
    roll.edit_voter(voter=voter, by=by, **_values(after, differing(before, after)))


class RollImporter(Importer):
    kind = KIND
    title = "票决名册"
    lead = "一行一人，一人只归一个类别；只能导入还没有锁定的票决。不导入、不保存证件号和电话。"
    columns = COLUMNS
    params = (Param("campaign", "票决", drafts),)

    def may(self, user: Any) -> bool:
        return rules.can_manage_campaign(user)

    def check_params(self, params: Mapping[str, Any]) -> dict[str, Any]:
        code = str(params.get("campaign", ""))
        if code not in dict(drafts()):
            raise ActionError("请选择票决。", fields={"campaign": ["请选择一个还没有锁定的票决。"]})
        return {"campaign": code}

    def back(self, params: Mapping[str, Any]) -> tuple[str, str] | None:
        return "返回名册", reverse("appraisal:roll", args=[params["campaign"]])

    def judge(self, batch: ImportBatch) -> Judge:
        return RollJudge(batch)

    def writer(self, batch: ImportBatch, by: Actor) -> Writer:
        return RollWriter(batch, by)

    def lock(self, ids: Sequence[str]) -> None:
        list(Voter.objects.select_for_update(of=("self",)).filter(pk__in=ids).values_list("pk"))

    def snapshots(self, ids: Sequence[str]) -> dict[str, Values]:
        return voter_values(with_all(Voter.objects.filter(pk__in=ids)))

    def undo(self, row: ImportRow, by: Actor) -> None:
        if row.status == Status.CHANGED:
            change(row.object_id, row.after, row.before, by)
            return
        roll.remove_voter(voter=Voter.objects.select_related("campaign").get(pk=row.object_id), by=by)

    def existing(self, params: Mapping[str, Any]) -> Iterator[Values]:
        known = self.check_params(params)
        for values in voter_values(with_all(Voter.objects.filter(campaign__code=known["campaign"]))).values():
            yield {name: value[1] if isinstance(value, list) else value for name, value in values.items()}

    def resolve(self, question: Mapping[str, Any], typed: str, params: Mapping[str, Any]) -> tuple[str, str] | None:
        return named(typed) if question["kind"] == "organization" else None


COLUMN_NAMES = tuple(column.name for column in COLUMNS)


def _values(values: Values, names: Sequence[str]) -> dict[str, Any]:
    """These columns as the actions of `roll` take them; the account stands for its person."""
    found: dict[str, Any] = {}
    for name in names:
        value = values.get(name, "")
        key = "person" if name == "account" else name
        if isinstance(value, list):
            value = value[0]
        if key in _ROWS:
            value = _ROWS[key].objects.get(pk=value) if value else None  # type: ignore[attr-defined]
        found[key] = value
    return found
