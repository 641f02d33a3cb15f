"""Three experiments of Montgomery, "Design and Analysis of Experiments", by the command, to the published digits."""

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from jasang.cli.main import main

FILTRATION = (45, 71, 48, 65, 68, 60, 80, 65, 43, 100, 45, 104, 75, 86, 70, 96)  # standard order, one run each
ETCH = ((550, 604), (669, 650), (633, 601), (642, 635), (1037, 1052), (749, 868), (1075, 1063), (729, 860))
YIELD = (76.5, 77.0, 78.0, 79.5, 79.9, 80.3, 80.0, 79.7, 79.8, 78.4, 75.6, 78.5, 77.0)
STAR = 2**0.5
CODED = ((-1, -1), (-1, 1), (1, -1), (1, 1), *[(0, 0)] * 5, (STAR, 0), (-STAR, 0), (0, STAR), (0, -STAR))


def analysed(folder: Path, capsys: pytest.CaptureFixture[str], heading: str, rows: list[str], *more: str) -> Any:
    table = folder / "runs.csv"
    table.write_text("\n".join([heading, *rows]) + "\n", "utf-8")
    outcome = heading.rpartition(",")[2]
    assert main(["experiment", "analyse", str(table), "--outcome", f"{outcome}:max", "--json", *more]) == 0
    return json.loads(capsys.readouterr().out)


def standard_order(factors: int) -> list[tuple[int, ...]]:
    return [codes[::-1] for codes in itertools.product((-1, 1), repeat=factors)]


def test_filtration_rate_of_an_unrepeated_factorial(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [",".join(map(str, (*codes, y))) for codes, y in zip(standard_order(4), FILTRATION, strict=True)]
    document = analysed(tmp_path, capsys, "temp,pressure,conc,stir,rate", rows)

    (outcome,) = document["outcomes"]
    effects = {term["term"]: term["effect"] for term in outcome["terms"]}
    published = {"temp": 21.625, "conc": 9.875, "stir": 14.625, "temp × conc": -18.125, "temp × stir": 16.625}
    assert {name: effects[name] for name in published} == pytest.approx(published)
    assert {term["term"] for term in outcome["terms"] if term["p"] < 0.05} == {"mean", *published}
    assert document["optimum"]["settings"] | {"pressure": 0} == {"temp": 1, "pressure": 0, "conc": -1, "stir": 1}
    assert set(document["optimum"]["at_edge"]) == {
        "temp",
        "conc",
        "stir",
    }  # pressure does nothing: no edge of it matters


def test_etch_rate_of_a_repeated_factorial(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [",".join(map(str, (*codes, y))) for codes, ys in zip(standard_order(3), ETCH, strict=True) for y in ys]
    (outcome,) = analysed(tmp_path, capsys, "gap,flow,power,rate", rows)["outcomes"]

    effects = {term["term"]: term["effect"] for term in outcome["terms"]}
    assert effects == pytest.approx({"mean": 776.0625, "gap": -101.625, "power": 306.125, "gap × power": -153.625})
    assert outcome["r_squared"] == pytest.approx(0.9608, abs=5e-5)
    assert outcome["predicted_r_squared"] == pytest.approx(0.9302, abs=5e-5)
    assert outcome["lack_of_fit"]["df_pure"] == 8


def test_yield_of_a_central_composite_has_its_maximum_inside(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [f"{85 + 5 * a:.6f},{175 + 5 * b:.6f},{y}" for (a, b), y in zip(CODED, YIELD, strict=True)]
    document = analysed(tmp_path, capsys, "time,temp,yield", rows, "--model", "quadratic")

    (outcome,) = document["outcomes"]
    published = {"mean": 79.94, "time": 0.995, "temp": 0.515, "time × temp": 0.25, "time²": -1.376, "temp²": -1.001}
    coefficients = {term["term"]: term["coefficients"][0] for term in outcome["terms"]}
    assert coefficients == pytest.approx(published, abs=6e-4)
    lack = outcome["lack_of_fit"]
    assert (lack["df"], lack["df_pure"], round(lack["p"], 4)) == (3, 4, 0.2897)
    assert outcome["surface"]["shape"] == "maximum"
    assert outcome["surface"]["stationary_coded"] == pytest.approx([0.389, 0.306], abs=1e-3)
    assert np.sort(outcome["surface"]["eigenvalues"]) == pytest.approx([-1.4141, -0.9634], abs=3e-4)
    assert outcome["surface"]["value"] == pytest.approx(80.21, abs=5e-3)
