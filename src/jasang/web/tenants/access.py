"""Who may see a page: members of its factory. A stranger learns nothing, not even that the factory exists (404)."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django_htmx.http import HttpResponseClientRefresh
from django_htmx.middleware import HtmxDetails

from jasang.web.tenants.models import Factory
from jasang.web.tenants.queries import factories_of


class FactoryRequest(HttpRequest):
    """A request of a member of the factory in its address."""

    factory: Factory
    htmx: HtmxDetails


def for_members(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Find the factory of the address among the person's own, and show its times in its own zone."""

    @wraps(view)
    def guarded(request: FactoryRequest, factory_key: str, **kwargs: Any) -> HttpResponse:
        if not request.user.is_authenticated:
            # A part of a page that asks for news must not be replaced by the sign-in form: the whole page goes there.
            return HttpResponseClientRefresh() if request.htmx else redirect_to_login(request.get_full_path())
        request.factory = get_object_or_404(factories_of(request.user), key=factory_key)
        with timezone.override(ZoneInfo(request.factory.timezone)):
            return view(request, **kwargs)

    return guarded
