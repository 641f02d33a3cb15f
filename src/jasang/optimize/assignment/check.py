"""Whether an answer keeps every rule and is worth what it says: counted again from the problem alone."""

import math
from collections import defaultdict

from jasang.optimize.assignment.problem import Assignment, AssignmentProblem, Factory, Mentor, Placement
from jasang.optimize.assignment.regions import REGIONS, WITHIN_REGION_KM
from jasang.optimize.assignment.scoring import HAS_SKILL, travel_km
from jasang.plant.text import Text


def check_assignment(problem: AssignmentProblem, answer: Assignment) -> tuple[Text, ...]:
    """Every rule that the answer breaks; empty where it is right. Pins count only where the answer claims to be complete."""
    factories = {one.id: one for one in problem.factories}
    mentors = {one.id: one for one in problem.mentors}
    broken: list[Text] = []
    seen: dict[str, Placement] = {}
    for placement in answer.placements:
        if placement.factory in seen:
            broken.append(_says(placement.factory, "두 번 배정됐습니다", "is served twice"))
        seen[placement.factory] = placement
        for mentor in placement.mentors:
            broken += _pair(problem, factories[placement.factory], mentors[mentor])
        broken += _members(problem, factories[placement.factory], [mentors[one] for one in placement.mentors])
    missing = set(factories) - set(seen)
    if missing != set(answer.unserved):
        broken.append(
            _says(
                "unserved", f"빠진 공장은 {len(missing)}곳입니다", f"lists other factories than the {len(missing)} left"
            )
        )
    if answer.status in ("optimal", "feasible"):
        broken += [_says(one, "배정되지 않았습니다", "is not served") for one in sorted(missing)]
        for factory, mentor in problem.pins:
            if factory in seen and mentor not in seen[factory].mentors:
                broken.append(
                    _says(factory, f"고정한 {mentor}이(가) 아닙니다", f"is not served by the pinned {mentor}")
                )
    broken += _by_mentor(factories, mentors, answer, problem)
    broken += _worth(problem, answer)
    return tuple(broken)


def _pair(problem: AssignmentProblem, factory: Factory, mentor: Mentor) -> list[Text]:
    broken = []
    if factory.id in mentor.conflicts:
        broken.append(
            _says(factory.id, f"{mentor.id}와(과) 이해관계가 있습니다", f"is in conflict of interest with {mentor.id}")
        )
    if (factory.id, mentor.id) in problem.vetoes:
        broken.append(_says(factory.id, f"{mentor.id}을(를) 제외했습니다", f"has ruled out {mentor.id}"))
    return broken


def _members(problem: AssignmentProblem, factory: Factory, members: list[Mentor]) -> list[Text]:
    broken = []
    size = 3 if problem.team_skills else 1
    if len({one.id for one in members}) != size:
        broken.append(_says(factory.id, f"{size}명이어야 합니다", f"must have {size} different mentors"))
    broken += [
        _says(factory.id, f"'{skill}' 기술이 없습니다", f"has nobody with {skill!r}")
        for skill in factory.required
        if not any(one.skills.get(skill, 0) >= HAS_SKILL for one in members)
    ]
    if not problem.team_skills:
        return broken
    orders = ((0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0))
    if len(members) == 3 and not any(
        all(members[k].skills.get(skill, 0) >= HAS_SKILL for k, skill in zip(order, problem.team_skills, strict=True))
        for order in orders
    ):
        broken.append(_says(factory.id, "팀이 세 기술을 갖추지 못했습니다", "has a team without the three skills"))
    if any(one.leads for one in problem.mentors) and not (members and members[0].leads):
        broken.append(_says(factory.id, "팀장이 없습니다", "has a team without a leader in the first place"))
    return broken


def _by_mentor(
    factories: dict[str, Factory], mentors: dict[str, Mentor], answer: Assignment, problem: AssignmentProblem
) -> list[Text]:
    broken = []
    given: dict[str, list[Placement]] = defaultdict(list)
    teams: dict[str, set[tuple[str, ...]]] = defaultdict(set)
    for placement in answer.placements:
        for mentor in placement.mentors:
            given[mentor].append(placement)
            teams[mentor].add(tuple(sorted(placement.mentors)))
    for name, placements in given.items():
        person = mentors[name]
        days = sum(factories[one.factory].days for one in placements)
        if person.days is not None and days > person.days + 1e-6:
            broken.append(_says(name, f"{days:g}일을 맡았습니다", f"carries {days:g} days of {person.days:g}"))
        if len(teams[name]) > 1:
            broken.append(_says(name, "두 팀에 있습니다", "is in two teams"))
        if problem.horizon is not None:
            broken += _weeks(factories, person, placements, problem.horizon)
    return broken


def _weeks(factories: dict[str, Factory], mentor: Mentor, placements: list[Placement], horizon: int) -> list[Text]:
    busy: set[int] = {week for first, last in mentor.away for week in range(first, last + 1)}
    broken = []
    for placement in placements:
        factory = factories[placement.factory]
        if not factory.weeks:
            continue
        if placement.start is None:
            broken.append(_says(factory.id, "시작 주가 없습니다", "has no first week"))
            continue
        weeks = set(range(placement.start, placement.start + factory.weeks))
        if min(weeks) < factory.earliest or max(weeks) > min(horizon, factory.latest or horizon):
            broken.append(_says(factory.id, "기간을 벗어났습니다", "is outside its weeks"))
        if weeks & busy:
            broken.append(
                _says(mentor.id, f"{factory.id}의 주가 겹칩니다", f"cannot be in {factory.id} in all its weeks")
            )
        busy |= weeks
    return broken


def _worth(problem: AssignmentProblem, answer: Assignment) -> list[Text]:
    """The objective counted again, pair by pair."""
    row = {one.id: k for k, one in enumerate(problem.factories)}
    column = {one.id: k for k, one in enumerate(problem.mentors)}
    # A pair without places takes the mean of all pairs, so distances are the one thing that is not counted pair by pair.
    places = [(one.place, one.region) for one in problem.factories] + [
        (one.place, one.region) for one in problem.mentors
    ]
    unknown = (None, None) in places
    means = travel_km(problem.factories, problem.mentors) if unknown and problem.scores is None else None
    total = 0.0
    carried: dict[tuple[str, ...], float] = defaultdict(float)
    for placement in answer.placements:
        i = row[placement.factory]
        points = [
            pair_score(problem, i, column[one], None if means is None else float(means[i, column[one]]))
            for one in placement.mentors
        ]
        total += sum(points) / len(points)
        carried[tuple(sorted(placement.mentors))] += problem.factories[i].days
    if not problem.weights.fairness and not math.isclose(total, answer.objective, rel_tol=1e-6, abs_tol=1e-6):
        return [
            _says(
                "objective",
                f"다시 세면 {total:.6f}점입니다",
                f"is {total:.6f} when counted again, not {answer.objective:.6f}",
            )
        ]
    if answer.status in ("optimal", "feasible") and answer.objective > answer.bound + 1e-6 * max(
        1.0, abs(answer.bound)
    ):
        return [_says("bound", "목적값보다 작습니다", "is below the objective")]
    return []


def pair_score(problem: AssignmentProblem, i: int, j: int, km: float | None = None) -> float:
    """The points of mentor `j` in factory `i`, as docs/assignment.md defines them; `km` where the distance is known otherwise."""
    if problem.scores is not None:
        return problem.scores[i][j]
    factory, mentor, w = problem.factories[i], problem.mentors[j], problem.weights
    asked = sum(factory.needs.values())
    met = sum(min(need, mentor.skills.get(skill, 0.0)) for skill, need in factory.needs.items())
    if km is None:
        km = _distance(factory, mentor)
    spoken = not factory.language or not mentor.languages or factory.language in mentor.languages
    mean = (
        w.skills * (met / asked if asked > 0 else 1.0)
        + w.travel * math.exp(-km / w.travel_km)
        + w.language * spoken
        + w.continuity * (factory.id in mentor.knows)
    ) / (w.skills + w.travel + w.language + w.continuity)
    return 100.0 * mean * (w.sobujang if factory.sobujang else 1.0)


def _distance(factory: Factory, mentor: Mentor) -> float:
    one = factory.place or REGIONS[factory.region or ""]
    other = mentor.place or REGIONS[mentor.region or ""]
    a, b = math.radians(one[0]), math.radians(other[0])
    turn = math.radians(one[1] - other[1])
    cosine = math.sin(a) * math.sin(b) + math.cos(a) * math.cos(b) * math.cos(turn)
    km = 6371.0 * math.acos(max(-1.0, min(1.0, cosine)))
    return km if factory.place and mentor.place else max(km, WITHIN_REGION_KM)


def _says(name: str, ko: str, en: str) -> Text:
    return Text(ko=f"{name}: {ko}.", en=f"{name} {en}.")
