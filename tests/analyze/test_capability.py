"""Capability indices against printed results and, for the intervals, against a simulation."""

import csv
import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from jasang.analyze.capability import capability_from_summary, process_capability

Reference = Callable[[str], Path]


def test_capability_matches_handbook(reference: Reference) -> None:
    known = json.loads(reference("hb_capability.json").read_text())

    made = capability_from_summary(mean=16, sigma=2, size=50, low=8, high=20)

    assert made.off_centre is not None
    assert made.cpu is not None
    assert made.cpl is not None
    assert {
        "cp": f"{made.cp:.1f}",
        "cpu": f"{made.cpu:.4f}",
        "cpl": f"{made.cpl:.4f}",
        "cpk": f"{made.cpk:.4f}",
        "k": f"{made.off_centre:.4f}",
    } == known["expected"]


def as_printed(value: float, low: float, high: float, digits: int) -> str:
    return f"{value:.{digits}f} [{low:.{digits}f},{high:.{digits}f}]"


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_capability_intervals_match_piston_rings(reference: Reference, number: int) -> None:
    known = json.loads(reference("qcc_pistonrings_capability.json").read_text())
    rings = np.array(json.loads(reference("qcc_pistonrings_xbar.json").read_text())["data"])[:25].ravel()
    limits = known["params"]["cases"][number - 1]
    printed = {
        name: (text, len(text.split(" ")[0].split(".")[1]))
        for name, text in re.findall(r"(Cp\w*) ([\d.]+ \[[\d.,]+\])", known["expected"][f"case{number}"])
    }

    made = process_capability(
        rings, low=limits["lsl"], high=limits["usl"], target=limits["target"], sigma=0.02276 / 2.326
    )

    for name, index, interval in [
        ("Cp", made.cp, made.cp_interval),
        ("Cp_l", made.cpl, made.cpl_interval),
        ("Cp_u", made.cpu, made.cpu_interval),
        ("Cpk", made.cpk, made.cpk_interval),
    ]:
        text, digits = printed[name]
        assert as_printed(index, *interval, digits) == text, name
    # Cases 2 and 4 print another degree of freedom for Cpm; Boyles' intervals are [0.726, 0.846] and [0.393, 0.424].
    boyles = {2: "0.786 [0.726,0.846]", 4: "0.408 [0.393,0.424]"}.get(number, printed["Cpm"][0])
    assert as_printed(made.cpm, *made.cpm_interval, printed["Cpm"][1]) == boyles


def test_capability_matches_flow_width(real_data: Callable[[str], Path]) -> None:
    with (real_data("spc_textbook") / "montgomery_flow_width.csv").open() as file:
        widths = np.array([float(row[-1]) for row in list(csv.reader(file))[1:]])

    made = process_capability(widths, low=1.0, high=2.0, sigma=0.325208 / 2.3259289473)

    assert f"{made.cp:.3f}" == "1.192"


def test_one_sided_capability_has_only_its_side() -> None:
    made = process_capability(np.array([1.0, 2.0, 3.0]), high=5.0)

    assert (made.cpk, made.cp, made.cpl, made.below, made.off_centre) == (pytest.approx(1.0), None, None, 0.0, None)


def test_cpk_interval_holds_the_truth_as_often_as_stated() -> None:
    generator = np.random.default_rng(5)
    truth = 1.0  # limits at 3 and 5 sigma from the mean
    hits = 0
    for values in generator.standard_normal((2000, 60)):
        low, high = process_capability(values, low=-3.0, high=5.0).cpk_interval
        hits += low <= truth <= high

    assert 0.935 <= hits / 2000 <= 0.965


def test_capability_refuses_nonsense() -> None:
    with pytest.raises(ValueError, match="lower or an upper"):
        process_capability(np.array([1.0, 2.0]))
    with pytest.raises(ValueError, match="must be below the upper"):
        process_capability(np.array([1.0, 2.0]), low=3.0, high=2.0)
    with pytest.raises(ValueError, match="sigma must be positive"):
        process_capability(np.array([1.0, 1.0]), low=0.0)
