"""Stored documents behind their permission check: only ever a download."""

from __future__ import annotations

from pathlib import Path
from typing import IO
from uuid import UUID

from django.http import FileResponse, Http404, HttpRequest
from django.views.decorators.http import require_safe

from common import files
from common.models import StoredFile


@require_safe
def download(request: HttpRequest, file_id: UUID) -> FileResponse:
    """A document, to whoever may read it; nobody else learns that it is there."""
    found = StoredFile.objects.filter(pk=file_id).first()
    if found is None or not files.may_read(request.user, found):
        raise Http404
    return attachment(files.path_of(found), found.original_name, found.content_type)


def attachment(path: Path, name: str, content_type: str) -> FileResponse:
    """The file as a download that no browser shows in place. Raises Http404 if its bytes are gone."""
    try:
        return as_download(path.open("rb"), name, content_type)
    except FileNotFoundError:
        raise Http404 from None


def as_download(file: IO[bytes], name: str, content_type: str) -> FileResponse:
    """The same for bytes that are open already; the response closes them."""
    served = FileResponse(file, as_attachment=True, filename=name, content_type=content_type)
    served["X-Content-Type-Options"] = "nosniff"
    served["Content-Security-Policy"] = "sandbox; default-src 'none'"
    served["Cache-Control"] = "private, no-store"
    return served
