"""Certified and printed values: NIST Statistical Reference Datasets and the NIST/SEMATECH e-Handbook, every digit of them."""

import json
import math
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from jasang.analyze.anova import factorial_anova, one_way_anova
from jasang.analyze.outlier_tests import generalised_esd, grubbs_test, tietjen_moore_test
from jasang.analyze.regression import linear_regression, polynomial_regression
from jasang.analyze.summary_statistics import summary_statistics
from jasang.analyze.tolerance_intervals import (
    fewest_values,
    tolerance_factor_one_sided,
    tolerance_factor_two_sided,
    tolerance_interval,
)

Reference = Callable[[str], Path]
UNIVARIATE = ("strd_michelso", "strd_numacc1", "strd_numacc2", "strd_numacc3")
ANOVA = ("strd_atmwtag", "strd_smls01", "strd_smls04", "strd_smls07", "hb_anova_resistor")
REGRESSION = ("strd_longley", "strd_norris", "strd_wampler1", "strd_wampler2")


def answers(case: Mapping[str, Any]) -> Callable[[str], float]:
    """Our value for each `expected` key of a case."""
    data = case["data"]
    if case["kind"] == "univariate":
        values = data if isinstance(data, list) else [data["first"]] + data["then_repeat"] * data["times"]
        made = summary_statistics(np.array(values, dtype=float))
        return lambda key: float(getattr(made, key))
    if case["kind"] == "anova":
        table = one_way_anova([np.array(group) for group in data])
        return lambda key: float(getattr(table, key))
    if case["kind"] == "linreg_poly":
        fit = polynomial_regression(np.array(data["x"], dtype=float), np.array(data["y"]), case["params"]["degree"])
    else:
        fit = linear_regression(np.array(data.get("X", data.get("x")), dtype=float), np.array(data["y"]))

    def of_fit(key: str) -> float:
        if key.startswith("se_b"):
            return float(fit.standard_errors[int(key[4:])])
        return float(fit.coefficients[int(key[1:])]) if key[0] == "b" else float(getattr(fit, key))

    return of_fit


@pytest.mark.parametrize("name", [*UNIVARIATE, *ANOVA, *REGRESSION])
def test_every_certified_value_is_met_to_its_printed_digits(reference: Reference, name: str) -> None:
    case = json.loads(reference(f"{name}.json").read_text())
    ours = answers(case)

    for key, printed in case["expected"].items():
        exponent = Decimal(printed).as_tuple().exponent
        # Half a unit of the last printed digit, and the last bit of a double.
        allowed = 0.5 * 10.0 ** int(exponent) + 4 * math.ulp(abs(float(printed)))
        assert abs(ours(key) - float(printed)) <= allowed, f"{key}: {ours(key)!r} for the certified {printed}"


def test_large_samples_without_exact_sums_keep_their_digits() -> None:
    values = np.tile([1_000_000_000.1, 1_000_000_000.3], 150_000)

    made = summary_statistics(values)

    assert made.mean == pytest.approx(1_000_000_000.2, rel=1e-15)
    assert made.sd == pytest.approx(0.1 * math.sqrt(300_000 / 299_999), rel=1e-6)


def test_regression_by_qr_meets_longley(reference: Reference) -> None:
    case = json.loads(reference("strd_longley.json").read_text())
    x, y = np.array(case["data"]["X"]), np.array(case["data"]["y"])

    # Many copies take the problem beyond exact arithmetic; the coefficients stay.
    made = linear_regression(np.tile(x, (4000, 1)), np.tile(y, 4000))

    for place in range(7):
        assert made.coefficients[place] == pytest.approx(float(case["expected"][f"b{place}"]), rel=1e-11)


def test_regression_refuses_columns_that_depend_on_each_other() -> None:
    x = np.array([[1.0, 2.0], [2.0, 4.0], [3.0, 6.0], [4.0, 8.0]])

    with pytest.raises(ValueError, match="column 2 depends on"):
        linear_regression(x, np.array([1.0, 2.0, 3.0, 5.0]))


def test_regression_intervals_hold_the_truth_as_often_as_stated() -> None:
    generator = np.random.default_rng(8)
    x = np.linspace(0.0, 1.0, 12)
    hits = 0
    for _ in range(1500):
        made = linear_regression(x, 2.0 + 3.0 * x + generator.standard_normal(12))
        hits += bool(made.low[1] <= 3.0 <= made.high[1])

    assert 0.938 <= hits / 1500 <= 0.962


def test_grubbs_matches_handbook(reference: Reference) -> None:
    case = json.loads(reference("hb_grubbs.json").read_text())

    made = grubbs_test(np.array(case["data"]), side=case["params"]["side"], alpha=case["params"]["alpha"])

    assert made.statistic == pytest.approx(float(case["expected_high_precision"]["g"]), rel=1e-13)
    assert math.floor(made.statistic * 1e4) / 1e4 == float(case["expected"]["g"])  # the handbook cuts digits off
    assert (f"{made.critical:.3f}", str(made.value)) == (case["expected"]["critical"], case["expected"]["outlier"])
    assert made.is_outlier


@pytest.mark.parametrize("side", ["upper", "lower", "both"])
def test_grubbs_calls_an_outlier_as_often_as_stated(side: str) -> None:
    generator = np.random.default_rng(21)

    called = sum(grubbs_test(values, side=side).is_outlier for values in generator.standard_normal((2000, 12)))  # type: ignore[arg-type]

    assert 0.037 <= called / 2000 <= 0.063


ROSNER = (
    "-0.25 0.68 0.94 1.15 1.20 1.26 1.26 1.34 1.38 1.43 1.49 1.49 1.55 1.56 1.58 1.65 1.69 1.70 1.76 1.77 1.81 1.91 1.94 1.96 "
    "1.99 2.06 2.09 2.10 2.14 2.15 2.23 2.24 2.26 2.35 2.37 2.40 2.47 2.54 2.62 2.64 2.90 2.92 2.92 2.93 3.21 3.26 3.30 3.59 "
    "3.68 4.30 4.64 5.34 5.42 6.01"
)


def test_generalised_esd_matches_rosner() -> None:
    values = np.array(ROSNER.split(), dtype=float)  # e-Handbook 1.3.5.17.3

    made = generalised_esd(values, most=10)

    assert [f"{one:.3f}" for one in made.statistics[:4]] == ["3.119", "2.943", "3.179", "2.810"]
    assert [f"{one:.3f}" for one in made.criticals[:4]] == ["3.159", "3.151", "3.144", "3.136"]
    assert (made.count, sorted(values[made.outliers])) == (3, [5.34, 5.42, 6.01])


def test_tietjen_moore_matches_handbook() -> None:
    words = "-1.40 -0.44 -0.30 -0.24 -0.22 -0.13 -0.05 0.06 0.10 0.18 0.20 0.39 0.48 0.63 1.01"
    venus = np.array(words.split(), dtype=float)

    made = tietjen_moore_test(venus, count=2)  # e-Handbook 1.3.5.17.2: 0.292 against 0.317

    assert (f"{made.statistic:.3f}", made.is_outlier) == ("0.292", True)
    assert made.critical == pytest.approx(0.317, abs=0.006)


def test_tolerance_factor_matches_handbook(reference: Reference) -> None:
    case = json.loads(reference("hb_tolerance_k2.json").read_text())
    n, share, confidence = (case["params"][key] for key in ("n", "p", "gamma"))

    assert f"{tolerance_factor_two_sided(n, share=share, confidence=confidence):.3f}" == case["expected"]["k2"]


def test_one_sided_tolerance_factor_matches_handbook() -> None:
    assert f"{tolerance_factor_one_sided(43, share=0.90, confidence=0.99):.4f}" == "1.8740"  # 7.2.6.3, non-central t


@pytest.mark.parametrize(("n", "k"), [(10, 3.379), (50, 2.379)])
def test_exact_two_sided_tolerance_factor_matches_the_table(n: int, k: float) -> None:
    made = tolerance_factor_two_sided(
        n, share=0.95, confidence=0.95, method="exact"
    )  # ISO 16269-6, table for unknown σ

    assert made == pytest.approx({10: 3.393, 50: 2.382}[n], abs=0.002)
    assert tolerance_factor_two_sided(n, share=0.95, confidence=0.95) == pytest.approx(k, abs=0.003)


def test_tolerance_intervals_hold_their_share_as_often_as_stated() -> None:
    from scipy import stats

    generator = np.random.default_rng(4)
    held = 0
    for values in generator.standard_normal((1000, 15)):
        made = tolerance_interval(values, share=0.9, confidence=0.9)
        held += stats.norm.cdf(made.high) - stats.norm.cdf(made.low) >= 0.9

    assert 0.875 <= held / 1000 <= 0.925
    assert fewest_values(share=0.95, confidence=0.95) == 93  # Wilks


def test_factorial_anova_matches_one_way_where_there_is_one_factor(reference: Reference) -> None:
    groups = json.loads(reference("hb_anova_resistor.json").read_text())["data"]

    made = factorial_anova(np.array(groups).ravel(), {"level": np.repeat(["1", "2", "3"], 5)})

    assert (f"{made.effects[0].ss:.3f}", f"{made.effects[0].f:.2f}") == ("27.897", "9.59")


def test_factorial_anova_of_unbalanced_data_by_type() -> None:
    # Textbook 2 × 2 with cells of 1 to 3 values; worked by differences of residual sums of squares by hand.
    y = np.array([4.0, 5.0, 6.0, 9.0, 7.0, 8.0, 12.0])
    a = np.array(["x", "x", "x", "x", "y", "y", "y"])
    b = np.array(["1", "1", "1", "2", "1", "1", "2"])

    first, second, third = (factorial_anova(y, {"a": a, "b": b}, kind=kind) for kind in (1, 2, 3))  # type: ignore[arg-type]

    # Cell means 5, 9, 7.5, 12 with 3, 1, 2, 1 values. Type III of a: contrast (μ_x1 + μ_x2 − μ_y1 − μ_y2)/2 = −2.75.
    assert third.effect("a").ss == pytest.approx(2.75**2 / ((1 / 3 + 1 + 1 / 2 + 1) / 4))
    assert third.effect("a", "b").ss == pytest.approx(0.5**2 / (1 / 3 + 1 + 1 / 2 + 1))
    assert first.effect("a").ss == pytest.approx(4 * (6 - 51 / 7) ** 2 + 3 * (9 - 51 / 7) ** 2)
    # Without the interaction: differences within each b pooled by their weights n1·n2/(n1+n2) = 6/5 and 1/2.
    assert second.effect("a").ss == pytest.approx((2.5 * 1.2 + 3.0 * 0.5) ** 2 / (1.2 + 0.5))
    assert first.ss_residual == pytest.approx(2.5)


def test_factorial_anova_refuses_empty_cells_for_type_three() -> None:
    with pytest.raises(ValueError, match="use kind=2"):
        factorial_anova(np.arange(8.0), {"a": list("xxxxyyyy"), "b": list("12312121")}, kind=3)  # y never meets 3
