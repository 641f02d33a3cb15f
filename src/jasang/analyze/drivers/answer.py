"""From a chosen score to a driver a person can use: window in the column's unit, effect with interval, product and onset."""

from dataclasses import replace

import numpy as np

from jasang.analyze.drivers.baseline import Baseline
from jasang.analyze.drivers.beginning import Beginnings, find_beginning, over_doubtful_beginnings
from jasang.analyze.drivers.bins import BinnedColumn
from jasang.analyze.drivers.contrast import judge
from jasang.analyze.drivers.layout import Layout, strata_of
from jasang.analyze.drivers.plausible import after_selection, among_plausible
from jasang.analyze.drivers.problem import Driver, DriverProblem, NumericColumn, Shape, StratumWindow
from jasang.analyze.drivers.scan import Scanner, Score, View
from jasang.analyze.drivers.search import START_SHARE, Choice, Search, rows_of
from jasang.analyze.drivers.window import FOLDS, Effect, Limits, around_choice, choose_limits, estimate, until_settled

_LEAST_EPISODES = 5
_LEAST_BLOCKS_TO_BEGIN = 24
_ONCE_SETTLED = 0.75  # of the score a driver needs: what a driver needs without the start-up units, once these are told
_PLAIN = 0.25  # of the adjusted effect, that the production outside has to show as it stands
_ONE_PRODUCT = 2.0  # standard errors between the effect on one product and on the others


class Answer:
    """Makes the drivers of one finished search."""

    def __init__(
        self, problem: DriverProblem, outcome: np.ndarray, rows: np.ndarray, scanner: Scanner, search: Search
    ) -> None:
        self.problem = problem
        self.outcome = outcome
        self.rows = rows  # indices of the used rows in the problem
        self.scanner = scanner
        self.layout: Layout = scanner.layout
        self.search = search
        self.settled = np.ones(outcome.size, dtype=bool)

    def drivers(self, choices: list[Choice]) -> list[Driver]:
        """The drivers in order of choice; choices whose interval reaches zero are left out."""
        made = []
        for choice in sorted(choices, key=lambda c: not c.start_up):
            others = [other.score for other in choices if other is not choice and not choice.start_up]
            driver = self._driver(choice, self.search.baseline(others))
            if driver is not None:
                made.append(driver)
                if choice.start_up:
                    self.settled = self._settled(driver)
        return made

    def _settled(self, start: Driver) -> np.ndarray:
        """Truth values: the rows beyond the start by every counter there is, for a machine may restart without a new count."""
        first = start.window[0] if start.window is not None else 1.0
        settled = np.ones(self.outcome.size, dtype=bool)
        for item in self.scanner.tallies:
            column = item.binned.column
            if isinstance(column, NumericColumn) and column.counter and np.nanmin(column.values) >= 0:
                early = column.values < first
                if (
                    early.mean() <= START_SHARE or column.name == start.column
                ):  # else it is no start that it counts from
                    settled &= ~early
        return settled

    def _once_settled(self, effect: Effect, out: np.ndarray, inside: np.ndarray) -> bool:
        """Whether a driver holds without the start-up units: clear enough, and plain in all production, not on few days only."""
        codes = self.layout.stratum
        means = np.bincount(codes, weights=self.outcome) / np.bincount(codes).clip(1)
        left = self.outcome - means[codes]
        plain = float(left[out].mean() - left[inside].mean()) if out.any() and inside.any() else 0.0
        clear = abs(effect.value) >= _ONCE_SETTLED * self.search.threshold * effect.error
        return clear and plain * np.sign(effect.value) >= _PLAIN * abs(effect.value)

    def _rows(self, score: Score) -> np.ndarray:
        """The rows a driver is told of, truth values: of its view, without the first units after a start where these are told.

        What is upset by a start is worst in the same units; told of these it would be the start told again.
        """
        return rows_of(score.view, self.layout) & self.settled

    def _driver(self, choice: Choice, baseline: Baseline) -> Driver | None:
        score = self._view_to_report(choice.score, baseline)
        residual = baseline.residual(self.outcome)
        outside, limits = self._final(score, residual)
        beginnings = self._beginnings(score, outside, baseline)
        onset = None if beginnings is None else beginnings.first
        if onset is not None:
            score = _replace_view(score, View(first_block=onset, strata=score.view.strata, product=score.view.product))
        effect = self._effect(score, baseline, outside)
        held_out = self._effect(score, baseline, self._cross_fitted(score, residual))
        if effect is not None and held_out is not None:
            effect = self._with_choice(around_choice(effect, held_out), score, limits, residual, beginnings)
        rows = self._rows(score) & ~np.isnan(outside)
        out, inside = rows & (outside == 1), rows & (outside == 0)
        episodes = self._episodes(out)
        surely = effect is not None and (effect.low > 0 or (self.problem.two_sided and effect.high < 0))
        if effect is None or not surely or (self.problem.binary and episodes < _LEAST_EPISODES):
            return None
        if not self.settled.all() and not self._once_settled(effect, out, inside):
            return None  # it lives by the first units after a start, and these are told
        if beginnings is None and self.layout.blocks >= _LEAST_BLOCKS_TO_BEGIN:
            effect = over_doubtful_beginnings(*self._by_blocks(score, outside, baseline), effect)
        effect = after_selection(effect, self.search.threshold)
        binned = self.scanner.tallies[score.column].binned
        names = [item.binned.name for item in self.scanner.tallies]
        by_stratum = self._stratum_windows(binned, limits, rows, out)
        windows = [(window.low, window.high) for window in by_stratum]
        return Driver(
            column=binned.name,
            shape=_shape(limits),
            window=None if limits is None else windows[0] if windows else self._window(binned, inside),
            level=self._level(binned, score),
            effect=effect.value,
            low=effect.low,
            high=effect.high,
            p_value=10.0**-choice.decades,
            strength=choice.decades,
            inside_rows=int(inside.sum()),
            outside_rows=int(out.sum()),
            inside_mean=float(self.outcome[inside].mean()),
            outside_mean=float(self.outcome[out].mean()),
            episodes=episodes,
            product=score.view.product,
            since_row=None if onset is None else int(self.rows[np.flatnonzero(self.layout.block >= onset)[0]]),
            proxies=tuple(dict.fromkeys(names[place] for place in choice.proxies if names[place] != binned.name)),
            twins=tuple(dict.fromkeys(names[place] for place in choice.twins if names[place] != binned.name)),
            start_up=choice.start_up,
            stratum_windows=by_stratum,
        )

    def _final(self, score: Score, residual: np.ndarray) -> tuple[np.ndarray, Limits | None]:
        """1 outside, 0 inside, NaN missing; and the limits of a number, chosen on all blocks of the view."""
        binned = self.scanner.tallies[score.column].binned
        if not isinstance(binned.column, NumericColumn):
            return self._at_level(score), None
        rows = np.flatnonzero(self._rows(score))
        limits = self._limits(binned, binned.column, score, score.set_index, residual, rows)
        return limits.outside(binned.column.values), limits

    def _limits(
        self,
        binned: BinnedColumn,
        column: NumericColumn,
        score: Score,
        set_index: int,
        residual: np.ndarray,
        rows: np.ndarray,
    ) -> Limits:
        limits = choose_limits(column, binned, binned.sets[set_index], score.sign, residual, rows)
        return until_settled(column, limits, self.outcome, rows) if column.counter and self.problem.binary else limits

    def _at_level(self, score: Score) -> np.ndarray:
        binned = self.scanner.tallies[score.column].binned
        marks: np.ndarray = (binned.codes == binned.sets[score.set_index].level_bin).astype(np.float64)
        marks[binned.codes == binned.bins] = np.nan
        return marks

    def _cross_fitted(self, score: Score, residual: np.ndarray) -> np.ndarray:
        """Outside or inside by limits that the row's own block had no say in."""
        binned = self.scanner.tallies[score.column].binned
        if not isinstance(binned.column, NumericColumn):
            return self._at_level(score)
        around = self.scanner.contrast(score, residual)
        shape = binned.sets[score.set_index].shape
        same = np.array([s.shape is shape for s in binned.sets])
        # At random: blocks in turn would put the same hour of every day into one fold.
        fold = np.random.default_rng(self.problem.seed).permutation(self.layout.blocks) % FOLDS
        view = self._rows(score)
        marks = np.full(self.outcome.size, np.nan)
        for held_out in range(FOLDS):
            parting = judge(
                replace(around, gain=around.gain[fold != held_out], weight=around.weight[fold != held_out]), 1.0
            )
            ranked = np.where(same, parting.parting * score.sign, -np.inf)
            rows = np.flatnonzero(view & (fold[self.layout.block] != held_out))
            limits = self._limits(binned, binned.column, score, int(ranked.argmax()), residual, rows)
            mine = fold[self.layout.block] == held_out
            marks[mine] = limits.outside(binned.column.values)[mine]
        return marks

    def _effect(self, score: Score, baseline: Baseline, outside: np.ndarray) -> Effect | None:
        return estimate(
            self.outcome,
            outside,
            self.layout,
            baseline,
            self._rows(score),
            within=score.within,
            binary=self.problem.binary,
        )

    def _view_to_report(self, score: Score, baseline: Baseline) -> Score:
        """One product only if the others surely show less; a late span of time is left to `_onset`."""
        outside, _ = self._final(score, baseline.residual(self.outcome))
        products = [v for v in self.scanner.views if v.product is not None and score.view.product in (None, v.product)]
        for view in products:
            rest = tuple(s for s in range(self.layout.strata) if s not in view.strata)
            here = self._effect(_replace_view(score, view), baseline, outside)
            elsewhere = self._effect(_replace_view(score, View(first_block=0, strata=rest)), baseline, outside)
            if here is None or elsewhere is None:
                if score.view == view:
                    return score
                continue
            apart = abs(here.value - elsewhere.value) / np.hypot(here.error, elsewhere.error)
            needed = _ONE_PRODUCT if score.view == view else _ONE_PRODUCT + 1
            if apart > needed and abs(elsewhere.value) < 0.4 * abs(here.value):
                return _replace_view(score, view)
        return _replace_view(score, self.scanner.views[0])

    def _with_choice(
        self,
        effect: Effect,
        score: Score,
        limits: Limits | None,
        residual: np.ndarray,
        beginnings: Beginnings | None,
    ) -> Effect:
        """The interval widened by what the choice of limits and of a beginning leaves open."""
        column = self.scanner.tallies[score.column].binned.column
        if limits is not None and isinstance(column, NumericColumn):
            rows = self._rows(score)
            wide = among_plausible(effect, column.values, limits, residual, self.layout, rows, within=score.within)
        else:
            wide = effect
        return wide if beginnings is None else beginnings.widened(wide)

    def _beginnings(self, score: Score, outside: np.ndarray, baseline: Baseline) -> Beginnings | None:
        """The block from which the effect is there, when before it there was none; `None` when it was always there."""
        if self.layout.blocks < _LEAST_BLOCKS_TO_BEGIN:
            return None
        return find_beginning(*self._by_blocks(score, outside, baseline))

    def _by_blocks(self, score: Score, outside: np.ndarray, baseline: Baseline) -> tuple[np.ndarray, np.ndarray]:
        """Σ moved × left and Σ moved² of the regression on `outside`, by block of time, shape (blocks,)."""
        rows = self._rows(score) & ~np.isnan(outside)
        marks = np.where(rows, outside, 0.0)
        left, moved = baseline.residual(self.outcome), baseline.residual(marks)
        blocks = self.layout.blocks
        gain = np.bincount(self.layout.block[rows], weights=(left * moved)[rows], minlength=blocks)
        return gain, np.bincount(self.layout.block[rows], weights=(moved**2)[rows], minlength=blocks)

    def _episodes(self, out: np.ndarray) -> int:
        """Blocks with something to count outside the window."""
        hit = out & (self.outcome > 0) if self.problem.binary else out
        return int(np.unique(self.layout.block[hit]).size)

    def _stratum_windows(
        self, binned: BinnedColumn, limits: Limits | None, rows: np.ndarray, out: np.ndarray
    ) -> tuple[StratumWindow, ...]:
        """The window at each stratum's own place, the stratum with most rows outside first."""
        if limits is None or not isinstance(binned.column, NumericColumn) or binned.column.usual is None:
            return ()
        made = []
        codes, products = strata_of(self.problem.asset[self.rows], self.problem.product[self.rows])
        for code in range(products.size):
            mine = np.flatnonzero(rows & (codes == code))
            inside = mine[~out[mine]]
            if inside.size == 0:
                continue
            first = self.rows[mine[0]]
            values = binned.column.values[inside] + binned.column.usual[inside]
            window = StratumWindow(
                asset=int(self.problem.asset[first]),
                product=int(self.problem.product[first]),
                low=float(values.min()),
                high=float(values.max()),
            )
            made.append((-int(out[mine].sum()), code, window))
        return tuple(window for _, _, window in sorted(made, key=lambda m: m[:2]))

    @staticmethod
    def _window(binned: BinnedColumn, inside: np.ndarray) -> tuple[float, float]:
        """The limits as values that occurred inside, so that the factory can hold them."""
        values = binned.column.values[inside] if isinstance(binned.column, NumericColumn) else np.empty(0)
        return float(values.min()), float(values.max())

    @staticmethod
    def _level(binned: BinnedColumn, score: Score) -> str | None:
        if isinstance(binned.column, NumericColumn):
            return None
        level = binned.sets[score.set_index].level
        return None if level is None else binned.column.levels[level]


def _shape(limits: Limits | None) -> Shape:
    if limits is None:
        return Shape.LEVEL
    if np.isinf(limits.high):
        return Shape.LOW
    return Shape.HIGH if np.isinf(limits.low) else Shape.BOTH


def _replace_view(score: Score, view: View) -> Score:
    return replace(score, view=view)


def surely_gained(driver: Driver) -> float:
    """The outcome that holding the window would save with 97.5 % certainty, in the outcome's unit × rows."""
    nearest = min(abs(driver.low), abs(driver.high)) if driver.low * driver.high > 0 else 0.0
    return nearest * driver.outside_rows
