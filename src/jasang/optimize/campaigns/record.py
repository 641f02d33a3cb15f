"""A campaign as plain data for JSON, to be saved and resumed; later releases read what earlier ones wrote."""

import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from jasang.optimize.campaigns.setting import Goal, Setting, SettingLimit, Specification, Trial

FORMAT = "jasang.campaign/1"


def settings_record(setting: Setting) -> dict[str, Any]:
    """A setting as plain data."""
    return {**asdict(setting), "levels": list(setting.levels)}


def trial_record(trial: Trial) -> dict[str, Any]:
    """A trial as plain data."""
    return {
        "settings": {name: value if isinstance(value, str) else float(value) for name, value in trial.settings.items()},
        "outcomes": {name: _finite(value) for name, value in trial.outcomes.items()},
        "failed": trial.failed,
        "noise": None if trial.noise is None else dict(trial.noise),
        "stated": trial.stated,
    }


def _finite(value: float | None) -> float | None:
    """JSON knows neither NaN nor infinity: what is no number was not measured."""
    return float(value) if value is not None and math.isfinite(value) else None


def limit_record(limit: SettingLimit) -> dict[str, Any]:
    """A limit between settings as plain data."""
    return {"weights": dict(limit.weights), "low": limit.low, "high": limit.high}


def read_settings(rows: list[Mapping[str, Any]]) -> tuple[Setting, ...]:
    """Settings from plain data."""
    return tuple(Setting(**{**row, "levels": tuple(row["levels"])}) for row in rows)


def read_trials(rows: list[Mapping[str, Any]]) -> tuple[Trial, ...]:
    """Trials from plain data."""
    return tuple(Trial(**row) for row in rows)


def read_goals(rows: list[Mapping[str, Any]]) -> tuple[Goal, ...]:
    """Goals from plain data."""
    return tuple(Goal(**row) for row in rows)


def read_specifications(rows: list[Mapping[str, Any]]) -> tuple[Specification, ...]:
    """Specifications from plain data."""
    return tuple(Specification(**row) for row in rows)


def read_limits(rows: list[Mapping[str, Any]]) -> tuple[SettingLimit, ...]:
    """Limits between settings from plain data."""
    return tuple(SettingLimit(**row) for row in rows)


def check_format(record: Mapping[str, Any]) -> None:
    """Raise ValueError where the record is of another format."""
    found = record.get("format")
    if found != FORMAT:
        raise ValueError(f"not a campaign of this release: found format {found!r}, expected {FORMAT!r}")
