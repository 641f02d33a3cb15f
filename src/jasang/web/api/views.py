"""The pages of a factory's and of an organisation's keys."""

from collections.abc import Sequence
from datetime import timedelta
from http import HTTPStatus

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from jasang.errors import JasangError
from jasang.web.api import keys
from jasang.web.api.models import ApiKey
from jasang.web.tenants.access import FactoryRequest, OrganisationRequest, for_posts, for_roles
from jasang.web.tenants.models import Factory, Organisation, Role
from jasang.web.ui.language import current

KEEPERS = (Role.PROGRAMME_OPERATOR, Role.COOP_OPERATOR)  # who makes an organisation's keys
# What lets people in or out, and the trail, which is auditors', is given to a program only by those who may let in everybody.
_OF_THE_PROGRAMME_ONLY = ("people:write", "programme:write", "scim", "audit:read")


class KeyForm(forms.Form):
    """A new key."""

    name = forms.CharField(max_length=80)
    scopes = forms.MultipleChoiceField()
    days = forms.IntegerField(required=False, min_value=1, max_value=3650)

    def __init__(self, *args: object, scopes: list[str], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fields["scopes"].choices = [(scope, scope_words(scope)) for scope in scopes]


def scope_words(scope: str) -> str:
    """What a scope allows."""
    return {
        "factory:read": _("see the factory's name and place"),
        "people:read": _("see people and who looked"),
        "people:write": _("invite and take out people"),
        "floor:read": _("read findings, analyses and know-how"),
        "floor:write": _("hand over files, ask, act on findings"),
        "center:read": _("read cases"),
        "center:write": _("open and answer cases"),
        "webhooks:read": _("see webhooks and their calls"),
        "webhooks:write": _("set webhooks"),
        "organisation:read": _("see the organisation's name and place"),
        "audit:read": _("see who looked"),
        "programme:read": _("read the programme"),
        "programme:write": _("change the programme"),
        "scim": _("make, change and switch off people's accounts (SCIM)"),
    }.get(scope, scope)


def _page(request: HttpRequest, place: Factory | Organisation, scopes: Sequence[str], shown: str = "") -> HttpResponse:
    form, wrong = KeyForm(request.POST if not shown and request.method == "POST" else None, scopes=list(scopes)), ""
    bound = form.is_bound
    if form.is_valid():
        try:
            shown, form = _made(request, place, form), KeyForm(scopes=list(scopes))
        except JasangError as error:
            wrong = error.in_language(current())
    found = keys.keys(place)
    idle = keys.without_maker(place, found)
    rows = [(key, [scope_words(scope) for scope in key.scopes], key.pk in idle) for key in found]
    context = {"form": form, "shown": shown, "wrong": wrong, "rows": rows, "overlap": keys.OVERLAP_DAYS, "place": place}
    refused = bound and form.is_bound
    return render(request, "api/keys.html", context, status=HTTPStatus.BAD_REQUEST if refused else HTTPStatus.OK)


def _made(request: HttpRequest, place: Factory | Organisation, form: KeyForm) -> str:
    given = form.cleaned_data
    _key, text = keys.make_key(
        **({"factory": place} if isinstance(place, Factory) else {"organisation": place}),
        name=given["name"],
        scopes=given["scopes"],
        by=request.user,
        expires_at=timezone.now() + timedelta(days=given["days"]) if given["days"] else None,
    )
    return text


@for_roles(Role.OWNER)
@require_http_methods(["GET", "POST"])
def key_list(request: FactoryRequest) -> HttpResponse:
    """The keys that work; a new one is shown once."""
    return _page(request, request.factory, keys.scopes_for(request.factory))


@for_roles(Role.OWNER)
@require_POST
def rotate(request: FactoryRequest, prefix: str) -> HttpResponse:
    """A new key in place of an older one, which works some days more."""
    key = get_object_or_404(keys.keys(request.factory), prefix=prefix)
    _new, shown = keys.rotate(key=key, by=request.user)
    return _page(request, request.factory, keys.scopes_for(request.factory), shown)


@for_roles(Role.OWNER)
@require_POST
def end(request: FactoryRequest, prefix: str) -> HttpResponse:
    """The key no longer works."""
    keys.end_key(key=get_object_or_404(keys.keys(request.factory), prefix=prefix), by=request.user)
    return redirect("api-keys", factory_key=request.factory.key)


def _scopes(request: OrganisationRequest) -> list[str]:
    every = keys.scopes_for(request.organisation)
    if Role.PROGRAMME_OPERATOR in request.roles:
        return every
    return [scope for scope in every if scope not in _OF_THE_PROGRAMME_ONLY]


@for_posts(*KEEPERS)
@require_http_methods(["GET", "POST"])
def organisation_keys(request: OrganisationRequest) -> HttpResponse:
    """The keys of an organisation."""
    return _page(request, request.organisation, _scopes(request))


def _mine(request: OrganisationRequest, prefix: str) -> ApiKey:
    """The key, unless it may do more than this person may give away."""
    key = get_object_or_404(keys.keys(request.organisation), prefix=prefix)
    if set(key.scopes) - set(_scopes(request)):
        raise Http404
    return key


@for_posts(*KEEPERS)
@require_POST
def rotate_of_organisation(request: OrganisationRequest, prefix: str) -> HttpResponse:
    """As `rotate`."""
    _new, shown = keys.rotate(key=_mine(request, prefix), by=request.user)
    return _page(request, request.organisation, _scopes(request), shown)


@for_posts(*KEEPERS)
@require_POST
def end_of_organisation(request: OrganisationRequest, prefix: str) -> HttpResponse:
    """As `end`."""
    keys.end_key(key=_mine(request, prefix), by=request.user)
    return redirect("organisation-keys", organisation_key=request.organisation.key)
