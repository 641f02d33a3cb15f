"""What the pages of the centre ask for."""

from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser
from django.core.paginator import Page, Paginator
from django.db.models import Count, F, Q, QuerySet

from jasang.web.center.models import OPEN_STATES, Agent, Attachment, Case, CaseState, Duty, Event, Queue, Sighting
from jasang.web.tenants.models import Factory, Organisation

LIST_LENGTH = 25
MOST_FOUND = 1000  # cases of a list that is narrowed by words
MOST_EVENTS = 500
VIEWS = ("open", "mine", "free", "late", "done", "all")
DONE = (CaseState.SOLVED, CaseState.CLOSED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrowed:
    """What an agent's list is narrowed to."""

    view: str = "open"
    queue: str = ""
    words: str = ""


def of_factory(factory: Factory) -> QuerySet[Case]:
    """The factory's cases, lately changed first; those merged into another one show there."""
    rows = Case.objects.of(factory).exclude(state=CaseState.MERGED)
    return rows.select_related("agent__user").defer("carried").order_by("-changed_at", "-pk")


def at_centre(centre: Organisation, agent: Agent | None, chosen: Narrowed, now: datetime) -> QuerySet[Case]:
    """The centre's cases: what is late or due first comes first; what is done, last changed first."""
    rows = Case.objects.at(centre)
    if chosen.queue:
        rows = rows.filter(queue__key=chosen.queue)
    if chosen.words:
        number = chosen.words.lstrip("#")
        rows = (
            rows.filter(number=int(number))
            if number.isdecimal() and len(number) < 10
            else rows.filter(
                _says("title", chosen.words) | Q(factory__in=Factory.objects.filter(_says("name", chosen.words)))
            )
        )
    if chosen.view == "done":
        return rows.filter(state__in=DONE).order_by("-opened_at", "-pk")
    if chosen.view == "all":
        return rows.order_by("-opened_at", "-pk")
    rows = rows.filter(state__in=OPEN_STATES)
    if chosen.view == "mine":
        rows = rows.filter(agent=agent)
    elif chosen.view == "free":
        rows = rows.filter(agent__isnull=True)
    elif chosen.view == "late":
        rows = rows.filter(late(now))
    return rows.order_by(F("due").asc(nulls_last=True), "priority", "pk")


def _says(field: str, words: str) -> Q:
    """The field contains the words. Without letters that come in two sizes (Korean) the text need not be folded first."""
    cased = words.lower() != words.upper()
    return Q(**{f"{field}__{'icontains' if cased else 'contains'}": words})


def page_of(rows: QuerySet[Case], number: str | None, *, most: int | None = None) -> tuple[Page, list[Case]]:
    """A page of a list and its cases with what is shown of them; of a list cut at `most` the page is looked for once."""
    names = rows.values_list("pk", flat=True)
    # The joins are made for the rows of the page only, however far back it is.
    page = Paginator(names if most is None else list(names[:most]), LIST_LENGTH).get_page(number)
    whole = rows.model.objects.of_every_factory().filter(pk__in=page.object_list)
    found = whole.select_related("factory", "queue", "agent__user").defer("carried")
    return page, list(found.order_by(*rows.query.order_by))


def late(now: datetime) -> Q:
    """What is late at this moment."""
    return Q(due__lt=now) | Q(answer_late=True, answered_at__isnull=True) | Q(solve_late=True)


def counts(centre: Organisation, agent: Agent | None, now: datetime) -> dict[str, int]:
    """How many cases each view of the open ones holds."""
    rows = Case.objects.at(centre).filter(state__in=OPEN_STATES)
    return rows.aggregate(
        open=Count("pk"),
        mine=Count("pk", filter=Q(agent=agent) if agent is not None else Q(pk__in=[])),
        free=Count("pk", filter=Q(agent__isnull=True)),
        late=Count("pk", filter=late(now)),
    )


def agent_of(centre: Organisation, user: AbstractBaseUser) -> Agent | None:
    """The person as an agent of the centre."""
    return Agent.objects.of(centre).filter(user=user).first()


def events_of(case: Case, *, inner: bool) -> list[Event]:
    """What happened to a case, oldest first; the factory does not see what is inner."""
    rows = Event.objects.at(case.centre).filter(case=case).select_related("by")
    if not inner:
        rows = rows.filter(private=False)
    return list(reversed(rows.order_by("-place")[:MOST_EVENTS]))


def files_of(case: Case) -> dict[int, list[Attachment]]:
    """The files of a case by event."""
    found: dict[int, list[Attachment]] = {}
    for file in Attachment.objects.at(case.centre).filter(event__case=case).order_by("pk"):
        found.setdefault(file.event_id, []).append(file)
    return found


def shared_by(factory: Factory) -> int:
    """How many difficulties the factory shares with others."""
    rows = Sighting.objects.of(factory).filter(difficulty__isnull=False)
    return rows.aggregate(n=Count("difficulty", distinct=True))["n"]


def rota(centre: Organisation, start: datetime, end: datetime) -> QuerySet[Duty]:
    """Who is on duty between two moments, in order."""
    rows = Duty.objects.of(centre).filter(start__lt=end, end__gt=start)
    return rows.select_related("agent__user", "queue").order_by("start", "pk")


def queues(centre: Organisation) -> QuerySet[Queue]:
    """The centre's queues in their order."""
    return Queue.objects.of(centre).order_by("place", "pk")
