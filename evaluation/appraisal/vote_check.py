"""Whether a tracking number is in the box (核对追踪号): the browser fetches the whole list and looks for itself.

So nobody learns which number was looked for; what was chosen stands nowhere.
"""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from evaluation.appraisal import vote_pages
from evaluation.appraisal.middleware import leaves_no_trace
from evaluation.appraisal.models import Campaign
from evaluation.appraisal.publishing import FROM_THE_OPENING, code_list


@login_not_required
@leaves_no_trace
@require_safe
def check(request: HttpRequest, code: str) -> HttpResponse:
    """From the opening on, for everybody."""
    campaign = get_object_or_404(Campaign, code=code, state__in=FROM_THE_OPENING)
    State = Campaign.State
    is_whole = campaign.state not in (State.OPEN, State.CLOSED)
    context = {"campaign": campaign, "is_open": campaign.state == State.OPEN, "is_whole": is_whole}
    return vote_pages.leaf(request, "appraisal/vote_check.html", context)


@login_not_required
@leaves_no_trace
@require_safe
def codes(request: HttpRequest, code: str) -> HttpResponse:
    """`codes.txt` as it stands among the public files, here without a trace of who fetched it."""
    campaign = get_object_or_404(Campaign, code=code, state__in=FROM_THE_OPENING)
    return HttpResponse(code_list(campaign), content_type="text/plain; charset=utf-8")
