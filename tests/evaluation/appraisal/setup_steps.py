"""What the tests of a vote's set-up share."""

from __future__ import annotations

from evaluation.appraisal.categories import CategoryInput
from evaluation.appraisal.models import Campaign


def rows_of(campaign: Campaign) -> list[CategoryInput]:
    """The categories as they stand, as the action takes them."""
    return [
        CategoryInput(
            row.code,
            row.name,
            row.weight,
            row.unconfirmed,
            row.tie_order,
            row.merge_into.code if row.merge_into else "",
        )
        for row in campaign.categories.select_related("merge_into")
    ]


def weights_of(campaign: Campaign) -> list[tuple[str, int]]:
    return list(campaign.categories.values_list("name", "weight"))
