"""The search: forward by score, backward so that no proxy stays, and a swap where a column explains another's score."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from jasang.analyze.drivers.baseline import Adjustment, Baseline, hold
from jasang.analyze.drivers.layout import Layout
from jasang.analyze.drivers.problem import CategoricalColumn, NumericColumn, Shape
from jasang.analyze.drivers.scan import Chance, Scanner, Score, View

MOST_DRIVERS = 5
_MOST_RIVALS = 4
START_SHARE = 0.25  # of all units: more are no start
_START_ERROR = (
    0.25  # of the family-wise error rate goes to starts: few cuts of few counters, asked before anything else
)
_TWIN_SCORE = 2.5  # a column whose score given another stays below this cannot be told apart from it


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A chosen column with its score given all other choices."""

    score: Score
    decades: float  # -log10 of its family-wise p-value
    proxies: tuple[int, ...] = ()
    twins: tuple[int, ...] = ()
    start_up: bool = False  # the rest is judged given this one, and this one without the rest


def rows_of(view: View, layout: Layout) -> np.ndarray:
    """Truth values of shape (rows,): the rows a view looks at."""
    return (layout.block >= view.first_block) & np.isin(layout.stratum, np.array(view.strata))


class Search:
    """One search over one outcome. `least` is the -log10 family-wise p-value a driver needs."""

    def __init__(
        self,
        outcome: np.ndarray,
        scanner: Scanner,
        layout: Layout,
        least: float,
        held: Sequence[Adjustment] = (),
    ) -> None:
        self.outcome = outcome
        self.held = tuple(held)
        self.scanner = scanner
        self.layout = layout
        self.least = least
        self.threshold = 0.0  # standard errors that a score needs, known once chance is

    def run(self) -> list[Choice]:
        """The drivers in order of choice."""
        counters = self._counters()
        chance, of_starts = self.scanner.chance(self.baseline(()).residual(self.outcome), self.baseline(()), counters)

        def sure_of_start(score: float) -> float:
            return max(chance.decades(score), of_starts.decades(score) + float(np.log10(_START_ERROR)))

        marginal = self._scan(())
        self.threshold = chance.threshold(self.least)
        start = self._start_up(marginal, chance, sure_of_start)
        chosen: list[Score] = [start] if start is not None else []
        scores = self._scan(tuple(chosen)) if chosen else marginal
        while len(chosen) < MOST_DRIVERS:
            taken = {self._name(score) for score in chosen if not self._is_level(score)}
            held = {(s.column, s.set_index) for s in chosen}
            sure = [
                s
                for s in scores
                if chance.decades(s.score) >= self.least
                and self._name(s) not in taken
                and (s.column, s.set_index) not in held
            ]
            if not sure:
                break
            best = max(sure, key=self._preference)
            chosen.append(best)
            scores = self._scan(tuple(chosen))
        conditional = {score.column: score.score for score in scores}
        chosen = self._drop_explained(chosen, chance, start)
        settled = self._settle(chosen, marginal, conditional, chance, start)
        return [replace(c, decades=sure_of_start(c.score.score)) if c.start_up else c for c in settled]

    def _counters(self) -> list[int]:
        """The columns that count units since a start."""
        columns = [item.binned.column for item in self.scanner.tallies]
        return [place for place, c in enumerate(columns) if isinstance(c, NumericColumn) and c.counter]

    def _start_up(
        self, marginal: Sequence[Score], chance: Chance, sure_of_start: Callable[[float], float]
    ) -> Score | None:
        """The counter of units since a start, when its first units are worse and hold a fair part of what any column holds.

        Pressures and temperatures move with the outcome then too, but because the machine has just been started.
        """
        most = max((score.excess for score in marginal if chance.decades(score.score) >= self.least), default=0.0)
        starts = []
        counters = set(self._counters())
        for score in marginal:
            if score.column not in counters or score.sign < 0:
                continue
            binned = self.scanner.tallies[score.column].binned
            share = float((binned.codes <= (binned.sets[score.set_index].lower or 0)).mean())
            if share <= START_SHARE and sure_of_start(score.score) >= self.least and score.excess >= 0.4 * most:
                starts.append(score)
        return max(starts, key=self._preference, default=None)

    def _preference(self, score: Score) -> float:
        """Where both say the same: a recorded column before a derived one, one window before a window for each product."""
        column = self.scanner.tallies[score.column].binned.column
        if not isinstance(column, NumericColumn):
            return score.parting
        return score.parting * (0.93 if column.derived else 1.0) * (0.97 if column.usual is not None else 1.0)

    def _name(self, score: Score) -> str:
        return self.scanner.tallies[score.column].binned.name

    def _is_level(self, score: Score) -> bool:
        return isinstance(self.scanner.tallies[score.column].binned.column, CategoricalColumn)

    def adjustment(self, score: Score) -> Adjustment:
        """What holds a chosen column fixed."""
        binned = self.scanner.tallies[score.column].binned
        everywhere = score.view.first_block == 0 and len(score.view.strata) == self.layout.strata
        where = None if everywhere else rows_of(score.view, self.layout)
        chosen = binned.sets[score.set_index]
        return hold(binned, level=chosen.level_bin if chosen.shape is Shape.LEVEL else None, where=where)

    def baseline(self, held: Sequence[Score]) -> Baseline:
        """Strata, time, what the search was told to hold, and the chosen columns `held`."""
        return Baseline(self.layout, [*self.held, *(self.adjustment(score) for score in held)])

    def _scan(self, held: Sequence[Score], only: Sequence[int] | None = None) -> list[Score]:
        baseline = self.baseline(held)
        return self.scanner.scan(baseline.residual(self.outcome), baseline, only)

    def _given(self, score: Score, held: Sequence[Score]) -> tuple[float, float]:
        """The evidence of `score`'s column when `held` are held fixed, and how clearly it parts the outcome then."""
        found = self._scan(held, only=[score.column])
        return (found[0].score, found[0].parting) if found else (0.0, 0.0)

    def _drop_explained(self, chosen: list[Score], chance: Chance, start: Score | None) -> list[Score]:
        """Backward: a column chosen early may be the proxy of one chosen later."""
        kept = list(chosen)
        for score in chosen if len(chosen) > 1 else ():
            others = [s for s in kept if s is not score]
            if score is not start and others and chance.decades(self._given(score, others)[0]) < self.least:
                kept = others
        return kept

    def _settle(
        self,
        chosen: list[Score],
        marginal: list[Score],
        conditional: dict[int, float],
        chance: Chance,
        start: Score | None,
    ) -> list[Choice]:
        """Name each choice's proxies, and put a rival in its place where the rival explains more of it than the reverse."""
        settled = list(chosen)
        named: list[tuple[list[int], list[int]]] = [([], []) for _ in chosen]
        columns = {self._name(score) for score in chosen}
        rivals = sorted(
            (
                s
                for s in marginal
                if self._name(s) not in columns
                and chance.decades(s.score) > 1.3
                and conditional.get(s.column, 0.0) < 0.7 * s.score
            ),
            key=lambda s: -s.score,
        )[:_MOST_RIVALS]
        for rival in rivals:
            ties = [self._tie(score, rival) for score in settled]
            nearest = int(np.argmax(ties)) if ties else 0
            if not ties or ties[nearest] < 0.1:
                continue
            others = [s for place, s in enumerate(settled) if place != nearest]
            mine = self._given(settled[nearest], [*others, rival])
            its = self._given(rival, [*others, settled[nearest]])
            if (
                settled[nearest] is not start
                and its[1] > mine[1] + 0.5
                and self._preference(rival) > 0.8 * self._preference(settled[nearest])
            ):
                named[nearest][0].append(settled[nearest].column)
                settled[nearest] = rival
            elif mine[0] < _TWIN_SCORE and settled[nearest] is not start:
                named[nearest][1].append(rival.column)
            else:
                named[nearest][0].append(rival.column)
        return [
            Choice(
                score=score,
                decades=chance.decades(score.score),
                proxies=tuple(dict.fromkeys(proxies)),
                twins=tuple(dict.fromkeys(twins)),
                start_up=score is start,
            )
            for score, (proxies, twins) in zip(settled, named, strict=True)
        ]

    def _tie(self, one: Score, other: Score) -> float:
        """Share of one set's indicator that the other column's bins explain, 0 to 1."""
        first, second = self.scanner.tallies[one.column].binned, self.scanner.tallies[other.column].binned
        marks = np.append(first.member[:, one.set_index], 0.0)[first.codes]
        spread = float(marks.var())
        if spread == 0:
            return 0.0
        counts = np.bincount(second.codes, minlength=second.bins + 1)
        means = np.bincount(second.codes, weights=marks, minlength=second.bins + 1) / counts.clip(1)
        return float(np.average((means - marks.mean()) ** 2, weights=counts)) / spread
