"""Pages of the common floor: the notice inbox, pictures behind their permission check, a job's progress."""

from __future__ import annotations

from uuid import UUID

from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.cache import get_conditional_response, patch_vary_headers
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST, require_safe

from common import uploads
from common.models import Job, Picture, PictureVariant
from common.notices import inbox, mark_read, unread_count
from common.pages import page_of

PLACEHOLDER = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 320 240">'
    '<rect width="320" height="240" fill="#f1edea"/>'
    '<text x="160" y="126" font-size="18" fill="#6b625c" text-anchor="middle">{}</text></svg>'
)


@require_GET
def notices(request: HttpRequest) -> HttpResponse:
    only_unread = request.GET.get("unread") == "1"
    rows = inbox(request.user, only_unread=only_unread)
    context = {
        "page": page_of(request, rows),
        "only_unread": only_unread,
        "unread": unread_count(request.user),
    }
    return render(request, "common/notices.html", context)


@require_GET
def open_notice(request: HttpRequest, notice_id: int) -> HttpResponse:
    """Mark the notice as read and go to what it speaks of."""
    notice = get_object_or_404(inbox(request.user), pk=notice_id)
    mark_read(user=request.user, notice_id=notice.pk)
    safe = url_has_allowed_host_and_scheme(notice.url, allowed_hosts=None)
    return redirect(notice.url if notice.url and safe else "common:notices")


@require_POST
def read_one(request: HttpRequest, notice_id: int) -> HttpResponse:
    notice = get_object_or_404(inbox(request.user), pk=notice_id)
    mark_read(user=request.user, notice_id=notice.pk)
    return redirect("common:notices")


@require_POST
def read_all(request: HttpRequest) -> HttpResponse:
    mark_read(user=request.user)
    return redirect("common:notices")


@require_safe
def picture(request: HttpRequest, picture_id: UUID, size: str) -> HttpResponseBase:
    """One size of a picture, to whom may see it; a placeholder until the job has made it."""
    found = Picture.objects.filter(pk=picture_id).first()
    if found is None or not uploads.may_see(request.user, found):
        raise Http404
    if found.state != Picture.State.READY:
        text = "照片处理中…" if found.state == Picture.State.WAITING else "照片无法读取"
        response = HttpResponse(PLACEHOLDER.format(text), content_type="image/svg+xml")
        response["Cache-Control"] = "no-store"
        return response
    served = stored_size(request, found, size)
    # The browser keeps it but asks each time, because the right to see it may end.
    served["Cache-Control"] = "private, no-cache"
    return served


def stored_size(request: HttpRequest, found: Picture, size: str) -> HttpResponseBase:
    """One size of a ready picture, or that the browser's is the same; who may see it was asked before.

    Raises Http404 if there is no such size.
    """
    variant = get_object_or_404(found.variants, name=size)
    etag = f'"{variant.picture_id}-{variant.name}-{variant.size}"'
    served: HttpResponseBase = get_conditional_response(request, etag=etag) or _file(variant)
    served["ETag"] = etag
    return served


@require_GET
def job(request: HttpRequest, job_id: UUID) -> HttpResponse:
    """How far a job of the person's own is."""
    found = get_object_or_404(Job, pk=job_id, requested_by=request.user)
    part = request.headers.get("HX-Request") == "true"
    template = "components/job_progress.html" if part else "common/job.html"
    response = render(request, template, {"job": found})
    patch_vary_headers(response, ["HX-Request"])
    response["Cache-Control"] = "no-store"
    return response


def _file(variant: PictureVariant) -> FileResponse:
    try:
        served = FileResponse(uploads.open_variant(variant), content_type=variant.content_type)
    except FileNotFoundError:
        raise Http404 from None
    served["Content-Disposition"] = "inline"
    return served
