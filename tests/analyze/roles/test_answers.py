"""The accuracy of roles on the real sets may not fall below what docs/benchmarks.md states."""

from collections.abc import Callable
from pathlib import Path

import pytest
from benchmarks.roles import datasets, half, judge, score

# Shares of right columns (every column alike, every set alike) and right kinds of tables, as measured.
MEASURED = {"tuning": (0.995, 0.992, 1.0), "held-out": (0.951, 0.970, 0.951)}


@pytest.mark.parametrize("which", ["tuning", "held-out"])
def test_accuracy_on_half_is_what_was_measured(which: str, real_data: Callable[[str], Path]) -> None:
    names = datasets(which)

    total = score([table for name in names for table in judge(name, real_data(name).parent)])

    assert total.set_count == 14
    columns, sets, kinds = MEASURED[which]
    assert (total.columns >= columns - 0.0005, total.sets >= sets - 0.0005, total.kinds >= kinds - 0.0005) == (
        True,
        True,
        True,
    ), total


def test_every_set_has_an_answer_sheet(real_data: Callable[[str], Path]) -> None:
    folder = real_data("ai4i2020").parent

    sets = {path.name for path in folder.iterdir() if path.is_dir()}

    assert {*datasets("tuning"), *datasets("held-out")} == sets


def test_half_depends_on_the_name_only() -> None:
    assert {name: half(name) for name in ("kamp_injection_cn7", "kamp_diecasting")} == {
        "kamp_injection_cn7": "tuning",
        "kamp_diecasting": "held-out",
    }
