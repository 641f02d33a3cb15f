"""Everything that happens to a case. Each function is one transaction: whole, or not at all."""

import re
from collections.abc import Sequence
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils import timezone

from jasang.errors import WrongArguments
from jasang.mentor.service_clock import CaseEvent
from jasang.web.center import letters, news
from jasang.web.center.attachments import keep_files
from jasang.web.center.clock import terms_document
from jasang.web.center.events import CaseOver, alive, clean, locked, record, told_before
from jasang.web.center.models import Agent, Case, CaseState, Centre, Channel, Event, Priority, Queue
from jasang.web.center.routing import Choice, choose, queue_for
from jasang.web.center.serving import centre_of
from jasang.web.center.sightings import see_case
from jasang.web.jobs.announcing import Subject
from jasang.web.tenants.models import Factory
from jasang.web.ui.checked_files import Checked

STEPS = {"answered": CaseEvent.ANSWERED, "asked": CaseEvent.ASKED, "solved": CaseEvent.SOLVED}
Files = Sequence[Checked]


@transaction.atomic
def open_case(
    *,
    factory: Factory | None,
    title: str,
    text: str,
    user: AbstractBaseUser | None = None,
    channel: str = Channel.PAGE,
    priority: int = Priority.NORMAL,
    language: str = "ko",
    subject: Subject | None = None,
    carried: dict[str, Any] | None = None,
    queue: Queue | None = None,
    origin: str | None = None,
    centre: Centre | None = None,
    sender: str = "",
    letter: str | None = "",
    files: Files = (),
) -> Case:
    """Open a case at the factory's centre and give it to whoever is on duty. The same `origin` of a factory opens it once.

    Raises `WrongArguments` where no centre serves the factory. Without a factory (`centre` is then needed) the sender is
    unknown. `sender` and `letter` are the address and Message-ID of the letter that opens it (`None`: no receipt goes out).
    """
    serving = centre or (centre_of(factory) if factory is not None else None)
    if serving is None:
        raise WrongArguments(ko="이 공장을 맡은 센터가 없습니다.", en="No centre serves this factory.")
    held = (
        Centre.objects.of(serving.organisation).select_for_update().get()
    )  # numbers and origins are given under this lock
    if origin is not None and factory is not None:
        known = Case.objects.of(factory).filter(origin=origin).first()
        if known is not None:
            return known
    rule = (subject.document or {}).get("rule", "") if subject is not None else ""
    held.last_number += 1
    held.save(update_fields=["last_number"])
    now = timezone.now()
    case: Case = Case.objects.at(held.organisation).create(
        centre=held.organisation,
        factory=factory,
        number=held.last_number,
        title=clean(title).replace("\n", " ")[:200] or "–",
        queue=queue or queue_for(held.organisation, rule=rule, language=language),
        priority=priority,
        language=language,
        channel=channel,
        customer=user,
        customer_mail=sender or (getattr(user, "email", "") or ""),
        verified=factory is not None,
        subject_kind=subject.kind if subject is not None else "",
        subject_key=subject.key if subject is not None else "",
        carried=carried if carried is not None else carry(subject),
        origin=origin,
        opened_at=now,
        changed_at=now,
    )
    opened = record(
        case, CaseEvent.OPENED, by=user, ours=False, channel=channel, text=text, sender=sender,
        data={"terms": terms_document(case.queue, priority)}, at=now,
    )  # fmt: skip
    keep_files(opened, files)
    see_case(case, subject)
    if channel == Channel.EMAIL and case.verified and letter is not None:
        letters.receipt(case, opened, answers=letter)
    _route(case)
    return case


def carry(subject: Subject | None) -> dict[str, Any]:
    """What a case keeps of its subject: as it was when the case was opened."""
    if subject is None:
        return {}
    return {
        "title": {"ko": subject.title.ko, "en": subject.title.en},
        "url": subject.url,
        "severity": subject.severity,
        "document": subject.document,
    }


@transaction.atomic
def customer_word(
    *,
    case: Case,
    text: str,
    user: AbstractBaseUser | None = None,
    channel: str = Channel.PAGE,
    once: str | None = None,
    sender: str = "",
    files: Files = (),
) -> Event:
    """A word of the customer by any channel: it starts the clock again. On a merged case it goes to where that went on."""
    held = locked(case)
    while held.merged_into is not None:
        held = locked(held.merged_into)
    known = told_before(held, once)
    if known is not None:
        return known
    event = record(
        held, CaseEvent.CUSTOMER, by=user, ours=False, channel=channel, text=text, once=once, sender=sender
    )  # fmt: skip
    keep_files(event, files)
    letters.tell_agent(held, event)
    return event


@transaction.atomic
def answer(
    *,
    case: Case,
    user: AbstractBaseUser,
    text: str,
    step: str = "answered",
    channel: str = Channel.PAGE,
    once: str | None = None,
    files: Files = (),
) -> Event:
    """A word to the customer; `step`: "answered" (the centre goes on), "asked" (waits for the customer) or "solved"."""
    held = alive(case)
    known = told_before(held, once)
    if known is not None:
        return known
    if not clean(text):
        raise WrongArguments(ko="답변 내용을 적어 주세요.", en="Please write the answer.")
    if held.agent is None:
        own = Agent.objects.of(held.centre).filter(user=user).first()
        if own is not None:
            _assign(held, own, by=user)
    event = record(held, STEPS[step], by=user, channel=channel, text=text, once=once)
    keep_files(event, files)
    letters.tell_customer(held, event)
    return event


@transaction.atomic
def note(*, case: Case, user: AbstractBaseUser, text: str, files: Files = ()) -> Event:
    """An inner note: the factory never sees it. `@name` tells that agent."""
    held = alive(case)
    event = record(held, "note", by=user, text=text, private=True)
    keep_files(event, files)
    names = set(re.findall(r"@([\w.+-]+)", text))
    for agent in Agent.objects.of(held.centre).filter(user__username__in=names).select_related("user").order_by("pk"):
        told = record(held, "mention", by=user, private=True, text=event.text, data={"agent": agent.pk})
        letters.tell_one(held, told, agent)
    return event


@transaction.atomic
def assign(*, case: Case, agent: Agent | None, by: AbstractBaseUser | None) -> None:
    """Give the case to an agent of its centre, or back to the queue."""
    held = alive(case)
    if agent is not None and agent.organisation_id != held.centre_id:
        raise ValueError("the agent is another centre's")
    if held.agent_id != (agent.pk if agent is not None else None):
        _assign(held, agent, by=by)


@transaction.atomic
def take(*, case: Case, user: AbstractBaseUser) -> bool:
    """The agent takes a case that nobody has; whether it was still free."""
    held = alive(case)
    own = Agent.objects.of(held.centre).filter(user=user).first()
    if own is None or (held.agent_id is not None and held.agent_id != own.pk):
        return False
    if held.agent_id is None:
        _assign(held, own, by=user)
    return True


@transaction.atomic
def route(*, case: Case) -> bool:
    """Give a case that nobody has to whoever is on duty; whether somebody was."""
    held = locked(case)
    return _route(held) if held.agent_id is None and held.open else False


def _route(case: Case) -> bool:
    chosen = choose(case, timezone.now())
    if chosen is None:
        return False
    hand_over(case, chosen)
    return True


def hand_over(case: Case, chosen: Choice) -> None:
    """Inside a transaction that holds the case: give it to the agent whom the rota chose, and keep why."""
    _assign(case, chosen.agent, by=None, data={"why": {"ko": chosen.why.ko, "en": chosen.why.en}})


def _assign(
    case: Case, agent: Agent | None, *, by: AbstractBaseUser | None, data: dict[str, Any] | None = None
) -> None:
    case.agent = agent
    case.save(update_fields=["agent"])
    name = agent.user.get_username() if agent is not None else ""
    told = record(
        case, "assign", by=by, private=True, channel=Channel.PAGE if by is not None else Channel.SYSTEM,
        data={"agent": agent.pk if agent is not None else None, "name": name} | (data or {}),
    )  # fmt: skip
    if agent is not None and (by is None or agent.user_id != by.pk):
        letters.tell_one(case, told, agent)


@transaction.atomic
def reopen(*, case: Case, user: AbstractBaseUser, ours: bool = True) -> None:
    """It was not solved after all."""
    held = alive(case)
    if held.state in (CaseState.SOLVED, CaseState.CLOSED):
        event = record(held, CaseEvent.REOPENED, by=user, ours=ours)
        _tell_other_side(held, event)


@transaction.atomic
def resume(*, case: Case, user: AbstractBaseUser) -> None:
    """Go on without waiting for the customer."""
    held = alive(case)
    if held.state == CaseState.WAITING:
        record(held, CaseEvent.RESUMED, by=user)


@transaction.atomic
def close(*, case: Case, user: AbstractBaseUser | None = None, ours: bool = True) -> None:
    """Over; a later word of the customer opens it again."""
    held = alive(case)
    if held.state != CaseState.CLOSED:
        channel = Channel.PAGE if user is not None else Channel.SYSTEM
        _tell_other_side(held, record(held, CaseEvent.CLOSED, by=user, ours=ours, channel=channel))


def _tell_other_side(case: Case, event: Event) -> None:
    if event.ours:
        news.tell_factory(case, event)
    elif case.agent is not None:
        news.tell_agent(case, event, case.agent)


@transaction.atomic
def change_terms(
    *, case: Case, user: AbstractBaseUser | None, queue: Queue | None = None, priority: int | None = None
) -> None:
    """Another queue or priority: other hours and promises from now on."""
    held = alive(case)
    if queue is not None and queue.organisation_id != held.centre_id:
        raise ValueError("the queue is another centre's")
    wanted = (queue or held.queue, held.priority if priority is None else int(priority))
    if wanted == (held.queue, held.priority):
        return
    held.queue, held.priority = wanted
    held.save(update_fields=["queue", "priority"])
    data = {"terms": terms_document(*wanted), "queue": held.queue.name, "priority": Priority(held.priority).word}
    record(held, CaseEvent.TERMS, by=user, data=data, private=True)


@transaction.atomic
def merge(*, case: Case, into: Case, user: AbstractBaseUser) -> None:
    """The case goes on in another one of the same factory and is over for good."""
    if case.pk == into.pk or case.centre_id != into.centre_id or case.factory_id != into.factory_id:
        raise CaseOver(
            ko="같은 공장의 다른 문의와만 합칠 수 있습니다.", en="Only cases of the same factory can be merged."
        )
    if case.factory_id is None and case.customer_mail.lower() != into.customer_mail.lower():
        raise CaseOver(
            ko="같은 사람이 보낸 다른 문의와만 합칠 수 있습니다.", en="Only cases of the same sender can be merged."
        )
    first, second = (
        alive(one) for one in sorted((case, into), key=lambda one: one.pk)
    )  # always in one order: no deadlock
    gone, goes_on = (first, second) if first.pk == case.pk else (second, first)
    gone.merged_into = goes_on
    gone.save(update_fields=["merged_into"])
    merged = record(gone, CaseEvent.MERGED, by=user, data={"into": goes_on.number, "key": str(goes_on.key)})
    news.tell_factory(gone, merged)
    record(goes_on, "taken_in", by=user, data={"number": gone.number, "key": str(gone.key), "title": gone.title})


@transaction.atomic
def split(*, case: Case, user: AbstractBaseUser, title: str, text: str) -> Case:
    """A second difficulty of the case becomes a case of its own, for the same customer."""
    held = alive(case)
    centre = Centre.objects.of(held.centre).get()
    made = open_case(
        factory=held.factory, title=title, text=text, user=held.customer, channel=held.channel, priority=held.priority,
        language=held.language, queue=held.queue, centre=centre, sender=held.customer_mail,
    )  # fmt: skip
    made.parent = held
    made.save(update_fields=["parent"])
    record(held, "split", by=user, data={"number": made.number, "key": str(made.key), "title": made.title})
    return made


@transaction.atomic
def link(*, case: Case, other: Case, user: AbstractBaseUser) -> None:
    """Two cases have to do with each other; only agents see it, they may be of two factories."""
    if case.centre_id != other.centre_id or case.pk == other.pk:
        raise ValueError("only two cases of one centre can be linked")
    pair = sorted((case, other), key=lambda one: one.pk)
    held = [alive(one) for one in pair]
    for one, its in (held, held[::-1]):
        once = f"link:{its.pk}"
        if told_before(one, once) is None:
            data = {"number": its.number, "key": str(its.key), "title": its.title}
            record(one, "link", by=user, private=True, data=data, once=once)


@transaction.atomic
def tag(*, case: Case, user: AbstractBaseUser, tags: Sequence[str]) -> None:
    """Put the tags in place of the kept ones."""
    held = alive(case)
    wanted = sorted({clean(one)[:40] for one in tags if clean(one)})[:20]
    if wanted != held.tags:
        held.tags = wanted
        held.save(update_fields=["tags"])
        record(held, "tag", by=user, private=True, data={"tags": wanted})


@transaction.atomic
def rate(*, case: Case, user: AbstractBaseUser, stars: int) -> bool:
    """One tap, once, when the case is solved or closed; whether it counted."""
    held = locked(case)
    if held.stars is not None or held.state not in (CaseState.SOLVED, CaseState.CLOSED) or stars not in range(1, 6):
        return False
    held.stars = stars
    held.save(update_fields=["stars"])
    event = record(held, "rate", by=user, ours=False, data={"stars": stars})
    _tell_other_side(held, event)
    return True
