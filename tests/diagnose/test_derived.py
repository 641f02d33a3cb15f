"""Columns computed from others are told with their parts, and quietly."""

import numpy as np
import polars as pl
from tests.diagnose.tables import evidence, minutes, table_data

from jasang.diagnose.rules import mean_shift
from jasang.plant.factory import Role


def test_total_of_two_sides_is_told_quietly_with_the_side_that_moved() -> None:
    rng = np.random.default_rng(31)
    left, right = (np.round(rng.normal(270, 1, 4000), 1) for _ in range(2))
    left[2000:] -= 6
    frame = pl.DataFrame({"time": minutes(4000), "left": left, "right": right, "total": left + right})
    roles = {"time": Role.TIME, "left": Role.SENSOR, "right": Role.SENSOR, "total": Role.SENSOR}

    found = list(mean_shift.RULE.check(evidence(table_data(frame, roles, time="time"))))

    assert [(f.subject.column, f.severity.value) for f in found] == [("left", "act"), ("total", "note")]
    assert "total is the sum of left and right." in found[1].text.en
