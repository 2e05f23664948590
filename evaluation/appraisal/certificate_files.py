"""Certificates as files: the PDF of one award, a preview of the template, and all of a campaign in one zip."""

from __future__ import annotations

import os
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common import days, exports
from common.errors import ActionError
from common.exports import Export, ExportContext
from common.packages import file_name
from evaluation.appraisal import certificate_pdf, certificates, rules
from evaluation.appraisal.models import Award, Campaign

ZERO_CODE = "0" * (certificates.CODE_LENGTH + 1)
SAMPLE = {"项目": "某某书记项目", "党组织": "某某党工委", "奖项": "某某奖项", "类别": ""}


@dataclass(frozen=True, slots=True)
class CertificateFile:
    """The certificate of an award as a file of an archive package."""

    award: Award

    def save(self, path: str | os.PathLike[str]) -> None:
        Path(path).write_bytes(pdf_of(self.award))


def pdf_of(award: Award) -> bytes:
    """The certificate of an award by the campaign's template. Raises ActionError if there is no Chinese font."""
    template = certificates.template_of(award.candidate.campaign)
    return certificate_pdf.render(
        template,
        body=certificates.body_of(template, award),
        strong=[award.project.title, award.title],
        number=award.certificate_number,
        code=award.verification_code,
        verify_url=certificates.address_of(award.verification_code),
        day=award.awarded_on,
    )


def preview_of(campaign: Campaign) -> bytes:
    """What the saved template makes: the first award's certificate, before there is one an invented one's."""
    if award := awards_of(campaign).first():
        return pdf_of(award)
    template = certificates.template_of(campaign)
    number = certificates.number_words(
        template.number_format, year=campaign.season.starts_on.year, track="XX", number=1
    )
    return certificate_pdf.render(
        template,
        body=certificates.filled(template.body, {**SAMPLE, "年度": campaign.season.name}),
        strong=list(filter(None, SAMPLE.values())),
        number=number,
        code=ZERO_CODE,
        verify_url=certificates.address_of(ZERO_CODE),
        day=days.today(),
    )


def awards_of(campaign: Campaign) -> Any:
    """The campaign's awards in the order of their certificates, with what the papers say of them."""
    rows = Award.objects.filter(candidate__campaign=campaign).select_related(
        "season", "track", "project", "candidate__contest_class", "candidate__campaign"
    )
    return rows.order_by("track__position", "certificate_number")


def name_of(award: Award) -> str:
    return file_name(f"{award.certificate_number} {award.project.title}.pdf")


def preview_name(campaign: Campaign) -> str:
    return file_name(f"{campaign}获奖证书样张.pdf")


def _may(user: Any, params: exports.Params) -> bool:
    return (
        rules.can_handle_objections(user) and Campaign.objects.visible_to(user).filter(code=params["campaign"]).exists()
    )


def _clean(user: Any, params: exports.Params) -> dict[str, Any]:
    code = str(params.get("campaign") or "")
    if not Campaign.objects.visible_to(user).filter(code=code).exists():
        raise ActionError("没有这次票决。", fields={"campaign": ["没有这次票决。"]})
    return {"campaign": code}


def _name(params: exports.Params) -> str:
    return f"{Campaign.objects.get(code=params['campaign'])}获奖证书"


def _build(context: ExportContext) -> None:
    awards = list(awards_of(Campaign.objects.get(code=context.params["campaign"])))
    if not awards:
        raise ActionError("还没有生效的奖项，没有证书可以打印。")
    with zipfile.ZipFile(context.path, "w") as target:
        for number, award in enumerate(awards, start=1):
            target.writestr(name_of(award), pdf_of(award))
            context.advance(number, len(awards))


CERTIFICATES = Export(
    kind="certificates", title="获奖证书", suffix="zip", may=_may, build=_build, name=_name, clean=_clean
)
