"""Who is told of what happens to a case, besides the conversation's own letters: people by the bell, programs by calls.

Whoever gets a letter of the conversation sees the news in the page only; whoever did something is not told of it.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from jasang.mentor.service_clock import CaseEvent
from jasang.plant.text import Text
from jasang.web.center.models import Agent, Case, Event
from jasang.web.notices.services import tell
from jasang.web.tenants.models import FACTORY_ROLES, Factory, Membership, Role

KIND = "case"
# Kinds of events that programs of the factory are told of.
CALLED = frozenset(
    {"opened", "customer", "answered", "asked", "solved", "reopened", "closed", "merged", "rate", "visit"}
)
_MOST_TEXT = 4000


def about(event: Event) -> str:
    """What makes the news of an event one and the same."""
    return f"case:{event.case.key}:{event.place}"


def call_programs(case: Case, event: Event) -> None:
    """Tell the programs of the factory of an event it may see."""
    if case.factory is None or event.private or event.kind not in CALLED:
        return
    tell(
        factory=case.factory, kind=KIND, about=about(event), title=_of_the_factory(case, event), url=_page(case),
        users=(), document=document(case, event),
    )  # fmt: skip


def document(case: Case, event: Event) -> dict[str, Any]:
    """A case and what happened to it, for a program."""
    return {
        "case": {
            "key": str(case.key), "number": case.number, "title": case.title, "state": case.state,
            "priority": case.priority, "stars": case.stars,
        },
        "event": {
            "kind": event.kind, "at": event.at.isoformat(), "by": "centre" if event.ours else "factory",
            "channel": event.channel, "text": event.text[:_MOST_TEXT],
        },
    }  # fmt: skip


def tell_factory(case: Case, event: Event, *, written: Collection[int] = ()) -> None:
    """Tell those of the factory who spoke in the case; where nobody did (a finding opened it), owners and engineers."""
    if case.factory is None:
        return
    people = [one.user for one in _speakers(case) if one.user_id != event.by_id]
    if people:
        tell(
            factory=case.factory, kind=KIND, about=about(event), title=_of_the_factory(case, event), url=_page(case),
            users=people, document=document(case, event), written=written,
        )  # fmt: skip


def _speakers(case: Case) -> list[Membership]:
    valid = Q(until__isnull=True) | Q(until__gt=timezone.now())
    own = Membership.objects.filter(valid, factory=case.factory).select_related("user")
    spoke = Event.objects.at(case.centre).filter(case=case, ours=False, by__isnull=False).values("by")
    roles = (*FACTORY_ROLES, Role.MENTOR)
    found = list(own.filter(Q(user__in=spoke) | Q(user=case.customer_id), role__in=roles).order_by("pk"))
    return found or list(own.filter(role__in=(Role.OWNER, Role.ENGINEER)).order_by("pk"))


def tell_opened(factory: Factory, cases: list[Case]) -> None:
    """Findings opened cases: one piece of news for all that came of one diagnosis."""
    if not cases:
        return
    first, number = cases[0], len(cases)
    valid = Q(until__isnull=True) | Q(until__gt=timezone.now())
    own = Membership.objects.filter(valid, factory=factory, role__in=(Role.OWNER, Role.ENGINEER)).select_related("user")
    more = (f" 외 {number - 1}건", f" and {number - 1} more") if number > 1 else ("", "")
    tell(
        factory=factory, kind=KIND, about=f"cases:{first.key}", users=[one.user for one in own],
        title=Text(
            ko=f"진단에서 센터 문의가 열렸습니다: {first.title}{more[0]}",
            en=f"Findings opened cases at the centre: {first.title}{more[1]}",
        ),
        url=_page(first) if number == 1 else reverse("center:cases", args=[factory.key]),
    )  # fmt: skip


def tell_agent(case: Case, event: Event, agent: Agent, *, written: Collection[int] = ()) -> None:
    """Tell an agent; the news carry no word of the factory, they lead to the page."""
    if agent.user_id == event.by_id and event.kind != "assign":
        return
    number = f"#{case.number}"
    ko, en = {
        "assign": (f"{number} 문의를 맡았습니다.", f"Case {number} is yours now."),
        "mention": (f"{number} 문의에서 나를 불렀습니다.", f"You were mentioned in case {number}."),
        "escalate": (
            (f"{number} 문의가 늦었습니다.", f"Case {number} is late.")
            if event.data.get("level") == 2
            else (f"{number} 문의의 기한이 곧 옵니다.", f"Case {number} is due soon.")
        ),
        "rate": (
            f"{number} 문의를 5점 중 {event.data.get('stars')}점으로 평가했습니다.",
            f"Case {number} was rated {event.data.get('stars')} of 5.",
        ),
        CaseEvent.REOPENED: (f"{number} 문의가 다시 열렸습니다.", f"Case {number} was opened again."),
        CaseEvent.CLOSED: (f"공장이 {number} 문의를 닫았습니다.", f"The factory closed case {number}."),
    }.get(event.kind, (f"{number} 문의에 새 말이 있습니다.", f"There is a new word in case {number}."))
    url = reverse("center:agent-case", args=[case.centre.key, case.key])
    tell(
        factory=None,
        kind=KIND,
        about=about(event),
        title=Text(ko=ko, en=en),
        url=url,
        users=[agent.user],
        written=written,
    )


def _page(case: Case) -> str:
    return reverse("center:case", args=[case.factory.key, case.key])


def _of_the_factory(case: Case, event: Event) -> Text:
    title = case.title
    ko, en = {
        CaseEvent.OPENED: ("문의가 열렸습니다", "A case was opened"),
        CaseEvent.CUSTOMER: ("공장에서 썼습니다", "The factory wrote"),
        CaseEvent.ANSWERED: ("센터가 답했습니다", "The centre answered"),
        CaseEvent.ASKED: ("센터가 묻습니다", "The centre asks"),
        CaseEvent.SOLVED: ("센터가 해결했습니다. 한 번 눌러 평가해 주세요", "The centre solved it; one tap rates it"),
        CaseEvent.REOPENED: ("다시 열렸습니다", "Opened again"),
        CaseEvent.CLOSED: ("닫혔습니다", "Closed"),
        CaseEvent.MERGED: ("다른 문의와 합쳐졌습니다", "Goes on in another case"),
        "rate": ("평가했습니다", "Rated"),
        "visit": _visit(case, event),
    }[event.kind]
    return Text(ko=f"{ko}: {title}", en=f"{en}: {title}")


def _visit(case: Case, event: Event) -> tuple[str, str]:
    if event.kind != "visit":
        return "", ""
    zone = ZoneInfo(case.factory.timezone if case.factory is not None else "Asia/Seoul")
    at = datetime.fromisoformat(event.data["start"]).astimezone(zone)
    ko, en = ("방문", "Visit") if event.data.get("kind") == "visit" else ("통화", "Call")
    if event.data.get("cancelled"):
        return f"{at:%m-%d %H:%M} {ko} 약속이 취소되었습니다", f"{en} of {at:%m-%d %H:%M} is called off"
    return f"{at:%m-%d %H:%M} {ko}", f"{en} on {at:%m-%d %H:%M}"
