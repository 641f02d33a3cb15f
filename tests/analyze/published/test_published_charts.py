"""Worked examples of control charts in textbooks and papers, to the digits printed there."""

import numpy as np
import pytest

from jasang.analyze import control_charts as charts
from jasang.analyze.run_rules import nelson_rules


def numbers(words: str) -> list[float]:
    return [float(word) for word in words.split()]


# Montgomery, Introduction to Statistical Quality Control, table 9.1: 20 values around 10, ten around 11, sigma 1.
SHIFTED = np.array(
    [
        9.45,
        7.99,
        9.29,
        11.66,
        12.16,
        10.18,
        8.04,
        11.46,
        9.2,
        10.34,
        9.03,
        11.47,
        10.51,
        9.4,
        10.08,
        9.37,
        10.62,
        10.31,
        8.52,
        10.84,
        10.9,
        9.33,
        12.29,
        11.5,
        10.6,
        11.08,
        10.38,
        11.62,
        11.31,
        10.52,
    ]
)
# Montgomery, the vane-opening example: 20 samples of five.
VANES = np.array(
    [
        33,
        29,
        31,
        32,
        33,
        33,
        31,
        35,
        37,
        31,
        35,
        37,
        33,
        34,
        36,
        30,
        31,
        33,
        34,
        33,
        33,
        34,
        35,
        33,
        34,
        38,
        37,
        39,
        40,
        38,
        30,
        31,
        32,
        34,
        31,
        29,
        39,
        38,
        39,
        39,
        28,
        33,
        35,
        36,
        43,
        38,
        33,
        32,
        35,
        32,
        28,
        30,
        28,
        32,
        31,
        31,
        35,
        35,
        35,
        34,
        27,
        32,
        34,
        35,
        37,
        33,
        33,
        35,
        37,
        36,
        35,
        37,
        32,
        35,
        39,
        33,
        33,
        27,
        31,
        30,
        35,
        34,
        34,
        30,
        32,
        32,
        33,
        30,
        30,
        33,
        25,
        27,
        34,
        27,
        28,
        35,
        35,
        36,
        33,
        30,
    ],
    dtype=float,
).reshape(20, 5)


def test_tabular_cusum_of_montgomery() -> None:
    made = charts.cusum_chart(SHIFTED, target=10, sigma=1, k=0.5, h=5)

    assert np.round(made.above, 2).tolist() == (
        [
            0,
            0,
            0,
            1.16,
            2.82,
            2.5,
            0.04,
            1.0,
            0,
            0,
            0,
            0.97,
            0.98,
            0,
            0,
            0,
            0.12,
            0,
            0,
            0.34,
            0.74,
            0,
            1.79,
            2.79,
            2.89,
            3.47,
            3.35,
            4.47,
            5.28,
            5.3,
        ]
    )
    assert np.round(made.below, 2).tolist() == (
        [0.05, 1.56, 1.77, 0, 0, 0, 1.46, 0, 0.3, 0, 0.47, 0, 0, 0.1, 0, 0.13, 0, 0, 0.98, 0, 0, 0.17] + [0] * 8
    )
    assert (np.flatnonzero(made.alarms) + 1).tolist() == [29, 30]
    assert int(made.since_above[28]) == 7  # the shift began after point 22
    assert made.estimated_mean(28) == pytest.approx(11.25, abs=0.005)


def test_cusum_with_a_head_start_of_montgomery() -> None:
    made = charts.cusum_chart(
        np.array([102.0, 97, 104, 93, 100, 105, 96, 98, 105, 99]), target=100, sigma=6, k=0.5, h=2, head_start=0.5
    )

    assert made.above.tolist() == [5, 0, 1, 0, 0, 2, 0, 0, 2, 0]
    assert made.below.tolist() == [1, 1, 0, 4, 1, 0, 1, 0, 0, 0]


def test_ewma_of_montgomery() -> None:
    made = charts.ewma_chart(SHIFTED, target=10, sigma=1, weight=0.1, multiple=2.7)

    assert np.round(made.points[:4], 4).tolist() == [9.945, 9.7495, 9.7036, 9.8992]
    assert np.round(made.points[-2:], 4).tolist() == [10.6468, 10.6341]
    assert np.round(made.limits.upper[[0, 1, -1]], 2).tolist() == [10.27, 10.36, 10.62]
    assert np.round(made.limits.lower[[0, 1, -1]], 2).tolist() == [9.73, 9.64, 9.38]
    assert (np.flatnonzero(made.alarms) + 1).tolist() == [29, 30]


def test_cusum_of_the_e_handbook() -> None:
    # e-Handbook 6.3.2.3: target 325, k = 0.3175 and h = 4.1959 in the unit of the data; the first signal at 14.
    values = np.array(
        [
            324.925,
            324.675,
            324.725,
            324.35,
            325.35,
            325.225,
            324.125,
            324.525,
            325.225,
            324.6,
            324.625,
            325.15,
            328.325,
            327.25,
            327.825,
            328.5,
            326.675,
            327.775,
            326.875,
            328.35,
        ]
    )

    made = charts.cusum_chart(values, target=325, sigma=0.635, k=0.5, h=4.1959 / 0.635)

    assert np.round(made.above[4:6], 4).tolist() == [0.0325, 0.0]
    assert int(np.argmax(made.alarms)) + 1 == 14
    assert made.above[-1] == pytest.approx(18.8375, abs=0.3)  # the handbook prints rounded steps


def test_mean_and_range_of_the_vanes_are_revised_as_in_the_book() -> None:
    first = charts.mean_range_chart(VANES)
    out = first.location.beyond(first.points) | first.spread.beyond(first.spreads)

    assert (round(first.location.centre, 2), round(first.spread.centre, 1)) == (33.32, 5.8)
    assert (round(float(first.location.upper), 2), round(float(first.location.lower), 2)) == (36.67, 29.97)
    assert (round(float(first.spread.upper), 2), (np.flatnonzero(out) + 1).tolist()) == (12.26, [6, 8, 9, 11, 19])
    revised = charts.mean_range_chart(VANES[~out])
    assert (round(revised.location.centre, 2), round(revised.spread.centre, 1)) == (33.21, 5.0)
    assert revised.location.sigma == pytest.approx(2.15, abs=0.005)  # R̄ / d₂


def test_individuals_chart_of_loan_costs() -> None:
    cost = [310, 288, 297, 298, 307, 303, 294, 297, 308, 306, 294, 299, 297, 299, 314, 295, 293, 306, 301, 304]

    made = charts.individuals_chart(np.array(cost), d2=1.128)

    assert (made.location.centre, round(made.spread.centre, 2)) == (300.5, 7.79)
    assert (round(float(made.location.upper), 2), round(float(made.location.lower), 2)) == (321.22, 279.78)
    assert not made.location.beyond(np.array(cost)).any()


def test_p_chart_of_purchase_orders_with_samples_of_different_sizes() -> None:
    late = np.array([12, 8, 6, 9, 10, 12, 11, 16, 10, 6, 20, 15, 9, 8, 6, 8, 10, 7, 5, 8, 5, 8, 10, 6, 9])
    orders = np.array(
        [100, 80, 80, 100, 110, 110, 100, 100, 90, 90, 110, 120, 120, 120, 110] + [80] * 3 + [90] + [100] * 4 + [90] * 2
    )

    made = charts.p_chart(late, orders)

    assert (late.sum(), orders.sum(), round(made.centre, 3)) == (234, 2450, 0.096)
    by_size = {
        int(n): (round(float(low), 3), round(float(high), 3))
        for n, low, high in zip(orders, made.lower, made.upper, strict=True)
    }
    assert by_size == {80: (0, 0.194), 90: (0.003, 0.188), 100: (0.007, 0.184), 110: (0.011, 0.18), 120: (0.015, 0.176)}
    assert (np.flatnonzero(made.beyond(late / orders)) + 1).tolist() == [11]


def test_u_chart_of_dyed_cloth_with_areas_of_different_sizes() -> None:
    defects = np.array([14, 12, 20, 11, 7, 10, 21, 16, 19, 23])
    area = np.array([10, 8, 13, 10, 9.5, 10, 12, 10.5, 12, 12.5])

    made = charts.u_chart(defects, area)

    assert round(made.centre, 2) == 1.42
    # The book works with 1.42; with the whole mean the third digit may differ by one.
    printed = [2.55, 2.68, 2.41, 2.55, 2.58, 2.55, 2.45, 2.52, 2.45, 2.43]
    assert made.upper == pytest.approx(printed, abs=0.011)
    assert made.lower == pytest.approx([0.29, 0.16, 0.43, 0.29, 0.26, 0.29, 0.39, 0.32, 0.39, 0.41], abs=0.005)


# Lucas and Saccucci (1990), Technometrics 32: weight, width, run lengths after shifts of 0, 0.5, 1, 2 and 4 sigma.
@pytest.mark.parametrize(
    ("weight", "multiple", "lengths"),
    [
        (0.4, 3.054, [500, 71.2, 14.3, 3.5, 1.4]),
        (0.25, 2.998, [500, 48.2, 11.1, 3.6, 1.7]),
        (0.2, 2.962, [500, 41.8, 10.5, 3.7, 1.9]),
        (0.1, 2.814, [500, 31.3, 10.3, 4.4, 2.2]),
        (0.05, 2.615, [500, 28.8, 11.4, 5.2, 2.7]),
    ],
)
def test_run_lengths_of_the_ewma(weight: float, multiple: float, lengths: list[float]) -> None:
    ours = [charts.ewma_run_length(weight=weight, multiple=multiple, shift=shift) for shift in (0, 0.5, 1, 2, 4)]

    assert ours[0] == pytest.approx(lengths[0], abs=0.5)
    assert ours[1:] == pytest.approx(lengths[1:], abs=0.11)


@pytest.mark.parametrize(("k", "h"), [(0.25, 8.01), (0.5, 4.77), (0.75, 3.34), (1.0, 2.52), (1.25, 1.99), (1.5, 1.61)])
def test_decision_intervals_of_hawkins(k: float, h: float) -> None:
    assert charts.cusum_decision(k=k, run_length=370) == pytest.approx(h, abs=0.011)  # Hawkins (1993), run length 370


# Champ and Woodall (1987), Technometrics 29, table 1: rule 2 with eight in a row.
@pytest.mark.parametrize(
    ("rules", "length", "after_one_sigma"),
    [
        ((1,), 370.40, 43.89),
        ((1, 5), 225.44, 20.01),
        ((1, 6), 166.05, 12.66),
        ((1, 2), 152.73, 14.58),
        ((1, 5, 6), 132.89, 10.95),
        ((1, 2, 5), 122.05, 11.73),
        ((1, 2, 6), 105.78, 10.19),
        ((1, 2, 5, 6), 91.75, 9.22),
    ],
)
def test_run_lengths_of_the_western_electric_rules(
    rules: tuple[int, ...], length: float, after_one_sigma: float
) -> None:
    assert charts.rule_run_length(rules, run_of=8) == pytest.approx(length, abs=0.005)
    assert charts.rule_run_length(rules, shift=1.0, run_of=8) == pytest.approx(after_one_sigma, abs=0.006)


def test_exact_run_lengths_are_those_of_the_rules_as_applied() -> None:
    generator = np.random.default_rng(5)
    lengths = []
    for values in generator.standard_normal((1500, 900)):
        alarms = nelson_rules(values, centre=0.0, sigma=1.0, rules=(1, 2, 5, 6), run_of=8).any(axis=0)
        lengths.append(int(np.argmax(alarms)) + 1 if alarms.any() else 900)

    assert np.mean(lengths) == pytest.approx(91.75, rel=0.08)  # three standard errors


def test_other_rules_refuse_another_number_of_points_on_one_side() -> None:
    with pytest.raises(ValueError, match="run_of = 8 goes with rules 1, 2, 5 and 6"):
        charts.rule_run_length((1, 2, 3), run_of=8)


def test_hotelling_limits_of_montgomery() -> None:
    # Example 11.1: two variables, 20 samples of ten, alpha 0.001: 13.72 in phase I, 15.16 in phase II.
    made = charts.hotelling_subgroups(np.random.default_rng(0).normal(size=(20, 10, 2)), confidence=0.999)

    assert (round(made.limit, 2), round(made.next_limit, 2)) == (13.72, 15.17)


# Prabhu and Runger (1997), Journal of Quality Technology 29: limits for a run length of 200.
@pytest.mark.parametrize(
    ("variables", "weight", "limit"),
    [
        (2, 0.05, 7.35),
        (2, 0.2, 9.65),
        (3, 0.1, 10.79),
        (4, 0.05, 11.22),
        (6, 0.1, 16.27),
        (10, 0.1, 22.67),
        (15, 0.2, 31.59),
    ],
)
def test_limits_of_the_mewma(variables: int, weight: float, limit: float) -> None:
    assert charts.mewma_limit(variables=variables, weight=weight, run_length=200) == pytest.approx(limit, abs=0.011)


def test_mewma_of_lowry_and_others() -> None:
    # Lowry, Woodall, Champ and Rigdon (1992), table 1: correlation 0.5, weight 0.1, limit 8.66; the signal comes at 10.
    values = [
        (-1.19, 0.59),
        (0.12, 0.9),
        (-1.69, 0.4),
        (0.3, 0.46),
        (0.89, -0.75),
        (0.82, 0.98),
        (-0.3, 2.28),
        (0.63, 1.75),
    ]
    covariance = np.array([[1.0, 0.5], [0.5, 1.0]])

    made = charts.mewma_chart(
        np.array([*values, (1.56, 1.58), (1.46, 3.05)]),
        centre=np.zeros(2),
        covariance=covariance,
        weight=0.1,
        limit=8.66,
    )

    assert (np.flatnonzero(made.alarms) + 1).tolist() == [10]


@pytest.mark.parametrize(("shift", "length"), [(0.5, 28.07), (1.0, 10.15), (1.5, 6.11), (2.0, 4.42), (3.0, 2.93)])
def test_run_lengths_of_the_mewma_after_a_shift(shift: float, length: float) -> None:
    # Prabhu and Runger (1997): two variables, weight 0.1, limit 8.64.
    assert charts.mewma_run_length(variables=2, weight=0.1, limit=8.64, shift=shift) == pytest.approx(length, rel=0.01)


def test_first_points_of_the_mewma_with_their_own_covariance() -> None:
    values = np.array([[1.0, 1.0], [0.0, 0.0]])

    made = charts.mewma_chart(values, centre=np.zeros(2), covariance=np.eye(2), weight=0.1, limit=8.66, limits="exact")

    assert made.points == pytest.approx([2.0, 2 * 0.09**2 / (0.1 / 1.9 * (1 - 0.9**4))])
