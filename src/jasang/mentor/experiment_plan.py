"""What an experiment is about: out of a TOML file, out of words, or out of a factory's folder (docs/experiments.md)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from jasang.errors import ConfigurationError, WrongArguments
from jasang.mentor.asked_data import asked_table, open_evidence
from jasang.mentor.plan_files import read_toml
from jasang.optimize.experiments import Constraint, Factor
from jasang.plant.factory import Kind, Role

DESIGNS = (
    "full",
    "fractional",
    "plackett-burman",
    "central-composite",
    "box-behnken",
    "definitive-screening",
    "d-optimal",
    "i-optimal",
)
MODELS = ("main", "interactions", "quadratic")
_PARTS: dict[str, tuple[str, ...]] = {
    "": ("experiment", "factors", "outcomes", "constraints"),
    "experiment": (
        "name",
        "design",
        "runs",
        "resolution",
        "centre",
        "levels",
        "repeats",
        "blocks",
        "whole_plots",
        "model",
        "kind",
        "seed",
        "alpha",
    ),
    "factors": ("low", "high", "levels", "unit", "hard_to_change"),
    "outcomes": ("goal", "low", "high", "target", "weight", "unit", "effect", "sigma"),
    "constraints": ("weights", "limit"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A result that each run gives; `goal` is max, min or target.

    `effect` is the least change that would matter, `sigma` the standard deviation of one run where it is known; both only for
    the power told before the first run.
    """

    name: str
    goal: str = "max"
    low: float | None = None
    high: float | None = None
    target: float | None = None
    weight: float = 1.0
    unit: str | None = None
    effect: float | None = None
    sigma: float | None = None

    def __post_init__(self) -> None:
        if self.goal not in ("max", "min", "target"):
            raise ValueError(f"outcome {self.name!r}: goal {self.goal!r}, expected max, min or target")
        if self.goal == "target" and self.target is None:
            raise ValueError(f"outcome {self.name!r}: a goal of target needs target = NUMBER")
        if self.sigma is not None and self.sigma <= 0:
            raise ValueError(f"outcome {self.name!r}: sigma {self.sigma}, expected more than 0")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExperimentPlan:
    """Factors, outcomes and which design to make of them. Numbers that are `None` are chosen by the design."""

    name: str
    factors: tuple[Factor, ...]
    outcomes: tuple[Outcome, ...]
    design: str = "fractional"
    runs: int | None = None
    resolution: int | None = None
    centre: int | None = None
    levels: int = 2
    repeats: int = 1
    blocks: int | None = None
    whole_plots: int | None = None
    model: str = "interactions"
    kind: str = "circumscribed"
    seed: int = 1
    alpha: float = 0.05
    constraints: tuple[Constraint, ...] = field(default=())

    def __post_init__(self) -> None:
        for name, value, known in (("design", self.design, DESIGNS), ("model", self.model, MODELS)):
            if value not in known:
                raise ValueError(f"{name} {value!r}, expected one of: {', '.join(known)}")
        if self.repeats < 1:
            raise ValueError(f"repeats {self.repeats}, expected at least 1")
        names = [one.name for one in self.factors] + [one.name for one in self.outcomes]
        twice = {name for name in names if names.count(name) > 1}
        if twice:
            raise ValueError(f"{', '.join(sorted(twice))}: named twice among factors and outcomes")
        if self.constraints and self.design not in ("d-optimal", "i-optimal"):
            raise ValueError(f"constraints need a design d-optimal or i-optimal, not {self.design}")


def read_experiment_plan(path: Path) -> ExperimentPlan:
    """Read the TOML file of an experiment.

    Raises
    ------
    ConfigurationError
        The file cannot be read, or an entry is unknown, missing or impossible; names it.
    """
    raw = read_toml(path)
    about = {"name": path.stem, **_known(path, "experiment", raw.get("experiment", {}))}
    return plan_of_parts(
        str(path), about, raw.get("factors", {}), raw.get("outcomes", {}), raw.get("constraints", []), top=raw
    )


def plan_of_parts(
    place: str,
    about: Mapping[str, Any],
    factors: Mapping[str, Any],
    outcomes: Mapping[str, Any],
    constraints: Sequence[Any] = (),
    *,
    top: Mapping[str, Any] | None = None,
) -> ExperimentPlan:
    """A plan out of plain dicts, as the TOML file has them; `place` is named in errors (ConfigurationError)."""
    path = Path(place)
    _known(path, "", top or {})
    try:
        made = tuple(
            Factor(name=name, **_levels(_known(path, "factors", row, f"factors.{name}")))
            for name, row in factors.items()
        )
        if not made:
            raise ValueError("there is no factor; expected at least one [factors.NAME]")
        return ExperimentPlan(
            **{str(key): value for key, value in about.items()},
            factors=made,
            outcomes=tuple(
                Outcome(name=name, **_known(path, "outcomes", row, f"outcomes.{name}"))
                for name, row in outcomes.items()
            ),
            constraints=tuple(Constraint(**_known(path, "constraints", row)) for row in constraints),
        )
    except (TypeError, ValueError) as error:
        raise ConfigurationError(ko=f"{place}: 쓸 수 없는 값이 있습니다({error}).", en=f"{place}: {error}.") from error


def _levels(row: Mapping[str, Any]) -> dict[str, Any]:
    entries = dict(row)
    if "levels" in entries:
        entries["levels"] = tuple(str(level) for level in entries["levels"])
    for key in ("low", "high"):
        if key in entries and (isinstance(entries[key], bool) or not isinstance(entries[key], int | float)):
            raise ValueError(f"{key} is {entries[key]!r}; expected a number without quotes")
    return entries


def _known(path: Path, part: str, row: Any, place: str | None = None) -> Mapping[str, Any]:
    where = place or part
    if not isinstance(row, Mapping):
        raise ConfigurationError(
            ko=f"{path}: {where}은(는) 표([{where}])여야 하는데 {row!r}입니다.",
            en=f"{path}: {where} is {row!r}; expected a table [{where}].",
        )
    for key in row:
        if key not in _PARTS[part]:
            name = f"{where}.{key}".lstrip(".")
            raise ConfigurationError(
                ko=f"{path}: {name}은(는) 모르는 항목입니다. 쓸 수 있는 항목: {', '.join(_PARTS[part])}",
                en=f"{path}: {name} is not a known key. Expected one of: {', '.join(_PARTS[part])}",
            )
    return row


def factor_of_word(word: str) -> Factor:
    """A factor from `NAME=LOW:HIGH`, `NAME=LOW:HIGH:UNIT` or `NAME=LEVEL,LEVEL`; `NAME!` is hard to change."""
    name, sign, rest = word.partition("=")
    hard = name.endswith("!")
    name = name.removesuffix("!")
    try:
        if not sign or not name:
            raise ValueError("no name")
        if ":" in rest:
            low, high, *unit = rest.split(":", 2)
            return Factor(
                name=name, low=float(low), high=float(high), unit=unit[0] if unit else None, hard_to_change=hard
            )
        return Factor(name=name, levels=tuple(part.strip() for part in rest.split(",")), hard_to_change=hard)
    except ValueError as error:
        raise WrongArguments(
            ko=f"--factor {word}: 이름=하한:상한[:단위] 또는 이름=수준,수준으로 쓰세요(예: 온도=180:220:°C). {error}",
            en=f"--factor {word}: expected NAME=LOW:HIGH[:UNIT] or NAME=LEVEL,LEVEL; {error}",
        ) from error


def outcome_of_word(word: str) -> Outcome:
    """An outcome from `NAME`, `NAME:max`, `NAME:min` or `NAME:TARGET`; limits behind it as `NAME:max:LOW:HIGH`."""
    name, *parts = word.split(":")
    try:
        goal, target = "max", None
        if parts and parts[0] in ("max", "min"):
            goal = parts[0]
        elif parts and parts[0]:
            goal, target = "target", float(parts[0])
        ends = [float(part) if part else None for part in parts[1:3]] + [None, None]
        if not name or len(parts) > 3:
            raise ValueError("too many parts" if name else "no name")
        return Outcome(name=name, goal=goal, target=target, low=ends[0], high=ends[1])
    except ValueError as error:
        raise WrongArguments(
            ko=f"--outcome {word}: 이름:max, 이름:min 또는 이름:목푯값으로 쓰세요({error}).",
            en=f"--outcome {word}: expected NAME:max, NAME:min or NAME:TARGET, limits behind as :LOW:HIGH; {error}",
        ) from error


def factors_of_folder(
    path: Path, outcomes: Sequence[Outcome], *, table: str | None = None, only: Sequence[str] = ()
) -> tuple[tuple[Factor, ...], tuple[Outcome, ...]]:
    """The settings of a factory with both safe limits as factors, and the outcomes with the scatter that the record shows.

    `sigma` of an outcome is its standard deviation between rows of the same settings, drift taken out by differences of
    neighbours (von Neumann 1941): what one run of an experiment will scatter by.

    Raises
    ------
    WrongArguments
        No setting has both limits, or a named one is none.
    """
    with open_evidence(path) as evidence:
        column = outcomes[0].name if outcomes else None
        data = asked_table(evidence, table=table, column=column, kinds=(Kind.UNITS,))
        settings = [
            one
            for one in data.table.with_role(Role.SETTING)
            if one.lower is not None and one.upper is not None and one.lower < one.upper
        ]
        names = [one.name for one in settings]
        unknown = [name for name in only if name not in names]
        if not settings or unknown:
            there = ", ".join(names) or "-"
            raise WrongArguments(
                ko=f"{data.table.file}: 안전 한계(lower, upper)가 있는 설정이 필요합니다. 있는 설정: {there}",
                en=f"{data.table.file}: expected settings with safe limits (lower and upper). There are: {there}",
            )
        factors = tuple(
            Factor(name=one.name, low=one.lower, high=one.upper, unit=one.unit)
            for one in settings
            if not only or one.name in only
        )
        told = tuple(
            outcome if outcome.sigma is not None else _with_sigma(outcome, data.clean(outcome.name))
            for outcome in outcomes
        )
        return factors, told


def _with_sigma(outcome: Outcome, values: np.ndarray) -> Outcome:
    known = values[np.isfinite(values)]
    if known.size < 10:
        return outcome
    sigma = float(np.sqrt(np.mean(np.diff(known) ** 2) / 2))
    entries = {name: getattr(outcome, name) for name in Outcome.__slots__}
    return Outcome(**{**entries, "sigma": sigma if sigma > 0 else None})
