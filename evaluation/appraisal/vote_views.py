"""The way of a voter: code or password, the ballot page by page, review, cast, receipt.

Nothing is stored before the cast. Every page can be reloaded, left by the back button and opened twice.
"""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from common import qr
from common.errors import ActionError
from common.forms import add_action_error
from evaluation.appraisal import casting, crockford, throttle, vote_pages
from evaluation.appraisal.ballot_form import BallotForm, BallotPage
from evaluation.appraisal.drafts import Draft
from evaluation.appraisal.middleware import leaves_no_trace, leaves_no_trace_but_knows_the_account
from evaluation.appraisal.models import Campaign, Voter
from evaluation.appraisal.throttle import TooManyFailures
from evaluation.appraisal.vote_forms import AccountForm, CodeForm

STAYED_LONG = "停留时间较长，请再输入一次投票码（用账号的从下面进入）；刚才选的内容都还在。"
NOTHING_OPEN = "这里没有打开的选票。请输入投票码：还没有投的可以投票，投过的马上知道票在票箱中。"


@login_not_required
@leaves_no_trace
@require_http_methods(["GET", "HEAD", "POST"])
def vote(request: HttpRequest) -> HttpResponse:
    """The code of the slip opens the ballot, or says in this one step that the vote is in the box."""
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            return _opened(request, *throttle.by_code(request, form.cleaned_data["code"]))
        except ActionError as error:
            return _entry(request, form, error)
    return _entry(request, form)


@login_not_required
@leaves_no_trace_but_knows_the_account
@require_http_methods(["GET", "HEAD", "POST"])
def vote_account(request: HttpRequest, code: str) -> HttpResponse:
    """The password again opens the ballot of an account; nobody is logged in by it."""
    # After the close as well: an answer that was lost just before it is found here.
    campaign = get_object_or_404(Campaign.objects.exclude(state=Campaign.State.DRAFT), code=code)
    form = AccountForm(request.POST or None)
    user = request.user if request.user.is_authenticated else None
    if user:
        del form.fields["username"]
    context = {"form": form, "campaign": campaign, "account": user}
    if request.method != "POST" or not form.is_valid():
        return vote_pages.page(request, "appraisal/vote_account.html", context, status=400 if form.errors else 200)
    name = user.get_username() if user else form.cleaned_data["username"]
    try:
        opened = throttle.by_account(request, name, form.cleaned_data["password"], campaign)
        return _opened(request, *opened)
    except ActionError as error:
        add_action_error(form, error)
        return _slowed(vote_pages.page(request, "appraisal/vote_account.html", context, status=error.status), error)


@login_not_required
@leaves_no_trace
@require_http_methods(["GET", "HEAD", "POST"])
def ballot(request: HttpRequest, number: int) -> HttpResponse:
    """One contest. What is sent goes into the voter's own cookie, and the answer is always another page to get."""
    form = _standing(request)
    if isinstance(form, HttpResponse):
        return form
    page = form.page(number)
    if page is None:
        raise Http404
    if request.method == "POST":
        response = _answered(request, form, page)
        # Two voters may have pages open in one browser: it goes on as the one whose page was sent.
        vote_pages.give_pass(response, vote_pages.pass_of(request))
        return response
    draft = vote_pages.draft_of(request, form)
    wrong = form.problems(draft) if number in draft.seen else {}
    return _ballot_page(request, form, page, draft, wrong)


@login_not_required
@leaves_no_trace
@require_safe
def review(request: HttpRequest) -> HttpResponse:
    """The choices in words and the sealed ballot; sealed anew at each reload, still nowhere but in this page."""
    form = _standing(request)
    if isinstance(form, HttpResponse):
        return form
    draft = vote_pages.draft_of(request, form)
    if missing := form.next_page(draft):
        return redirect("appraisal:vote_ballot", missing)
    try:
        prepared = casting.prepare(voter=form.voter, choices=form.choices(draft), abstained=draft.abstained)
    except ActionError as error:
        return _refused(request, form.voter, error)
    context = {
        "campaign": form.voter.campaign,
        "pages": form.pages,
        "draft": draft,
        "numbers": form.numbers(draft),
        "token": prepared.token,
        "pass": vote_pages.pass_of(request),
        "code": crockford.grouped(prepared.code),
    }
    return vote_pages.page(request, "appraisal/vote_review.html", context)


@login_not_required
@leaves_no_trace
@require_http_methods(["GET", "HEAD", "POST"])
def cast(request: HttpRequest) -> HttpResponse:
    """Cast the reviewed ballot; sent twice, reloaded or tapped twice it shows the same receipt."""
    if request.method != "POST":
        return redirect("appraisal:vote")
    voter = vote_pages.voter_of(request)
    if voter is None:
        return _nothing_open(request)
    try:
        receipt = casting.cast(voter=voter, token=request.POST.get("token", ""))
    except ActionError as error:
        return _refused(request, voter, error)
    address = vote_pages.check_address(request, voter.campaign.code, receipt.code)
    context = {
        "campaign": voter.campaign,
        "code": crockford.grouped(receipt.code),
        "again": receipt.again,
        "qr": qr.svg(address, title="核对页二维码"),
        "check_address": address,
    }
    response = vote_pages.leaf(request, "appraisal/vote_receipt.html", context)
    vote_pages.take_back(response)
    return response


@login_not_required
@leaves_no_trace
@require_POST
def leave(request: HttpRequest) -> HttpResponse:
    """Leave without voting: nothing of it stays in the browser."""
    response = redirect("appraisal:vote")
    vote_pages.take_back(response)
    return response


@login_not_required
@leaves_no_trace
@require_safe
def threats(request: HttpRequest) -> HttpResponse:
    return vote_pages.leaf(request, "appraisal/vote_threats.html")


def _standing(request: HttpRequest) -> BallotForm | HttpResponse:
    """The ballot of whoever holds a good pass while the vote is open, or the page that says why there is none."""
    voter = vote_pages.voter_of(request)
    if voter is None:
        return _nothing_open(request)
    if _counts(voter):
        return vote_pages.leaf(request, "appraisal/vote_in_box.html", {"campaign": voter.campaign})
    try:
        casting.refuse_closed(voter.campaign)
    except ActionError as error:
        return _refused(request, voter, error)
    return BallotForm(voter)


def _opened(request: HttpRequest, voter: Voter, token: str) -> HttpResponse:
    """The first page that is not done, with the pass; who has voted is told so. Raises Conflict when not open."""
    if _counts(voter):
        return vote_pages.leaf(request, "appraisal/vote_in_box.html", {"campaign": voter.campaign})
    casting.refuse_closed(voter.campaign)
    form = BallotForm(voter)
    draft = vote_pages.draft_of(request, form)
    missing = form.next_page(draft)
    response = redirect("appraisal:vote_ballot", missing) if missing else redirect("appraisal:vote_review")
    vote_pages.give_pass(response, token)
    return response


def _counts(voter: Voter) -> bool:
    """Whether the voter's ballot is in the box and counts: none of a voided vote does."""
    return voter.voted and voter.campaign.state != Campaign.State.VOIDED


def _nothing_open(request: HttpRequest) -> HttpResponse:
    """A page of the ballot without a good pass: it grew old, or the ballot was cast or left and the pass with it."""
    return _entry(request, CodeForm(), note=STAYED_LONG if vote_pages.pass_of(request) else NOTHING_OPEN)


def _entry(request: HttpRequest, form: CodeForm, error: ActionError | None = None, *, note: str = "") -> HttpResponse:
    if error is not None:
        add_action_error(form, error)
    voter = None if note else vote_pages.voter_of(request)
    by_account = Campaign.objects.filter(state=Campaign.State.OPEN, voters__channel=Voter.Channel.ACCOUNT).distinct()
    context = {
        "form": form,
        "note": note,
        "begun": voter is not None and not voter.voted,
        "by_account": by_account.order_by("closes_at"),
    }
    status = error.status if error else 400 if form.errors else 200
    return _slowed(vote_pages.page(request, "appraisal/vote.html", context, status=status), error)


def _slowed(response: HttpResponse, error: ActionError | None) -> HttpResponse:
    if isinstance(error, TooManyFailures):
        response.headers["Retry-After"] = str(error.wait)
    return response


def _answered(request: HttpRequest, form: BallotForm, page: BallotPage) -> HttpResponse:
    """Keep one page's answers and lead on: to the first page not done, or back to this one with what is wrong."""
    sent = {section.key: request.POST.getlist(section.key) for section in page.sections}
    open_to = {section.key: section.open_codes for section in page.sections}
    abstained = {key: f"abstain-{key}" in request.POST for key in sent}
    wrong = form.wrong(sent, {key for key, is_on in abstained.items() if is_on})
    step = request.POST.get("go", "keep")
    draft = vote_pages.draft_of(request, form).after(
        page=page.number if step == "on" else None,
        shown=frozenset().union(*open_to.values()),
        chosen=[code for key, codes in sent.items() for code in codes if code in open_to[key]],
        abstained=abstained,
    )
    if step == "keep":
        response = HttpResponse(status=204)
    elif any(not open_to[key].issuperset(codes) for key, codes in sent.items()):
        # Nobody can tick these (another contest's, or recused), so the page that follows could not show them.
        response = _ballot_page(request, form, page, draft, wrong, status=400)
    else:
        response = redirect(_next(form, page, draft, step))
    vote_pages.keep_draft(response, form, draft)
    return response


def _next(form: BallotForm, page: BallotPage, draft: Draft, step: str) -> str:
    if step == "back":
        return reverse("appraisal:vote_ballot", args=[max(page.number - 1, 1)])
    wrong = form.problems(draft)
    if any(section.key in wrong for section in page.sections):
        return reverse("appraisal:vote_ballot", args=[page.number])
    missing = form.next_page(draft)
    return reverse("appraisal:vote_ballot", args=[missing]) if missing else reverse("appraisal:vote_review")


def _ballot_page(
    request: HttpRequest, form: BallotForm, page: BallotPage, draft: Draft, wrong: dict[str, str], status: int = 200
) -> HttpResponse:
    context = {
        "campaign": form.voter.campaign,
        "pass": vote_pages.pass_of(request),
        "page": page,
        "pages": form.pages,
        "draft": draft,
        "numbers": form.numbers(draft),
        "wrong": {section.key: wrong[section.key] for section in page.sections if section.key in wrong},
    }
    return vote_pages.page(request, "appraisal/vote_ballot.html", context, status=status)


def _refused(request: HttpRequest, voter: Voter, error: ActionError) -> HttpResponse:
    """What stands against casting, with the way on: back to the ballot, or the check page."""
    context = {"campaign": voter.campaign, "error": error}
    return vote_pages.leaf(request, "appraisal/vote_refused.html", context, status=error.status)
