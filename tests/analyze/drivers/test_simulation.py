"""How often the search finds a planted driver, invents one, and covers the truth. The counts stand in docs/statistics.md."""

import numpy as np
import pytest
from tests.analyze.drivers.planted import NULL_KINDS, PLANTED_KINDS, null_table, planted_table

from jasang.analyze.drivers import find_drivers

SEEDS = 4


@pytest.mark.parametrize("kind", NULL_KINDS)
def test_null_tables_give_no_driver_loud_enough_to_act(kind: str) -> None:
    strengths = []
    for seed in range(3):
        found = find_drivers(null_table(seed, kind)).drivers
        strengths.append(max((driver.strength for driver in found), default=0.0))

    assert sum(strength > 0 for strength in strengths) <= 1  # 2 % of tables are stated to have one
    assert max(strengths) < 3.0


@pytest.mark.parametrize("kind", PLANTED_KINDS)
def test_planted_cause_comes_first(kind: str) -> None:
    firsts = []
    for seed in range(SEEDS):
        found = find_drivers(planted_table(seed, kind).problem).drivers
        firsts.append(found[0].column if found else None)

    assert firsts.count("cause") >= SEEDS - 1


def test_interval_covers_the_planted_effect() -> None:
    covered = []
    for seed in range(12):
        table = planted_table(seed, "low", count=0)
        driver = find_drivers(table.problem).drivers[0]
        covered.append(driver.low <= table.effect <= driver.high)

    assert np.mean(covered) >= 10 / 12  # 95 % of 12, less one by chance
