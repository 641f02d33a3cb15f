"""The pages on which the tree grows: organisations and factories below one's own, and the first account of a new portal."""

from http import HTTPStatus
from secrets import compare_digest
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth import login
from django.core.paginator import Paginator
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from jasang.connect.factory_toml import REGIONS
from jasang.errors import JasangError
from jasang.web.tenants import below, people
from jasang.web.tenants.access import OrganisationRequest, for_posts
from jasang.web.tenants.models import Organisation, OrganisationKind, Role
from jasang.web.tenants.people_forms import NewAccountForm
from jasang.web.tenants.showing import kind_words
from jasang.web.ui.language import current

_PER_PAGE = 50
_GROWING = (Role.PROGRAMME_OPERATOR, Role.COOP_OPERATOR)


class _Named(forms.Form):
    name = forms.CharField(max_length=120, error_messages={"required": gettext_lazy("Please give a name.")})
    region = forms.ChoiceField(choices=[("", ""), *((one, one) for one in REGIONS)], required=False)
    industry = forms.RegexField(
        r"^[A-Z]?\d{0,5}$", required=False, max_length=10,
        error_messages={"invalid": gettext_lazy("The code of the industry is as in C29294.")},
    )  # fmt: skip


class OrganisationForm(_Named):
    """A new organisation."""

    kind = forms.ChoiceField(choices=OrganisationKind.choices)


class FactoryForm(_Named):
    """A new factory and for whom the owner's link is."""

    email = forms.EmailField(required=False, max_length=254)


@for_posts(*_GROWING)
@require_http_methods(["GET"])
def organisations(request: OrganisationRequest) -> HttpResponse:
    """Organisations and factories directly below."""
    return _page(request)


def _page(
    request: OrganisationRequest, form: forms.Form | None = None, made: Any = None, link: str = ""
) -> HttpResponse:
    place = request.organisation
    kinds = below.KINDS_BELOW.get(place.kind, ())
    rows = [(one, kind_words(one.kind)) for one in below.organisations_below(place)]
    context = {
        "tab": "organisations",
        "rows": rows,
        "page": Paginator(below.factories_at(place), _PER_PAGE).get_page(request.GET.get("page")),
        "kinds": [(kind.value, kind_words(kind)) for kind in kinds],
        "regions": REGIONS,
        "form": form,
        "which": type(form).__name__ if form is not None else "",
        "made": made,
        "link": link,
        "days": people.DAYS_OPEN,
        "may_name": Role.PROGRAMME_OPERATOR in request.roles,
    }
    status = HTTPStatus.BAD_REQUEST if form is not None else HTTPStatus.OK
    return render(request, "tenants/organisations.html", context, status=status)


@for_posts(*_GROWING)
@require_POST
def add_organisation(request: OrganisationRequest) -> HttpResponse:
    """Set up an organisation below."""
    form = OrganisationForm(request.POST)
    if form.is_valid():
        given = form.cleaned_data
        kind = OrganisationKind(given.pop("kind"))
        try:
            made = below.add_organisation(parent=request.organisation, by=request.user, kind=kind, **given)
        except JasangError as error:
            form.add_error(None, error.in_language(current()))
        else:
            messages.success(request, _("%(name)s is set up.") % {"name": made.name})
            return redirect("organisations", organisation_key=request.organisation.key)
    return _page(request, form)


@for_posts(*_GROWING)
@require_POST
def add_factory(request: OrganisationRequest) -> HttpResponse:
    """Set up a factory of the organisation; the owner's link is shown once."""
    form = FactoryForm(request.POST)
    if form.is_valid():
        try:
            made, token = below.add_factory(organisation=request.organisation, by=request.user, **form.cleaned_data)
        except JasangError as error:
            form.add_error(None, error.in_language(current()))
        else:
            return _page(request, made=made, link=request.build_absolute_uri(reverse("join", args=[token])))
    return _page(request, form)


@for_posts(Role.PROGRAMME_OPERATOR)
@require_POST
def rename(request: OrganisationRequest) -> HttpResponse:
    """Another name for the organisation."""
    name = request.POST.get("name", "").strip()[:120]
    if name:
        below.rename(organisation=request.organisation, name=name, by=request.user)
    return redirect("organisations", organisation_key=request.organisation.key)


@sensitive_post_parameters("password1", "password2")
@require_http_methods(["GET", "POST"])
def begin(request: HttpRequest, token: str) -> HttpResponse:
    """The first account of a portal that has none, for whoever has the link from the terminal."""
    key = below.first_key()
    if key is None or not compare_digest(key.encode(), token.encode()):
        raise Http404
    form = NewAccountForm(request.POST if request.method == "POST" else None)
    names = {name: request.POST.get(name, "").strip()[:120] for name in ("operator", "factory")}
    trouble = ""
    if form.is_valid():
        try:
            with transaction.atomic():
                user = form.save()
                place = below.begin(user=user, operator=names["operator"], factory=names["factory"])
        except JasangError as error:
            trouble = error.in_language(current())
        else:
            login(request, user, backend="django.contrib.auth.backends.ModelBackend")
            below.first_key()
            if isinstance(place, Organisation):
                return redirect("organisations", organisation_key=place.key)
            return redirect("start")
    context = {"form": form, "names": names, "trouble": trouble}
    status = HTTPStatus.BAD_REQUEST if form.is_bound else HTTPStatus.OK
    return render(request, "tenants/begin.html", context, status=status)
