"""Where batches begin and end: by a column, spans, gaps, or the shape of the signal."""

import numpy as np
import pytest
from scipy.signal import lfilter

from jasang.analyze.batches import batches_by_column, batches_by_gaps, batches_by_shape, batches_by_spans


def sawtooth(rng: np.random.Generator, count: int, noise: float = 0.03) -> tuple[np.ndarray, list[int]]:
    """Tanks filled fast and emptied slowly, of 80 to 120 rows, and where each begins."""
    parts, starts = [], []
    at = 0
    for _ in range(count):
        length = int(rng.integers(80, 121))
        fill = length // 5
        parts.append(np.concatenate([np.linspace(0, 1, fill), np.linspace(1, 0, length - fill)]))
        starts.append(at)
        at += length
    signal = np.concatenate(parts)
    return signal + noise * rng.standard_normal(signal.size), starts


def test_runs_of_one_number_are_batches_also_when_it_comes_again() -> None:
    labels = np.repeat([1.0, 2.0, 1.0, np.nan, 3.0], [10, 9, 12, 10, 4])

    found = batches_by_column(labels)

    assert (found.starts.tolist(), found.ends.tolist(), found.names) == ([0, 10, 19], [10, 19, 31], ("1", "2", "1"))


def test_texts_without_a_name_are_no_batch() -> None:
    found = batches_by_column(["A"] * 8 + [None] * 9 + ["B"] * 8)

    assert (found.names, found.starts.tolist()) == (("A", "B"), [0, 17])


def test_spans_of_a_log_take_the_rows_inside_them() -> None:
    time = np.arange(0.0, 100.0)

    found = batches_by_spans(time, np.array([50.0, 10.0]), np.array([60.0, 30.0]))

    assert (found.starts.tolist(), found.ends.tolist(), found.how) == ([10, 50], [30, 60], "states")


def test_a_machine_that_records_only_while_it_works_has_batches_between_gaps() -> None:
    seconds = np.concatenate([np.arange(20) * 5.0, 3600 + np.arange(30) * 5.0])

    assert batches_by_gaps(seconds).lengths.tolist() == [20, 30]


def test_cycles_of_a_tank_are_found_where_they_begin() -> None:
    signal, starts = sawtooth(np.random.default_rng(1), 30)

    found = batches_by_shape(np.column_stack([np.random.default_rng(2).standard_normal(signal.size), signal]))

    assert found is not None
    assert found.signal == 1
    nearest = [min(abs(start - one) for one in found.starts) for start in starts[2:-2]]
    assert max(nearest) <= 8
    assert len(found.names) in (27, 28, 29)


def test_spikes_of_the_sensor_hide_no_cycle() -> None:
    rng = np.random.default_rng(3)
    signal, _ = sawtooth(rng, 30)
    signal[rng.integers(0, signal.size, 10)] = 12.0

    found = batches_by_shape(signal)

    assert found is not None
    assert len(found.names) >= 24


@pytest.mark.parametrize("memory", [0.0, 0.8, 0.98])
def test_a_continuous_process_has_no_cycles(memory: float) -> None:
    rng = np.random.default_rng(4)
    told = 0
    for _ in range(20):
        noise = lfilter([1.0], [1.0, -memory], rng.standard_normal((4000, 3)), axis=0)
        told += batches_by_shape(noise) is not None
    assert told == 0
