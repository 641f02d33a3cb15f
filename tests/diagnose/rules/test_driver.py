"""The `driver` rule: on real sets with a known answer, and on tables made here."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.diagnose.tables import evidence, minutes, table_data

from jasang.diagnose.finding import Severity
from jasang.diagnose.rules import driver
from jasang.plant.factory import Costs, Role

ROWS = 6000
ROLES = {"time": Role.TIME, "product": Role.PRODUCT, "defect": Role.DEFECT, "supplier": Role.CONTEXT}


def units(rate: Callable[[pl.DataFrame], np.ndarray], rows: int = ROWS) -> pl.DataFrame:
    """A units table of 60 days whose defects come by `rate` of its other columns."""
    rng = np.random.default_rng(21)
    frame = pl.DataFrame(
        {
            "time": minutes(rows, step=14.4),
            "product": rng.choice(["A", "B"], rows),
            "mold_temp": np.round(rng.normal(60, 2, rows), 2),
            "humidity": np.round(rng.normal(50, 8, rows), 1),
            "supplier": rng.choice(["S1", "S2", "S3", "S4"], rows),
        }
    )
    return frame.with_columns(defect=pl.Series((rng.random(rows) < rate(frame)).astype(int)))


def test_finding_says_window_effect_worth_and_check() -> None:
    frame = units(lambda f: np.where(f["mold_temp"].to_numpy() < 58, 0.12, 0.02))
    base = evidence(
        table_data(frame, ROLES, time="time", product_column="product", bad_values=("1",)),
        costs=Costs(defect=1200),
    )

    (finding,) = driver.RULE.check(base)

    (cause,) = finding.causes
    assert (finding.severity, finding.subject.column, finding.since) == (Severity.ACT, "defect", None)
    assert (cause.column, cause.direction) == ("mold_temp", "up")
    assert cause.window is not None
    assert cause.window[0] == pytest.approx(58, abs=0.15)
    assert finding.worth is not None
    outside = next(e.value for e in finding.evidence if e.name == "rows_outside")
    days = (ROWS - 1) * 14.4 / 1440
    assert finding.worth.amount == pytest.approx(outside * 365 / days * (cause.effect or 0) * 1200)
    assert finding.check is not None
    assert finding.check.metric == "defect_rate"
    assert finding.check.expected < 0
    assert "함께 움직인다는 뜻" in finding.text.ko


def test_two_conditions_that_hurt_only_together_are_one_finding() -> None:
    frame = units(lambda f: 0.02 + 0.15 * ((f["mold_temp"].to_numpy() < 59) & (f["humidity"].to_numpy() > 54)))
    base = evidence(table_data(frame, ROLES, time="time", product_column="product", bad_values=("1",)))

    (finding,) = driver.RULE.check(base)

    sides = {cause.column: cause for cause in finding.causes}
    assert set(sides) == {"mold_temp", "humidity"}
    assert (sides["mold_temp"].direction, sides["humidity"].direction) == ("up", "down")
    assert sides["humidity"].window is not None
    assert sides["humidity"].window[1] == pytest.approx(54, abs=1)
    assert finding.severity is Severity.ACT
    assert "together" in finding.text.en


def test_reason_of_a_defect_is_no_driver() -> None:
    frame = units(lambda f: np.full(f.height, 0.03))
    frame = frame.with_columns(action=pl.when(pl.col("defect") == 1).then(pl.lit("gas")))
    roles = {**ROLES, "action": Role.CONTEXT}

    assert list(driver.RULE.check(evidence(table_data(frame, roles, time="time", bad_values=("1",))))) == []


def test_quality_with_limits_names_what_moves_it_off_target() -> None:
    frame = units(lambda f: np.full(f.height, 0.02))
    rng = np.random.default_rng(22)
    frame = frame.with_columns(
        length=100 + 0.1 * (pl.col("mold_temp") - 60) + pl.Series(rng.normal(0, 0.1, ROWS))
    ).drop("defect")
    base = evidence(table_data(frame, {**ROLES, "length": Role.QUALITY}, time="time"))

    (finding,) = driver.RULE.check(base)

    assert (finding.subject.column, finding.causes[0].column, finding.severity) == (
        "length",
        "mold_temp",
        Severity.WATCH,  # nobody said which length is good
    )


def test_die_casting_names_the_first_shots_of_a_day(real_data: Callable[[str], Path]) -> None:
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

    finding = next(iter(driver.RULE.check(evidence(data))))

    cause = finding.causes[0]
    assert (finding.severity, cause.column, cause.direction) == (Severity.ACT, "count", "up")
    assert cause.window is not None
    assert 8 <= cause.window[0] <= 16
    rates = {e.name: e.value for e in finding.evidence if e.name in ("inside", "outside")}
    assert 0.40 < rates["outside"] < 0.57
    assert 0.017 < rates["inside"] < 0.033


def test_injection_moulding_claims_nothing_of_28_defects(real_data: Callable[[str], Path]) -> None:
    path = next(real_data("kamp_injection_cn7").glob("*.csv.gz"))
    frame = pl.read_csv(path, infer_schema_length=None).with_columns(pl.col("TimeStamp").str.to_datetime())
    roles = {
        "_id": Role.ID,
        "TimeStamp": Role.TIME,
        "PART_FACT_PLAN_DATE": Role.IGNORE,
        "PART_NAME": Role.PRODUCT,
        "EQUIP_CD": Role.IGNORE,
        "EQUIP_NAME": Role.ASSET,
        "PassOrFail": Role.DEFECT,
        "Reason": Role.REASON,
    }
    data = table_data(
        frame,
        roles,
        time="TimeStamp",
        product_column="PART_NAME",
        asset_column="EQUIP_NAME",
        bad_values=("n",),
    )

    assert list(driver.RULE.check(evidence(data))) == []


def test_bad_machine_with_a_product_of_its_own_names_both_and_the_trial() -> None:
    machine = np.random.default_rng(5).choice(["M1", "M2", "M3"], ROWS)
    product = {"M1": "A", "M2": "B", "M3": "C"}
    frame = units(lambda f: np.where(machine == "M2", 0.16, 0.02)).with_columns(
        product=pl.Series([product[name] for name in machine]), machine=pl.Series(machine)
    )
    roles = {**ROLES, "machine": Role.ASSET}
    base = evidence(
        table_data(frame, roles, time="time", product_column="product", asset_column="machine", bad_values=("1",)),
        costs=Costs(defect=1200),
    )

    (finding,) = driver.RULE.check(base)

    assert [(cause.column, cause.level) for cause in finding.causes] == [("machine", "M2"), ("product", "B")]
    assert (finding.severity, finding.subject.asset) == (Severity.ACT, "M2")
    assert "another machine" in finding.action.text.en
    assert "가를 수 없습니다" in finding.text.ko


def test_bad_product_made_on_two_machines_is_no_question_of_the_machine() -> None:
    rng = np.random.default_rng(6)
    machine = rng.choice(["M1", "M2"], ROWS)
    frame = units(lambda f: np.where(f["product"].to_numpy() == "B", 0.16, 0.02)).with_columns(
        machine=pl.Series(machine)
    )
    roles = {**ROLES, "machine": Role.ASSET}
    base = evidence(
        table_data(frame, roles, time="time", product_column="product", asset_column="machine", bad_values=("1",))
    )

    assert not list(driver.RULE.check(base))
