"""The capability study: which distribution, is it stable, and do its intervals hold what they promise?"""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy import signal, stats

from jasang.analyze.capability import capability_study, memory_of, normality_test, shape_of, spread_of

Reference = Callable[[str], Path]


def autocorrelated(generator: np.random.Generator, n: int, phi: float) -> np.ndarray:
    noise = generator.standard_normal(n + 300) * np.sqrt(1.0 - phi**2)
    return np.asarray(signal.lfilter([1.0], [1.0, -phi], noise)[300:])


def test_study_of_piston_rings_gives_the_printed_indices(reference: Reference) -> None:
    rings = np.array(json.loads(reference("qcc_pistonrings_xbar.json").read_text())["data"])[:25].ravel()

    made = capability_study(rings, low=73.95, high=74.05, subgroups=5, within="range")

    # Sigma within from R̄/d₂ as in the printed case; its interval has the degrees of freedom of the ranges instead of n − 1.
    assert [f"{one.value:.2f}" for one in (made.cp, made.cpl, made.cpu, made.cpk)] == ["1.70", "1.74", "1.66", "1.66"]
    assert made.cp.low == pytest.approx(1.49, abs=0.05)
    assert (made.stable, made.shape.kind, made.expected_ppm.value < 5) == (True, "normal", True)


def test_study_of_flow_width_gives_the_printed_capability(real_data: Callable[[str], Path]) -> None:
    with (real_data("spc_textbook") / "montgomery_flow_width.csv").open() as file:
        rows = list(csv.reader(file))[1:]
    widths, samples = np.array([float(row[-1]) for row in rows]), [row[0] for row in rows]

    made = capability_study(widths, low=1.0, high=2.0, subgroups=samples, within="range")

    assert (f"{made.cp.value:.3f}", f"{made.spread.within:.4f}", made.stable) == ("1.192", "0.1398", True)


@pytest.mark.parametrize(
    ("n", "phi", "runs"), [(30, 0.0, 150), (200, 0.0, 120), (300, 0.7, 120)], ids=["small", "large", "memory"]
)
def test_intervals_hold_the_truth_as_often_as_stated(n: int, phi: float, runs: int) -> None:
    generator = np.random.default_rng(17)
    outside = stats.norm.cdf(-3) + stats.norm.sf(5)
    held = np.zeros(3)
    for _ in range(runs):
        made = capability_study(autocorrelated(generator, n, phi), low=-3.0, high=5.0)
        held += [
            made.ppk.low <= 1.0 <= made.ppk.high,
            made.pp.low <= 4.0 / 3.0 <= made.pp.high,
            made.expected_outside.low <= outside <= made.expected_outside.high,
        ]

    assert (held / runs).min() >= 0.90  # docs/statistics.md has the larger simulation
    assert held[0] < runs


def test_within_interval_of_subgroups_holds_the_truth_as_often_as_stated() -> None:
    generator = np.random.default_rng(23)
    held = 0
    for _ in range(120):
        values = generator.standard_normal(100) + np.repeat(0.5 * generator.standard_normal(20), 5)
        made = capability_study(values, low=-4.0, high=4.0, subgroups=5)
        held += made.cp.low <= 4.0 / 3.0 <= made.cp.high

    assert 0.90 <= held / 120 <= 1.0


def test_skewed_values_are_judged_on_the_scale_where_they_are_normal() -> None:
    generator = np.random.default_rng(2)
    limit = float(np.exp(1.2))  # three sigma of the logarithm
    held = wrong = 0
    for _ in range(60):
        values = np.exp(0.4 * generator.standard_normal(300))
        made = capability_study(values, high=limit)
        held += made.ppk.low <= 1.0 <= made.ppk.high
        plain = capability_study(values, high=limit, shape="normal")
        wrong += plain.ppk.low <= 1.0 <= plain.ppk.high

    assert held >= 53
    assert wrong <= 36  # what a normal study of the same values does


def test_test_of_normality_rejects_as_often_as_stated() -> None:
    generator = np.random.default_rng(31)

    rejected = sum(normality_test(values).p < 0.05 for values in generator.standard_normal((1500, 40)))
    rounded = sum(normality_test(np.round(values, 1)).p < 0.05 for values in generator.standard_normal((500, 400)))

    assert 0.035 <= rejected / 1500 <= 0.065
    assert rounded / 500 <= 0.08  # ties of rounding are no deviation


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("normal", lambda g: g.standard_normal(400)),
        ("box_cox", lambda g: g.gamma(2.0, size=400)),
        ("modulus", lambda g: g.standard_t(3, size=400)),
        ("quantile", lambda g: np.where(g.random(400) < 0.5, 0.0, 6.0) + g.standard_normal(400)),
    ],
)
def test_shape_is_chosen_by_the_test(kind: str, values: Callable[[np.random.Generator], np.ndarray]) -> None:
    assert shape_of(values(np.random.default_rng(5))).kind == kind


def test_memory_tells_what_values_are_worth() -> None:
    generator = np.random.default_rng(3)
    phi = 0.8
    worth = [memory_of(autocorrelated(generator, 2000, phi)) for _ in range(30)]

    assert np.median([one.for_mean for one in worth]) == pytest.approx(2000 * (1 - phi) / (1 + phi), rel=0.15)
    assert np.median([one.for_spread for one in worth]) == pytest.approx(2000 * (1 - phi**2) / (1 + phi**2), rel=0.15)
    assert memory_of(generator.standard_normal(2000)).order == 0


def test_between_and_within_are_told_apart() -> None:
    generator = np.random.default_rng(8)
    values = generator.standard_normal(5000) + np.repeat(2.0 * generator.standard_normal(1000), 5)

    made = spread_of(values, 5)

    assert (made.within, made.between) == (pytest.approx(1.0, rel=0.03), pytest.approx(2.0, rel=0.08))
    assert made.between_within == pytest.approx(np.hypot(made.within, made.between))


@pytest.mark.parametrize("method", ["pooled", "range", "standard_deviation"])
def test_each_way_to_the_spread_within_is_unbiased(method: str) -> None:
    generator = np.random.default_rng(4)

    found = [spread_of(values, 4, method=method).within for values in generator.standard_normal((300, 80))]  # type: ignore[arg-type]

    assert np.mean(found) == pytest.approx(1.0, abs=0.012)


@pytest.mark.parametrize(
    ("kind", "made"),
    [
        ("shift", lambda z: z + np.where(np.arange(z.size) >= 120, 1.5, 0.0)),
        ("drift", lambda z: z + np.linspace(0.0, 3.0, z.size)),
        ("spread", lambda z: z * np.where(np.arange(z.size) >= 120, 2.5, 1.0)),
        ("strays", lambda z: np.where(np.arange(z.size) % 67 == 0, 15.0, z)),
    ],
)
def test_unstable_process_is_told_with_kind_and_place(kind: str, made: Callable[[np.ndarray], np.ndarray]) -> None:
    values = made(np.random.default_rng(1).standard_normal(240))

    study = capability_study(values, low=-6.0, high=6.0)

    assert kind in [one.kind for one in study.instabilities]
    assert study.capable() is None
    if kind == "shift":
        assert abs(study.instabilities[0].first - 120) <= 15


@pytest.mark.parametrize("phi", [0.0, 0.7])
def test_stable_processes_pass(phi: float) -> None:
    generator = np.random.default_rng(40)

    refused = sum(not capability_study(autocorrelated(generator, 250, phi), low=-4.0).stable for _ in range(150))

    assert refused <= 5  # 1 % and less of 1,000: docs/statistics.md


def test_one_sided_study_has_its_side_only_and_judges_the_target() -> None:
    values = np.random.default_rng(6).normal(10.0, 1.0, 200)

    made = capability_study(values, high=14.0, target=9.0)

    assert (made.cp, made.pp, made.ppl, made.expected_below.value) == (None, None, None, 0.0)
    assert made.ppk.value == made.ppu.value == pytest.approx((14.0 - values.mean()) / (3 * values.std(ddof=1)))
    root = np.hypot(values.std(ddof=1), values.mean() - 9.0)
    assert (made.cpm.value, made.cpmk.value) == (
        pytest.approx(5.0 / (3 * root)),
        pytest.approx((14.0 - values.mean()) / (3 * root)),
    )


def test_observed_share_outside_is_exact_and_wider_where_rejects_come_in_runs() -> None:
    values = np.random.default_rng(9).standard_normal(1000)
    runs = values.copy()
    runs[100:140] = 9.0

    made, in_runs = (capability_study(one, high=3.5) for one in (values, runs))

    assert (made.observed_outside.count, made.observed_outside.low) == (0, 0.0)
    assert made.observed_outside.high == pytest.approx(1 - 0.025 ** (1 / 1000))
    exact = stats.beta.ppf([0.025, 0.975], [40, 41], [961, 960])
    assert in_runs.observed_outside.low < 0.7 * exact[0]
    assert in_runs.observed_outside.high > 1.3 * exact[1]


def test_lower_limit_at_zero_of_a_quantity_that_cannot_be_negative_is_never_passed() -> None:
    roundness = np.random.default_rng(10).gamma(2.0, 1.0, 400)

    made = capability_study(roundness, low=0.0, high=15.0)

    assert (made.shape.kind, made.expected_below.value) == ("box_cox", 0.0)
    assert made.ppk.value == made.ppu.value


def test_study_refuses_what_it_cannot_judge() -> None:
    with pytest.raises(ValueError, match="lower or an upper"):
        capability_study(np.arange(10.0))
    with pytest.raises(ValueError, match="at least 5 values, got 3"):
        capability_study(np.array([1.0, 2.0, np.nan, 3.0]), low=0.0)
    with pytest.raises(ValueError, match=r"all 6 values are 2\.0"):
        capability_study(np.full(6, 2.0), low=0.0)
