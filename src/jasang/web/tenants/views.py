"""Signing in and out, one's password, and the page a person starts on."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.generic import RedirectView

from jasang.web.tenants.queries import factories_of


@login_required
def start(request: HttpRequest) -> HttpResponse:
    """The person's one factory, or the list when there are several."""
    factories = list(factories_of(request.user))
    if len(factories) == 1:
        return redirect("floor:findings", factory_key=factories[0].key)
    return render(request, "tenants/start.html", {"factories": factories})


class FavIcon(RedirectView):
    """Browsers ask for it by themselves."""

    url = "/static/ui/icon.svg"
    permanent = True
