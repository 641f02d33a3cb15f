"""Rows of values come as lists, integers, masked arrays and columns of pandas or Polars; what is missing is missing in all."""

import numpy as np
import polars as pl
import pytest

from jasang.analyze import control_charts as charts
from jasang.analyze.capability import (
    capability_by,
    capability_over_time,
    capability_study,
    normality_test,
    process_capability,
    spread_of,
)
from jasang.analyze.losses import best_cycle
from jasang.analyze.pareto import pareto_counts
from jasang.analyze.value_rows import value_row

pd = pytest.importorskip("pandas")

PLAIN = np.random.default_rng(3).integers(40, 60, 240).astype(float)
HOLED = np.where(np.arange(240) % 9 == 4, np.nan, PLAIN)
OTHER_FORMS = {
    "list": [None if np.isnan(one) else float(one) for one in HOLED],
    "masked": np.ma.masked_array(PLAIN, np.isnan(HOLED)),
    "infinite": np.where(np.isnan(HOLED), np.inf, HOLED),
    "pandas": pd.Series(HOLED, index=np.arange(240) + 5),
    "pandas_int": pd.Series(HOLED).astype("Int64"),
    "polars": pl.Series([None if np.isnan(one) else float(one) for one in HOLED]),
}
ANALYSES = {
    "individuals": lambda row: charts.individuals_chart(row).location.upper,
    "auto": lambda row: charts.control_chart(row).upper,
    "c": lambda row: charts.c_chart(row).upper,
    "ewma": lambda row: charts.ewma_chart(row, target=50.0, sigma=5.0).points,
    "cusum": lambda row: charts.cusum_chart(row, target=50.0, sigma=5.0).above,
    "indices": lambda row: process_capability(row, low=30.0, high=70.0).cpk,
    "over_time": lambda row: [part.study.ppk.value for part in capability_over_time(row, low=30.0, high=70.0)],
    "by": lambda row: [
        part.study.ppk.value for part in capability_by(row, ["a"] * 120 + ["b"] * 120, low=30.0, high=70.0)
    ],
    "spread": lambda row: spread_of(row, np.arange(240) // 4).within,
    "normality": lambda row: normality_test(row).p,
    "cycle": lambda row: best_cycle(row).best_s,  # type: ignore[union-attr]
}


@pytest.mark.parametrize("name", ANALYSES)
@pytest.mark.parametrize("form", OTHER_FORMS)
def test_every_form_of_a_row_gives_the_same_answer(name: str, form: str) -> None:
    expected = ANALYSES[name](HOLED)  # type: ignore[no-untyped-call]

    np.testing.assert_array_equal(ANALYSES[name](OTHER_FORMS[form]), expected)  # type: ignore[no-untyped-call]


def test_texts_and_tables_are_refused_in_one_sentence() -> None:
    with pytest.raises(ValueError, match="expected a row of numbers"):
        value_row(["a", "b"])
    with pytest.raises(ValueError, match=r"expected a row of values, got shape \(2, 2\)"):
        value_row([[1, 2], [3, 4]])
    with pytest.raises(ValueError, match="give it as"):
        charts.survey_signals(PLAIN)
    with pytest.raises(ValueError, match="one count from 0 for each of 2"):
        pareto_counts(["a", "b"], np.array([1, -2]))
    with pytest.raises(ValueError, match="must not be negative"):
        charts.c_chart(np.array([5.0, -1.0, 7.0]))


def test_impossible_standards_and_words_are_refused() -> None:
    for chart in (charts.p_chart, charts.np_chart):
        with pytest.raises(ValueError, match="centre of 150"):
            chart(np.array([5.0, 6.0]), 100, centre=150.0)
    with pytest.raises(ValueError, match="must not be negative"):
        charts.u_chart(np.array([5.0, 6.0]), 1.0, centre=-1.0)
    with pytest.raises(ValueError, match="confidence lies between 0 and 1"):
        capability_study(PLAIN, low=30.0, high=70.0, confidence=95)
    with pytest.raises(ValueError, match="confidence lies between 0 and 1"):
        process_capability(PLAIN, low=30.0, high=70.0, confidence=95)
    with pytest.raises(ValueError, match="unknown shape 'weibull'"):
        capability_study(PLAIN, low=30.0, high=70.0, shape="weibull")
