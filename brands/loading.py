"""Loading the published facts into brands; safe to repeat: what is there is brought to the file's wording."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.db import transaction
from django.db.models import Model

from brands.models import Brand, Feature, Figure, Honour, Source
from brands.programme import facts
from common import audit
from common.actors import Actor
from organizations.models import Organization


@transaction.atomic
def load_brands(*, by: Actor) -> list[Brand]:
    """The eight brands with all their facts, in the publication's order.

    Facts of these brands are replaced; brands that the department added itself are left alone. The owner is set
    where an organization of that name is there.
    """
    source = source_row()
    loaded = []
    for position, entry in enumerate(facts()["brands"], start=1):
        brand = _load(entry, source, position=position)
        for place, child in enumerate(entry.get("sub_brands", []), start=1):
            _load(child, source, position=place, parent=brand)
        loaded.append(brand)
    audit.record(by=by, action="brands.loaded", obj=source, after={"brands": [b.code for b in loaded]})
    return loaded


def source_row() -> Source:
    """The publication that the facts are from."""
    told = facts()["source"]
    source, _ = Source.objects.update_or_create(
        title=told["title"], defaults={"published_text": told["published_text"]}
    )
    return source


def write_facts(
    entry: Mapping[str, Any], source: Source, *, figures: type[Model], features: type[Model], **owner: Model
) -> None:
    """Replace an owner's figures and features (`brand=…` or `project=…`) by those of a file's entry."""
    subject = next(iter(owner.values()))
    for model in (figures, features):
        model._default_manager.filter(**owner).delete()
    named = str(subject) if getattr(subject, "parent_id", None) else ""
    figures._default_manager.bulk_create(
        figures(**owner, source=source, position=place, **{"subject": named, **row})
        for place, row in enumerate(entry.get("figures", []), start=1)
    )
    features._default_manager.bulk_create(
        features(**owner, source=source, position=place, kind=kind, **row)
        for place, (kind, row) in enumerate(_features(entry), start=1)
    )


def _load(entry: Mapping[str, Any], source: Source, *, position: int, parent: Brand | None = None) -> Brand:
    owner = entry.get("owner")
    values = {
        **{name: entry[name] for name in ("name", "short_name", "field", "setting", "open_list") if name in entry},
        "position": position,
        "parent": parent,
    }
    if owner:
        values["owner"] = Organization.objects.filter(name=owner).first()
    brand, _ = Brand.objects.update_or_create(code=entry["code"], defaults=values)
    write_facts(entry, source, figures=Figure, features=Feature, brand=brand)
    brand.honours.all().delete()
    Honour.objects.bulk_create(
        Honour(brand=brand, source=source, position=place, **row)
        for place, row in enumerate(entry.get("honours", []), start=1)
    )
    return brand


def _features(entry: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for kind, rows in entry.get("features", {}).items():
        for row in rows:
            yield kind, row if isinstance(row, dict) else {"name": row}
