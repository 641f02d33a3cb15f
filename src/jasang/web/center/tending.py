"""What a centre needs though nobody presses a button: cases given out, brought up before they are late, closed."""

from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from jasang.mentor.service_clock import CaseEvent
from jasang.web.center import letters, news, services
from jasang.web.center.events import locked, record
from jasang.web.center.models import OPEN_STATES, Case, CaseState, Channel
from jasang.web.center.routing import agents_of, choose, on_duty, orphans

WARN_BEFORE = timedelta(minutes=30)
SILENT_FOR = timedelta(days=7)  # a solved case is closed
AT_ONCE = 200


def tend() -> int:
    """One round over all centres; how many cases changed. Any number may run side by side; a second round changes nothing."""
    return take_back() + give_out() + bring_up() + close_silent()


def take_back() -> int:
    """Take open cases from agents who answer no more; they are given out again like new ones."""
    rows = orphans().select_related("centre").order_by("due", "pk")[:AT_ONCE]
    for case in rows:
        services.assign(case=case, agent=None, by=None)
    return len(rows)


def give_out() -> int:
    """Give cases that nobody has to whoever is on duty by now."""
    waiting = Case.objects.of_every_factory().filter(agent__isnull=True, state__in=OPEN_STATES)
    rows = waiting.select_related("centre", "queue").order_by("due", "pk")[:AT_ONCE]
    return sum(services.route(case=case) for case in rows)


def bring_up() -> int:
    """Bring up cases due soon (1) and late (2): to their agent if on duty, else to whoever leads, else to anybody on duty."""
    now = timezone.now()
    near = Q(due__lt=now, escalated__lt=2) | Q(due__lt=now + WARN_BEFORE, escalated__lt=1)
    rows = Case.objects.of_every_factory().filter(near, state__in=OPEN_STATES).select_related("centre")
    return sum(_bring_up(case) for case in rows.order_by("due", "pk")[:AT_ONCE])


@transaction.atomic
def _bring_up(case: Case) -> bool:
    held, now = locked(case), timezone.now()
    if not held.open or held.due is None:
        return False
    level = 2 if held.due < now else 1 if held.due < now + WARN_BEFORE else 0
    if level <= held.escalated:
        return False
    held.escalated = level
    held.save(update_fields=["escalated"])
    chosen = choose(held, now, lead=True) if level == 2 else None
    if chosen is None and (held.agent is None or not on_duty_now(held)):
        chosen = choose(held, now, besides=held.agent_id)
    event = record(
        held, "escalate", ours=True, channel=Channel.SYSTEM, private=True,
        data={"level": level, "due": held.due.isoformat()},
    )  # fmt: skip
    if chosen is not None and chosen.agent.pk != held.agent_id:
        services.hand_over(held, chosen)
    elif held.agent is not None:
        letters.tell_one(held, event, held.agent)
    else:  # nobody has it and nobody is on duty: everybody who is not away learns of it
        for agent in agents_of(held.centre).filter(away=False):
            news.tell_agent(held, event, agent)
    return True


def on_duty_now(case: Case) -> bool:
    """Whether the rota names the case's agent at this moment."""
    return case.agent_id in on_duty(case.centre, timezone.now(), queue=case.queue)


def close_silent() -> int:
    """Close what has been solved for a week without another word."""
    rows = Case.objects.of_every_factory().filter(state=CaseState.SOLVED, changed_at__lt=timezone.now() - SILENT_FOR)
    return sum(_close(case) for case in rows.select_related("centre").order_by("changed_at")[:AT_ONCE])


@transaction.atomic
def _close(case: Case) -> bool:
    held = locked(case)
    if held.state != CaseState.SOLVED or held.changed_at >= timezone.now() - SILENT_FOR:
        return False
    news.tell_factory(held, record(held, CaseEvent.CLOSED, channel=Channel.SYSTEM))
    return True
