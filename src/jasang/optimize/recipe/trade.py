"""Several goals: the settings among which more of one goal costs some of another."""

from dataclasses import replace

import numpy as np

from jasang.optimize.recipe.answer import TradePoint
from jasang.optimize.recipe.choice import Point, Scene, _allowed, gains_of, told_gain
from jasang.optimize.recipe.moves import candidates

_MOST = 9


def trade_points(scene: Scene, chosen: Point) -> tuple[TradePoint, ...]:
    """Up to nine settings that no other allowed one beats in every goal, along the first goal; empty for a single goal."""
    if len(scene.goals) < 2:
        return ()
    to = candidates(scene.moved, scene.now, scene.movable, scene.support, scene.interlocks, seed=scene.seed + 17)
    to = np.vstack([chosen[0], to[0]]), np.vstack([chosen[1], to[1]])
    gains = [gains_of(surface, scene.now, to) for _, surface in scene.goals]
    values = np.column_stack([one.value / one.scale for one in gains])
    allowed = _demands_kept(scene, to)
    allowed[0] = True
    front = [int(place) for place in np.flatnonzero(allowed) if not _beaten(values, int(place), allowed)]
    front.sort(key=lambda place: float(values[place, 0]))
    if len(front) > _MOST:
        front = [front[int(step)] for step in np.linspace(0, len(front) - 1, _MOST).round()]
    if 0 not in front:
        front = sorted([*front, 0], key=lambda place: float(values[place, 0]))
    found = []
    for place in front:
        point = to[0][[place]], to[1][[place]]
        found.append(
            TradePoint(
                settings=scene.moved.values(point[0][0], point[1][0]),
                gains=tuple(told_gain(goal, surface, scene, point) for goal, surface in scene.goals),
                chosen=place == 0,
            )
        )
    return tuple(found)


def _beaten(values: np.ndarray, place: int, allowed: np.ndarray) -> bool:
    better = (values >= values[place]).all(1) & (values > values[place] + 1e-9).any(1) & allowed
    return bool(better.any())


def _demands_kept(scene: Scene, to: Point) -> np.ndarray:
    return _allowed(replace(scene, goals=scene.goals[:1]), to)
