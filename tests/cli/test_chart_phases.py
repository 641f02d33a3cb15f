"""`jasang chart` with phases by a column and with a tuned EWMA or CUSUM."""

import json
from pathlib import Path

import numpy as np
import pytest

from jasang.cli.main import main


def test_limits_are_drawn_anew_where_a_column_changes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    generator = np.random.default_rng(5)
    rows = ["time,machine,mould,weight"] + [
        f"2026-03-{1 + i // 96:02d}T{i % 96 // 4:02d}:{i % 4 * 15:02d}:00,P-1,{'M1' if i < 120 else 'M2'},"
        f"{generator.normal(50 if i < 120 else 54, 1):.3f}"
        for i in range(240)
    ]
    (tmp_path / "units.csv").write_text("\n".join(rows))
    path = str(tmp_path / "units.csv")

    def alarms(*options: str) -> float:
        assert main(["chart", path, "--column", "weight", "--json", *options]) == 0
        study = json.loads(capsys.readouterr().out)["studies"][0]
        return next(float(one["value"]) for one in study["evidence"] if one["name"] == "beyond")

    assert alarms("--chart", "imr", "--phases", "mould") <= 3
    assert alarms("--chart", "ewma", "--weight", "0.1", "--target", "50") > 100
    assert main(["chart", path, "--column", "weight", "--phases", "nothing"]) == 2
    assert main(["chart", path, "--column", "weight", "--chart", "cusum", "--h", "-1"]) == 2
