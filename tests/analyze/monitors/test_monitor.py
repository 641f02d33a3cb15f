"""A monitor keeps the false-alarm rate it was asked for on data it has not seen, and sees what changed."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from jasang.analyze.monitors import fresh, score, train_monitor


def _process(rows: int, seed: int, variables: int = 6, phi: float = 0.7) -> np.ndarray:
    """Correlated signals with memory: a vector autoregression driven by common and own noise."""
    rng = np.random.default_rng(seed)
    mixing = np.random.default_rng(99).normal(size=(2, variables))
    noise = rng.normal(size=(rows + 200, 2)) @ mixing + 0.5 * rng.normal(size=(rows + 200, variables))
    values = np.zeros_like(noise)
    for row in range(1, noise.shape[0]):
        values[row] = phi * values[row - 1] + noise[row]
    return values[200:]


@pytest.mark.parametrize("rows", [400, 3000])
def test_false_alarm_rate_on_fresh_data_is_at_most_the_one_asked_for(rows: int) -> None:
    rates = []
    for seed in range(8):
        monitor = train_monitor(_process(rows, seed))
        rates.append(score(monitor, _process(6000, 1000 + seed)).alarm.mean())

    assert np.mean(rates) <= 0.01
    assert sum(rate > 0.01 for rate in rates) <= 1  # 90 % of monitors promise it


def test_memory_grows_with_what_the_data_can_afford() -> None:
    assert train_monitor(_process(300, 1)).memories == (1, 6, 20)
    assert train_monitor(_process(300, 1)).unaffordable == (65, 200, 400)
    assert train_monitor(_process(5000, 1)).memories == (1, 6, 20, 65, 200, 400)


def test_shift_of_one_signal_is_seen_within_a_few_rows() -> None:
    monitor = train_monitor(_process(2000, 1))
    broken = _process(300, 2)
    broken[100:, 3] += 4.0

    alarm = score(monitor, broken).alarm

    assert alarm[:100].sum() == 0
    assert int(np.argmax(alarm)) <= 102


def test_change_of_correlation_alone_is_seen() -> None:
    monitor = train_monitor(_process(3000, 1))
    # Each signal keeps its own distribution; only the company they keep is gone.
    broken = np.column_stack([_process(600, 10 + place)[:, place] for place in range(6)])

    assert score(monitor, broken).alarm[50:].mean() > 0.95


@pytest.mark.parametrize(("levels", "smoothing"), [(False, 1), (True, 20)])
def test_rows_one_at_a_time_score_as_rows_together(levels: bool, smoothing: int) -> None:
    monitor = train_monitor(_process(1000, 1), levels=levels, smoothing=smoothing)
    rows = _process(120, 2)
    rows[40, 1] = np.nan
    rows[41, :3] = np.nan
    rows[80:, 2] += 6.0
    state = fresh(monitor)

    together = score(monitor, rows).score
    single = np.concatenate([score(monitor, row[None, :], state=state).score for row in rows])

    np.testing.assert_allclose(single, together, rtol=1e-11)


def test_single_rows_and_stretches_may_follow_each_other() -> None:
    monitor = train_monitor(_process(1000, 1), levels=True, smoothing=5)
    rows = _process(200, 2)
    state = fresh(monitor)
    parts = [rows[:50], rows[50:51], rows[51:52], rows[52:150], *rows[150:, None, :]]

    scores = [score(monitor, part, state=state) for part in parts]

    together = score(monitor, rows)
    np.testing.assert_allclose(np.concatenate([one.score for one in scores]), together.score, rtol=1e-11)
    np.testing.assert_array_equal(np.concatenate([one.leading for one in scores]), together.leading)
    np.testing.assert_allclose(np.vstack([one.residuals for one in scores]), together.residuals, rtol=1e-9, atol=1e-12)


def test_level_keeps_the_alarm_while_a_variable_stands_off() -> None:
    settled = _process(400, 2)
    settled[100:, 3] += 6.0

    monitor = train_monitor(_process(2000, 1), levels=True, smoothing=20)

    assert score(monitor, settled).alarm[130:].mean() > 0.95
    assert score(monitor, _process(4000, 3)).alarm.mean() <= 0.01


def test_constant_missing_and_copied_columns_are_left_out_with_the_reason() -> None:
    values = np.column_stack(
        [_process(500, 1), np.full(500, 3.0), np.full(500, np.nan), _process(500, 1)[:, 0] * 2.0 + 1.0]
    )

    monitor = train_monitor(values, names=["a", "b", "c", "d", "e", "f", "still", "empty", "twin"])

    assert monitor.names == ("a", "b", "c", "d", "e", "f")
    assert monitor.left_out == (("still", "constant"), ("empty", "missing"), ("twin", "copy"))


def test_too_little_data_is_refused_with_the_number_needed() -> None:
    with pytest.raises(ValueError, match="6 variables need at least 100 rows of normal data, got 80"):
        train_monitor(_process(80, 1))


def test_tennessee_eastman_faults_are_detected_with_500_normal_rows(real_data: Callable[[str], Path]) -> None:
    folder = real_data("tep")
    normal = np.loadtxt(folder / "d00.dat.gz").T  # stored transposed
    monitor = train_monitor(normal)

    rates = {}
    for fault in (1, 2, 4, 5, 6, 7, 8, 11, 14, 17, 20):
        alarm = score(monitor, np.loadtxt(folder / f"d{fault:02d}_te.dat.gz")).alarm
        rates[fault] = alarm[160:].mean()

    assert score(monitor, np.loadtxt(folder / "d00_te.dat.gz")).alarm.mean() <= 0.02
    assert np.mean(list(rates.values())) >= 0.965
    assert min(rates.values()) >= 0.9
