"""The rule tells bad and last batches that leave the golden course, and stays quiet on healthy and continuous machines."""

import numpy as np
import polars as pl
import pytest
from tests.diagnose.batch_plants import batch_machine
from tests.diagnose.tables import evidence, minutes, table_data

from jasang.diagnose.finding import Severity
from jasang.diagnose.rules.golden_batch import RULE
from jasang.plant.factory import Kind, Role


@pytest.mark.parametrize("seed", range(4))
def test_bad_batches_that_leave_the_course_are_told_with_signal_and_place(seed: int) -> None:
    (finding,) = RULE.check(batch_machine(seed, judged=True, cause=True, memory=0.5))

    assert finding.subject.column == "s2"
    assert finding.severity is Severity.WATCH  # at two thirds of the batch it is late to act
    assert finding.evidence[0].value > 0.8
    assert [cause.column for cause in finding.causes] == ["s2"]
    assert 0.6 < float(finding.charts[0].marks[0].at) / float(finding.charts[0].x[-1]) < 0.75


@pytest.mark.parametrize("rows", [(40, 40), (30, 60)])
def test_last_batches_that_leave_the_course_are_told_since_when(rows: tuple[int, int]) -> None:
    (finding,) = RULE.check(batch_machine(5, late=True, rows=rows))

    assert (finding.subject.column, finding.severity) == ("s2", Severity.WATCH)
    assert finding.since is not None
    assert finding.evidence[0].value == 1.0


@pytest.mark.parametrize(
    "machine",
    [
        {},
        {"memory": 0.9},
        {"memory": 0.98},
        {"walk": 0.3},
        {"rows": (30, 60)},
        {"judged": True, "memory": 0.95},
        {"judged": True, "walk": 0.2},
        {"numbered": False, "rows": (35, 45)},
    ],
    ids=str,
)
def test_healthy_batches_are_not_blamed(machine: dict) -> None:
    told = [finding for seed in range(100, 106) for finding in RULE.check(batch_machine(seed, **machine))]

    assert told == []


def test_lots_that_leave_no_trace_in_the_signals_are_no_batches() -> None:
    rng = np.random.default_rng(1)
    rows = 4000
    frame = pl.DataFrame(
        {
            "time": minutes(rows),
            "lot_no": np.repeat(np.arange(rows // 40), 40),
            "result": np.where(np.repeat(rng.random(rows // 40) < 0.1, 40), "NG", "OK"),
            "temperature": np.cumsum(rng.normal(size=rows)) * 0.1 + 80,
        }
    )
    roles = {"time": Role.TIME, "lot_no": Role.ID, "result": Role.DEFECT}

    told = list(RULE.check(evidence(table_data(frame, roles, kind=Kind.SIGNALS, time="time", bad_values=("ng",)))))

    assert told == []
