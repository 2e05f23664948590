"""Seasons, projects, plans and reports."""

from projects.models.plans import Milestone, Plan, PlanItem
from projects.models.projects import LeadTerm, Project, ProjectFeature, ProjectFigure, ProjectStateChange
from projects.models.reports import (
    FieldComment,
    ProgressReport,
    ReportLine,
    ReportPhoto,
    ReportStateChange,
)
from projects.models.seasons import Season, Track, TrackKind

__all__ = [
    "FieldComment",
    "LeadTerm",
    "Milestone",
    "Plan",
    "PlanItem",
    "ProgressReport",
    "Project",
    "ProjectFeature",
    "ProjectFigure",
    "ProjectStateChange",
    "ReportLine",
    "ReportPhoto",
    "ReportStateChange",
    "Season",
    "Track",
    "TrackKind",
]
