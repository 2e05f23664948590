"""What a voter types before the ballot opens; who that is, the actions of `electors` say."""

from __future__ import annotations

from django import forms

from common.forms import CleanCharField


class CodeForm(forms.Form):
    """Spaces, dashes, small letters and O for 0 are understood by the action."""

    code = CleanCharField(label="投票码", max_length=60, error_messages={"required": "请输入选票单上的投票码。"})


class AccountForm(forms.Form):
    """The account by name; left out where the browser is logged in."""

    username = CleanCharField(label="账号", max_length=150, error_messages={"required": "请输入账号。"})
    password = forms.CharField(
        label="密码", max_length=256, strip=False, error_messages={"required": "请再输入一次密码。"}
    )
