"""News of days that are near or over: judges' points, milestones, drafts of a call that closes. Each is told once."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Count, Q
from django.urls import reverse
from django.utils import timezone

from jasang.plant.text import Text
from jasang.web.notices.services import tell
from jasang.web.programme.models import Application, Call, Judging, Milestone, Stage
from jasang.web.programme.queries import people_with
from jasang.web.programme.stages import tell_owners
from jasang.web.tenants.models import Organisation, Role

SOON = 3  # days before a last day
LONG_OVER = 14  # days after which nobody is reminded any more, who was not while no worker ran
_FRESH = timedelta(days=7)  # of a late milestone for the operator


def remind(now: datetime | None = None) -> int:
    """The chore: tell everybody of the days that are near or over; how many those are. Nobody is told of one twice."""
    today = timezone.localdate(now)
    return _judges(today) + _milestones(today) + _drafts(today)


def tell_asked(judge: Any, call: Call, *, count: int, due_on: date | None) -> None:
    """A judge is asked for points. The news names the call, never a factory."""
    until_ko = f" {due_on}까지 부탁드립니다." if due_on else ""
    until_en = f" Please give your points until {due_on}." if due_on else ""
    title = Text(
        ko=f"'{call.title}' 평가를 부탁드립니다: 신청 {count}건.{until_ko}",
        en=f"Please judge “{call.title}”: applications: {count}.{until_en}",
    )
    _tell_judge(judge, call, f"asked:{timezone.localdate()}:{due_on}", title)


def _judges(today: date) -> int:
    count = 0
    for row in _open_points(today):
        call, judge, due_on = row["call"], row["judge"], row["due_on"]
        with transaction.atomic():
            _tell_judge(judge, call, f"due:{due_on}:{_part(due_on, today)}", _points_wanted(call, row, today))
            if due_on < today:
                _tell_operators(call, due_on)
        count += 1
    return count


def _open_points(today: date) -> Iterator[dict[str, Any]]:
    """Judge, call, last day and number of every group of points that are not there and near their last day or over it."""
    rows = Judging.objects.of_every_organisation().filter(
        Q(conflict=None) | Q(conflict=False), points=None, application__stage=Stage.VISITED, judge__is_active=True,
        due_on__gte=today - timedelta(days=LONG_OVER), due_on__lte=today + timedelta(days=SOON),
    )  # fmt: skip
    found = list(
        rows.order_by("due_on", "judge", "application__call")
        .values("due_on", "judge", "application__call")
        .annotate(n=Count("pk"), undeclared=Count("pk", filter=Q(conflict=None)))
    )
    calls = Call.objects.of_every_organisation().select_related("organisation")
    by_call = calls.in_bulk({row["application__call"] for row in found})
    people = get_user_model().objects.in_bulk({row["judge"] for row in found})
    for row in found:
        yield row | {"call": by_call[row["application__call"]], "judge": people[row["judge"]]}


def _part(due_on: date, today: date) -> str:
    if due_on > today:
        return "soon"
    return "today" if due_on == today else "over"


def _points_wanted(call: Call, row: dict[str, Any], today: date) -> Text:
    due_on, n = row["due_on"], row["n"]
    words = {
        "soon": (f"평가 기한이 {due_on}입니다", f"Points are due on {due_on}"),
        "today": ("평가 기한이 오늘입니다", "Points are due today"),
        "over": (f"평가 기한({due_on})이 지났습니다", f"The time for points ended on {due_on}"),
    }[_part(due_on, today)]
    return Text(
        ko=f"{words[0]}: '{call.title}' 남은 신청 {n}건", en=f"{words[1]}: “{call.title}”, applications open: {n}"
    )


def _tell_judge(judge: Any, call: Call, about: str, title: Text) -> None:
    tell(
        factory=None, kind="support", about=f"judging:{call.key}:{about}", title=title,
        url=reverse("programme:judging", args=[call.organisation.key]), users=[judge],
    )  # fmt: skip


def _tell_operators(call: Call, due_on: date) -> None:
    late = Judging.objects.of(call.organisation).filter(
        Q(conflict=None) | Q(conflict=False), points=None, due_on=due_on, application__call=call,
        application__stage=Stage.VISITED,
    )  # fmt: skip
    n = late.values("judge").distinct().count()
    title = Text(
        ko=f"'{call.title}' 평가 기한({due_on})이 지났는데 심사위원 {n}명이 아직 평가하지 않았습니다.",
        en=f"“{call.title}”: the time for points ended on {due_on}; judges who have not given theirs: {n}.",
    )
    tell(
        factory=None, kind="support", about=f"judging:{call.key}:late:{due_on}", title=title,
        url=reverse("programme:ranking", args=[call.organisation.key, call.key]), users=_runners(call.organisation),
    )  # fmt: skip


def _runners(organisation: Organisation) -> list[Any]:
    return list(people_with(organisation, Role.PROGRAMME_OPERATOR))


def _milestones(today: date) -> int:
    rows = Milestone.objects.of_every_organisation().filter(
        reached_at=None, due_on__gte=today - timedelta(days=LONG_OVER), due_on__lte=today + timedelta(days=SOON),
        application__stage__in=(Stage.PLANNED, Stage.BUILDING, Stage.OPERATING),
    )  # fmt: skip
    found = rows.select_related("application__factory", "application__call", "application__organisation")
    count, late = 0, defaultdict(list)
    for one in found.order_by("due_on", "pk"):
        part = _part(one.due_on, today)
        words = {
            "soon": (f"기한이 {one.due_on}입니다", f"due on {one.due_on}"),
            "today": ("기한이 오늘입니다", "due today"),
            "over": (f"기한({one.due_on})이 지났습니다", f"late since {one.due_on}"),
        }[part]
        title = Text(ko=f"지원 계획 '{one.title}': {words[0]}", en=f"Milestone “{one.title}”: {words[1]}")
        tell_owners(one.application, about=f"milestone:{one.place}:{one.due_on}:{part}", title=title)
        if one.due_on >= today - _FRESH and part == "over":
            late[one.application.organisation, one.due_on].append(one)
        count += 1
    for (organisation, due_on), those in late.items():
        _tell_late_milestones(organisation, due_on, those)
    return count


def _tell_late_milestones(organisation: Organisation, due_on: date, late: list[Milestone]) -> None:
    """One news a day that is over, not one a factory."""
    first, more = late[0], len(late) - 1
    name = first.application.factory.name
    title = Text(
        ko=f"기한({due_on})이 지난 단계: {name} '{first.title}'" + (f" 외 {more}건" if more else ""),
        en=f"Milestones late since {due_on}: {name} “{first.title}”" + (f" and {more} more" if more else ""),
    )
    at = reverse("programme:applications", args=[organisation.key])
    tell(
        factory=None, kind="support", title=title, users=_runners(organisation), about=f"milestones:{organisation.key}:{due_on}",
        url=f"{at}?late=1" if more else reverse("programme:application", args=[organisation.key, first.application.key]),
    )  # fmt: skip


def _drafts(today: date) -> int:
    rows = Application.objects.of_every_organisation().filter(
        stage=Stage.DRAFT, call__closes_on__gte=today, call__closes_on__lte=today + timedelta(days=SOON),
        factory__closed_at=None,
    )  # fmt: skip
    count = 0
    for one in rows.select_related("factory", "call", "organisation").order_by("pk"):
        title = Text(
            ko=f"'{one.call.title}' 접수가 {one.call.closes_on}에 끝납니다. 신청서를 아직 내지 않았습니다.",
            en=f"“{one.call.title}” closes on {one.call.closes_on}; your application is not handed in yet.",
        )
        tell_owners(one, about=f"closes:{one.call.closes_on}", title=title)
        count += 1
    return count
