"""Letters that events send: written beside the event in its transaction, in the receiver's language; `post` sends them."""

import secrets

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from jasang.web.center import news
from jasang.web.center.models import Agent, Case, Centre, Channel, Event, LetterIn, LetterOut
from jasang.web.center.routing import agents_of
from jasang.web.notices.models import Letters
from jasang.web.notices.services import letters_of
from jasang.web.tenants.models import Membership


def receipt(case: Case, event: Event, *, answers: str) -> None:
    """Tell the writer of a letter that it became a case."""
    with override(_language(case)):
        text = _("Your letter has arrived as case #%(number)s. We will answer by this way.") % {"number": case.number}
    _write(case, event, to=case.customer_mail, text=text, answers=answers)


def tell_customer(case: Case, event: Event) -> None:
    """Send the customer what was said, unless an account with another wish opened the case in the page; tell the others."""
    to = case.customer_mail or (case.customer.email if case.customer is not None else "")
    wanted = case.customer is None or case.channel == Channel.EMAIL or at_once(case.customer)
    wanted = wanted and speaks_still(case)
    wrote = wanted and _write(case, event, to=to, text=event.text)
    news.tell_factory(case, event, written={case.customer_id} if wrote and case.customer_id else ())


def speaks_still(case: Case) -> bool:
    """Whether the customer still belongs to the factory whose case it is: who left hears nothing more."""
    if case.factory_id is None or case.customer is None:
        return True
    valid = Q(until__isnull=True) | Q(until__gt=timezone.now())
    return Membership.objects.filter(valid, factory=case.factory_id, user=case.customer).exists()


def at_once(user: AbstractBaseUser) -> bool:
    """Whether the person wants letters about cases as things happen."""
    return letters_of([user], news.KIND)[user.pk] == Letters.AT_ONCE


def tell_agent(case: Case, event: Event) -> None:
    """Tell the case's agent that the customer wrote."""
    if case.agent is not None:
        tell_one(case, event, case.agent)


def tell_one(case: Case, event: Event, agent: Agent) -> None:
    """Tell an agent of an event; a letter carries no word of the factory, it leads to the page and may be answered."""
    if not agents_of(case.centre).filter(pk=agent.pk).exists():
        return  # who answers no more hears no more; the case is given to somebody else within a minute
    wrote = False
    if at_once(agent.user):
        with override("ko"):
            words = {
                "assign": _("Case #%(number)s is yours now."),
                "mention": _("You were mentioned in case #%(number)s."),
                "escalate": _("Case #%(number)s is due soon or late."),
            }.get(event.kind, _("There is a new word in case #%(number)s."))
            wrote = _write(case, event, to=agent.user.email, text=words % {"number": case.number}, inner=True)
    news.tell_agent(case, event, agent, written={agent.user_id} if wrote else ())


def _language(case: Case) -> str:
    return case.language if case.language in dict(settings.LANGUAGES) else "ko"


def _write(case: Case, event: Event, *, to: str, text: str, inner: bool = False, answers: str = "") -> bool:
    """Whether there is somebody to write to, and a letter was left for `post`."""
    centre = Centre.objects.of(case.centre).get()
    if not to or not centre.address or to.lower() == centre.address.lower():
        return False
    earlier = [] if inner else [answers] if answers else _thread(case)
    domain = centre.address.rpartition("@")[2]
    title = f"[#{case.number}]" if inner else f"[#{case.number}] {case.title}"
    LetterOut.objects.at(case.centre).create(
        centre=case.centre,
        factory=case.factory,
        event=event,
        case=case,
        to=to,
        subject=title[:250],
        text=text,
        message_id=f"<{case.letters}.{event.place}.{secrets.token_hex(6)}@{domain}>",
        references=" ".join(earlier[:1] + earlier[1:][-9:]),
        next_try=timezone.now(),
    )
    return True


def _thread(case: Case) -> list[str]:
    """Message-IDs of the letters so far, oldest first."""
    came = LetterIn.objects.filter(case=case).values_list("at", "message_id")
    went = LetterOut.objects.at(case.centre).filter(case=case).exclude(subject=f"[#{case.number}]")
    return [name for at, name in sorted([*came, *went.values_list("made_at", "message_id")])]
