"""Pictures of a candidate's dossier, to its voters, to whoever runs the vote, and to everybody once it is announced.

A picture is served by its place in the dossier that the lock fixed, not by its owner's rights: voters have no account.
"""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from common.models import Picture
from common.views import stored_size
from evaluation.appraisal import dossiers, publishing, vote_pages
from evaluation.appraisal.middleware import leaves_no_trace_but_knows_the_account
from evaluation.appraisal.models import Campaign, Candidate


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
