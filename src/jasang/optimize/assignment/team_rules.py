"""What a team of three may be and is worth at each factory, for many teams at once, as arrays."""

from dataclasses import dataclass, replace
from itertools import permutations

import numpy as np

from jasang.optimize.assignment.problem import AssignmentProblem
from jasang.optimize.assignment.residency import Calendar
from jasang.optimize.assignment.scoring import HAS_SKILL, Scores

# The points of a pair that may not be, far below all scores.
FORBIDDEN = -1e9


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TeamRules:
    """n factories, m mentors.

    `share`: float64 (n, m), a third of each pair's score, FORBIDDEN where it may not be. `needs`: bool (n, m) each; of a team one
    member at least must be marked. `load`: float64 (k, n) in days and, with a calendar, weeks. `limit`: float64 (k, m) of each
    mentor. `skilled`: bool (m, 3). `leads`: bool (m,). `fair_margin`, `fair_cost`: see `Weights`.
    """

    share: np.ndarray
    needs: tuple[np.ndarray, ...]
    load: np.ndarray
    limit: np.ndarray
    skilled: np.ndarray
    leads: np.ndarray
    calendar: Calendar | None
    fair_margin: float
    fair_cost: float

    def valid(self, teams: np.ndarray) -> np.ndarray:
        """bool (...): whether three different people, int64 (..., 3), hold the three skills, one each, with a leader."""
        one, two, three = teams[..., 0], teams[..., 1], teams[..., 2]
        apart = (one != two) & (two != three) & (one != three)
        answer: np.ndarray = self.covers(teams) & apart & self.leads[teams].any(axis=-1)
        return answer

    def covers(self, teams: np.ndarray) -> np.ndarray:
        """bool (...): whether the members of teams (..., 3) hold the three skills, one each."""
        covers = np.zeros(teams.shape[:-1], bool)
        for a, b, c in permutations(range(3)):
            covers |= self.skilled[teams[..., a], 0] & self.skilled[teams[..., b], 1] & self.skilled[teams[..., c], 2]
        return covers

    def scores(self, teams: np.ndarray) -> np.ndarray:
        """float64 (n, t) of teams int64 (t, 3); FORBIDDEN or less where one may not be sent."""
        total: np.ndarray = self.share[:, teams].sum(axis=2)
        for need in self.needs:
            total += np.where(need[:, teams].any(axis=2), 0.0, FORBIDDEN)
        return total

    def room(self, teams: np.ndarray) -> np.ndarray:
        """float64 (k, ...): days of the scarcest member of teams (..., 3), and the weeks in which all three are there."""
        days: np.ndarray = self.limit[0][teams].min(axis=-1)
        if self.calendar is None:
            return days[None]
        return np.stack([days, self.calendar.free[teams].all(axis=-2).sum(axis=-1).astype(float)])

    def lives(self, members: np.ndarray, factories: np.ndarray, *, thorough: bool = True) -> bool:
        """Whether the residencies of a team, int64 (3,), at these factories can follow each other (see `Calendar.starts`)."""
        calendar = self.calendar
        if calendar is None:
            return True
        if calendar.plain:  # only the sum counts, and that is in the room
            return bool(self.load[1, factories].sum() <= calendar.horizon)
        together = replace(calendar, free=calendar.free[members].all(axis=0)[None])
        return together.starts(0, factories.tolist(), thorough=thorough) is not None

    def in_seats(self, team: np.ndarray) -> np.ndarray:
        """The members of a valid team, int64 (3,), in the order of the skills they bring."""
        for order in permutations(range(3)):
            if all(self.skilled[team[k], skill] for skill, k in enumerate(order)):
                return team[list(order)]
        raise ValueError(f"mentors {team.tolist()} do not hold the three skills, one each")


def team_rules(problem: AssignmentProblem, scores: Scores, calendar: Calendar | None) -> TeamRules:
    """The rules of teams of `problem`; `scores` are those of single mentors."""
    mentors, factories = problem.mentors, problem.factories
    skilled = [[one.skills.get(skill, 0.0) >= HAS_SKILL for skill in problem.team_skills] for one in mentors]
    leads = np.array([one.leads for one in mentors])
    if not leads.any():
        leads[:] = True  # nobody is marked: anybody may lead
    load = [np.array([one.days for one in factories], float)]
    limit = [np.array([load[0].sum() if one.days is None else one.days for one in mentors], float)]
    if calendar is not None:
        load.append(calendar.weeks.astype(float))
        limit.append(calendar.free.sum(axis=1).astype(float))
    return TeamRules(
        share=np.where(scores.reason == 0, scores.total / 3.0, FORBIDDEN), needs=_needs(problem), load=np.array(load),
        limit=np.array(limit), skilled=np.array(skilled, bool), leads=leads, calendar=calendar,
        fair_margin=problem.weights.fair_margin, fair_cost=problem.weights.fairness,
    )  # fmt: skip


def _needs(problem: AssignmentProblem) -> tuple[np.ndarray, ...]:
    """One array for each skill that some factory requires, and as many for pins as one factory has at most."""
    n, m = len(problem.factories), len(problem.mentors)
    found = []
    for skill in sorted({name for one in problem.factories for name in one.required}):
        need = np.ones((n, m), bool)
        need[[skill in one.required for one in problem.factories]] = [
            one.skills.get(skill, 0.0) >= HAS_SKILL for one in problem.mentors
        ]
        found.append(need)
    row = {one.id: number for number, one in enumerate(problem.factories)}
    column = {one.id: number for number, one in enumerate(problem.mentors)}
    pins: list[np.ndarray] = []
    seen = np.zeros(n, int)
    for factory, mentor in dict.fromkeys(problem.pins):
        i = row[factory]
        if seen[i] == len(pins):
            pins.append(np.ones((n, m), bool))
        pins[seen[i]][i] = np.arange(m) == column[mentor]
        seen[i] += 1
    return (*found, *pins)
