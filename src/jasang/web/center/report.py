"""The centre's record from sums kept for each day; a day whose cases changed since is counted anew, so none is ever old."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Count, F, Q, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from jasang.web.center.models import OPEN_STATES, Case, CaseState, Centre, CentreDay
from jasang.web.center.queries import DONE, late
from jasang.web.tenants.models import Organisation

WEEKS = 12
MOST_COUNTED = 40  # days a round of the chore counts for one centre
SUMS = ("opened", "answered", "answered_in_time", "solved", "solved_in_time", "rated", "stars", "answer_minutes")
_ANSWERED = Q(answered_at__isnull=False)
_COUNTED: dict[str, Any] = {
    "opened": Count("pk"),
    "answered": Count("pk", filter=_ANSWERED),
    "answered_in_time": Count("pk", filter=_ANSWERED & Q(answer_late=False)),
    "solved": Count("pk", filter=Q(state__in=DONE)),
    "solved_in_time": Count("pk", filter=Q(state__in=DONE, solve_late=False)),
    "rated": Count("stars"),
    "sum_stars": Coalesce(Sum("stars"), 0),
    "sum_minutes": Coalesce(Sum("answer_minutes", filter=_ANSWERED), 0.0),
}


def day_of(centre: Organisation, moment: datetime) -> date:
    """The day on the centre's clock."""
    return moment.astimezone(ZoneInfo(centre.timezone)).date()


def changed(case: Case) -> None:
    """A case of that day changed; within the transaction of the change."""
    rows = CentreDay.objects.of(case.centre).filter(day=day_of(case.centre, case.opened_at))
    rows.update(changes=F("changes") + 1)


def count_day(centre: Organisation, day: date) -> dict[str, Any]:
    """The sums of a day from its cases."""
    zone = ZoneInfo(centre.timezone)
    start = datetime.combine(day, time(), zone)
    end = datetime.combine(day + timedelta(days=1), time(), zone)
    rows = Case.objects.at(centre).filter(opened_at__gte=start, opened_at__lt=end).exclude(state=CaseState.MERGED)
    found = rows.aggregate(**_COUNTED)
    return {name: found[name] for name in SUMS[:6]} | {
        "stars": found["sum_stars"], "answer_minutes": found["sum_minutes"],
    }  # fmt: skip


def keep_sums() -> int:
    """The chore: count the days of the last weeks that changed or were never counted; how many days that were."""
    centres = Organisation.objects.filter(pk__in=Centre.objects.of_every_organisation().values("organisation"))
    return sum(_keep(centre) for centre in centres)


def _keep(centre: Organisation) -> int:
    today = day_of(centre, timezone.now())
    wanted = [today - timedelta(days=back) for back in range(7 * WEEKS + 1)]
    kept = {row.day: row for row in CentreDay.objects.of(centre).filter(day__gte=wanted[-1])}
    missing = [day for day in wanted if day not in kept]
    CentreDay.objects.of(centre).bulk_create(
        [CentreDay(organisation=centre, day=day) for day in missing], ignore_conflicts=True
    )
    due = [day for day in wanted if day not in kept or kept[day].counted != kept[day].changes][:MOST_COUNTED]
    for day in due:
        _count(centre, day)
    return len(due)


@transaction.atomic
def _count(centre: Organisation, day: date) -> None:
    # Whoever changes a case of the day waits here or is counted: the row is the lock.
    row = CentreDay.objects.of(centre).select_for_update().get(day=day)
    CentreDay.objects.of(centre).filter(pk=row.pk).update(counted=row.changes, **count_day(centre, day))


def report(centre: Organisation, now: datetime, *, weeks: int = WEEKS) -> dict[str, Any]:
    """Kept promises, backlog and satisfaction, over the last weeks and week by week (each ends with the day of `now`)."""
    today = day_of(centre, now)
    first = today - timedelta(days=7 * weeks - 1)
    days = _days(centre, first, today)
    total = _sum(days.values())
    starts = [first + timedelta(weeks=number) for number in range(weeks)]
    backlog = Case.objects.at(centre).filter(state__in=OPEN_STATES)
    return {
        "since": first,
        "all": total,
        "stars": total["stars"] / total["rated"] if total["rated"] else None,
        "rated": total["rated"],
        "answer_minutes": total["answer_minutes"] / total["answered"] if total["answered"] else None,
        "weeks": [
            {"start": start} | _sum(sums for day, sums in days.items() if start <= day < start + timedelta(weeks=1))
            for start in starts
        ],
        "queues": list(
            backlog.values("queue__name")
            .annotate(number=Count("pk"), late=Count("pk", filter=late(now)))
            .order_by("-number", "queue__name")
        ),
    }


def _days(centre: Organisation, first: date, last: date) -> dict[date, Mapping[str, Any]]:
    rows = CentreDay.objects.of(centre).filter(day__gte=first, day__lte=last)
    kept = {row.day: row for row in rows}
    wanted = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    old = [day for day in wanted if day not in kept or kept[day].counted != kept[day].changes]
    found: dict[date, Mapping[str, Any]] = {
        day: {name: getattr(row, name) for name in SUMS} for day, row in kept.items() if day not in set(old)
    }
    return found | _counted(centre, old)


def _counted(centre: Organisation, days: list[date]) -> dict[date, Mapping[str, Any]]:
    """Days that are not kept as they are now, from their cases: one question for all of them."""
    if not days:
        return {}
    zone = ZoneInfo(centre.timezone)
    within = Q()
    for start, end in _stretches(days):
        within |= Q(
            opened_at__gte=datetime.combine(start, time(), zone), opened_at__lt=datetime.combine(end, time(), zone)
        )
    rows = Case.objects.at(centre).filter(within).exclude(state=CaseState.MERGED)
    found = {day: dict.fromkeys(SUMS, 0) for day in days}
    names = ("opened_at", "answered_at", "answer_late", "state", "solve_late", "stars", "answer_minutes")
    for opened, answered, answer_late, state, solve_late, stars, minutes in rows.values_list(*names):
        sums = found[opened.astimezone(zone).date()]
        solved = state in DONE
        sums["opened"] += 1
        sums["answered"] += answered is not None
        sums["answered_in_time"] += answered is not None and not answer_late
        sums["solved"] += solved
        sums["solved_in_time"] += solved and not solve_late
        sums["rated"] += stars is not None
        sums["stars"] += stars or 0
        sums["answer_minutes"] += minutes if answered is not None else 0
    return dict(found)


def _stretches(days: list[date]) -> list[tuple[date, date]]:
    """Days in order as few stretches (from, until before)."""
    found: list[tuple[date, date]] = []
    for day in sorted(days):
        if found and found[-1][1] == day:
            found[-1] = (found[-1][0], day + timedelta(days=1))
        else:
            found.append((day, day + timedelta(days=1)))
    return found


def _sum(rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    total = dict.fromkeys(SUMS, 0)
    for row in rows:
        for name in SUMS:
            total[name] += row[name]
    return total
