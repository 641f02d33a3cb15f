"""off_centre and excess_spread where factory.toml states one limit and a target."""

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from jasang.mentor.diagnose import diagnose


def rules_found(folder: Path, *, mean: float, sigma: float, limits: str) -> list[str]:
    values = mean + sigma * np.random.default_rng(4).standard_normal(1500)
    start = datetime(2026, 3, 1)
    rows = [f"{start + timedelta(minutes=5 * i)},{value:.4f}" for i, value in enumerate(values)]
    (folder / "units.csv").write_text("\n".join(["time,width", *rows]), "utf-8")
    table = '[[tables]]\nfile = "units.csv"\nkind = "units"\ntime = "time"\n[columns.width]\nrole = "quality"\n'
    (folder / "factory.toml").write_text(table + limits, "utf-8")
    return [one.rule for one in diagnose(folder).findings if one.rule in ("off_centre", "excess_spread")]


@pytest.mark.parametrize(
    ("mean", "sigma", "limits", "expected"),
    [
        (10.5, 0.2, "upper = 11.0\ntarget = 10.0\n", ["off_centre"]),
        (9.5, 0.2, "lower = 9.0\ntarget = 10.0\n", ["off_centre"]),
        (9.5, 0.2, "upper = 11.0\ntarget = 10.0\n", []),  # on the safe side of the target
        (10.0, 0.2, "upper = 11.0\ntarget = 10.0\n", []),
        (10.0, 0.5, "upper = 11.0\ntarget = 10.0\n", ["excess_spread"]),
        (10.5, 0.2, "upper = 11.0\n", []),  # nothing says where the mean should be
    ],
)
def test_one_limit_and_a_target_are_judged(
    tmp_path: Path, mean: float, sigma: float, limits: str, expected: list[str]
) -> None:
    assert rules_found(tmp_path, mean=mean, sigma=sigma, limits=limits) == expected
