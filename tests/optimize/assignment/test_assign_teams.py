"""Teams of three that are made: against every possible way on tiny problems, and against rules and bound on larger ones."""

import time
from dataclasses import replace
from itertools import combinations, product
from typing import Any

import numpy as np
import pytest
from benchmarks.assignment_instances import programme

from jasang.optimize.assignment import AssignmentProblem, Factory, Mentor, check_assignment, solve_assignment
from jasang.optimize.assignment.scoring import score_pairs
from jasang.optimize.assignment.team_bound import plain_bound, team_bound
from jasang.optimize.assignment.team_exact import all_teams, solve_exact_teams
from jasang.optimize.assignment.team_rules import TeamRules, team_rules


def tiny(seed: int) -> AssignmentProblem:
    """Six factories and seven mentors, with conflicts, required skills, a pin and scarce days."""
    random = np.random.default_rng(seed)
    names = ("a", "b", "c")
    mentors = []
    for j in range(7):
        skills = {name: float(random.choice([0.2, 0.7])) for name in names} | {names[j % 3]: 0.8}
        conflicts = tuple(f"F{i}" for i in range(6) if random.random() < 0.08)
        mentors.append(
            Mentor(
                id=f"M{j}",
                skills=skills,
                days=float(random.integers(9, 16)),
                conflicts=conflicts,
                leads=bool(random.random() < 0.6),
            )
        )
    factories = tuple(
        Factory(id=f"F{i}", days=float(random.integers(2, 5)), required=("a",) if random.random() < 0.3 else ())
        for i in range(6)
    )
    scores = tuple(tuple(float(one) for one in row) for row in random.uniform(20, 90, (6, 7)).round(1))
    return AssignmentProblem(
        factories=factories, mentors=tuple(mentors), team_skills=names, scores=scores, pins=(("F0", "M1"),)
    )


def best_by_hand(rules: TeamRules) -> float:
    """The best of all pairs of teams (and all single teams) and all ways to send them; -inf where there is none."""
    people = range(rules.limit.shape[1])
    teams = [team for team in combinations(people, 3) if rules.valid(np.array(team))]
    ways = [(one,) for one in teams]
    ways += [(one, two) for one, two in combinations(teams, 2) if not set(one) & set(two)]
    best = -np.inf
    for way in ways:
        seats = np.array(way)
        score, room = rules.scores(seats), rules.room(seats)[0]
        for sent in product(range(len(way)), repeat=len(score)):
            used = np.bincount(sent, rules.load[0], len(way))
            if (used <= room).all():
                best = max(best, float(score[np.arange(len(score)), sent].sum()))
    return best if best > -1e8 else -np.inf


@pytest.mark.parametrize("seed", range(8))
def test_tiny_problems_reach_the_best_of_all_and_no_bound_is_below_it(seed: int) -> None:
    problem = tiny(seed)
    scores = score_pairs(problem)
    rules = team_rules(problem, scores, None)
    best = best_by_hand(rules)

    answer = solve_assignment(problem, seconds=20, seed=0)
    priced = team_bound(
        rules, np.array([team for team in combinations(range(7), 3) if rules.valid(np.array(team))]),
        scores.total.mean(axis=1), np.zeros(1), answer.objective, until=time.perf_counter() + 20, gap=0.0,
    )  # fmt: skip

    assert check_assignment(problem, answer) == ()
    if not np.isfinite(best):
        assert answer.unserved
        return
    assert answer.objective == pytest.approx(best)
    assert best <= min(answer.bound, priced, plain_bound(rules)) + 1e-6


@pytest.mark.parametrize("seed", range(8))
def test_any_answer_that_serves_all_is_found_or_its_absence_proven(seed: int) -> None:
    problem = tiny(seed)
    rules = team_rules(problem, score_pairs(problem), None)
    teams = all_teams(rules)
    assert teams is not None

    found = solve_exact_teams(rules, teams, time.perf_counter() + 60, any_complete=True)

    assert found is not None
    served = bool((found.team < len(found.seats)).all())
    assert (served, found.proven) == (bool(np.isfinite(best_by_hand(rules))), not served)


@pytest.mark.parametrize("kind", [{}, {"calendar": True}], ids=["days", "residencies"])
def test_teams_that_are_made_keep_every_rule_near_the_bound(kind: dict[str, bool]) -> None:
    problem = programme(factories=48, mentors=15, use=0.7, seed=3, teams=True, **kind)

    answer = solve_assignment(problem, seconds=60, seed=0, gap=0.03)

    assert check_assignment(problem, answer) == ()
    assert (answer.status, answer.unserved) == ("feasible", ())
    assert answer.gap < 0.03
    assert answer.objective <= answer.bound_of_teams <= answer.bound


def test_required_skills_and_pins_hold_in_teams_that_are_made() -> None:
    problem = programme(factories=60, mentors=21, use=0.7, seed=5, teams=True)
    factories = tuple(
        replace(one, required=("energy",)) if number % 3 == 0 else one for number, one in enumerate(problem.factories)
    )
    pins = tuple((f"F{number:04d}", f"M{number:03d}") for number in range(6))
    problem = replace(problem, factories=factories, pins=pins)

    answer = solve_assignment(problem, seconds=60, seed=0, gap=0.05)

    assert check_assignment(problem, answer) == ()
    sent = {one.factory: one.mentors for one in answer.placements}
    assert [mentor in sent[factory] for factory, mentor in pins] == [True] * 6
    assert answer.gap < 0.05


def plain_teams(**parts: Any) -> AssignmentProblem:
    """Six mentors, two for each skill, all at ease everywhere."""
    mentors = tuple(Mentor(id=f"M{j}", skills={"abc"[j % 3]: 1.0}, **parts.get("mentor", {})) for j in range(6))
    rest = {name: value for name, value in parts.items() if name != "mentor"}
    return AssignmentProblem(
        **{"factories": (Factory(id="F"), Factory(id="G")), "mentors": mentors, "team_skills": ("a", "b", "c")} | rest
    )


def demands(problem: AssignmentProblem) -> list[tuple[str, tuple[str, ...]]]:
    answer = solve_assignment(problem, seconds=10)
    assert answer.status == "infeasible"
    return [(one.kind, one.factories + one.mentors) for one in answer.conflict]


def test_pins_that_no_team_holds_together_are_named() -> None:
    assert demands(plain_teams(pins=(("F", "M0"), ("F", "M3")))) == [
        ("pin", ("F", "M0")), ("pin", ("F", "M3")), ("team_skill", ()),
    ]  # fmt: skip


def test_pins_of_two_factories_linked_by_a_mentor_are_named_without_the_others() -> None:
    pins = (("F", "M0"), ("F", "M1"), ("G", "M1"), ("G", "M3"))

    assert demands(plain_teams(pins=pins)) == [*[("pin", pin) for pin in pins], ("team_skill", ())]


def test_factory_that_all_of_one_skill_may_not_serve_is_named() -> None:
    problem = plain_teams(vetoes=(("G", "M2"), ("G", "M5"), ("G", "M0")))

    assert demands(problem) == [("serve", ("G",)), ("veto", ("G", "M2", "M5")), ("team_skill", ())]


def test_factory_that_nobody_may_serve_does_not_keep_the_others_waiting() -> None:
    factories = tuple(Factory(id=f"F{i}", days=10.0) for i in range(20))
    mentors = tuple(Mentor(id=f"M{j}", days=60.0, skills={"abc"[j % 3]: 1.0}, conflicts=("F0",)) for j in range(12))

    answer = solve_assignment(AssignmentProblem(factories=factories, mentors=mentors, team_skills=("a", "b", "c")))

    assert (answer.status, answer.unserved, answer.objective <= answer.bound) == ("infeasible", ("F0",), True)


def test_no_mentor_at_all_is_said() -> None:
    assert demands(plain_teams(mentors=())) == [("serve", ("F", "G"))]


def test_factories_that_no_division_into_teams_can_serve_are_the_fewest() -> None:
    factories = tuple(Factory(id=f"F{i}", days=days) for i, days in enumerate((6.0, 6.0, 6.0, 2.0)))

    problem = plain_teams(factories=factories, mentor={"days": 11.0})

    # Two teams of eleven days each: two of the long ones do not fit into one team.
    assert demands(problem) == [
        ("serve", ("F0",)), ("serve", ("F1",)), ("serve", ("F2",)), ("teams", tuple(f"M{j}" for j in range(6))),
    ]  # fmt: skip


def test_mentors_pinned_to_one_factory_are_put_into_one_team() -> None:
    problem = programme(factories=60, mentors=30, use=0.6, seed=2, teams=True)
    pins = (("F0000", "M000"), ("F0000", "M001"), ("F0000", "M002"), ("F0007", "M010"), ("F0007", "M011"))
    problem = replace(problem, pins=pins)

    answer = solve_assignment(problem, seconds=20, seed=0, gap=0.2)

    assert check_assignment(problem, answer) == ()
    sent = {one.factory: set(one.mentors) for one in answer.placements}
    assert sent["F0000"] == {"M000", "M001", "M002"}
    assert {"M010", "M011"} <= sent["F0007"]
