"""A two-level design split over days, batches or shifts so that no main effect is mixed with the difference between blocks."""

from dataclasses import replace
from itertools import combinations

import numpy as np

from jasang.optimize.experiments.factor import Design, letters, plus_minus


def in_blocks(design: Design, count: int) -> tuple[Design, tuple[str, ...]]:
    """The design in `count` blocks (2, 4, 8 …) and the effects that are lost to the differences between them.

    Blocks follow products of factors; the products are chosen so that the lost effects are of the highest order (Bisgaard
    1994). Centre runs are dealt out in turn.

    Raises
    ------
    ValueError
        The number is no power of two, or so many blocks would lose a main effect.
    """
    generators = count.bit_length() - 1
    if 2**generators != count or count < 2:
        raise ValueError(f"expected a power of two of at least 2 blocks, got {count}")
    runs = plus_minus(design)
    cube = np.all(np.abs(runs) == 1, axis=1)
    effects = _effects(runs[cube])
    found = _best_products(effects, generators)
    if found is None:
        raise ValueError(f"{count} blocks would mix a main effect with the difference between blocks")
    chosen, lost = [effects[name] for name in found], _lost(effects, [effects[name] for name in found])
    code = np.zeros(int(cube.sum()), dtype=np.int64)
    for place, column in enumerate(chosen):
        code += (column > 0).astype(np.int64) << place
    blocks = np.empty(design.runs, dtype=np.int64)
    blocks[cube] = code
    blocks[~cube] = np.arange(int((~cube).sum())) % count
    return replace(design, blocks=blocks), tuple(lost)


def _effects(runs: np.ndarray, most: int = 6) -> dict[str, np.ndarray]:
    """Every product of up to `most` factors, lowest order first."""
    names = letters(runs.shape[1])
    found = {}
    for size in range(1, min(most, runs.shape[1]) + 1):
        for places in combinations(range(runs.shape[1]), size):
            found["".join(names[place] for place in places)] = np.prod(runs[:, places], axis=1)
    return found


def _best_products(effects: dict[str, np.ndarray], wanted: int, kept_sets: int = 60) -> tuple[str, ...] | None:
    """The products that together lose the fewest effects of the lowest orders; found by growing the best sets so far."""
    longest = max(map(len, effects))
    kept: list[tuple[tuple[int, ...], tuple[str, ...]]] = [((), ())]
    for _ in range(wanted):
        grown: dict[tuple[str, ...], tuple[int, ...]] = {}
        for _, names in kept:
            for name in effects:
                chosen = tuple(sorted((*names, name)))
                if len(name) == 1 or name in names or chosen in grown:
                    continue
                columns = [effects[one] for one in chosen]
                lengths = [len(one) for one in _lost(effects, columns)]
                # A product of the chosen that is the same in every run makes no further blocks.
                if 1 not in lengths and not _constant(columns):
                    grown[chosen] = tuple(np.bincount(lengths, minlength=longest + 1).tolist())
        kept = sorted((score, names) for names, score in grown.items())[:kept_sets]
    return kept[0][1] if kept else None


def _constant(columns: list[np.ndarray]) -> bool:
    products = [np.ones_like(columns[0])]
    for column in columns:
        products += [product * column for product in products]
    return any(abs(float(product.mean())) == 1 for product in products[1:])


def _lost(effects: dict[str, np.ndarray], chosen: list[np.ndarray]) -> list[str]:
    products = [np.ones_like(chosen[0])]
    for column in chosen:
        products += [product * column for product in products]
    between = np.array(products[1:])
    size = between.shape[1]
    return [name for name, column in effects.items() if (np.abs(between @ column) > size - 1e-9).any()]
