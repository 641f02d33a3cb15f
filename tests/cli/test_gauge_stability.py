"""`jasang gauge --stability`: one master read again and again."""

import json
from pathlib import Path

import numpy as np
import pytest

from jasang.cli.main import main


def told(path: Path, capsys: pytest.CaptureFixture[str], *options: str) -> dict[str, dict[str, float]]:
    assert main(["gauge", str(path), "--stability", "reading", "--json", *options]) == 0
    study = json.loads(capsys.readouterr().out)["studies"][0]
    return {one["name"]: one for one in study["evidence"]}


def test_a_gauge_that_drifts_is_told_from_a_steady_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    noise = np.random.default_rng(9).normal(0, 0.01, (25, 4))
    for name, drift in (("steady", 0.0), ("drifting", 0.004)):
        lines = ["day,reading"] + [
            f"D{day:02d},{6.0 + drift * day + value:.4f}" for day in range(25) for value in noise[day]
        ]
        (tmp_path / f"{name}.csv").write_text("\n".join(lines))

    steady = told(tmp_path / "steady.csv", capsys, "--session", "day", "--master", "6.0")
    drifting = told(tmp_path / "drifting.csv", capsys, "--session", "day")

    assert (steady["points"]["value"], steady["beyond"]["value"]) == (25, 0)
    assert steady["bias"]["low"] < 0 < steady["bias"]["high"]
    assert drifting["drift"]["low"] < 0.004 < drifting["drift"]["high"]
    assert drifting["drift"]["low"] > 0
    assert main(["gauge", str(tmp_path / "steady.csv"), "--stability", "reading", "--session", "nothing"]) == 2
