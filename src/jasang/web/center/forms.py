"""What may be said and chosen on the pages of the centre."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.translation import gettext_lazy as _

from jasang.web.center.events import LONGEST_TEXT
from jasang.web.center.models import Priority
from jasang.web.ui.file_field import CheckedFiles

# Moments to which days and hours of any clock can be added.
_NEAR = (
    MinValueValidator(datetime(1990, 1, 1, tzinfo=UTC)), MaxValueValidator(datetime(2100, 12, 31, tzinfo=UTC)),
)  # fmt: skip


class WordForm(forms.Form):
    """A word, with files. Files alone are a word too."""

    text = forms.CharField(
        max_length=LONGEST_TEXT,
        required=False,
        widget=forms.Textarea,
        error_messages={"max_length": _("The text is too long.")},
    )
    files = CheckedFiles(required=False)

    def clean(self) -> dict[str, Any]:
        """Something must be said."""
        given = super().clean() or {}
        if not self.errors and not given.get("text") and not given.get("files"):
            raise ValidationError(_("Please write something."))
        return given


class CaseForm(WordForm):
    """A new case."""

    title = forms.CharField(
        max_length=200, error_messages={"required": _("Please say in a few words what it is about.")}
    )
    priority = forms.TypedChoiceField(coerce=int, choices=Priority.choices, empty_value=Priority.NORMAL, required=False)
    queue = forms.UUIDField(required=False)


class DutyForm(forms.Form):
    """A stretch of the rota, on the centre's own clock."""

    agent = forms.IntegerField()
    queue = forms.UUIDField(required=False)
    start = forms.DateTimeField(
        error_messages={"required": _("From when?"), "invalid": _("From when?")}, validators=_NEAR
    )
    end = forms.DateTimeField(
        error_messages={"required": _("Until when?"), "invalid": _("Until when?")}, validators=_NEAR
    )
    lead = forms.BooleanField(required=False)
    again = forms.ChoiceField(choices=[("", ""), ("day", "day"), ("week", "week")], required=False)
    until = forms.DateField(required=False, error_messages={"invalid": _("Until which day?")})

    def clean(self) -> dict[str, Any]:
        """A duty ends after its start; one that comes again does so until a day within a year."""
        given = super().clean() or {}
        if given.get("again") and given.get("start") and "until" in given:
            first, last = given["start"].date(), given["until"]
            if last is None or not first <= last <= first + timedelta(days=366):
                raise ValidationError(_("Until which day, within a year?"))
        if given.get("start") and given.get("end") and given["end"] <= given["start"]:
            raise ValidationError(_("The end must come after the start."))
        return given


class VisitForm(forms.Form):
    """A call or visit."""

    kind = forms.ChoiceField(choices=[("call", "call"), ("visit", "visit")])
    start = forms.DateTimeField(error_messages={"required": _("From when?"), "invalid": _("From when?")})
    minutes = forms.IntegerField(min_value=5, max_value=24 * 60)
    place = forms.CharField(max_length=200, required=False)


class MacroForm(forms.Form):
    """A ready answer."""

    name = forms.CharField(max_length=80)
    text_ko = forms.CharField(max_length=LONGEST_TEXT, widget=forms.Textarea)
    text_en = forms.CharField(max_length=LONGEST_TEXT, widget=forms.Textarea, required=False)
    then = forms.ChoiceField(choices=[("", ""), ("answered", ""), ("asked", ""), ("solved", "")], required=False)
