"""Setting a centre up by its pages: address, queues with hours and promises, agents; what is still missing comes first."""

from datetime import timedelta
from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from jasang.errors import JasangError
from jasang.web.center import queries, routing, serving
from jasang.web.center.agent_views import LEADING, AgentRequest, for_agents
from jasang.web.center.models import Agent, Centre, Duty, Macro, Queue
from jasang.web.center.setup_forms import LANGUAGES, AgentForm, CentreForm, QueueForm, first_values
from jasang.web.center.showing import hours_words, language_words, terms_words
from jasang.web.tenants import people
from jasang.web.tenants.models import Role
from jasang.web.ui.language import current


def _back(request: AgentRequest) -> HttpResponse:
    return redirect("center:set-up", organisation_key=request.organisation.key)


@for_agents()
@require_GET
def overview(request: AgentRequest) -> HttpResponse:
    """Everything the centre is made of, and what is still missing."""
    return _overview(request)


def _overview(request: AgentRequest, *, link: str = "", form: CentreForm | None = None) -> HttpResponse:
    place = request.organisation
    centre = Centre.objects.of(place).get()
    agents = list(routing.agents_of(place))
    rows = [
        {
            "queue": queue, "hours": hours_words(queue.hours), "terms": terms_words(queue.terms),
            "nobody": bool(agents) and not any(routing.has_skills(one, queue) for one in agents),
        }
        for queue in queries.queues(place)
    ]  # fmt: skip
    leads = bool(request.roles.intersection(LEADING))
    context = {
        "tab": "set-up",
        "centre": centre,
        "queues": rows,
        "agents": [
            {"agent": one, "languages": ", ".join(language_words(name) for name in one.languages)} for one in agents
        ],
        "steps": _steps(centre, agents),
        "leads": leads,
        "link": link,
        "days": people.DAYS_OPEN,
        "invitations": people.open_invitations(organisation=place).filter(role=Role.AGENT) if leads else [],
        "form": form,
        "macros": Macro.objects.of(place).count(),
    }
    status = HTTPStatus.BAD_REQUEST if form is not None else HTTPStatus.OK
    return render(request, "center/setup/overview.html", context, status=status)


def _steps(centre: Centre, agents: list[Agent]) -> list[tuple[bool, str, str]]:
    """(done, what, where) of everything a centre needs before the first case is answered."""
    place, now = centre.organisation, timezone.now()
    on_duty = Duty.objects.of(place).filter(Q(start__lte=now + timedelta(days=1)), end__gt=now).exists()
    return [
        (True, _("A queue where cases wait"), "#queues"),
        (bool(agents), _("Somebody who answers: invite agents"), "#agents"),
        (on_duty, _("Who is on duty today: the rota"), reverse("center:rota", args=[place.key])),
        (bool(centre.address), _("An address for letters (can wait)"), "#letters"),
    ]


@for_agents(*LEADING)
@require_POST
def change(request: AgentRequest) -> HttpResponse:
    """The centre's address, and whether findings open cases."""
    form = CentreForm(request.POST)
    if not form.is_valid():
        return _overview(request, form=form)
    serving.change_centre(centre=request.organisation, **form.cleaned_data)
    messages.success(request, _("Kept."))
    return _back(request)


@for_agents(*LEADING)
@require_http_methods(["GET", "POST"])
def queue(request: AgentRequest, key: UUID | None = None) -> HttpResponse:
    """A queue, new or as it is."""
    found = get_object_or_404(Queue.objects.of(request.organisation), key=key) if key else None
    form = QueueForm(request.POST if request.method == "POST" else None, initial=first_values(found))
    if form.is_valid():
        try:
            with transaction.atomic():
                if found is None:
                    serving.add_queue(centre=request.organisation, **form.wanted())
                else:
                    serving.change_queue(queue=found, **form.wanted())
        except IntegrityError:
            form.add_error("name", _("There is a queue of this name already."))
        else:
            messages.success(request, _("Kept. It holds for cases that come from now on."))
            return _back(request)
    chosen = {name: {str(one) for one in form[name].value() or ()} for name in ("languages", "rules")}
    context: dict[str, Any] = {
        "tab": "set-up",
        "form": form,
        "queue": found,
        "shifts": form.shift_rows(),
        "terms": form.term_rows(),
        "languages": [(one, language_words(one), one in chosen["languages"]) for one in LANGUAGES],
        "rules": [(name, words, name in chosen["rules"]) for name, words in form.fields["rules"].choices],
    }
    status = HTTPStatus.BAD_REQUEST if form.is_bound else HTTPStatus.OK
    return render(request, "center/setup/queue.html", context, status=status)


@for_agents(*LEADING)
@require_POST
def remove_queue(request: AgentRequest, key: UUID) -> HttpResponse:
    """A queue that never had a case."""
    try:
        serving.remove_queue(queue=get_object_or_404(Queue.objects.of(request.organisation), key=key))
    except JasangError as error:
        messages.error(request, error.in_language(current()))
    return _back(request)


@for_agents(*LEADING)
@require_POST
def invite(request: AgentRequest) -> HttpResponse:
    """A link that makes whoever opens it an agent; shown once."""
    try:
        _made, token = people.invite(
            by=request.user,
            role=Role.AGENT,
            organisation=request.organisation,
            email=request.POST.get("email", "")[:254],
        )
    except JasangError as error:
        messages.error(request, error.in_language(current()))
        return _back(request)
    return _overview(request, link=request.build_absolute_uri(reverse("join", args=[token])))


@for_agents(*LEADING)
@require_POST
def be_agent(request: AgentRequest) -> HttpResponse:
    """Whoever leads the centre answers cases too."""
    serving.add_agent(user=request.user, centre=request.organisation, languages=["ko"])
    return _back(request)


@for_agents()
@require_http_methods(["GET", "POST"])
def agent(request: AgentRequest, number: int) -> HttpResponse:
    """Skills, languages and load of an agent: one's own, or anybody's for who leads."""
    found = get_object_or_404(routing.agents_of(request.organisation), pk=number)
    if found.user_id != request.user.pk and not request.roles.intersection(LEADING):
        return redirect("center:set-up", organisation_key=request.organisation.key)
    first = {
        "skills": ", ".join(found.skills), "languages": found.languages, "most_open": found.most_open, "away": found.away,
    }  # fmt: skip
    form = AgentForm(request.POST if request.method == "POST" else None, initial=first)
    if form.is_valid():
        serving.change_agent(agent=found, **form.wanted())
        messages.success(request, _("Kept."))
        return _back(request)
    chosen = {str(one) for one in form["languages"].value() or ()}
    context = {
        "tab": "set-up",
        "form": form,
        "agent": found,
        "languages": [(one, language_words(one), one in chosen) for one in LANGUAGES],
        "skills": sorted({skill for one in queries.queues(request.organisation) for skill in one.skills}),
    }
    status = HTTPStatus.BAD_REQUEST if form.is_bound else HTTPStatus.OK
    return render(request, "center/setup/agent.html", context, status=status)
