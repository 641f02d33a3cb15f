"""Which centre serves a factory, and setting a centre up: its queues, agents, rota and ready answers. One transaction each."""

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from jasang.errors import WrongArguments
from jasang.web.center.clock import EVERY_DAY, USUAL_TERMS
from jasang.web.center.models import Agent, Case, Centre, Duty, FactoryChoice, Macro, Queue
from jasang.web.tenants.models import Factory, Organisation, OrganisationKind, Post, Role
from jasang.web.tenants.services import appoint


def centre_of(factory: Factory) -> Centre | None:
    """The centre that serves the factory: the nearest one up the tree; one at the top of its own serves everybody."""
    above = factory.organisation.path.strip("/").split("/") if factory.organisation is not None else []
    centres = Centre.objects.of_every_organisation().filter(organisation__kind=OrganisationKind.CENTRE)
    near = centres.filter(organisation__parent__in=[int(number) for number in above]).select_related("organisation")
    found = max(near, key=lambda one: (len(one.organisation.path), -one.pk), default=None)
    return found or (
        centres.filter(organisation__parent__isnull=True).select_related("organisation").order_by("pk").first()
    )


@transaction.atomic
def set_up_centre(*, organisation: Organisation, address: str = "", queue_name: str = "상담") -> Centre:
    """Make the organisation a centre with one queue that serves every day, 8 to 20; a given address replaces the kept one."""
    centre, _ = Centre.objects.of_every_organisation().get_or_create(organisation=organisation)
    if address:
        centre.address = address
        centre.save(update_fields=["address"])
    if not Queue.objects.of(organisation).exists():
        add_queue(centre=organisation, name=queue_name)
    return centre


@transaction.atomic
def add_queue(
    *,
    centre: Organisation,
    name: str,
    hours: dict[str, Any] | None = None,
    terms: dict[str, Any] | None = None,
    **rest: Any,
) -> Queue:
    """A queue of the centre; `rest`: place, skills, rules (of findings) and languages."""
    return Queue.objects.of(centre).create(
        organisation=centre,
        name=name,
        hours=EVERY_DAY if hours is None else hours,
        terms=USUAL_TERMS if terms is None else terms,
        **rest,
    )


@transaction.atomic
def change_centre(*, centre: Organisation, address: str, from_findings: bool) -> None:
    """Where letters come to, and whether loud findings open cases by themselves."""
    Centre.objects.of(centre).update(address=address, from_findings=from_findings)


@transaction.atomic
def change_queue(*, queue: Queue, **about: Any) -> None:
    """Other words, hours or promises of a queue. Open cases keep theirs until they change queue or priority.

    `about`: name, place, skills, rules, languages, hours, terms.
    """
    for name, value in about.items():
        setattr(queue, name, value)
    queue.save(update_fields=list(about))


@transaction.atomic
def remove_queue(*, queue: Queue) -> None:
    """Take a queue away; raises `WrongArguments` for the last one and for one that has ever had a case."""
    if Queue.objects.of(queue.organisation).exclude(pk=queue.pk).count() == 0:
        raise WrongArguments(ko="마지막 창구는 지울 수 없습니다.", en="The last queue cannot be removed.")
    if Case.objects.at(queue.organisation).filter(queue=queue).exists():
        raise WrongArguments(
            ko="이 창구에 들어온 문의가 있어 지울 수 없습니다. 이름을 바꾸거나 담당 규칙을 비우세요.",
            en="Cases came to this queue, so it cannot be removed. Rename it, or take its rules away.",
        )
    queue.delete()


@transaction.atomic
def see_to_agents(centre: Organisation) -> None:
    """Whoever was given the post of an agent at the centre (an invitation does that) can be given cases."""
    known = Agent.objects.of(centre).values("user")
    posts = Post.objects.filter(organisation=centre, role=Role.AGENT).exclude(user__in=known)
    Agent.objects.of(centre).bulk_create(
        [Agent(organisation=centre, user_id=user, languages=["ko"]) for user in posts.values_list("user", flat=True)],
        ignore_conflicts=True,
    )


@transaction.atomic
def change_agent(*, agent: Agent, **about: Any) -> None:
    """Other skills, languages, load (`most_open`) or absence (`away`) of an agent."""
    for name, value in about.items():
        setattr(agent, name, value)
    agent.save(update_fields=list(about))


@transaction.atomic
def add_agent(*, user: AbstractBaseUser, centre: Organisation, **about: Any) -> Agent:
    """Let the person answer at the centre; `about`: skills, languages, most_open, away."""
    appoint(user=user, organisation=centre, role=Role.AGENT)
    agent, _ = Agent.objects.of(centre).update_or_create(user=user, organisation=centre, defaults=about)
    return agent


@transaction.atomic
def put_on_duty(
    *,
    agent: Agent,
    start: datetime,
    end: datetime,
    queue: Queue | None = None,
    lead: bool = False,
    every: int = 0,
    until: date | None = None,
) -> Duty:
    """A stretch of the rota, and again `every` so many days at the same time of day `until` a day (that day too).

    Raises `ValueError` where it has no length or the queue is another centre's. Returns the first one.
    """
    if end <= start:
        raise ValueError(f"duty from {start} to {end} has no length")
    if queue is not None and queue.organisation_id != agent.organisation_id:
        raise ValueError("the queue is another centre's")
    zone = ZoneInfo(agent.organisation.timezone)
    first, last, made = start.astimezone(zone), end.astimezone(zone), []
    for number in range(1 + ((until - first.date()).days // every if every and until is not None else 0)):
        ahead = timedelta(days=number * every)  # on the clock of the wall: the zone is applied after
        made.append(
            Duty(
                organisation=agent.organisation, agent=agent, queue=queue, start=first + ahead, end=last + ahead, lead=lead
            )
        )  # fmt: skip
    Duty.objects.of(agent.organisation).bulk_create(made)
    return made[0]


@transaction.atomic
def take_off_duty(*, duty: Duty) -> None:
    """Take a stretch out of the rota."""
    duty.delete()


@transaction.atomic
def add_macro(*, centre: Organisation, name: str, text_ko: str, text_en: str = "", then: str = "") -> Macro:
    """A ready answer."""
    return Macro.objects.of(centre).create(
        organisation=centre, name=name, text_ko=text_ko, text_en=text_en or text_ko, then=then
    )


@transaction.atomic
def change_macro(*, macro: Macro, name: str, text_ko: str, text_en: str = "", then: str = "") -> None:
    """Other words of a ready answer."""
    macro.name, macro.text_ko, macro.text_en, macro.then = name, text_ko, text_en or text_ko, then
    macro.save()


@transaction.atomic
def remove_macro(*, macro: Macro) -> None:
    """The ready answer is gone."""
    macro.delete()


@transaction.atomic
def choose_from_findings(*, factory: Factory, on: bool) -> None:
    """Whether loud findings of the factory open cases by themselves."""
    FactoryChoice.objects.update_or_create(factory=factory, defaults={"from_findings": on})
