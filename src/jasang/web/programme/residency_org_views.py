"""Residencies as the programme, co-operatives and mentors see them: the list with what they brought, and the look back."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from jasang.web.programme import residencies
from jasang.web.programme import residency_showing as showing
from jasang.web.programme.impact import impact_of, verified_of
from jasang.web.programme.models import Change, HandOver, Mentor, Residency
from jasang.web.programme.telling import telling
from jasang.web.tenants.access import OrganisationRequest, for_posts, note_foreign_read
from jasang.web.tenants.models import Role
from jasang.web.tenants.queries import role_in

_PER_PAGE = 40
_SEEING_ALL = (Role.PROGRAMME_OPERATOR, Role.COOP_OPERATOR, Role.AUDITOR)
_SEEING = (*_SEEING_ALL, Role.MENTOR)
STATES = ("ahead", "now", "over", "due", "done")


def _visible(request: OrganisationRequest) -> QuerySet[Residency]:
    """All below the organisation; for a mentor his or her own."""
    rows = Residency.objects.under(request.organisation).select_related("factory", "mentor__user")
    return rows if request.roles.intersection(_SEEING_ALL) else rows.filter(mentor__user=request.user)


def _in_state(rows: QuerySet[Residency], state: str) -> QuerySet[Residency]:
    today = timezone.localdate()
    due = today - timedelta(days=residencies.LOOK_BACK_DAYS)
    known = {
        "ahead": Q(starts_on__gt=today),
        "now": Q(starts_on__lte=today, ends_on__gte=today, ended_at=None),
        "over": Q(ends_on__lt=today, ends_on__gt=due, looked_back_at=None),
        "due": Q(ends_on__lte=due, looked_back_at=None),
        "done": Q(looked_back_at__isnull=False),
    }
    return rows.filter(known[state]) if state in known else rows


@for_posts(*_SEEING)
@require_GET
def list_of_organisation(request: OrganisationRequest) -> HttpResponse:
    """Who is where, what it brought, narrowed by mentor and state."""
    rows, chosen = _visible(request), None
    if request.GET.get("mentor"):
        chosen = get_object_or_404(Mentor.objects.under(request.organisation), key=_uuid(request.GET["mentor"]))
        rows = rows.filter(mentor=chosen)
    own_only = not request.roles.intersection(_SEEING_ALL)
    state = request.GET.get("state", "all" if own_only or chosen is not None else "now")
    found = _in_state(rows, state)
    today = timezone.localdate()
    page = Paginator(found.order_by("-starts_on", "pk"), _PER_PAGE).get_page(request.GET.get("page"))
    begun = rows.filter(starts_on__lte=today).only("starts_on", "ends_on", "won", "low", "high", "effects")
    context: dict[str, Any] = {
        "tab": "residencies",
        "page": page,
        "rows": [(one, showing.state_words(one, today), showing.impact_words(impact_of([one]))) for one in page],
        "impact": showing.impact_words(impact_of(list(begun.select_related(None)))),
        "mentor": chosen,
        "state": state,
        "own_only": own_only,
        "states": _state_choices(),
    }
    return render(request, "programme/residency/organisation.html", context)


def _state_choices() -> list[tuple[str, str]]:
    words = (_("not begun"), _("in the factory"), _("over"), _("look back is due"), _("looked back"))
    return [("all", _("all")), *zip(STATES, words, strict=True)]


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Http404 from None


def _address(request: OrganisationRequest, key: UUID) -> str:
    return reverse("programme:look-back", args=[request.organisation.key, key])


@for_posts(*_SEEING)
@require_http_methods(["GET", "POST"])
@telling(_address)
def one(request: OrganisationRequest, key: UUID) -> HttpResponse:
    """One residency from outside the factory: what came of it, and 90 days after leaving the mentor's look back."""
    residency = get_object_or_404(_visible(request), key=key)
    note_foreign_read(request, residency.factory)
    if request.method == "POST":
        changes = Change.objects.of(residency.factory).filter(residency=residency).values_list("key", flat=True)
        holds = {str(change): request.POST.get(f"holds-{change}") == "yes" for change in changes}
        residencies.look_back(by=request.user, residency=residency, words=request.POST.get("words", ""), holds=holds)
        return redirect(_address(request, key))
    today = timezone.localdate()
    changes = list(Change.objects.of(residency.factory).filter(residency=residency))
    context: dict[str, Any] = {
        "tab": "residencies",
        "residency": residency,
        "state": showing.state_words(residency, today),
        "impact": showing.impact_words(impact_of([residency])),
        "rows": showing.change_rows(changes, [], {one.key: one for one in verified_of(residency)}),
        "items": HandOver.objects.of(residency.factory).filter(residency=residency).select_related("accepted_by"),
        "inside": role_in(request.user, residency.factory) is not None,
        "look_back_day": residencies.look_back_day(residency),
        "may_look_back": residency.mentor.user_id == request.user.pk
        and residency.looked_back_at is None
        and today >= residencies.look_back_day(residency),
    }
    return render(request, "programme/residency/outside.html", context)
