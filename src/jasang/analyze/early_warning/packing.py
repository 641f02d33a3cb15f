"""A warning model as plain arrays and back: no pickle, so that a file from a stranger can hold wrong numbers but no program."""

import json
from typing import Any

import numpy as np

from jasang.analyze.early_warning.combinations import SIGNS, Combination
from jasang.analyze.early_warning.features import FeaturePlan, Levels
from jasang.analyze.early_warning.model import WarningModel
from jasang.analyze.early_warning.problem import WarningCosts
from jasang.analyze.early_warning.trees import Trees

FORMAT = "jasang.warning/1"
_ARRAYS = ("feature", "threshold", "missing_left", "left", "right", "value", "roots")


class DamagedModel(ValueError):
    """The arrays are no warning model; the message says what was found and what was expected."""


def model_arrays(model: WarningModel) -> dict[str, np.ndarray]:
    """The model as named arrays: `about` is JSON in UTF-8 (uint8), the others are the trees."""
    plan = model.plan
    about = {
        "format": FORMAT,
        "numbers": list(plan.numbers),
        "levels": [{"name": one.name, "rates": one.rates, "other": one.other} for one in plan.levels],
        "history": plan.history,
        "pause": plan.pause,
        "stop": plan.stop,
        "results": plan.results,
        "combinations": [[one.operation, one.left, one.right] for one in plan.combinations],
        "learner": model.learner,
        "calibration": list(model.calibration),
        "threshold": model.threshold,
        "aim": model.aim,
        "costs": None if model.costs is None else [model.costs.miss, model.costs.false_warning],
        "learned": model.learned,
        "bad": model.bad,
        "inner_precision": model.inner_precision,
        "trees": [{"start": one.start, "boosted": one.boosted, "stands_for": one.stands_for} for one in model.trees],
    }
    arrays = {
        "about": np.frombuffer(json.dumps(about, ensure_ascii=False).encode(), dtype=np.uint8),
        "gains": model.gains,
    }
    for place, trees in enumerate(model.trees):
        arrays |= {f"{name}_{place}": getattr(trees, name) for name in _ARRAYS}
    return arrays


def model_from_arrays(arrays: dict[str, np.ndarray]) -> WarningModel:
    """The model of `model_arrays`, checked.

    Raises
    ------
    DamagedModel
        Another format, a missing array, or trees that lead nowhere.
    """
    try:
        about = json.loads(bytes(np.asarray(arrays["about"], dtype=np.uint8)).decode())
    except (KeyError, ValueError) as error:
        raise DamagedModel(f"no description in the file ({error}); expected {FORMAT}") from error
    if not isinstance(about, dict) or about.get("format") != FORMAT:
        raise DamagedModel(
            f"the file has format {about.get('format') if isinstance(about, dict) else about!r}, expected {FORMAT}"
        )
    try:
        return _model(about, arrays)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise DamagedModel(f"a part of the model is missing or wrong: {error}") from error


def _model(about: dict[str, Any], arrays: dict[str, np.ndarray]) -> WarningModel:
    plan = FeaturePlan(
        numbers=tuple(map(str, about["numbers"])),
        levels=tuple(
            Levels(
                name=str(one["name"]),
                rates={str(level): float(rate) for level, rate in one["rates"].items()},
                other=float(one["other"]),
            )
            for one in about["levels"]
        ),
        history=bool(about["history"]),
        pause=bool(about["pause"]),
        stop=None if about["stop"] is None else float(about["stop"]),
        results=bool(about["results"]),
        combinations=tuple(_combination(*one) for one in about["combinations"]),
    )
    columns = len(plan.numbers) + len(plan.levels)
    if any(not (0 <= one.left < columns and 0 <= one.right < columns) for one in plan.combinations):
        raise ValueError("a combination of columns that are not there")
    features = len(plan.names)
    trees = tuple(_trees(one, place, arrays, features) for place, one in enumerate(about["trees"]))
    gains = np.asarray(arrays["gains"], dtype=np.float64)
    if not trees or gains.shape != (features,):
        raise ValueError(f"{len(trees)} sets of trees and gains of shape {gains.shape} for {features} features")
    intercept, slope = map(float, about["calibration"])
    return WarningModel(
        plan=plan,
        learner=about["learner"],
        trees=trees,
        calibration=(intercept, slope),
        threshold=float(about["threshold"]),
        aim=about["aim"],
        costs=None if about["costs"] is None else WarningCosts(miss=about["costs"][0], false_warning=about["costs"][1]),
        gains=gains,
        learned=int(about["learned"]),
        bad=int(about["bad"]),
        inner_precision=float(about["inner_precision"]),
    )


def _combination(operation: str, left: int, right: int) -> Combination:
    if operation not in SIGNS:
        raise ValueError(f"combination {operation!r}, expected one of {list(SIGNS)}")
    return Combination(operation=operation, left=int(left), right=int(right))


def _trees(one: dict[str, Any], place: int, arrays: dict[str, np.ndarray], features: int) -> Trees:
    types = {"threshold": np.float64, "value": np.float64, "missing_left": bool}
    parts = {name: np.asarray(arrays[f"{name}_{place}"]).astype(types.get(name, np.int32)) for name in _ARRAYS}
    if (parts["feature"] >= features).any():
        raise ValueError(f"a tree asks for feature {int(parts['feature'].max())} of {features}")
    return Trees(**parts, start=float(one["start"]), boosted=bool(one["boosted"]), stands_for=float(one["stands_for"]))
