"""The classical designs. pyDOE makes the matrices; here they get factors, centre runs and names."""

from collections.abc import Sequence
from itertools import combinations
from typing import Literal

import numpy as np
import pydoe

from jasang.optimize.experiments.factor import Design, Factor, as_codes, letters, two_level


def full_factorial(factors: Sequence[Factor], *, centre: int = 0, levels: int = 2) -> Design:
    """Every combination: `levels` evenly spaced settings of each number (2 or 3), all named levels; `centre` runs in the middle.

    Raises
    ------
    ValueError
        Centre runs are asked for where a factor has named levels and no middle.
    """
    counts = [levels if factor.numeric else len(factor.levels) for factor in factors]
    codes = pydoe.fullfact(np.array(counts))
    coded = np.column_stack([
        2 * codes[:, place] / (count - 1) - 1 if factor.numeric else codes[:, place]
        for place, (factor, count) in enumerate(zip(factors, counts, strict=True))
    ])  # fmt: skip
    return Design(name="full_factorial", factors=tuple(factors), coded=_with_centre(factors, coded, centre))


def fractional_factorial(
    factors: Sequence[Factor], *, runs: int | None = None, resolution: int | None = None, centre: int = 0
) -> Design:
    """A regular 2^(k−p) fraction of least aberration with `runs` runs, or the smallest one of that `resolution`.

    Word lengths decide (Fries and Hunter 1980): first the resolution, then the fewest shortest words. Up to 11 factors are
    searched through; beyond that pyDOE's fraction of the resolution is taken.

    Raises
    ------
    ValueError
        Neither or both of `runs` and `resolution` given, runs not a power of two, or no such fraction.
    """
    two_level(factors)
    k = len(factors)
    if (runs is None) == (resolution is None):
        raise ValueError("expected either runs or resolution")
    if resolution is not None:
        for basic in range(1, k + 1):
            found = _least_aberration(k, basic)
            if found is not None and (not found[0] or min(map(len, _words(k, found[0]))) >= resolution):
                return _fraction(factors, basic, found[0], centre)
        raise ValueError(f"no fraction of {k} factors has resolution {resolution}")
    basic = int(runs).bit_length() - 1  # type: ignore[arg-type]
    if 2**basic != runs or basic > k:
        raise ValueError(f"expected runs as a power of two of at most {2**k}, got {runs}")
    found = _least_aberration(k, basic)
    if found is None:
        raise ValueError(f"{k} factors do not fit into {runs} runs")
    return _fraction(factors, basic, found[0], centre)


def plackett_burman(factors: Sequence[Factor], *, centre: int = 0) -> Design:
    """The Plackett–Burman design of the fewest runs (a multiple of four): main effects only, mixed with every interaction."""
    two_level(factors)
    coded = as_codes(factors, pydoe.pbdesign(len(factors)))
    return Design(name="plackett_burman", factors=tuple(factors), coded=_with_centre(factors, coded, centre))


def central_composite(
    factors: Sequence[Factor],
    *,
    kind: Literal["circumscribed", "faced", "inscribed"] = "circumscribed",
    alpha: Literal["rotatable", "orthogonal"] = "rotatable",
    centre: int = 5,
) -> Design:
    """Cube, stars and centre (Box and Wilson 1951). `circumscribed` stars lie beyond low and high; the other kinds keep inside.

    Blocks: 0 is the cube with half of the centre runs, 1 the stars with the rest.
    """
    _only_numbers(factors, "central composite")
    k = len(factors)
    first, second = centre - centre // 2, centre // 2
    face = {"circumscribed": "ccc", "faced": "ccf", "inscribed": "cci"}[kind]
    matrix = pydoe.ccdesign(k, center=(first, second), alpha=alpha, face=face)
    blocks = np.repeat([0, 1], [2**k + first, 2 * k + second])
    return Design(name="central_composite", factors=tuple(factors), coded=matrix, blocks=blocks)


def box_behnken(factors: Sequence[Factor], *, centre: int = 3) -> Design:
    """Box and Behnken (1960): three levels, no run with all factors at an end; three or more numbers."""
    _only_numbers(factors, "Box-Behnken")
    if len(factors) < 3:
        raise ValueError(f"Box-Behnken needs at least three factors, got {len(factors)}")
    return Design(name="box_behnken", factors=tuple(factors), coded=pydoe.bbdesign(len(factors), center=centre))


def definitive_screening(factors: Sequence[Factor], *, spare: int = 2) -> Design:
    """Jones and Nachtsheim (2011, 2013): 2k + 1 runs or a few more; main effects free of interactions, curvature visible.

    `spare` more columns than there are factors leave degrees of freedom for the error. Named levels come last in pyDOE's
    construction and are put back in the given order.
    """
    two_level(factors)
    numbers = [place for place, factor in enumerate(factors) if factor.numeric]
    named = [place for place, factor in enumerate(factors) if not factor.numeric]
    if len(numbers) < 3:
        raise ValueError(f"definitive screening needs at least three numbers, got {len(numbers)}")
    matrix = pydoe.definitive_screening_design(len(numbers), n_cat=len(named), n_fake_factors=spare)
    columns = np.empty((matrix.shape[0], len(factors)))
    columns[:, numbers + named] = matrix[:, : len(factors)]
    return Design(name="definitive_screening", factors=tuple(factors), coded=as_codes(factors, columns))


def _with_centre(factors: Sequence[Factor], coded: np.ndarray, centre: int) -> np.ndarray:
    if not centre:
        return coded
    _only_numbers(factors, "centre runs")
    return np.vstack([coded, np.zeros((centre, len(factors)))])


def _only_numbers(factors: Sequence[Factor], what: str) -> None:
    for factor in factors:
        if not factor.numeric:
            raise ValueError(f"{what}: factor {factor.name!r} has named levels and no middle")


def _words(k: int, generators: tuple[int, ...]) -> list[str]:
    """The defining relation without the identity: every product of the generators' words, as letters."""
    masks = [0]
    for generator in generators:
        masks += [mask ^ generator for mask in masks]
    names = letters(k)
    return ["".join(names[place] for place in range(k) if mask >> place & 1) for mask in masks[1:]]


def _least_aberration(k: int, basic: int) -> tuple[tuple[int, ...]] | None:
    """The generator words (bit masks over k factors) of a 2^basic fraction with the best word lengths; `None` = none fits."""
    added = k - basic
    if added == 0:
        return ((),)
    products = [mask for mask in range(2**basic) if mask.bit_count() >= 2]
    if len(products) < added:
        return None
    products.sort(key=lambda mask: -mask.bit_count())
    best: tuple[tuple[int, ...], tuple[int, ...]] | None = None
    for chosen in _candidates(products, added):
        words = tuple(mask | 1 << (basic + place) for place, mask in enumerate(chosen))
        lengths = _word_lengths(k, words)
        if best is None or lengths < best[0]:
            best = (lengths, words)
    return None if best is None else (best[1],)


def _candidates(products: list[int], added: int, most: int = 20_000) -> list[tuple[int, ...]]:
    """Sets of products to try: all where they are few, else those reached by adding the best one at a time."""
    total = 1
    for place in range(added):
        total = total * (len(products) - place) // (place + 1)
    if total <= most:
        return list(combinations(products, added))
    # Only products of an odd number of factors give words of even length, so resolution IV with many factors lies there.
    odd = [product for product in products if product.bit_count() % 2]
    return _grown(products, added) + (_grown(odd, added) if len(odd) >= added else [])


def _grown(products: list[int], added: int, kept_sets: int = 60) -> list[tuple[int, ...]]:
    """Sets of `added` products found by adding one at a time to the best sets so far."""
    basic = max(products).bit_length()

    def aberration(chosen: tuple[int, ...]) -> tuple[int, ...]:
        words = tuple(mask | 1 << (basic + place) for place, mask in enumerate(chosen))
        return _word_lengths(basic + len(chosen), words)

    kept: list[tuple[int, ...]] = [()]
    for _ in range(added):
        grown = {tuple(sorted((*chosen, product))) for chosen in kept for product in products if product not in chosen}
        kept = sorted(grown, key=aberration)[:kept_sets]
    return kept


def _word_lengths(k: int, generators: tuple[int, ...]) -> tuple[int, ...]:
    """Number of words of length 1, 2, …, k: the smaller in this order, the better the fraction."""
    masks = np.zeros(1, dtype=np.int64)
    for generator in generators:
        masks = np.concatenate([masks, masks ^ generator])
    lengths = np.array([int(mask).bit_count() for mask in masks[1:]])
    return tuple(int(count) for count in np.bincount(lengths, minlength=k + 1)[1:])


def _fraction(factors: Sequence[Factor], basic: int, generators: tuple[int, ...], centre: int) -> Design:
    k, names = len(factors), letters(len(factors))
    base = pydoe.ff2n(basic)[:, ::-1] if basic else np.empty((1, 0))
    columns = [base[:, place] for place in range(basic)]
    texts = []
    for place, word in enumerate(generators):
        parents = [one for one in range(basic) if word >> one & 1]
        columns.append(np.prod(base[:, parents], axis=1))
        texts.append(f"{names[basic + place]}={''.join(names[one] for one in parents)}")
    coded = _with_centre(factors, as_codes(factors, np.column_stack(columns)), centre)
    name = "fractional_factorial" if k > basic else "full_factorial"
    return Design(name=name, factors=tuple(factors), coded=coded, generators=tuple(texts))
