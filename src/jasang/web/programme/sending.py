"""The question of who goes where as the optimiser takes it: a cohort's factories and its mentors with what binds them."""

from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any

from jasang.optimize.assignment import AssignmentProblem, Weights
from jasang.optimize.assignment import Factory as Site
from jasang.optimize.assignment import Mentor as Person
from jasang.optimize.assignment.regions import REGIONS
from jasang.web.programme.models import Application, Cohort, HandOnPlan, LevelAnswer, Mentor, Residency, Stage, Standing
from jasang.web.programme.residencies import WEEKS
from jasang.web.tenants.models import FACTORY_ROLES, Factory, Membership

DAYS = 14  # of work in one residency
SKILLS = ("process", "data", "equipment", "quality", "planning", "energy")
# Which items of the rubric ask for a skill.
_ITEMS = {
    "process": ("analyses", "closed_loops", "work_standard"),
    "data": ("untyped", "latency", "uptime"),
    "equipment": ("stops", "maintenance", "connected_machines"),
    "quality": ("traceable", "measured_quality"),
    "planning": ("schedule", "plan_actual"),
    "energy": ("energy",),
}
_GRANTED = (Stage.APPROVED, Stage.PLANNED, Stage.BUILDING, Stage.OPERATING, Stage.AFTERCARE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the operator wants of a plan.

    `starts_on`: first day of week 1. `horizon`: weeks of the plan, nothing = residencies follow each other without an end.
    `team_skills`: three skills make teams of three. `approved_only`: only factories with a grant. `fairness`: points a day above
    the even share.
    """

    starts_on: date
    horizon: int | None = None
    team_skills: tuple[str, ...] = ()
    approved_only: bool = False
    fairness: float = 0.0

    def record(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self) | {"starts_on": self.starts_on.isoformat(), "team_skills": list(self.team_skills)}


def problem_of(cohort: Cohort, wishes: Wishes | None = None) -> AssignmentProblem:
    """The cohort's factories without a mentor; its active mentors with days and weeks left, ties, pins and vetoes."""
    organisation = cohort.organisation
    served = Residency.objects.under(organisation)
    rows = Standing.objects.under(organisation).filter(cohort=cohort, factory__closed_at__isnull=True)
    rows = rows.exclude(factory__in=served.values("factory")).select_related("factory").order_by("pk")
    if wishes is not None and wishes.approved_only:
        granted = Application.objects.of(organisation).filter(call__cohort=cohort, stage__in=_GRANTED)
        rows = rows.filter(factory__in=granted.values("factory"))
    factories = [row.factory for row in rows]
    steps: dict[int, dict[str, int]] = {}
    answers = LevelAnswer.objects.under(organisation).filter(factory__in=rows.values("factory")).order_by("at", "pk")
    for factory, item, step in answers.values_list("factory_id", "item", "step"):
        steps.setdefault(factory, {})[item] = step
    mentors = list(Mentor.objects.of(organisation).filter(active=True).order_by("pk"))
    busy = _busy(served)
    ties, knows = _ties(mentors, factories), _knows(cohort)
    hands = HandOnPlan.objects.of(organisation).filter(cohort=cohort, factory__in=rows.values("factory"))
    hands = hands.filter(mentor__active=True).select_related("factory", "mentor").order_by("pk")
    pairs = [(hand.pinned, (hand.factory.key, str(hand.mentor.key))) for hand in hands]
    horizon = None if wishes is None else wishes.horizon
    return AssignmentProblem(
        factories=tuple(_site(one, steps.get(one.pk, {}), WEEKS if horizon else None) for one in factories),
        mentors=tuple(
            _person(one, busy.get(one.pk, []), ties.get(one.pk, set()), knows.get(one.user_id, []), wishes)
            for one in mentors
        ),
        pins=tuple(pair for pinned, pair in pairs if pinned),
        vetoes=tuple(pair for pinned, pair in pairs if not pinned),
        horizon=horizon,
        team_skills=wishes.team_skills if wishes is not None else (),
        weights=Weights(fairness=wishes.fairness if wishes is not None else 0.0),
    )


def week_of(day: date, starts_on: date) -> int:
    """Calendar week of the plan in which the day lies; week 1 begins on `starts_on`."""
    return (day - starts_on).days // 7 + 1


def first_day(week: int, starts_on: date) -> date:
    """The first day of that week."""
    return starts_on + timedelta(weeks=week - 1)


def _busy(served: Any) -> dict[int, list[tuple[date, date]]]:
    spans: dict[int, list[tuple[date, date]]] = {}
    for mentor, first, last in served.values_list("mentor_id", "starts_on", "ends_on"):
        spans.setdefault(mentor, []).append((first, last))
    return spans


def _ties(mentors: list[Mentor], factories: list[Factory]) -> dict[int, set[str]]:
    """Factories a mentor may not serve: those named in the profile, and those whose own people he or she belongs to."""
    found = {mentor.pk: set(mentor.conflicts) for mentor in mentors}
    by_user = {mentor.user_id: mentor.pk for mentor in mentors if mentor.user_id is not None}
    own = Membership.objects.filter(user__in=list(by_user), role__in=FACTORY_ROLES)
    known = {factory.pk: factory.key for factory in factories}
    for user, factory in own.values_list("user_id", "factory_id"):
        if factory in known:
            found[by_user[user]].add(known[factory])
    return found


def _knows(cohort: Cohort) -> dict[int, list[str]]:
    # Who visited before the judges decided knows the factory already.
    rows = Application.objects.of(cohort.organisation).filter(call__cohort=cohort, visitor__isnull=False)
    found: dict[int, list[str]] = {}
    for visitor, key in rows.values_list("visitor_id", "factory__key"):
        found.setdefault(visitor, []).append(key)
    return found


def _site(factory: Factory, steps: dict[str, int], weeks: int | None) -> Site:
    needs: dict[str, float] = {}
    for skill, items in _ITEMS.items():
        known = [steps[item] for item in items if item in steps]
        needs[skill] = 1 - sum(known) / (5 * len(known)) if known else 0.5
    return Site(id=factory.key, region=_region(factory.region), needs=needs, days=DAYS, weeks=weeks)


def _person(
    mentor: Mentor, busy: list[tuple[date, date]], ties: set[str], knows: list[str], wishes: Wishes | None
) -> Person:
    skills: dict[str, Any] = {name: min(1.0, max(0.0, float(level))) for name, level in mentor.skills.items()}
    away: list[tuple[int, int]] = []
    if wishes is not None and wishes.horizon:
        spans = [(date.fromisoformat(first), date.fromisoformat(last)) for first, last in mentor.away] + busy
        for first, last in spans:
            begin, end = week_of(first, wishes.starts_on), week_of(last, wishes.starts_on)
            if end >= 1 and begin <= wishes.horizon:
                away.append((max(1, begin), min(end, wishes.horizon)))
    return Person(
        id=str(mentor.key), region=_region(mentor.region), skills=skills, languages=tuple(mentor.languages),
        days=max(0, mentor.days - DAYS * len(busy)), leads=mentor.leads, away=tuple(sorted(away)),
        conflicts=tuple(sorted(ties)), knows=tuple(knows),
    )  # fmt: skip


def _region(name: str) -> str | None:
    return name if name in REGIONS else None
