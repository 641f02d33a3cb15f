"""Early warning of bad units: learn on earlier units, warn of later ones, say honestly how good the warnings are."""

from jasang.analyze.early_warning.folds import blocked_folds, earlier_and_later, grouped_folds, rolling_origins
from jasang.analyze.early_warning.judge import (
    Interval,
    Refusal,
    WarningJudgement,
    first_look,
    judge_model,
    judge_warning,
    shift_p_value,
)
from jasang.analyze.early_warning.leaks import leaking_columns
from jasang.analyze.early_warning.model import (
    LEAST_BAD,
    Effort,
    TooFewBad,
    WarningModel,
    fit_warning,
    warning_probability,
)
from jasang.analyze.early_warning.packing import DamagedModel, model_arrays, model_from_arrays
from jasang.analyze.early_warning.problem import (
    Aim,
    WarningCosts,
    WarningProblem,
    known_before,
    warning_problem,
    without_columns,
)
from jasang.analyze.early_warning.scores import Counts, average_precision, count_warnings, precision_recall

__all__ = [
    "LEAST_BAD",
    "Aim",
    "Counts",
    "DamagedModel",
    "Effort",
    "Interval",
    "Refusal",
    "TooFewBad",
    "WarningCosts",
    "WarningJudgement",
    "WarningModel",
    "WarningProblem",
    "average_precision",
    "blocked_folds",
    "count_warnings",
    "earlier_and_later",
    "first_look",
    "grouped_folds",
    "fit_warning",
    "judge_model",
    "judge_warning",
    "known_before",
    "leaking_columns",
    "model_arrays",
    "model_from_arrays",
    "precision_recall",
    "rolling_origins",
    "shift_p_value",
    "warning_probability",
    "warning_problem",
    "without_columns",
]
