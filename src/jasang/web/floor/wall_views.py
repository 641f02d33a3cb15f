"""The wall screen (no signing in) and the page on which its links are made and revoked."""

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from jasang.errors import StoreError
from jasang.web.floor import trends_data, walls
from jasang.web.floor.connected_forms import WallForm, named
from jasang.web.floor.connected_models import WallLink
from jasang.web.floor.trends_views import opened
from jasang.web.tenants.access import FactoryRequest, for_members, for_roles
from jasang.web.tenants.models import Role
from jasang.web.ui.language import current

# Accounts made before there were roles are engineers.
_KEEPERS = (Role.OWNER, Role.ENGINEER)


@for_members
@require_http_methods(["GET", "POST"])
def links(request: FactoryRequest) -> HttpResponse:
    """The links of wall screens; a new one shows its address once."""
    may_edit = request.role in _KEEPERS
    if request.method == "POST" and not may_edit:
        raise Http404
    form = WallForm(request.POST) if request.method == "POST" else WallForm()
    context: dict[str, Any] = {"tab": "live", "part": "wall", "may_edit": may_edit, "most": walls.MOST_SIGNALS}
    if form.is_valid():
        chosen = named(request.POST.getlist("signal"))[: walls.MOST_SIGNALS]
        _link, secret = walls.make_link(factory=request.factory, user=request.user, signals=chosen, **form.cleaned_data)
        context["made"] = request.build_absolute_uri(reverse("floor:wall", args=[secret]))
    try:
        with opened(request.factory) as reader:
            context["signals"] = [] if reader is None else list(trends_data.numeric_signals(reader))
    except StoreError as error:
        context["error"] = {"ko": error.ko, "en": error.en}
    context |= {"links": walls.links(request.factory).select_related("made_by"), "form": form, "language": current()}
    refused = form.is_bound and not form.is_valid()
    return render(
        request, "floor/wall_links.html", context, status=HTTPStatus.BAD_REQUEST if refused else HTTPStatus.OK
    )


@for_roles(*_KEEPERS)
@require_POST
def revoke(request: FactoryRequest, key: UUID) -> HttpResponse:
    """Make a link useless."""
    walls.revoke_link(link=get_object_or_404(walls.links(request.factory).select_related("factory"), key=key))
    return redirect("floor:wall-links", factory_key=request.factory.key)


@require_GET
def wall(request: Any, secret: str) -> HttpResponse:
    """The screen of a link; it asks for its news by itself. An unknown or revoked link does not exist."""
    link = walls.link_of(secret)
    if link is None:
        raise Http404
    with translation.override(link.language), timezone.override(ZoneInfo(link.factory.timezone)):
        context = _shown(link) | {"secret": secret}
        answer = render(request, "floor/wall_news.html" if request.htmx else "floor/wall.html", context)
    answer["Content-Language"] = link.language
    # The address is the key: no other server and no search engine may learn it.
    answer["Referrer-Policy"] = "no-referrer"
    answer["X-Robots-Tag"] = "noindex, nofollow"
    return answer


def _shown(link: WallLink) -> dict[str, Any]:
    now = datetime.now(UTC)
    try:
        with opened(link.factory) as reader:
            view = walls.wall_view(reader, link.factory, link.signals, now)
    except StoreError as error:
        view = {"status": {"state": "away", "words": error.in_language(current())}}
    return view | {"link": link, "now": now, "language": link.language}
