"""The centre as its agents see it: queues, one case with everything that can be done, rota, report, calendar."""

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Q
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from jasang.errors import JasangError
from jasang.web.center import doing, queries, routing, serving, showing, visits
from jasang.web.center.difficulty_showing import difficulty_of
from jasang.web.center.factory_views import send
from jasang.web.center.forms import WordForm
from jasang.web.center.models import OPEN_STATES, Agent, Attachment, Case, Centre, Macro, Priority, Visit
from jasang.web.tenants.access import OrganisationRequest, for_posts, note_foreign_read
from jasang.web.tenants.models import OrganisationKind, Role
from jasang.web.tenants.queries import role_in
from jasang.web.ui.language import current

LEADING = (Role.PROGRAMME_OPERATOR,)


class AgentRequest(OrganisationRequest):
    """A request of somebody of the centre in its address; `agent` where the person answers cases."""

    agent: Agent | None


def for_agents(*roles: Role) -> Callable[[Callable[..., HttpResponse]], Callable[..., HttpResponse]]:
    """The organisation of the address is a centre, and the person an agent or operator of it (or has one of `roles`)."""

    def guard(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def guarded(request: AgentRequest, **kwargs: Any) -> HttpResponse:
            if request.organisation.kind != OrganisationKind.CENTRE:
                raise Http404
            # The first look at a new centre makes it one; whoever joined by an invitation becomes an agent at the first look.
            if not Centre.objects.of(request.organisation).exists():
                serving.set_up_centre(organisation=request.organisation)
            request.agent = queries.agent_of(request.organisation, request.user)
            if request.agent is None and Role.AGENT in request.roles:
                serving.see_to_agents(request.organisation)
                request.agent = queries.agent_of(request.organisation, request.user)
            return view(request, **kwargs)

        return for_posts(*(roles or (Role.AGENT, *LEADING)))(guarded)

    return guard


@for_agents()
@require_GET
def desk(request: AgentRequest) -> HttpResponse:
    """The cases of the centre, late first, narrowed by view, queue and words."""
    now = timezone.now()
    chosen = narrowed(request)
    rows = queries.at_centre(request.organisation, request.agent, chosen, now)
    # A word is looked for in every title: whoever finds a thousand narrows it instead of turning pages.
    most = queries.MOST_FOUND if chosen.words else None
    page, cases = queries.page_of(rows, request.GET.get("page"), most=most)
    numbers = queries.counts(request.organisation, request.agent, now)
    words = {
        "open": _("Open"), "mine": _("Mine"), "free": _("Nobody's"), "late": _("Late"), "done": _("Finished"), "all": _("All"),
    }  # fmt: skip
    context = {
        "tab": "desk",
        "page": page,
        "rows": [showing.row(case, now) for case in cases],
        "views": [{"name": name, "words": words[name], "number": numbers.get(name)} for name in queries.VIEWS],
        "chosen": chosen,
        "queues": queries.queues(request.organisation),
        "agents": routing.agents_of(request.organisation),
        "priorities": [(one.value, showing.priority_words(one)) for one in Priority],
    }
    return render(request, "center/desk.html", context)


def narrowed(request: HttpRequest) -> queries.Narrowed:
    """What the address narrows the list to; what makes no sense does not."""
    view, queue = request.GET.get("view", "open"), request.GET.get("queue", "")
    try:
        queue = str(UUID(queue)) if queue else ""
    except ValueError:
        queue = ""
    words = request.GET.get("words", "").replace("\x00", "").strip()[:100]
    return queries.Narrowed(view=view if view in queries.VIEWS else "open", queue=queue, words=words)


@for_agents()
@require_POST
def many(request: AgentRequest) -> HttpResponse:
    """One thing done to several cases: taken, given to somebody, another priority, closed."""
    keys = [one for one in request.POST.getlist("case")[:100] if _is_uuid(one)]
    step, done = request.POST.get("step", ""), 0
    for case in Case.objects.at(request.organisation).filter(key__in=keys).select_related("centre", "queue"):
        try:
            done += doing.one_of_many(case, step=step, given=request.POST, user=request.user)
        except JasangError as error:
            messages.error(request, f"#{case.number}: {error.in_language(current())}")
    messages.success(request, ngettext("Done for %(n)d case.", "Done for %(n)d cases.", done) % {"n": done})
    return redirect("center:desk", organisation_key=request.organisation.key)


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def _case(request: AgentRequest, key: UUID) -> Case:
    rows = Case.objects.at(request.organisation)
    return get_object_or_404(
        rows.select_related("centre", "queue", "factory", "agent__user", "customer", "merged_into", "parent"), key=key
    )


@for_agents()
@require_GET
def case(request: AgentRequest, key: UUID) -> HttpResponse:
    """One case with its whole history and all that can be done about it."""
    return _page(request, _case(request, key), WordForm())


def _page(request: AgentRequest, found: Case, form: Form, trouble: str = "") -> HttpResponse:
    if found.factory is not None:
        note_foreign_read(request, found.factory)
    now = timezone.now()
    others = Case.objects.at(request.organisation).exclude(pk=found.pk).filter(state__in=OPEN_STATES)
    mergeable = others.filter(factory=found.factory) if found.factory is not None else others.filter(
        factory__isnull=True, customer_mail=found.customer_mail
    )  # fmt: skip
    context = {
        "tab": "desk",
        "case": found,
        "row": showing.row(found, now),
        "thread": showing.thread(queries.events_of(found, inner=True), queries.files_of(found)),
        "carried": found.carried,
        "shared": difficulty_of(found),
        "may_open_floor": found.factory is not None and role_in(request.user, found.factory) is not None,
        "form": form,
        "trouble": trouble,
        "agents": routing.agents_of(request.organisation),
        "queues": queries.queues(request.organisation),
        "priorities": [(one.value, showing.priority_words(one)) for one in Priority],
        "macros": doing.filled_macros(Macro.objects.of(request.organisation).order_by("name"), found, request.user),
        # Sorted here: asked for in order, SQLite would walk through all cases of the centre.
        "mergeable": sorted(mergeable.order_by()[:100], key=lambda one: one.opened_at, reverse=True)[:30],
        "visits": Visit.objects.at(request.organisation).filter(case=found, cancelled=False).order_by("start"),
        "is_agent": request.agent is not None,
    }
    status = HTTPStatus.BAD_REQUEST if form.is_bound or trouble else HTTPStatus.OK
    return render(request, "center/agent_case.html", context, status=status)


@for_agents()
@require_POST
def do(request: AgentRequest, key: UUID, step: str) -> HttpResponse:
    """One step of an agent."""
    found = _case(request, key)
    if step not in doing.STEPS:
        raise Http404
    try:
        wrong = doing.STEPS[step](request, found)
    except JasangError as error:
        return _page(request, found, WordForm(), trouble=error.in_language(current()))
    if wrong is not None:
        return _page(request, found, wrong)
    return redirect("center:agent-case", organisation_key=request.organisation.key, key=key)


@for_agents()
@require_GET
def download(request: AgentRequest, key: UUID, file: UUID) -> HttpResponse:
    """A file of a case."""
    rows = Attachment.objects.at(request.organisation).filter(event__case__key=key).select_related("factory")
    found = get_object_or_404(rows, key=file)
    if found.factory is not None:
        note_foreign_read(request, found.factory)
    return send(found)


@require_GET
def calendar(request: HttpRequest, token: str) -> HttpResponse:
    """The calendar of the agent who has this secret address."""
    agent = get_object_or_404(
        Agent.objects.of_every_organisation().select_related("organisation").filter(~Q(feed=""), user__is_active=True),
        feed=token,
    )
    made = visits.calendar(agent, host=request.get_host().partition(":")[0])
    answer = HttpResponse(made, content_type="text/calendar; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="calendar.ics"'
    return answer
