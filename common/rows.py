"""Lists straight from `.values()`: half the cost of a list is building model instances that nobody needs.

A serializer of rows declares the columns that it reads, and turns a row (a mapping) into the API's shape.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from operator import itemgetter
from typing import Any

from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response

Row = Mapping[str, Any]
# These go out as the database gave them: JSON knows texts and numbers, the renderer knows days and UUIDs.
AS_THEY_ARE = (
    serializers.CharField,
    serializers.BooleanField,
    serializers.IntegerField,
    serializers.FloatField,
    serializers.DateField,
    serializers.UUIDField,
)


class RowSerializer(serializers.Serializer[Any]):
    """Serializes rows of `queryset.values(*columns())`.

    A field's `source` is its column, with dots for joins. A `SerializerMethodField` gets the row; what it reads
    beside the fields' own columns stands in `extra_columns`.
    """

    extra_columns: tuple[str, ...] = ()

    @classmethod
    def columns(cls) -> tuple[str, ...]:
        """The columns to ask for; the key is always among them, for paging."""
        own = (_column(field) for field in cls().fields.values() if field.source != "*")
        return tuple(dict.fromkeys(("id", *own, *cls.extra_columns)))

    def rows(self, rows: Iterable[Row]) -> list[dict[str, Any]]:
        return [self.to_representation(row) for row in rows]

    def to_representation(self, instance: Row) -> dict[str, Any]:
        return {name: read(instance) for name, read in self._readers}

    @cached_property
    def _readers(self) -> list[tuple[str, Callable[[Row], Any]]]:
        return [(name, self._reader(field)) for name, field in self.fields.items()]

    def _reader(self, field: Any) -> Callable[[Row], Any]:
        if isinstance(field, serializers.SerializerMethodField):
            method: Callable[[Row], Any] = getattr(self, field.method_name or f"get_{field.field_name}")
            return method
        column = _column(field)
        if isinstance(field, AS_THEY_ARE):
            return itemgetter(column)
        convert = field.to_representation
        return lambda row: None if row[column] is None else convert(row[column])


class RowList(generics.ListAPIView[Any]):
    """A paged list whose `serializer_class` is a RowSerializer."""

    def related(self, rows: Sequence[Row]) -> dict[str, Any]:
        """What the serializer's context needs beside the rows, for a whole page at once."""
        return {}

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        shape: Any = self.get_serializer_class()
        paginator: Any = self.paginator
        ordering = (name.lstrip("-") for name in paginator.names(request, self))  # a cursor holds their values
        columns = dict.fromkeys((*shape.columns(), *ordering))
        found = self.filter_queryset(self.get_queryset()).values(*columns)
        page: Any = self.paginate_queryset(found)
        return self.get_paginated_response(shape(context=self.related(page)).rows(page))


def _column(field: Any) -> str:
    return str(field.source).replace(".", "__")
