"""A vote at its end goes into one sealed package (票决归档包) and is read-only from then on.

A job builds it. The file is put in place under the campaign's lock in the transaction that writes its row and moves
final → archived, so a package is there whole or not at all, however often the job runs or dies.
"""

from __future__ import annotations

import hashlib
import os
from functools import partial
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from common import audit, jobs, packages
from common.actors import Actor
from common.errors import ActionError, Conflict, Forbidden
from common.models import Job
from evaluation.appraisal import archive_parts, rules, tiers
from evaluation.appraisal.models import Campaign, CampaignPackage, Objection
from evaluation.appraisal.states import move_campaign

KIND = "archive_campaign"
State = Campaign.State


@transaction.atomic
def archive_campaign(*, campaign: Campaign, by: Actor) -> Job:
    """Ask for a final campaign's package; the job seals it. Asked again, the same job, whether it has ended or not.

    Raises Forbidden, Conflict while the vote is not at its end or an objection is open.
    """
    campaign = Campaign.objects.select_for_update().get(pk=campaign.pk)
    refuse_others(by)
    if campaign.state == State.ARCHIVED:
        return Job.objects.filter(kind=KIND, key=str(campaign.pk), state=Job.State.DONE).latest("created_at")
    _refuse_early(campaign)
    job = jobs.enqueue(kind=KIND, args={"campaign": campaign.pk}, by=by, key=str(campaign.pk))
    audit.record(by=by, action="appraisal.archive.requested", obj=campaign, after={"job": str(job.pk)})
    return job


@jobs.handler(KIND)
def seal(job: Job) -> dict[str, Any]:
    """Build the package and archive the campaign. Done again, it is the same package.

    The result leads to the package, or says under `refused` in Chinese why there is none.
    """
    campaign = Campaign.objects.select_related("season").get(pk=job.args["campaign"])
    if package := CampaignPackage.objects.filter(campaign=campaign).first():
        return _result(package)
    by = Actor(user=job.requested_by, source="archive")
    try:
        refuse_others(by)
        _refuse_early(campaign)
        with packages.scratch(campaign.code) as folder:
            half = folder / "package.zip"
            parts = archive_parts.campaign_parts(campaign)
            own = "、".join(archive_parts.INTERNAL)
            note = (
                f"{campaign}　规则清单摘要：{campaign.manifest_sha256}　"
                f"共 {{count}} 个文件，其中“{own}”只在区委组织部下载的包里"
            )
            entries = packages.pack(parts, half, note=note, advance=partial(jobs.advance, job))
            package = _put_in_place(campaign, half, len(entries), job, by)
    except ActionError as error:
        return {"refused": error.message}
    return _result(package)


def still_open(campaign: Campaign) -> list[str]:
    """What is not settled yet, in words, to be read before archiving; open objections forbid it."""
    found = []
    if number := Objection.objects.filter(notice__campaign=campaign, state=Objection.State.RECEIVED).count():
        found.append(f"{number} 件异议没有办结，答复以后才能归档")
    if number := tiers.waiting().filter(award__candidate__campaign=campaign).count():
        found.append(f"{number} 个获奖项目的梯队晋级没有决定，由组织部决定")
    return found


def fetch(package: CampaignPackage, by: Actor) -> tuple[IO[bytes], str] | None:
    """The package's bytes and its Chinese name, which is recorded; None for whoever may not have it.

    The department gets the sealed file, the administrator a copy without the counts by category.
    Raises FileNotFoundError if the bytes are gone.
    """
    if by.user is None or not rules.can_handle_objections(by.user):
        return None
    whole = rules.can_publish(by.user)
    path = path_of(package)
    served = path.open("rb") if whole else packages.shareable(path, archive_parts.INTERNAL)
    audit.record(by=by, action="appraisal.archive.downloaded", obj=package.campaign, after={"whole": whole})
    return served, packages.file_name(f"{package.campaign}归档包.zip")


def path_of(package: CampaignPackage) -> Path:
    return Path(settings.MEDIA_ROOT) / package.path


def refuse_others(by: Actor) -> None:
    if by.user is None or not by.user.is_active or not rules.can_handle_objections(by.user):
        raise Forbidden("由年度评选管理员或区委组织部归档。")


def _refuse_early(campaign: Campaign) -> None:
    if campaign.state != State.FINAL:
        message = f"本次票决当前为“{campaign.get_state_display()}”，结果生效以后才能归档。"
        raise Conflict(message, code="illegal_step")
    if Objection.objects.filter(notice__campaign=campaign, state=Objection.State.RECEIVED).exists():
        raise Conflict("还有异议没有办结，答复以后才能归档。", code="open_objections")


def _put_in_place(campaign: Campaign, half: Path, files: int, job: Job, by: Actor) -> CampaignPackage:
    """The file, its row and the campaign's last state, or none of them."""
    with half.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    with transaction.atomic():
        locked = Campaign.objects.select_for_update().get(pk=campaign.pk)
        _refuse_early(locked)
        # Whoever lost the claim must not replace the file of the one who has it.
        jobs.advance(job, files + 1, files + 1)
        path = f"archives/vote-{campaign.code}.zip"
        final, size = Path(settings.MEDIA_ROOT) / path, half.stat().st_size
        os.replace(half, final)
        try:
            package = CampaignPackage.objects.create(
                campaign=locked, path=path, size=size, sha256=digest, files=files, made_by=by.user
            )
            move_campaign(locked, State.ARCHIVED, by=by, reason="归档")
            after = {"sha256": digest, "files": files}
            audit.record(by=by, action="appraisal.archive.sealed", obj=locked, after=after)
        except BaseException:
            final.unlink(missing_ok=True)  # while the lock is still held
            raise
    return package


def _result(package: CampaignPackage) -> dict[str, Any]:
    return {
        "url": reverse("appraisal:campaign_package", args=[package.campaign.code]),
        "label": "下载票决归档包",
        "size": package.size,
        "sha256": package.sha256,
        "files": package.files,
    }
