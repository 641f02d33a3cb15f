"""What a sample's factories asked the 365 centre: cases whose kept fields are what the clock says of their events."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from random import Random

from django.utils import timezone

from jasang.web.center import serving
from jasang.web.center.clock import clock_from, keep, terms_document
from jasang.web.center.models import Agent, Case, CaseState, Centre, Channel, Event, Queue
from jasang.web.jobs.sampling import MadeFactory
from jasang.web.tenants.models import Organisation, OrganisationKind
from jasang.web.tenants.services import set_up_account, set_up_organisation

NAME = "견본 365센터"
_AGENTS = 12
_BATCH = 1000
_ASKING = 0.35  # of the factories
# What was asked, and what the centre said to it.
_TALKS = (
    ("사출기 온도가 자꾸 오릅니다", "냉각수 밸브를 먼저 보아 주세요. 어제부터 유량이 줄었습니다."),
    ("도금 두께가 얇게 나옵니다", "전류와 액 온도를 함께 보아 주세요. 온도가 낮은 날에 얇습니다."),
    ("PLC가 연결되지 않습니다", "스위치 포트와 IP가 바뀌었는지 확인해 주세요."),
    ("프레스가 하루에 몇 번씩 섭니다", "선 이유를 하루만 적어 주세요. 짧은 정지가 모인 것 같습니다."),
    ("검사값이 들쭉날쭉합니다", "검사구부터 점검하겠습니다. 같은 제품을 세 번씩 재 주세요."),
    ("수집기가 밤마다 끊깁니다", "PC 절전 설정을 꺼 주세요."),
)
_WAYS = (
    ("answered", "solved", "closed"),
    ("answered", "customer", "solved", "closed"),
    ("asked", "customer", "solved"),
    ("answered",),
    ("asked",),
    (),
    ("answered", "solved", "reopened", "solved", "closed"),
)


def fill(*, operator: Organisation, made: Sequence[MadeFactory], seed: int, day: date) -> None:
    """A centre with agents, and cases of a year."""
    draw = Random(seed + 2)
    organisation = set_up_organisation(name=NAME, kind=OrganisationKind.CENTRE, parent=operator)
    centre = serving.set_up_centre(organisation=organisation)
    queue = Queue.objects.of(organisation).get()
    agents = [
        serving.add_agent(
            user=set_up_account(user_name=f"sample-agent-{number + 1}", password=None)[0], centre=organisation
        )
        for number in range(_AGENTS)
    ]
    asking = [one for one in made if draw.random() < _ASKING]
    now = timezone.now()
    opened = sorted(
        (
            (now - timedelta(minutes=draw.randrange(60, 360 * 1440)), one)
            for one in asking
            for _ in range(draw.randrange(1, 4))
        ),
        key=lambda pair: pair[0],
    )
    cases, events = [], []
    for number, (at, one) in enumerate(opened, start=1):
        case, told = _case(draw, number, one, at, now, organisation, queue, draw.choice(agents))
        cases.append(case)
        events += told
    Case.objects.at(organisation).bulk_create(cases, batch_size=_BATCH)
    for event in events:
        event.case_id = event.case.pk
    Event.objects.at(organisation).bulk_create(events, batch_size=_BATCH)
    Centre.objects.of(organisation).filter(pk=centre.pk).update(last_number=len(cases))


def _case(
    draw: Random,
    number: int,
    one: MadeFactory,
    at: datetime,
    now: datetime,
    centre: Organisation,
    queue: Queue,
    agent: Agent,
) -> tuple[Case, list[Event]]:
    title, answer = draw.choice(_TALKS)
    priority = draw.choices((1, 2, 3, 4), weights=(1, 3, 10, 3))[0]
    # Old cases are over; what is open came lately.
    way = draw.choice(_WAYS if now - at < timedelta(days=6) else _WAYS[:3] + _WAYS[6:])
    case = Case(
        centre=centre, factory=one.factory, number=number, title=title, queue=queue, priority=priority, agent=agent,
        opened_at=at, changed_at=at,
    )  # fmt: skip
    rows: list[tuple[str, datetime, int, dict[str, object]]] = []
    told = []
    moment = at
    for place, kind in enumerate(("opened", *way)):
        data = {"terms": terms_document(queue, priority)} if kind == "opened" else {}
        rows.append((kind, moment, place, data))
        keep(case, clock_from(rows), kind)
        ours = kind not in ("opened", "customer", "reopened")
        text = {"opened": title, "customer": "네, 해 보았습니다.", "reopened": "다시 그렇습니다."}.get(kind, answer)
        told.append(
            Event(
                centre=centre, factory=one.factory, case=case, place=place, kind=kind, at=moment, ours=ours,
                channel=Channel.PAGE, text="" if kind == "closed" else text, data=data, by=agent.user if ours else None,
            )
        )  # fmt: skip
        case.events, case.changed_at = place + 1, moment
        moment = min(now, moment + timedelta(minutes=draw.randrange(20, 1500 if kind != "opened" else 300)))
    if case.state in (CaseState.SOLVED, CaseState.CLOSED) and draw.random() < 0.6:
        case.stars = draw.choices((2, 3, 4, 5), weights=(1, 2, 5, 6))[0]
    return case, told
