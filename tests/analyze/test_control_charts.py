"""Control charts against printed results, and limits for autocorrelated values against a simulation."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy.signal import lfilter

from jasang.analyze import control_charts as charts

Reference = Callable[[str], Path]


def agrees(value: float, printed: str) -> bool:
    """The value lies within half a unit of the last printed digit."""
    digits = len(printed.partition(".")[2])
    return abs(value - float(printed)) <= 0.5000001 * 10.0**-digits


def case(reference: Reference, name: str) -> dict:
    return json.loads(reference(f"{name}.json").read_text())


@pytest.mark.parametrize("factor", ["d2", "d3", "c4", "A2", "A3", "D3", "D4", "B3", "B4"])
def test_chart_factors_match_high_precision(reference: Reference, factor: str) -> None:
    published = case(reference, "chart_constants")["expected_high_precision"][factor].split()

    made = [charts.chart_factors(n)[factor] for n in range(2, 11)]

    assert made == pytest.approx([float(text) for text in published], abs=2e-10)


def test_individuals_chart_matches_handbook(reference: Reference) -> None:
    known = case(reference, "hb_imr")

    printed = charts.individuals_chart(np.array(known["data"]), d2=1.128)
    exact = charts.individuals_chart(np.array(known["data"]))

    assert agrees(printed.location.centre, known["expected"]["mean"])
    assert agrees(printed.spread.centre, known["expected"]["mr_bar"])
    assert agrees(float(printed.location.upper), known["expected"]["ucl"])
    assert agrees(float(printed.location.lower), known["expected"]["lcl"])
    assert float(exact.location.upper) == pytest.approx(55.802411680050537, rel=1e-13)
    assert float(exact.location.lower) == pytest.approx(45.817588319949463, rel=1e-13)


def test_individuals_chart_matches_viscosity_with_both_sigmas(reference: Reference) -> None:
    known = case(reference, "qcc_viscosity")
    values = np.array(known["data"]["x"])[np.array(known["data"]["trial"])]
    printed = known["expected"]

    ranges = charts.individuals_chart(values, d2=1.128)
    deviation = charts.individuals_chart(values, sigma_from="standard_deviation")

    assert agrees(ranges.location.centre, printed["center"])
    assert agrees(ranges.location.sigma, printed["sigma_mr"])
    assert agrees(float(ranges.location.lower), printed["lcl_mr"])
    assert agrees(float(ranges.location.upper), printed["ucl_mr"])
    assert agrees(deviation.location.sigma, printed["sigma_sd_c4"])
    assert agrees(float(deviation.location.lower), printed["lcl_sd"])
    assert agrees(float(deviation.location.upper), printed["ucl_sd"])


def test_individuals_phase_one_leaves_batch_four_out(reference: Reference) -> None:
    known = case(reference, "qcc_viscosity")
    values = np.array(known["data"]["x"])[np.array(known["data"]["trial"])]

    limits, excluded = charts.phase_one(values, lambda kept: charts.individuals_chart(values[kept], d2=1.128).location)

    assert np.flatnonzero(excluded).tolist() == [3]
    assert agrees(limits.centre, known["expected"]["center_without_batch4"])
    assert agrees(limits.sigma, known["expected"]["sigma_mr_without_batch4"])
    assert agrees(float(limits.lower), known["expected"]["lcl_without_batch4"])
    assert agrees(float(limits.upper), known["expected"]["ucl_without_batch4"])


def test_mean_charts_match_piston_rings(reference: Reference) -> None:
    known = case(reference, "qcc_pistonrings_xbar")
    rings = np.array(known["data"])[:25]
    printed = known["expected"]

    by_range = charts.mean_range_chart(rings, d2=2.326)
    by_deviation = charts.mean_deviation_chart(rings)

    assert agrees(by_range.location.centre, printed["xbar_center"])
    assert agrees(by_range.location.sigma, printed["sigma_within_R"])
    assert agrees(float(by_range.location.lower), printed["xbar_lcl"])
    assert agrees(float(by_range.location.upper), printed["xbar_ucl"])
    assert agrees(by_range.spread.centre, printed["r_center"])
    assert float(by_range.spread.lower) == 0.0
    assert float(by_range.spread.upper) == pytest.approx(float(printed["r_ucl"]), abs=2e-6)  # qcc rounds d3
    assert agrees(by_deviation.spread.centre, printed["s_center"])
    assert agrees(by_deviation.location.sigma, printed["sigma_within_S"])
    assert float(by_deviation.spread.lower) == 0.0
    assert agrees(float(by_deviation.spread.upper), printed["s_ucl"])


def test_mean_range_chart_matches_flow_width(real_data: Callable[[str], Path]) -> None:
    with (real_data("spc_textbook") / "montgomery_flow_width.csv").open() as file:
        rows = list(csv.reader(file))[1:]
    widths = np.array([float(row[-1]) for row in rows]).reshape(25, 5)

    chart = charts.mean_range_chart(widths)
    by_hand = charts.mean_range_chart(widths, rounded=True)

    assert agrees(float(by_hand.location.upper), "1.6933")  # the book rounds on the way and prints 1.69325
    assert agrees(float(by_hand.location.lower), "1.3180")
    assert agrees(float(by_hand.spread.upper), "0.6875")
    assert agrees(by_hand.location.sigma, "0.1398")
    assert agrees(chart.location.centre, "1.5056")
    assert agrees(chart.spread.centre, "0.32521")
    assert float(chart.location.upper) == pytest.approx(1.69325, abs=2e-4)  # the book uses A2 = 0.577
    assert float(chart.location.lower) == pytest.approx(1.31795, abs=2e-4)
    assert float(chart.spread.upper) == pytest.approx(0.68749, abs=2e-4)
    assert agrees(chart.location.sigma, "0.1398")


def test_p_chart_matches_orange_juice_and_revision(reference: Reference) -> None:
    known = case(reference, "qcc_orangejuice")
    trial = np.array(known["data"]["trial"])
    defects = np.array(known["data"]["D"], dtype=float)[trial]
    sizes = np.array(known["data"]["size"], dtype=float)[trial]
    printed = known["expected"]

    first = charts.p_chart(defects, sizes)
    revised = charts.p_chart(np.delete(defects, [14, 22]), np.delete(sizes, [14, 22]))

    assert agrees(first.centre, printed["p_center"])
    assert agrees(first.sigma, printed["p_sd"])
    assert agrees(float(first.lower[0]), printed["p_lcl"])
    assert agrees(float(first.upper[0]), printed["p_ucl"])
    assert agrees(first.centre * 50, printed["np_center"])
    assert agrees(first.sigma * 50, printed["np_sd"])
    assert agrees(float(first.lower[0]) * 50, printed["np_lcl"])
    assert agrees(float(first.upper[0]) * 50, printed["np_ucl"])
    assert np.flatnonzero(first.beyond(defects / sizes)).tolist() == [14, 22]
    assert agrees(revised.centre, printed["p_center_revised"])
    assert agrees(revised.sigma, printed["p_sd_revised"])
    assert agrees(float(revised.lower[0]), printed["p_lcl_revised"])
    assert agrees(float(revised.upper[0]), printed["p_ucl_revised"])


def test_laney_chart_of_overdispersed_days_keeps_its_false_alarm_rate() -> None:
    generator = np.random.default_rng(11)
    sizes = np.full(4000, 2000.0)
    rates = np.clip(generator.normal(0.05, 0.01, sizes.size), 0.001, 1)
    defects = generator.binomial(2000, rates).astype(float)

    plain = charts.p_chart(defects, sizes).beyond(defects / sizes).mean()
    laney = charts.p_chart(defects, sizes, laney=True).beyond(defects / sizes).mean()

    assert plain > 0.10  # two samples of three sigma each would alarm every tenth day
    assert laney < 0.006


def test_c_chart_matches_handbook(reference: Reference) -> None:
    known = case(reference, "hb_c_chart")
    counts = np.array(known["data"], dtype=float)

    chart = charts.c_chart(counts)

    assert agrees(chart.centre, known["expected"]["center"])
    assert agrees(float(chart.upper), known["expected"]["ucl"])
    assert agrees(float(chart.lower), known["expected"]["lcl"])
    assert (np.flatnonzero(chart.beyond(counts)) + 1).tolist() == [24]


def test_c_and_u_charts_match_textbook(real_data: Callable[[str], Path]) -> None:
    folder = real_data("spc_textbook") / "montgomery_qcc"
    boards = [line.split() for line in (folder / "circuit.txt").read_text().splitlines()]
    counts = np.array([float(row[boards[0].index("x")]) for row in boards[1:27]])
    computers = [line.split() for line in (folder / "pcmanufact.txt").read_text().splitlines()]
    found = np.array([float(row[computers[0].index("x")]) for row in computers[1:]])
    size = np.array([float(row[computers[0].index("size")]) for row in computers[1:]])

    c = charts.c_chart(counts)
    u = charts.u_chart(found, size)

    assert agrees(c.centre, "19.85")
    assert agrees(float(c.upper), "33.21")
    assert agrees(float(c.lower), "6.48")
    assert (np.flatnonzero(c.beyond(counts)) + 1).tolist() == [6, 20]
    assert (agrees(u.centre, "1.93"), agrees(u.upper[0], "3.79"), agrees(u.lower[0], "0.07")) == (True, True, True)


@pytest.mark.parametrize("phi", [0.0, 0.5, 0.9])
def test_autocorrelated_limits_alarm_as_often_as_stated(phi: float) -> None:
    generator = np.random.default_rng(7)
    noise = generator.standard_normal((300, 900))
    values = lfilter([np.sqrt(1 - phi**2)], [1, -phi], noise, axis=1)
    trial, later = values[:, 300:500], values[:, 500:]

    usual = np.mean([charts.individuals_chart(a).location.beyond(b).mean() for a, b in zip(trial, later, strict=True)])
    allowed = np.mean([charts.autocorrelated_chart(a).beyond(b).mean() for a, b in zip(trial, later, strict=True)])

    assert allowed < 0.0027 * 4  # 0.27 % with known sigma; limits from 200 values are a little too narrow or too wide
    assert phi < 0.9 or usual > 0.3


def test_charts_refuse_nonsense() -> None:
    with pytest.raises(ValueError, match="at least 2 values, got 1"):
        charts.individuals_chart(np.array([1.0, np.nan]))
    with pytest.raises(ValueError, match=r"shape \(groups, n\)"):
        charts.mean_range_chart(np.array([1.0, 2.0]))
    with pytest.raises(ValueError, match="between 0 and their sizes"):
        charts.p_chart(np.array([3.0]), np.array([2.0]))
    with pytest.raises(ValueError, match="2 to 1000 values, got n = 1"):
        charts.range_constants(1)
