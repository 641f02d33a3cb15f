"""The wide world of made factories: every rule of the catalogue is planted, short and long, with and without factory.toml."""

from pathlib import Path

import numpy as np
import pytest
from tests.factories.generator import make_factory
from tests.factories.made import WIDE_RULES, MadeFactory

from jasang.analyze.drivers import NumericColumn, follows_outcome
from jasang.diagnose.catalog import RULES


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> list[MadeFactory]:
    into = tmp_path_factory.mktemp("wide")
    return [make_factory(seed, into, wide=True) for seed in range(506, 506 + len(WIDE_RULES))]


def test_every_rule_of_the_catalogue_is_planted_but_those_on_batches_and_collecting() -> None:
    elsewhere = {"golden_batch", "clock_skew", "collection_gap"}  # these shops make pieces, and hand over files
    assert {rule.name for rule in RULES} - set(WIDE_RULES) == elsewhere
    assert set(WIDE_RULES) <= {rule.name for rule in RULES}


def test_each_seed_plants_its_rule(made: list[MadeFactory]) -> None:
    missing = [one.seed for one in made
               if WIDE_RULES[one.seed % len(WIDE_RULES)] not in {truth.rule for truth in one.planted}]  # fmt: skip

    assert missing == []


def test_short_histories_last_two_weeks_at_most(made: list[MadeFactory]) -> None:
    short = [(one.span[1] - one.span[0]).days for one in made if one.traits["short"]]

    assert short
    assert max(short) <= 14


def test_factory_toml_is_there_only_where_the_world_says_so(made: list[MadeFactory]) -> None:
    stated = [bool(one.traits["toml"]) for one in made]

    assert stated == [(one.folder / "factory.toml").exists() for one in made]
    assert 3 <= sum(stated) <= len(made) - 3


def test_what_costs_has_a_worth(made: list[MadeFactory]) -> None:
    losses = ("downtime", "minor_stops", "slow_cycle", "off_centre", "excess_spread", "idle_energy", "energy_per_piece")
    worths = [truth.worth for one in made for truth in one.planted if truth.rule in losses]

    assert len(worths) >= 7
    assert all(worth is not None and worth > 0 for worth in worths)


def test_same_seed_writes_the_same_bytes(tmp_path: Path) -> None:
    first, second = (make_factory(517, tmp_path / place, wide=True) for place in ("a", "b"))

    assert [p.read_bytes() for p in sorted(first.folder.iterdir())] == [
        p.read_bytes() for p in sorted(second.folder.iterdir())
    ]


def test_minutes_of_rework_follow_the_verdict_and_a_temperature_does_not() -> None:
    rng = np.random.default_rng(3)
    bad = rng.random(4000) < 0.03
    minutes = np.where(bad & (rng.random(4000) < 0.8), rng.integers(5, 40, 4000), 0).astype(float)
    hot = rng.normal(60, 2, 4000) + 3 * bad

    assert follows_outcome(NumericColumn(name="m", values=minutes), bad.astype(float))
    assert not follows_outcome(NumericColumn(name="t", values=hot), bad.astype(float))
