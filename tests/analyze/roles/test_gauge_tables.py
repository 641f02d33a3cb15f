"""Gauge studies as factories write them down, told without factory.toml; and tables that only look like one."""

import numpy as np
import polars as pl
import pytest

from jasang.analyze.roles.table import infer_table
from jasang.plant.factory import Kind

NAMES = {
    "korean": ("부품", "측정자", "회차", "측정값"),
    "inspectors": ("시료", "검사자", "반복", "측정값(mm)"),
    "numbers": ("시료번호", "평가자", "반복", "치수"),
    "testers": ("시편", "시험자", "시험횟수", "인장강도"),
    "english": ("Part", "Operator", "Replicate", "Thickness"),
    "aiag": ("part", "appraiser", "trial", "measurement"),
}


def study(names: tuple[str, ...], *, whole: bool = False) -> pl.DataFrame:
    generator = np.random.default_rng(0)
    part, operator, trial = (
        np.repeat(np.arange(10), 9),
        np.tile(np.repeat(np.arange(3), 3), 10),
        np.tile(np.arange(3), 30),
    )
    value = 25.0 + generator.standard_normal(10)[part] + 0.2 * generator.standard_normal(90)
    return pl.DataFrame(
        {
            names[0]: part + 1,
            names[1]: np.array(list("ABC"))[operator],
            names[2]: trial + 1,
            names[3]: np.round(100 * value) if whole else np.round(value, 3),
        }
    )


@pytest.mark.parametrize("names", NAMES.values(), ids=NAMES)
@pytest.mark.parametrize("whole", [False, True])
def test_gauge_study_is_told_by_names_and_shape(names: tuple[str, ...], whole: bool) -> None:
    made = infer_table("gauge.csv", study(names, whole=whole), 90).table

    assert (made.kind, made.value_column) == (Kind.GAUGE, names[3])


def test_gauge_study_without_trials_or_with_verdicts_is_told() -> None:
    table = study(NAMES["korean"])
    verdicts = table.with_columns(
        판정=pl.when(pl.col("측정값") > 25).then(pl.lit("합격")).otherwise(pl.lit("불합격"))
    ).drop("측정값")

    assert infer_table("a.csv", table.drop("회차"), 90).table.kind is Kind.GAUGE
    made = infer_table("b.csv", verdicts, 90).table
    assert (made.kind, made.value_column) == (Kind.GAUGE, "판정")


def test_production_by_operator_and_product_is_no_gauge_study() -> None:
    generator = np.random.default_rng(1)
    made = pl.DataFrame(
        {
            "시각": pl.datetime_range(pl.datetime(2026, 3, 1), pl.datetime(2026, 3, 1, 23), "10m", eager=True),
        }
    )
    n = made.height
    made = made.with_columns(
        작업자=pl.Series(np.array(["김", "이", "박"])[np.arange(n) % 3]),
        제품=pl.Series(np.array([f"P{k}" for k in range(5)])[generator.integers(0, 5, n)]),
        두께=pl.Series(np.round(generator.standard_normal(n), 3)),
    )

    assert infer_table("units.csv", made, n).table.kind is not Kind.GAUGE
