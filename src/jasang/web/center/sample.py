"""A living centre for a sample: what its factories asked, who is on duty, articles, ready answers, difficulties they share.

Kept fields of the cases are what the clock says of their events.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from django.utils import timezone

from jasang.mentor.service_clock import CaseEvent, ClockEvent, ServiceClock, ServiceTerms
from jasang.plant.public_holidays import public_holidays
from jasang.web.center import article_services, difficulties, serving
from jasang.web.center.clock import clock_from, keep, terms_document, terms_of
from jasang.web.center.models import (
    Agent,
    Article,
    Case,
    CaseState,
    Centre,
    Channel,
    DifficultyState,
    Duty,
    Event,
    Queue,
    SearchDue,
    Sighting,
    Visit,
)
from jasang.web.center.sample_talks import Talk, said, talks
from jasang.web.jobs.sampling import MadeFactory
from jasang.web.tenants.models import Organisation, OrganisationKind
from jasang.web.tenants.services import set_up_account, set_up_organisation

NAME = "견본 365센터"
_BATCH = 1000
_ASKING = 0.35  # of the factories
_OVER = (
    ("answered", "solved", "closed"),
    ("answered", "customer", "note", "solved", "closed"),
    ("asked", "customer", "answered", "solved", "closed"),
    ("answered", "solved", "reopened", "solved", "closed"),
)
_TODAY = (("asked", "customer", "note"), ("asked",), ("answered",), ("asked", "customer", "answered", "solved"))
_THIS_WEEK = (
    ("answered", "solved"), ("asked",), *_OVER[1:], ("answered", "customer", "note"), ("asked", "customer", "answered", "solved"),
)  # fmt: skip
_FINDS = ("page", "page", "page", "email", "phone", "finding")
_STRANGERS = ("buyer@example.com", "kim.chulsoo@example.net")


@dataclass(slots=True, kw_only=True)
class _Desk:
    """Where the sample's cases are seen to."""

    draw: Random
    now: datetime
    centre: Organisation
    queues: list[Queue]
    agents: list[Agent]
    cases: list[Case] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    talks: list[Talk] = field(default_factory=list)
    terms: dict[tuple[int, int], ServiceTerms] = field(default_factory=dict)


def fill(*, operator: Organisation, made: Sequence[MadeFactory], seed: int, day: date) -> None:
    """A centre with queues, agents, rota, ready answers and articles, and cases of a year in every state."""
    draw, now = Random(seed + 2), timezone.now()
    centre = set_up_organisation(name=NAME, kind=OrganisationKind.CENTRE, parent=operator)
    kept = serving.set_up_centre(organisation=centre, queue_name="공정·품질")
    queues = [
        Queue.objects.of(centre).get(),
        serving.add_queue(
            centre=centre, name="설비·연결", skills=["PLC"], rules=["missing_data", "dead_channel"], place=1
        ),
    ]
    people = said()["agents"]
    agents = [
        serving.add_agent(
            user=set_up_account(user_name=f"견본-{one['name']}", password=None)[0], centre=centre, skills=one["skills"],
            languages=one["languages"], away=one is people[-1],
        )
        for one in people
    ]  # fmt: skip
    desk = _Desk(draw=draw, now=now, centre=centre, queues=queues, agents=agents)
    _rota(desk, day)
    for one in said()["ready"]:
        serving.add_macro(centre=centre, name=one["name"], text_ko=one["ko"], text_en=one["en"], then=one["then"])
    _articles(desk)
    for at, who in _asked(desk, made):
        _case(desk, who, at)
    _keep(desk)
    Centre.objects.of(centre).filter(pk=kept.pk).update(last_number=len(desk.cases))
    _shared(desk)


def _asked(desk: _Desk, made: Sequence[MadeFactory]) -> list[tuple[datetime, MadeFactory | None]]:
    """When who asked; more of it lately, so that there is something to do, and two senders whom nobody knows."""
    draw = desk.draw
    asking = [one for one in made if draw.random() < _ASKING] or list(made[:1])
    found: list[tuple[datetime, MadeFactory | None]] = [
        (desk.now - timedelta(minutes=draw.randrange(60, 360 * 1440)), one)
        for one in asking
        for _ in range(draw.randrange(1, 4))
    ]
    found += [
        (
            desk.now - timedelta(minutes=draw.choice((90, 900, 2000, 7000)) * (0.2 + 0.8 * draw.random())),
            draw.choice(asking),
        )
        for _ in range(max(32, len(asking) // 6) if asking else 0)
    ]
    found += [(desk.now - timedelta(hours=5 * number), None) for number in range(1, len(_STRANGERS) + 1)]
    return sorted(found, key=lambda pair: pair[0])


def _case(desk: _Desk, one: MadeFactory | None, at: datetime) -> None:
    draw = desk.draw
    talk = draw.choice(talks())
    queue, agent = desk.queues[talk.queue], _agent(desk, talk)
    number = len(desk.cases) + 1
    way = _way(draw, number, desk.now - at) if one is not None else ()
    drawn = {"n": draw.randrange(1, 9), "v": draw.randrange(2, 90), "m": draw.randrange(3, 120)}
    channel = draw.choice(_FINDS) if one is not None else Channel.EMAIL
    case = Case(
        centre=desk.centre, factory=one.factory if one is not None else None, number=number, queue=queue,
        title=draw.choice(talk.titles).format(**drawn), priority=draw.choices((1, 2, 3, 4), weights=(1, 3, 10, 3))[0],
        agent=agent if way or draw.random() < 0.4 else None, opened_at=at, changed_at=at, tags=list(talk.tags),
        channel=channel, language="en" if talk.english else "ko", verified=one is not None,
        customer_mail="" if one is not None else _STRANGERS[number % len(_STRANGERS)],
    )  # fmt: skip
    document = terms_document(queue, case.priority)
    promised = (queue.pk, case.priority)
    if promised not in desk.terms:
        desk.terms[promised] = terms_of(document)
    clock = ServiceClock(terms=desk.terms[promised], opened=at, since=at)
    moment = at
    for place, kind in enumerate(("opened", *way)):
        if kind != "note":
            clock = clock if place == 0 else clock.after(ClockEvent(kind=CaseEvent(kind), at=moment, place=place))
            keep(case, clock, kind)
        ours = kind not in ("opened", "customer", "reopened")
        text = draw.choice(talk.texts).format(**drawn) if kind == "opened" else _said(talk, kind)
        desk.events.append(
            Event(
                centre=desk.centre, factory=case.factory, case=case, place=place, kind=kind, at=moment, ours=ours, text=text,
                channel=channel if kind in ("opened", "customer") and channel != Channel.FINDING else Channel.PAGE,
                data={"terms": document} if place == 0 else {},
                private=kind == "note", by=agent.user if ours else None, sender=case.customer_mail if kind == "opened" else "",
            )
        )  # fmt: skip
        case.events, case.changed_at = place + 1, moment
        moment = min(desk.now, moment + _wait(draw, kind, case.priority))
    if case.state in (CaseState.SOLVED, CaseState.CLOSED) and draw.random() < 0.6:
        case.stars = draw.choices((2, 3, 4, 5), weights=(1, 2, 5, 6))[0]
    desk.cases.append(case)
    desk.talks.append(talk)


def _way(draw: Random, number: int, age: timedelta) -> tuple[str, ...]:
    """How far it has come: what is new waits, what is old is over, and a few are late."""
    if age < timedelta(hours=3) or (age < timedelta(days=2) and number % 9 == 0):
        return ()
    if age < timedelta(hours=40):
        return _TODAY[number % len(_TODAY)]
    return _THIS_WEEK[number % len(_THIS_WEEK)] if age < timedelta(days=6) else draw.choice(_OVER)


def _wait(draw: Random, kind: str, priority: int) -> timedelta:
    """Until the next thing happens; answers mostly come in time, and now and then late."""
    if kind == "opened":
        return timedelta(minutes=draw.choices((8, 20, 45, 200), weights=(4, 4, 3, 1))[0] * (0.6 + 0.3 * priority))
    return timedelta(minutes=draw.randrange(20, 500))


def _agent(desk: _Desk, talk: Talk) -> Agent:
    language, skills = ("en" if talk.english else "ko"), set(desk.queues[talk.queue].skills)
    fit = [one for one in desk.agents if language in one.languages and skills <= set(one.skills) and not one.away]
    return desk.draw.choice(fit)


def _said(talk: Talk, kind: str) -> str:
    again = "A day later it is back." if talk.english else "하루 괜찮더니 다시 그렇습니다."
    note = "비슷한 문의가 여럿 있음. 공통 어려움에 넣을지 아침 회의에서 볼 것."
    return {
        "answered": talk.answer, "asked": talk.ask, "customer": talk.reply, "solved": talk.solved, "reopened": again,
        "note": note,
    }.get(kind, "")  # fmt: skip


def _keep(desk: _Desk) -> None:
    """Cases, then what needs their numbers: events, sightings, a merged pair, a visit, what the search has to look at."""
    Case.objects.at(desk.centre).bulk_create(desk.cases, batch_size=_BATCH)
    _merge_twice_told(desk)
    for event in desk.events:
        event.case_id = event.case.pk
    Event.objects.at(desk.centre).bulk_create(desk.events, batch_size=_BATCH)
    Sighting.objects.of_every_factory().bulk_create(
        [
            Sighting(
                centre=desk.centre,
                factory=case.factory,
                case=case,
                at=case.opened_at,
                words=list(talk.words),
                looked_at=True,
            )
            for case, talk in zip(desk.cases, desk.talks, strict=True)
        ],
        batch_size=_BATCH,
    )
    SearchDue.objects.bulk_create(
        [SearchDue(kind="case", source=str(case.key)) for case in desk.cases], batch_size=_BATCH
    )
    open_ones = [
        case for case in desk.cases if case.state == CaseState.OPEN and case.agent is not None and case.factory
    ]
    zone = ZoneInfo(desk.centre.timezone)
    for ahead, case in enumerate(open_ones[:3], start=1):
        start = datetime.combine((desk.now + timedelta(days=ahead)).astimezone(zone).date(), time(10), zone)
        kind, minutes = ("visit", 90) if ahead == 2 else ("call", 30)
        Visit.objects.at(desk.centre).create(
            centre=desk.centre, factory=case.factory, case=case, agent=case.agent, kind=kind, start=start,
            end=start + timedelta(minutes=minutes), place="현장" if kind == "visit" else "",
        )  # fmt: skip


def _merge_twice_told(desk: _Desk) -> None:
    """One factory told the same thing twice: the second case went on in the first."""
    talks_of = {case.pk: talk.topic for case, talk in zip(desk.cases, desk.talks, strict=True)}
    told = [case for case in desk.cases if case.factory_id is not None and case.state == CaseState.OPEN]
    pairs = [
        (case, first) for case in told for first in desk.cases
        if first.factory_id == case.factory_id and first is not case and first.opened_at < case.opened_at
    ]  # fmt: skip
    pairs.sort(key=lambda pair: talks_of[pair[0].pk] != talks_of[pair[1].pk])  # of one topic if there are
    for case, first in pairs:
        if first.state != CaseState.MERGED:
            rows = [one for one in desk.events if one.case is case]
            data = {"into": first.number, "key": str(first.key)}
            desk.events.append(
                Event(
                    centre=desk.centre, factory=case.factory, case=case, place=case.events, kind="merged", at=desk.now,
                    ours=True, channel=Channel.PAGE, data=data, by=case.agent.user if case.agent else None,
                )
            )  # fmt: skip
            rows.append(desk.events[-1])
            clocked = [(one.kind, one.at, one.place, one.data) for one in rows if one.kind != "note"]
            keep(case, clock_from(clocked), "merged")
            case.merged_into, case.events, case.changed_at = first, case.events + 1, desk.now
            case.save()
            return


def _rota(desk: _Desk, day: date) -> None:
    """Two shifts a day with a lead each; on Sundays and public holidays one person a shift: the centre answers 365 days."""
    zone = ZoneInfo(desk.centre.timezone)
    people = [one for one in desk.agents if not one.away]
    first = (desk.now - timedelta(days=7)).astimezone(zone).date()
    days = [first + timedelta(days=number) for number in range(42)]
    ahead = (days[-1] + timedelta(days=number) for number in range(1, 120))
    free = public_holidays("KR", range(first.year, first.year + 2))
    days += [one for one in ahead if one in free]
    duties, turn = [], 0
    for one in days:
        few = one.weekday() == 6 or one in free
        for start, end in ((time(8), time(14)), (time(14), time(20))):
            for place in range(1 if few else 4):
                agent, turn = people[turn % len(people)], turn + 1
                duties.append(
                    Duty(
                        organisation=desk.centre, agent=agent, start=datetime.combine(one, start, zone),
                        end=datetime.combine(one, end, zone), lead=place == 0,
                    )
                )  # fmt: skip
    Duty.objects.of(desk.centre).bulk_create(duties, batch_size=_BATCH)


def _articles(desk: _Desk) -> None:
    for number, one in enumerate(said()["articles"]):
        made = article_services.write_article(
            centre=desk.centre, user=desk.agents[number % len(desk.agents)].user,
            **{name: value for name, value in one.items() if name != "published"},
        )  # fmt: skip
        if one["published"]:
            article_services.publish(article=made, published=True)
            helped = desk.draw.randrange(4, 40)
            Article.objects.of(desk.centre).filter(pk=made.pk).update(helped=helped, not_helped=desk.draw.randrange(4))


def _shared(desk: _Desk) -> None:
    """Difficulties that three factories or more asked about lately, each in another state."""
    since = desk.now - difficulties.LOOKING_BACK
    lead = desk.agents[0].user
    for one in said()["difficulties"]:
        about = [
            case.pk
            for case, talk in zip(desk.cases, desk.talks, strict=True)
            if talk.topic == one["topic"] and case.opened_at >= since and case.factory_id is not None
        ]
        rows = Sighting.objects.of_every_factory().filter(case__in=about[-40:])
        if rows.values("factory").distinct().count() < 3:
            continue
        made = difficulties.gather(centre=desk.centre, sightings=[row.pk for row in rows])
        difficulties.rename(difficulty=made, user=lead, title_ko=one["title_ko"], title_en=one["title_en"])
        if "answer_ko" in one:
            difficulties.answer(difficulty=made, user=lead, ko=one["answer_ko"], en=one["answer_en"])
        if one["state"] not in (DifficultyState.OPEN, DifficultyState.ANSWERED):
            difficulties.set_state(difficulty=made, user=lead, state=DifficultyState(one["state"]))
