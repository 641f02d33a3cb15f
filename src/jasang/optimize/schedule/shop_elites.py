"""The best schedules kept by a search of a shop, how far apart two of them lie, and schedules between two of them.

A schedule is kept as the alternative of each operation, a topological order and the heads (starts). Any blend of the heads of two
schedules grows along every job, so that ordering the operations by it gives a schedule again, without circles: what comes first
in both comes first in the blend (path relinking as in Peng, Lü & Cheng 2015, without walking the path).
"""

from typing import NamedTuple

import numpy as np
from numba import njit


class Elites(NamedTuple):
    """`value` (p,): makespans, huge where the row is empty; (p, n): `choice`, `order`, `head`."""

    value: np.ndarray
    choice: np.ndarray
    order: np.ndarray
    head: np.ndarray


HUGE = 2**62


@njit(cache=True, nogil=True)
def empty_elites(rows, n):
    return Elites(
        np.full(rows, np.int64(HUGE)),
        np.zeros((rows, n), np.int64),
        np.zeros((rows, n), np.int64),
        np.zeros((rows, n), np.int64),
    )


@njit(cache=True, nogil=True)
def keep(elites, row, value, choice, order, head):
    """Write a schedule into a row."""
    elites.value[row] = value
    elites.choice[row, :] = choice
    elites.order[row, :] = order
    elites.head[row, :] = head


@njit(cache=True, nogil=True)
def apart(shop, elites, a, b):
    """Operations on different machines, twice, and pairs in different turn on one machine, by neighbours in turn."""
    n, m = shop.before.size, shop.machine_count
    last = np.full(m, np.int64(-1))
    total = 0
    for r in range(n):
        i = elites.order[a, r]
        k = shop.machines[i, elites.choice[a, i]]
        if k != shop.machines[i, elites.choice[b, i]]:
            total += 2
            continue
        j = last[k]
        if j >= 0 and elites.head[b, j] > elites.head[b, i]:
            total += 1
        last[k] = i
    return total


@njit(cache=True, nogil=True)
def adopt(shop, elites, fresh):
    """Take the schedule of row `fresh`, the last, among the others where it is better than one alike or than the worst."""
    n, rows = shop.before.size, fresh
    value = elites.value[fresh]
    near, least, worst = -1, np.int64(HUGE), 0
    for row in range(rows):
        if elites.value[row] > elites.value[worst]:
            worst = row
        if elites.value[row] < HUGE:
            d = apart(shop, elites, fresh, row)
            if d < least:
                least, near = d, row
    row = worst
    if near >= 0 and least <= n // 20:
        row = near
    if value <= elites.value[row]:
        keep(elites, row, value, elites.choice[fresh], elites.order[fresh], elites.head[fresh])


@njit(cache=True, nogil=True)
def between(shop, elites, a, b, share, order, choice):
    """The schedule at `share` of the way from row a to row b."""
    n = shop.before.size
    key = np.empty(n)
    for i in range(n):
        key[i] = (1.0 - share) * elites.head[a, i] + share * elites.head[b, i]
        choice[i] = elites.choice[b, i] if np.random.random() < share else elites.choice[a, i]
    order[:] = np.argsort(key)


@njit(cache=True, nogil=True)
def random_schedule(shop, order, choice):
    """A schedule by the work left of each job, blurred, each operation on the machine where it ends first."""
    n, m = shop.before.size, shop.machine_count
    free_at = np.zeros(m, np.int64)
    left, ready, waiting = np.zeros(n, np.int64), np.zeros(n, np.int64), np.empty(n, np.int64)
    jobs = 0
    for i in range(n - 1, -1, -1):
        least = shop.times[i, 0]
        for e in range(1, shop.choices[i]):
            least = min(least, shop.times[i, e])
        left[i] = least + (left[shop.after[i]] if shop.after[i] >= 0 else 0)
        if shop.before[i] < 0:
            waiting[jobs], ready[i] = i, shop.release[i]
            jobs += 1
    for r in range(n):
        best, chosen = -1.0, 0
        for c in range(jobs):
            priority = left[waiting[c]] * (0.4 + np.random.random())
            if priority > best:
                best, chosen = priority, c
        i = waiting[chosen]
        soonest = np.int64(HUGE)
        for e in range(shop.choices[i]):
            end = max(free_at[shop.machines[i, e]], ready[i]) + shop.times[i, e]
            if end < soonest:
                soonest, choice[i] = end, e
        free_at[shop.machines[i, choice[i]]] = soonest
        order[r] = i
        j = shop.after[i]
        if j >= 0:
            waiting[chosen], ready[j] = j, max(soonest, shop.release[j])
        else:
            jobs -= 1
            waiting[chosen] = waiting[jobs]
