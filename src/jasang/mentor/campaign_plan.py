"""What a campaign is about: out of a TOML file (docs/campaigns.md), or out of a factory's folder, where factory.toml says it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from jasang.diagnose.evidence_base import TableData
from jasang.errors import ConfigurationError, JasangError, WrongArguments
from jasang.mentor.asked_data import asked_rows, asked_table, open_evidence
from jasang.mentor.plan_files import read_toml
from jasang.optimize.campaigns import Goal, Setting, SettingLimit, Specification, Trial, Value
from jasang.plant.factory import Column, Kind, Role

MOST_RECORDS = 60  # operating points of a factory's table that a campaign begins with
LEAST_ROWS = 5  # rows that stayed at one operating point before its mean is a record
_PARTS: dict[str, tuple[str, ...]] = {
    "": ("campaign", "settings", "goals", "specifications", "limits", "present"),
    "campaign": ("name", "promise", "trial_cost", "gain_value", "seed"),
    "settings": ("low", "high", "step", "levels", "unit", "change_cost"),
    "goals": ("direction", "target", "worst"),
    "specifications": ("low", "high"),
    "limits": ("weights", "low", "high"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignPlan:
    """The parts of a campaign but its records; `more` are its other arguments by name."""

    name: str
    settings: tuple[Setting, ...]
    goals: tuple[Goal, ...]
    specifications: tuple[Specification, ...]
    limits: tuple[SettingLimit, ...]
    more: Mapping[str, Any]

    @property
    def outcomes(self) -> tuple[str, ...]:
        """Every outcome that a goal or a specification names, once."""
        names = [goal.outcome for goal in self.goals] + [one.outcome for one in self.specifications]
        return tuple(dict.fromkeys(names))


def read_plan(path: Path) -> CampaignPlan:
    """Read the TOML file of a campaign.

    Raises
    ------
    ConfigurationError
        The file cannot be read, or an entry is unknown, missing or impossible; names it.
    """
    raw = read_toml(path)
    _known(path, "", raw)
    for part in ("settings", "goals"):
        if not raw.get(part):
            raise ConfigurationError(
                ko=f"{path}: [{part}.이름]이 하나도 없습니다. 하나 이상 필요합니다.",
                en=f"{path}: there is no [{part}.NAME]; expected at least one.",
            )
    try:
        about = _known(path, "campaign", raw.get("campaign", {}))
        more = {name: about[name] for name in ("promise", "trial_cost", "gain_value", "seed") if name in about}
        if "present" in raw:
            more["present"] = raw["present"]
        return CampaignPlan(
            name=str(about.get("name", path.stem)),
            settings=tuple(Setting(name=name, **row) for name, row in _rows(path, "settings", raw)),
            goals=tuple(Goal(outcome=name, **row) for name, row in _rows(path, "goals", raw)),
            specifications=tuple(
                Specification(outcome=name, **row) for name, row in _rows(path, "specifications", raw)
            ),
            limits=tuple(SettingLimit(**_known(path, "limits", row)) for row in raw.get("limits", [])),
            more=more,
        )
    except (TypeError, ValueError) as error:
        raise ConfigurationError(ko=f"{path}: 쓸 수 없는 값이 있습니다({error}).", en=f"{path}: {error}.") from error


def _rows(path: Path, part: str, raw: Mapping[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    found = []
    for name, row in _table(path, part, raw.get(part, {})).items():
        entries = dict(_known(path, part, row, f"{part}.{name}"))
        if "levels" in entries:
            entries["levels"] = tuple(str(level) for level in entries["levels"])
        for key in ("low", "high", "step", "target", "worst", "change_cost"):
            if key in entries and (isinstance(entries[key], bool) or not isinstance(entries[key], int | float)):
                raise ConfigurationError(
                    ko=f"{path}: {part}.{name}.{key}은(는) 따옴표 없는 숫자여야 하는데 {entries[key]!r}입니다.",
                    en=f"{path}: {part}.{name}.{key} is {entries[key]!r}; expected a number without quotes.",
                )
        found.append((name, entries))
    return found


def _table(path: Path, place: str, row: Any) -> Mapping[str, Any]:
    if isinstance(row, dict):
        return row
    raise ConfigurationError(
        ko=f"{path}: {place}은(는) 표([{place}])여야 하는데 {row!r}입니다.",
        en=f"{path}: {place} is {row!r}; expected a table [{place}].",
    )


def _known(path: Path, part: str, row: Any, place: str | None = None) -> Mapping[str, Any]:
    entries = _table(path, place or part, row)
    for key in entries:
        if key not in _PARTS[part]:
            where = f"{place or part}.{key}".lstrip(".")
            raise ConfigurationError(
                ko=f"{path}: {where}은(는) 모르는 항목입니다. 쓸 수 있는 항목: {', '.join(_PARTS[part])}",
                en=f"{path}: {where} is not a known key. Expected one of: {', '.join(_PARTS[part])}",
            )
    return entries


def goal_of_word(word: str) -> Goal:
    """A goal from `NAME:min`, `NAME:max` or `NAME:TARGET`; raises WrongArguments."""
    name, _, aim = word.rpartition(":")
    try:
        if name and aim in ("min", "max"):
            return Goal(outcome=name, direction=aim)  # type: ignore[arg-type]
        if name:
            return Goal(outcome=name, direction="target", target=float(aim))
    except ValueError:
        pass
    raise WrongArguments(
        ko=f"--goal {word}: 항목:min, 항목:max 또는 항목:목푯값으로 쓰세요.",
        en=f"--goal {word}: expected NAME:min, NAME:max or NAME:TARGET.",
    )


def plan_of_factory(
    path: Path,
    goals: tuple[Goal, ...],
    *,
    table: str | None = None,
    asset: str | None = None,
    product: str | None = None,
) -> tuple[CampaignPlan, tuple[Trial, ...]]:
    """The plan and the records of a factory's folder: settings with safe limits, qualities with limits, as in factory.toml.

    Rows at the same settings become one record, their mean with its noise; the latest `MOST_RECORDS` operating points count.

    Raises
    ------
    WrongArguments
        No goal, no such column, no setting with both limits, or fewer than two operating points.
    """
    if not goals:
        raise WrongArguments(
            ko="무엇을 좋게 할지 --goal로 적으세요(예: --goal cost:min).",
            en="Say what to improve with --goal (for example --goal cost:min).",
        )
    with open_evidence(path) as evidence:
        data = asked_table(evidence, table=table, column=goals[0].outcome, kinds=(Kind.UNITS,))
        settings = tuple(
            _setting(one)
            for one in data.table.with_role(Role.SETTING)
            if one.lower is not None and one.upper is not None
        )
        if not settings:
            raise WrongArguments(
                ko=f"{data.table.file}: 안전 한계(lower, upper)가 있는 설정 항목이 없습니다. factory.toml에 적으세요.",
                en=f"{data.table.file}: no setting with safe limits (lower and upper); state them in factory.toml.",
            )
        specifications = tuple(
            Specification(outcome=one.name, low=one.lower, high=one.upper)
            for one in data.table.with_role(Role.QUALITY)
            if one.lower is not None or one.upper is not None
        )
        plan = CampaignPlan(
            name=evidence.factory.name,
            settings=settings,
            goals=goals,
            specifications=specifications,
            limits=(),
            more={},
        )
        return plan, _records(data, plan, asked_rows(data, asset=asset, product=product))


def _setting(column: Column) -> Setting:
    return Setting(name=column.name, low=column.lower, high=column.upper, unit=column.unit)


def _records(data: TableData, plan: CampaignPlan, rows: np.ndarray) -> tuple[Trial, ...]:
    """One record an operating point, oldest first."""
    points = np.column_stack([data.numbers(one.name)[rows] for one in plan.settings])
    values = {name: data.clean(name)[rows] for name in plan.outcomes}
    there = np.isfinite(points).all(axis=1)
    points, values = points[there], {name: column[there] for name, column in values.items()}
    _, group = np.unique(np.round(points, 9), axis=0, return_inverse=True)
    group = group.ravel()
    counts = np.bincount(group) if group.size else np.zeros(0, dtype=int)
    last = np.array([np.flatnonzero(group == one)[-1] for one in range(len(counts))])
    fair = counts >= min(LEAST_ROWS, int(counts.max(initial=1)))
    chosen = [int(one) for one in np.argsort(last) if fair[one]][-MOST_RECORDS:]
    if len(chosen) < 2:
        raise WrongArguments(
            ko=f"{data.table.file}: 설정이 서로 다른 기록이 {len(chosen)}개뿐입니다. 2개 이상 필요합니다.",
            en=f"{data.table.file}: found {len(chosen)} operating points; expected at least two that differ.",
        )
    return tuple(
        _record(plan, points[group == one][-1], {n: v[group == one] for n, v in values.items()}) for one in chosen
    )


def _record(plan: CampaignPlan, point: np.ndarray, values: Mapping[str, np.ndarray]) -> Trial:
    settings: dict[str, Value] = {one.name: float(x) for one, x in zip(plan.settings, point, strict=True)}
    outcomes: dict[str, float | None] = {}
    noise: dict[str, float] = {}
    for name, column in values.items():
        known = column[np.isfinite(column)]
        outcomes[name] = float(known.mean()) if known.size else None
        if known.size > 2:
            noise[name] = float(known.std(ddof=1) / np.sqrt(known.size))
    return Trial(settings=settings, outcomes=outcomes, noise=noise or None)


def plan_errors(path: Path, error: ValueError) -> JasangError:
    """A plan and its records that do not go together, as an error for the user."""
    return ConfigurationError(
        ko=f"{path}: 이 계획으로는 시작할 수 없습니다({error}).", en=f"{path}: a campaign cannot begin so: {error}."
    )
