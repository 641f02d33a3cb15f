"""Run rules of control charts: the eight of Nelson (1984) and the four of the Western Electric handbook (1956).

More rules find small shifts sooner and alarm more often without cause: `IN_CONTROL_RUN_LENGTH` says how often.
"""

from collections.abc import Callable
from types import MappingProxyType

import numpy as np

RULES: MappingProxyType[int, str] = MappingProxyType(
    {
        1: "one point beyond 3 sigma",
        2: "nine in a row on one side of the centre",
        3: "six in a row steadily rising or falling",
        4: "fourteen in a row alternating up and down",
        5: "two of three beyond 2 sigma on one side",
        6: "four of five beyond 1 sigma on one side",
        7: "fifteen in a row within 1 sigma",
        8: "eight in a row beyond 1 sigma, on both sides",
    }
)
RUN_OF = 9  # points on one side that make rule 2
WESTERN_ELECTRIC: tuple[int, ...] = (1, 5, 6, 2)
ALL_RULES: tuple[int, ...] = tuple(RULES)

# Mean number of points to the first alarm of an independent normal process in control, by family of rules: exact for rules 1, 2,
# 5 and 6 (`control_charts.rule_chain`), the others measured by `simulated_run_length` over 40,000 runs, seed 2 (standard
# error 0.5 %). The Western Electric figure has nine in a row where the handbook has eight (there 91.75, Champ and Woodall 1987).
IN_CONTROL_RUN_LENGTH: MappingProxyType[tuple[int, ...], float] = MappingProxyType(
    {(1,): 370.4, (1, 2): 216.7, (1, 5): 225.4, (1, 2, 3, 4): 119.7, WESTERN_ELECTRIC: 109.0, ALL_RULES: 74.0}
)


def zone_borders(centre: float, sigma: float) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
    """The lines between the zones: centre − 3, 2 and 1 sigma, and centre + 1, 2 and 3 sigma."""
    return (
        (centre - 3.0 * sigma, centre - 2.0 * sigma, centre - sigma),
        (centre + sigma, centre + 2.0 * sigma, centre + 3.0 * sigma),
    )


def nelson_rules(
    values: np.ndarray, *, centre: float, sigma: float, rules: tuple[int, ...] = ALL_RULES, run_of: int = RUN_OF
) -> np.ndarray:
    """Which rules each point completes.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Points in order. NaN completes no rule and breaks every run.
    centre, sigma : float
        Centre line and standard deviation of the chart.
    rules : tuple of int
        Numbers of the rules to apply, 1 to 8.
    run_of : int
        Points on one side that make rule 2; the Western Electric handbook has eight.

    Returns
    -------
    ndarray of bool, shape (len(rules), n)
        True at the last point of the pattern.
    """
    unknown = [rule for rule in rules if rule not in RULES]
    if unknown:
        raise ValueError(f"unknown run rules {unknown}; there are {list(RULES)}")
    if not sigma > 0:
        raise ValueError(f"sigma must be positive, got {sigma}")
    # Compared with the lines as they are drawn, not after standardising: a value on a limit is inside, also after rounding.
    x = np.asarray(values, dtype=np.float64)
    (low3, low2, low1), (high1, high2, high3) = zone_borders(centre, sigma)
    checks: dict[int, Callable[[], np.ndarray]] = {
        1: lambda: np.asarray((x > high3) | (x < low3)),
        2: lambda: _run(x > centre, run_of) | _run(x < centre, run_of),
        3: lambda: _monotone(x, 6),
        4: lambda: _alternating(x, 14),
        5: lambda: _some_of(x > high2, 2, 3) | _some_of(x < low2, 2, 3),
        6: lambda: _some_of(x > high1, 4, 5) | _some_of(x < low1, 4, 5),
        7: lambda: _run((x < high1) & (x > low1), 15),
        8: lambda: _run((x > high1) | (x < low1), 8) & ~_run(x > high1, 8) & ~_run(x < low1, 8),
    }
    return np.stack([checks[rule]() for rule in rules])


def _window_sum(flags: np.ndarray, length: int) -> np.ndarray:
    """Number of true flags among the last `length`, shape of `flags`; 0 before the first full window."""
    total = np.concatenate([[0], np.cumsum(flags)])
    sums = np.zeros(flags.size, dtype=np.int64)
    if flags.size >= length:
        sums[length - 1 :] = total[length:] - total[:-length]
    return sums


def _run(flags: np.ndarray, length: int) -> np.ndarray:
    return np.asarray(_window_sum(flags, length) == length)


def _some_of(flags: np.ndarray, needed: int, length: int) -> np.ndarray:
    # The point itself must be one of them, else an alarm would ring again after the process has gone back. A window that the
    # beginning of the record cuts short may count too.
    padded = np.concatenate([np.zeros(length - 1, dtype=bool), flags])
    return np.asarray((_window_sum(padded, length)[length - 1 :] >= needed) & flags)


def _monotone(x: np.ndarray, points: int) -> np.ndarray:
    up, down = _moves(x)
    return np.asarray(_run(up, points - 1) | _run(down, points - 1))


def _alternating(x: np.ndarray, points: int) -> np.ndarray:
    up, down = _moves(x)
    turns = np.zeros(x.size, dtype=bool)
    turns[1:] = (up[1:] & down[:-1]) | (down[1:] & up[:-1])
    return _run(turns, points - 2)


def _moves(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    up, down = np.zeros(x.size, dtype=bool), np.zeros(x.size, dtype=bool)
    up[1:], down[1:] = x[1:] > x[:-1], x[1:] < x[:-1]
    return up, down


def simulated_run_length(
    rules: tuple[int, ...], *, runs: int, seed: int, shift: float = 0.0, longest: int = 6000
) -> float:
    """Mean number of points to the first alarm of the rules on independent normal values with mean `shift` sigma."""
    generator = np.random.default_rng(seed)
    lengths = []
    for _ in range(runs):
        start, kept, length = 0, np.empty(0), longest
        while start < longest:
            fresh = generator.normal(shift, 1.0, 400)
            values = np.concatenate([kept, fresh])
            alarms = np.any(nelson_rules(values, centre=0.0, sigma=1.0, rules=rules), axis=0)[kept.size :]
            if alarms.any():
                length = start + int(np.argmax(alarms)) + 1
                break
            start, kept = start + 400, values[-16:]
        lengths.append(length)
    return float(np.mean(lengths))
