"""Tabu search on job shops with a choice of machines, for the makespan.

Moves take one operation of a critical path to where the longest path is shortest. A search that stands still hands its best
schedule to a small population; the next begins between two schedules of it. A population that has become alike is given up.
"""

import numpy as np
from numba import njit

from jasang.optimize.schedule.shop_elites import (
    HUGE,
    adopt,
    between,
    empty_elites,
    keep,
    random_schedule,
)
from jasang.optimize.schedule.shop_moves import block_moves, length_through, shortlist
from jasang.optimize.schedule.shop_state import blocks, critical, empty_state, load, move, without

LISTED = 8  # moves with a choice of machines that are worked out exactly, of all that were estimated
KEPT = 8  # schedules of the population
RENEWED = 40  # searches without a better schedule after which the population is given up
_WEIGHT = 1_000_000


@njit(cache=True, nogil=True)
def search(shop, order, choice, seed, iterations, patience, signal):
    """Improve the schedule of `order` and `choice` (n,) in place; its makespan.

    Stops after `iterations`, or when `signal[0]` is set from outside, or the makespan has come down to `signal[1]`; `signal[2]`
    tells the best so far.
    """
    np.random.seed(seed)
    n, m = shop.before.size, shop.machine_count
    s = empty_state(shop)
    tabu, moved = np.zeros((n, n), np.int32), np.zeros((n, m), np.int32)
    elites = empty_elites(KEPT + 1, n)
    best_order, best_choice = order.copy(), choice.copy()
    best, now, fruitless, filled = np.int64(HUGE), 0, 0, 0
    single = shop.choices.max() == 1
    while now < iterations and signal[0] == 0:
        makespan = load(shop, s, order, choice)
        shake = 0
        if filled == KEPT and np.random.random() < 0.2:
            shake = 6 + np.random.randint(12)
        # Short searches find more places, long ones go deeper; which of them pays differs from shop to shop.
        some = patience if single or np.random.random() < 0.5 else patience * 2 // 5
        now = _improve(shop, s, makespan, best, now, iterations, some, shake, tabu, moved, elites, signal)
        if elites.value[KEPT] < best:
            best, fruitless = elites.value[KEPT], 0
            best_order[:], best_choice[:] = elites.order[KEPT], elites.choice[KEPT]
            signal[2] = best
        if best <= signal[1]:
            break
        fruitless += 1
        adopt(shop, elites, KEPT)
        if fruitless > RENEWED:
            elites.value[:] = HUGE
            fruitless = 0
        filled = np.sum(elites.value[:KEPT] < HUGE)
        if filled < KEPT:
            random_schedule(shop, order, choice)
        else:
            a, b = np.random.randint(KEPT), np.random.randint(KEPT)
            share = 0.25 + 0.5 * np.random.random() if a != b else 0.0
            between(shop, elites, a, b, share, order, choice)
    order[:], choice[:] = best_order, best_choice
    return best


@njit(cache=True, nogil=True)
def _improve(shop, s, makespan, best, now, iterations, patience, shake, tabu, moved, elites, signal):
    """Tabu search from this schedule until it stands still; its best goes to the last row of `elites`. The iteration reached."""
    n = shop.before.size
    path, first, last = np.empty(n + 1, np.int64), np.empty(n, np.int64), np.empty(n, np.int64)
    heads, stretch = np.empty(n, np.int64), np.empty(n, np.int64)
    result, spare, found = np.empty(4, np.int64), np.empty(4, np.int64), np.empty((LISTED, 4), np.int64)
    single = shop.choices.max() == 1
    fresh = elites.value.size - 1
    elites.value[fresh] = HUGE
    since = 0
    now += 20  # what was forbidden before is free again
    while now < iterations and since <= patience and signal[0] == 0:
        now += 1
        if makespan < elites.value[fresh]:
            keep(elites, fresh, makespan, s.choice, s.order, s.head)
            since = 0
            best = min(best, makespan)
            if makespan <= signal[1]:
                break
        elif shake == 0:
            since += 1
        count = critical(shop, s, makespan, path)
        blocks(s, path, count, first, last)
        if shake > 0:
            shake -= 1
            path[0] = path[np.random.randint(count)]
            count = 1
        score, v, at, spare_score, spare_v, spare_at = _best_in_blocks(
            shop, s, path, count, first, last, best, tabu, now, result, heads, stretch
        )
        e, spare_e = s.choice[v], s.choice[spare_v]
        if not single:
            score, v, e, at, spare_v, spare_e, spare_at = _best_elsewhere(
                shop, s, path, count, best, moved, now, found, spare, score, v, at, spare_score, spare_v, spare_at
            )
        forbidden = v < 0
        if forbidden:
            v, e, at = spare_v, spare_e, spare_at
        if v < 0 or (forbidden and np.random.random() < 0.5):
            since += patience // 20 + 1
            if v < 0:
                continue
        k, target, old = s.machine[v], shop.machines[v, e], s.place[v]
        tenure = now + 10 + np.random.randint(6)
        if target == k:
            if at < old:
                for a in range(at, old):
                    tabu[s.seq[k, a], v] = tenure
            else:
                for a in range(old + 1, at + 1):
                    tabu[v, s.seq[k, a]] = tenure
        else:
            moved[v, k] = tenure + count
        makespan = move(shop, s, v, e, at)
    return now


@njit(cache=True, nogil=True)
def _best_in_blocks(shop, s, path, count, first, last, best, tabu, now, result, heads, stretch):
    """The best move on the same machine: score, operation, place; and the same of forbidden moves."""
    score, v, at = np.int64(HUGE), -1, -1
    spare_score, spare_v, spare_at = np.int64(HUGE), -1, -1
    for c in range(count):
        i = path[c]
        if first[i] == last[i]:
            continue
        result[0], result[1], result[2], result[3] = HUGE, -1, HUGE, -1
        block_moves(shop, s, i, first[i], last[i], best, tabu, now, result, heads, stretch)
        if result[1] >= 0 and (result[0] < score or (result[0] == score and np.random.random() < 0.5)):
            score, v, at = result[0], i, result[1]
        if result[3] >= 0 and result[2] < spare_score:
            spare_score, spare_v, spare_at = result[2], i, result[3]
    return score, v, at, spare_score, spare_v, spare_at


@njit(cache=True, nogil=True)
def _best_elsewhere(shop, s, path, count, best, moved, now, found, spare, score, v, at, spare_score, spare_v, spare_at):
    """The best move, also to other machines: score, operation, alternative, place; and a forbidden move.

    Moves on the same machine count by their own longest path alone: with the makespan of the rest they would look no better than
    many others while several critical paths stand side by side, and the search would drift (seen on all families).
    """
    listed = shortlist(shop, s, path, count, best, moved, now, found, spare)
    e, spare_e = s.choice[v], s.choice[spare_v]
    if spare[0] >= 0 and spare[0] < spare_score:
        spare_v, spare_e, spare_at = spare[1], spare[2], spare[3]
    score = score * _WEIGHT if v >= 0 else np.int64(HUGE)
    for c in range(listed):
        if found[c, 1] < 0:
            continue
        i = found[c, 1]
        base = without(shop, s, i)
        for d in range(c, listed):
            if found[d, 1] != i:
                continue
            through = length_through(shop, s, i, found[d, 2], found[d, 3])
            one = max(base, through) * _WEIGHT + min(through, _WEIGHT - 1)
            if one < score or (one == score and np.random.random() < 0.5):
                score, v, e, at = one, i, found[d, 2], found[d, 3]
            found[d, 1] = -1
    return score, v, e, at, spare_v, spare_e, spare_at
