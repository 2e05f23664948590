"""Cursor paging that loses no row: equal values, empty values and either database.

A cursor holds the whole position (every ordering column, the key last), so a page costs the same however
deep it lies. Empty values come last in both directions, as SQLite and PostgreSQL disagree where NULL sorts.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Any

import orjson
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db.models import F, Field, Q, QuerySet
from rest_framework import exceptions, pagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import remove_query_param, replace_query_param


@dataclass(frozen=True, slots=True)
class Term:
    """One ordering column: its field turns a cursor's text back into a value."""

    name: str
    descending: bool
    nullable: bool
    field: Any

    def order(self, *, backwards: bool) -> Any:
        column, descending = F(self.name), self.descending != backwards
        nulls = {"nulls_first" if backwards else "nulls_last": True} if self.nullable else {}
        return column.desc(**nulls) if descending else column.asc(**nulls)

    def same(self, value: Any) -> Q:
        return Q(**{f"{self.name}__isnull": True}) if value is None else Q(**{self.name: value})

    def beyond(self, value: Any, *, backwards: bool) -> Q | None:
        """Rows further on in this column alone; None where there can be none."""
        if value is None:
            return Q(**{f"{self.name}__isnull": False}) if backwards else None
        step = Q(**{f"{self.name}__{'lt' if self.descending != backwards else 'gt'}": value})
        return step | Q(**{f"{self.name}__isnull": True}) if self.nullable and not backwards else step

    def value_of(self, row: Any) -> Any:
        for part in self.name.split("__"):
            row = row[part] if isinstance(row, dict) else getattr(row, part, None)
        return row


class CursorPagination(pagination.BasePagination):
    """`{"next", "previous", "results"}`; `?count=1` adds `count`. The view's `ordering` is closed by `id`."""

    page_size = 50
    max_page_size = 200
    ordering: str | tuple[str, ...] = "id"

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        self.address = request.build_absolute_uri()
        self.count = queryset.count() if request.query_params.get("count") == "1" else None
        self.terms = [_term(queryset, name) for name in self.names(request, view)]
        backwards, position = self._decode(request.query_params.get("cursor"))
        if position is not None:
            queryset = queryset.filter(self._beyond(position, backwards=backwards))
        size = self._size(request)
        ordered = queryset.order_by(*(term.order(backwards=backwards) for term in self.terms))
        rows = list(ordered[: size + 1])
        more, rows = len(rows) > size, rows[:size]
        if backwards:
            rows.reverse()
        came_from = position is not None
        self.has_next, self.has_previous = (came_from, more) if backwards else (more, came_from)
        self.rows = rows
        return rows

    def get_paginated_response(self, data: Any) -> Response:
        body = {"next": self.get_next_link(), "previous": self.get_previous_link(), "results": data}
        if self.count is not None:
            body["count"] = self.count
        return Response(body)

    def get_next_link(self) -> str | None:
        return self._link(self.rows[-1], backwards=False) if self.has_next and self.rows else None

    def get_previous_link(self) -> str | None:
        if self.has_previous and not self.rows:
            # Everything from here on is gone: the way back is the first page.
            return remove_query_param(self.address, "cursor")
        return self._link(self.rows[0], backwards=True) if self.has_previous else None

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        link = {"type": "string", "format": "uri", "nullable": True}
        properties = {"next": link, "previous": link, "results": schema, "count": {"type": "integer"}}
        return {"type": "object", "required": ["next", "previous", "results"], "properties": properties}

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        described = {
            "cursor": ("string", "下一页或上一页的位置，取自 next 或 previous。"),
            "page_size": ("integer", f"每页条数，最多 {self.max_page_size}。"),
            "count": ("integer", "为 1 时另给总数 count。"),
        }
        return [
            {"name": name, "in": "query", "required": False, "description": text, "schema": {"type": kind}}
            for name, (kind, text) in described.items()
        ]

    def names(self, request: Request, view: Any) -> tuple[str, ...]:
        """The ordering of this request, closed by the key; `-` stands before a descending column."""
        if hasattr(view, "get_ordering"):
            chosen = view.get_ordering(request)
        else:
            chosen = getattr(view, "ordering", None) or self.ordering
        names = (chosen,) if isinstance(chosen, str) else tuple(chosen)
        return names if names[-1].lstrip("-") in ("id", "pk") else (*names, "id")

    def _size(self, request: Request) -> int:
        asked = request.query_params.get("page_size", "")
        return min(max(int(asked), 1), self.max_page_size) if asked.isdecimal() and len(asked) < 9 else self.page_size

    def _beyond(self, position: list[Any], *, backwards: bool) -> Q:
        found, same = Q(pk__in=[]), Q()
        for term, value in zip(self.terms, position, strict=True):
            if (step := term.beyond(value, backwards=backwards)) is not None:
                found |= same & step
            same &= term.same(value)
        return found

    @property
    def _signature(self) -> str:
        return ",".join(f"{'-' if term.descending else ''}{term.name}" for term in self.terms)

    def _link(self, row: Any, *, backwards: bool) -> str:
        values = [None if (v := term.value_of(row)) is None else str(v) for term in self.terms]
        packed = orjson.dumps([int(backwards), self._signature, values])
        return replace_query_param(self.address, "cursor", base64.urlsafe_b64encode(packed).decode().rstrip("="))

    def _decode(self, cursor: str | None) -> tuple[bool, list[Any] | None]:
        """The direction and the position; a cursor of another ordering, or one made up, is refused."""
        if not cursor:
            return False, None
        try:
            backwards, signature, texts = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
            if signature != self._signature or any("\0" in text for text in texts if text is not None):
                raise ValueError(signature)
            return bool(backwards), [
                None if text is None else term.field.to_python(text)
                for term, text in zip(self.terms, texts, strict=True)
            ]
        except (binascii.Error, ValueError, TypeError, ValidationError):
            raise exceptions.ValidationError({"cursor": ["翻页位置无效，请从第一页重新开始。"]}) from None


def _term(queryset: QuerySet[Any], name: str) -> Term:
    descending, name = name.startswith("-"), name.lstrip("-")
    if (annotation := queryset.query.annotations.get(name)) is not None:
        return Term(name, descending, True, annotation.output_field)
    options, nullable, field = queryset.model._meta, False, None
    for part in name.split("__"):
        field = options.pk if part == "pk" else options.get_field(part)
        if not isinstance(field, Field):
            raise FieldDoesNotExist(name)
        nullable = nullable or field.null
        options = field.related_model._meta if field.related_model else options
    return Term(name, descending, nullable, field)
