"""Worked examples of gauge studies, capability, lives and OEE in textbooks and standards, to the digits printed there."""

import numpy as np
import pytest

from jasang.analyze.capability import capability_from_summary
from jasang.analyze.gauge import cohen_kappa, gauge_study, linearity_study
from jasang.analyze.losses import mtbf, oee, survival, weibull_life
from jasang.analyze.outlier_tests import grubbs_test
from jasang.analyze.remaining_life import Lives, fit_weibull
from jasang.analyze.tolerance_intervals import tolerance_factor_one_sided, tolerance_factor_two_sided

# Houf and Berman (1988), IEEE Transactions 11: thermal impedance × 100, ten parts, three operators, three trials.
IMPEDANCE = (
    "37 38 37 42 41 43 30 31 31 42 43 42 28 30 29 42 42 43 25 26 27 40 40 40 25 25 25 35 34 34 "
    "41 41 40 42 42 42 31 31 31 43 43 43 29 30 29 45 45 45 28 28 30 43 42 42 27 29 28 35 35 34 "
    "41 42 41 43 42 43 29 30 28 42 42 42 31 29 29 44 46 45 29 27 27 43 43 41 26 26 26 35 34 35"
)
# Montgomery, gauge example: twenty panels, three operators, two trials.
PANELS = (
    "21 20 24 23 20 21 27 27 19 18 23 21 22 21 19 17 24 23 25 23 21 20 18 19 23 25 24 24 29 30 26 26 20 20 19 21 25 26 19 19 "
    "20 20 24 24 19 21 28 26 19 18 24 21 22 24 18 20 25 23 26 25 20 20 17 19 25 25 23 25 30 28 25 26 19 20 19 19 25 24 18 17 "
    "19 21 23 24 20 22 27 28 18 21 23 22 22 20 19 18 24 24 24 25 21 20 18 19 25 25 24 25 31 30 25 27 20 20 21 23 25 25 19 17"
)


def crossed(words: str, parts: int, trials: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    values = np.array(words.split(), dtype=float)
    return values, np.tile(np.repeat(np.arange(parts), trials), 3), np.repeat(["A", "B", "C"], parts * trials)


def test_gauge_study_of_thermal_impedance() -> None:
    made = gauge_study(*crossed(IMPEDANCE, 10, 3))

    component = made.full_anova.component
    assert [round(component(*term).ss, 2) for term in (("part",), ("operator",), ("part", "operator"), ("residual",))] == [
        3935.96, 39.27, 48.51, 30.67,
    ]  # fmt: skip
    assert [round(made.line(name).variance, 3) for name in ("part", "operator", "interaction", "repeatability")] == [
        48.293, 0.565, 0.728, 0.511,
    ]  # fmt: skip
    assert (round(made.line("gauge").variance, 2), made.pooled) == (1.80, False)


def test_gauge_study_of_panels_pools_the_interaction() -> None:
    made = gauge_study(*crossed(PANELS, 20, 2), tolerance=55)

    component = made.full_anova.component
    assert [round(component(*term).ms, 3) for term in (("part",), ("operator",), ("part", "operator"), ("residual",))] == [
        62.391, 1.308, 0.712, 0.992,
    ]  # fmt: skip
    assert (round(component("part").f, 2), round(component("operator").f, 2), round(made.p_interaction or 0, 4)) == (
        87.65,
        1.84,
        0.8614,
    )
    assert made.pooled
    assert [round(made.line(name).variance, 4) for name in ("part", "operator", "repeatability")] == [
        10.2513,
        0.0106,
        0.8832,
    ]
    unpooled = gauge_study(*crossed(PANELS, 20, 2), pool_above=1.0)
    assert [round(unpooled.line(name).variance, 4) for name in ("part", "operator", "repeatability")] == [
        10.2798,
        0.0149,
        0.9917,
    ]


def test_linearity_of_aiag_with_its_statistics() -> None:
    words = (
        "2.7 2.5 2.4 2.5 2.7 2.3 2.5 2.5 2.4 2.4 2.6 2.4 5.1 3.9 4.2 5.0 3.8 3.9 3.9 3.9 3.9 4.0 4.1 3.8 "
        "5.8 5.7 5.9 5.9 6.0 6.1 6.0 6.1 6.4 6.3 6.0 6.1 7.6 7.7 7.8 7.7 7.8 7.8 7.8 7.7 7.8 7.5 7.6 7.7 "
        "9.1 9.3 9.5 9.3 9.4 9.5 9.5 9.5 9.6 9.2 9.3 9.4"
    )

    made = linearity_study(
        np.array(words.split(), dtype=float), np.repeat([2, 4, 6, 8, 10], 12), process_variation=14.1941
    )

    assert [f"{one:.3f}" for one in made.fit.t] == ["10.158", "-12.043"]
    assert (f"{made.fit.residual_sd:.5f}", f"{made.linearity:.5f}") == ("0.23954", "1.86889")
    assert f"{100 * (made.linearity_share or 0.0):.1f}" == "13.2"


@pytest.mark.parametrize(("cells", "kappa"), [((44, 6, 3, 97), 0.86), ((43, 7, 8, 92), 0.78), ((42, 5, 9, 94), 0.79)])
def test_kappa_between_the_appraisers_of_aiag(cells: tuple[int, int, int, int], kappa: float) -> None:
    a, b, c, d = cells

    made = cohen_kappa([0] * (a + b) + [1] * (c + d), [0] * a + [1] * b + [0] * c + [1] * d)

    assert round(made.value, 2) == kappa


def test_capability_intervals_of_montgomery() -> None:
    # Examples 8.4 and 8.5: 20 values; Cp 2.29 from 1.57 to 3.01; Cpk 1.33 from 0.88 to 1.78.
    wide = capability_from_summary(mean=50, sigma=1.75, size=20, low=38, high=62)
    near = capability_from_summary(mean=0, sigma=1, size=20, low=-3.99, high=9)

    assert [round(one, 2) for one in (wide.cp or 0, *(wide.cp_interval or ()))] == [
        2.29,
        1.56,
        3.01,
    ]  # 1.565: the book 1.57
    assert [round(one, 2) for one in (near.cpk, *near.cpk_interval)] == [1.33, 0.88, 1.78]


def test_capability_around_the_target() -> None:
    # Montgomery, figure 8.8: limits 35 and 65, target 50; process A (50, 5) and B (57.5, 2.5) have the same Cpk.
    a = capability_from_summary(mean=50, sigma=5, size=100, low=35, high=65, target=50)
    b = capability_from_summary(mean=57.5, sigma=2.5, size=100, low=35, high=65, target=50)

    assert (a.cp, a.cpk, a.cpm, a.cpmk) == (1, 1, 1, 1)
    assert (b.cp, b.cpk, round(b.cpm or 0, 2), round(b.cpmk or 0, 2)) == (2, 1, 0.63, 0.32)


@pytest.mark.parametrize(
    ("cp", "ppm"), [(0.5, 133_614), (1.0, 2_700), (1.1, 967), (1.2, 318), (1.3, 96), (1.4, 26.7), (1.5, 6.8)]
)
def test_rejects_of_a_centred_process(cp: float, ppm: float) -> None:
    made = capability_from_summary(mean=0, sigma=1, size=50, low=-3 * cp, high=3 * cp)  # Montgomery, table 8.2

    assert 1e6 * (made.below + made.above) == pytest.approx(ppm, rel=0.005)


def test_survival_of_freireich() -> None:
    # Freireich and others (1963), 6-mercaptopurine: weeks in remission, 9 relapses among 21; Kaplan–Meier in most textbooks.
    weeks = np.array([6, 6, 6, 7, 10, 13, 16, 22, 23, 6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35])

    made = survival(weeks, np.arange(21) < 9)

    assert made is not None
    assert made.time.tolist() == [6, 7, 10, 13, 16, 22, 23]
    assert np.round(made.share, 3).tolist() == [0.857, 0.807, 0.753, 0.69, 0.627, 0.538, 0.448]
    assert made.median == 23


def test_weibull_of_the_e_handbook() -> None:
    # e-Handbook 8.4.1.2: ten failures among 20 units, the test ended at 500 h; maximum likelihood.
    hours = np.array([54, 187, 216, 240, 244, 335, 361, 373, 375, 386] + [500] * 10)

    made = weibull_life(hours, hours < 500)
    other = fit_weibull(Lives(duration=hours.astype(float), failed=hours < 500))

    assert made is not None
    assert (round(made.shape, 4), round(other.shape.value, 4)) == (1.7208, 1.7208)
    assert [made.scale, other.scale.value] == pytest.approx([606.528, 606.528], abs=0.0005)


def test_mtbf_of_the_e_handbook() -> None:
    # e-Handbook 8.4.5.1, a test ended by time: two failures in 1,600 h, 90 % interval by chi-square.
    made = mtbf(np.array([600.0, 700.0, 300.0]), np.array([True, True, False]), confidence=0.9)

    assert made.value == 800
    assert made.low == pytest.approx(2 * 1600 / 12.5916, abs=0.01)  # chi-square 0.95 with 6 degrees of freedom
    assert made.high == pytest.approx(2 * 1600 / 0.710723, abs=0.01)  # 0.05 with 4


def test_oee_of_nakajima() -> None:
    # Nakajima, Introduction to TPM (1988): 460 min loading, 60 down, 0.5 min a piece, 400 pieces, 2 % rejects: 42.6 %.
    made = oee(planned_s=460 * 60, stop_s=60 * 60, ideal_cycle_s=30, total=400, rejects=8)

    assert [round(100 * (one or 0), 1) for one in (made.availability, made.performance, made.quality, made.oee)] == [
        87,
        50,
        98,
        42.6,
    ]


@pytest.mark.parametrize(
    ("n", "share", "k1"), [(10, 0.95, 2.911), (20, 0.95, 2.396), (30, 0.95, 2.220), (20, 0.99, 3.295)]
)
def test_one_sided_tolerance_factors(n: int, share: float, k1: float) -> None:
    assert tolerance_factor_one_sided(n, share=share, confidence=0.95) == pytest.approx(
        k1, abs=0.0006
    )  # Odeh and Owen (1980)


@pytest.mark.parametrize(
    ("n", "share", "k2"), [(10, 0.90, 2.856), (10, 0.95, 3.393), (20, 0.95, 2.760), (30, 0.99, 3.355)]
)
def test_two_sided_tolerance_factors(n: int, share: float, k2: float) -> None:
    made = tolerance_factor_two_sided(n, share=share, confidence=0.95, method="exact")  # Odeh and Owen (1980)

    assert made == pytest.approx(k2, abs=0.003)


@pytest.mark.parametrize(
    ("n", "one_sided"), [(5, 1.672), (8, 2.032), (10, 2.176), (20, 2.557), (30, 2.745), (50, 2.956)]
)
def test_critical_values_of_grubbs(n: int, one_sided: float) -> None:
    made = grubbs_test(np.arange(float(n)), side="upper")  # Grubbs and Beck (1972), Technometrics 14, 5 %

    assert made.critical == pytest.approx(one_sided, abs=0.0011)
