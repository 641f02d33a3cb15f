"""The steps of an agent on a case's page: each reads its form and calls the service; returns the form that was refused."""

from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser
from django.forms import Form
from django.http import QueryDict
from django.utils import timezone

from jasang.errors import WrongArguments
from jasang.web.center import services, visits
from jasang.web.center.forms import VisitForm, WordForm
from jasang.web.center.models import Agent, Case, Macro, Priority, Queue, Visit
from jasang.web.center.routing import agents_of
from jasang.web.tenants.access import OrganisationRequest


def _answer(request: OrganisationRequest, case: Case) -> Form | None:
    form = WordForm(request.POST, request.FILES)
    if not form.is_valid():
        return form
    step = request.POST.get("step", "answered")
    given = request.POST.get("once", "")[:64]
    services.answer(
        case=case,
        user=request.user,
        text=form.cleaned_data["text"],
        step=step if step in services.STEPS else "answered",
        once=f"answer:{request.user.pk}:{given}" if given else None,
        files=form.cleaned_data["files"],
    )
    return None


def _note(request: OrganisationRequest, case: Case) -> Form | None:
    form = WordForm(request.POST, request.FILES)
    if not form.is_valid():
        return form
    services.note(case=case, user=request.user, text=form.cleaned_data["text"], files=form.cleaned_data["files"])
    return None


def _phone(request: OrganisationRequest, case: Case) -> Form | None:
    """The customer called: what was said starts the clock as any other word."""
    form = WordForm(request.POST)
    if not form.is_valid():
        return form
    services.customer_word(case=case, user=request.user, text=form.cleaned_data["text"], channel="phone")
    return None


def _take(request: OrganisationRequest, case: Case) -> None:
    if not services.take(case=case, user=request.user):
        raise WrongArguments(ko="다른 사람이 먼저 맡았습니다.", en="Somebody else has taken it.")


def _assign(request: OrganisationRequest, case: Case) -> None:
    services.assign(case=case, agent=_agent(case, request.POST), by=request.user)


def _agent(case: Case, given: QueryDict) -> Agent | None:
    number = given.get("agent", "")
    if not number:
        return None
    found = agents_of(case.centre).filter(pk=number).first() if number.isdecimal() else None
    if found is None:
        raise WrongArguments(ko="상담원을 다시 골라 주세요.", en="Please choose the agent again.")
    return found


def _terms(request: OrganisationRequest, case: Case) -> None:
    queue = Queue.objects.of(case.centre).filter(key=_uuid(request.POST.get("queue", ""))).first()
    services.change_terms(case=case, user=request.user, queue=queue, priority=_priority(request.POST))


def _priority(given: QueryDict) -> int | None:
    number = given.get("priority", "")
    return int(number) if number in {str(one.value) for one in Priority} else None


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _tags(request: OrganisationRequest, case: Case) -> None:
    services.tag(case=case, user=request.user, tags=request.POST.get("tags", "").split(","))


def _other(request: OrganisationRequest, case: Case) -> Case:
    given = request.POST.get("other", "").strip().lstrip("#")
    number = int(given) if given.isdecimal() and len(given) < 10 else 0
    found = Case.objects.at(case.centre).select_related("centre").filter(number=number).exclude(pk=case.pk).first()
    if found is None:
        raise WrongArguments(ko=f"#{given} 문의가 없습니다.", en=f"There is no case #{given}.")
    return found


def _merge(request: OrganisationRequest, case: Case) -> None:
    services.merge(case=case, into=_other(request, case), user=request.user)


def _link(request: OrganisationRequest, case: Case) -> None:
    services.link(case=case, other=_other(request, case), user=request.user)


def _split(request: OrganisationRequest, case: Case) -> None:
    title, text = request.POST.get("title", "").strip(), request.POST.get("text", "").strip()
    if not title:
        raise WrongArguments(ko="새 문의의 제목을 적어 주세요.", en="Please write the title of the new case.")
    services.split(case=case, user=request.user, title=title, text=text)


def _visit(request: OrganisationRequest, case: Case) -> Form | None:
    form = VisitForm(request.POST)
    if not form.is_valid():
        return form
    own = Agent.objects.of(case.centre).filter(user=request.user).first()
    agent = case.agent or own
    if agent is None:
        raise WrongArguments(ko="먼저 상담원을 정해 주세요.", en="Please choose an agent first.")
    visits.agree(case=case, agent=agent, user=request.user, **form.cleaned_data)
    return None


def _call_off(request: OrganisationRequest, case: Case) -> None:
    key = _uuid(request.POST.get("visit", ""))
    found = Visit.objects.at(case.centre).filter(case=case, key=key).select_related("case__centre").first()
    if found is not None:
        visits.call_off(visit=found, user=request.user)


Step = Callable[[Any, Case], Form | None]
STEPS: dict[str, Step] = {
    "answer": _answer,
    "note": _note,
    "phone": _phone,
    "take": _take,
    "assign": _assign,
    "terms": _terms,
    "tags": _tags,
    "merge": _merge,
    "link": _link,
    "split": _split,
    "visit": _visit,
    "call-off": _call_off,
    "reopen": lambda request, case: services.reopen(case=case, user=request.user),
    "resume": lambda request, case: services.resume(case=case, user=request.user),
    "close": lambda request, case: services.close(case=case, user=request.user),
}


def one_of_many(case: Case, *, step: str, given: QueryDict, user: AbstractBaseUser) -> bool:
    """One case of those ticked in the list; whether anything was done."""
    if step == "take":
        return services.take(case=case, user=user)
    if step == "assign":
        services.assign(case=case, agent=_agent(case, given), by=user)
    elif step == "terms":
        services.change_terms(case=case, user=user, priority=_priority(given))
    elif step == "close":
        services.close(case=case, user=user)
    else:
        return False
    return True


def filled_macros(macros: Iterable[Macro], case: Case, user: AbstractBaseUser) -> list[dict[str, str]]:
    """Ready answers in the customer's language, with the names filled in."""
    names = {
        "{factory}": case.factory.name if case.factory is not None else "",
        "{case}": f"#{case.number}",
        "{agent}": user.get_username(),
        "{date}": f"{timezone.localdate():%Y-%m-%d}",
    }
    found = []
    for macro in macros:
        text = macro.text_ko if case.language == "ko" else macro.text_en
        for name, value in names.items():
            text = text.replace(name, value)
        found.append({"key": str(macro.key), "name": macro.name, "text": text, "then": macro.then})
    return found
