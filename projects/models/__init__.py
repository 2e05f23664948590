"""Seasons, projects, applications and their screening, plans, reports, closings."""

from projects.models.applications import Application, ApplicationVersion, Attachment, ExpectedFigure, TeamMember
from projects.models.closing import ArchivePackage, Closing, PlanChange
from projects.models.plans import Milestone, Plan, PlanItem
from projects.models.projects import LeadTerm, Project, ProjectFeature, ProjectFigure, ProjectStateChange
from projects.models.reports import (
    FieldComment,
    ProgressReport,
    ReportLine,
    ReportPhoto,
    ReportStateChange,
)
from projects.models.screening import ApplicationComment, Review, ReviewScore, Screening
from projects.models.seasons import Announcement, Criterion, Reopening, Season, SeasonReviewer, Track, TrackKind

__all__ = [
    "Announcement",
    "Application",
    "ApplicationComment",
    "ApplicationVersion",
    "ArchivePackage",
    "Attachment",
    "Closing",
    "Criterion",
    "ExpectedFigure",
    "FieldComment",
    "LeadTerm",
    "Milestone",
    "Plan",
    "PlanChange",
    "PlanItem",
    "ProgressReport",
    "Project",
    "ProjectFeature",
    "ProjectFigure",
    "ProjectStateChange",
    "Reopening",
    "ReportLine",
    "ReportPhoto",
    "ReportStateChange",
    "Review",
    "ReviewScore",
    "Screening",
    "Season",
    "SeasonReviewer",
    "TeamMember",
    "Track",
    "TrackKind",
]
