"""The rule tells when signals stop going together, and stays quiet on healthy machines."""

import numpy as np
import polars as pl
import pytest
from tests.diagnose.tables import evidence, minutes, table_data

from jasang.diagnose.evidence_base import EvidenceBase
from jasang.diagnose.rules.monitor_alarm import RULE
from jasang.plant.factory import Kind, Role


def _machine(rows: int, seed: int, *, phi: float = 0.8, signals: int = 6) -> np.ndarray:
    """A machine with two hidden states that all signals follow, a daily cycle, and noise of their own."""
    rng = np.random.default_rng(seed)
    states = np.zeros((rows, 2))
    pushes = rng.normal(size=(rows, 2))
    for row in range(1, rows):
        states[row] = phi * states[row - 1] + pushes[row]
    day = np.sin(2 * np.pi * np.arange(rows) / 288.0)[:, None] * rng.uniform(0.0, 0.5, signals)
    return 100.0 + states @ rng.normal(size=(2, signals)) + day + 0.4 * rng.normal(size=(rows, signals))


def _evidence(values: np.ndarray) -> EvidenceBase:
    frame = pl.DataFrame(
        {"time": minutes(values.shape[0], step=5.0)} | {f"s{i + 1}": values[:, i] for i in range(values.shape[1])}
    )
    return evidence(table_data(frame, {"time": Role.TIME}, kind=Kind.SIGNALS, file="signals.csv", time="time"))


def _broken(seed: int) -> np.ndarray:
    """The third signal keeps its own distribution but no longer follows the others from row 2,000 on."""
    values = _machine(3000, seed)
    values[2000:, 2] = _machine(3000, seed)[::-1][:1000, 2]
    return values


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_signal_that_no_longer_follows_the_others_is_told_with_its_onset(seed: int) -> None:
    base = _evidence(_broken(seed))

    (finding,) = RULE.check(base)

    assert finding.causes[0].column == "s3"
    assert finding.since is not None
    onset = (np.datetime64(finding.since.replace(tzinfo=None), "us") - minutes(1)[0]) / np.timedelta64(5, "m")
    assert abs(onset - 2000) <= 20
    assert finding.until is None
    assert len(finding.charts) == 2


@pytest.mark.parametrize("phi", [0.0, 0.8, 0.97])
def test_healthy_machines_are_not_blamed(phi: float) -> None:
    told = [finding for seed in range(7) for finding in RULE.check(_evidence(_machine(2500, 100 + seed, phi=phi)))]

    assert told == []


def test_short_record_or_few_signals_yield_nothing() -> None:
    assert list(RULE.check(_evidence(_broken(1)[1700:2200]))) == []
    assert list(RULE.check(_evidence(_broken(1)[:, :3]))) == []
