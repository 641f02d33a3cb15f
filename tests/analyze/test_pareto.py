import numpy as np
import pytest

from jasang.analyze.pareto import pareto, pareto_counts


def test_bars_fall_and_accumulate() -> None:
    amounts = np.array([[1.0, 4.0, 0.0], [1.0, 4.0, 2.0]])

    bars = pareto(["a", "b", "c"], amounts, seed=1)

    assert [(bar.name, bar.amount) for bar in bars] == [("b", 8.0), ("a", 2.0), ("c", 2.0)]
    assert [bar.cumulative for bar in bars] == pytest.approx([8 / 12, 10 / 12, 1.0])
    assert all(bar.low <= bar.share <= bar.high for bar in bars)


def test_nothing_lost_gives_no_bars() -> None:
    assert pareto(["a"], np.zeros((3, 1)), seed=1) == ()
    assert pareto_counts(["a"], np.array([0])) == ()


def test_counts_have_wilson_intervals() -> None:
    """Wilson's interval for 20 of 100, as in Newcombe (1998): 0.1334 to 0.2888."""
    bars = pareto_counts(["ok", "flash"], np.array([80, 20]))

    assert (round(bars[1].low, 4), round(bars[1].high, 4)) == (0.1334, 0.2888)


def test_bootstrap_interval_covers_the_true_share() -> None:
    """95 % intervals of the top share over 60 days, 200 records; between 90 and 99 % must hold it."""
    rng = np.random.default_rng(5)
    covered = 0
    for seed in range(200):
        amounts = rng.gamma(1.0, [3.0, 1.0, 1.0], (60, 3))
        top = next(bar for bar in pareto(["a", "b", "c"], amounts, seed=seed, draws=300) if bar.name == "a")
        covered += top.low <= 0.6 <= top.high

    assert 180 <= covered <= 198
