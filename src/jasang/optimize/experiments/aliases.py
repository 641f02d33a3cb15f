"""What a two-level design cannot tell apart."""

from collections import defaultdict
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from jasang.optimize.experiments.factor import Design, letters, plus_minus


@dataclass(frozen=True, slots=True, kw_only=True)
class Aliases:
    """The alias structure up to the order asked for; effects as letters ("AB"), "I" is the mean.

    `chains` are sets of effects that one number estimates together, `partial` pairs that share part of their information
    (their correlation), as in Plackett–Burman designs. `resolution` is `None` where no effects are aliased.
    """

    chains: tuple[tuple[str, ...], ...]
    partial: tuple[tuple[str, str, float], ...]
    resolution: int | None
    words: tuple[str, ...]  # the defining relation: products of factors that are constant


def alias_structure(design: Design, *, order: int = 2) -> Aliases:
    """Effects of up to `order` factors that the runs cannot tell apart. Centre runs are left out.

    The resolution is the length of the shortest word (Box and Hunter 1961), where effects that share part of their column count
    as if they shared all of it: Plackett–Burman designs have III.
    """
    runs = plus_minus(design)
    runs = runs[np.all(np.abs(runs) == 1, axis=1)]
    names = letters(len(design.factors))
    effects = {"I": np.ones(runs.shape[0])}
    for size in range(1, order + 1):
        for chosen in combinations(range(len(names)), size):
            effects["".join(names[place] for place in chosen)] = np.prod(runs[:, chosen], axis=1)
    keys = list(effects)
    correlation = np.array(list(effects.values())) @ np.array(list(effects.values())).T / max(1, runs.shape[0])
    words = _words(runs, names)
    partial = tuple(
        (keys[a], keys[b], float(round(correlation[a, b], 6)))
        for a, b in combinations(range(len(keys)), 2)
        if 1e-9 < abs(correlation[a, b]) < 1 - 1e-9
    )
    # A product that shares part of its column with another shortens the resolution as a word of both would.
    lengths = [len(word.lstrip("-")) for word in words]
    lengths += [len(one) + len(two) for one, two, _ in partial if "I" not in (one, two)]
    return Aliases(
        chains=_chains(keys, correlation),
        partial=partial,
        resolution=min(lengths) if lengths else None,
        words=words,
    )


def _chains(keys: list[str], correlation: np.ndarray) -> tuple[tuple[str, ...], ...]:
    """Groups of effects with the same column up to sign; a minus before those of opposite sign."""
    seen: set[int] = set()
    chains = []
    for place, key in enumerate(keys):
        if place in seen:
            continue
        same = np.flatnonzero(np.abs(correlation[place]) > 1 - 1e-9)
        seen.update(int(other) for other in same)
        if same.size > 1:
            others = tuple(("-" if correlation[place, one] < 0 else "") + keys[one] for one in same if one != place)
            chains.append((key, *others))
    return tuple(chains)


def _words(runs: np.ndarray, names: str, longest: int = 12) -> tuple[str, ...]:
    """Products of factors that are the same in every run, shortest first.

    Each run is a vector over two elements; constant products are those in the null space of the differences of runs.
    """
    if runs.shape[0] < 2:
        return ()
    bits = (runs > 0).astype(np.uint8)
    space = _null_space((bits[1:] ^ bits[0]).astype(np.uint8))
    if len(space) > longest:
        space = space[:longest]
    masks = [np.zeros(runs.shape[1], dtype=np.uint8)]
    for vector in space:
        masks += [mask ^ vector for mask in masks]
    by_length: dict[int, list[str]] = defaultdict(list)
    for mask in masks[1:]:
        places = np.flatnonzero(mask)
        sign = "-" if np.prod(runs[0, places]) < 0 else ""
        by_length[places.size].append(sign + "".join(names[place] for place in places))
    return tuple(word for length in sorted(by_length) for word in sorted(by_length[length]))


def _null_space(rows: np.ndarray) -> list[np.ndarray]:
    """Vectors v with rows·v = 0 over two elements, by Gauss–Jordan elimination."""
    matrix, width = rows.copy(), rows.shape[1]
    pivots: list[int] = []
    line = 0
    for column in range(width):
        found = np.flatnonzero(matrix[line:, column]) if line < matrix.shape[0] else np.empty(0, dtype=np.int64)
        if not found.size:
            continue
        swap = line + int(found[0])
        matrix[[line, swap]] = matrix[[swap, line]]
        for other in np.flatnonzero(matrix[:, column]):
            if other != line:
                matrix[other] ^= matrix[line]
        pivots.append(column)
        line += 1
    space = []
    for free in (column for column in range(width) if column not in pivots):
        vector = np.zeros(width, dtype=np.uint8)
        vector[free] = 1
        for row, pivot in enumerate(pivots):
            vector[pivot] = matrix[row, free]
        space.append(vector)
    return space
