"""The sheet that goes to the machine: the runs in random order, block by block, with what is hard to change held together."""

from dataclasses import dataclass

import numpy as np

from jasang.optimize.experiments.factor import Design


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetRun:
    """One line of the sheet. `standard` is the run's place in the design, from 0; `change` names what is set anew before it."""

    order: int
    standard: int
    block: int | None
    whole_plot: int | None
    settings: dict[str, float | str]
    change: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSheet:
    """The randomised runs, in the order to make them, and the seed that made the order."""

    design: Design
    runs: tuple[SheetRun, ...]
    seed: int

    @property
    def order(self) -> np.ndarray:
        """Places of the design's runs in the order to make them, int64."""
        return np.array([run.standard for run in self.runs], dtype=np.int64)

    @property
    def whole_plots(self) -> np.ndarray | None:
        """Number of the whole plot of each run of the design (int64, standard order), `None` where nothing is hard to change."""
        if any(run.whole_plot is None for run in self.runs):
            return None
        plots = np.empty(len(self.runs), dtype=np.int64)
        for run in self.runs:
            plots[run.standard] = -1 if run.whole_plot is None else run.whole_plot
        return plots


def run_sheet(design: Design, *, seed: int) -> RunSheet:
    """Put the runs into random order: blocks first, within them whole plots, within them runs (Jones and Nachtsheim 2009).

    Without factors that are hard to change every order of a block is equally likely. With them, runs of a block with the same
    hard settings form whole plots, and the hard settings are set anew for each, even where the last plot had the same.
    """
    rng = np.random.default_rng(seed)
    hard = [place for place, factor in enumerate(design.factors) if factor.hard_to_change]
    blocks = np.zeros(design.runs, dtype=np.int64) if design.blocks is None else design.blocks
    plots = _whole_plots(design, blocks, hard)
    order: list[int] = []
    for block in np.unique(blocks):
        inside = np.flatnonzero(blocks == block)
        for plot in rng.permutation(np.unique(plots[inside])):
            order += rng.permutation(inside[plots[inside] == plot]).tolist()
    numbers = {plot: place for place, plot in enumerate(dict.fromkeys(int(plots[run]) for run in order))}
    runs: list[SheetRun] = []
    for place, run in enumerate(order):
        settings = design.settings(run)
        before = runs[-1] if runs else None
        plot = numbers[int(plots[run])] if hard else None
        anew = before is None or before.whole_plot != plot
        change = tuple(
            factor.name
            for factor in design.factors
            if before is None
            or before.settings[factor.name] != settings[factor.name]
            or (anew and factor.hard_to_change)
        )
        block_number = None if design.blocks is None else int(blocks[run])
        runs.append(
            SheetRun(order=place, standard=run, block=block_number, whole_plot=plot, settings=settings, change=change)
        )
    return RunSheet(design=design, runs=tuple(runs), seed=seed)


def _whole_plots(design: Design, blocks: np.ndarray, hard: list[int]) -> np.ndarray:
    """A number for each set of runs that share block and hard settings; every run its own where nothing is hard."""
    if not hard:
        return np.arange(design.runs)
    if design.whole_plots is not None:
        return design.whole_plots
    keys = np.column_stack([blocks, design.coded[:, hard]])
    numbers: np.ndarray = np.unique(keys, axis=0, return_inverse=True)[1].reshape(-1)
    return numbers
