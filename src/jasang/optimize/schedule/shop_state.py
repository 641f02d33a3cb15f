"""A shop's schedule while it is searched: orders on the machines, a topological order, and the longest paths.

After a move the topological order is mended where it no longer holds and the paths are computed anew from there on only.
"""

from typing import NamedTuple

import numpy as np
from numba import njit


class ShopArrays(NamedTuple):
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


class State(NamedTuple):
    """A schedule with what the search needs at hand.

    `seq` (m, n) and `length` (m,): the operations of each machine in turn; (n,): `place` on the machine, `machine`, `time`,
    `choice` (which alternative), `order` (topological) and `rank` (place in it), `head` and `tail` (longest path up to the
    operation and behind it), `finish` and `reach` (the same with the operation's own time), `other_finish` and `other_reach`
    (of the others without one operation), `mark` and `later` (scratch).
    """

    seq: np.ndarray
    length: np.ndarray
    place: np.ndarray
    machine: np.ndarray
    time: np.ndarray
    choice: np.ndarray
    order: np.ndarray
    rank: np.ndarray
    head: np.ndarray
    finish: np.ndarray
    tail: np.ndarray
    reach: np.ndarray
    other_finish: np.ndarray
    other_reach: np.ndarray
    mark: np.ndarray
    later: np.ndarray


@njit(cache=True, nogil=True)
def empty_state(shop):
    n, m = shop.before.size, shop.machine_count
    many = np.zeros((13, n), np.int64)
    return State(
        np.empty((m, n), np.int64), np.zeros(m, np.int64), many[0], many[1], many[2], many[3], many[4], many[5], many[6], many[7],
        many[8], many[9], many[10], many[11], np.zeros(n, np.bool_), many[12],
    )  # fmt: skip


@njit(cache=True, nogil=True)
def load(shop, s, order, choice):
    """Take over the schedule in which the operations are put on their machines in a topological order; its makespan."""
    s.length[:] = 0
    for a in range(order.size):
        i = order[a]
        k = shop.machines[i, choice[i]]
        s.order[a], s.rank[i], s.choice[i] = i, a, choice[i]
        s.machine[i], s.time[i] = k, shop.times[i, choice[i]]
        s.seq[k, s.length[k]], s.place[i] = i, s.length[k]
        s.length[k] += 1
    forward(shop, s, 0)
    backward(shop, s, order.size - 1)
    return s.finish.max()


@njit(cache=True, nogil=True)
def forward(shop, s, start):
    """Heads from this place of the order on."""
    before, release = shop.before, shop.release
    finish, head, machine, order, place, seq, minutes = s.finish, s.head, s.machine, s.order, s.place, s.seq, s.time
    for a in range(start, order.size):
        i = order[a]
        best = release[i]
        j = before[i]
        if j >= 0:
            best = max(best, finish[j])
        if place[i] > 0:
            best = max(best, finish[seq[machine[i], place[i] - 1]])
        head[i] = best
        finish[i] = best + minutes[i]


@njit(cache=True, nogil=True)
def backward(shop, s, start):
    """Tails from this place of the order back."""
    after = shop.after
    length, machine, order, place, reach, seq, tail, minutes = (
        s.length,
        s.machine,
        s.order,
        s.place,
        s.reach,
        s.seq,
        s.tail,
        s.time,
    )
    for a in range(start, -1, -1):
        i = order[a]
        best = 0
        j = after[i]
        if j >= 0:
            best = reach[j]
        k = machine[i]
        if place[i] + 1 < length[k]:
            best = max(best, reach[seq[k, place[i] + 1]])
        tail[i] = best
        reach[i] = best + minutes[i]


@njit(cache=True, nogil=True)
def without(shop, s, v):
    """Longest paths without `v`, which takes no time and no place on its machine; the longest of all.

    `other_finish` and `other_reach` of the others are with their own time, those of `v` with none.
    """
    before, after, release = shop.before, shop.after, shop.release
    seq, length, place, machine, minutes, order = s.seq, s.length, s.place, s.machine, s.time, s.order
    n, finish, reach = order.size, s.other_finish, s.other_reach
    finish[:] = s.finish
    reach[:] = s.reach
    k, p, at = machine[v], place[v], s.rank[v]
    left = seq[k, p - 1] if p > 0 else -1
    right = seq[k, p + 1] if p + 1 < length[k] else -1
    j = before[v]
    finish[v] = max(release[v], finish[j] if j >= 0 else 0)
    for a in range(at + 1, n):
        i = order[a]
        best = release[i]
        j = before[i]
        if j >= 0:
            best = max(best, finish[j])
        j = place[i] - 1
        if j >= 0:
            j = left if i == right else seq[machine[i], j]
        if j >= 0:
            best = max(best, finish[j])
        finish[i] = best + minutes[i]
    j = after[v]
    reach[v] = reach[j] if j >= 0 else 0
    for a in range(at - 1, -1, -1):
        i = order[a]
        j = after[i]
        best = reach[j] if j >= 0 else 0
        j = -1
        if place[i] + 1 < length[machine[i]]:
            j = right if i == left else seq[machine[i], place[i] + 1]
        if j >= 0:
            best = max(best, reach[j])
        reach[i] = best + minutes[i]
    return finish.max()


@njit(cache=True, nogil=True)
def move(shop, s, v, e, at):
    """Put `v` at a place (counted without it) of the machine of its alternative `e`; mend order and paths; the makespan."""
    k = s.machine[v]
    for a in range(s.place[v], s.length[k] - 1):
        s.seq[k, a] = s.seq[k, a + 1]
        s.place[s.seq[k, a]] = a
    s.length[k] -= 1
    k = shop.machines[v, e]
    s.machine[v], s.time[v], s.choice[v] = k, shop.times[v, e], e
    for a in range(s.length[k], at, -1):
        s.seq[k, a] = s.seq[k, a - 1]
        s.place[s.seq[k, a]] = a
    s.seq[k, at], s.place[v] = v, at
    s.length[k] += 1
    low = high = s.rank[v]
    if at > 0 and s.rank[s.seq[k, at - 1]] > high:
        high = s.rank[s.seq[k, at - 1]]
        _push_back(shop, s, low, high)
    elif at + 1 < s.length[k] and s.rank[s.seq[k, at + 1]] < low:
        low = s.rank[s.seq[k, at + 1]]
        _pull_forward(shop, s, low, high)
    forward(shop, s, low)
    backward(shop, s, high)
    return s.finish.max()


@njit(cache=True, nogil=True)
def _push_back(shop, s, low, high):
    """The operation at `low` of the order, and what must follow it, go behind that at `high`."""
    before = shop.before
    later, machine, mark, order, place, rank, seq = s.later, s.machine, s.mark, s.order, s.place, s.rank, s.seq
    count, write = 0, low
    for a in range(low, high + 1):
        i = order[a]
        j = before[i]
        follows = a == low or (j >= 0 and mark[j])
        if not follows and place[i] > 0:
            follows = mark[seq[machine[i], place[i] - 1]]
        if follows:
            mark[i] = True
            later[count] = i
            count += 1
        else:
            order[write], rank[i] = i, write
            write += 1
    for c in range(count):
        i = later[c]
        mark[i] = False
        order[write + c], rank[i] = i, write + c


@njit(cache=True, nogil=True)
def _pull_forward(shop, s, low, high):
    """The operation at `high` of the order, and what must come before it, go before that at `low`."""
    after = shop.after
    later, length, machine, mark, order, place, rank, seq = (
        s.later,
        s.length,
        s.machine,
        s.mark,
        s.order,
        s.place,
        s.rank,
        s.seq,
    )
    count, write = 0, high
    for a in range(high, low - 1, -1):
        i = order[a]
        j = after[i]
        leads = a == high or (j >= 0 and mark[j])
        k = machine[i]
        if not leads and place[i] + 1 < length[k]:
            leads = mark[seq[k, place[i] + 1]]
        if leads:
            mark[i] = True
            later[count] = i
            count += 1
        else:
            order[write], rank[i] = i, write
            write -= 1
    for c in range(count):
        i = later[c]
        mark[i] = False
        order[write - c], rank[i] = i, write - c


@njit(cache=True, nogil=True)
def critical(shop, s, makespan, path):
    """One critical path, chosen at random, its last operation first; its length."""
    before = shop.before
    finish, head, machine, place, seq = s.finish, s.head, s.machine, s.place, s.seq
    n = head.size
    start = np.random.randint(n)
    i = -1
    for a in range(n):
        j = (start + a) % n
        if finish[j] == makespan:
            i = j
            break
    count = 0
    while i >= 0:
        path[count] = i
        count += 1
        a = before[i]
        b = seq[machine[i], place[i] - 1] if place[i] > 0 else -1
        by_job = a >= 0 and finish[a] == head[i]
        by_machine = b >= 0 and finish[b] == head[i]
        if by_job and by_machine:
            i = a if np.random.random() < 0.5 else b
        elif by_job:
            i = a
        elif by_machine:
            i = b
        else:
            i = -1
    return count


@njit(cache=True, nogil=True)
def blocks(s, path, count, first, last):
    """For each operation of the path (last one first) the first and last place of its critical block on its machine."""
    begin = 0
    for c in range(1, count + 1):
        if c < count and s.machine[path[c]] == s.machine[path[c - 1]] and s.place[path[c]] == s.place[path[c - 1]] - 1:
            continue
        for a in range(begin, c):
            first[path[a]] = s.place[path[c - 1]]
            last[path[a]] = s.place[path[begin]]
        begin = c
