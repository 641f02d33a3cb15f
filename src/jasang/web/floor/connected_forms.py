"""What may be written about collected readings: notes, places of machines, links of wall screens."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

MOST_SIGNALS = 12
_LONGEST_NAME = 300


def named(signals: Sequence[str]) -> list[str]:
    """Names of signals as given, without doubles, at most as many as a page shows."""
    return list(dict.fromkeys(name[:_LONGEST_NAME] for name in signals if name.strip()))[:MOST_SIGNALS]


class NoteForm(forms.Form):
    """A note: text and time (milliseconds since 1970, as the picture knows it)."""

    text = forms.CharField(max_length=500, strip=True)
    start = forms.FloatField(min_value=-2e12, max_value=2e13)
    end = forms.FloatField(min_value=-2e12, max_value=2e13, required=False)
    asset = forms.CharField(max_length=_LONGEST_NAME, required=False)

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or {}
        start, end = found.get("start"), found.get("end")
        if start is not None and end is not None and end <= start:
            raise ValidationError(_("The end must lie after the beginning."))
        return found

    def note(self, signals: Sequence[str]) -> dict[str, Any]:
        """What `annotate` takes."""
        found = self.cleaned_data
        return {
            "text": found["text"],
            "start": _moment(found["start"]),
            "end": None if found["end"] is None else _moment(found["end"]),
            "asset": found["asset"],
            "signals": named(signals),
        }


def _moment(milliseconds: float) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


class WallForm(forms.Form):
    """A new link of a wall screen."""

    name = forms.CharField(max_length=80, strip=True)
    language = forms.ChoiceField(choices=[("ko", "ko"), ("en", "en")])
