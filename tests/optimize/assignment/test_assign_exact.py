"""Assignments against every possible one on tiny instances, and against the rules on larger ones."""

from itertools import product

import numpy as np
import pytest
from benchmarks.assignment_instances import programme

from jasang.optimize.assignment import (
    AssignmentProblem,
    Factory,
    Mentor,
    Weights,
    assign_arrays,
    check_assignment,
    solve_assignment,
)
from jasang.optimize.assignment.check import pair_score
from jasang.optimize.assignment.improve import Effort, construct, improve
from jasang.optimize.assignment.loads import Loads, relax
from jasang.optimize.assignment.pairwise import share_anew


def best_by_hand(score: np.ndarray, load: np.ndarray, capacity: np.ndarray) -> float:
    best = -np.inf
    for person in product(range(score.shape[1]), repeat=score.shape[0]):
        used = np.bincount(person, load, score.shape[1])
        if (used <= capacity).all():
            best = max(best, float(score[np.arange(len(person)), person].sum()))
    return best


@pytest.mark.parametrize("seed", range(12))
def test_arrays_reach_the_best_of_all_assignments(seed: int) -> None:
    random = np.random.default_rng(seed)
    score, load = random.normal(size=(6, 3)) * 10, random.integers(1, 9, 6)
    score[random.random((6, 3)) < 0.15] = -np.inf
    capacity = np.ceil(random.uniform(0.4, 0.6, 3) * load.sum())

    answer = assign_arrays(score, load, capacity, seconds=3)

    best = best_by_hand(score, load, capacity)
    if np.isfinite(best):
        assert (answer.objective, answer.bound) == pytest.approx((best, best))
    else:
        assert (answer.person == -1).any()


@pytest.mark.parametrize("seed", range(6))
def test_search_without_the_whole_programme_stays_between_start_and_bound(seed: int) -> None:
    random = np.random.default_rng(seed)
    score, load = random.normal(size=(8, 3)) * 10, random.integers(1, 9, (1, 8)).astype(float)
    capacity = np.full((1, 3), float(np.ceil(0.45 * load.sum())))
    loads = Loads(score=score, load=load, capacity=capacity, fair=capacity[0])
    prices, free = relax(loads), np.ones(8, bool)
    best = best_by_hand(score, load[0], capacity[0])

    first = construct(loads, prices, np.full(8, 3), free, None)
    last = improve(loads, prices, first, free, effort=Effort(until=np.inf, gap=0.0, patience=30), seed=0, fits=None)

    assert (last < 3).all()
    assert loads.value(last) == pytest.approx(best)
    assert prices.bound >= best - 1e-9


def test_two_people_share_anew_as_well_as_trying_everything() -> None:
    random = np.random.default_rng(1)
    for _ in range(20):
        score, load = random.normal(size=(7, 2)), random.integers(1, 6, 7)
        capacity = np.array([load.sum() // 2 + 2, load.sum() // 2 + 2])
        start = np.array([0, 1, 0, 1, 0, 1, 0])

        person = share_anew(score, load, capacity, start, np.array([[0, 1]]), capacity.astype(float), 0.0)

        assert score[np.arange(7), person].sum() == pytest.approx(best_by_hand(score, load, capacity))


def small(**changes: object) -> AssignmentProblem:
    factories = tuple(
        Factory(
            id=f"F{k}", region="광주", needs={"process": 1.0}, days=4, **({"weeks": 6} if "horizon" in changes else {})
        )
        for k in range(4)
    )
    mentors = tuple(
        Mentor(id=f"M{k}", region=region, skills={"process": level}, days=8)
        for k, (region, level) in enumerate((("광주", 0.9), ("서울", 0.9), ("광주", 0.3)))
    )
    return AssignmentProblem(**{"factories": factories, "mentors": mentors, **changes})  # type: ignore[arg-type]


def test_near_and_skilled_mentor_is_full_first() -> None:
    answer = solve_assignment(small(), seconds=5)

    assert answer.status == "optimal"
    assert [one.mentors[0] for one in answer.placements].count("M0") == 2


def test_score_is_the_documented_sum_of_parts() -> None:
    problem = small()

    placement = solve_assignment(problem, seconds=5).placements[0]

    column = [one.id for one in problem.mentors].index(placement.mentors[0])
    assert placement.score == pytest.approx(pair_score(problem, 0, column))
    assert sum(placement.parts.values()) == pytest.approx(placement.score)
    assert pair_score(problem, 0, 0) == pytest.approx(50 * 0.9 + 30 * np.exp(-25 / 100) + 10)


def test_pin_and_veto_are_kept() -> None:
    answer = solve_assignment(small(pins=(("F0", "M2"),), vetoes=(("F1", "M0"), ("F2", "M0"))), seconds=5)

    who = {one.factory: one.mentors[0] for one in answer.placements}
    assert (who["F0"], who["F1"] != "M0", who["F2"] != "M0") == ("M2", True, True)


def test_one_factory_at_a_time_within_the_weeks() -> None:
    problem = small(horizon=12)

    answer = solve_assignment(problem, seconds=5)

    assert (answer.status, check_assignment(problem, answer)) == ("optimal", ())
    starts: dict[str, list[int]] = {}
    for one in answer.placements:
        starts.setdefault(one.mentors[0], []).append(one.start or 0)
    assert all(sorted(weeks) in ([1], [1, 7]) for weeks in starts.values())


def test_fairness_spreads_the_days() -> None:
    even = solve_assignment(small(weights=Weights(fairness=50.0, fair_margin=1.0)), seconds=5)

    days = [sum(one.mentors[0] == f"M{k}" for one in even.placements) for k in range(3)]
    assert max(days) == 2
    assert min(days) == 1


@pytest.mark.parametrize("kind", [{}, {"calendar": True}, {"teams": True}, {"teams": True, "calendar": True}])
def test_made_programme_keeps_every_rule(kind: dict[str, bool]) -> None:
    problem = programme(factories=120, mentors=30, use=0.55 if len(kind) == 2 else 0.75, seed=4, **kind)

    answer = solve_assignment(problem, seconds=40, gap=0.02)

    assert (answer.status in ("feasible", "optimal"), check_assignment(problem, answer)) == (True, ())


def test_large_programme_is_near_its_bound() -> None:
    problem = programme(factories=600, mentors=60, use=0.9, seed=1)

    answer = solve_assignment(problem, seconds=40, gap=0.006)

    assert check_assignment(problem, answer) == ()
    assert answer.gap < 0.01


def test_same_seed_gives_the_same_answer() -> None:
    problem = programme(factories=60, mentors=8, use=0.85, seed=2)

    one, other = (solve_assignment(problem, seconds=20, seed=5, gap=0.01) for _ in range(2))

    assert one.placements == other.placements


def test_checker_finds_what_was_spoilt() -> None:
    problem = small()
    answer = solve_assignment(problem, seconds=5)
    from dataclasses import replace

    crowded = replace(answer, placements=tuple(replace(one, mentors=("M0",)) for one in answer.placements))

    assert "M0 carries 16 days of 8." in [one.en for one in check_assignment(problem, crowded)]


def test_no_factories_and_no_mentors() -> None:
    assert solve_assignment(AssignmentProblem(factories=(), mentors=())).status == "optimal"
    nobody = solve_assignment(AssignmentProblem(factories=(Factory(id="F"),), mentors=()))
    assert (nobody.status, nobody.unserved) == ("infeasible", ("F",))


def test_missing_optional_fields_are_no_obstacle() -> None:
    problem = AssignmentProblem(
        factories=tuple(Factory(id=f"F{k}") for k in range(5)), mentors=(Mentor(id="A"), Mentor(id="B", region="부산"))
    )

    answer = solve_assignment(problem, seconds=3)

    assert (len(answer.placements), check_assignment(problem, answer)) == (5, ())


def test_given_teams_are_sent_as_they_are() -> None:
    made = solve_assignment(programme(factories=60, mentors=12, use=0.7, seed=4, teams=True), seconds=30, gap=0.005)
    problem = programme(factories=60, mentors=12, use=0.7, seed=4, teams=True)
    from dataclasses import replace

    given = replace(problem, teams=made.teams)  # type: ignore[arg-type]
    answer = solve_assignment(given, seconds=30)

    assert check_assignment(given, answer) == ()
    assert {one.mentors for one in answer.placements} <= set(made.teams)
    assert answer.bound == pytest.approx(made.bound_of_teams, rel=1e-3)
    assert answer.gap < 0.01


def test_given_team_against_the_rules_is_named() -> None:
    mentors = tuple(Mentor(id=f"M{k}", skills={"process": 1.0, "data": 1.0}) for k in range(3))
    problem = AssignmentProblem(
        factories=(Factory(id="F0"),),
        mentors=mentors,
        team_skills=("process", "data", "equipment"),
        teams=(("M0", "M1", "M2"),),
    )

    answer = solve_assignment(problem, seconds=3)

    assert (answer.status, [one.kind for one in answer.conflict]) == ("infeasible", ["team", "team_skill"])
