"""The question "what happens most?" asked of a factory's data."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from jasang.diagnose.studies.pareto import pareto_study
from jasang.diagnose.study import StudyResult
from jasang.errors import WrongArguments
from jasang.mentor.asked_data import asked_column, open_evidence
from jasang.plant.text import Progress, silent

MOST_LEVELS = 500


def pareto_of(
    path: Path,
    column: str,
    *,
    table: str | None = None,
    asset: str | None = None,
    product: str | None = None,
    only_bad: bool = False,
    progress: Progress = silent,
) -> StudyResult:
    """How often each level of the column occurs, among the defective rows only where `only_bad`.

    Raises
    ------
    WrongArguments
        No such column, no value in it, no defective row, or more than `MOST_LEVELS` different values.
    UnreadableInput
        The input cannot be read.
    """
    with open_evidence(path, progress=progress) as evidence:
        asked = asked_column(evidence, column, table=table, asset=asset, product=product)
        rows = asked.rows
        if only_bad:
            flags = asked.data.defects()
            if flags is None:
                file = asked.data.table.file
                raise WrongArguments(
                    ko=f"{file}: 불량 판정 열이 없어 불량만 고를 수 없습니다.",
                    en=f"{file}: there is no column of good or bad, so defects cannot be told apart.",
                )
            rows = rows[flags[rows] == 1.0]
        labels = asked.data.labels(column)
        different = np.unique(labels.codes[rows][labels.codes[rows] >= 0]).size
        if not 1 <= different <= MOST_LEVELS:
            raise WrongArguments(
                ko=f"{asked.data.table.file}: 항목 '{column}'에 서로 다른 값이 {different:,}개입니다. "
                f"1~{MOST_LEVELS}개인 항목(불량 유형, 정지 사유, 제품 …)을 고르세요.",
                en=f"{asked.data.table.file}: column '{column}' has {different:,} different values; expected 1 to "
                f"{MOST_LEVELS} (kind of defect, reason of stop, product …).",
            )
        study = pareto_study(asked.data, column, rows, only_bad=only_bad)
        return StudyResult(factory=evidence.factory.name, timezone=evidence.factory.timezone, studies=(study,))


def answer(path: Path, options: Mapping[str, str], progress: Progress) -> StudyResult:
    """The same with options as a page gives them."""
    return pareto_of(
        path,
        options["column"],
        table=options.get("table"),
        asset=options.get("asset"),
        product=options.get("product"),
        only_bad=options.get("only") == "bad",
        progress=progress,
    )
