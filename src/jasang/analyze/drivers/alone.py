"""A machine that is bad and makes products that no other machine makes: machine or product, which of them no record can tell.

Days on which both sides produced are compared; the chance is that of the mean daily difference under random signs of whole days,
with every machine tried allowed for.
"""

from dataclasses import dataclass

import numpy as np
from scipy import stats

_LEAST_ROWS = 60  # of a side
_LEAST_DAYS = 8
_LEAST_SHARED = 30  # rows of a product on another machine: then machine and product can be told apart
_LEAST_DAY_ROWS = 5
_SIGNS = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Alone:
    """Machine `asset` with its `products` (codes) against all others.

    `effect` is the mean difference of the outcome between them on days on which both produced, 95 % interval over days.
    """

    asset: int
    products: tuple[int, ...]
    effect: float
    low: float
    high: float
    mean: float
    mean_others: float
    rows: int
    rows_others: int
    days: int
    p_value: float


def machine_or_product(
    outcome: np.ndarray, asset: np.ndarray, product: np.ndarray, day: np.ndarray, *, seed: int = 0
) -> Alone | None:
    """The worst machine whose products are made nowhere else; `None` where every machine shares a product or none is worse.

    Parameters
    ----------
    outcome : more is worse, NaN = unknown, shape (rows,)
    asset, product : codes, -1 = unknown, shape (rows,)
    day : number of the local day, float, NaN = unknown, shape (rows,)
    """
    known = ~np.isnan(outcome) & ~np.isnan(day) & (asset >= 0) & (product >= 0)
    outcome, asset, product, day = outcome[known], asset[known], product[known], day[known]
    machines = np.unique(asset)
    if machines.size < 2 or np.unique(product).size < 2:
        return None
    rng = np.random.default_rng(seed)
    found = [one for code in machines if (one := _against_others(code, outcome, asset, product, day, rng)) is not None]
    if not found:
        return None
    worst = min(found, key=lambda one: (one[1], -one[0].effect))[0]
    return worst if worst.effect > 0 else None


def _against_others(
    code: int, outcome: np.ndarray, asset: np.ndarray, product: np.ndarray, day: np.ndarray, rng: np.random.Generator
) -> tuple[Alone, float] | None:
    mine = asset == code
    products = np.unique(product[mine])
    made = np.array([int((product[mine] == one).sum()) for one in products])
    elsewhere = np.array([int((product[~mine] == one).sum()) for one in products])
    if ((elsewhere >= _LEAST_SHARED) & (made >= _LEAST_SHARED)).any():
        return None
    if min(int(mine.sum()), int((~mine).sum())) < _LEAST_ROWS:
        return None
    _, place = np.unique(day, return_inverse=True)
    place = place.ravel()
    count = [np.bincount(place, weights=side).astype(float) for side in (mine, ~mine)]
    total = [np.bincount(place, weights=outcome * side) for side in (mine, ~mine)]
    both = (count[0] >= _LEAST_DAY_ROWS) & (count[1] >= _LEAST_DAY_ROWS)
    if both.sum() < _LEAST_DAYS:
        return None
    gap = total[0][both] / count[0][both] - total[1][both] / count[1][both]
    weight = 1 / (1 / count[0][both] + 1 / count[1][both])
    effect = float(np.average(gap, weights=weight))
    error = float(np.sqrt((weight**2 * (gap - effect) ** 2).sum()) / weight.sum() * np.sqrt(gap.size / (gap.size - 1)))
    reach = float(stats.t.ppf(0.975, gap.size - 1)) * error
    dealt = rng.choice(np.array([-1.0, 1.0], dtype=np.float32), size=(_SIGNS, gap.size)) @ (weight * gap) / weight.sum()
    p = float((1 + (dealt >= effect).sum()) / (1 + _SIGNS))
    alone = Alone(
        asset=int(code),
        products=tuple(int(one) for one, rows in zip(products, made, strict=True) if rows >= _LEAST_SHARED),
        effect=effect,
        low=effect - reach,
        high=effect + reach,
        mean=float(outcome[mine].mean()),
        mean_others=float(outcome[~mine].mean()),
        rows=int(mine.sum()),
        rows_others=int((~mine).sum()),
        days=int(both.sum()),
        p_value=min(1.0, p * np.unique(asset).size),
    )
    return alone, alone.p_value
