"""The candidates' dossiers on the workbench, and their pictures wherever a dossier is read.

Pictures are for the campaign's voters, for whoever runs or watches it, and for everybody once it is announced. One
is served by its place in the dossier that the lock fixed, not by its owner's rights: voters have no account.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET, require_safe

from common.models import Picture
from common.views import stored_size
from evaluation.appraisal import booklet, desk, dossiers, publishing, vote_pages
from evaluation.appraisal.middleware import leaves_no_trace_but_knows_the_account
from evaluation.appraisal.models import Campaign, Candidate


@require_GET
def dossiers_page(request: HttpRequest, code: str) -> HttpResponse:
    """What the voters will read of each candidate, to look through before the lock, and the booklets to print."""
    campaign = desk.campaign_of(request, code)
    rows = list(campaign.candidates.select_related("contest_class__contest"))
    found = dossiers.of_all(rows)
    blocks: dict[int, dict[str, Any]] = {}
    for row in rows:
        contest = row.contest_class.contest
        params = {"campaign": campaign.code, "contest": contest.code}
        block = blocks.setdefault(contest.pk, {"contest": contest, "params": params, "rows": []})
        block["rows"].append((row, found[row.pk]))
    context = desk.frame(request, campaign, "candidates", "候选材料")
    context |= {"blocks": list(blocks.values()), "booklet": booklet.KIND, "booklet_pdf": f"{booklet.KIND}_pdf"}
    return render(request, "appraisal/dossiers.html", context)


@login_not_required
@leaves_no_trace_but_knows_the_account
@require_safe
def dossier_picture(request: HttpRequest, candidate: str, picture_id: UUID, size: str) -> HttpResponseBase:
    """One size of a picture. Which dossiers a voter opened is kept nowhere, as with every page below vote/."""
    row = get_object_or_404(Candidate.objects.select_related("campaign", "project"), code=candidate)
    shown = {picture["id"] for picture in dossiers.of(row).get("pictures", ())}
    if str(picture_id) not in shown or not _may_see(request, row.campaign):
        raise Http404
    return stored_size(request, get_object_or_404(Picture, pk=picture_id, state=Picture.State.READY), size)


def _may_see(request: HttpRequest, campaign: Campaign) -> bool:
    """The pass of a voter is asked before the account, so that voting pages never look at who is logged in."""
    voter = vote_pages.voter_of(request)
    if voter is not None and voter.campaign_id == campaign.pk:
        return True
    if not campaign.is_draft and publishing.is_public(campaign):
        return True
    return Campaign.objects.visible_to(request.user).filter(pk=campaign.pk).exists()
