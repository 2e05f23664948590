"""A candidate's dossier (候选材料): what the project already holds, as the voters read it; fixed by the lock."""

from __future__ import annotations

from typing import Any

from projects.models import Project


def build(project: Project) -> dict[str, Any]:
    """The dossier as JSON without floats: texts, figures with their words, the pictures' keys."""
    closing = getattr(project, "closing", None)
    return {
        "title": project.title,
        "organization": project.lead_organization.name,
        "secretary": str(project.lead_secretary),
        "outcome": closing.outcome if closing else "",
    }
