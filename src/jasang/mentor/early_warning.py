"""The questions "can bad units be known in time?" and "which of these are likely to be bad?" asked of a factory's data."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from threadpoolctl import threadpool_limits

from jasang.analyze.early_warning import (
    Effort,
    TooFewBad,
    WarningCosts,
    WarningJudgement,
    WarningModel,
    WarningProblem,
    fit_warning,
    judge_warning,
    known_before,
    warning_probability,
)
from jasang.diagnose.evidence_base import EvidenceBase
from jasang.diagnose.studies.early_warning import early_warning_study, warnings_study
from jasang.diagnose.study import StudyResult
from jasang.diagnose.warning_problem import WarningTable, warning_costs, warning_table
from jasang.errors import JasangError, WrongArguments
from jasang.mentor.asked_data import asked_table, open_evidence
from jasang.mentor.warning_file import read_warning_model, write_warning_model
from jasang.plant.factory import Kind
from jasang.plant.text import Progress, Text, silent


def early_warning(
    path: Path,
    *,
    table: str | None = None,
    false_warning: float | None = None,
    results_after: float | None = None,
    save: Path | None = None,
    quick: bool = False,
    progress: Progress = silent,
) -> StudyResult:
    """How well bad units can be known in time; with `save` a model learned from all units is written there.

    Parameters
    ----------
    false_warning : cost of looking at a good unit after a warning; else taken from the costs of factory.toml.
    results_after : s after which a unit's result is known; earlier results then help to warn.
    quick : boosted trees only, a second or two instead of ten to thirty.

    Raises
    ------
    WrongArguments
        No such table, or no column of good or bad, or nothing to warn by.
    JasangError
        `save` was asked for and the warnings are refused, with the reason.
    UnreadableInput
        The input cannot be read.
    """
    with open_evidence(path, progress=progress) as base, threadpool_limits(limits=1):
        asked = _asked(base, table, judged=True)
        problem = replace(asked.problem, results_after=results_after)
        costs, assumption = warning_costs(base.factory, false_warning)
        progress(
            Text(ko="앞 기록으로 배우고 뒤 기록으로 따집니다", en="Learning on earlier units, judging on later ones"),
            0.5,
        )
        effort: Effort = "quick" if quick else "full"
        judged = judge_warning(problem, costs=costs, effort=effort)
        before = _before(asked, problem, judged, costs)
        study = early_warning_study(asked, judged, before, assumption)
        if save is not None:
            if judged.refused is not None:
                raise JasangError(
                    ko=f"모델을 저장하지 않았습니다. {study.answer.ko}", en=f"No model was saved. {study.answer.en}"
                )
            write_warning_model(_learned(problem, costs, effort), save)
            done = Text(ko=f"모델을 저장했습니다: {save}", en=f"Model saved: {save}")
            study = replace(study, notes=(*study.notes, done))
        return StudyResult(factory=base.factory.name, timezone=base.factory.timezone, studies=(study,))


def warn_of(path: Path, model: Path, *, table: str | None = None, progress: Progress = silent) -> StudyResult:
    """Which units of the data at `path` the saved model warns of; results need not be known.

    Raises
    ------
    UnreadableInput
        The input or the model cannot be read.
    WrongArguments
        The data lacks a column the model needs.
    """
    learned = read_warning_model(model)
    with open_evidence(path, progress=progress) as base, threadpool_limits(limits=1):
        asked = _asked(base, table, judged=False)
        try:
            probability = warning_probability(learned, asked.problem)
        except ValueError as error:
            raise WrongArguments(
                ko=f"{asked.data.table.file}: 이 모델에 필요한 열이 없거나 다릅니다({error}).",
                en=f"{asked.data.table.file}: {error}",
            ) from error
        study = warnings_study(asked, learned, probability, learned.costs)
        return StudyResult(factory=base.factory.name, timezone=base.factory.timezone, studies=(study,))


def _asked(base: EvidenceBase, table: str | None, *, judged: bool) -> WarningTable:
    data = asked_table(base, table=table, kinds=(Kind.UNITS,))
    if table is None:
        with_results = [one for one in base.of_kind(Kind.UNITS) if one.defects() is not None]
        data = max(with_results, key=lambda one: one.rows) if with_results else data
    made = warning_table(data, judged=judged)
    if made is None:
        file = data.table.file
        raise WrongArguments(
            ko=f'{file}: 양불 판정 열과 설정·센서 열이 있어야 합니다. factory.toml에 role = "defect"를 적어 주세요.',
            en=f'{file}: expected a column of good or bad and columns to warn by. State role = "defect" in factory.toml.',
        )
    return made


def _before(
    asked: WarningTable, problem: WarningProblem, judged: WarningJudgement, costs: WarningCosts | None
) -> WarningJudgement | None:
    """The same with only what is known before each unit is made, where anything is measured while it is."""
    if judged.refused is not None or not asked.measured:
        return None
    return judge_warning(known_before(problem, asked.measured), costs=costs, blocks=1, effort="quick")


def _learned(problem: WarningProblem, costs: WarningCosts | None, effort: Effort) -> WarningModel:
    try:
        return fit_warning(problem, costs=costs, effort=effort)
    except TooFewBad as error:
        raise JasangError(ko=f"배울 불량이 {error.found}개뿐입니다.", en=str(error)) from error


def answer(path: Path, options: Mapping[str, str], progress: Progress) -> StudyResult:
    """The same with options as a page gives them."""
    cost = options.get("false_warning")
    return early_warning(
        path,
        table=options.get("table") or None,
        false_warning=float(cost) if cost else None,
        progress=progress,
    )
