"""NIST Statistical Reference Datasets for regression, analysis of variance and summaries, certified to 15 digits.

Source: https://www.itl.nist.gov/div898/strd/ (public domain). `strd.json` holds the observed sets, the others are made here.
"""

import json
import math
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from jasang.analyze.anova import one_way_anova
from jasang.analyze.regression import linear_regression, polynomial_regression
from jasang.analyze.summary_statistics import summary_statistics

CASES: dict[str, dict[str, Any]] = json.loads(Path(__file__).with_name("strd.json").read_text())
REGRESSIONS = [name for name, case in CASES.items() if case["kind"] == "regression"]
UNIVARIATE = [name for name, case in CASES.items() if case["kind"] == "univariate"]


def met(ours: float, printed: str) -> bool:
    """Within half a unit of the last printed digit, and the last bits of a double."""
    exponent = int(Decimal(printed).as_tuple().exponent)
    return abs(ours - float(printed)) <= 0.5 * 10.0**exponent + 8 * math.ulp(abs(float(printed)))


@pytest.mark.parametrize("name", REGRESSIONS)
def test_regression_meets_every_certified_digit(name: str) -> None:
    case = CASES[name]
    x, y = np.array(case["x"], dtype=float), np.array(case["y"], dtype=float)

    made = polynomial_regression(x, y, case["degree"]) if case["degree"] else linear_regression(x, y, intercept=False)

    for ours, printed in zip(made.coefficients, case["coefficients"], strict=True):
        assert met(ours, printed), (ours, printed)
    for ours, printed in zip(made.standard_errors, case["standard_errors"], strict=True):
        assert met(ours, printed), (ours, printed)
    for key in ("residual_sd", "r_squared", "f", "ss_residual", "ss_regression"):
        assert met(getattr(made, key), case[key]), (key, getattr(made, key), case[key])


def smls(replicates: int, base: float) -> list[np.ndarray]:
    """Simon and Lesage: nine groups that start at 0.4, 0.3, 0.5 … above the base and go up and down by a tenth."""
    starts = [0.4, 0.3, 0.5, 0.3, 0.5, 0.3, 0.5, 0.3, 0.5]
    tenths = [0] + [-1, 1] * ((replicates - 1) // 2)
    return [np.array([round(base + start + tenth / 10, 1) for tenth in tenths]) for start in starts]


@pytest.mark.parametrize("replicates", [21, 201, 2001])
@pytest.mark.parametrize("base", [1.0, 1e6, 1e12])
def test_one_way_anova_of_simon_and_lesage_is_exact(replicates: int, base: float) -> None:
    made = one_way_anova(smls(replicates, base))

    between, within = {21: (1.68, 1.8), 201: (16.08, 18.0), 2001: (160.08, 180.0)}[replicates]
    assert (made.ss_between, made.ss_within, made.residual_sd) == (between, within, 0.1)
    assert (made.ms_between, made.ms_within, made.f) == (
        between / 8,
        0.01,
        {21: 21.0, 201: 201.0, 2001: 2001.0}[replicates],
    )
    assert f"{made.r_squared:.12f}" == {21: "0.482758620690", 201: "0.471830985915", 2001: "0.470712773465"}[replicates]


def test_one_way_anova_of_sirstv() -> None:
    case = CASES["SiRstv"]

    made = one_way_anova(case["groups"])

    for key in ("ss_between", "ms_between", "f", "ss_within", "ms_within", "r_squared", "residual_sd"):
        assert met(getattr(made, key), case[key]), (key, getattr(made, key), case[key])


@pytest.mark.parametrize("name", UNIVARIATE)
def test_summary_meets_every_certified_digit(name: str) -> None:
    made = summary_statistics(np.array(CASES[name]["values"]))

    for key in ("mean", "sd", "lag1_autocorrelation"):
        assert met(getattr(made, key), CASES[name][key]), (key, getattr(made, key))


def test_summary_of_numacc4_is_exact() -> None:
    made = summary_statistics(np.array([10_000_000.2] + [10_000_000.1, 10_000_000.3] * 500))

    assert (made.mean, made.sd, made.lag1_autocorrelation) == (10_000_000.2, 0.1, -0.999)


def test_summary_of_pidigits() -> None:
    # Machin: π = 16 arctan(1/5) − 4 arctan(1/239), in integers.
    def arctan_of_inverse(n: int, unit: int) -> int:
        total = term = unit // n
        for k in count(3, 2):
            term = -term // (n * n)
            if term in (0, -1):
                break
            total += term // k
        return total

    unit = 10**5020
    first, rest = divmod(16 * arctan_of_inverse(5, unit) - 4 * arctan_of_inverse(239, unit), 10**2520)
    digits = [int(digit) for digit in (str(first) + f"{rest:02520d}")[:5000]]
    digits[956] = 3  # an 8; the file that NIST certified says 3

    made = summary_statistics(np.array(digits))

    assert met(made.mean, "4.53480000000000")
    assert met(made.sd, "2.86733906028871")
    assert met(made.lag1_autocorrelation, "-0.00355099287237972")
