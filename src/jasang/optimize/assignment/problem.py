"""Factories that need a mentor and mentors who have only so many days: the problem and its answer, as values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from jasang.optimize.assignment.regions import REGIONS
from jasang.plant.text import Text

Place = tuple[float, float]  # latitude, longitude in degrees
Weeks = tuple[int, int]  # first and last calendar week, both included; week 1 is the first of the plan
Status = Literal["optimal", "feasible", "incomplete", "infeasible"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Factory:
    """A factory that waits for a mentor.

    `needs`: how much it needs each skill, 0 to 1. `required`: skills its mentor (or one of the team) must have. `days`: days of
    work it takes. `weeks`: calendar weeks the mentor lives there (6 to 10 is usual; nothing = no residency), not before week
    `earliest` and over by week `latest`. `sobujang`: it makes materials, parts or equipment (소재·부품·장비).
    """

    id: str
    region: str | None = None
    place: Place | None = None
    needs: Mapping[str, float] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    language: str | None = None
    days: float = 1.0
    weeks: int | None = None
    earliest: int = 1
    latest: int | None = None
    sobujang: bool = False

    def __post_init__(self) -> None:
        _check_place("factory", self.id, self.region, self.place)
        _check_levels("factory", self.id, "needs", self.needs)
        if not self.days >= 0:
            raise ValueError(f"factory {self.id!r}: days must be 0 or more, got {self.days}")
        if self.weeks is not None and self.weeks < 1:
            raise ValueError(f"factory {self.id!r}: weeks must be 1 or more, got {self.weeks}")
        if self.earliest < 1 or (self.latest is not None and self.latest < self.earliest):
            raise ValueError(
                f"factory {self.id!r}: expected 1 <= earliest <= latest, got earliest {self.earliest}, latest {self.latest}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Mentor:
    """A person who can be sent: skills 0 to 1, capacity in `days` (nothing = no limit), calendar weeks `away`.

    `conflicts`: factories this mentor may not serve (conflict of interest). `knows`: factories served before. `leads`: may lead
    a team.
    """

    id: str
    region: str | None = None
    place: Place | None = None
    skills: Mapping[str, float] = field(default_factory=dict)
    languages: tuple[str, ...] = ()
    days: float | None = None
    away: tuple[Weeks, ...] = ()
    conflicts: tuple[str, ...] = ()
    knows: tuple[str, ...] = ()
    leads: bool = False

    def __post_init__(self) -> None:
        _check_place("mentor", self.id, self.region, self.place)
        _check_levels("mentor", self.id, "skills", self.skills)
        if self.days is not None and not self.days >= 0:
            raise ValueError(f"mentor {self.id!r}: days must be 0 or more, got {self.days}")
        for first, last in self.away:
            if not 1 <= first <= last:
                raise ValueError(f"mentor {self.id!r}: away from week {first} to {last}; expected 1 <= first <= last")


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """What a good pair is: the score is 100 times the weighted mean of four parts, each 0 to 1, and more for 소부장 factories.

    `travel_km`: distance at which the travel part has fallen to 1/e. `sobujang`: factor of the score of 소부장 factories.
    `fairness`: points lost for each day by which a mentor carries more than `fair_margin` times the share that is even for all.
    """

    skills: float = 0.5
    travel: float = 0.3
    language: float = 0.1
    continuity: float = 0.1
    travel_km: float = 100.0
    sobujang: float = 1.3
    fairness: float = 0.0
    fair_margin: float = 1.1

    def __post_init__(self) -> None:
        for name in ("skills", "travel", "language", "continuity", "fairness"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"weight {name} must be 0 or more, got {getattr(self, name)}")
        for name in ("travel_km", "sobujang", "fair_margin"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be above 0, got {getattr(self, name)}")
        if self.skills + self.travel + self.language + self.continuity <= 0:
            raise ValueError("at least one of the weights skills, travel, language, continuity must be above 0")


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignmentProblem:
    """Everything that decides who goes where.

    `pins`: pairs (factory, mentor) that a person has fixed; `vetoes`: pairs a person has ruled out. `horizon`: weeks of the plan
    (nothing = no calendar). `team_skills`: with three skills, teams of three are made that hold one of each, one of them a
    leader; nothing = one mentor a factory. `teams`: teams of three that exist already (with `team_skills`). `scores`: score of
    each factory (row) and mentor (column) in place of `weights`.
    """

    factories: tuple[Factory, ...]
    mentors: tuple[Mentor, ...]
    weights: Weights = field(default_factory=Weights)
    pins: tuple[tuple[str, str], ...] = ()
    vetoes: tuple[tuple[str, str], ...] = ()
    horizon: int | None = None
    team_skills: tuple[str, ...] = ()
    teams: tuple[tuple[str, str, str], ...] = ()
    scores: tuple[tuple[float, ...], ...] | None = None

    def __post_init__(self) -> None:
        factories, mentors = _unique("factory", self.factories), _unique("mentor", self.mentors)
        for name, pairs in (("pin", self.pins), ("veto", self.vetoes)):
            for factory, mentor in pairs:
                if factory not in factories or mentor not in mentors:
                    what, which = ("factory", factory) if factory not in factories else ("mentor", mentor)
                    raise ValueError(f"{name} ({factory!r}, {mentor!r}): there is no {what} {which!r}")
        if self.horizon is not None and self.horizon < 1:
            raise ValueError(f"horizon must be 1 week or more, got {self.horizon}")
        if self.team_skills and len(set(self.team_skills)) != 3:
            raise ValueError(f"team_skills must name three different skills, got {list(self.team_skills)}")
        if self.teams:
            _check_teams(self.teams, mentors, self.team_skills)
        if self.scores is not None and (
            len(self.scores) != len(factories) or any(len(row) != len(mentors) for row in self.scores)
        ):
            raise ValueError(f"scores must have {len(factories)} rows (factories) of {len(mentors)} numbers (mentors)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rival:
    """A mentor (or team) that was not chosen for the factory, its score, and why."""

    name: str
    score: float
    reason: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Who goes to a factory: one mentor, or a team of three with the leader first; the first week of the residency, if any.

    `parts`: the parts of the score in points. `rank`: 1 = nobody allowed scores higher here.
    """

    factory: str
    mentors: tuple[str, ...]
    score: float
    parts: Mapping[str, float]
    rank: int
    start: int | None = None
    pinned: bool = False
    rivals: tuple[Rival, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """One of the demands that cannot be met together: its kind and the factories and mentors it is about."""

    kind: str
    factories: tuple[str, ...]
    mentors: tuple[str, ...]
    text: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """An answer with its proof: `objective` is reached, no complete answer is above `bound`, `gap` = (bound - objective)/|bound|.

    `status`: `optimal` (gap below 0.0001), `feasible`, `incomplete` (no complete answer was found and none disproved) or
    `infeasible`, in which case `conflict` holds demands that cannot all be met; dropping any one of them resolves that conflict.
    `bound_of_teams`: what no way to send these `teams` is above; `bound` holds for every way to make teams.
    """

    status: Status
    objective: float
    bound: float
    gap: float
    seconds: float
    placements: tuple[Placement, ...]
    unserved: tuple[str, ...] = ()
    teams: tuple[tuple[str, ...], ...] = ()
    bound_of_teams: float | None = None
    conflict: tuple[Demand, ...] = ()


def _unique(what: str, items: tuple[Factory, ...] | tuple[Mentor, ...]) -> set[str]:
    seen: set[str] = set()
    for item in items:
        if not item.id:
            raise ValueError(f"a {what} has an empty id")
        if item.id in seen:
            raise ValueError(f"{what} {item.id!r} is there twice; every id must be its own")
        seen.add(item.id)
    return seen


def _check_teams(teams: tuple[tuple[str, str, str], ...], mentors: set[str], skills: tuple[str, ...]) -> None:
    if not skills:
        raise ValueError("teams are given, but no team_skills")
    members = [name for team in teams for name in team]
    for name in members:
        if name not in mentors:
            raise ValueError(f"teams: there is no mentor {name!r}")
        if members.count(name) > 1:
            raise ValueError(f"teams: mentor {name!r} is there twice; nobody is in two teams or twice in one")


def _check_place(what: str, name: str, region: str | None, place: Place | None) -> None:
    if region is not None and region not in REGIONS:
        raise ValueError(f"{what} {name!r}: region {region!r} is not known; expected one of {', '.join(REGIONS)}")
    if place is not None and not (-90 <= place[0] <= 90 and -180 <= place[1] <= 180):
        raise ValueError(f"{what} {name!r}: place must be latitude, longitude in degrees, got {place}")


def _check_levels(what: str, name: str, field_name: str, levels: Mapping[str, float]) -> None:
    for skill, level in levels.items():
        if not 0 <= level <= 1:
            raise ValueError(f"{what} {name!r}: {field_name} {skill!r} must be from 0 to 1, got {level}")
