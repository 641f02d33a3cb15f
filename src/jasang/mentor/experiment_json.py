"""What the experiment commands print with `--json` (docs/experiments.md)."""

from typing import Any

import numpy as np

from jasang.mentor.experiment import ExperimentAnalysis, OutcomeAnalysis, OutcomePower, aliases_of
from jasang.mentor.experiment_file import Experiment, experiment_record
from jasang.mentor.experiment_study import analysis_result
from jasang.mentor.study_json import result_json


def plan_json(experiment: Experiment, told: tuple[OutcomePower, ...]) -> dict[str, Any]:
    """`jasang.experiment/1` with `power` and `aliases` besides."""
    return experiment_record(experiment) | {"power": _power_rows(told), "aliases": _aliases(experiment)}


def power_json(experiment: Experiment, told: tuple[OutcomePower, ...], replicates: int | None) -> dict[str, Any]:
    """`jasang.experiment-power/1`."""
    return {
        "format": "jasang.experiment-power/1",
        "name": experiment.name,
        "runs": experiment.design.runs,
        "power": _power_rows(told),
        "repeats_for_wanted": replicates,
    }


def analysis_json(analysis: ExperimentAnalysis) -> dict[str, Any]:
    """`jasang.experiment-analysis/1`: the numbers, and the same in words as studies of `jasang.study/1`."""
    best = analysis.optimum
    return {
        "format": "jasang.experiment-analysis/1",
        "name": analysis.experiment.name,
        "runs": analysis.experiment.design.runs,
        "outcomes": [_outcome(one) for one in analysis.outcomes],
        "optimum": None
        if best is None
        else {
            "settings": best.settings,
            "desirability": best.desirability,
            "at_edge": list(best.at_edge),
            "nearly": {name: list(ends) for name, ends in best.nearly.items()},
            "predicted": {
                name: dict(zip(("value", "low", "high", "run_low", "run_high"), map(_number, told), strict=True))
                for name, told in best.predicted.items()
            },
        },
        "confirmed_at": None if analysis.confirmed_at is None else dict(analysis.confirmed_at),
        "studies": result_json(analysis_result(analysis))["studies"],
    }


def _outcome(one: OutcomeAnalysis) -> dict[str, Any]:
    fit, shape, judged = one.fit, one.surface, one.confirmation
    lack = fit.lack_of_fit
    return {
        "outcome": one.outcome.name,
        "terms": [
            {
                "term": term.name,
                "coefficients": [_number(value) for value in term.coefficients],
                "effect": _number(term.effect),
                "low": _number(term.low),
                "high": _number(term.high),
                "p": _number(term.p),
            }
            for term in one.told.results
        ],
        "sigma": _number(fit.sigma),
        "df": fit.df,
        "unreplicated": one.told.unreplicated,
        "model": [term.name for term in fit.results],
        "r_squared": _number(fit.r_squared),
        "adjusted_r_squared": _number(fit.adjusted_r_squared),
        "predicted_r_squared": _number(fit.predicted_r_squared),
        "plot_ratio": _number(fit.plot_ratio),
        "lack_of_fit": None
        if lack is None
        else {"f": _number(lack.f), "p": _number(lack.p), "df": lack.df, "df_pure": lack.df_pure},
        "surface": None
        if shape is None
        else {
            "shape": shape.shape,
            "inside": shape.inside,
            "value": _number(shape.value),
            "stationary": {
                factor.name: _number(float(factor.setting(code)))
                for factor, code in zip(shape.numbers, shape.stationary, strict=True)
            },
            "stationary_coded": [_number(value) for value in shape.stationary],
            "eigenvalues": [_number(value) for value in shape.eigenvalues],
        },
        "confirmation": None
        if judged is None
        else {
            "mean": _number(judged.mean),
            "expected": _number(judged.expected),
            "low": _number(judged.low),
            "high": _number(judged.high),
            "confirmed": judged.confirmed,
        },
    }


def _power_rows(told: tuple[OutcomePower, ...]) -> list[dict[str, Any]]:
    return [
        {
            "outcome": part.outcome,
            "effect": part.effect,
            "sigma": part.sigma,
            "assumed": part.assumed,
            "terms": [{"term": one.name, "power": _number(one.power), "df": one.df} for one in part.terms],
        }
        for part in told
    ]


def _aliases(experiment: Experiment) -> dict[str, Any] | None:
    found = aliases_of(experiment.design)
    if found is None:
        return None
    return {
        "resolution": found.resolution,
        "words": list(found.words),
        "chains": [list(chain) for chain in found.chains],
        "partial": [{"effects": [one, other], "correlation": share} for one, other, share in found.partial],
    }


def _number(value: float | None) -> float | None:
    return None if value is None or not np.isfinite(value) else float(value)
