"""The few most promising moves of operations with a choice of machines, by an estimate on the schedule as it stands.

The exact length after a move needs the longest paths without the operation, one pass over all operations for each that could be
moved. Here the paths as they are tell which places are free of circles and about how long the way through each would be (the
estimate of Gonzalez, Vela and Varela 2015); only a handful then is worked out exactly.
"""

from numba import njit


@njit(cache=True, nogil=True)
def shortlist(
    path, count, before, after, release, machines, times, choices, machine, place, seq, length, time, head, tail, first, last,
    best_known, tabu, moved, now, found, spare,
):  # fmt: skip
    """Fill `found` (rows of estimate, operation, alternative, place) with the best free moves; how many rows are used.

    `spare` (4,) takes the best forbidden move, its estimate −1 when there is none. Places count without the operation.
    """
    room, used = found.shape[0], 0
    spare[0] = -1
    for c in range(count):
        v = path[c]
        if choices[v] == 1:
            continue
        ready, j = release[v], before[v]
        job_ready = -1
        if j >= 0:
            job_ready = head[j]
            ready = max(ready, head[j] + time[j])
        rest, job_rest = 0, -1
        j = after[v]
        if j >= 0:
            job_rest = tail[j]
            rest = tail[j] + time[j]
        for e in range(choices[v]):
            k, t = machines[v, e], times[v, e]
            own = k == machine[v]
            size = length[k] - 1 if own else length[k]
            old = place[v] if own else -1
            # Behind every operation that may lead to the job's step before; before every one that the step after may lead to.
            # An operation that looks like both can be neither, since it would lie on a longer way through the job.
            last_before, first_after = 0, size
            for a in range(size - 1, -1, -1):
                x = seq[k, a] if not own or a < old else seq[k, a + 1]
                if x == before[v] or head[x] + time[x] <= job_ready:
                    last_before = a + 1
                    break
            for a in range(size):
                x = seq[k, a] if not own or a < old else seq[k, a + 1]
                if x == after[v] or tail[x] + time[x] <= job_rest:
                    first_after = a
                    break
            low, high = min(last_before, first_after), max(last_before, first_after)
            for at in range(low, high + 1):
                if own and not (
                    (at < old and old > first[v] and (at <= first[v] or old == last[v]))
                    or (at > old and old < last[v] and (at >= last[v] or old == first[v]))
                ):
                    continue
                arrive, leave = ready, rest
                if at > 0:
                    x = seq[k, at - 1] if not own or at - 1 < old else seq[k, at]
                    end = head[x] + time[x]
                    if own and at > old:
                        end -= time[v]  # it moves forward by at most what is taken out before it
                    if end > arrive:
                        arrive = end
                if at < size:
                    x = seq[k, at] if not own or at < old else seq[k, at + 1]
                    end = tail[x] + time[x]
                    if own and at < old:
                        end -= time[v]
                    if end > leave:
                        leave = end
                estimate = arrive + t + leave
                forbidden = False
                if not own:
                    forbidden = moved[v, k] > now
                elif at < old:
                    for a in range(at, old):
                        forbidden = forbidden or tabu[v, seq[k, a]] > now
                else:
                    for a in range(old + 1, at + 1):
                        forbidden = forbidden or tabu[seq[k, a], v] > now
                if forbidden and estimate >= best_known:
                    if spare[0] < 0 or estimate < spare[0]:
                        spare[0], spare[1], spare[2], spare[3] = estimate, v, e, at
                    continue
                row = used
                if used < room:
                    used += 1
                else:
                    row = 0
                    for a in range(1, room):
                        if found[a, 0] > found[row, 0]:
                            row = a
                    if found[row, 0] <= estimate:
                        continue
                found[row, 0], found[row, 1], found[row, 2], found[row, 3] = estimate, v, e, at
    return used


@njit(cache=True, nogil=True)
def length_through(v, e, at, machines, times, machine, place, seq, length, time, head, tail):
    """The longest path through an operation put at a place, from the longest paths without it."""
    k = machines[v, e]
    own = k == machine[v]
    size = length[k] - 1 if own else length[k]
    old = place[v] if own else -1
    arrive, leave = head[v], tail[v]
    if at > 0:
        x = seq[k, at - 1] if not own or at - 1 < old else seq[k, at]
        if head[x] + time[x] > arrive:
            arrive = head[x] + time[x]
    if at < size:
        x = seq[k, at] if not own or at < old else seq[k, at + 1]
        if tail[x] + time[x] > leave:
            leave = tail[x] + time[x]
    return arrive + times[v, e] + leave
