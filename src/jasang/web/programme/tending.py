"""What workers do for residencies and levels by themselves: let mentors in and out, ask them to look back, mark levels daily."""

import time
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.urls import reverse
from django.utils import timezone

from jasang.plant.text import Text
from jasang.web.jobs.models import Job, State
from jasang.web.notices.services import tell
from jasang.web.programme.impact import reckon
from jasang.web.programme.levels import mark_level
from jasang.web.programme.models import Residency, Standing, Task
from jasang.web.programme.residencies import LOOK_BACK_DAYS, last_moment, let_in
from jasang.web.tenants.models import Factory, Membership, Role

BUDGET_SECONDS = 5.0  # of one turn of a worker: jobs wait meanwhile
_SOON = timedelta(days=1)  # zones differ from the server's day by less
_MANY = 200


def tend_residencies(now: datetime | None = None) -> None:
    """The chore: doors that open today, ends, looks back that are due, and what each brought so far."""
    moment = now or timezone.now()
    rows = Residency.objects.of_every_factory().select_related("factory", "mentor__user")
    near = rows.filter(starts_on__lte=moment.date() + _SOON, ends_on__gte=moment.date() - _SOON, ended_at=None)
    for residency in near.filter(mentor__user__isnull=False, let_in_at=None):
        with transaction.atomic():
            if let_in(residency=residency, now=moment):
                _tell_beginning(residency)
    for residency in rows.filter(ends_on__lt=moment.date() + _SOON, ended_at=None)[:_MANY]:
        if last_moment(residency) <= moment:
            Residency.objects.of(residency.factory).filter(pk=residency.pk).update(ended_at=last_moment(residency))
    due = rows.filter(ends_on__lte=moment.date() - timedelta(days=LOOK_BACK_DAYS), looked_back_at=None)
    asked = Task.objects.of_every_factory().filter(residency=OuterRef("pk"), kind="look_back")
    for residency in due.filter(~Exists(asked)).order_by("ends_on")[:_MANY]:
        ask_to_look_back(residency=residency, today=moment.date())
    end = time.monotonic() + BUDGET_SECONDS
    for factory in _to_reckon(moment.date()):
        with transaction.atomic():
            reckon(factory)
        if time.monotonic() > end:
            break


def _tell_beginning(residency: Residency) -> None:
    title = Text(
        ko=f"오늘부터 {residency.ends_on}까지 {residency.factory.name}에 나갑니다.",
        en=f"From today until {residency.ends_on} you are at {residency.factory.name}.",
    )
    tell(
        factory=residency.factory, kind="residency", about=f"residency:{residency.key}:begins", title=title,
        url=_page(residency), users=[residency.mentor.user],
    )  # fmt: skip


@transaction.atomic
def ask_to_look_back(*, residency: Residency, today: date) -> Task:
    """90 days after leaving: a task for the mentor, and news for the mentor and the factory's owners. Once."""
    factory, mentor = residency.factory, residency.mentor
    task, made = Task.objects.of(factory).get_or_create(
        factory=factory, residency=residency, kind="look_back",
        defaults={
            "text": f"떠난 지 {LOOK_BACK_DAYS}일: 바꾼 것이 그대로인지 보기 / Look whether the changes hold",
            "who": mentor.name, "person": mentor.user, "due_on": today + timedelta(days=14),
        },
    )  # fmt: skip
    if made:
        with_mentor = [mentor.user] if mentor.user is not None else []
        owners = Membership.objects.filter(factory=factory, role=Role.OWNER).select_related("user")
        organisation = mentor.organisation
        title = Text(
            ko=f"{factory.name}: 멘토가 떠난 지 {LOOK_BACK_DAYS}일입니다. 바꾼 것이 그대로인지 보아 주세요.",
            en=f"{factory.name}: the mentor left {LOOK_BACK_DAYS} days ago. Please look whether the changes hold.",
        )
        about = f"residency:{residency.key}:look-back"
        if with_mentor:
            url = reverse("programme:look-back", args=[organisation.key, residency.key])
            tell(factory=factory, kind="residency", about=about, title=title, url=url, users=with_mentor)
        tell(
            factory=factory, kind="residency", about=f"{about}:factory", title=title, url=_page(residency),
            users=[one.user for one in owners],
        )  # fmt: skip
    return task


def _page(residency: Residency) -> str:
    return reverse("programme:residency", args=[residency.factory.key, residency.key])


def _to_reckon(today: date) -> list[Factory]:
    old = Residency.objects.of_every_factory().filter(factory=OuterRef("pk"), starts_on__lte=today)
    old = old.filter(Q(reckoned_on=None) | Q(reckoned_on__lt=today))
    return list(Factory.objects.filter(Exists(old), closed_at=None).order_by("pk")[:_MANY])


def mark_levels(now: datetime | None = None) -> int:
    """The chore: the day's level of every factory that has data or is in a programme, as many as the time allows; how many."""
    moment = now or timezone.now()
    end, count = time.monotonic() + BUDGET_SECONDS, 0
    for factory in _to_mark(moment):
        mark_level(factory=factory, today=timezone.localdate(moment))
        count += 1
        if time.monotonic() > end:
            break
    return count


def _to_mark(now: datetime) -> list[Factory]:
    today = timezone.localdate(now)
    standing = Standing.objects.of_every_factory().filter(factory=OuterRef("pk"))
    done = Job.objects.of_every_factory().filter(factory=OuterRef("pk"), state=State.DONE)
    known = Factory.objects.filter(closed_at=None).filter(~Q(store="") | Exists(standing) | Exists(done))
    return list(known.filter(~Exists(standing.filter(surveyed_on__gte=today))).order_by("pk")[:_MANY])
