"""The keying sheet (录入表): a row a ballot, its marked numbers as they are typed, nothing lost by an error."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from django.http import QueryDict

from common.cells import half_width
from common.errors import ActionError
from common.text import clean_text
from evaluation.appraisal.layout import Section
from evaluation.appraisal.paper import Profile
from evaluation.appraisal.paper_keying import PROFILE, SPOILED, KeyedBallot, field_name

MOST = 1000  # ballots a sheet; more than any panel has on paper
_BETWEEN = re.compile(r"[\s,、.;；/\-]+")
_NUMBER = re.compile(r"[0-9]{1,4}")


class KeyingSheet:
    """`number` ballots to be typed; `sections` as `paper.sections_of`, `forms` as `paper.profiles`."""

    def __init__(
        self,
        *,
        sections: Sequence[tuple[Section, str, Mapping[int, str]]],
        forms: Sequence[Profile],
        number: int,
        typed: QueryDict | None = None,
    ) -> None:
        self.sections, self.forms, self.number = sections, forms, min(number, MOST)
        self.typed = typed
        self.errors: dict[str, list[str]] = {}
        self.message = ""

    def ballots(self) -> list[KeyedBallot]:
        """The ballots as typed. Raises ActionError by field for what is no number."""
        errors: dict[str, list[str]] = {}
        found = []
        for number in range(1, self.number + 1):
            marks: dict[str, list[int]] = {}
            for section, title, _ in self.sections:
                name = field_name(number, section.key)
                parts = [part for part in _BETWEEN.split(half_width(self._text(name))) if part]
                if wrong := [part for part in parts if not _NUMBER.fullmatch(part)]:
                    said = f"“{wrong[0][:10]}”不是序号。请只写数字，用空格或逗号隔开。"
                    errors[name] = [f"第 {number} 张“{title}”：{said}"]
                else:
                    marks[section.key] = [int(part) for part in parts]
            profile = self._text(field_name(number, PROFILE))
            index = int(profile) if _NUMBER.fullmatch(profile) else (-1 if profile else 0)
            found.append(KeyedBallot(marks, index, bool(self._text(field_name(number, SPOILED)))))
        if errors:
            raise ActionError("有的序号有误，请修改。", code="wrong_marks", fields=errors)
        return found

    def refuse(self, error: ActionError) -> None:
        """Show an action's error at its places."""
        self.errors, self.message = dict(error.fields), error.message

    @property
    def rows(self) -> list[dict[str, Any]]:
        """What the template draws, ballot by ballot."""
        return [
            {
                "number": number,
                "cells": [
                    self._cell(field_name(number, section.key), number, title) for section, title, _ in self.sections
                ],
                "profile": self._cell(field_name(number, PROFILE), number, "票面回避"),
                "spoiled": self._cell(field_name(number, SPOILED), number, "废票"),
            }
            for number in range(1, self.number + 1)
        ]

    def _cell(self, name: str, number: int, title: str) -> dict[str, Any]:
        errors = self.errors.get(name, [])
        label = f"第 {number} 张 {title}"
        return {"name": name, "title": title, "label": label, "value": self._text(name), "errors": errors}

    def _text(self, name: str) -> str:
        return clean_text(self.typed.get(name, "") or "") if self.typed is not None else ""
