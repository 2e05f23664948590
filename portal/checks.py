"""What production refuses to start with: a default key, DEBUG, a rehearsal's clock, sample accounts, sample votes.

And what any portal should have: a Chinese font for its PDF papers.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register
from django.db import DatabaseError

from common import pdf
from common.errors import ActionError


@register
def production_settings(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    if not settings.PRODUCTION:
        return []
    found: list[CheckMessage] = []
    if settings.SECRET_KEY == settings.DEVELOPMENT_KEY or len(settings.SECRET_KEY) < 40:
        found.append(
            Error(
                "正式环境必须设置自己的 SECRET_KEY（至少 40 个字符）。",
                hint="Set SECRET_KEY to a random text of at least 40 characters.",
                id="portal.E001",
            )
        )
    if settings.DEBUG:
        found.append(Error("正式环境不能打开 DEBUG。", hint="Unset DEBUG in production.", id="portal.E002"))
    if settings.TODAY:
        found.append(
            Error(
                "正式环境不能设置 TODAY（演练用的日期）。",
                hint="Unset TODAY: it is the clock of a rehearsal.",
                id="portal.E003",
            )
        )
    if settings.DEMO_PASSWORD:
        found.append(
            Error(
                "正式环境不能设置 DEMO_PASSWORD（示例账号口令）。",
                hint="Unset DEMO_PASSWORD: production has no sample accounts.",
                id="portal.E004",
            )
        )
    return found


@register
def chinese_fonts(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    try:
        pdf.fonts()
    except ActionError as error:
        hint = "Install a Chinese font (Debian: fonts-noto-cjk), or put one into FONT_FOLDER."
        return [Warning(error.message, hint=hint, id="portal.W001")]
    return []


def sample_rows() -> list[CheckMessage]:
    """Active sample accounts and sample votes in production; asked by wsgi and by readiness."""
    from evaluation.appraisal.models import Campaign
    from organizations.models import User

    if not settings.PRODUCTION:
        return []
    found: list[CheckMessage] = []
    try:
        if User.objects.filter(is_sample=True, is_active=True).exists():
            hint = "Deactivate the sample accounts (User.is_sample) first."
            found.append(Error("正式环境中有启用的示例账号，请先停用。", hint=hint, id="portal.E005"))
        if Campaign.objects.filter(is_sample=True).exists():
            # Their codes and box secrets lie in files, and their invented awards would look like real ones.
            hint = "Start production with a database that the sample was never loaded into."
            found.append(Error("正式环境中有示例票决，请使用没有载入过示例的数据库。", hint=hint, id="portal.E006"))
    except DatabaseError:
        return []
    return found
