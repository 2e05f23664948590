"""Rows come in one order, whatever the database finds first: forms know a row by its place in a list."""

from __future__ import annotations

from django.apps import apps
from django.db.models import ForeignKey, Model, UniqueConstraint

OURS = ("common", "organizations", "brands", "projects", "tracking", "appraisal")


def _is_total(model: type[Model]) -> bool:
    """Whether the default order tells any two rows apart that one list may hold: all, or those of one parent."""
    names = {str(name).lstrip("-") for name in model._meta.ordering}
    if any(model._meta.get_field(name).unique for name in names if "__" not in name):
        return True
    return any(
        constraint.condition is None
        and {name for name in constraint.fields if not isinstance(model._meta.get_field(name), ForeignKey)} <= names
        for constraint in model._meta.constraints
        if isinstance(constraint, UniqueConstraint) and constraint.fields
    )


def test_every_default_order_is_total():
    ordered = [model for label in OURS for model in apps.get_app_config(label).get_models() if model._meta.ordering]
    assert len(ordered) > 40
    assert [model._meta.label for model in ordered if not _is_total(model)] == []
