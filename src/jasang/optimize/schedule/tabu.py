"""Tabu search on job shops with a choice of machines, for the makespan.

Moves take one operation of a critical path out and put it where the longest path through it is shortest, on any machine that
can do it (Mastrolilli and Gambardella 2000): between the bounds of their theorem every place is feasible, and the makespan
after the move is known exactly. Searches that stand still go back to one of the best schedules and are shaken.
"""

from dataclasses import dataclass

import numpy as np
from numba import njit

from jasang.optimize.schedule.shop_graph import (
    blocks,
    critical,
    distance,
    paths,
    put_in,
    take_out,
    topological,
    towards,
)
from jasang.optimize.schedule.shortlist import length_through, shortlist

LISTED = 8  # moves with a choice of machines that are worked out exactly, of all that were estimated

RENEWED = 30  # new starts without a better schedule after which the kept ones are given up


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopArrays:
    """A job shop as arrays: n operations, at most e alternatives each, m machines; times as whole numbers.

    `before` and `after` (n,) are the job's neighbours or −1; `machines` and `times` (n, e) its alternatives, `choices` (n,) how
    many; `release` (n,) the earliest start (of a job's first operation). Times are at least 1: the bounds that keep moves free
    of circles rest on it.
    """

    before: np.ndarray
    after: np.ndarray
    machines: np.ndarray
    times: np.ndarray
    choices: np.ndarray
    release: np.ndarray
    machine_count: int


@njit(cache=True, nogil=True)
def _block_moves(
    v, k, count, before, after, release, seq, place, time, head, tail, first, last, best_known, tabu, now, result
):
    """The best move of v out of its critical block, or from an end into it, by Balas and Vazacopoulos' estimate (1998).

    result = (estimate, place, tabu estimate, tabu place); places count without v. Moves that a longer path of the job could make
    circular are left out.
    """
    old = place[v]
    ties = 0
    for right in range(2):
        span = last - old if right else old - first
        for steps in range(1, span + 1):
            at = old + steps if right else old - steps
            beyond = at == last if right else at == first
            from_end = old == first if right else old == last
            if not (beyond or from_end):
                continue
            x = seq[k, at]
            if right:  # v goes behind x: no path may lead from v's next operation to x
                j = after[v]
                if j >= 0 and (j == x or tail[x] + time[x] < tail[j] + time[j]):
                    continue
            else:
                j = before[v]
                if j >= 0 and (j == x or head[x] + time[x] < head[j] + time[j]):
                    continue
            estimate = _estimate(v, old, at, k, count, before, after, release, seq, time, head, tail)
            forbidden = False
            low, high = (old + 1, at + 1) if right else (at, old)
            for a in range(low, high):
                if (tabu[seq[k, a], v] if right else tabu[v, seq[k, a]]) > now:
                    forbidden = True
                    break
            score = estimate * 1_000_000
            if not forbidden or estimate < best_known:
                ties += 1
                if score < result[0] or (score == result[0] and np.random.randint(ties) == 0):
                    result[0], result[1] = score, at
            elif score < result[2]:
                result[2], result[3] = score, at


@njit(cache=True, nogil=True)
def _estimate(v, old, at, k, count, before, after, release, seq, time, head, tail):
    """The longest path through the operations between the old and the new place of v, after the move."""
    low, high = min(old, at), max(old, at)
    size = high - low + 1
    heads, moved = np.empty(size, np.int64), np.empty(size, np.int64)
    for a in range(size):  # the new sequence of the stretch
        if at > old:
            moved[a] = v if a == size - 1 else seq[k, low + a + 1]
        else:
            moved[a] = v if a == 0 else seq[k, low + a - 1]
    ready = 0
    if low > 0:
        x = seq[k, low - 1]
        ready = head[x] + time[x]
    for a in range(size):
        x = moved[a]
        start = release[x]
        j = before[x]
        if j >= 0 and head[j] + time[j] > start:
            start = head[j] + time[j]
        if ready > start:
            start = ready
        heads[a] = start
        ready = start + time[x]
    rest, longest = 0, 0
    if high + 1 < count:
        x = seq[k, high + 1]
        rest = tail[x] + time[x]
    for a in range(size - 1, -1, -1):
        x = moved[a]
        q = rest
        j = after[x]
        if j >= 0 and tail[j] + time[j] > q:
            q = tail[j] + time[j]
        if heads[a] + time[x] + q > longest:
            longest = heads[a] + time[x] + q
        rest = q + time[x]
    return longest


@njit(cache=True, nogil=True)
def search(
    before, after, release, machines, times, choices, seq, length, choice, seed, iterations, patience, stop,
    best_choice, best_seq, best_length,
):  # fmt: skip
    """Improve the schedule in `seq` (m, n), `length` (m,), `choice` (n,) in place; the best goes to `best_…`; its makespan.

    Stops after `iterations`, or when `stop[0]` is set from outside, or the makespan has come down to `stop[1]`.
    """
    np.random.seed(seed)
    n, m = before.size, length.size
    place, machine, time = np.empty(n, np.int64), np.empty(n, np.int64), np.empty(n, np.int64)
    order, degree = np.empty(n, np.int64), np.empty(n, np.int64)
    head, tail, without_head, without_tail = (
        np.zeros(n, np.int64),
        np.zeros(n, np.int64),
        np.zeros(n, np.int64),
        np.zeros(n, np.int64),
    )
    path, first, last = np.empty(n + 1, np.int64), np.empty(n, np.int64), np.empty(n, np.int64)
    tabu = np.zeros((n, n), np.int64)
    moved = np.zeros((n, m), np.int64)
    result, spare, found = np.empty(4, np.int64), np.empty(4, np.int64), np.empty((LISTED, 4), np.int64)
    elites = 8
    elite_value = np.full(elites, np.int64(2**62))
    elite_seq = np.zeros((elites, m, seq.shape[1]), np.int64)
    elite_length, elite_choice = np.zeros((elites, m), np.int64), np.zeros((elites, n), np.int64)
    for i in range(n):
        machine[i], time[i] = machines[i, choice[i]], times[i, choice[i]]
    for k in range(m):
        for a in range(length[k]):
            place[seq[k, a]] = a
    guide = np.zeros(n, np.int64)
    single = choices.max() == 1
    best, local_best, since = np.int64(2**62), np.int64(2**62), 0
    huge = np.int64(2**62)
    shake, fruitless = 0, 0
    for now in range(1, iterations + 1):
        if stop[0] != 0:
            break
        topological(before, after, seq, length, place, machine, order, degree)
        makespan = paths(before, after, release, seq, length, place, machine, time, order, head, tail, -1)
        if makespan < best:
            best = makespan
            best_seq[:], best_length[:], best_choice[:] = seq, length, choice
            stop[2] = best
            fruitless = 0
        if best <= stop[1]:
            break
        if makespan < local_best:
            local_best, since = makespan, 0
            worst = np.argmax(elite_value)
            known = False
            for e in range(elites):
                known = known or elite_value[e] == makespan
            if not known and makespan < elite_value[worst]:
                elite_value[worst] = makespan
                elite_seq[worst], elite_length[worst], elite_choice[worst] = seq, length, choice
        elif shake == 0:
            since += 1
        if since > patience:
            filled = 0
            for e in range(elites):
                filled += elite_value[e] < huge
            e = np.random.randint(elites)
            while elite_value[e] == huge:
                e = np.random.randint(elites)
            seq[:], length[:], choice[:] = elite_seq[e], elite_length[e], elite_choice[e]
            for i in range(n):
                machine[i], time[i] = machines[i, choice[i]], times[i, choice[i]]
            for k in range(m):
                for a in range(length[k]):
                    place[seq[k, a]] = a
            since, local_best = 0, huge
            fruitless += 1
            if not single and fruitless % RENEWED == 0:  # all that was found looks alike: shake hard and forget it
                elite_value[:] = huge
                elite_value[0] = huge - 1
                elite_seq[0], elite_length[0], elite_choice[0] = seq, length, choice
                shake = 4 * RENEWED
                continue
            other = np.random.randint(elites)
            if single and filled > 1:
                while elite_value[other] == huge or other == e:
                    other = np.random.randint(elites)
                for k in range(m):
                    for a in range(elite_length[other, k]):
                        guide[elite_seq[other, k, a]] = a
                apart = distance(seq, length, guide)
                steps = apart // 4 + np.random.randint(apart // 4 + 2)
                towards(before, after, seq, length, place, machine, order, degree, guide, steps)
                shake = 2
            else:
                shake = 6 + np.random.randint(12)
            continue
        count = critical(before, seq, place, machine, time, head, tail, makespan, path)
        move_score, move_v, move_e, move_at = huge, -1, -1, -1
        tabu_score, tabu_v, tabu_e, tabu_at = huge, -1, -1, -1
        blocks(machine, place, path, count, first, last)
        if shake > 0:
            shake -= 1
            path[0] = path[np.random.randint(count)]
            count = 1
        for c in range(count):
            v = path[c]
            k = machine[v]
            if choices[v] > 1 or first[v] == last[v]:
                continue
            result[0], result[1], result[2], result[3] = huge, -1, huge, -1
            _block_moves(
                v, k, length[k], before, after, release, seq, place, time, head, tail, first[v], last[v], best, tabu, now,
                result,
            )  # fmt: skip
            if result[1] >= 0 and (result[0] < move_score or (result[0] == move_score and np.random.random() < 0.5)):
                move_score, move_v, move_e, move_at = result[0], v, 0, result[1]
            if result[3] >= 0 and result[2] < tabu_score:
                tabu_score, tabu_v, tabu_e, tabu_at = result[2], v, 0, result[3]
        listed = 0
        if not single:
            listed = shortlist(
                path, count, before, after, release, machines, times, choices, machine, place, seq, length, time, head, tail,
                first, last, best, tabu, moved, now, found, spare,
            )  # fmt: skip
            if spare[0] >= 0 and spare[0] * 1_000_000 < tabu_score:
                tabu_score, tabu_v, tabu_e, tabu_at = spare[0] * 1_000_000, spare[1], spare[2], spare[3]
        taken, base = -1, 0
        for c in range(listed):
            v = found[c, 1]
            if v != taken:
                base = paths(
                    before, after, release, seq, length, place, machine, time, order, without_head, without_tail, v
                )
                taken = v
            through = length_through(
                v,
                found[c, 2],
                found[c, 3],
                machines,
                times,
                machine,
                place,
                seq,
                length,
                time,
                without_head,
                without_tail,
            )
            score = max(base, through) * 1_000_000 + min(through, 999_999)
            if score < move_score or (score == move_score and np.random.random() < 0.5):
                move_score, move_v, move_e, move_at = score, v, found[c, 2], found[c, 3]
        if move_v < 0:
            if tabu_v < 0 or np.random.random() < 0.5:
                since += patience // 20 + 1
                if tabu_v < 0:
                    continue
            move_v, move_e, move_at = tabu_v, tabu_e, tabu_at
        v, k, target = move_v, machine[move_v], machines[move_v, move_e]
        tenure = now + 10 + np.random.randint(6)
        if target == k:
            old = place[v]
            if move_at < old:
                for a in range(move_at, old):
                    tabu[seq[k, a], v] = tenure
            else:
                for a in range(old + 1, move_at + 1):
                    tabu[v, seq[k, a]] = tenure
        else:
            moved[v, k] = tenure + count
        take_out(seq, length, place, k, v)
        machine[v], time[v], choice[v] = target, times[v, move_e], move_e
        put_in(seq, length, place, target, v, move_at)
    return best
