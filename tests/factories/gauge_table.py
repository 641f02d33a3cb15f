"""A gauge study in the folder: parts, inspectors, trials, readings; sound, or with a gauge that cannot judge the parts.

A sound gauge takes 3-7 % of the tolerance (and of the variation), a poor one 40-70 %: because it repeats badly, because one
inspector reads apart, or, where verdicts were written, because one inspector passes every fourth bad part.
"""

from pathlib import Path

import numpy as np
import polars as pl
from tests.factories.made import Planted
from tests.factories.problems import Job
from tests.factories.writing import Style, write_table


def write_gauge(
    job: Job, folder: Path, style: Style, poor: bool
) -> tuple[Path, Planted | None, tuple[str, float, float]]:
    """Write the table; its path, the truth, and the value's header with the limits that factory.toml may state."""
    rng = job.rng
    korean = job.floor.plan.style != "en"
    part, who, trial, value = ("부품", "측정자", "회차", "측정값") if korean else ("part", "operator", "trial", "value")
    parts, people, trials = int(rng.choice([10, 10, 12])), 3, int(rng.choice([2, 3, 3]))
    names = ["김", "이", "박"] if korean else ["A", "B", "C"]
    p, o, t = (axis.ravel() for axis in np.meshgrid(range(parts), range(people), range(trials), indexing="ij"))
    kind = str(rng.choice(["repeatability", "one inspector", "verdicts"]))
    frame = pl.DataFrame({part: [f"P{n + 1:02d}" for n in p], who: [names[n] for n in o], trial: t + 1})
    spread = rng.normal(0, 1, parts)
    spread = (spread - spread.mean()) / spread.std()
    if kind == "verdicts":
        return _verdicts(rng, frame, folder, style, (part, who, trial, value), poor, korean)
    share = float(rng.uniform(0.40, 0.70) if poor else rng.uniform(0.03, 0.07))  # of the variation
    error = share / np.sqrt(1 - share**2)
    repeat, apart = (error, 0.0) if kind == "repeatability" else (0.35 * error, 0.94 * error)
    offset = np.array([1.15, -0.6, -0.55]) * np.sqrt(1.5) * apart
    readings = 32.0 + 0.05 * (spread[p] + offset[o] + repeat * rng.standard_normal(p.size))
    frame = frame.with_columns(pl.Series(value, np.round(readings, 4)))
    path = write_table(frame, folder / "gauge", style)
    made = Planted(rule="gauge", kind=kind, table="gauge", column=value, size=share, size_unit="of the variation")
    return path, made if poor else None, (value, 32.0 - 0.15, 32.0 + 0.15)


def _verdicts(
    rng: np.random.Generator, frame: pl.DataFrame, folder: Path, style: Style, headers: tuple[str, str, str, str],
    poor: bool, korean: bool,
) -> tuple[Path, Planted | None, tuple[str, float, float]]:  # fmt: skip
    """50 parts judged; sound inspectors are wrong in half a per cent, a poor one passes 25-40 % of the bad parts."""
    part, who, trial, _ = headers
    value = "판정결과" if korean else "verdict"
    standard = "기준판정" if korean else "reference"
    good, bad = ("합격", "불합격") if korean else ("OK", "NG")
    names = frame[who].unique(maintain_order=True).to_list()
    p, o, t = (axis.ravel() for axis in np.meshgrid(range(50), range(3), range(3), indexing="ij"))
    is_bad = (np.arange(50) % 3 == 0)[p]
    miss = float(rng.uniform(0.25, 0.40))
    wrong = np.where(poor & (o == 1) & is_bad, rng.random(p.size) < miss, rng.random(p.size) < 0.005)
    frame = pl.DataFrame({
        part: [f"P{n + 1:02d}" for n in p], who: [names[n] for n in o], trial: t + 1,
        standard: [bad if b else good for b in is_bad],
        value: [bad if b != w else good for b, w in zip(is_bad, wrong, strict=True)],
    })  # fmt: skip
    path = write_table(frame, folder / "gauge", style)
    made = Planted(
        rule="gauge", kind="verdicts", table="gauge", column=value, size=miss, size_unit="of the bad parts passed"
    )
    return path, made if poor else None, (value, 0.0, 0.0)
