"""Run rules against made sequences and against the run lengths they state."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from jasang.analyze.run_rules import IN_CONTROL_RUN_LENGTH, nelson_rules, simulated_run_length

SEQUENCES = "r1_hit r1_edge r2_hit r2_miss r3_hit r3_tie r4_hit r5_hit r5_opposite r6_hit r7_hit r8_hit"


@pytest.mark.parametrize("name", SEQUENCES.split())
def test_rule_flags_first_position(reference: Callable[[str], Path], name: str) -> None:
    known = json.loads(reference("nelson_rules.json").read_text())
    values = np.array(known["data"][name])
    rule = int(name[1])

    flags = nelson_rules(values, centre=0.0, sigma=1.0, rules=(rule,))[0]

    first = int(np.argmax(flags)) + 1 if flags.any() else 0
    assert f"rule {rule} at {first}" == known["expected"][name]


def test_missing_value_breaks_a_run() -> None:
    values = np.array([0.5] * 8 + [np.nan] + [0.5] * 8)

    assert not nelson_rules(values, centre=0.0, sigma=1.0, rules=(2,)).any()


def test_short_record_completes_no_rule() -> None:
    assert nelson_rules(np.array([0.1]), centre=0.0, sigma=1.0).any(axis=1).tolist() == [False] * 8


def test_unknown_rule_and_zero_sigma_are_refused() -> None:
    with pytest.raises(ValueError, match=r"unknown run rules \[9\]"):
        nelson_rules(np.zeros(3), centre=0.0, sigma=1.0, rules=(9,))
    with pytest.raises(ValueError, match="sigma must be positive, got 0"):
        nelson_rules(np.zeros(3), centre=0.0, sigma=0.0)


@pytest.mark.parametrize("rules", list(IN_CONTROL_RUN_LENGTH))
def test_in_control_run_length(rules: tuple[int, ...]) -> None:
    measured = simulated_run_length(rules, runs=4000, seed=3)

    # The standard error of a mean of 4,000 geometric lengths is 1.6 %.
    assert measured == pytest.approx(IN_CONTROL_RUN_LENGTH[rules], rel=0.065)
