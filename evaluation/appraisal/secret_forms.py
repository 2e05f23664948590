"""The form in which holders type their secrets, at the rehearsal and at the count."""

from __future__ import annotations

from typing import Any

from django import forms

from evaluation.appraisal.models import Campaign

LENGTH = 60
# Never shown again by the page, never kept by the browser.
QUIET = {"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false", "data-reveal": ""}


class SecretsForm(forms.Form):
    """The secrets of the three holders, named as on the cards; what was typed is not sent back."""

    def __init__(self, *args: Any, campaign: Campaign) -> None:
        super().__init__(*args)
        for row in campaign.key_holders.all():
            self.fields[f"secret_{row.position}"] = forms.CharField(
                label=f"{row}的密钥",
                required=False,
                max_length=LENGTH,
                widget=forms.PasswordInput({**QUIET, "class": "secret-input"}, render_value=False),
            )

    @property
    def secrets(self) -> dict[int, str]:
        """What was typed, by the holder's position."""
        return {int(name.rsplit("_", 1)[1]): typed for name, typed in self.cleaned_data.items() if typed}
