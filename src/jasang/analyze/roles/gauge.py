"""Is a table a gauge study, and which of its columns is the part, the operator, the trial, the value and the truth?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from jasang.analyze.roles.behaviour import Behaviour, Values, level_codes
from jasang.analyze.roles.names import NameReading, read_name
from jasang.analyze.roles.vocabulary import Concept
from jasang.analyze.roles.votes import fit
from jasang.plant.factory import Role, Table

MOST_ROWS = 3000
MOST_TRIALS = 12
_TRUTH = ("기준", "표준", "참값", "정답", "마스터", "reference", "standard", "master", "true", "truth", "nominal")


@dataclass(frozen=True, slots=True, kw_only=True)
class GaugeColumns:
    """The columns of a gauge study. `sure` says that names and shape agree so well that a column of times does not matter."""

    operator: str | None
    part: str
    trial: str | None
    value: str
    reference: str | None = None
    sure: bool = False


def gauge_columns(found: Mapping[str, Behaviour], sample: pl.DataFrame) -> GaugeColumns | None:
    """The columns of a gauge study, or `None`: every part is measured several times, as a rule by several operators."""
    if not 3 <= len(found) <= 8 or not 8 <= sample.height <= MOST_ROWS:
        return None
    readings = {name: read_name(name) for name in found}
    return _crossed_by_trials(found, sample, readings) or _named(found, sample, readings)


def is_reference(name: str) -> bool:
    """Whether a header speaks of the true value of a part."""
    lowered = name.lower()
    return any(word in lowered for word in _TRUTH)


def _people(found: Mapping[str, Behaviour], readings: Mapping[str, NameReading]) -> list[str]:
    return [
        name
        for name, one in found.items()
        if readings[name].has(Concept.PEOPLE) and fit(one).label and one.levels <= 30
    ]


def _trials(found: Mapping[str, Behaviour], readings: Mapping[str, NameReading]) -> list[str]:
    return [
        name
        for name, one in found.items()
        if readings[name].has(Concept.TRIAL) and fit(one).label and one.levels <= MOST_TRIALS
    ]


def _reference(found: Mapping[str, Behaviour], sample: pl.DataFrame, part: str, taken: Sequence[str]) -> str | None:
    """A column named as the truth that is the same for all rows of a part."""
    for name in found:
        if name in taken or not is_reference(name):
            continue
        if sample.select(part, name).unique().height == sample.select(part).unique().height:
            return name
    return None


def _crossed_by_trials(
    found: Mapping[str, Behaviour], sample: pl.DataFrame, readings: Mapping[str, NameReading]
) -> GaugeColumns | None:
    """Operator × part × trial, nearly every combination once; people or trials are named, the value has fractions."""
    if len(found) > 6:
        return None
    able = {name: fit(one) for name, one in found.items()}
    people, trials = _people(found, readings), _trials(found, readings)
    values = [
        name
        for name, one in found.items()
        if one.values is Values.NUMBER and not one.whole and one.distinct > 0.15 and not is_reference(name)
    ]
    if len(values) != 1 or not (people or trials):
        return None
    rest = [n for n in found if n not in (*values, *people, *trials) and able[n].label and 3 <= found[n].levels <= 100]
    rest = [name for name in rest if not is_reference(name)]
    parts = [n for n in rest if readings[n].has(Concept.PART, Concept.PRODUCT, Concept.LOT)] or rest
    if not parts:
        return None
    trial = trials[0] if trials else next((n for n in rest if n != parts[0] and found[n].levels <= 10), None)
    if trial is None:
        return None
    keys = [name for name in (people[0] if people else None, parts[0], trial) if name is not None]
    cells = sample.select(keys).unique().height
    crossed = int(np.prod([found[name].levels for name in keys]))
    if cells < 0.8 * crossed or sample.height > 1.5 * cells:
        return None
    named = bool(people and trials and readings[parts[0]].has(Concept.PART, Concept.PRODUCT, Concept.LOT))
    return GaugeColumns(
        operator=people[0] if people else None,
        part=parts[0],
        trial=trial,
        value=values[0],
        reference=_reference(found, sample, parts[0], (*keys, values[0])),
        sure=named and cells == sample.height and found[trial].levels >= 2,
    )


def _named(
    found: Mapping[str, Behaviour], sample: pl.DataFrame, readings: Mapping[str, NameReading]
) -> GaugeColumns | None:
    """Operator and part by name, each part measured equally often: without trials, nested, whole numbers, verdicts."""
    people, trials = _people(found, readings), _trials(found, readings)
    parts = [
        name
        for name, one in found.items()
        if name not in (*people, *trials)
        and readings[name].has(Concept.PART, Concept.PRODUCT)
        and (one.values is Values.TEXT or one.whole)
        and 2 <= one.levels <= 300
    ]
    if not people or not parts:
        return None
    operator, part = people[0], parts[0]
    trial = trials[0] if trials else None
    keys = [name for name in (operator, part, trial) if name is not None]
    reference = _reference(found, sample, part, keys)
    times = [name for name, one in found.items() if one.values in (Values.TIME, Values.CLOCK)]
    rest = [name for name in found if name not in (*keys, reference, *times) and not found[name].constant]
    value = _measured(rest, found) or _judged(rest, found, readings)
    if value is None or (trial is None and (times or len(rest) > 1)):
        return None
    if not _repeated(sample, operator, part, trial):
        return None
    return GaugeColumns(
        operator=operator, part=part, trial=trial, value=value, reference=reference, sure=trial is not None
    )


def _measured(rest: Sequence[str], found: Mapping[str, Behaviour]) -> str | None:
    numbers = [name for name in rest if found[name].values is Values.NUMBER and found[name].levels > 5]
    return numbers[0] if len(numbers) == 1 else None


def _judged(rest: Sequence[str], found: Mapping[str, Behaviour], readings: Mapping[str, NameReading]) -> str | None:
    """The one column of verdicts: a few levels."""
    verdicts = [name for name in rest if 2 <= found[name].levels <= 5 and fit(found[name]).label]
    named = [name for name in verdicts if readings[name].has(Concept.VERDICT, Concept.GOOD, Concept.VALUE)]
    return (named or verdicts)[0] if len(named or verdicts) == 1 else None


def _repeated(sample: pl.DataFrame, operator: str, part: str, trial: str | None) -> bool:
    """Whether cells of operator and part are measured about equally often, 2 to 12 times, in a crossed or a nested study."""
    codes = np.column_stack([level_codes(sample[operator]), level_codes(sample[part])])
    codes = codes[(codes >= 0).all(axis=1)]
    if codes.shape[0] < 8:
        return False
    cells, counts = np.unique(codes, axis=0, return_counts=True)
    usual = float(np.median(counts))
    even = float(np.mean(counts == usual)) >= (0.6 if trial is not None else 0.95)
    people, pieces = np.unique(codes[:, 0]).size, np.unique(codes[:, 1]).size
    crossed = cells.shape[0] >= 0.8 * people * pieces
    nested = cells.shape[0] == pieces and pieces >= 2 * people
    enough = people <= 20 and pieces >= 2 and 2 <= usual <= MOST_TRIALS
    if trial is None:
        return enough and even and crossed and people >= 2 and pieces >= 3
    return enough and even and (crossed or nested)


def gauge_columns_by_name(table: Table) -> GaugeColumns | None:
    """The columns of a table that is said to be a gauge study, from their roles and names; `None` without part and value."""
    readings = {column.name: read_name(column.name) for column in table.columns}
    own = {table.time, table.date, table.start, table.end}
    names = [column.name for column in table.columns if column.name not in own and column.role is not Role.IGNORE]

    def first(*concepts: Concept, roles: tuple[Role, ...] = (), besides: Sequence[str | None] = ()) -> str | None:
        able = [name for name in names if name not in besides and not is_reference(name)]
        by_name = [name for name in able if readings[name].has(*concepts)] if concepts else []
        return next(iter([*by_name, *(name for name in able if table.column(name).role in roles)]), None)

    reference = next((name for name in names if is_reference(name)), None)
    value = table.value_column or first(
        Concept.VALUE, Concept.VERDICT, roles=(Role.VALUE, Role.QUALITY, Role.DEFECT, Role.SENSOR)
    )
    operator = first(Concept.PEOPLE, besides=(value,))
    trial = first(Concept.TRIAL, besides=(value, operator))
    part = first(
        Concept.PART, Concept.PRODUCT, Concept.LOT, roles=(Role.ID, Role.PRODUCT), besides=(value, operator, trial)
    )
    if value is None or part is None:
        return None
    return GaugeColumns(operator=operator, part=part, trial=trial, value=value, reference=reference)
