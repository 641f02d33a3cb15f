"""From a finding one tap leads to an analysis of its column, with everything already chosen."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from jasang.errors import Language
from jasang.mentor.look_closer import closer_questions
from jasang.mentor.study_catalog import StudyKind
from jasang.plant.factory import Kind, Role
from jasang.web.floor.models import DiagnosedTable, Diagnosis, Finding, StudyRun
from jasang.web.floor.study_forms import column_value


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question with its answers to what its form asks: `fields` go with the tap, `address` opens the form with them."""

    name: str
    title: str
    question: str
    fields: list[tuple[str, str]]
    address: str  # the query of the form's address


def closer(finding: Finding, table: DiagnosedTable | None, language: Language) -> list[Question]:
    """The questions that look closer at a finding. `table` is the one it is about; no query."""
    if table is None or table.kind not in set(Kind):
        return []
    roles = {column["name"]: column["role"] for column in table.columns}
    role = roles.get(finding.column)
    fitting = closer_questions(
        rule=finding.rule, table=Kind(table.kind), role=Role(role) if role in set(Role) else None
    )
    made = []
    for one in fitting:
        options = {one.column: finding.column} if one.column else {}
        if one.asset and finding.asset:
            options["asset"] = finding.asset
        made.append(_question(one.kind, finding.diagnosis, table.file, options, language))
    return made


def again(run: StudyRun, kind: StudyKind) -> str:
    """The query of the form's address with what was chosen for `run`."""
    options = dict(run.options)
    return urlencode(_fields(kind, run.diagnosis, options.pop("table", ""), options))


def _question(
    kind: StudyKind, diagnosis: Diagnosis, table: str, options: Mapping[str, str], language: Language
) -> Question:
    fields = _fields(kind, diagnosis, table, options)
    return Question(
        name=kind.name,
        title=kind.title.in_language(language),
        question=kind.question.in_language(language),
        fields=fields,
        address=urlencode(fields),
    )


def _fields(kind: StudyKind, diagnosis: Diagnosis, table: str, options: Mapping[str, str]) -> list[tuple[str, str]]:
    """The form's fields as its own choices name them."""
    columns = {option.name for option in kind.options if option.asks == "column"}
    fields = [("data", str(diagnosis.key))] if not _names_data(kind) else []
    return fields + [
        (name, column_value(diagnosis, table, value) if name in columns else value) for name, value in options.items()
    ]


def _names_data(kind: StudyKind) -> bool:
    """Whether the choice of a column also names the data: then the form does not ask for them."""
    return any(option.asks == "column" and option.required for option in kind.options)


def same_question(runs: Iterable[StudyRun], options: Mapping[str, str]) -> StudyRun | None:
    """The newest of `runs` (newest first) that asked just this and was answered or will be."""
    for run in runs:
        if run.options == dict(options) and (run.job.open or run.result is not None):
            return run
    return None
