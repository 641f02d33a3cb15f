"""The tasks of a factory that wait for somebody."""

from django.contrib.auth.models import AbstractBaseUser
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from jasang.plant.text import Text
from jasang.web.jobs.announcing import Todo
from jasang.web.programme.models import Task
from jasang.web.tenants.models import Factory

_MOST = 30


def tasks(factory: Factory, user: AbstractBaseUser) -> list[Todo]:
    """Open tasks for this person, and those that name nobody with an account."""
    rows = Task.objects.of(factory).filter(done_at=None).exclude(kind="look_back")
    rows = rows.filter(Q(person=user) | Q(person=None)).select_related("residency").order_by("due_on", "pk")
    today = timezone.localdate()
    return [
        Todo(
            title=Text(ko=_said(one), en=_said(one)),
            url=reverse("programme:residency", args=[factory.key, one.residency.key]) if one.residency else "",
            key=str(one.key),
            tick=reverse("programme:tick", args=[factory.key, one.key]),
            due_on=one.due_on,
            late=one.due_on is not None and one.due_on < today,
            mine=one.person_id == user.pk,
        )
        for one in rows[:_MOST]
    ]


def _said(task: Task) -> str:
    return f"{task.text} ({task.who})" if task.who else str(task.text)
