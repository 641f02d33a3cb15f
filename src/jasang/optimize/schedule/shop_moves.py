"""Moves of one operation of a critical path, judged by an estimate on the schedule as it stands.

On its machine: out of its block or, from an end, into it (N6 with the estimate of Balas & Vazacopoulos 1998). To another machine:
any place that is free of circles; the exact length after such a move needs the longest paths without the operation, so a handful
is chosen by the estimate of Gonzalez, Vela & Varela (2015) and only that worked out exactly.
"""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True, forceinline=True)
def block_moves(shop, s, v, first, last, best_known, tabu, now, result, heads, moved):
    """The best move of v out of its critical block, or from an end into it.

    result = (estimate, place, tabu estimate, tabu place); places count without v. Moves that a longer path of the job could make
    circular are left out. `heads` and `moved` are scratch.
    """
    after, before = shop.after, shop.before
    finish, machine, place, reach, seq = s.finish, s.machine, s.place, s.reach, s.seq
    k, old = machine[v], place[v]
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
                if j >= 0 and (j == x or reach[x] < reach[j]):
                    continue
            else:
                j = before[v]
                if j >= 0 and (j == x or finish[x] < finish[j]):
                    continue
            estimate = _through_block(shop, s, v, old, at, heads, moved)
            forbidden = False
            low, high = (old + 1, at + 1) if right else (at, old)
            for a in range(low, high):
                if (tabu[seq[k, a], v] if right else tabu[v, seq[k, a]]) > now:
                    forbidden = True
                    break
            if not forbidden or estimate < best_known:
                ties += 1
                if estimate < result[0] or (estimate == result[0] and np.random.randint(ties) == 0):
                    result[0], result[1] = estimate, at
            elif estimate < result[2]:
                result[2], result[3] = estimate, at


@njit(cache=True, nogil=True, forceinline=True)
def _through_block(shop, s, v, old, at, heads, moved):
    """The longest path through the operations between the old and the new place of v, after the move."""
    after, before, release = shop.after, shop.before, shop.release
    finish, length, machine, reach, seq, minutes = s.finish, s.length, s.machine, s.reach, s.seq, s.time
    k = machine[v]
    low, high = min(old, at), max(old, at)
    size = high - low + 1
    for a in range(size):  # the new sequence of the stretch
        if at > old:
            moved[a] = v if a == size - 1 else seq[k, low + a + 1]
        else:
            moved[a] = v if a == 0 else seq[k, low + a - 1]
    ready = 0
    if low > 0:
        x = seq[k, low - 1]
        ready = finish[x]
    for a in range(size):
        x = moved[a]
        start = max(release[x], ready)
        j = before[x]
        if j >= 0:
            start = max(start, finish[j])
        heads[a] = start
        ready = start + minutes[x]
    rest, longest = 0, 0
    if high + 1 < length[k]:
        x = seq[k, high + 1]
        rest = reach[x]
    for a in range(size - 1, -1, -1):
        x = moved[a]
        q = rest
        j = after[x]
        if j >= 0:
            q = max(q, reach[j])
        longest = max(longest, heads[a] + minutes[x] + q)
        rest = q + minutes[x]
    return longest


@njit(cache=True, nogil=True, forceinline=True)
def _window(shop, s, v, k):
    """Places of v on a machine k where it is not, that are free of circles: the first and the last.

    Behind every operation that may lead to the job's step before; before every one that the step after may lead to. An operation
    that looks like both can be neither, since it would lie on a longer way through the job.
    """
    after, before = shop.after, shop.before
    finish, head, machine, place, reach, seq, tail = s.finish, s.head, s.machine, s.place, s.reach, s.seq, s.tail
    size = s.length[k]
    behind, j = 0, before[v]
    if j >= 0:
        low, high, ready = 0, size, head[j]  # how many end by the start of the step before
        while low < high:
            middle = (low + high) // 2
            if finish[seq[k, middle]] <= ready:
                low = middle + 1
            else:
                high = middle
        behind = low
        if machine[j] == k:
            behind = max(behind, place[j] + 1)
    ahead, j = size, after[v]
    if j >= 0:
        low, high, rest = 0, size, tail[j]  # the first whose tail with itself is that of the step after at most
        while low < high:
            middle = (low + high) // 2
            if reach[seq[k, middle]] <= rest:
                high = middle
            else:
                low = middle + 1
        ahead = low
        if machine[j] == k:
            ahead = min(ahead, place[j])
    return min(behind, ahead), max(behind, ahead)


@njit(cache=True, nogil=True)
def shortlist(shop, s, path, count, best_known, moved, now, found, spare):
    """Fill `found` (rows of estimate, operation, alternative, place), best first, with free moves to other machines.

    Returns how many rows are used.

    `spare` (4,) takes the best forbidden move, its estimate −1 when there is none.
    """
    after, before, choices, machines, release, times = (
        shop.after,
        shop.before,
        shop.choices,
        shop.machines,
        shop.release,
        shop.times,
    )
    finish, length, machine, reach, seq = s.finish, s.length, s.machine, s.reach, s.seq
    room, used = found.shape[0], 0
    spare[0] = -1
    for c in range(count):
        v = path[c]
        if choices[v] == 1:
            continue
        ready, rest = release[v], 0
        j = before[v]
        if j >= 0:
            ready = max(ready, finish[j])
        j = after[v]
        if j >= 0:
            rest = reach[j]
        for e in range(choices[v]):
            k, t = machines[v, e], times[v, e]
            if used == room and ready + t + rest >= found[room - 1, 0]:
                continue  # no place on this machine is among the best
            if k == machine[v]:
                continue
            low, high = _window(shop, s, v, k)
            forbidden = moved[v, k] > now
            arrive = ready if low == 0 else max(ready, finish[seq[k, low - 1]])
            for at in range(low, high + 1):
                x, leave = -1, rest
                if at < length[k]:
                    x = seq[k, at]
                    leave = max(rest, reach[x])
                estimate = arrive + t + leave
                if x >= 0:
                    arrive = max(ready, finish[x])
                if used == room and estimate >= found[room - 1, 0]:
                    continue
                if forbidden and estimate >= best_known:
                    if spare[0] < 0 or estimate < spare[0]:
                        spare[0], spare[1], spare[2], spare[3] = estimate, v, e, at
                    continue
                used = _enlist(found, used, estimate, v, e, at)
    return used


@njit(cache=True, nogil=True, forceinline=True)
def _enlist(found, used, estimate, v, e, at):
    """Insert a move in order of the estimates, behind its equals; the worst falls out of a full list."""
    room = found.shape[0]
    row = used if used < room else room - 1
    while row > 0 and found[row - 1, 0] > estimate:
        found[row, 0], found[row, 1], found[row, 2], found[row, 3] = (
            found[row - 1, 0], found[row - 1, 1], found[row - 1, 2], found[row - 1, 3],
        )  # fmt: skip
        row -= 1
    found[row, 0], found[row, 1], found[row, 2], found[row, 3] = estimate, v, e, at
    return min(used + 1, room)


@njit(cache=True, nogil=True, forceinline=True)
def length_through(shop, s, v, e, at):
    """The longest path through an operation put at a place of another machine, once `without` has worked out the others'."""
    finish, reach, seq = s.other_finish, s.other_reach, s.seq
    k = shop.machines[v, e]
    arrive, leave = finish[v], reach[v]
    if at > 0:
        arrive = max(arrive, finish[seq[k, at - 1]])
    if at < s.length[k]:
        leave = max(leave, reach[seq[k, at]])
    return arrive + shop.times[v, e] + leave
