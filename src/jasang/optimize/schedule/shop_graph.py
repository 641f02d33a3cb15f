"""The graph of a shop's schedule for the tabu search: orders on machines, longest paths, the critical path and its blocks."""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def topological(before, after, seq, length, place, machine, order, degree):
    """A topological order of the operations; the number found (fewer than all = a cycle)."""
    n = before.size
    found = 0
    for i in range(n):
        degree[i] = (before[i] >= 0) + (place[i] > 0)
        if degree[i] == 0:
            order[found] = i
            found += 1
    done = 0
    while done < found:
        i = order[done]
        done += 1
        j = after[i]
        if j >= 0:
            degree[j] -= 1
            if degree[j] == 0:
                order[found] = j
                found += 1
        k = machine[i]
        if place[i] + 1 < length[k]:
            j = seq[k, place[i] + 1]
            degree[j] -= 1
            if degree[j] == 0:
                order[found] = j
                found += 1
    return found


@njit(cache=True, nogil=True)
def paths(before, after, release, seq, length, place, machine, time, order, head, tail, skip):
    """Longest paths to each operation (without it) and after it; `skip` is taken out of its machine and takes no time."""
    n = before.size
    longest = 0
    for a in range(n):
        i = order[a]
        best = release[i]
        j = before[i]
        if j >= 0:
            end = head[j] + (0 if j == skip else time[j])
            if end > best:
                best = end
        if i != skip and place[i] > 0:
            j = seq[machine[i], place[i] - 1]
            if j == skip:
                j = seq[machine[i], place[i] - 2] if place[i] > 1 else -1
            if j >= 0:
                end = head[j] + time[j]
                if end > best:
                    best = end
        head[i] = best
    for a in range(n - 1, -1, -1):
        i = order[a]
        best = 0
        j = after[i]
        if j >= 0:
            end = tail[j] + (0 if j == skip else time[j])
            if end > best:
                best = end
        k = machine[i]
        if i != skip and place[i] + 1 < length[k]:
            j = seq[k, place[i] + 1]
            if j == skip:
                j = seq[k, place[i] + 2] if place[i] + 2 < length[k] else -1
            if j >= 0:
                end = tail[j] + time[j]
                if end > best:
                    best = end
        tail[i] = best
        total = head[i] + best + (0 if i == skip else time[i])
        if total > longest:
            longest = total
    return longest


@njit(cache=True, nogil=True)
def take_out(seq, length, place, k, v):
    for a in range(place[v], length[k] - 1):
        seq[k, a] = seq[k, a + 1]
        place[seq[k, a]] = a
    length[k] -= 1


@njit(cache=True, nogil=True)
def put_in(seq, length, place, k, v, at):
    for a in range(length[k], at, -1):
        seq[k, a] = seq[k, a - 1]
        place[seq[k, a]] = a
    seq[k, at] = v
    place[v] = at
    length[k] += 1


@njit(cache=True, nogil=True)
def critical(before, seq, place, machine, time, head, tail, makespan, path):
    """One critical path, chosen at random; its length."""
    n = before.size
    start = np.random.randint(n)
    i = -1
    for a in range(n):
        j = (start + a) % n
        if tail[j] == 0 and head[j] + time[j] == makespan:
            i = j
            break
    count = 0
    while i >= 0:
        path[count] = i
        count += 1
        a = before[i]
        b = seq[machine[i], place[i] - 1] if place[i] > 0 else -1
        by_job = a >= 0 and head[a] + time[a] == head[i]
        by_machine = b >= 0 and head[b] + time[b] == head[i]
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
def blocks(machine, place, path, count, first, last):
    """For each operation of the path (last one first) the first and last place of its critical block on its machine."""
    begin = 0
    for c in range(1, count + 1):
        if c < count and machine[path[c]] == machine[path[c - 1]] and place[path[c]] == place[path[c - 1]] - 1:
            continue
        for a in range(begin, c):
            first[path[a]] = place[path[c - 1]]
            last[path[a]] = place[path[begin]]
        begin = c


@njit(cache=True, nogil=True)
def towards(before, after, seq, length, place, machine, order, degree, guide_place, steps):
    """Walk from the schedule at hand towards another (its places on the same machines) by turning neighbours, at random."""
    m = length.size
    pairs = np.empty((place.size, 2), np.int64)
    for _ in range(steps):
        count = 0
        for k in range(m):
            for a in range(length[k] - 1):
                if guide_place[seq[k, a]] > guide_place[seq[k, a + 1]]:
                    pairs[count, 0], pairs[count, 1] = k, a
                    count += 1
        turned = False
        for _ in range(8):
            if count == 0:
                return
            c = np.random.randint(count)
            k, a = pairs[c, 0], pairs[c, 1]
            x, y = seq[k, a], seq[k, a + 1]
            seq[k, a], seq[k, a + 1] = y, x
            place[x], place[y] = a + 1, a
            if topological(before, after, seq, length, place, machine, order, degree) == place.size:
                turned = True
                break
            seq[k, a], seq[k, a + 1] = x, y
            place[x], place[y] = a, a + 1
        if not turned:
            return


@njit(cache=True, nogil=True)
def distance(seq, length, guide_place):
    """Pairs of operations in different order."""
    total = 0
    for k in range(length.size):
        for a in range(length[k]):
            for b in range(a + 1, length[k]):
                total += guide_place[seq[k, a]] > guide_place[seq[k, b]]
    return total
