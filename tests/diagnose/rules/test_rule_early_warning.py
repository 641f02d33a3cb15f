"""The `early_warning` rule: on a real set, on made tables, and quiet where nothing foretells the result."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.diagnose.tables import evidence, minutes, table_data

from jasang.diagnose.evidence_base import EvidenceBase
from jasang.diagnose.finding import Severity
from jasang.diagnose.rules import early_warning
from jasang.plant.factory import Costs, Role

ROWS = 6000
ROLES = {"time": Role.TIME, "defect": Role.DEFECT}


def base(*, foretold: bool, leak: bool = False, costs: Costs | None = None) -> EvidenceBase:
    """60 days of units; where `foretold`, a cold mould is bad when pressure × speed is high. The leak is written afterwards."""
    rng = np.random.default_rng(31)
    frame = pl.DataFrame(
        {
            "time": minutes(ROWS, step=14.4),
            "mould": np.round(rng.normal(60, 2, ROWS), 2),
            "pressure": np.round(rng.normal(100, 5, ROWS), 1),
            "speed": np.round(rng.normal(50, 4, ROWS), 1),
            "oil": np.round(rng.normal(40, 3, ROWS), 1),
        }
    )
    risky = (frame["mould"].to_numpy() < 59) & (frame["pressure"].to_numpy() * frame["speed"].to_numpy() > 5250)
    bad = rng.random(ROWS) < (np.where(risky, 0.8, 0.005) if foretold else 0.04)
    frame = frame.with_columns(defect=pl.Series(bad.astype(int)))
    if leak:
        late = np.where(bad & (rng.random(ROWS) < 0.8), rng.uniform(5, 30, ROWS), 0.0)
        frame = frame.with_columns(extra_minutes=pl.Series(late))
    return evidence(table_data(frame, ROLES, time="time", bad_values=("1",)), costs=costs or Costs())


def test_finding_says_how_many_are_known_and_which_columns_to_watch() -> None:
    (finding,) = early_warning.RULE.check(base(foretold=True, costs=Costs(defect=1200, machine_hour=45000)))

    figures = {e.name: e for e in finding.evidence}
    assert finding.severity is Severity.ACT
    assert {cause.column for cause in finding.causes} == {"mould", "pressure", "speed"}
    assert figures["recall"].value > 0.6
    assert figures["mcc"].low is not None
    assert figures["mcc"].low > 0.4
    assert finding.worth is not None
    assert 0 < finding.worth.low < finding.worth.amount < finding.worth.high
    assert "a fifth of a defect" in finding.text.en
    assert len(finding.charts) == 3


def test_quiet_where_nothing_foretells_the_result() -> None:
    assert list(early_warning.RULE.check(base(foretold=False))) == []


def test_column_written_after_the_result_warns_of_nothing() -> None:
    assert list(early_warning.RULE.check(base(foretold=False, leak=True))) == []


def test_die_casting_is_warned_of_by_pressure_and_temperature(real_data: Callable[[str], Path]) -> None:
    path = next(real_data("kamp_diecasting").glob("*.csv.gz"))
    frame = pl.read_csv(path, infer_schema_length=None).with_columns(pl.col("registration_time").str.to_datetime())
    roles = {
        "registration_time": Role.TIME,
        "mold_code": Role.PRODUCT,
        "count": Role.COUNT,
        "heating_furnace": Role.CONTEXT,
        "passorfail": Role.DEFECT,
    }
    data = table_data(frame, roles, time="registration_time", product_column="mold_code", bad_values=("1", "1.0"))

    (finding,) = early_warning.RULE.check(evidence(data))

    figures = {e.name: e.value for e in finding.evidence}
    assert figures["average_precision"] >= 0.85
    assert figures["average_precision"] == pytest.approx(0.9, abs=0.05)
    assert "cast_pressure" in {cause.column for cause in finding.causes}
