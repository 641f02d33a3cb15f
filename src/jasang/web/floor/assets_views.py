"""The pages of machines (tree, connections) and of their signals."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from jasang.connect.status import read_status
from jasang.errors import StoreError
from jasang.web.floor import assets, assets_data, forward_data
from jasang.web.floor.connected_models import AssetPlace
from jasang.web.floor.trends_views import opened
from jasang.web.tenants.access import FactoryRequest, for_members, for_roles
from jasang.web.tenants.models import Role

SIGNALS_A_PAGE = 50
_MOST_PLACED = 500
_KEEPERS = (Role.OWNER, Role.ENGINEER)


@for_members
@require_GET
def machines(request: FactoryRequest) -> HttpResponse:
    """The factory's machines as a tree, the connections and how they are doing."""
    now = datetime.now(UTC)
    places = list(AssetPlace.objects.of(request.factory))
    context: dict[str, Any] = {"tab": "live", "part": "machines", "machines": [], "may_edit": request.role in _KEEPERS}
    try:
        with opened(request.factory) as reader:
            if reader is not None:
                found = assets_data.machines(reader, places, now)
                context |= {"machines": found, "tree": assets_data.tree(found), "levels": _levels()}
    except StoreError as error:
        context["error"] = {"ko": error.ko, "en": error.en}
    status = read_status(Path(request.factory.store)) if request.factory.store else None
    context |= {
        "connections": assets_data.connections(status, now),
        "forward": forward_data.forward(status, now),
        "collector": status,
        "may_test": assets_data.collector_file(request.factory.store) is not None,
        "trial": assets.trials(request.factory).first(),
    }
    return render(request, "floor/machines.html", context)


def _levels() -> list[tuple[str, str]]:
    words = (_("Site"), _("Area"), _("Line"), _("Called"), _("Kind of machine"))
    return list(zip(assets.LEVELS, words, strict=True))


@for_roles(*_KEEPERS)
@require_POST
def place(request: FactoryRequest) -> HttpResponse:
    """Keep the table of places."""
    given = request.POST.getlist("asset")[:_MOST_PLACED]
    columns = {level: request.POST.getlist(level) for level in assets.LEVELS}
    if any(len(values) < len(given) for values in columns.values()):
        raise Http404
    with opened(request.factory) as reader:
        known = set() if reader is None else {signal.asset for signal in reader.signals()}
    places = {
        asset: {level: values[row] for level, values in columns.items()}
        for row, asset in enumerate(given)
        if asset in known
    }
    assets.place_assets(factory=request.factory, places=places)
    messages.success(request, _("Kept."))
    return redirect("floor:machines", factory_key=request.factory.key)


@for_members
@require_POST
def test(request: FactoryRequest) -> HttpResponse:
    """Try every connection in the background."""
    if assets_data.collector_file(request.factory.store) is None:
        raise Http404
    assets.ask_trial(factory=request.factory, user=request.user)
    return redirect("floor:machines", factory_key=request.factory.key)


@for_members
@require_GET
def trial(request: FactoryRequest) -> HttpResponse:
    """How far the latest try is: asked for every second while it runs."""
    return render(request, "floor/trial.html", {"trial": assets.trials(request.factory).first()})


@for_members
@require_GET
def signals(request: FactoryRequest) -> HttpResponse:
    """The signal browser."""
    now = datetime.now(UTC)
    query, asset = request.GET.get("q", "").strip()[:100], request.GET.get("asset", "").strip()[:300]
    context: dict[str, Any] = {"tab": "live", "part": "signals", "query": query, "asset": asset}
    try:
        with opened(request.factory) as reader:
            everything = () if reader is None else reader.signals()
            found = assets_data.sought(everything, query, asset)
            page = Paginator(found, SIGNALS_A_PAGE).get_page(request.GET.get("page"))
            kinds = {one.asset: one.kind for one in AssetPlace.objects.of(request.factory)}
            for signal in page.object_list:
                kinds.setdefault(signal.asset, assets_data.guessed(signal.asset).get("kind", ""))
            rows = [] if reader is None else assets_data.signal_rows(reader, list(page.object_list), kinds, now)
    except StoreError as error:
        return render(request, "floor/signals.html", context | {"error": {"ko": error.ko, "en": error.en}})
    machines_there = sorted({signal.asset for signal in assets_data.sought(everything, "", "")})
    context |= {"page": page, "rows": rows, "assets": machines_there, "any": bool(everything)}
    return render(request, "floor/signals.html", context)
