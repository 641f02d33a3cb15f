"""How areas that do not know each other work together: one announces, others listen; one names a thing, others show it.

Listeners and subjects are registered by a line in the settings (`LISTENERS`, `SUBJECTS`, `SUBJECT_LISTS`, `MEASURED_EFFECTS`).
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.utils.module_loading import import_string

from jasang.plant.text import Text
from jasang.web.tenants.models import Factory


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What a case, a task or a course is about, as the area that owns it tells it.

    `document` is plain data for a machine (a finding as in `jasang.findings/1`); `severity` is act, watch, note or blank.
    `lasting` stays the same over newer versions of the thing (blank where there are none); `taken`: somebody saw to it already.
    `signal` is the shape of what was measured around it (`mentor.shapes.packed`), `None` where there is none.
    """

    kind: str
    key: str
    title: Text
    url: str
    severity: str = ""
    document: dict[str, Any] | None = None
    lasting: str = ""
    taken: bool = False
    signal: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What became of an action. `won` a year with its interval: what of it is verified and still holds, else nothing.

    `key` is the `lasting` of the finding's `Subject`; `stage` is the word of the area that follows it; `told` is its last answer.
    """

    key: str
    title: Text
    url: str
    stage: str
    done_on: date | None
    confirmed_at: datetime | None
    holds: bool
    won: float
    low: float
    high: float
    told: Text | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Todo:
    """Something that waits for somebody in a factory. `key` with a `tick` address: done by one tap there."""

    title: Text
    url: str
    key: str = ""
    tick: str = ""
    due_on: date | None = None
    late: bool = False
    mine: bool = False  # for this very person


def announce(event: str, *, factory: Factory, **about: Any) -> None:
    """Tell every listener of the event, within the caller's transaction: it happens as a whole or not at all."""
    if event not in settings.LISTENERS:
        raise ValueError(f"unknown event {event!r}; known are {sorted(settings.LISTENERS)}")
    for path in settings.LISTENERS[event]:
        import_string(path)(factory=factory, **about)


def subject(*, factory: Factory, kind: str, key: str) -> Subject | None:
    """The thing of that kind and key in this factory, as its area tells it; `None` when there is none."""
    path = settings.SUBJECTS.get(kind)
    return None if path is None else import_string(path)(factory=factory, key=key)


def subjects(*, factory: Factory, kind: str) -> tuple[Subject, ...]:
    """What of that kind there is now in this factory, loudest first."""
    path = settings.SUBJECT_LISTS.get(kind)
    return () if path is None else import_string(path)(factory)


def effects(factory: Factory) -> tuple[Effect, ...]:
    """What became of the actions taken in this factory, as every area that follows some tells it."""
    return tuple(one for path in settings.MEASURED_EFFECTS for one in import_string(path)(factory))


def todos(factory: Factory, user: AbstractBaseUser) -> list[Todo]:
    """What waits for the person in this factory, as every area tells it: late first, then by day."""
    found = [one for path in settings.TODOS for one in import_string(path)(factory, user)]
    return sorted(found, key=lambda one: (not one.late, not one.mine, one.due_on or date.max))
