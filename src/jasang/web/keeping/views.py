"""The page on which an owner closes the factory."""

from http import HTTPStatus

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from jasang.errors import JasangError
from jasang.web.keeping import closing
from jasang.web.tenants import limits, proving, second_factor
from jasang.web.tenants.access import FactoryRequest, for_roles
from jasang.web.tenants.models import Role
from jasang.web.ui.language import current


def _page(request: FactoryRequest, wrong: str = "") -> HttpResponse:
    context = {
        "closing": closing.open_closing(request.factory),
        "days": settings.CLOSING_DAYS,
        "wrong": wrong,
        "factor": second_factor.factor_of(request.user),
        "proved": proving.is_fresh(request),
        "way": ""
        if request.user.has_usable_password()
        else proving.way(request, reverse("close", args=[request.factory.key])),
        "provider": settings.OIDC and settings.OIDC["name"],
    }
    status = HTTPStatus.BAD_REQUEST if wrong else HTTPStatus.OK
    return render(request, "keeping/close.html", context, status=status)


@for_roles(Role.OWNER)
@require_http_methods(["GET", "POST"])
def close(request: FactoryRequest) -> HttpResponse:
    """What closing means; the first word."""
    if request.method == "POST":
        try:
            closing.ask(factory=request.factory, by=request.user, name=request.POST.get("name", "")[:200])
        except JasangError as error:
            return _page(request, error.in_language(current()))
        return redirect("close", factory_key=request.factory.key)
    return _page(request)


@sensitive_post_parameters("proof")
@for_roles(Role.OWNER)
@require_POST
def confirm(request: FactoryRequest) -> HttpResponse:
    """The second word, with the phone's code, the password or a sign-in at the provider: an open browser is not enough."""
    limits.count("code", request.user.pk)
    proof = request.POST.get("proof", "")[:200]
    if second_factor.factor_of(request.user) is not None:
        right = second_factor.check(user=request.user, code=proof)
    elif request.user.has_usable_password():
        right = request.user.check_password(proof)
    else:
        right = proving.use(request)
    if not right:
        return _page(request, _("This is not right. Please try again."))
    try:
        closing.confirm(factory=request.factory, by=request.user)
    except JasangError as error:
        return _page(request, error.in_language(current()))
    return redirect("close", factory_key=request.factory.key)


@for_roles(Role.OWNER)
@require_POST
def undo(request: FactoryRequest) -> HttpResponse:
    """Take it back."""
    try:
        closing.undo(factory=request.factory, by=request.user)
    except JasangError as error:
        return _page(request, error.in_language(current()))
    return redirect("close", factory_key=request.factory.key)
