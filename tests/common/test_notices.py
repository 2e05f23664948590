"""Notices: one row however often they are sent, one mail, and nobody else's inbox."""

from __future__ import annotations

from datetime import timedelta
from smtplib import SMTPException

import pytest
from django.core import mail
from django.utils import timezone

from common import notices, tasks
from common.models import Notice

pytestmark = pytest.mark.django_db


@pytest.fixture
def send(cast):
    def sent(*recipients, **values):
        notices.send(
            **{
                "kind": "probe",
                "obj": cast.officer,
                "period": "2026-05",
                "recipients": recipients or [cast.clerk],
            }
            | {"title": "请补报月报", "url": "/desk/notices/", **values}
        )
        return Notice.objects.order_by("id")

    return sent


def test_sent_twice_is_one_row(cast, send):
    send(cast.clerk, cast.clerk, cast.secretary)
    rows = send(cast.clerk, cast.secretary, title="另一个标题")
    assert [(row.recipient, row.title) for row in rows] == [
        (cast.clerk, "请补报月报"),
        (cast.secretary, "请补报月报"),
    ]
    assert send(period="2026-06").count() == 3
    assert notices.unread_count(cast.clerk) == 2


def test_a_title_is_one_short_line(send):
    given = "一\r\nBcc: x@example.com " + "长" * 300
    assert send(title=given).get().title == given.replace("\r\n", " ")[:200]


def test_mailed_once_to_who_has_an_address(cast, send, settings):
    cast.clerk.email = "clerk@example.com"
    cast.clerk.save()
    send(cast.clerk, cast.secretary, body="请于今日补报。")
    assert tasks.deliver_notices() == 1
    assert tasks.deliver_notices() == 0
    (message,) = mail.outbox
    assert (message.to, message.subject) == (["clerk@example.com"], "请补报月报")
    assert message.body == f"请于今日补报。\n\n{settings.SITE_URL}/desk/notices/"


def test_one_bad_address_keeps_nobody_from_theirs(cast, send, monkeypatch):
    for user in (cast.clerk, cast.secretary):
        user.email = f"{user.username}@example.com"
        user.save()
    send(cast.clerk, cast.secretary)
    real = notices.send_mail

    def refuse_clerk(subject, body, sender, to):
        if to == ["clerk@example.com"]:
            raise SMTPException
        return real(subject, body, sender, to)

    monkeypatch.setattr(notices, "send_mail", refuse_clerk)
    assert notices.deliver() == 1
    for _ in range(10):
        Notice.objects.update(mail_claimed_at=timezone.now() - timedelta(hours=1))
        assert notices.deliver() == 0
    assert Notice.objects.get(recipient=cast.clerk).mail_attempts == notices.MAX_MAIL_ATTEMPTS
    assert [message.to for message in mail.outbox] == [["secretary@example.com"]]


def test_killed_while_mailing_is_mailed_again_later(cast, send):
    cast.clerk.email = "clerk@example.com"
    cast.clerk.save()
    row = send().get()
    Notice.objects.filter(pk=row.pk).update(mail_claimed_at=timezone.now(), mail_attempts=1)
    assert notices.deliver() == 0  # another worker may be at it
    Notice.objects.filter(pk=row.pk).update(mail_claimed_at=timezone.now() - timedelta(hours=1))
    assert notices.deliver() == 1


def test_opening_marks_as_read_and_leads_on(cast, send, client_as):
    row = send(url="/desk/notices/?unread=1").get()
    response = client_as(cast.clerk).get(f"/desk/notices/{row.pk}/")
    assert (response.status_code, response["Location"]) == (302, "/desk/notices/?unread=1")
    assert notices.unread_count(cast.clerk) == 0


@pytest.mark.parametrize("url", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", ""])
def test_opening_never_leads_away(cast, send, client_as, url):
    row = send(url=url).get()
    assert client_as(cast.clerk).get(f"/desk/notices/{row.pk}/")["Location"] == "/desk/notices/"


def test_reading_one_and_all_is_posted(cast, send, client_as):
    send(period="1"), send(period="2"), send(period="3")
    client, first = client_as(cast.clerk), Notice.objects.order_by("id")[0]
    assert client.get("/desk/notices/read/").status_code == 405
    assert client.get(f"/desk/notices/{first.pk}/read/").status_code == 405
    assert client.post(f"/desk/notices/{first.pk}/read/")["Location"] == "/desk/notices/"
    assert notices.unread_count(cast.clerk) == 2
    client.post("/desk/notices/read/")
    assert notices.unread_count(cast.clerk) == 0


def test_api_lists_own_notices(cast, send, api_as, assert_queries):
    send(cast.clerk, cast.secretary)
    send(cast.clerk, period="2026-06")
    first, second = Notice.objects.filter(recipient=cast.clerk).order_by("id")
    api = api_as(cast.clerk)
    body = api.get("/api/v1/notices/", {"count": 1}).json()
    assert ([row["id"] for row in body["results"]], body["count"]) == ([second.pk, first.pk], 2)
    read = api.post(f"/api/v1/notices/{first.pk}/read/").json()
    assert read["read_at"] is not None
    assert api.post(f"/api/v1/notices/{first.pk}/read/").json() == read
    assert [row["id"] for row in api.get("/api/v1/notices/?unread=1").json()["results"]] == [second.pk]


def test_nobody_reads_anothers(cast, send, client_as, api_as, client):
    row = send().get()
    assert api_as(cast.outsider).get("/api/v1/notices/").json()["results"] == []
    assert api_as(cast.outsider).post(f"/api/v1/notices/{row.pk}/read/").status_code == 404
    assert client_as(cast.outsider).post(f"/desk/notices/{row.pk}/read/").status_code == 404
    assert client_as(cast.outsider).get(f"/desk/notices/{row.pk}/").status_code == 404
    assert api_as().get("/api/v1/notices/").status_code == 401
    assert client.get("/desk/notices/")["Location"] == "/login/?next=/desk/notices/"
    assert notices.unread_count(cast.clerk) == 1


@pytest.mark.parametrize("rows", [1, 3])
def test_the_inbox_page(cast, send, client_as, rows):
    for number in range(rows):
        send(period=str(number), title="<b>标题</b>")
    text = client_as(cast.clerk).get("/desk/notices/").content.decode()
    assert text.count("&lt;b&gt;标题&lt;/b&gt;</a>") == rows
    assert "<b>标题</b>" not in text
    assert "没有未读通知" not in text
