"""The audit trail (审计): one entry an action, with its author."""

from __future__ import annotations

from typing import Any

from django.db.models import Model

from common.actors import Actor
from common.models import AuditEntry


def record(
    *,
    by: Actor,
    action: str,
    obj: Model,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> AuditEntry:
    """Write one entry in the caller's transaction; `action` is `app.object.verb`, values are JSON-able."""
    return AuditEntry.objects.create(
        user=by.user,
        who=by.label[:100],
        action=action,
        object_type=obj._meta.label_lower,
        object_id=str(obj.pk),
        object_label=str(obj)[:200],
        before=before or {},
        after=after or {},
        source=by.source,
        address=by.address,
    )
