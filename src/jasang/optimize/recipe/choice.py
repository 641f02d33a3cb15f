"""From surfaces to one setting: gains with intervals, demands with their chance, the choice and its pruning."""

from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

from jasang.optimize.campaigns.setting import Goal, SettingLimit, Specification
from jasang.optimize.recipe.answer import ConstraintChance, Curve, Gain
from jasang.optimize.recipe.moves import Moved, Support, candidates, interlocked
from jasang.optimize.recipe.response import Surface

Point = tuple[np.ndarray, np.ndarray]
_Z = 1.959964
_CHANCE = 0.9  # that a demand is kept
_SURE = 0.985  # that the first of several goals gains
_WORSE = 0.1  # of a guarded outcome's rate or spread, tolerated
_CAUTION = 1.5  # standard deviations of pessimism in the choice
_LEAST_CERTAINTY = 1.0  # standard deviations by which each single move must improve the goals
_SMALL_MOVE = 0.06  # a move that brings less of the gain than this is left out
_NEAR = 0.3  # half ranges
_DOUBT_DEFECTS, _DOUBT_ROWS = 25.0, 60.0
_WIDER = 1.2  # of a measured result's interval, by simulation: the form of the surface was chosen on the same records
_QUANTILES = stats.norm.ppf((np.arange(40) + 0.5) / 40)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Everything a choice needs for one product: surfaces by outcome, today's setting, what may move and where."""

    moved: Moved
    now: Point
    movable: np.ndarray
    support: Support
    goals: tuple[tuple[Goal, Surface], ...]
    specifications: tuple[tuple[Specification, Surface], ...]
    guards: tuple[tuple[Goal, Surface], ...]
    interlocks: tuple[SettingLimit, ...]
    in_spec: float
    seed: int
    possible: tuple[float, ...] = ()  # with several goals: the most each could gain, which makes their gains comparable


@dataclass(frozen=True, slots=True, kw_only=True)
class Gains:
    """Gain of each candidate in one goal, in the outcome's unit, positive = better; `scale` is one step in any goal."""

    value: np.ndarray
    low: np.ndarray
    high: np.ndarray
    before: float
    scale: float


def gains_of(surface: Surface, now: Point, to: Point) -> Gains:
    """Gains with 95 % intervals of each row of `to` against `now`."""
    mean, spread = surface.moved(now, to)
    part = float(surface.part(*now)[0])
    before = float(surface.level(part, np.zeros(1))[0])
    least, most = surface.levels_within(part, mean, _Z * spread)
    return Gains(
        value=before - surface.level(part, mean),
        low=before - most,
        high=before - least,
        before=before,
        scale=max(before, 1e-6) if surface.fit.binary else surface.unit_spread,
    )


def total_gain(scene: Scene, to: Point) -> tuple[np.ndarray, np.ndarray]:
    """Sum of the goals' gains in their scales, and its standard deviation, shape (rows,)."""
    value, variance = np.zeros(len(to[0])), np.zeros(len(to[0]))
    for place, (_, surface) in enumerate(scene.goals):
        gains = gains_of(surface, scene.now, to)
        scale = scene.possible[place] if scene.possible else gains.scale
        value += gains.value / scale
        variance += ((gains.value - gains.low) / _Z / scale) ** 2
    return value, np.sqrt(variance)


def demands(scene: Scene, to: Point) -> list[tuple[Specification | Goal, np.ndarray, np.ndarray, float]]:
    """For each specification and guard: itself, the chance that it is kept, the share inside (NaN for a guard) and today's."""
    found: list[tuple[Specification | Goal, np.ndarray, np.ndarray, float]] = []
    for specification, surface in scene.specifications:
        part = float(surface.part(*scene.now)[0])
        share_now = float(_inside(surface, specification, np.array([part]))[0])
        demand = min(scene.in_spec, share_now - 0.01)
        mean, spread = surface.moved(scene.now, to)
        kept = np.zeros(len(mean))
        for quantile in _QUANTILES:
            kept += _inside(surface, specification, part + mean + quantile * spread) >= demand
        share = _inside(surface, specification, part + mean)
        found.append((specification, kept / _QUANTILES.size, share, share_now))
    for goal, surface in scene.guards:
        gains = gains_of(surface, scene.now, to)
        error = np.maximum((gains.high - gains.low) / 2 / _Z, 1e-12)
        chance = stats.norm.cdf((gains.value + _WORSE * gains.scale) / error)
        found.append((goal, chance, np.full(len(chance), np.nan), float("nan")))
    return found


def _inside(surface: Surface, specification: Specification, part: np.ndarray) -> np.ndarray:
    """Share of units within the specification when the settings' part is `part`, over what units deviated by lately."""
    deviations = surface.deviations
    low = -np.inf if specification.low is None else specification.low
    high = np.inf if specification.high is None else specification.high
    share: np.ndarray = (
        np.searchsorted(deviations, high - part, side="right") - np.searchsorted(deviations, low - part, side="left")
    ) / deviations.size
    return share


def choose(scene: Scene) -> tuple[Point, bool]:
    """The setting that gains most with some caution and keeps every demand; and whether a demand forbade a clearly better one."""
    first = candidates(scene.moved, scene.now, scene.movable, scene.support, scene.interlocks, seed=scene.seed)
    if len(scene.goals) > 1:
        gains = [gains_of(surface, scene.now, first) for _, surface in scene.goals]
        scene = replace(scene, possible=tuple(max(float(one.value.max()), 0.05 * one.scale) for one in gains))
    best, free = _best(scene, first)
    for step in range(3):
        near = candidates(
            scene.moved, scene.now, scene.movable, scene.support, scene.interlocks,
            seed=scene.seed + 1 + step, around=best, count=1500,
        )  # fmt: skip
        near = np.vstack([best[0], near[0]]), np.vstack([best[1], near[1]])
        best, also = _best(scene, near)
        free = max(free, also)
    reached = float(_score(scene, best)[0])
    return _settable(scene, _pruned(scene, best)), free > 1.04 * reached + 0.01


def _score(scene: Scene, to: Point) -> np.ndarray:
    value, spread = total_gain(scene, to)
    score: np.ndarray = value - _CAUTION * spread
    return score


def _allowed(scene: Scene, to: Point) -> np.ndarray:
    allowed = np.ones(len(to[0]), dtype=bool)
    for _, chance, _, _ in demands(scene, to):
        allowed &= chance >= _CHANCE
    if len(scene.goals) > 1:  # the first goal must gain, and none may pay for it
        for place, (_, surface) in enumerate(scene.goals):
            gains = gains_of(surface, scene.now, to)
            error = np.maximum((gains.high - gains.low) / 2 / _Z, 1e-12)
            spare = _WORSE * gains.scale if place else 0.0
            allowed &= stats.norm.cdf((gains.value + spare) / error) >= (_CHANCE if place else _SURE)
    return allowed


def _best(scene: Scene, to: Point) -> tuple[Point, float]:
    score = _score(scene, to)
    free = float(score.max())
    allowed = _allowed(scene, to)
    allowed[0] = True  # today's, or what was chosen before
    place = int(np.where(allowed, score, -np.inf).argmax())
    return (to[0][[place]], to[1][[place]]), free


def _pruned(scene: Scene, best: Point) -> Point:
    """Without the moves that hardly add to the gain: every change on the floor costs somebody's care."""
    numeric = len(scene.moved.numeric)
    point = best
    whole = float(_score(scene, best)[0])
    if whole <= 0:
        return point
    for _ in range(numeric + len(scene.moved.named)):
        moves = [j for j in range(numeric) if point[0][0, j] != scene.now[0][0, j]]
        moves += [numeric + k for k in range(len(scene.moved.named)) if point[1][0, k] != scene.now[1][0, k]]
        tried = [_back(scene, point, move) for move in moves]
        if not tried:
            break
        to = np.vstack([t[0] for t in tried]), np.vstack([t[1] for t in tried])
        score = np.where(_allowed(scene, to) & _reachable(scene, to), _score(scene, to), -np.inf)
        unsure = np.array([_certainty(scene, one, point) < _LEAST_CERTAINTY for one in tried]) & np.isfinite(score)
        if unsure.any():
            score = np.where(unsure, score, -np.inf)
        elif float(score.max()) < (1 - _SMALL_MOVE) * whole:
            break
        point = tried[int(score.argmax())]
        whole = min(whole, float(_score(scene, point)[0]))
    return point


def _certainty(scene: Scene, back: Point, point: Point) -> float:
    """How many standard deviations the step from `back` to `point` improves the goals."""
    mean, variance = 0.0, 0.0
    for place, (_, surface) in enumerate(scene.goals):
        change, spread = (float(part[0]) for part in surface.moved(back, point))
        if surface.target is not None:
            parts = np.array([float(surface.part(*one)[0]) for one in (back, point)])
            change = float(np.diff(surface.level(0.0, parts))[0])
        unit = 1.0 if surface.fit.binary else surface.unit_spread
        if scene.possible and not surface.fit.binary:
            unit = scene.possible[place]
        mean, variance = mean - change / unit, variance + (spread / unit) ** 2
    return mean / max(float(np.sqrt(variance)), 1e-12)


def _reachable(scene: Scene, to: Point) -> np.ndarray:
    """Whether settings lie where the record speaks and keep the limits between them."""
    reachable: np.ndarray = scene.support.holds(*to) & interlocked(scene.moved.numeric, to[0], scene.interlocks)
    return reachable


def _back(scene: Scene, point: Point, move: int) -> Point:
    numbers, codes = point[0].copy(), point[1].copy()
    numeric = len(scene.moved.numeric)
    if move < numeric:
        numbers[0, move] = scene.now[0][0, move]
    else:
        codes[0, move - numeric] = scene.now[1][0, move - numeric]
    return numbers, codes


def _settable(scene: Scene, point: Point) -> Point:
    """Values to a hundredth of the span, else to a thousandth: what somebody can set, where all demands are still kept."""
    for fineness in (100, 1000):
        rounded = _rounded(scene, point, fineness)
        if bool(interlocked(scene.moved.numeric, rounded[0], scene.interlocks)[0] and _allowed(scene, rounded)[0]):
            return rounded
    return point


def _rounded(scene: Scene, point: Point, fineness: int) -> Point:
    """Values to a share of the span, never outside the limits."""
    numbers = point[0].copy()
    for j, setting in enumerate(scene.moved.numeric):
        span = float(scene.support.high[j] - scene.support.low[j])
        if numbers[0, j] == scene.now[0][0, j] or setting.step is not None or span <= 0:
            continue
        digits = min(int(np.ceil(-np.log10(span / fineness))), _decimals(scene.moved.numbers[:, j]))
        value = round(float(numbers[0, j]), digits)
        low = -np.inf if setting.low is None else setting.low
        high = np.inf if setting.high is None else setting.high
        numbers[0, j] = value if low <= value <= high else numbers[0, j]
    return numbers, point[1]


def _decimals(column: np.ndarray) -> int:
    """Decimals that people write the setting with, at most 9."""
    some = column[:: max(1, column.size // 500)]
    return next((digits for digits in range(9) if np.array_equal(np.round(some, digits), some)), 9)


def told_gain(goal: Goal, surface: Surface, scene: Scene, to: Point) -> Gain:
    """The gain of one setting as an answer tells it."""
    levels = surface.drawn_levels((np.vstack([scene.now[0], to[0]]), np.vstack([scene.now[1], to[1]])))
    levels = _as_seen_nearby(levels, surface, scene, to)
    if surface.fit.binary:
        # Tomorrow's lots are others than those of late: the rate of both settings rises or falls together.
        common = np.random.default_rng(3).normal(size=(len(levels), 1)) * surface.tomorrow
        levels = np.minimum(levels * np.exp(common), 1.0)
    gains = levels[:, 0] - levels[:, 1]
    if not surface.fit.binary:
        gains = np.median(gains) + _WIDER * (gains - np.median(gains))
    low, high = (float(end) for end in np.quantile(gains, [0.025, 0.975]))
    before, after = (float(level) for level in np.median(levels, axis=0))
    if goal.direction == "max":
        before, after = (1 - before, 1 - after) if surface.fit.binary else (-before, -after)
    return Gain(
        outcome=goal.outcome,
        direction=goal.direction,
        unit="share" if surface.fit.binary else None,
        value=float(np.median(gains)),
        low=low,
        high=high,
        before=before,
        after=after,
    )


def _as_seen_nearby(levels: np.ndarray, surface: Surface, scene: Scene, to: Point) -> np.ndarray:
    """Draws of the two levels, corrected by what rows near each setting showed against what the surface expects of them.

    The correction makes the estimate doubly robust in spirit (Robins, Rotnitzky and Zhao 1994): where rows are many they decide,
    where there are none the surface stands, with an allowance for its being wrong (as if `_DOUBT` rows or defects spoke for it).
    """
    y, expected = surface.seen
    rng = np.random.default_rng(1)
    moves = np.flatnonzero(to[0][0] != scene.now[0][0])
    named = np.flatnonzero(to[1][0] != scene.now[1][0])
    halves = np.array([scale.half for scale in scene.support.scales])
    found = levels.copy()
    for place, (numbers, codes) in enumerate((scene.now, to)):
        near = (np.abs(scene.moved.numbers[:, moves] - numbers[0, moves]) <= _NEAR * halves[moves]).all(1)
        near &= (scene.moved.codes[:, named] == codes[0, named]).all(1)
        if surface.fit.binary:
            bad, foreseen = float(y[near].sum()), float(expected[near].sum())
            ratio = rng.gamma(bad + _DOUBT_DEFECTS, size=len(levels)) / (foreseen + _DOUBT_DEFECTS)
            found[:, place] = np.minimum(levels[:, place] * ratio, 1.0)
        else:
            known = int(near.sum()) + _DOUBT_ROWS
            shift = float((y[near] - expected[near]).sum()) / known
            found[:, place] += shift + surface.unit_spread / np.sqrt(known) * rng.normal(size=len(levels))
    return found


def told_demands(scene: Scene, to: Point) -> tuple[ConstraintChance, ...]:
    """Specifications and guards at one setting."""
    found = []
    for one, chance, share, share_now in demands(scene, to):
        specification = isinstance(one, Specification)
        found.append(
            ConstraintChance(
                outcome=one.outcome,
                demand="specification" if specification else "not_worse",
                low=one.low if isinstance(one, Specification) else None,
                high=one.high if isinstance(one, Specification) else None,
                share=float(share[0]) if specification else None,
                share_now=share_now if specification else None,
                chance=float(chance[0]),
            )
        )
    return tuple(found)


def extrapolated(scene: Scene, to: Point) -> float:
    """The share of the gain that lies beyond the last point, on the way from today's setting, near which enough rows are."""
    rows = scene.moved.numbers.shape[0]
    moves = np.flatnonzero(to[0][0] != scene.now[0][0])
    shares = np.linspace(0.0, 1.0, 21)
    path = scene.now[0] + shares[:, None] * (to[0] - scene.now[0])
    halves = np.array([scale.half for scale in scene.support.scales])[moves]
    near = np.ones((shares.size, rows), dtype=bool)
    for place, j in enumerate(moves):
        near &= np.abs(scene.moved.numbers[None, :, j] - path[:, [j]]) <= 0.4 * halves[place]
    enough = near.sum(1) >= max(5, 0.002 * rows)
    enough[0] = True
    if enough[-1]:
        return 0.0
    last = int(np.flatnonzero(enough)[-1])
    codes = np.repeat(to[1], shares.size, axis=0)
    value, _ = total_gain(scene, (path, codes))
    whole = float(value[-1])
    return float(np.clip(1 - value[last] / whole, 0.0, 1.0)) if whole > 0 else 1.0


def curves_of(scene: Scene, to: Point) -> tuple[Curve, ...]:
    """The leading goal along each moved setting, the others as recommended, in the outcome's own direction."""
    goal, surface = scene.goals[0]
    sign = -1.0 if goal.direction == "max" else 1.0
    numeric, found = len(scene.moved.numeric), []
    part = float(surface.part(*scene.now)[0])
    for place, setting in enumerate(scene.moved.settings):
        number = place < numeric
        if number and to[0][0, place] == scene.now[0][0, place]:
            continue
        if not number and to[1][0, place - numeric] == scene.now[1][0, place - numeric]:
            continue
        if number:
            values: np.ndarray = np.linspace(scene.support.low[place], scene.support.high[place], 41)
            numbers, codes = np.repeat(to[0], 41, axis=0), np.repeat(to[1], 41, axis=0)
            numbers[:, place] = values
            near = 0.15 * scene.support.scales[place].half
            seen = (np.abs(scene.moved.numbers[:, [place]] - values) <= near).mean(0)
        else:
            values = np.flatnonzero(scene.support.levels[place - numeric])
            numbers, codes = np.repeat(to[0], values.size, axis=0), np.repeat(to[1], values.size, axis=0)
            codes[:, place - numeric] = values
            seen = (scene.moved.codes[:, [place - numeric]] == values).mean(0)
        mean, spread = surface.moved(scene.now, (numbers, codes))
        ends = [
            sign * surface.level(part, mean),
            *(sign * end for end in surface.levels_within(part, mean, _Z * spread)),
        ]
        found.append(
            Curve(
                setting=setting.name,
                values=tuple(float(v) for v in values) if number else tuple(setting.levels[int(v)] for v in values),
                mean=ends[0],
                low=np.minimum(ends[1], ends[2]),
                high=np.maximum(ends[1], ends[2]),
                seen=seen,
            )
        )
    return tuple(found)
