"""Password rules that Django has not got (GB/T 22239-2019: complexity)."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError


class ThreeOfFourClasses:
    """At least three of: lower case, upper case, digits, other characters."""

    MESSAGE = "密码至少要包含大写字母、小写字母、数字、符号中的三种。"

    def validate(self, password: str, user: Any = None) -> None:
        classes = (
            any(c.islower() for c in password),
            any(c.isupper() for c in password),
            any(c.isdigit() for c in password),
            any(not c.isalnum() for c in password),
        )
        if sum(classes) < 3:
            raise ValidationError(self.MESSAGE, code="password_too_simple")

    def get_help_text(self) -> str:
        return self.MESSAGE
