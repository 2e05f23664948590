"""Pages of the key and the lock: holders, secrets that are shown once, the rehearsal; the rules, what is missing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from common import qr
from common.actors import Actor
from common.errors import ActionError
from common.forms import add_action_error
from evaluation.appraisal import campaigns, crockford, desk, keys, locking, recusal, rule_sheet, rules
from evaluation.appraisal.models import Campaign, Recusal
from evaluation.appraisal.secret_forms import SecretsForm
from evaluation.appraisal.setup_forms import HoldersForm, SeedForm


@never_cache
@require_http_methods(["GET", "POST"])
@sensitive_variables("secrets", "cards")
def keys_page(request: HttpRequest, code: str) -> HttpResponse:
    """Name the holders; the answer to the POST shows the three secrets, once and nowhere else."""
    found = _managed(request, code)
    named = {f"name_{row.position}": row.name for row in found.key_holders.all()}
    named |= {f"body_{row.position}": row.body for row in found.key_holders.all()}
    form = HoldersForm(request.POST if request.method == "POST" else None, initial=named)
    status = 0
    if form.is_valid():
        try:
            by, standing = Actor.from_request(request), request.POST.get("standing", "")
            secrets = keys.make_keys(campaign=found, holders=form.holders, by=by, standing=standing)
            context = desk.frame(request, found, "keys") | {"cards": _cards(found, form.holders, secrets)}
            return render(request, "appraisal/setup_keys_once.html", context)
        except ActionError as error:
            add_action_error(form, error)
            status = error.status
    return _keys(request, found, form, SecretsForm(campaign=found), status)


@never_cache
@require_POST
@sensitive_post_parameters()
def keys_rehearse(request: HttpRequest, code: str) -> HttpResponse:
    """All three type theirs; each pair must open the key."""
    found = _managed(request, code)
    form = SecretsForm(request.POST, campaign=found)
    status = 0
    if form.is_valid():
        try:
            keys.rehearse(campaign=found, secrets=form.secrets, by=Actor.from_request(request))
            messages.success(request, "演练通过：任意两位保管人的密钥都能打开票箱。请把密钥卡装袋密封，各自保管。")
            return redirect("appraisal:keys", found.code)
        except ActionError as error:
            add_action_error(form, error)
            status = error.status
    return _keys(request, found, HoldersForm(), form, status)


@require_http_methods(["GET", "POST"])
def lock_page(request: HttpRequest, code: str) -> HttpResponse:
    """The rules as sentences and what is still missing; POST locks, or says what stands in the way."""
    found = desk.campaign_of(request, code)
    form = SeedForm(request.POST if request.method == "POST" else None, initial={"order_seed": found.order_seed})
    status = 200
    if request.method == "POST" and form.is_valid():
        by = Actor.from_request(request)
        try:
            if found.is_draft:
                campaigns.edit_basics(campaign=found, values=form.cleaned_data, by=by)
            locking.lock(campaign=found, by=by)
            messages.success(request, "已锁定。请打印规则单和开票前记录，请监票人和密钥保管人签字。")
            return redirect("appraisal:lock", found.code)
        except ActionError as error:
            found, status = desk.campaign_of(request, code), error.status
            if error.code != "not_lockable":  # else the page's own list says it, row by row
                add_action_error(form, error)
    return render(request, "appraisal/setup_lock.html", _lock(request, found, form), status=status)


@require_GET
def manifest_file(request: HttpRequest, code: str) -> HttpResponse:
    """The manifest as it was hashed, byte by byte."""
    found = desk.campaign_of(request, code)
    if not found.manifest:
        raise Http404
    answer = HttpResponse(found.manifest, content_type="application/json")
    answer["Content-Disposition"] = f'attachment; filename="manifest-{found.code}.json"'
    return answer


def _managed(request: HttpRequest, code: str) -> Campaign:
    found = desk.campaign_of(request, code)
    if not rules.can_manage_campaign(request.user):  # type: ignore[arg-type]
        raise Http404
    return found


def _keys(
    request: HttpRequest, found: Campaign, form: HoldersForm, secrets_form: SecretsForm, status: int
) -> HttpResponse:
    context = desk.frame(request, found, "keys") | {
        "form": form,
        "secrets_form": secrets_form,
        "holders": found.key_holders.all(),
    }
    status = status or (400 if form.errors or secrets_form.errors else 200)
    return render(request, "appraisal/setup_keys.html", context, status=status)


@sensitive_variables()
def _cards(found: Campaign, holders: list[tuple[str, str]], secrets: list[str]) -> list[dict[str, Any]]:
    """What is printed for each holder: name, body, the secret in groups, its QR."""
    return [
        {
            "position": at,
            "name": name,
            "body": body,
            "secret": crockford.grouped(secret),
            "qr": qr.svg(secret, title=f"第 {at} 位保管人密钥的二维码"),
        }
        for at, ((name, body), secret) in enumerate(zip(holders, secrets, strict=True), start=1)
    ]


def _lock(request: HttpRequest, found: Campaign, form: SeedForm) -> dict[str, Any]:
    context = desk.frame(request, found, "lock")
    recused = recusal.reasons(found) if not found.manifest else []
    return context | {
        "form": form,
        "parts": rule_sheet.sentences(rule_sheet.of(found, recused)),
        "problems": _problems(found, recused) if found.is_draft else [],
        "hints": locking.hints(found) if found.is_draft else [],
        "lot": rule_sheet.LOT,
    }


def _problems(found: Campaign, recused: Sequence[Recusal]) -> list[tuple[str, str, list[locking.Problem]]]:
    """What stands in the way by part: its label, where it is mended, the rows."""
    by_part: dict[str, list[locking.Problem]] = {}
    for problem in locking.problems(found, recused):
        by_part.setdefault(problem.part, []).append(problem)
    return [(desk.LABELS[part], desk.address(part, found), rows) for part, rows in by_part.items()]
