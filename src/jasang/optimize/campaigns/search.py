"""Where a worth is highest: spread points, points near good trials, then ever smaller steps round the best found."""

from collections.abc import Callable

import numpy as np

from jasang.optimize.campaigns.space import Space, distinct

Worth = Callable[[np.ndarray], np.ndarray]

SPREAD, NEAR = 512, 384
HEADS, ROUNDS, EACH = 6, 12, 24
FIRST_REACH, LAST_REACH = 0.15, 0.002


def best_point(
    space: Space,
    worth: Worth,
    good: np.ndarray,
    *,
    seed: int,
    avoid: np.ndarray,
    box: tuple[np.ndarray, np.ndarray] | None = None,
) -> np.ndarray:
    """The allowed point of highest worth that is not in `avoid`; shape (settings,).

    Parameters
    ----------
    good : allowed points to look near first, shape (points, settings), at least one.
    box : low and high corner to stay in (a trust region), in shares.
    """
    generator = np.random.default_rng(seed)
    near = _stepped(space, good[generator.integers(len(good), size=NEAR)], _reaches(generator, NEAR), generator)
    candidates = _boxed(space, np.vstack([space.spread(SPREAD, seed), near, good]), good[0], box)
    candidates = distinct(candidates, avoid)
    if not len(candidates):
        candidates = distinct(_boxed(space, space.spread(4 * SPREAD, seed + 1), good[0], box), avoid)
    if not len(candidates):
        return np.asarray(good[0])
    values = worth(candidates)
    for reach in np.geomspace(FIRST_REACH, LAST_REACH, ROUNDS):
        order = _heads(candidates, values, reach)
        candidates, values = candidates[order], values[order]
        origins = np.repeat(candidates, EACH, axis=0)
        moved = _stepped(space, origins, np.full(len(origins), reach), generator)
        # A step along the line between two heads finds ridges that single steps miss.
        more = distinct(
            _boxed(space, moved, good[0], box), np.vstack([avoid, candidates]) if len(avoid) else candidates
        )
        if len(more):
            candidates, values = np.vstack([candidates, more]), np.r_[values, worth(more)]
    return np.asarray(candidates[int(np.argmax(values))])


def _reaches(generator: np.random.Generator, count: int) -> np.ndarray:
    return np.asarray(10.0 ** generator.uniform(-2.5, -0.3, count))


def _heads(candidates: np.ndarray, values: np.ndarray, reach: float) -> np.ndarray:
    """The best candidates that do not lie within a quarter of the reach of a better one."""
    chosen: list[int] = []
    for place in np.argsort(-values)[: 20 * HEADS]:
        gaps = [float(np.abs(candidates[place] - candidates[other]).max()) for other in chosen]
        if not gaps or min(gaps) > reach / 4:
            chosen.append(int(place))
        if len(chosen) == HEADS:
            break
    return np.array(chosen)


def _stepped(space: Space, origins: np.ndarray, reaches: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """One step from each origin in some of its settings; levels change now and then; steps are at least one machine step."""
    rows, settings = origins.shape
    moves = generator.standard_normal((rows, settings)) * reaches[:, None]
    share = np.minimum(1.0, np.where(generator.random(rows) < 0.5, 1.0, 1.5 / settings))
    mask = generator.random((rows, settings)) < share[:, None]
    mask[np.arange(rows), generator.integers(settings, size=rows)] = True
    targets = origins + moves * mask
    for place, setting in enumerate(space.settings):
        if not setting.numeric:
            other = generator.integers(len(setting.levels), size=rows)
            flips = mask[:, place] & (generator.random(rows) < 0.3)
            targets[:, place] = np.where(flips, other, origins[:, place])
        elif setting.steps:
            # A step of the machine may be coarser than the reach: then one step either way.
            least = 1.0 / setting.steps
            small = mask[:, place] & (np.abs(moves[:, place]) < least) & (generator.random(rows) < 0.5)
            targets[small, place] = origins[small, place] + np.sign(moves[small, place]) * least
    return space.moved(origins, targets)


def _boxed(
    space: Space, points: np.ndarray, centre: np.ndarray, box: tuple[np.ndarray, np.ndarray] | None
) -> np.ndarray:
    """Points drawn into the box, where there is one, and still allowed."""
    if box is None:
        return points
    numeric = space.numeric
    drawn = np.where(numeric, np.clip(points, box[0], box[1]), points)
    return space.moved(np.repeat(centre[None, :], len(points), axis=0), drawn)
