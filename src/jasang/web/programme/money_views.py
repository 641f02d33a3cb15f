"""The operator's money: claims that wait, payments, sums."""

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from jasang.web.programme import queries
from jasang.web.tenants.access import OrganisationRequest, for_posts
from jasang.web.tenants.models import Role

_PER_PAGE = 50


@for_posts(Role.PROGRAMME_OPERATOR, Role.AUDITOR)
@require_GET
def overview(request: OrganisationRequest) -> HttpResponse:
    """Open claims first, then payments."""
    claims = Paginator(queries.open_claims(request.organisation), _PER_PAGE).get_page(request.GET.get("claims"))
    payments = Paginator(queries.payments_of(request.organisation), _PER_PAGE).get_page(request.GET.get("page"))
    context = {"tab": "money", "claims": claims, "page": payments, "sums": queries.money_sums(request.organisation)}
    return render(request, "programme/money/money.html", context)
