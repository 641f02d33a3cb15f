"""Pages of the programme for an organisation: the portfolio and one of its factories."""

from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from jasang.web.programme.level_views import level_context
from jasang.web.programme.models import Application
from jasang.web.programme.portfolio import TILES, portfolio, standings
from jasang.web.programme.showing import bars, tiles
from jasang.web.programme.words import amount
from jasang.web.tenants.access import OrganisationRequest, for_posts, note_foreign_read
from jasang.web.tenants.models import Organisation, Role
from jasang.web.tenants.queries import factories_under, role_in

_PER_PAGE = 50
_SEEING = (Role.PROGRAMME_OPERATOR, Role.COOP_OPERATOR, Role.AUDITOR)


@for_posts(*_SEEING)
@require_GET
def overview(request: OrganisationRequest) -> HttpResponse:
    """The portfolio on one page, narrowed by region and co-operative."""
    region, branch = request.GET.get("region", ""), request.GET.get("branch", "")
    if region and region not in TILES:
        raise Http404
    chosen = None
    if branch:
        below = Organisation.objects.filter(path__startswith=request.organisation.path)
        chosen = get_object_or_404(below, key=branch)
    found = portfolio(request.organisation, region=region, branch=branch)
    rows = standings(request.organisation, region=region, branch=branch).select_related("factory__organisation")
    page = Paginator(rows.order_by("-points", "pk"), _PER_PAGE).get_page(request.GET.get("page"))
    context: dict[str, Any] = {
        "tab": "portfolio",
        "found": found,
        "tiles": tiles(found.regions, region),
        "bars": bars(found.whole),
        "page": page,
        "region": region,
        "branch": chosen,
        "granted": amount(found.whole.granted),
        "paid": amount(found.whole.paid),
        "effect": amount(found.whole.effect),
    }
    return render(request, "programme/portfolio.html", context)


@for_posts(*_SEEING)
@require_GET
def one_factory(request: OrganisationRequest, factory_key: str) -> HttpResponse:
    """One factory of the portfolio: its level and its applications. Its owner sees that somebody looked."""
    factory = get_object_or_404(factories_under(request.organisation).select_related("organisation"), key=factory_key)
    note_foreign_read(request, factory)
    applications = Application.objects.under(request.organisation).filter(factory=factory).select_related("call")
    inside = role_in(request.user, factory) is not None
    context = level_context(factory, links=inside) | {
        "tab": "portfolio",
        "factory": factory,
        "applications": applications,
    }
    return render(request, "programme/factory.html", context)
