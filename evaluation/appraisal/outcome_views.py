"""Pages of a vote's outcome on the workbench: notice and objections, awards, certificates, archive."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET, require_http_methods, require_POST, require_safe

from common import publication
from common.actors import Actor
from common.errors import ActionError, Conflict, Forbidden
from common.file_views import as_download
from common.forms import add_action_error
from common.pages import show_error
from evaluation.appraisal import (
    archive,
    awards,
    certificate_files,
    certificates,
    desk,
    objections,
    outcome_pages,
    public_notice,
    rules,
)
from evaluation.appraisal import tiers as tier_actions
from evaluation.appraisal.models import (
    Campaign,
    CampaignPackage,
    NoticeItem,
    Objection,
    PublicNotice,
    TierProposal,
)
from evaluation.appraisal.outcome_forms import CertificateForm, HandleForm, ReasonForm, RecordForm, WordingForm


@require_http_methods(["GET", "POST"])
def notice(request: HttpRequest, code: str) -> HttpResponse:
    """The tab 公示与异议; POST drafts the first round from the result."""
    campaign = _campaign(request, code)
    if request.method == "POST":
        try:
            public_notice.draft_notice(campaign=campaign, by=Actor.from_request(request))
            messages.success(request, "已按结果拟好公示，请填写受理方式后提出。")
        except ActionError as error:
            show_error(request, error)
        return redirect("appraisal:notice", campaign.code)
    return render(request, "appraisal/notice.html", outcome_pages.notice_page(request, campaign))


@require_POST
def notice_publication(request: HttpRequest, code: str) -> HttpResponse:
    """A step of the review of the current round; what was typed stays if it is refused."""
    campaign = _campaign(request, code)
    current = _current(campaign)
    form, do = WordingForm(request.POST), request.POST.get("do", "")
    form.is_valid()
    try:
        row = publication.take_step(
            obj=current,
            do=do,
            content=form.cleaned_data,
            reason=request.POST.get("reason", ""),
            seen=request.POST.get("seen", ""),
            by=Actor.from_request(request),
        )
        messages.success(request, f"已办理：{row.get_state_display()}。")
    except ActionError as error:
        if do == "propose" and not isinstance(error, (Conflict, Forbidden)):
            add_action_error(form, error)
            context = outcome_pages.notice_page(request, campaign, form)
            return render(request, "appraisal/notice.html", context, status=error.status)
        show_error(request, error)
    return redirect("appraisal:notice", campaign.code)


@require_POST
def notice_finalize(request: HttpRequest, code: str) -> HttpResponse:
    """After the last day: what nothing holds takes effect."""
    campaign = _campaign(request, code)
    try:
        done = awards.finalize_notice(notice=_current(campaign), by=Actor.from_request(request))
        for item, reason in done.waiting:
            messages.warning(request, f"“{item}”暂不生效：{reason}。")
        if done.awards:
            messages.success(request, f"{len(done.awards)} 个项目的评选结果已经生效。")
    except ActionError as error:
        show_error(request, error)
    return redirect("appraisal:notice", campaign.code)


@require_POST
def notice_conclude(request: HttpRequest, code: str) -> HttpResponse:
    """Where nobody was elected, the vote ends without a notice."""
    campaign = _campaign(request, code)
    try:
        public_notice.conclude_without_awards(campaign=campaign, by=Actor.from_request(request))
        messages.success(request, "本次票决已经结束，没有项目当选。")
    except ActionError as error:
        show_error(request, error)
    return redirect("appraisal:notice", campaign.code)


@require_POST
def item_naming(request: HttpRequest, code: str, item_id: int) -> HttpResponse:
    """Whether an award goes to an organization that was dissolved meanwhile."""
    campaign = _campaign(request, code)
    item = get_object_or_404(NoticeItem.objects.select_related("notice__campaign"), pk=item_id)
    if item.notice.campaign_id != campaign.pk:
        raise Http404
    award = request.POST.get("do") == "award"
    try:
        public_notice.decide_naming(
            item=item, award=award, reason=request.POST.get("reason", ""), by=Actor.from_request(request)
        )
        messages.success(request, "已决定仍以原名授予。" if award else "已取消这一项，调整后的名单须重新公示。")
    except ActionError as error:
        show_error(request, error)
    return redirect("appraisal:notice", campaign.code)


@require_http_methods(["GET", "POST"])
def objection_new(request: HttpRequest, code: str) -> HttpResponse:
    """Record a letter, a call or a visit."""
    campaign = _handled(request, code)
    current = _current(campaign, runs=True)
    form = RecordForm(request.POST if request.method == "POST" else None, notice=current)
    if request.method == "POST" and form.is_valid():
        given = {name: form.cleaned_data[name] for name in ("via", "received_on", "dated_on")}
        try:
            objections.record_objection(notice=current, given=form.given, by=Actor.from_request(request), **given)
            messages.success(request, "已登记。办结以前所指的公示项不会生效。")
            return redirect("appraisal:notice", campaign.code)
        except ActionError as error:
            add_action_error(form, error)
    context = desk.frame(request, campaign, "notice", "登记异议") | {"form": form, "notice": current}
    return render(request, "appraisal/notice_record.html", context, status=400 if form.errors else 200)


@require_http_methods(["GET", "POST"])
def objection(request: HttpRequest, code: str, objection_id: int) -> HttpResponse:
    """One objection with name and contact; its answer."""
    campaign = _handled(request, code)
    rows = Objection.objects.select_related("notice", "item__candidate__project", "handled_by__person")
    found = get_object_or_404(rows, pk=objection_id, notice__campaign=campaign)
    form = HandleForm(request.POST if request.method == "POST" else None, objection=found)
    if request.method == "POST" and form.is_valid():
        try:
            objections.close_objection(objection=found, by=Actor.from_request(request), **form.cleaned_data)
            messages.success(request, "已办结，异议人凭查询码可以看到答复。")
            return redirect("appraisal:notice", campaign.code)
        except (Conflict, Forbidden) as error:
            show_error(request, error)
            return redirect("appraisal:objection", campaign.code, found.pk)
        except ActionError as error:
            add_action_error(form, error)
    context = desk.frame(request, campaign, "notice", str(found)) | {"objection": found, "form": form}
    return render(request, "appraisal/notice_objection.html", context, status=400 if form.errors else 200)


@require_GET
def awards_page(request: HttpRequest, code: str) -> HttpResponse:
    """The tab 获奖与证书."""
    campaign = _campaign(request, code)
    return render(request, "appraisal/award_list.html", outcome_pages.awards_page(request, campaign))


@require_http_methods(["GET", "POST"])
def certificate_template(request: HttpRequest, code: str) -> HttpResponse:
    """How the certificates look, with a preview of the first."""
    campaign = _handled(request, code)
    form = CertificateForm.of(certificates.template_of(campaign))
    if request.method == "POST":
        form = CertificateForm(request.POST)
        if form.is_valid():
            try:
                by = Actor.from_request(request)
                certificates.save_template(campaign=campaign, given=form.cleaned_data, by=by)
                messages.success(request, "已保存，证书按新的模板生成。")
                return redirect("appraisal:certificate_template", campaign.code)
            except (Conflict, Forbidden) as error:
                show_error(request, error)
            except ActionError as error:
                add_action_error(form, error)
    context = desk.frame(request, campaign, "awards", "证书模板") | {"form": form}
    return render(request, "appraisal/award_template.html", context, status=400 if form.errors else 200)


@require_safe
def certificate_preview(request: HttpRequest, code: str) -> HttpResponse:
    """A certificate as the saved template makes it: of the first award, else of an invented one."""
    campaign = _handled(request, code)
    return _pdf(certificate_files.preview_of(campaign), certificate_files.preview_name(campaign))


@require_safe
def certificate(request: HttpRequest, code: str, candidate: str) -> HttpResponse:
    """The certificate of one award as PDF."""
    campaign = _campaign(request, code)
    award = get_object_or_404(certificate_files.awards_of(campaign), candidate__code=candidate)
    return _pdf(certificate_files.pdf_of(award), certificate_files.name_of(award))


@require_POST
def tier(request: HttpRequest, code: str, proposal_id: int) -> HttpResponse:
    """The officer's decision on a project's tier."""
    campaign = _campaign(request, code)
    proposal = get_object_or_404(TierProposal, pk=proposal_id, award__candidate__campaign=campaign)
    form = ReasonForm(request.POST)
    try:
        reason = form.cleaned_data["reason"] if form.is_valid() else ""
        accept = request.POST.get("do") == "accept"
        tier_actions.decide_tier(proposal=proposal, accept=accept, reason=reason, by=Actor.from_request(request))
        messages.success(request, f"“{proposal.award.project}”" + ("已晋级。" if accept else "已决定暂不晋级。"))
    except ActionError as error:
        show_error(request, error)
    return redirect("appraisal:awards", campaign.code)


@require_POST
def campaign_archive(request: HttpRequest, code: str) -> HttpResponse:
    """Have the package made; its progress is the job's page."""
    campaign = _campaign(request, code)
    by = Actor.from_request(request)
    try:
        job = archive.archive_campaign(campaign=campaign, by=by)
    except ActionError as error:
        show_error(request, error)
        return redirect("appraisal:awards", campaign.code)
    if job.requested_by_id != (by.user.pk if by.user else None):
        messages.info(request, f"{job.requested_by}已经在归档，完成后在本页下载。")
        return redirect("appraisal:awards", campaign.code)
    return redirect("common:job", job.pk)


@require_safe
def campaign_package(request: HttpRequest, code: str) -> FileResponse:
    """The sealed package, for those who may have it."""
    campaign = _campaign(request, code)
    package = get_object_or_404(CampaignPackage.objects.select_related("campaign"), campaign=campaign)
    try:
        served = archive.fetch(package, Actor.from_request(request))
    except FileNotFoundError:
        raise Http404 from None
    if served is None:
        raise Http404
    return as_download(*served, "application/zip")


def _campaign(request: HttpRequest, code: str) -> Campaign:
    """The campaign, for those who run it or handle its objections; else 404."""
    campaign, user = desk.campaign_of(request, code), request.user
    runs = rules.can_handle_objections(user) or rules.can_scrutinize(user, campaign)  # type: ignore[arg-type]
    if not runs:
        raise Http404
    return campaign


def _handled(request: HttpRequest, code: str) -> Campaign:
    """The campaign, for those who may see objectors' names; else 404."""
    if not rules.can_handle_objections(request.user):  # type: ignore[arg-type]
        raise Http404
    return desk.campaign_of(request, code)


def _current(campaign: Campaign, *, runs: bool = False) -> PublicNotice:
    """The current round, or with `runs` the last that was published."""
    rows = campaign.notices.order_by("-round").select_related("campaign")
    found: Any = (rows.exclude(starts_on=None) if runs else rows).first()
    if found is None:
        raise Http404
    found.campaign = campaign
    return found  # type: ignore[no-any-return]


def _pdf(content: bytes, name: str) -> HttpResponse:
    """Shown in the browser, and saved under its own name."""
    response = HttpResponse(content, content_type="application/pdf")
    response["Content-Disposition"] = content_disposition_header(as_attachment=False, filename=name) or "inline"
    response["Cache-Control"] = "private, no-store"
    return response
