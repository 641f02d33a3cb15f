"""Teams of three: who works with whom, and which factories each team serves one after the other.

A team holds one mentor for each of the three skills, one of them a leader. Its score for a factory is the mean of its members'
scores; it has the days of its scarcest member. The bound lets every factory choose its best three, skill by skill, at prices of
each mentor's days, so no division into teams can beat it.
"""

import time
from itertools import permutations

import numpy as np
from scipy.optimize import linear_sum_assignment

from jasang.optimize.assignment.improve import construct
from jasang.optimize.assignment.loads import Loads, roughly
from jasang.optimize.assignment.problem import Assignment, AssignmentProblem, Demand
from jasang.optimize.assignment.residency import Calendar
from jasang.optimize.assignment.scoring import HAS_SKILL, REASONS, Scores
from jasang.optimize.assignment.search import Clock, Fits, answer_of, gap_of, placements_of, search, status_of
from jasang.plant.text import Text

_FORBIDDEN = -1e9


def solve_teams(
    problem: AssignmentProblem,
    scores: Scores,
    calendar: Calendar | None,
    conflict: tuple[Demand, ...],
    clock: Clock,
    seed: int,
) -> Assignment:
    """Make teams and send them; `scores` are those of single mentors."""
    names = [one.id for one in problem.factories]
    skilled = np.array(
        [[one.skills.get(skill, 0.0) >= HAS_SKILL for skill in problem.team_skills] for one in problem.mentors]
    )
    leads = np.array([one.leads for one in problem.mentors])
    if not leads.any() and not any(one.leads for one in problem.mentors):
        leads[:] = True  # nobody is marked: anybody may lead
    if problem.teams:
        seats = _given_teams(problem)
        conflict = conflict or _unfit_team(problem, skilled, leads, seats)
        bound = np.inf
    else:
        bound = team_bound(problem, scores, skilled)
        seats = _first_teams(problem, scores, skilled, leads, seed)
    if not len(seats):
        conflict = conflict or _no_team(problem, skilled, leads)
        return answer_of("infeasible", 0.0, bound, clock, (), tuple(names), conflict)
    conflict = conflict or _too_much(problem, calendar)
    if not problem.teams:
        seats = _better_teams(problem, scores, calendar, skilled, leads, seats, clock, seed)
    joined, days, free = _joined(problem, scores, calendar, seats)
    loads = _team_loads(problem, joined, days, free)
    pinned = _pinned_teams(problem, seats)
    score = loads.score.copy()
    for i, allowed in pinned.items():
        score[i, [t for t in range(len(seats)) if t not in allowed]] = -np.inf
    loads = Loads(score=score, load=loads.load, capacity=loads.capacity, fair=loads.fair, fair_cost=loads.fair_cost)
    fits = None if free is None or free.plain else Fits(free)
    person, prices = search(loads, np.full(len(names), -1), fits, clock, seed)
    undone = np.flatnonzero(person < 0)
    objective = loads.value(person)
    bound = min(bound, prices.bound) if problem.teams else bound
    groups = [_named(problem, team, leads) for team in seats]
    held = np.array([0 if i in pinned else -1 for i in range(len(names))])
    return answer_of(
        status_of(undone.size > 0, conflict, gap_of(objective, bound)), objective, bound, clock,
        placements_of(names, groups, joined, loads, person, held, prices, free),
        tuple(names[i] for i in undone.tolist()), conflict, tuple(groups), prices.bound,
    )  # fmt: skip


def _too_much(problem: AssignmentProblem, calendar: Calendar | None) -> tuple[Demand, ...]:
    """More than any teams have: a skill that nobody has, or more days (weeks) than teams of three can have at most.

    A team has the days of its scarcest member, so in all teams have at most the third, sixth, ninth … of the mentors' days,
    largest first. The fewest, heaviest factories are named.
    """
    for factory in problem.factories:
        for skill in factory.required:
            if not any(one.skills.get(skill, 0.0) >= HAS_SKILL for one in problem.mentors):
                text = Text(
                    ko=f"{factory.id}에 꼭 필요한 '{skill}' 기술({HAS_SKILL:g} 이상)이 있는 멘토가 없습니다.",
                    en=f"{factory.id} requires {skill!r}, and no mentor has it at {HAS_SKILL:g} or more.",
                )
                return (Demand(kind="required", factories=(factory.id,), mentors=(), text=text),)
    load = np.array([one.days for one in problem.factories], float)
    limits = [(load, np.array([load.sum() if one.days is None else one.days for one in problem.mentors]), "일", "days")]
    if calendar is not None:
        limits.append((calendar.weeks.astype(float), calendar.capacity(), "주", "weeks"))
    for work, have, ko, en in limits:
        most = float(np.sort(have)[::-1][2::3].sum())
        if work.sum() <= most + 1e-9:
            continue
        order = np.argsort(-work, kind="stable")
        few = order[: int(np.argmax(np.cumsum(work[order]) > most + 1e-9)) + 1]
        named = tuple(problem.factories[i].id for i in few.tolist())
        need = Text(
            ko=f"공장 {len(named)}곳이 모두 {work[few].sum():g}{ko}입니다.",
            en=f"{len(named)} factories take {work[few].sum():g} {en} in all.",
        )
        room = Text(
            ko=f"멘토 {len(have)}명으로 만든 팀들이 낼 수 있는 것은 많아야 {most:g}{ko}입니다.",
            en=f"Teams made of {len(have)} mentors have {most:g} {en} at most.",
        )
        mentors = tuple(one.id for one in problem.mentors)
        return (
            Demand(kind="serve", factories=named, mentors=(), text=need),
            Demand(kind="capacity", factories=(), mentors=mentors, text=room),
        )
    return ()


def _given_teams(problem: AssignmentProblem) -> np.ndarray:
    column = {one.id: number for number, one in enumerate(problem.mentors)}
    return np.array([[column[name] for name in team] for team in problem.teams], np.int64)


def _unfit_team(
    problem: AssignmentProblem, skilled: np.ndarray, leads: np.ndarray, seats: np.ndarray
) -> tuple[Demand, ...]:
    """A given team that is against the rules of teams."""
    for team, names in zip(seats, problem.teams, strict=True):
        covers = any(all(skilled[team[k], skill] for skill, k in enumerate(order)) for order in permutations(range(3)))
        if covers and leads[team].any():
            continue
        who = ", ".join(names)
        given = Text(ko=f"{who}은(는) 정해진 팀입니다.", en=f"{who} are a given team.")
        skills = ", ".join(problem.team_skills)
        rule = Text(
            ko=f"팀의 세 사람은 {skills} 기술을 하나씩 맡고 그중 한 명은 팀장이어야 합니다.",
            en=f"The members of a team hold {skills}, one each, and one of them leads.",
        )
        return (
            Demand(kind="team", factories=(), mentors=names, text=given),
            Demand(kind="team_skill" if not covers else "team_leader", factories=(), mentors=(), text=rule),
        )
    return ()


def team_bound(problem: AssignmentProblem, scores: Scores, skilled: np.ndarray) -> float:
    """What no teams can beat: each factory takes its best mentor for each skill at prices of days that no mentor has twice.

    Weak duality holds for any prices of 0 or more; good ones are found by subgradients.
    """
    score = np.where(scores.reason == 0, scores.total, _FORBIDDEN) / 3.0
    load = np.array([one.days for one in problem.factories])
    capacity = np.array([load.sum() if one.days is None else one.days for one in problem.mentors])
    sets = [np.flatnonzero(skilled[:, skill]) for skill in range(3)]
    if any(one.size == 0 for one in sets):
        return 0.0
    price, best, rows = np.zeros(len(capacity)), np.inf, np.arange(len(load))
    spread = float(scores.total[scores.reason == 0].std()) if (scores.reason == 0).any() else 1.0
    step = 0.5 * spread / max(load.mean(), 1e-9) / 3.0
    # A team has the days of its scarcest member; nobody can be used beyond the own days.
    for number in range(120):
        asked, total = np.zeros(len(capacity)), float(price @ capacity)
        for one in sets:
            net = score[:, one] - load[:, None] * price[one]
            chosen = net.argmax(axis=1)
            total += float(net[rows, chosen].sum())
            asked += np.bincount(one[chosen], load, len(capacity))
        best = min(best, total)
        scale = np.maximum(capacity, max(load.mean(), 1e-9))
        price = np.maximum(price + step / (1 + 0.15 * number) * np.clip((asked - capacity) / scale, -1, 1), 0)
    return best


def _first_teams(
    problem: AssignmentProblem, scores: Scores, skilled: np.ndarray, leads: np.ndarray, seed: int
) -> np.ndarray:
    """int64 (t, 3): as many teams as mentors allow, of mentors who suit the same factories; column = skill of the seat."""
    count = len(problem.mentors) // 3
    suited = np.where(scores.reason == 0, scores.total, np.nan)
    suited = np.nan_to_num(suited - np.nanmean(suited, axis=1, keepdims=True) if count else suited, nan=-5.0)
    suited = np.exp(np.clip(suited / max(float(suited.std()), 1e-9) * 2, -8, 8))
    suited /= suited.sum(axis=1, keepdims=True)
    alike = suited.T @ suited
    random = np.random.default_rng(seed)
    for teams in range(count, 0, -1):
        seats = _seated(teams, alike, skilled, leads, random)
        if seats is not None:
            return seats
    return np.empty((0, 3), np.int64)


def _seated(
    teams: int, alike: np.ndarray, skilled: np.ndarray, leads: np.ndarray, random: np.random.Generator
) -> np.ndarray | None:
    """Mentors in the seats of `teams` teams; nothing where the skills or leaders do not suffice for so many."""
    m = len(leads)
    # Which skill the leader of each team brings, spread by how many leaders have each.
    have = np.maximum((skilled & leads[:, None]).sum(axis=0), 1e-9)
    seat_of_leader = np.sort(random.choice(3, teams, p=have / have.sum()))
    seats = np.full((teams, 3), -1)
    for attempt in range(3):
        gain = np.full((3 * teams, m), 0.0)
        for skill in range(3):
            may = np.broadcast_to(skilled[:, skill], (teams, m)) & (leads | (seat_of_leader != skill)[:, None])
            gain[skill * teams : (skill + 1) * teams] = np.where(may, random.random((teams, m)) * 1e-3, _FORBIDDEN)
        row, column = linear_sum_assignment(gain, maximize=True)
        if len(row) < 3 * teams or gain[row, column].min() <= _FORBIDDEN / 2:
            seat_of_leader = np.sort(random.integers(0, 3, teams)) if attempt < 2 else seat_of_leader
            continue
        seats = column[np.argsort(row)].reshape(3, teams).T.copy()
        break
    if seats[0, 0] < 0:
        return None
    for _ in range(12):  # members move to the teams whose others they resemble
        before = seats.copy()
        near = alike[:, seats].sum(axis=2)  # (m, t)
        for skill in range(3):
            seats = _reseat(seats, skill, near.T, skilled, leads)
            near = alike[:, seats].sum(axis=2)
        if (before == seats).all():
            break
    return seats


def _reseat(seats: np.ndarray, skill: int, gain: np.ndarray, skilled: np.ndarray, leads: np.ndarray) -> np.ndarray:
    """The best mentors, of those in this seat anywhere and those in no team, for the seat `skill` of each team; `gain` (t, m)."""
    others = np.delete(seats, skill, axis=1)
    open_to = np.setdiff1d(np.arange(len(leads)), others.ravel())
    open_to = open_to[skilled[open_to, skill]]
    led = leads[others].any(axis=1)
    value = gain[:, open_to] - np.where(led[:, None] | leads[open_to][None, :], 0.0, -_FORBIDDEN)
    row, column = linear_sum_assignment(value, maximize=True)
    if value[row, column].min() <= _FORBIDDEN / 2:
        return seats
    after = seats.copy()
    after[row, skill] = open_to[column]
    return after


def _better_teams(
    problem: AssignmentProblem, scores: Scores, calendar: Calendar | None, skilled: np.ndarray, leads: np.ndarray,
    seats: np.ndarray, clock: Clock, seed: int,
) -> np.ndarray:  # fmt: skip
    """In turn: send the teams, then seat the mentors best for where their team goes; half of the time."""
    until = clock.began + 0.65 * (clock.until - clock.began)
    random = np.random.default_rng(seed)
    load = np.array([one.days for one in problem.factories])
    limit = np.array([np.inf if one.days is None else one.days for one in problem.mentors])
    single = np.where(scores.reason == 0, scores.total / 3.0, _FORBIDDEN)
    best, best_value, stale = seats, -np.inf, 0
    while time.perf_counter() < until and stale < 60:
        joined, days, free = _joined(problem, scores, calendar, seats)
        loads = _team_loads(problem, joined, days, free)
        fits = None if free is None or free.plain else Fits(free)
        person = construct(loads, roughly(loads), np.full(len(load), len(seats)), np.ones(len(load), bool), fits)
        value = loads.value(person) - 1e3 * float((person == len(seats)).sum())
        stale = 0 if value > best_value + 1e-6 * abs(value) else stale + 1
        if value > best_value:
            best, best_value = seats, value
        elif stale % 3 == 0:  # stuck: from the best teams on, with some members exchanged
            seats = _exchanged(best, skilled, leads, random)
            continue
        done = person < len(seats)
        gain = np.zeros((len(seats), len(limit)))
        np.add.at(gain, person[done], single[done])
        carried = np.bincount(person[done], load[done], len(seats))
        gain = np.where(limit[None, :] < carried[:, None], _FORBIDDEN / 10, gain)
        for skill in (0, 1, 2, 0):
            seats = _reseat(seats, skill, gain, skilled, leads)
    return best


def _exchanged(seats: np.ndarray, skilled: np.ndarray, leads: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """The teams after some pairs of them have exchanged a member of the same skill."""
    after = seats.copy()
    for _ in range(max(1, len(seats) // 12)):
        one, other = random.integers(0, len(seats), 2)
        seat = int(random.integers(0, 3))
        after[[one, other], seat] = after[[other, one], seat]
        if not (leads[after[one]].any() and leads[after[other]].any()):
            after[[one, other], seat] = after[[other, one], seat]
    return after if skilled[after, np.arange(3)].all() else seats


def _joined(
    problem: AssignmentProblem, scores: Scores, calendar: Calendar | None, seats: np.ndarray
) -> tuple[Scores, np.ndarray, Calendar | None]:
    """Scores (n, t), days (t,) and calendar of the teams. A pair is out where it is for one of the members."""
    reason = scores.reason[:, seats].max(axis=2)
    for skill in sorted({name for one in problem.factories for name in one.required}):
        rows = np.array([skill in one.required for one in problem.factories])
        has = np.array([one.skills.get(skill, 0.0) >= HAS_SKILL for one in problem.mentors])
        lacks = ~has[seats].any(axis=1)
        block = reason[np.ix_(rows, lacks)]
        reason[np.ix_(rows, lacks)] = np.where(block == 0, REASONS.index("required"), block)
    parts = {name: part[:, seats].mean(axis=2) for name, part in scores.parts.items()}
    total = scores.total[:, seats].mean(axis=2)
    all_days = sum(one.days for one in problem.factories)
    limit = np.array([all_days if one.days is None else one.days for one in problem.mentors])
    free = None
    if calendar is not None:
        free = Calendar(
            weeks=calendar.weeks, earliest=calendar.earliest, latest=calendar.latest, horizon=calendar.horizon,
            free=calendar.free[seats].all(axis=1),
        )  # fmt: skip
        reason = np.where((reason == 0) & ~free.may(), REASONS.index("weeks"), reason)
    return Scores(total=total, parts=parts, reason=reason.astype(np.int8)), limit[seats].min(axis=1), free


def _team_loads(problem: AssignmentProblem, joined: Scores, days: np.ndarray, free: Calendar | None) -> Loads:
    load = [np.array([one.days for one in problem.factories], float)]
    capacity = [days]
    if free is not None:
        load.append(free.weeks.astype(float))
        capacity.append(free.capacity())
    fair = np.minimum(problem.weights.fair_margin * load[0].sum() / max(days.sum(), 1e-9), 1.0) * days
    return Loads(
        score=np.where(joined.reason == 0, joined.total, -np.inf), load=np.array(load), capacity=np.array(capacity),
        fair=fair, fair_cost=problem.weights.fairness,
    )  # fmt: skip


def _pinned_teams(problem: AssignmentProblem, seats: np.ndarray) -> dict[int, set[int]]:
    """Teams that hold a pinned mentor of the factory, by row of the factory."""
    row = {one.id: number for number, one in enumerate(problem.factories)}
    column = {one.id: number for number, one in enumerate(problem.mentors)}
    found: dict[int, set[int]] = {}
    for factory, mentor in problem.pins:
        with_him = set(np.flatnonzero((seats == column[mentor]).any(axis=1)).tolist())
        found[row[factory]] = found.get(row[factory], with_him) & with_him
    return found


def _named(problem: AssignmentProblem, team: np.ndarray, leads: np.ndarray) -> tuple[str, ...]:
    order = sorted(range(3), key=lambda seat: (not leads[team[seat]], seat))
    return tuple(problem.mentors[int(team[seat])].id for seat in order)


def _no_team(problem: AssignmentProblem, skilled: np.ndarray, leads: np.ndarray) -> tuple[Demand, ...]:
    """Why there is not one team."""
    names = tuple(one.id for one in problem.mentors)
    if len(names) < 3:
        text = Text(
            ko=f"한 팀은 세 명인데 멘토가 {len(names)}명뿐입니다.",
            en=f"A team has three members, and there are {len(names)} mentors.",
        )
        return (Demand(kind="team_size", factories=(), mentors=names, text=text),)
    for seat, skill in enumerate(problem.team_skills):
        if not skilled[:, seat].any():
            text = Text(
                ko=f"팀마다 '{skill}' 기술이 {HAS_SKILL:g} 이상인 멘토가 있어야 하는데 아무도 없습니다.",
                en=f"Every team needs a mentor with {skill!r} of at least {HAS_SKILL:g}, and nobody has it.",
            )
            return (Demand(kind="team_skill", factories=(), mentors=(), text=text),)
    skills = ", ".join(problem.team_skills)
    text = Text(
        ko=f"세 기술({skills})을 서로 다른 세 사람이 맡고 그중 한 명이 팀장인 팀을 만들 수 없습니다.",
        en=f"No three different mentors hold {skills} with a leader among them.",
    )
    who = tuple(name for name, may in zip(names, leads, strict=True) if may)
    return (Demand(kind="team_leader", factories=(), mentors=who, text=text),)
