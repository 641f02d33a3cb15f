"""The question "what moves the defects?" asked of a factory's data."""

from collections.abc import Mapping
from pathlib import Path

from threadpoolctl import threadpool_limits

from jasang.diagnose.studies.causes import causes_study, outcome_columns
from jasang.diagnose.study import Study, StudyResult
from jasang.errors import WrongArguments
from jasang.mentor.asked_data import asked_table, open_evidence
from jasang.plant.factory import Kind
from jasang.plant.text import Progress, Text, silent

MOST_STUDIES = 4  # outcomes looked at where nobody named one


def causes_of(
    path: Path, *, outcome: str | None = None, table: str | None = None, progress: Progress = silent
) -> StudyResult:
    """What moves the outcome: the column named, or the verdict and the first measured qualities of the units table.

    Raises
    ------
    WrongArguments
        There is no units table, no such column, nothing in it to explain, or no column that could explain it.
    UnreadableInput
        The input cannot be read.
    """
    with open_evidence(path, progress=progress) as evidence:
        data = asked_table(evidence, table=table, column=outcome, kinds=(Kind.UNITS,))
        columns = (data.table.column(outcome),) if outcome is not None else outcome_columns(data)[:MOST_STUDIES]
        studies: list[Study] = []
        with threadpool_limits(limits=1):
            for place, column in enumerate(columns):
                progress(
                    Text(ko=f"{column.name}을(를) 살펴봅니다", en=f"Looking at {column.name}"), place / len(columns)
                )
                found = causes_study(evidence, data, column)
                if found is not None:
                    studies.append(found)
        if not studies:
            names = ", ".join(column.name for column in columns) or "–"
            raise WrongArguments(
                ko=f"{data.table.file}: 설명할 결과가 없습니다(살펴본 열: {names}). 판정(불량) 열이나 측정한 품질 열이 있고, "
                "설정·센서·로트 같은 열이 하나 이상 있어야 합니다. factory.toml에서 역할을 고칠 수 있습니다.",
                en=f"{data.table.file}: there is no outcome to explain (looked at: {names}). Expected a verdict or a measured "
                "quality, and at least one setting, sensor, lot or the like. Roles can be corrected in factory.toml.",
            )
        return StudyResult(factory=evidence.factory.name, timezone=evidence.factory.timezone, studies=tuple(studies))


def answer(path: Path, options: Mapping[str, str], progress: Progress) -> StudyResult:
    """The same with options as a page gives them."""
    return causes_of(path, outcome=options.get("outcome"), table=options.get("table"), progress=progress)
