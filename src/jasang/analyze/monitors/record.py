"""A monitor as plain values and arrays, to be written to disk and read back by later releases."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from jasang.analyze.monitors.calibration import Calibration, Rate
from jasang.analyze.monitors.lag_model import LagModel
from jasang.analyze.monitors.levels import Levels
from jasang.analyze.monitors.memory import Whitening, statistics_of
from jasang.analyze.monitors.monitor import Monitor

FORMAT = "jasang.monitor/1"


class MonitorRecordError(ValueError):
    """The values and arrays are not those of a monitor; the message says which one and what was expected."""


def to_record(monitor: Monitor) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Plain values, fit for JSON, and arrays of numbers."""
    model, white, calibration = monitor.model, monitor.white, monitor.calibration
    plain = {
        "format": FORMAT,
        "names": list(monitor.names),
        "columns": list(monitor.columns),
        "inputs": monitor.inputs,
        "left_out": [list(pair) for pair in monitor.left_out],
        "memories": list(monitor.memories),
        "unaffordable": list(monitor.unaffordable),
        "rows": monitor.rows,
        "asked_rate": monitor.asked_rate,
        "smoothing": monitor.smoothing,
        "lags": model.lags,
        "ridge": model.ridge,
        "limit": calibration.limit,
        "rate": [calibration.rate.value, calibration.rate.low, calibration.rate.high],
    }
    arrays = {
        "centre": model.centre,
        "scale": model.scale,
        "coefficients": model.coefficients,
        "level": model.level,
        "white_scale": white.scale,
        "white_together": white.together,
        "white_own": white.own,
        "calibration_centre": calibration.centre,
        "calibration_spread": calibration.spread,
        "calibration_tail": calibration.tail,
        "calibration_freedom": calibration.freedom,
    }
    if monitor.levels is not None:
        levels = monitor.levels
        arrays |= {"level_centre": levels.centre, "level_scale": levels.scale, "level_freedom": levels.freedom}
    return plain, arrays


def from_record(plain: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Monitor:
    """The monitor of a record.

    Raises
    ------
    MonitorRecordError
        Another format, a value missing, or an array of another shape.
    """
    if plain.get("format") != FORMAT:
        raise MonitorRecordError(f"format is {plain.get('format')!r}, expected {FORMAT!r}")
    try:
        return _monitor(plain, arrays)
    except (KeyError, TypeError, IndexError) as error:
        raise MonitorRecordError(f"incomplete: {error}") from error


def _monitor(plain: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Monitor:
    names = tuple(str(name) for name in plain["names"])
    memories = tuple(int(memory) for memory in plain["memories"])
    variables, lags = len(names), int(plain["lags"])
    scores = len(statistics_of(memories))
    shapes = {
        "centre": (variables,),
        "scale": (variables,),
        "coefficients": (lags * variables, variables),
        "level": (variables,),
        "white_scale": (variables,),
        "white_together": (variables, variables),
        "white_own": (variables, variables),
        "calibration_centre": (scores,),
        "calibration_spread": (scores,),
        "calibration_tail": (scores,),
        "calibration_freedom": (scores,),
    }
    if "level_centre" in arrays:
        shapes |= dict.fromkeys(("level_centre", "level_scale", "level_freedom"), (variables,))
    for name, shape in shapes.items():
        found = arrays[name]
        if found.shape != shape or found.dtype != np.float64 or not np.isfinite(found).all():
            raise MonitorRecordError(f"array {name!r} has shape {found.shape}, expected {shape} finite numbers")
    columns = tuple(int(column) for column in plain["columns"])
    inputs, limit = int(plain["inputs"]), float(plain["limit"])
    if len(columns) != variables or not all(0 <= column < inputs for column in columns) or not limit > 0.0:
        raise MonitorRecordError("columns or limit do not fit the names")
    low, high = float(plain["rate"][1]), float(plain["rate"][2])
    return Monitor(
        names=names,
        columns=columns,
        inputs=inputs,
        left_out=tuple((str(name), str(reason)) for name, reason in plain["left_out"]),
        model=LagModel(
            centre=arrays["centre"],
            scale=arrays["scale"],
            coefficients=arrays["coefficients"],
            level=arrays["level"],
            lags=lags,
            ridge=float(plain["ridge"]),
        ),
        white=Whitening(scale=arrays["white_scale"], together=arrays["white_together"], own=arrays["white_own"]),
        levels=Levels(centre=arrays["level_centre"], scale=arrays["level_scale"], freedom=arrays["level_freedom"])
        if "level_centre" in arrays
        else None,
        calibration=Calibration(
            centre=arrays["calibration_centre"],
            spread=arrays["calibration_spread"],
            tail=arrays["calibration_tail"],
            freedom=arrays["calibration_freedom"],
            limit=limit,
            rate=Rate(value=float(plain["rate"][0]), low=low, high=high),
        ),
        memories=memories,
        unaffordable=tuple(int(memory) for memory in plain["unaffordable"]),
        rows=int(plain["rows"]),
        asked_rate=float(plain["asked_rate"]),
        smoothing=max(1, int(plain.get("smoothing", 1))),
    )
