"""Notices (通知): an outbox row first, the inbox and the mail after it.

The key kind + object + period + recipient is unique in the database, so a task may send as often as it runs.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.mail import send_mail
from django.db.models import F, Model, Q, QuerySet
from django.utils import timezone

from common.models import Notice

log = logging.getLogger(__name__)
MAX_MAIL_ATTEMPTS = 5
MAIL_BATCH = 200
CLAIM_MINUTES = 10


def send(
    *,
    kind: str,
    obj: Model,
    period: str,
    recipients: Iterable[Any],
    title: str,
    body: str = "",
    url: str = "",
) -> None:
    """Put one row a recipient into the outbox, in the caller's transaction; rows that are there stay.

    `title` becomes one line (a mail's subject has no line breaks); `url` is a path of this site.
    """
    title = " ".join(title.split())[:200]
    Notice.objects.bulk_create(
        [
            Notice(
                kind=kind,
                object_type=obj._meta.label_lower,
                object_id=str(obj.pk),
                period=period,
                recipient=recipient,
                title=title,
                body=body,
                url=url,
            )
            for recipient in {user.pk: user for user in recipients}.values()
        ],
        ignore_conflicts=True,
    )


def inbox(user: Any, *, only_unread: bool = False) -> QuerySet[Notice]:
    """The person's notices, latest first."""
    rows = Notice.objects.filter(recipient=user)
    return rows.filter(read_at=None) if only_unread else rows


def unread_count(user: Any) -> int:
    return Notice.objects.filter(recipient=user, read_at=None).count()


def mark_read(*, user: Any, notice_id: int | None = None) -> int:
    """Mark one of the person's notices, or all, as read; how many were unread."""
    unread = Notice.objects.filter(recipient=user, read_at=None)
    if notice_id is not None:
        unread = unread.filter(pk=notice_id)
    return unread.update(read_at=timezone.now())


def deliver() -> int:
    """Mail what is unmailed to the people who have an address; each row is claimed first. How many were sent.

    At least once: a process killed between sending and noting it sends again after CLAIM_MINUTES.
    """
    claim_again = timezone.now() - timedelta(minutes=CLAIM_MINUTES)
    due = Notice.objects.filter(
        Q(mail_claimed_at=None) | Q(mail_claimed_at__lt=claim_again),
        mailed_at=None,
        mail_attempts__lt=MAX_MAIL_ATTEMPTS,
        recipient__is_active=True,
    ).exclude(recipient__email="")
    sent = 0
    for notice in due.select_related("recipient").order_by("id")[:MAIL_BATCH]:
        mine = due.filter(pk=notice.pk).update(mail_claimed_at=timezone.now(), mail_attempts=F("mail_attempts") + 1)
        if mine:
            sent += _mail(notice)
    return sent


def _mail(notice: Notice) -> bool:
    link = f"\n\n{settings.SITE_URL}{notice.url}" if notice.url else ""
    try:
        send_mail(notice.title, notice.body + link, None, [notice.recipient.email])
    except Exception:  # one bad address must not keep the others from theirs
        log.exception("notice %s could not be mailed", notice.pk)
        return False
    Notice.objects.filter(pk=notice.pk).update(mailed_at=timezone.now())
    return True
