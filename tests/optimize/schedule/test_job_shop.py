"""Schedules of job shops are possible ones, as good as the best known where time allows, and never below their own bound."""

from collections import defaultdict
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("numba")
pytest.importorskip("ortools")
from jasang.optimize.schedule import JobShop, ShopSolution, job_shop, solve_job_shop
from jasang.optimize.schedule.shop_search import search


def read_shop(file: Path, *, flexible: bool) -> JobShop:
    lines = [[int(word) for word in line.split()] for line in file.read_text().splitlines() if line.strip()]
    jobs = []
    for line in lines[1 : 1 + lines[0][0]]:
        if flexible:
            numbers = iter(line)
            jobs.append(
                tuple(tuple((next(numbers), next(numbers)) for _ in range(next(numbers))) for _ in range(next(numbers)))
            )
        else:
            jobs.append(tuple(((line[at], line[at + 1]),) for at in range(0, len(line), 2)))
    return JobShop(jobs=tuple(jobs), machines=lines[0][1])


def check(shop: JobShop, found: ShopSolution) -> None:
    """Every operation once, on a machine that can do it, after its predecessor, no two at once on a machine."""
    busy: dict[int, list[tuple[int, int]]] = defaultdict(list)
    number = 0
    for place, job in enumerate(shop.jobs):
        ready = shop.release[place] if shop.release else 0
        for operation in job:
            start, machine, time = (int(part[number]) for part in (found.start, found.machine, found.time))
            assert (machine, time) in operation
            assert start >= ready
            ready = start + time
            busy[machine].append((start, ready))
            number += 1
    for stretches in busy.values():
        stretches.sort()
        assert all(one[1] <= two[0] for one, two in pairwise(stretches))
    assert found.makespan == max((end for stretches in busy.values() for _, end in stretches), default=0)
    assert found.bound <= found.makespan


@pytest.mark.parametrize(("group", "name", "best"), [
    ("FisherThompson1963", "ft06", 55), ("Lawrence1984", "la01", 666), ("flexible", "mk01", 40),
])  # fmt: skip
def test_small_shops_are_solved_to_the_best_known(real_data: Any, group: str, name: str, best: int) -> None:
    shop = read_shop(Path(real_data("jobshop")) / group / f"{name}.txt", flexible=group == "flexible")
    found = solve_job_shop(shop, seconds=20.0)
    check(shop, found)
    assert found.makespan == best


shops = st.lists(
    st.lists(
        st.lists(st.tuples(st.integers(0, 3), st.integers(1, 9)), min_size=1, max_size=3, unique_by=lambda one: one[0]),
        min_size=1,
        max_size=4,
    ),
    min_size=1,
    max_size=5,
)


@settings(max_examples=25, deadline=None)
@given(jobs=shops, release=st.integers(0, 6))
def test_any_small_shop_gets_a_possible_schedule_proven_best(jobs: list[Any], release: int) -> None:
    shop = JobShop(
        jobs=tuple(tuple(tuple(operation) for operation in job) for job in jobs),
        machines=4,
        release=tuple(release * place for place in range(len(jobs))),
    )
    found = solve_job_shop(shop, seconds=5.0)
    check(shop, found)
    assert found.gap == 0.0


def random_shop(seed: int, *, most: int) -> JobShop:
    """Twelve jobs of six operations on five machines, which jobs may visit again; up to `most` machines can do an operation."""
    random = np.random.default_rng(seed)

    def operation() -> tuple[tuple[int, int], ...]:
        machines = random.choice(5, size=int(random.integers(1, most + 1)), replace=False)
        return tuple((int(machine), int(random.integers(1, 20))) for machine in machines)

    jobs = tuple(tuple(operation() for _ in range(6)) for _ in range(12))
    return JobShop(jobs=jobs, machines=5, release=tuple(int(random.integers(0, 30)) for _ in range(12)))


@pytest.mark.parametrize("most", [1, 2, 4])
def test_the_search_alone_keeps_to_the_shop_and_improves(most: int) -> None:
    for seed in range(5):
        shop = random_shop(seed, most=most)
        arrays = shop.arrays()
        order, choice = job_shop._dispatched(shop, arrays)
        start, _, time = job_shop._starts(arrays, order, choice)
        first = int((start + time).max())
        again = order.copy(), choice.copy()
        makespan = search(arrays, order, choice, seed, 3000, 100, np.zeros(3, np.int64))
        start, machine, time = job_shop._starts(arrays, order, choice)
        check(shop, ShopSolution(start=start, machine=machine, time=time, makespan=int(makespan), bound=0))
        assert job_shop._simple_bound(shop) <= makespan < first
        assert search(arrays, *again, seed, 3000, 100, np.zeros(3, np.int64)) == makespan


def test_a_job_may_come_back_to_a_machine() -> None:
    shop = JobShop(jobs=((((0, 3),), ((1, 2),), ((0, 4),)), (((0, 5),), ((0, 1),))), machines=2)
    found = solve_job_shop(shop, seconds=5.0)
    check(shop, found)
    assert (found.makespan, found.bound) == (13, 13)


def test_shops_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ValueError, match="job 0, operation 1: no machine can do it"):
        JobShop(jobs=((((0, 3),), ()),), machines=1)
    with pytest.raises(ValueError, match="expected a machine from 0 to 1"):
        JobShop(jobs=((((2, 3),),),), machines=2)
    assert solve_job_shop(JobShop(jobs=(), machines=1), seconds=1.0).start.shape == np.empty(0).shape
