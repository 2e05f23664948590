"""Serializers of rows: what is declared is asked for, converted and passed on."""

from __future__ import annotations

from datetime import date

from rest_framework import serializers

from common.rows import RowSerializer
from projects.serializers import PointsField


class Shape(RowSerializer):
    extra_columns = ("size",)

    name = serializers.CharField()
    owner = serializers.CharField(source="owner.name")
    value = PointsField(allow_null=True)
    since = serializers.DateField()
    words = serializers.SerializerMethodField()

    def get_words(self, row) -> str:
        return f"{row['name']} {row['size']}"


def test_the_columns_are_those_that_the_fields_read() -> None:
    assert Shape.columns() == ("id", "name", "owner__name", "value", "since", "size")


def test_rows_take_the_declared_shape() -> None:
    row = {"id": 1, "name": "甲", "owner__name": "乙", "value": 1250, "since": date(2026, 1, 2), "size": 3}
    shown = {"name": "甲", "owner": "乙", "value": 12.5, "since": date(2026, 1, 2), "words": "甲 3"}
    assert Shape().rows([row, row | {"value": None}]) == [shown, shown | {"value": None}]
