"""A chart with limits of its own in each phase, and EWMA and CUSUM tuned in the one call."""

import numpy as np
import pytest

from jasang.analyze import control_charts as charts

BEFORE = np.random.default_rng(11).normal(50, 1, 120)
AFTER = np.random.default_rng(12).normal(53, 2, 90)
BOTH, MOULD = np.concatenate([BEFORE, AFTER]), np.repeat(["M1", "M2"], [120, 90])


def test_each_phase_has_the_lines_that_it_has_alone() -> None:
    made = charts.control_chart_by_phase(BOTH, MOULD, kind="imr")

    for part, values in ((slice(0, 120), BEFORE), (slice(120, 210), AFTER)):
        alone = charts.control_chart(values, kind="imr")
        np.testing.assert_array_equal(made.upper[part], alone.upper)
        np.testing.assert_array_equal(made.rule_flags[:, part], alone.rule_flags)
    assert made.rows.tolist() == list(range(210))
    assert not made.alarms[118:124].any()
    assert charts.control_chart(BOTH, baseline=np.arange(210) < 120, kind="imr").alarms[120:].mean() > 0.5


def test_phases_with_subgroups() -> None:
    made = charts.control_chart_by_phase(BOTH, MOULD, kind="xbar_r", subgroups=charts.equal_blocks(BOTH, 5))

    assert made.points.size == 42
    assert made.spreads is not None
    assert made.centre[0] == pytest.approx(50, abs=0.4)
    assert made.centre[-1] == pytest.approx(53, abs=0.6)


def test_a_label_that_comes_back_is_a_phase_of_its_own_and_short_ones_are_none() -> None:
    assert charts.phase_starts(["a"] * 10 + ["b"] * 10 + ["a"] * 10, 30) == [0, 10, 20]
    assert charts.phase_starts(["a"] * 10 + ["b"] * 3 + ["a"] * 10, 23) == [0]
    with pytest.raises(ValueError, match="one phase label for every value"):
        charts.phase_starts(["a"], 5)


def test_ewma_and_cusum_take_weights_and_widths() -> None:
    ewma = charts.control_chart(BOTH, kind="ewma", weighting=charts.Weighting(weight=0.1, multiple=2.7, target=50.0))
    cusum = charts.control_chart(BOTH, kind="cusum", weighting=charts.Weighting(k=0.25, h=8.0, target=50.0))

    assert (ewma.centre[0], round(ewma.run_length)) == (50.0, round(charts.ewma_run_length(weight=0.1, multiple=2.7)))
    assert cusum.upper[0] == pytest.approx(8.0 * cusum.sigma)
    assert cusum.run_length == charts.cusum_run_length(k=0.25, h=8.0)
    assert charts.control_chart(BOTH, kind="ewma", weighting=charts.Weighting(weight=0.1)).run_length == pytest.approx(
        370
    )
    with pytest.raises(ValueError, match=r"weight of an EWMA must be in \(0, 1\]"):
        charts.control_chart(BOTH, kind="ewma", weighting=charts.Weighting(weight=3.0))
