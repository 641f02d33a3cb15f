"""A form's field for files that are checked before they are kept."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from jasang.errors import UnreadableInput
from jasang.web.ui.checked_files import LARGEST, MOST, Checked, check
from jasang.web.ui.language import current


class _Several(forms.ClearableFileInput):
    allow_multiple_selected = True


class CheckedFiles(forms.FileField):
    """Files, each checked by name, size and content."""

    widget = _Several

    def clean(self, data: Any, initial: Any = None) -> list[Checked]:
        """The files as they may be kept."""
        given = [one for one in (data if isinstance(data, list | tuple) else [data]) if one]
        if self.required and not given:
            raise ValidationError(_("Please choose a file."))
        if len(given) > MOST:
            raise ValidationError(_("At most %(most)s files at once.") % {"most": MOST})
        try:
            return [check(one.name, one.read(LARGEST + 1)) for one in given]
        except UnreadableInput as error:
            raise ValidationError(error.in_language(current())) from error
