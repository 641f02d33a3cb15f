"""Who gets a case: on duty by the rota, speaks the language, has the skills, and has the fewest open cases."""

import unicodedata
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Exists, Max, OuterRef, Q, QuerySet

from jasang.plant.text import Text
from jasang.web.center.models import OPEN_STATES, Agent, Case, Duty, Queue
from jasang.web.tenants.models import Organisation, Post, Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """An agent, and why this one."""

    agent: Agent
    why: Text


def queue_for(centre: Organisation, *, rule: str = "", language: str = "ko") -> Queue:
    """The queue that takes a finding of this rule, else the first that speaks the language, else the first."""
    queues = list(Queue.objects.of(centre).order_by("place", "pk"))
    if not queues:
        raise ValueError(f"the centre {centre} has no queue")
    if rule:
        for queue in queues:
            if rule in queue.rules:
                return queue
    open_to_all = [queue for queue in queues if not queue.rules]
    speaking = [queue for queue in open_to_all if not queue.languages or language in queue.languages]
    return (speaking or open_to_all or queues)[0]


def on_duty(centre: Organisation, at: datetime, *, queue: Queue | None = None, lead: bool = False) -> set[int]:
    """The agents whom the rota names at this moment, for a queue those of that queue and those of all."""
    rows = Duty.objects.of(centre).filter(start__lte=at, end__gt=at)
    if queue is not None:
        rows = rows.filter(Q(queue=queue) | Q(queue__isnull=True))
    if lead:
        rows = rows.filter(lead=True)
    return set(rows.values_list("agent_id", flat=True))


def agents_of(centre: Organisation) -> QuerySet[Agent]:
    """Those who answer at the centre: whoever lost the post or the account is left out, whatever was kept of him or her."""
    holders = Post.objects.filter(organisation=centre, role=Role.AGENT).values("user")
    return (
        Agent.objects.of(centre)
        .filter(user__in=holders, user__is_active=True)
        .select_related("user")
        .order_by("user__username")
    )


def speaks(agent: Agent, language: str) -> bool:
    """Whether the agent answers in the language; who named none answers in Korean."""
    return language in (agent.languages or ["ko"])


def has_skills(agent: Agent, queue: Queue) -> bool:
    """Whether the agent has all skills of the queue, however they are written (PLC, plc)."""
    return {_plain(one) for one in queue.skills} <= {_plain(one) for one in agent.skills}


def _plain(word: str) -> str:
    return "".join(unicodedata.normalize("NFKC", word).casefold().split())


def orphans() -> QuerySet[Case]:
    """Open cases whose agent answers at that centre no more: without the post, or without the account."""
    holds = Post.objects.filter(organisation=OuterRef("centre"), role=Role.AGENT, user=OuterRef("agent__user"))
    rows = Case.objects.of_every_factory().filter(agent__isnull=False, state__in=OPEN_STATES)
    return rows.filter(~Exists(holds) | Q(agent__user__is_active=False))


def choose(case: Case, at: datetime, *, lead: bool = False, besides: int | None = None) -> Choice | None:
    """The agent for a case at this moment, `None` when nobody fit is on duty: it then waits in its queue."""
    duty = on_duty(case.centre, at, queue=case.queue, lead=lead)
    agents = agents_of(case.centre).filter(pk__in=duty, away=False).exclude(pk=besides)
    loads = _loads(case.centre, duty)
    fit = [
        agent
        for agent in agents
        if (lead or loads.get(agent.pk, (0, None))[0] < agent.most_open)  # who leads takes what is late, however much
        and speaks(agent, case.language)
        and has_skills(agent, case.queue)
    ]
    if not fit:
        return None

    def order(agent: Agent) -> tuple[int, float, int]:
        load, last = loads.get(agent.pk, (0, None))
        return load, last.timestamp() if last is not None else 0.0, agent.pk

    best = min(fit, key=order)
    load = loads.get(best.pk, (0, None))[0]
    skills = ", ".join(case.queue.skills)
    ko, en = (f"고 기술({skills})이 있", f", has the skills ({skills})") if skills else ("", "")
    return Choice(
        agent=best,
        why=Text(
            ko=f"당번이고 언어가 맞{ko}으며 진행 중인 문의가 {load}건으로 가장 적습니다.",
            en=f"On duty, speaks the language{en}, fewest open cases ({load}).",
        ),
    )


def _loads(centre: Organisation, agents: set[int]) -> dict[int, tuple[int, datetime | None]]:
    """Open cases of each agent, and when one was last changed."""
    rows = Case.objects.at(centre).filter(agent__in=agents, state__in=OPEN_STATES).values_list("agent")
    return {agent: (number, last) for agent, number, last in rows.annotate(n=Count("pk"), last=Max("changed_at"))}
