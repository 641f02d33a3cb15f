"""From a factory's table to the records a recommendation is asked of: goals and settings named or found by role."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from jasang.analyze.drivers import named_afterwards
from jasang.diagnose.driver_problem import seconds_of_rows
from jasang.diagnose.evidence_base import EvidenceBase, TableData
from jasang.errors import WrongArguments
from jasang.mentor.asked_data import asked_rows, asked_table
from jasang.optimize.campaigns.setting import Goal, Setting, SettingLimit, Specification
from jasang.optimize.recipe import RecipeRecords
from jasang.plant.factory import Column, Kind, Role

_MOST_LEVELS = 12
_HELD_VALUES, _HELD_SHARE = 60, 0.9  # different values, and rows like the one before, of a column that is set
_PAUSE = 900.0  # s: a start is told from a breath by a pause of this, or of eight usual cycles
_LEAST_KNOWN = 0.7  # of the rows: a setting written down less often is left out
_LESS = ("cycle", "time", "energy", "kwh", "cost", "scrap", "defect", "silica", "impurity", "roughness", "deviation", "error",
         "leak", "burr", "warp",
         "사이클", "시간", "전력", "에너지", "비용", "불량", "조도", "편차", "오차", "변형", "누설", "수축")  # fmt: skip
_MORE = ("yield", "productivity", "strength", "efficiency", "output", "수율", "생산", "강도", "효율", "접착력", "인장")
_SURROUNDINGS = ("ambient", "humid", "outdoor", "weather", "room", "외기", "습도", "실내", "기온", "대기")
_INTERLOCK = re.compile(r"^(?P<sum>.+?)(?P<sign><=|>=)\s*(?P<limit>[-+]?[\d.]+)\s*$")


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipeData:
    """The records with where they come from; `still` are settings that hold one value and have no limits to try within."""

    data: TableData
    records: RecipeRecords
    targets: tuple[Column, ...]
    still: tuple[str, ...]
    guessed: tuple[str, ...]  # taken for settings because they move as set values do: no column has that role


def recipe_data(
    base: EvidenceBase,
    *,
    targets: Sequence[str],
    directions: Sequence[str],
    settings: Sequence[str],
    product: str | None,
    table: str | None,
    interlocks: Sequence[str],
    in_spec: float,
) -> RecipeData:
    """Read the table.

    Raises
    ------
    WrongArguments
        No such table, column or product; no setting; no direction known for a target.
    """
    named = next((name for name in targets if name != "defect"), None)
    data = asked_table(base, table=table, column=named, kinds=(Kind.UNITS, Kind.SIGNALS, Kind.ORDERS))
    if table is None and named is None:
        judged = [one for one in base.of_kind(Kind.SIGNALS, Kind.ORDERS) if one.table.with_role(Role.DEFECT)]
        data = max(base.of_kind(Kind.UNITS) or judged or (data,), key=lambda one: one.rows)
    rows = asked_rows(data, product=product)
    columns = _targets(data, targets)
    if len(directions) > len(columns):
        raise WrongArguments(
            ko=f"--direction {len(directions)}개: 목표는 {len(columns)}개입니다. 목표마다 하나까지 주세요.",
            en=f"--direction was given {len(directions)} times for {len(columns)} target(s); expected at most one for each.",
        )
    given = (*directions, *("" for _ in columns[len(directions) :]))
    goals = tuple(_goal(data, column, word) for column, word in zip(columns, given, strict=False))
    outcomes = {column.name: _outcome(data, column, rows) for column in columns}
    taken = {column.name for column in columns}
    specifications, guards = [], []
    for column in data.table.with_role(Role.QUALITY, Role.DEFECT):
        if column.name in taken:
            continue
        if column.role is Role.DEFECT and data.defects() is not None:
            guards.append(Goal(outcome=column.name))
        elif column.role is Role.QUALITY and (column.lower is not None or column.upper is not None):
            specifications.append(Specification(outcome=column.name, low=column.lower, high=column.upper))
        else:
            continue
        outcomes[column.name] = _outcome(data, column, rows)
    chosen, values, still, guessed = _settings(data, settings, taken, rows)
    records = RecipeRecords(
        settings=chosen,
        values=values,
        outcomes=outcomes,
        goals=goals,
        specifications=tuple(specifications),
        guards=tuple(guards[:1]),
        interlocks=tuple(_interlock(words, chosen) for words in interlocks),
        context=_context(data, rows, {*taken, *values}) | _since_start(seconds_of_rows(data, rows)),
        product=_names(data, data.table.product_column, rows),
        machine=_names(data, data.table.asset_column, rows),
        time=seconds_of_rows(data, rows),
        in_spec=in_spec,
    )
    return RecipeData(data=data, records=records, targets=columns, still=still, guessed=guessed)


def _targets(data: TableData, targets: Sequence[str]) -> tuple[Column, ...]:
    names = {column.name for column in data.table.columns}
    found = []
    for name in targets or ("defect",):
        if name in names:
            found.append(data.table.column(name))
            continue
        verdicts = data.table.with_role(Role.DEFECT) if name == "defect" else ()
        if verdicts:
            found.append(verdicts[0])
        elif name == "defect":
            qualities = [c for c in data.table.with_role(Role.QUALITY) if _direction(c) is not None]
            found += qualities[:1]
        if name != "defect" or not found:
            offered = ", ".join(c.name for c in data.table.with_role(Role.DEFECT, Role.QUALITY, Role.ENERGY)) or "–"
            if name not in names and not (verdicts or (name == "defect" and found)):
                raise WrongArguments(
                    ko=f"{data.table.file}: 목표 열 '{name}'이(가) 없습니다. --target으로 결과 열을 고르세요(예: {offered}).",
                    en=f"{data.table.file}: there is no target column '{name}'. Choose one with --target, such as: {offered}.",
                )
    return tuple(found)


def _direction(column: Column) -> Goal | None:
    """The goal a column's role, limits and name say; `None` where they do not."""
    name = column.name.lower()
    if column.role is Role.DEFECT:
        return Goal(outcome=column.name)
    target = column.target
    if target is None and column.lower is not None and column.upper is not None:
        target = (column.lower + column.upper) / 2
    if target is not None and column.role is Role.QUALITY:
        return Goal(outcome=column.name, direction="target", target=target)
    if column.role is Role.QUALITY and column.lower is not None:
        return Goal(outcome=column.name, direction="max")
    if any(word in name for word in _MORE):
        return Goal(outcome=column.name, direction="max")
    if column.role is Role.ENERGY or column.upper is not None or any(word in name for word in _LESS):
        return Goal(outcome=column.name)
    return None


def _goal(data: TableData, column: Column, word: str) -> Goal:
    if word in ("min", "max"):
        return Goal(outcome=column.name, direction="min" if word == "min" else "max")
    if word:
        try:
            target = float(word)
        except ValueError:
            target = math.nan
        if not math.isfinite(target):
            raise WrongArguments(
                ko=f"--direction {word}: min, max 또는 맞출 값(숫자)이어야 합니다.",
                en=f"--direction {word}: expected min, max or a value to meet.",
            )
        return Goal(outcome=column.name, direction="target", target=target)
    goal = _direction(column)
    if goal is None:
        raise WrongArguments(
            ko=f"{data.table.file}: '{column.name}'은(는) 작을수록 좋은지 클수록 좋은지 알 수 없습니다. "
            "--direction min, max 또는 맞출 값을 주세요.",
            en=f"{data.table.file}: is less or more of '{column.name}' better? Give --direction min, max or a value to meet.",
        )
    return goal


def _outcome(data: TableData, column: Column, rows: np.ndarray) -> np.ndarray:
    if column.role is Role.DEFECT:
        flags = data.defects()
        if flags is not None:
            verdict: np.ndarray = flags[rows]
            return verdict
    values: np.ndarray = data.clean(column.name)[rows]
    if not np.isfinite(values).any():
        raise WrongArguments(
            ko=f"{data.table.file}: '{column.name}'에 숫자가 없습니다. 목표는 판정 열이나 숫자 열이어야 합니다.",
            en=f"{data.table.file}: '{column.name}' holds no numbers. Expected a verdict or a column of numbers.",
        )
    return values


def _settings(
    data: TableData, names: Sequence[str], taken: set[str], rows: np.ndarray
) -> tuple[tuple[Setting, ...], dict[str, np.ndarray], tuple[str, ...], tuple[str, ...]]:
    """The settings with limits, their columns, those that stand still without limits, and those taken by how they move."""
    known = {column.name: column for column in data.table.columns}
    wrong = [name for name in names if name not in known]
    if wrong:
        raise WrongArguments(
            ko=f"{data.table.file}: 설정 열 '{wrong[0]}'이(가) 없습니다. 있는 열: {', '.join(known)}",
            en=f"{data.table.file}: there is no setting '{wrong[0]}'. Columns there are: {', '.join(known)}",
        )
    columns = [known[name] for name in names] if names else list(data.table.with_role(Role.SETTING))
    guessed: tuple[str, ...] = ()
    if not columns:
        columns = [c for c in data.table.with_role(Role.SENSOR) if c.name not in taken and _is_held(data, c, rows)]
        guessed = tuple(column.name for column in columns)
    chosen: list[Setting] = []
    values: dict[str, np.ndarray] = {}
    still: list[str] = []
    for column in columns:
        if column.name in taken or column.name in (data.table.asset_column, data.table.product_column):
            continue
        made = _setting(data, column, rows, asked=bool(names))
        if made is None:
            still.append(column.name)
        else:
            chosen.append(made[0])
            values[column.name] = made[1]
    if not chosen:
        listed = ", ".join(c.name for c in data.table.with_role(Role.SETTING, Role.SENSOR)) or "–"
        standing = f" ({', '.join(still)})" if still else ""
        raise WrongArguments(
            ko=f"{data.table.file}: 움직인 설정 열이 없습니다{standing}. --settings로 사람이 정하는 열을 고르거나 "
            f"factory.toml에서 역할을 setting으로 적으세요. 후보: {listed}",
            en=f"{data.table.file}: there is no setting that moved{standing}. Name what people set with --settings, or give "
            f"those columns the role setting in factory.toml. Candidates: {listed}",
        )
    return tuple(chosen), values, tuple(still), guessed


def _is_held(data: TableData, column: Column, rows: np.ndarray) -> bool:
    """Whether a column stands at few values for a while each, as what somebody sets does."""
    if named_afterwards(column.name) or any(word in column.name.lower() for word in _SURROUNDINGS):
        return False
    values = _as_set(data, column)[rows]
    known = values[np.isfinite(values)]
    if known.size < _LEAST_KNOWN * rows.size or known.size < 2:
        return False
    return 2 <= np.unique(known).size <= _HELD_VALUES and float(np.mean(np.diff(known) == 0)) >= _HELD_SHARE


def _setting(data: TableData, column: Column, rows: np.ndarray, *, asked: bool) -> tuple[Setting, np.ndarray] | None:
    numeric = data.source.read([column.name]).to_series().dtype.is_numeric()
    values = _as_set(data, column)[rows] if numeric else np.empty(0)
    if not numeric:
        values = data.numbers(column.name)[rows]
        numeric = bool(np.isfinite(values).mean() > 0.95)
    if not numeric:
        labels = data.labels(column.name)
        counts = np.bincount(labels.codes[rows][labels.codes[rows] >= 0], minlength=len(labels.levels))
        levels = tuple(level for level, count in zip(labels.levels, counts, strict=True) if count)
        if not 2 <= len(levels) <= _MOST_LEVELS:
            return None
        texts = np.array([*labels.levels, None], dtype=object)[labels.codes[rows]]
        return Setting(name=column.name, levels=levels, unit=column.unit), texts
    known = values[np.isfinite(values)]
    if known.size < (10 if asked else _LEAST_KNOWN * rows.size):
        return None
    # Without stated limits those of all but the outermost rows: a stray zero is no safe limit.
    ends = np.quantile(known, [0.005, 0.995], method="nearest")
    low = column.lower if column.lower is not None else float(ends[0])
    high = column.upper if column.upper is not None else float(ends[1])
    if not low < high:
        return None
    whole = bool((known == np.round(known)).all()) and low == round(low) and high - low >= 2
    setting = Setting(name=column.name, low=low, high=high, step=1.0 if whole else None, unit=column.unit)
    return setting, values


def _as_set(data: TableData, column: Column) -> np.ndarray:
    """The column without sentinels and readings in another unit; a value that stands still is natural for a setting."""
    values = data.numbers(column.name)
    for fault in data.faults(column.name):
        if fault.kind == "sentinel" and not fault.rows.size:
            values[values == fault.value] = np.nan
        elif fault.kind in ("sentinel", "flip"):
            values[fault.rows] = np.nan
    return values


def _context(data: TableData, rows: np.ndarray, apart: set[str]) -> dict[str, np.ndarray]:
    """What nobody sets: context columns, surroundings, and ids that many rows share (lots)."""
    found: dict[str, np.ndarray] = {}
    for column in data.table.columns:
        if column.name in apart or column.name in (data.table.asset_column, data.table.product_column):
            continue
        surrounding = column.role is Role.SENSOR and any(word in column.name.lower() for word in _SURROUNDINGS)
        if named_afterwards(column.name) or not (column.role in (Role.CONTEXT, Role.ID) or surrounding):
            continue
        numeric = data.source.read([column.name]).to_series().dtype.is_numeric()
        if numeric and column.role is not Role.ID:
            values = data.clean(column.name)[rows]
            if np.isfinite(values).mean() > 0.5 and np.nanstd(values) > 0:
                found[column.name] = values
            continue
        labels = data.labels(column.name)
        if 2 <= len(labels.levels) <= rows.size / 3:
            found[column.name] = np.array([*labels.levels, None], dtype=object)[labels.codes[rows]]
    return found


def _since_start(seconds: np.ndarray | None) -> dict[str, np.ndarray]:
    """Units since the last longer pause, on a logarithmic scale: the first shots of a cold machine are another process."""
    if seconds is None or seconds.size < 2:
        return {}
    steps = np.diff(seconds)
    known = steps[np.isfinite(steps) & (steps > 0)]
    if not known.size:
        return {}
    pause = max(_PAUSE, 8 * float(np.median(known)))
    starts = np.concatenate([[0], np.flatnonzero(steps > pause) + 1])
    place = np.arange(seconds.size)
    since = place - starts[np.searchsorted(starts, place, side="right") - 1]
    return {"units since a start": np.log1p(np.minimum(since, 200).astype(np.float64))} if starts.size > 4 else {}


def _names(data: TableData, column: str | None, rows: np.ndarray) -> np.ndarray | None:
    if column is None:
        return None
    labels = data.labels(column)
    names: np.ndarray = np.array([*labels.levels, None], dtype=object)[labels.codes[rows]]
    return names


def _interlock(words: str, settings: Sequence[Setting]) -> SettingLimit:
    """ "speed + 0.5*pressure <= 120" as a limit of a weighted sum."""
    numeric = [setting.name for setting in settings if setting.numeric]
    matched = _INTERLOCK.match(words)
    weights: dict[str, float] = {}
    if matched:
        for part in re.split(r"(?<=\S)\s+(?=[-+]\s)", matched["sum"].strip()):
            sign = -1.0 if part.startswith("-") else 1.0
            factor, star, name = part.lstrip("+- ").rpartition("*")
            try:
                weight = float(factor) if star else 1.0
            except ValueError:
                weights = {}
                break
            weights[name.strip()] = weights.get(name.strip(), 0.0) + sign * weight
    if not matched or not weights or not set(weights) <= set(numeric):
        raise WrongArguments(
            ko=f"--interlock '{words}': '설정1 + 0.5*설정2 <= 120'처럼 쓰세요. 숫자 설정: {', '.join(numeric) or '–'}",
            en=f"--interlock '{words}': expected a form like 'speed + 0.5*pressure <= 120'. "
            f"Numeric settings: {', '.join(numeric) or '–'}",
        )
    limit = float(matched["limit"])
    return SettingLimit(weights=weights, **({"high": limit} if matched["sign"] == "<=" else {"low": limit}))
