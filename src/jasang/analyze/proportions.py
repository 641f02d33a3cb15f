"""A share with its exact interval (Clopper and Pearson 1934)."""

from dataclasses import dataclass

from scipy import stats


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """`count` of `total` with the interval that holds the true share in at least as many cases as its confidence says."""

    count: int
    total: int
    value: float
    low: float
    high: float


def share_of(count: int, total: int, *, confidence: float = 0.95, worth: float = 1.0) -> Share:
    """The share `count / total` with its Clopper-Pearson interval.

    `worth` is the share of the counted that is independent, 0 to 1: 0.2 where every case comes with four copies.

    Raises
    ------
    ValueError
        `count` outside 0 to `total`, or nothing counted.

    >>> made = share_of(0, 100)
    >>> made.low, round(made.high, 4)
    (0.0, 0.0362)
    """
    if not 0 <= count <= total or total < 1:
        raise ValueError(f"a share needs a count from 0 to the total, got {count} of {total}")
    tail = (1.0 - confidence) / 2.0
    hits, misses = count * worth, (total - count) * worth
    return Share(
        count=int(count),
        total=int(total),
        value=count / total,
        low=float(stats.beta.ppf(tail, hits, misses + 1)) if count > 0 else 0.0,
        high=float(stats.beta.ppf(1.0 - tail, hits + 1, misses)) if count < total else 1.0,
    )
