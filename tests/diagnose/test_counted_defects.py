"""Rows that are lots with counted pieces: a risen share of bad ones is found, lots in control stay quiet."""

import numpy as np
import polars as pl
import pytest
from tests.diagnose.tables import evidence, minutes, table_data

from jasang.diagnose.counted_defects import counted_defects
from jasang.diagnose.evidence_base import EvidenceBase
from jasang.diagnose.finding import Finding
from jasang.diagnose.rules import drift, mean_shift
from jasang.plant.factory import Costs, Role

LOTS = 900
COUNTS = dict.fromkeys(
    ("PROD_QTY", "GOOD_QTY", "NG_QTY", "생산수량", "양품", "불량수량", "qtyOk", "qtyRejected", "No", "계획수량"),
    Role.COUNT,
)


def lots(seed: int, *, rise: float = 0.0, spread: float = 0.3, size: tuple[int, int] = (80, 220)) -> pl.DataFrame:
    """Lots of three machines; the bad share of lots scatters by itself (`spread`), and rises on EQ2 in the last third."""
    generator = np.random.default_rng(seed)
    machine = generator.integers(1, 4, LOTS)
    pieces = generator.integers(*size, LOTS)
    rate = 0.015 * generator.gamma(1 / spread**2, spread**2, LOTS)
    rate[(machine == 2) & (np.arange(LOTS) > 600)] += rise
    bad = generator.binomial(pieces, np.minimum(rate, 0.9))
    return pl.DataFrame(
        {
            "time": minutes(LOTS, step=15.0),
            "EQUIP": [f"EQ{one}" for one in machine],
            "PROD_QTY": pieces,
            "GOOD_QTY": pieces - bad,
            "NG_QTY": bad,
        }
    )


def base_of(frame: pl.DataFrame, **factory: object) -> EvidenceBase:
    roles = {"time": Role.TIME, "EQUIP": Role.ASSET, **COUNTS}
    return evidence(table_data(frame, roles, time="time", asset_column="EQUIP"), **factory)


def findings(base: EvidenceBase) -> list[Finding]:
    return [finding for rule in (mean_shift.RULE, drift.RULE) for finding in rule.check(base)]


def test_risen_share_of_bad_pieces_is_found_on_its_machine() -> None:
    base = base_of(lots(3, rise=0.04), costs=Costs(defect=1000.0))

    (found,) = [one for one in findings(base) if one.severity == "act"]

    assert (found.rule, found.subject.column, found.subject.asset) == ("mean_shift", "NG_QTY", "EQ2")
    shift = next(item for item in found.evidence if item.name == "shift")
    assert (shift.unit, found.charts[0].y_unit) == ("points", "%")
    assert shift.value == pytest.approx(0.04, abs=0.006)
    assert found.check is not None
    assert found.check.metric == "defect_rate"
    # Pieces, not lots, are what a year of it costs: about 300 lots of 150 in 9.4 days, 4 % of them at 1,000 won.
    assert found.worth is not None
    assert found.worth.amount == pytest.approx(300 * 150 / (900 * 15 / 60 / 24 / 365.25) * shift.value * 1000, rel=0.1)


def test_lots_in_control_are_quiet() -> None:
    told = sum(
        finding.severity != "note" for seed in range(16) for finding in findings(base_of(lots(100 + seed, spread=0.6)))
    )

    assert told <= 1


@pytest.mark.parametrize("left_out", ["PROD_QTY", "GOOD_QTY"])
def test_two_of_the_three_counts_are_enough(left_out: str) -> None:
    frame = lots(3).drop(left_out)

    counted = counted_defects(base_of(frame).tables[0])

    assert counted is not None
    whole = frame["PROD_QTY"] if left_out == "GOOD_QTY" else frame["GOOD_QTY"] + frame["NG_QTY"]
    assert counted.pieces.tolist() == whole.to_list()
    assert counted.bad.tolist() == frame["NG_QTY"].to_list()


@pytest.mark.parametrize(
    ("names", "bad"),
    [
        ({"PROD_QTY": "생산수량", "NG_QTY": "불량수량", "GOOD_QTY": "양품"}, "불량수량"),
        ({"GOOD_QTY": "qtyOk", "NG_QTY": "qtyRejected"}, "qtyRejected"),
    ],
)
def test_names_of_counts_are_understood(names: dict[str, str], bad: str) -> None:
    counted = counted_defects(base_of(lots(3).rename(names)).tables[0])

    assert counted is not None
    assert (counted.column.name, counted.bad.tolist()) == (bad, lots(3)["NG_QTY"].to_list())


@pytest.mark.parametrize("other", ["No", "계획수량"])
def test_running_numbers_and_plans_are_no_pieces(other: str) -> None:
    frame = lots(3).drop("GOOD_QTY", "PROD_QTY").with_columns(pl.int_range(1000, 1000 + LOTS).alias(other))

    assert counted_defects(base_of(frame).tables[0]) is None


def test_counts_that_do_not_fit_are_no_defects() -> None:
    frame = lots(3).with_columns(NG_QTY=pl.col("PROD_QTY") * 2).drop("GOOD_QTY")

    assert counted_defects(base_of(frame).tables[0]) is None


def test_column_that_writes_the_share_once_more_is_not_told_beside_it() -> None:
    frame = lots(3, rise=0.04).with_columns(
        (pl.col("NG_QTY") / pl.col("PROD_QTY") * 100).round(2).alias("NG_RATE"),
        (1 - pl.col("NG_QTY") / pl.col("PROD_QTY")).round(4).alias("YIELD"),
    )

    told = findings(base_of(frame))

    assert {finding.subject.column for finding in told} == {"NG_QTY"}


def test_all_defects_are_taken_rather_than_one_kind_of_them() -> None:
    frame = lots(3).with_columns((pl.col("NG_QTY") // 2).alias("REJ_SCRATCH"))
    data = table_data(
        frame.select(sorted(frame.columns, reverse=True)), {"REJ_SCRATCH": Role.COUNT, **COUNTS}, time="time"
    )

    counted = counted_defects(data)

    assert counted is not None
    assert counted.column.name == "NG_QTY"


def test_rows_with_a_verdict_are_told_by_it() -> None:
    frame = lots(3).with_columns(verdict=pl.lit("OK"))
    data = table_data(frame, {"time": Role.TIME, "verdict": Role.DEFECT, **COUNTS}, time="time")

    assert counted_defects(data) is None


def test_tiny_lots_say_nothing() -> None:
    frame = lots(3).with_columns(
        PROD_QTY=pl.when(pl.int_range(pl.len()) == 5).then(1).otherwise(pl.col("PROD_QTY")),
        NG_QTY=pl.when(pl.int_range(pl.len()) == 5).then(1).otherwise(pl.col("NG_QTY")),
    )

    counted = counted_defects(base_of(frame.drop("GOOD_QTY")).tables[0])

    assert counted is not None
    assert np.isnan(counted.shares()[5])
