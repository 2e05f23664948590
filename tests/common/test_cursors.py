"""Cursor paging: every row once, forwards and back, with equal and empty values, on either database."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.db.models import F
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from common import days
from common.cursors import CursorPagination
from common.models import Job

pytestmark = pytest.mark.django_db
ORDERINGS = [
    ("id",),
    ("-kind", "id"),
    ("finished_at", "id"),
    ("-finished_at", "id"),
    ("-finished_at", "kind", "-id"),
    ("requested_by__username", "-attempts", "id"),
    ("-attempts_twice",),
]


class View:
    def __init__(self, *ordering: str) -> None:
        self.ordering = ordering


@pytest.fixture
def rows(cast) -> None:
    moment = days.now()
    Job.objects.bulk_create(
        Job(
            kind="ab"[number % 2],
            attempts=number % 3,
            requested_by=[cast.clerk, cast.officer, None][number % 3],
            finished_at=None if number % 4 < 2 else moment + timedelta(hours=number // 8),
        )
        for number in range(23)
    )


def page(ordering: tuple[str, ...], **query: Any) -> tuple[list[Any], dict[str, Any]]:
    pages = CursorPagination()
    queryset = Job.objects.annotate(attempts_twice=F("attempts") * 2)
    request = Request(APIRequestFactory().get("/x/", query))
    found = pages.paginate_queryset(queryset, request, View(*ordering))
    return [job.pk for job in found], pages.get_paginated_response([]).data


def query_of(link: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(link).query))


@pytest.mark.parametrize("ordering", ORDERINGS)
@pytest.mark.parametrize("size", [1, 4, 22, 23])
def test_every_row_once_forwards_and_back(rows, ordering, size):
    whole, _ = page(ordering, page_size=200)
    assert sorted(whole) == sorted(Job.objects.values_list("pk", flat=True))
    pages, links = [], {"next": "?"}
    query: dict[str, Any] = {"page_size": size}
    while links["next"]:
        found, links = page(ordering, **query)
        pages.append(found)
        query = query_of(links["next"] or "")
    assert [pk for found in pages for pk in found] == whole
    back = [pages[-1]]
    while links["previous"]:
        found, links = page(ordering, **query_of(links["previous"]))
        back.append(found)
    assert back == pages[::-1]


def test_empty_values_come_last_in_both_directions(rows):
    for ordering in ("finished_at", "-finished_at"):
        found, _ = page((ordering,), page_size=200)
        times = [Job.objects.get(pk=pk).finished_at for pk in found]
        assert [time is None for time in times] == [False] * 11 + [True] * 12


def test_rows_added_and_deleted_between_pages_shift_nothing(rows):
    whole, links = page(("id",), page_size=200)
    first, links = page(("id",), page_size=5)
    Job.objects.filter(pk__in=[first[0], first[-1]]).delete()
    second, _ = page(("id",), **query_of(links["next"]))
    assert second == whole[5:10]


def test_when_all_that_follows_is_gone_the_way_back_is_the_first_page(rows):
    first, links = page(("id",), page_size=20)
    Job.objects.exclude(pk__in=first).delete()
    found, links = page(("id",), **query_of(links["next"]))
    assert (found, links["next"]) == ([], None)
    assert query_of(links["previous"]) == {"page_size": "20"}


def test_counted_only_on_request(rows, assert_queries):
    with assert_queries(1):
        assert "count" not in page(("id",))[1]
    with assert_queries(2):
        assert page(("id",), count="1")[1]["count"] == 23


@pytest.mark.parametrize("size", ["0", "-1", "x", "²", "", "99999999999999"])
def test_a_strange_page_size_is_harmless(rows, size):
    assert len(page(("id",), page_size=size)[0]) in (1, 23)


def test_a_cursor_made_up_or_of_another_ordering_is_refused(rows):
    cursor = query_of(page(("-kind",), page_size=5)[1]["next"])["cursor"]
    for ordering, given in [
        (("kind",), cursor),
        (("-kind",), cursor[:-6]),
        (("id",), "!!!"),
        (("id",), "W10"),
        (("id",), "MQ"),
        (("id",), "WzAsImlkIixbIm5vIl1d"),  # [0,"id",["no"]]
        (("id",), "WzAsImlkIixbMV1d"),  # [0,"id",[1]]
        (("id",), "WzAsImlkIiwxXQ"),  # [0,"id",1]
    ]:
        with pytest.raises(ValidationError):
            page(ordering, cursor=given)
