"""What may be asked of a factory's data: a form made from the catalogue's entry and the tables that are there."""

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _

from jasang.errors import Language
from jasang.mentor.study_catalog import Option, StudyKind
from jasang.web.floor.models import DiagnosedTable, Diagnosis

_BETWEEN = "\x1f"  # between the parts of a choice: no name of a file or column has it
_LONGEST = 200


def column_value(diagnosis: Diagnosis, table: str, column: str) -> str:
    """The choice that names a column of a table of that data."""
    return _BETWEEN.join((str(diagnosis.key), table, column))


class StudyForm(forms.Form):
    """The data, then one field for each option of the question. `chosen` is what the address has chosen already."""

    def __init__(
        self,
        data: Mapping[str, Any] | None,
        *,
        kind: StudyKind,
        tables: Iterable[DiagnosedTable],
        language: Language,
        chosen: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(data, initial=dict(chosen or {}))
        self.kind = kind
        self.tables = list(tables)
        self._diagnoses = {str(table.diagnosis.key): table.diagnosis for table in self.tables}
        self._columns = [option for option in kind.options if option.asks == "column"]
        if not any(option.required for option in self._columns):
            choices = [(key, diagnosis.title) for key, diagnosis in self._diagnoses.items()]
            self.fields["data"] = forms.ChoiceField(choices=choices, label=_("Data"))
        for option in kind.options:
            self.fields[option.name] = self._field(option, language)

    def _field(self, option: Option, language: Language) -> forms.Field:
        given: dict[str, Any] = {
            "label": option.label.in_language(language),
            "required": option.required,
            "help_text": option.help.in_language(language) if option.help else "",
        }
        if option.asks == "column":
            return forms.ChoiceField(choices=self._column_choices(option), **given)
        if option.asks == "choice":
            choices = [(value, words.in_language(language)) for value, words in option.choices]
            return forms.ChoiceField(choices=choices, **given)
        if option.asks == "number":
            return forms.FloatField(**given)
        if option.asks == "day":
            return forms.DateField(widget=forms.DateInput(attrs={"type": "date"}), **given)
        return forms.CharField(max_length=_LONGEST, **given)

    def _column_choices(self, option: Option) -> list[tuple[str, Any]]:
        """Columns by table; where the column is required its choice also names the data."""
        roles = {role.value for role in option.roles}
        groups: list[tuple[str, Any]] = [] if option.required else [("", _("– choose for me –"))]
        for table in self.tables:
            names = [column["name"] for column in table.columns if not roles or column["role"] in roles]
            title = table.file if table.file == table.diagnosis.title else f"{table.diagnosis.title} · {table.file}"
            entries = [(column_value(table.diagnosis, table.file, name), name) for name in names]
            if entries:
                groups.append((title, entries))
        return groups

    def question(self) -> tuple[Diagnosis, dict[str, str]]:
        """The data and the options as texts, after `is_valid()`."""
        options: dict[str, str] = {}
        key = self.cleaned_data.get("data")
        for option in self.kind.options:
            value = self.cleaned_data.get(option.name)
            if value in (None, ""):
                continue
            if option.asks == "column":
                chosen, table, column = str(value).split(_BETWEEN)
                if key is not None and chosen != key:
                    continue  # a column of other data than was chosen says nothing here
                key = chosen
                options |= {"table": table, option.name: column}
            else:
                options[option.name] = value.isoformat() if option.asks == "day" else str(value)
        return self._diagnoses[str(key)], options
