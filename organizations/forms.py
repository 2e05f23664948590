"""Login and password forms in the words that people expect."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm, UsernameField


class LoginForm(AuthenticationForm):
    error_messages = {
        # The same words for an unknown account, a wrong password and a closed account.
        "invalid_login": "账号或密码不对，请重新输入。密码区分大小写。",
        "inactive": "账号或密码不对，请重新输入。密码区分大小写。",
    }

    username = UsernameField(label="账号", max_length=60, widget=forms.TextInput(attrs={"autofocus": True}))
    password = forms.CharField(
        label="密码",
        max_length=200,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class NewPasswordForm(PasswordChangeForm):
    """One's own new password: the old one once, the new one twice."""

    error_messages = {
        "password_incorrect": "原密码不对，请重新输入。",
        "password_mismatch": "两次输入的新密码不一样。",
        "password_unchanged": "新密码不能与原密码相同。",
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        texts = {
            "old_password": ("原密码", ""),
            "new_password1": ("新密码", "至少 8 个字符，含大写字母、小写字母、数字、符号中的三种。"),
            "new_password2": ("再输一次新密码", ""),
        }
        for name, (label, help_text) in texts.items():
            self.fields[name].label, self.fields[name].help_text = label, help_text

    def validate_password_for_user(self, user: Any, password_field_name: str = "new_password1") -> None:
        """What is wrong with the new password stands beside it, not beside its repetition."""
        super().validate_password_for_user(user, "new_password1")

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or self.cleaned_data
        new = values.get("new_password1")
        if new and new == values.get("old_password"):
            self.add_error("new_password1", self.error_messages["password_unchanged"])
        return values
