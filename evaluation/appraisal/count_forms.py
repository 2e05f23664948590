"""Forms of the count: a scrutineer's signature, why one is missing, the announcement."""

from __future__ import annotations

from django import forms

from common.forms import CleanCharField
from evaluation.appraisal.publishing import BODY_LIMIT
from evaluation.appraisal.signatures import LIMITS, WANTED


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


class AbsenceForm(forms.Form):
    """On what it rests that scrutineers cannot sign any more."""

    document = CleanCharField(
        label="依据文号",
        max_length=LIMITS["document"],
        help_text="任免或批准文件的文号",
        error_messages={"required": WANTED["document"]},
    )
    reason = CleanCharField(
        label="不能签字的原因",
        max_length=LIMITS["reason"],
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="例如：因工作调动，不再担任监票人",
        error_messages={"required": WANTED["reason"]},
    )


class AnnouncementForm(forms.Form):
    body = CleanCharField(
        label="公告正文",
        max_length=BODY_LIMIT,
        help_text="规则、候选项目和投票时间会自动列在正文下面，不用重复写。",
        widget=forms.Textarea(attrs={"rows": 8}),
        error_messages={"required": "请填写公告正文。"},
    )
