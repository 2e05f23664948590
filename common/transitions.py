"""State machines: a table of allowed steps, and the one function that takes a step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from django.db.models import Model

from common import days
from common.actors import Actor
from common.errors import Conflict
from common.models import StateChange

Table = Mapping[str, frozenset[str]]
Row = TypeVar("Row", bound=Model)


def move(
    row: Row,
    to: str,
    *,
    table: Table,
    history: type[StateChange],
    parent: str,
    by: Actor,
    reason: str = "",
    field: str = "state",
    history_values: Mapping[str, Any] | None = None,
    **values: Any,
) -> bool:
    """Move `row` to state `to` by compare-and-swap and write its history row; call inside a transaction.

    `values` are further columns of the row, set in the same UPDATE. `history` is the app's StateChange model
    and `parent` its foreign key to the row. Returns False, changing nothing, if the row is there already.
    Raises Conflict if the step is not in the table or somebody else moved the row first.
    """
    was = getattr(row, field)
    if was == to:
        return False
    if to not in table.get(was, frozenset()):
        raise Conflict(
            f"当前状态为“{label(row, field, was)}”，不能改为“{label(row, field, to)}”。", code="illegal_step"
        )
    manager = type(row)._default_manager
    changed = manager.filter(pk=row.pk, **{field: was}).update(**{field: to}, **values)
    if not changed:
        raise Conflict("刚刚有人处理过这一项，请刷新后再看。", code="moved_meanwhile")
    for name, value in {field: to, **values}.items():
        setattr(row, name, value)
    moment = days.now()
    history._default_manager.create(
        **{parent: row},
        from_state=was,
        to_state=to,
        at=moment,
        on=days.day_of(moment),
        by=by.user,
        reason=reason,
        **(history_values or {}),
    )
    return True


def label(row: Model, field: str, value: str) -> str:
    choices: Any = row._meta.get_field(field)
    return str(dict(choices.flatchoices).get(value, value))
