"""Why demands on teams of three cannot all be met: skills, leaders, days, pins, and factories that no team may serve."""

import time
from dataclasses import replace

import numpy as np

from jasang.optimize.assignment.conflicts import excluded, pin_demand, serve_demand, shrunk
from jasang.optimize.assignment.problem import AssignmentProblem, Demand
from jasang.optimize.assignment.residency import Calendar, calendar_of
from jasang.optimize.assignment.scoring import HAS_SKILL, REASONS, Scores
from jasang.optimize.assignment.team_exact import all_teams, solve_exact_teams
from jasang.optimize.assignment.team_rules import TeamRules, team_rules
from jasang.plant.text import Text

Pin = tuple[str, str]


def team_conflict(
    problem: AssignmentProblem, scores: Scores, rules: TeamRules, given: np.ndarray | None
) -> tuple[Demand, ...]:
    """Demands that cannot all be met, whatever teams are made (or with those `given`, int64 (t, 3)); empty where none is seen."""
    return (
        _too_much(problem, rules.calendar)
        or _unfit_pins(problem, rules, given)
        or (_not_served(problem, scores, rules) if given is None else ())
    )


def crowded_teams(problem: AssignmentProblem, scores: Scores, until: float) -> tuple[Demand, ...]:
    """The fewest factories (with their pins) of a small problem that no way to make teams can serve; empty where not proven."""
    row = {one.id: number for number, one in enumerate(problem.factories)}
    items: list[Pin] = [(one.id, "") for one in problem.factories] + list(dict.fromkeys(problem.pins))

    def conflicts(some: list[Pin]) -> bool:
        names = {factory for factory, mentor in some if not mentor}
        if not names or time.perf_counter() > until:
            return False
        rows = sorted(row[name] for name in names)
        part = replace(
            problem, factories=tuple(problem.factories[i] for i in rows), scores=None, teams=(), vetoes=(),
            weights=replace(problem.weights, fairness=0.0),
            pins=tuple((factory, mentor) for factory, mentor in some if mentor and factory in names),
        )  # fmt: skip
        known = Scores(total=scores.total[rows], parts={}, reason=scores.reason[rows])
        rules = team_rules(part, known, calendar_of(part))
        teams = all_teams(rules)
        exact = None if teams is None else solve_exact_teams(rules, teams, until, any_complete=True)
        return exact is not None and exact.proven and bool((exact.team == len(exact.seats)).any())

    if not conflicts(items):
        return ()
    few = shrunk(items, conflicts)
    factories = tuple(factory for factory, mentor in few if not mentor)
    serve = [serve_demand(problem, [row[name]]) for name in factories]
    pins = [pin_demand(factory, mentor) for factory, mentor in few if mentor and factory in factories]
    text = Text(
        ko="멘토들을 세 명 팀으로 어떻게 묶어도 이 공장들을 모두 맡을 수 없습니다.",
        en="However the mentors are put into teams of three, they cannot serve all of these.",
    )
    return (
        *serve,
        *pins,
        Demand(kind="teams", factories=(), mentors=tuple(one.id for one in problem.mentors), text=text),
    )


def _unfit_pins(problem: AssignmentProblem, rules: TeamRules, given: np.ndarray | None) -> tuple[Demand, ...]:
    """The fewest pins whose mentors would have to be in one team and cannot be."""
    column = {one.id: number for number, one in enumerate(problem.mentors)}

    def conflicts(pins: list[Pin]) -> bool:
        return any(not _may_be_together(rules, given, group) for group in _together(pins, column))

    pins = list(dict.fromkeys(problem.pins))
    if not pins or not conflicts(pins):
        return ()
    few = shrunk(pins, conflicts)
    demands = tuple(pin_demand(factory, mentor) for factory, mentor in few)
    if given is None:
        return (*demands, _rule(problem, "team_skill"))
    text = Text(ko="정해진 팀만 보낼 수 있습니다.", en="Only the given teams are sent.")
    return (*demands, Demand(kind="team", factories=(), mentors=tuple({mentor for _, mentor in few}), text=text))


def _together(pins: list[Pin], column: dict[str, int]) -> list[set[int]]:
    """Mentors who must be in one team: those pinned to one factory, and, as nobody is in two teams, all linked by them."""
    groups: list[set[int]] = []
    at: dict[str, set[int]] = {}
    for factory, mentor in pins:
        at.setdefault(factory, set()).add(column[mentor])
    for members in at.values():
        linked = [group for group in groups if group & members]
        groups = [group for group in groups if not group & members]
        groups.append(members.union(*linked))
    return groups


def together_in_teams(problem: AssignmentProblem, rules: TeamRules, seats: np.ndarray) -> np.ndarray:
    """The teams (t, 3) after mentors have changed places so that those whom pins want in one team are, where that was found."""
    column = {one.id: number for number, one in enumerate(problem.mentors)}
    for group in _together(list(dict.fromkeys(problem.pins)), column):
        hosts = sorted(range(len(seats)), key=lambda k: -len(group & set(seats[k].tolist())))
        moved = (_gathered(rules, seats, group, host) for host in hosts if 1 <= len(group) <= 3)
        seats = next((one for one in moved if one is not None), seats)
    return seats


def _gathered(rules: TeamRules, seats: np.ndarray, group: set[int], host: int) -> np.ndarray | None:
    """The teams with all of `group` in team `host`, others in the places they had; nothing where that makes a team invalid."""
    after = seats.copy()
    for mentor in sorted(group - set(seats[host].tolist())):
        leaves = [seat for seat in range(3) if int(after[host, seat]) not in group]
        place = np.argwhere(after == mentor)
        for seat in leaves:
            one = after.copy()
            one[host, seat] = mentor
            if len(place):
                one[tuple(place[0])] = after[host, seat]
            if not len(place) or rules.valid(one[place[0][0]]):
                after = one
                break
        else:
            return None
    if not rules.valid(after).all():
        return None
    return np.array([rules.in_seats(team) for team in after], np.int64).reshape(-1, 3)


def _may_be_together(rules: TeamRules, given: np.ndarray | None, group: set[int]) -> bool:
    if given is not None:
        return any(group <= set(team) for team in given.tolist())
    fixed, m = sorted(group), len(rules.leads)
    if len(fixed) > 3:
        return False
    free = np.stack(np.meshgrid(*[np.arange(m)] * (3 - len(fixed)), indexing="ij"), axis=-1) if len(fixed) < 3 else None
    rest = np.empty((1, 0), np.int64) if free is None else free.reshape(-1, 3 - len(fixed))
    teams = np.column_stack([np.tile(fixed, (len(rest), 1)), rest]).astype(np.int64)
    return bool(rules.valid(teams).any())


def _not_served(problem: AssignmentProblem, scores: Scores, rules: TeamRules) -> tuple[Demand, ...]:
    """A factory at which nobody with one of the skills, or no leader, may be."""
    for i, reason in enumerate(scores.reason):
        may = reason == 0
        for who, kind in [*((rules.skilled[:, seat], "team_skill") for seat in range(3)), (rules.leads, "team_leader")]:
            if (may & who).any():
                continue
            out = [
                excluded(problem, i, np.flatnonzero(who & (reason == code)).tolist(), why)
                for code, why in enumerate(REASONS)
                if why and (who & (reason == code)).any()
            ]
            return (serve_demand(problem, [i]), *out, _rule(problem, kind))
    return ()


def _rule(problem: AssignmentProblem, kind: str) -> Demand:
    skills = ", ".join(problem.team_skills)
    text = Text(
        ko=f"팀의 세 사람은 {skills} 기술을 하나씩 맡고 그중 한 명은 팀장이어야 합니다.",
        en=f"The members of a team hold {skills}, one each, and one of them leads.",
    )
    return Demand(kind=kind, factories=(), mentors=(), text=text)


def unfit_team(problem: AssignmentProblem, rules: TeamRules, seats: np.ndarray) -> tuple[Demand, ...]:
    """A given team that is against the rules of teams."""
    for team, names in zip(seats, problem.teams, strict=True):
        if rules.valid(team):
            continue
        covers = rules.covers(team)
        who = ", ".join(names)
        given = Text(ko=f"{who}은(는) 정해진 팀입니다.", en=f"{who} are a given team.")
        return (
            Demand(kind="team", factories=(), mentors=names, text=given),
            _rule(problem, "team_skill" if not covers else "team_leader"),
        )
    return ()


def no_team(problem: AssignmentProblem, rules: TeamRules) -> tuple[Demand, ...]:
    """Why there is not one team."""
    names = tuple(one.id for one in problem.mentors)
    if len(names) < 3:
        text = Text(
            ko=f"한 팀은 세 명인데 멘토가 {len(names)}명뿐입니다.",
            en=f"A team has three members, and there are {len(names)} mentors.",
        )
        return (Demand(kind="team_size", factories=(), mentors=names, text=text),)
    for seat, skill in enumerate(problem.team_skills):
        if not rules.skilled[:, seat].any():
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
    who = tuple(name for name, may in zip(names, rules.leads, strict=True) if may)
    return (Demand(kind="team_leader", factories=(), mentors=who, text=text),)


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
