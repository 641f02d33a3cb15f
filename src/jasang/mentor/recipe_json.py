"""Recommendations as the JSON of `jasang.recommendation/1` (docs/analyses/recommend.md)."""

from collections.abc import Mapping
from typing import Any

from jasang.diagnose.finding import Worth
from jasang.mentor.recommend import RecipeResult
from jasang.mentor.study_json import study_json
from jasang.optimize.recipe import Gain, NextExperiment, Recommendation

FORMAT = "jasang.recommendation/1"


def recipe_json(result: RecipeResult) -> dict[str, Any]:
    """The document: for each product (and machine) its recommendation; `studies` hold the same in words and charts."""
    return {
        "format": FORMAT,
        "factory": result.shown.factory,
        "timezone": result.shown.timezone,
        "table": result.table,
        "recommendations": [
            _one(found, worth, result.units) for found, worth in zip(result.recommendations, result.worths, strict=True)
        ],
        "studies": [study_json(study) for study in result.shown.studies],
    }


def _one(found: Recommendation, worth: Worth | None, units: Mapping[str, str | None]) -> dict[str, Any]:
    slope = found.held_out_slope
    return {
        "product": found.product,
        "machine": found.machine,
        "status": found.status.value,
        "rows": found.rows,
        "now": found.now,
        "recommended": found.recommended,
        "gain": _gain(found.gain, units),
        "other_gains": [_gain(gain, units) for gain in found.other_gains],
        "worth": None
        if worth is None
        else {"amount": worth.amount, "low": worth.low, "high": worth.high, "currency": worth.currency, "per": worth.per},
        "extrapolation": found.extrapolation,
        "constraints": [
            {"outcome": one.outcome, "demand": one.demand, "low": one.low, "high": one.high, "share": one.share,
             "share_now": one.share_now, "chance": one.chance}
            for one in found.constraints
        ],
        "reasons": [
            {"code": reason.code.value, "setting": reason.setting, "other": reason.other, "value": _finite(reason.value)}
            for reason in found.reasons
        ],
        "settings": [
            {"setting": one.setting, "values_seen": one.values_seen, "own_share": one.own_share, "moves_with": one.moves_with,
             "association": one.association, "usable": one.usable}
            for one in found.evidence
        ],
        "curves": [
            {"setting": curve.setting, "values": list(curve.values), "mean": curve.mean.tolist(), "low": curve.low.tolist(),
             "high": curve.high.tolist(), "seen": curve.seen.tolist()}
            for curve in found.curves
        ],
        "trade": [
            {"settings": point.settings, "gains": [_gain(gain, units) for gain in point.gains], "chosen": point.chosen}
            for point in found.trade
        ],
        "held_out": None if slope is None else {"slope": slope[0], "low": _finite(slope[1]), "high": _finite(slope[2])},
        "experiment": _experiment(found.experiment),
    }  # fmt: skip


def _gain(gain: Gain | None, units: Mapping[str, str | None]) -> dict[str, Any] | None:
    if gain is None:
        return None
    return {
        "outcome": gain.outcome,
        "direction": gain.direction,
        "value": gain.value,
        "low": gain.low,
        "high": gain.high,
        "before": gain.before,
        "after": gain.after,
        "unit": gain.unit if gain.unit is not None else units.get(gain.outcome),
    }


def _experiment(experiment: NextExperiment | None) -> dict[str, Any] | None:
    if experiment is None:
        return None
    design = experiment.design
    return {
        "design": design.name,
        "factors": [
            {
                "name": factor.name,
                "low": factor.low,
                "high": factor.high,
                "levels": list(factor.levels),
                "unit": factor.unit,
            }
            for factor in design.factors
        ],
        "runs": [design.settings(run) for run in range(design.runs)],
        "units_per_run": experiment.units,
        "effect": experiment.effect,
        "power": _finite(experiment.power),
    }


def _finite(value: float | None) -> float | None:
    return value if value is not None and abs(value) < float("inf") else None
