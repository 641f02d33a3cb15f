"""What may be uploaded, and how findings may be filtered."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from pathlib import PurePosixPath
from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils import timezone
from django.utils.translation import gettext as _

from jasang.errors import UnreadableInput
from jasang.web.floor.archives import is_archive, members
from jasang.web.floor.models import Severity
from jasang.web.ui.language import current

ARCHIVE = ".zip"
ENDINGS = (".csv", ".tsv", ".txt", ".xlsx", ".xlsm", ".xls", ".parquet", ".toml")
_PACKED = ".gz"
_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f<>:\"/\\|?*]")
_LONGEST_NAME = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """What the list of findings is narrowed to."""

    severity: Severity | None = None
    diagnosis: UUID | None = None


class FilterForm(forms.Form):
    """The filter of the list; what makes no sense does not filter."""

    severity = forms.ChoiceField(choices=[(severity.word, severity.word) for severity in Severity], required=False)
    file = forms.UUIDField(required=False)

    def chosen(self) -> Chosen:
        """The narrowing that the address asks for."""
        self.is_valid()
        word = self.cleaned_data.get("severity")
        return Chosen(severity=Severity[word.upper()] if word else None, diagnosis=self.cleaned_data.get("file"))


class FilesInput(forms.ClearableFileInput):
    """A file field that takes several files."""

    allow_multiple_selected = True


class FilesField(forms.FileField):
    """One or more files; each is checked on its own."""

    widget = FilesInput

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile]:
        """The files, each with a checked name."""
        given = data if isinstance(data, list | tuple) and data else [None]
        return [super(FilesField, self).clean(item, initial) for item in given]


class UploadForm(forms.Form):
    """Files of one factory's data. The reader decides by the content whether it can read them, not by the name."""

    files = FilesField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["files"].error_messages = {
            "required": _("Please choose a file."),
            "invalid": _("Please choose a file."),
            "empty": _("The file is empty. Please choose a file with data."),
            "missing": _("Please choose a file."),
        }

    def clean_files(self) -> list[UploadedFile]:
        """Names that can be kept as they are, no two alike, together no larger than the limit."""
        files: list[UploadedFile] = self.cleaned_data["files"]
        for file in files:
            file.name = safe_name(file.name or "")
        names = [file.name.casefold() for file in files]
        if len(set(names)) != len(names):
            raise ValidationError(_("Two files have the same name. Please rename one of them."))
        if sum(file.size or 0 for file in files) > settings.UPLOAD_LIMIT_MB * 1_000_000:
            raise ValidationError(
                _("The files are larger than %(limit)s MB together.") % {"limit": settings.UPLOAD_LIMIT_MB}
            )
        for file in files:
            if is_archive(file.name or ""):
                self._look_into(file)
        if names and all(name.endswith(".toml") for name in names):
            raise ValidationError(_("Besides factory.toml a file with data is needed."))
        return files

    def _look_into(self, file: UploadedFile) -> None:
        """Refuse an archive before anything of it is kept."""
        try:
            members(file.file, name=file.name or "", most_bytes=archive_limit(), safe=member_name)
        except UnreadableInput as error:
            raise ValidationError(error.in_language(current())) from error


def archive_limit() -> int:
    """Bytes that an archive may unpack to: ten times what may be uploaded."""
    return 10 * settings.UPLOAD_LIMIT_MB * 1_000_000


def safe_name(given: str) -> str:
    """The name without folders and control characters; raises when its ending is none that can be read."""
    name = unicodedata.normalize("NFC", given.replace("\\", "/").rsplit("/", 1)[-1])
    name = _FORBIDDEN.sub("_", name).strip(" .")
    bare = name[: -len(_PACKED)] if name.lower().endswith(_PACKED) else name
    if not PurePosixPath(bare).stem.strip(" .") or not bare.lower().endswith((*ENDINGS, ARCHIVE)):
        raise ValidationError(
            _("“%(name)s” cannot be read. CSV, Excel and Parquet files can, also packed with gzip.")
            % {"name": name[:80]}
        )
    if len(name.encode()) > 2 * _LONGEST_NAME:
        raise ValidationError(_("The name of the file is too long."))
    return name


def member_name(given: str) -> str:
    """The name of a file inside an archive; an archive in an archive is not unpacked."""
    name = safe_name(given)
    if is_archive(name):
        raise ValidationError(_("An archive inside an archive cannot be read."))
    return name


class DoneForm(forms.Form):
    """The day an action was taken, and what was done."""

    done_on = forms.DateField()
    note = forms.CharField(max_length=1000, required=False, strip=True)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        wrong = _("Please give the day, for example 2026-05-01.")
        self.fields["done_on"].error_messages = {"required": wrong, "invalid": wrong}

    def clean_done_on(self) -> date:
        """A day that is not in the future."""
        day: date = self.cleaned_data["done_on"]
        if day > timezone.localdate():
            raise ValidationError(_("That day has not come yet."))
        if day.year < 2000:
            raise ValidationError(_("Please give the day, for example 2026-05-01."))
        return day


class DeclineForm(forms.Form):
    """Why a finding is not for us."""

    reason = forms.CharField(max_length=1000, strip=True)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].error_messages = {"required": _("Please say why, in a few words.")}


class RecordsForm(forms.Form):
    """A file of know-how."""

    file = forms.FileField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        wrong = _("Please choose a file.")
        self.fields["file"].error_messages = {"required": wrong, "invalid": wrong, "empty": wrong, "missing": wrong}
