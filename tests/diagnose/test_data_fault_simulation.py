"""How often the data rules alarm in healthy tables and find planted faults; the counts are stated in docs/statistics.md."""

from collections import Counter

import numpy as np
import polars as pl
import pytest
from scipy.signal import lfilter
from tests.diagnose.tables import evidence, minutes, table_data

from jasang.diagnose.evidence_base import TableData
from jasang.diagnose.finding import Finding, Severity
from jasang.diagnose.rules import (
    dead_channel,
    duplicate_rows,
    impossible_time,
    missing_data,
    sentinel_value,
    stuck_sensor,
    unit_flip,
)
from jasang.plant.factory import Kind, Role

RULES = (duplicate_rows, impossible_time, missing_data, sentinel_value, unit_flip, stuck_sensor, dead_channel)
ROWS = 3000


def healthy(seed: int) -> tuple[dict[str, np.ndarray], dict[str, Role], Kind]:
    """A healthy table with traps: slow and coarse signals, two products, a machine that rests, sampled inspection, few blanks."""
    rng = np.random.default_rng(seed)
    signals = bool(rng.random() < 0.4)
    columns: dict[str, np.ndarray] = {"time": minutes(ROWS, step=float(rng.choice([0.5, 1, 5])))}
    roles = {"time": Role.TIME, "product": Role.PRODUCT, "recipe": Role.SETTING, "weight": Role.QUALITY}
    product = (np.arange(ROWS) // int(rng.integers(150, 700))) % 2
    columns["product"] = np.where(product == 0, "A", "B")
    columns["recipe"] = np.where(product == 0, 200.0, 200.0 * rng.uniform(1.02, 4.0))
    rest = np.zeros(ROWS, dtype=bool)
    if signals and rng.random() < 0.6:
        for start in range(int(rng.integers(50, 500)), ROWS, int(rng.integers(300, 900))):
            rest[start : start + int(rng.integers(20, 250))] = True
    level = rng.choice([0.0, rng.uniform(0.05, 0.6)])
    for place in range(12):
        centre, phi = float(np.exp(rng.uniform(0, 7))), float(rng.choice([0, 0.5, 0.9, 0.99]))
        noise = lfilter([1.0], [1.0, -phi], rng.normal(0, np.sqrt(1 - phi**2), ROWS))
        values = centre * (1 + rng.uniform(0.001, 0.05) * noise + (0.03 * product if rng.random() < 0.3 else 0))
        if rest.any() and place < 9:
            values[rest] = centre * level * (1 + 0.01 * noise[rest] * (level > 0))
        columns[f"s{place}"] = np.round(values, int(rng.integers(0, 4)) if centre > 50 else int(rng.integers(2, 4)))
    columns["weight"] = np.round(rng.normal(84.2, 0.22, ROWS), 2)
    if rng.random() < 0.3:
        columns["weight"][np.arange(ROWS) % 5 != 0] = np.nan
    columns["s0"][rng.random(ROWS) < 0.008] = np.nan
    return columns, roles, Kind.SIGNALS if signals else Kind.UNITS


def table(columns: dict[str, np.ndarray], roles: dict[str, Role], kind: Kind) -> TableData:
    return table_data(pl.DataFrame(columns), roles, kind=kind, time="time", product_column="product")


def findings(data: TableData) -> list[Finding]:
    base = evidence(data)
    return [finding for rule in RULES for finding in rule.RULE.check(base)]


def test_healthy_tables_have_no_loud_finding() -> None:
    """150 tables × 14 columns: no `act` at all, a `watch` in at most 3 tables."""
    loud = Counter(f.severity for seed in range(150) for f in findings(table(*healthy(seed))))

    assert loud[Severity.ACT] == 0
    assert loud[Severity.WATCH] <= 3


def plant(kind: str, seed: int, columns: dict[str, np.ndarray]) -> str:
    """Plant one fault; the column (of a whole table: the empty text)."""
    rng = np.random.default_rng(seed + 10_000)
    column = f"s{int(rng.integers(9, 12))}"  # one that does not rest
    values = columns[column]
    start = int(rng.integers(200, 2000))
    if kind == "stuck_sensor":
        values[start : start + 360] = values[start]
    elif kind == "unit_flip":
        values[start : start + 240] *= 10
    elif kind == "sentinel_value":
        values[rng.choice(ROWS, 30, replace=False)] = 9999 if values.max() < 4000 else -9999
    elif kind == "missing_data":
        values[start:] = np.nan
    elif kind == "dead_channel":
        values[:] = 0
    else:
        order = np.sort(np.r_[np.arange(ROWS), rng.choice(ROWS, ROWS // 20, replace=False)])
        for name in columns:
            columns[name] = columns[name][order]
        return ""
    return column


@pytest.mark.parametrize(
    "kind", ["stuck_sensor", "unit_flip", "sentinel_value", "missing_data", "dead_channel", "duplicate_rows"]
)
def test_planted_fault_is_found_on_its_column(kind: str) -> None:
    """Of 40 of each kind, with the rule's own name and the right column, and loud; some coincide with a rest of the machine."""
    hits = 0
    for seed in range(40):
        columns, roles, table_kind = healthy(seed)
        column = plant(kind, seed, columns)
        hits += any(
            f.rule == kind and (f.subject.column or "") == column and f.severity is not Severity.NOTE
            for f in findings(table(columns, roles, table_kind))
        )

    assert hits >= (36 if kind == "stuck_sensor" else 38)
