"""The review before anything is made public (党务公开): 提出 → 保密审查 → 审批 → 发布, each with name and time.

A `Publication` holds the wording that is proposed. What is visible is the owning app's: `publish` hands it the
wording that went through all steps. A new wording for something public starts again at 提出, and until it is
published the former one stays visible; taking down hides it at once, whatever is under review beside it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Model, QuerySet

from common import audit, days
from common.actors import Actor
from common.errors import ActionError, Conflict, Forbidden
from common.models import Publication, PublicationStep
from common.text import clean_text
from common.transitions import move

State = Publication.State
# 撤下 is open wherever a former wording may be visible; `_review` refuses it where none is.
STEPS: dict[str, frozenset[str]] = {
    State.PROPOSED: frozenset({State.CLEARED, State.RETURNED, State.TAKEN_DOWN}),
    State.CLEARED: frozenset({State.APPROVED, State.RETURNED, State.TAKEN_DOWN}),
    State.APPROVED: frozenset({State.PUBLISHED, State.RETURNED, State.TAKEN_DOWN}),
    State.PUBLISHED: frozenset({State.TAKEN_DOWN, State.PROPOSED}),
    State.RETURNED: frozenset({State.PROPOSED, State.TAKEN_DOWN}),
    State.TAKEN_DOWN: frozenset({State.PROPOSED}),
}
# The four steps as the rule on disclosure (党务公开条例) lists them.
TRACK = (
    (State.PROPOSED, "提出"),
    (State.CLEARED, "保密审查"),
    (State.APPROVED, "审批"),
    (State.PUBLISHED, "发布"),
)
STEP_WORDS = {
    State.PROPOSED: "提出",
    State.CLEARED: "保密审查通过",
    State.APPROVED: "审批通过",
    State.PUBLISHED: "发布",
    State.RETURNED: "退回",
    State.TAKEN_DOWN: "撤下",
}
# The step that comes next, by the name of its button.
NEXT = {
    State.PROPOSED: ("clear", "保密审查通过"),
    State.CLEARED: ("approve", "审批通过"),
    State.APPROVED: ("publish", "发布"),
}
PASSES = {"clear": State.CLEARED, "approve": State.APPROVED, "publish": State.PUBLISHED}


@dataclass(frozen=True, slots=True)
class Publisher:
    """What the owning app does and allows; `clean` checks a proposed wording and returns what is kept of it."""

    model_label: str
    may_propose: Callable[[Any, Any], bool]
    may_review: Callable[[Any, Any], bool]
    publish: Callable[[Any, dict[str, Any], Actor], None]
    take_down: Callable[[Any, Actor], None]
    clean: Callable[[Any, dict[str, Any]], dict[str, Any]]


PUBLISHERS: dict[str, Publisher] = {}


def register(publisher: Publisher) -> None:
    PUBLISHERS[publisher.model_label] = publisher


def state_of(obj: Model) -> Publication | None:
    return Publication.objects.filter(object_type=obj._meta.label_lower, object_id=str(obj.pk)).first()


def steps_of(obj: Model) -> QuerySet[PublicationStep]:
    """Every step taken for the object, first to last."""
    rows = PublicationStep.objects.filter(
        publication__object_type=obj._meta.label_lower, publication__object_id=str(obj.pk)
    )
    return rows.select_related("by__person").order_by("id")


def shown(obj: Model, user: Any) -> dict[str, Any]:
    """What `components/publication.html` draws, in two queries besides those of the rules.

    `track` are the four steps of the latest round, `{"label", "at", "by"}`; `wording` what is proposed, a text for
    each field; `next` the name and words of the next step's button; `is_public` whether anything is visible now and
    `is_former` whether that is an earlier wording; `seen` goes back with a step, so that nobody passes unread words.
    """
    publisher, row, steps = PUBLISHERS[obj._meta.label_lower], state_of(obj), list(steps_of(obj))
    reviews, is_public = publisher.may_review(user, obj), _is_public([step.to_state for step in steps])
    under_review = row is not None and row.state in NEXT
    return {
        "row": row,
        "wording": [str(text) for text in row.content.values()] if row else [],
        "reason": steps[-1].reason if steps else "",
        "track": _track(steps),
        "is_public": is_public,
        "is_former": is_public and row is not None and row.state != State.PUBLISHED,
        "next": NEXT[State(row.state)] if row and under_review and reviews else None,
        "seen": seen_of(row) if row else "",
        "may_take_down": is_public and reviews,
        "may_propose": not under_review and publisher.may_propose(user, obj),
    }


def seen_of(row: Publication) -> str:
    """A short mark of the proposed wording: other words, another mark."""
    words = json.dumps(row.content, ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(words.encode()).hexdigest()[:16]


def _track(steps: Sequence[PublicationStep]) -> list[dict[str, Any]]:
    """The four steps with the name and time of those taken since the last 提出."""
    begun = max((turn for turn, step in enumerate(steps) if step.to_state == State.PROPOSED), default=0)
    taken = {step.to_state: step for step in steps[begun:]}
    return [
        {
            "label": label,
            "at": taken[state].at if state in taken else None,
            "by": str(taken[state].by or "系统") if state in taken else "",
        }
        for state, label in TRACK
    ]


def _is_public(states: Sequence[str]) -> bool:
    """Whether the last of 发布 and 撤下 was 发布."""
    shows = [state for state in states if state in (State.PUBLISHED, State.TAKEN_DOWN)]
    return bool(shows) and shows[-1] == State.PUBLISHED


@transaction.atomic
def propose(*, obj: Model, content: dict[str, Any], by: Actor) -> Publication:
    """提出: the wording to be shown. Raises ActionError by the content's fields, Conflict while one is under review."""
    publisher = PUBLISHERS[obj._meta.label_lower]
    if by.user is None or not publisher.may_propose(by.user, obj):
        raise Forbidden("您不能提出公开。")
    content = publisher.clean(obj, content)
    found, created = Publication.objects.select_for_update().get_or_create(
        object_type=obj._meta.label_lower, object_id=str(obj.pk), defaults={"content": content}
    )
    if created:
        PublicationStep.objects.create(
            publication=found, from_state="", to_state=State.PROPOSED, by=by.user, **_moment()
        )
        _record(found, obj, "propose", by, content)
        return found
    if found.content == content and found.state in (*NEXT, State.PUBLISHED):
        return found
    if found.state in NEXT:
        raise Conflict("前一份公开内容还在审查，请先退回再提出新的。", code="under_review")
    if _step(found, State.PROPOSED, by, content=content):
        _record(found, obj, "propose", by, content)
    return found


def clear(*, obj: Model, by: Actor) -> Publication:
    """保密审查: nothing secret, necessary and accurate."""
    return _review(obj, State.CLEARED, by)


def approve(*, obj: Model, by: Actor) -> Publication:
    """审批."""
    return _review(obj, State.APPROVED, by)


def publish(*, obj: Model, by: Actor) -> Publication:
    """发布: from now on the reviewed wording is what everybody sees."""
    return _review(obj, State.PUBLISHED, by)


def send_back(*, obj: Model, reason: str, by: Actor) -> Publication:
    """退回 at any step before 发布. Raises ActionError under `reason`."""
    return _review(obj, State.RETURNED, by, reason=_needed(reason))


def take_down(*, obj: Model, reason: str, by: Actor) -> Publication:
    """撤下: hidden at once. Raises ActionError under `reason`."""
    return _review(obj, State.TAKEN_DOWN, by, reason=_needed(reason))


def take_step(
    *, obj: Model, do: str, by: Actor, content: dict[str, Any] | None = None, reason: str = "", seen: str = ""
) -> Publication:
    """The step that a button or an API call names; `seen` is what `shown` gave, to refuse words changed meanwhile.

    Raises ActionError under `do` for an unknown step.
    """
    if do == "propose":
        return propose(obj=obj, content=content or {}, by=by)
    if do in ("send_back", "take_down"):
        return {"send_back": send_back, "take_down": take_down}[do](obj=obj, reason=reason, by=by)
    if do in PASSES:
        return _review(obj, PASSES[do], by, seen=seen)
    raise ActionError("没有这一步。", fields={"do": ["没有这一步。"]})


@transaction.atomic
def _review(obj: Model, to: str, by: Actor, reason: str = "", seen: str = "") -> Publication:
    publisher = PUBLISHERS[obj._meta.label_lower]
    if by.user is None or not publisher.may_review(by.user, obj):
        raise Forbidden("由区委组织部审查和发布。")
    found = state_of(obj)
    if found is None:
        raise Conflict("还没有提出公开。", code="not_proposed")
    found = Publication.objects.select_for_update().get(pk=found.pk)
    if seen and seen != seen_of(found):
        raise Conflict("拟公开的内容刚刚改过，请看过新的内容再办。", code="wording_changed")
    if to == State.TAKEN_DOWN and found.state != to and not _is_public(_states(found)):
        raise Conflict("还没有公开，不用撤下。", code="not_public")
    if _step(found, to, by, reason=reason):
        _record(found, obj, to, by, {"reason": reason} if reason else found.content)
        if to == State.PUBLISHED:
            publisher.publish(obj, found.content, by)
        elif to == State.TAKEN_DOWN:
            publisher.take_down(obj, by)
    return found


def _states(found: Publication) -> list[str]:
    return list(found.steps.order_by("id").values_list("to_state", flat=True))


def _step(found: Publication, to: str, by: Actor, reason: str = "", **values: Any) -> bool:
    return move(found, to, table=STEPS, history=PublicationStep, parent="publication", by=by, reason=reason, **values)


def _moment() -> dict[str, Any]:
    moment = days.now()
    return {"at": moment, "on": days.day_of(moment)}


def _needed(reason: str) -> str:
    reason = clean_text(reason)
    if not reason:
        raise ActionError("请写明原因。", fields={"reason": ["请写明原因。"]})
    return reason


def _record(found: Publication, obj: Model, step: str, by: Actor, after: dict[str, Any]) -> None:
    audit.record(by=by, action=f"common.publication.{step}", obj=obj, after={"state": found.state, **after})
