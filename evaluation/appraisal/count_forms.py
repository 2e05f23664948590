"""Forms of the count: the holders' secrets, a scrutineer's signature, the announcement."""

from __future__ import annotations

from typing import Any

from django import forms

from common.forms import CleanCharField
from evaluation.appraisal.models import Campaign
from evaluation.appraisal.publishing import BODY_LIMIT

SECRET_LENGTH = 60
# Never shown again by the page, never kept by the browser.
QUIET = {"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false", "data-reveal": ""}


class CountForm(forms.Form):
    """The secrets of any two of the three holders, named as on the cards; what was typed is not sent back."""

    def __init__(self, *args: Any, campaign: Campaign) -> None:
        super().__init__(*args)
        for row in campaign.key_holders.all():
            self.fields[f"secret_{row.position}"] = forms.CharField(
                label=f"{row}的密钥",
                required=False,
                max_length=SECRET_LENGTH,
                widget=forms.PasswordInput({**QUIET, "class": "secret-input"}, render_value=False),
            )

    @property
    def secrets(self) -> dict[int, str]:
        """What was typed, by the holder's position."""
        return {int(name.rsplit("_", 1)[1]): typed for name, typed in self.cleaned_data.items() if typed}


class SignForm(forms.Form):
    """The password again, and which result was looked at."""

    result_sha256 = forms.CharField(widget=forms.HiddenInput, max_length=64)
    password = forms.CharField(
        label="登录密码",
        max_length=128,
        strip=False,
        widget=forms.PasswordInput({"autocomplete": "current-password"}, render_value=False),
        error_messages={"required": "请再次输入登录密码。"},
    )


class AnnouncementForm(forms.Form):
    body = CleanCharField(
        label="公告正文",
        max_length=BODY_LIMIT,
        help_text="规则、候选项目和投票时间会自动列在正文下面，不用重复写。",
        widget=forms.Textarea(attrs={"rows": 8}),
        error_messages={"required": "请填写公告正文。"},
    )
