"""Why there is no assignment: every demand named is needed, and together they conflict."""

from dataclasses import replace

import pytest

from jasang.optimize.assignment import AssignmentProblem, Factory, Mentor, solve_assignment


def kinds(problem: AssignmentProblem) -> list[tuple[str, tuple[str, ...], tuple[str, ...]]]:
    answer = solve_assignment(problem, seconds=5)
    assert answer.status == "infeasible"
    return [(one.kind, one.factories, one.mentors) for one in answer.conflict]


def problem_of(days: list[float], capacity: list[float], **changes: object) -> AssignmentProblem:
    return AssignmentProblem(
        factories=tuple(Factory(id=f"F{k}", days=one) for k, one in enumerate(days)),
        mentors=tuple(Mentor(id=f"M{k}", days=one) for k, one in enumerate(capacity)),
        **changes,  # type: ignore[arg-type]
    )


def test_fewest_pins_beyond_the_days_of_a_mentor() -> None:
    pins = tuple((f"F{k}", "M0") for k in range(4))

    assert kinds(problem_of([2, 3, 5, 4], [8, 20], pins=pins)) == [
        ("pin", ("F2",), ("M0",)),
        ("pin", ("F3",), ("M0",)),
        ("capacity", (), ("M0",)),
    ]


def test_pin_against_veto() -> None:
    assert kinds(problem_of([1], [5, 5], pins=(("F0", "M0"),), vetoes=(("F0", "M0"),))) == [
        ("pin", ("F0",), ("M0",)),
        ("veto", ("F0",), ("M0",)),
    ]


def test_two_pins_of_one_factory() -> None:
    assert kinds(problem_of([1], [5, 5], pins=(("F0", "M0"), ("F0", "M1")))) == [
        ("pin", ("F0",), ("M0",)),
        ("pin", ("F0",), ("M1",)),
    ]


def test_factory_nobody_may_serve_names_each_reason() -> None:
    problem = AssignmentProblem(
        factories=(Factory(id="F0", days=4, required=("data",)),),
        mentors=(
            Mentor(id="M0", conflicts=("F0",), skills={"data": 1}),
            Mentor(id="M1"),
            Mentor(id="M2", days=2, skills={"data": 1}),
        ),
    )

    assert kinds(problem) == [
        ("serve", ("F0",), ()),
        ("conflict", ("F0",), ("M0",)),
        ("required", ("F0",), ("M1",)),
        ("days", ("F0",), ("M2",)),
    ]


def test_crowd_of_factories_with_few_possible_mentors_is_minimal() -> None:
    # F0..F3 may go to M0 only, which has room for two; F4 and F5 are no part of it.
    vetoes = tuple((f"F{k}", "M1") for k in range(4))
    problem = problem_of([4, 4, 4, 4, 4, 4], [8, 40], vetoes=vetoes)

    found = kinds(problem)

    served = [factories[0] for kind, factories, _ in found if kind == "serve"]
    assert len(served) == 3
    assert set(served) <= {"F0", "F1", "F2", "F3"}
    assert ("capacity", (), ("M0",)) in found
    for one in served:  # each is needed: without it the others have an answer
        rest = [name for name in served if name != one]
        smaller = replace(
            problem,
            factories=tuple(factory for factory in problem.factories if factory.id in rest),
            vetoes=tuple(veto for veto in vetoes if veto[0] in rest),
        )
        assert solve_assignment(smaller, seconds=3).status == "optimal"


def test_whole_factories_that_fit_in_parts_only() -> None:
    found = kinds(problem_of([3, 3, 3], [5, 4]))

    assert [factories for kind, factories, _ in found if kind == "serve"] == [("F0",), ("F1",), ("F2",)]


def test_weeks_that_do_not_suffice() -> None:
    problem = AssignmentProblem(
        factories=tuple(Factory(id=f"F{k}", weeks=6) for k in range(3)), mentors=(Mentor(id="M0"),), horizon=13
    )

    found = kinds(problem)

    assert found[-1] == ("calendar", (), ("M0",))
    assert [factories for kind, factories, _ in found if kind == "serve"] == [("F0",), ("F1",), ("F2",)]


@pytest.mark.parametrize(("mentors", "kind"), [(2, "team_size"), (4, "team_skill")])
def test_no_team_can_be_made(mentors: int, kind: str) -> None:
    problem = AssignmentProblem(
        factories=(Factory(id="F0"),),
        mentors=tuple(Mentor(id=f"M{k}", skills={"process": 1.0, "equipment": 1.0}) for k in range(mentors)),
        team_skills=("process", "equipment", "data"),
    )

    answer = solve_assignment(problem, seconds=3)

    assert (answer.status, [one.kind for one in answer.conflict]) == ("infeasible", [kind])
