"""Rows that every floor needs and nobody owns."""

from common.models.calendar import CalendarDay, CalendarYear
from common.models.files import StoredFile
from common.models.imports import ImportBatch, ImportRow
from common.models.jobs import Job
from common.models.pictures import Picture, PictureVariant
from common.models.publication import Publication, PublicationStep
from common.models.records import AuditEntry, Notice, StateChange

__all__ = [
    "AuditEntry",
    "CalendarDay",
    "CalendarYear",
    "ImportBatch",
    "ImportRow",
    "Job",
    "Notice",
    "Picture",
    "PictureVariant",
    "Publication",
    "PublicationStep",
    "StateChange",
    "StoredFile",
]
