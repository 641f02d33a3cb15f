"""An experiment on disk: `jasang.experiment/1`, one JSON file with the design, the order of its runs and their results."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from jasang.errors import JasangError, UnreadableInput
from jasang.mentor.experiment_plan import Outcome
from jasang.optimize.experiments import Design, Factor, RunSheet, run_sheet

FORMAT = "jasang.experiment/1"
Cell = float | str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiment:
    """A planned experiment. `results` are by outcome, one value a run in the order of the sheet; `None` = not told yet.

    `failed` are places in the sheet (from 0) of runs that gave no product; they are left out of the analysis.
    """

    name: str
    design: Design
    outcomes: tuple[Outcome, ...]
    seed: int = 1
    results: Mapping[str, tuple[float | None, ...]]
    failed: tuple[int, ...] = ()
    lost: tuple[str, ...] = ()  # effects that the blocks hide

    @property
    def sheet(self) -> RunSheet:
        """The randomised runs."""
        return run_sheet(self.design, seed=self.seed)

    @property
    def told(self) -> int:
        """How many runs have every result, or failed."""
        columns = [self.results[one.name] for one in self.outcomes]
        return sum(
            place in self.failed or all(column[place] is not None for column in columns)
            for place in range(self.design.runs)
        )

    def with_result(self, place: int, values: Mapping[str, float | None], *, failed: bool = False) -> "Experiment":
        """The same with the results of one run of the sheet (from 0); raises ValueError for what it does not know."""
        known = [one.name for one in self.outcomes]
        if not 0 <= place < self.design.runs:
            raise ValueError(f"run {place + 1}, expected 1 to {self.design.runs}")
        unknown = [name for name in values if name not in known]
        if unknown:
            raise ValueError(f"no outcome {unknown[0]!r}, expected one of {known}")
        if any(value is not None and not np.isfinite(value) for value in values.values()):
            raise ValueError("a result must be a finite number")
        results = {
            name: tuple(
                values.get(name, old) if at == place else old for at, old in enumerate(column)
            )
            for name, column in self.results.items()
        }  # fmt: skip
        others = tuple(one for one in self.failed if one != place)
        return replace(self, results=results, failed=tuple(sorted((*others, place))) if failed else others)

    def standard_results(self, outcome: str) -> np.ndarray:
        """The results of one outcome in the design's standard order, float64, NaN where a run failed or is not told."""
        values = np.full(self.design.runs, np.nan)
        for run in self.sheet.runs:
            value = self.results[outcome][run.order]
            if value is not None and run.order not in self.failed:
                values[run.standard] = value
        return values


def blank_results(outcomes: tuple[Outcome, ...], runs: int) -> dict[str, tuple[float | None, ...]]:
    """Results of which none is told yet."""
    return {one.name: (None,) * runs for one in outcomes}


def experiment_record(experiment: Experiment) -> dict[str, Any]:
    """The document `jasang.experiment/1`."""
    design = experiment.design
    return {
        "format": FORMAT,
        "name": experiment.name,
        "design": design.name,
        "generators": list(design.generators),
        "factors": [asdict(one) | {"levels": list(one.levels)} for one in design.factors],
        "outcomes": [asdict(one) for one in experiment.outcomes],
        "coded": design.coded.tolist(),
        "blocks": None if design.blocks is None else design.blocks.tolist(),
        "whole_plots": None if design.whole_plots is None else design.whole_plots.tolist(),
        "lost_to_blocks": list(experiment.lost),
        "seed": experiment.seed,
        "runs": [
            {
                "run": run.order + 1,
                "standard": run.standard + 1,
                "block": None if run.block is None else run.block + 1,
                "whole_plot": None if run.whole_plot is None else run.whole_plot + 1,
                "settings": run.settings,
                "change": list(run.change),
                "results": {name: column[run.order] for name, column in experiment.results.items()},
                "failed": run.order in experiment.failed,
            }
            for run in experiment.sheet.runs
        ],
    }


def experiment_of_record(record: Mapping[str, Any]) -> Experiment:
    """The experiment of a document; raises KeyError, TypeError or ValueError where it is none."""
    if record.get("format") != FORMAT:
        raise ValueError(f"format {record.get('format')!r}, expected {FORMAT!r}")

    def whole(name: str) -> np.ndarray | None:
        return None if record.get(name) is None else np.array(record[name], dtype=np.int64)

    factors = tuple(Factor(**{**row, "levels": tuple(row["levels"])}) for row in record["factors"])
    design = Design(
        name=str(record["design"]),
        factors=factors,
        coded=np.array(record["coded"], dtype=np.float64).reshape(-1, len(factors)),
        blocks=whole("blocks"),
        whole_plots=whole("whole_plots"),
        generators=tuple(record.get("generators", ())),
    )
    outcomes = tuple(Outcome(**row) for row in record["outcomes"])
    runs = sorted(record["runs"], key=lambda row: int(row["run"]))
    if len(runs) != design.runs:
        raise ValueError(f"{len(runs)} runs of a design of {design.runs}")
    return Experiment(
        name=str(record["name"]),
        design=design,
        outcomes=outcomes,
        seed=int(record["seed"]),
        results={one.name: tuple(row["results"].get(one.name) for row in runs) for one in outcomes},
        failed=tuple(place for place, row in enumerate(runs) if row.get("failed")),
        lost=tuple(record.get("lost_to_blocks", ())),
    )


def write_experiment(path: Path, experiment: Experiment) -> None:
    """Write the file whole or not at all; raises JasangError."""
    part = path.with_name(f".{path.name}.part")
    try:
        text = json.dumps(experiment_record(experiment), ensure_ascii=False, indent=1, allow_nan=False)
        part.write_text(text + "\n", "utf-8")
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise JasangError(
            ko=f"{path}: 쓸 수 없습니다({error.strerror}). 있는 폴더의 파일 이름을 주세요.",
            en=f"{path}: cannot be written ({error.strerror}). Expected a file name in an existing folder.",
        ) from error


def read_experiment(path: Path) -> Experiment:
    """Read a file of `write_experiment`.

    Raises
    ------
    UnreadableInput
        No such file, no experiment, or damaged; says which.
    """
    try:
        return experiment_of_record(json.loads(path.read_text("utf-8")))
    except OSError as error:
        raise UnreadableInput(
            ko=f"{path}: 읽을 수 없습니다({error.strerror}). 먼저 jasang experiment plan으로 만드세요.",
            en=f"{path}: cannot be read ({error.strerror}). Make one with jasang experiment plan.",
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UnreadableInput(
            ko=f"{path}: 실험 파일({FORMAT})이 아니거나 상했습니다({error}).",
            en=f"{path}: no experiment ({FORMAT}), or damaged: {error}.",
        ) from error
