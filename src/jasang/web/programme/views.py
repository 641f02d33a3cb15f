"""Pages of the programme for an organisation: the portfolio and one of its factories."""

from typing import Any

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_GET

from jasang.web.programme.industries import DIVISIONS, UNKNOWN, division_name
from jasang.web.programme.level_views import level_context
from jasang.web.programme.models import Application, Standing
from jasang.web.programme.portfolio import TILES, Group, Portfolio, portfolio, standings
from jasang.web.programme.showing import asked_with, bars, money_bars, tiles
from jasang.web.programme.words import amount
from jasang.web.tenants.access import OrganisationRequest, for_posts, note_foreign_read
from jasang.web.tenants.models import Organisation, Role
from jasang.web.tenants.queries import factories_under, role_in
from jasang.web.ui.language import current

_PER_PAGE, _BARS = 50, 30
BY = ("region", "industry", "branch", "factory")  # what the bars of money and effect stand for
_SEEING = (Role.PROGRAMME_OPERATOR, Role.COOP_OPERATOR, Role.AUDITOR)


@for_posts(*_SEEING)
@require_GET
def overview(request: OrganisationRequest) -> HttpResponse:
    """The portfolio on one page, narrowed by region, industry and co-operative."""
    chosen = _chosen(request)
    found = portfolio(request.organisation, **chosen)
    rows = standings(request.organisation, **chosen).select_related("factory__organisation")
    page = Paginator(rows.order_by("-points", "pk"), _PER_PAGE).get_page(request.GET.get("page"))
    by = request.GET.get("by", "")
    if by not in BY:
        by = "region" if not chosen["region"] else "industry" if not chosen["industry"] else "factory"
    context: dict[str, Any] = {
        "tab": "portfolio", "found": found, "tiles": _linked(tiles(found.regions, chosen["region"]), chosen),
        "bars": bars(found.whole), "page": page, "chosen": asked_with(**chosen), "narrowed": _narrowed(request, chosen),
        "granted": amount(found.whole.granted), "paid": amount(found.whole.paid), "effect": amount(found.whole.effect),
        "by": by, "ways": [(one, asked_with(**chosen, by=one)) for one in BY],
        "whole": money_bars([found.whole], lambda _: "")[0], "money": _money(request, found, rows, chosen, by),
        "branches": [(one, asked_with(**chosen | {"branch": one.key})) for one in found.organisations],
    }  # fmt: skip
    return render(request, "programme/portfolio.html", context)


def _chosen(request: OrganisationRequest) -> dict[str, str]:
    chosen = {name: request.GET.get(name, "") for name in ("region", "industry", "branch")}
    if chosen["region"] not in ("", *TILES) or chosen["industry"] not in ("", UNKNOWN, *DIVISIONS):
        raise Http404
    return chosen


def _narrowed(request: OrganisationRequest, chosen: dict[str, str]) -> list[tuple[str, str]]:
    """What is chosen in words, each with the address without it."""
    said = {"region": chosen["region"]}
    if chosen["industry"]:
        said["industry"] = division_name(chosen["industry"]).in_language(current())
    if chosen["branch"]:
        below = Organisation.objects.filter(path__startswith=request.organisation.path)
        said["branch"] = get_object_or_404(below, key=chosen["branch"]).name
    return [(words, asked_with(**chosen | {name: ""})) for name, words in said.items() if words]


def _linked(found: list[dict[str, Any]], chosen: dict[str, str]) -> list[dict[str, Any]]:
    for tile in found:  # a second touch on the chosen one shows all again
        tile["link"] = asked_with(**chosen | {"region": "" if tile["chosen"] else tile["name"]})
    return found


def _money(
    request: OrganisationRequest, found: Portfolio, rows: QuerySet[Standing], chosen: dict[str, str], by: str
) -> list[dict[str, Any]]:
    """The bars of the groups, or of the factories that gained most (then: were paid most)."""
    if by == "factory":
        most = rows.filter(factory__closed_at=None).order_by("-effect", "-paid", "pk")[:_BARS]
        groups = [Group(name=row.factory.name, key=row.factory.key, paid=row.paid, effect=row.effect) for row in most]
        return money_bars(groups, lambda one: reverse("programme:factory", args=[request.organisation.key, one.key]))
    groups = {"region": found.regions, "industry": found.industries, "branch": found.organisations}[by]
    if by == "industry":
        for one in groups:
            one.name = division_name(one.key).in_language(current())
    groups = sorted(groups, key=lambda one: (-one.paid, -one.effect, one.name))[:_BARS]
    return money_bars(groups, lambda one: asked_with(**chosen | {by: one.key}))


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
