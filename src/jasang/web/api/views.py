"""The page of a factory's keys."""

from datetime import timedelta
from http import HTTPStatus

from django import forms
from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from jasang.errors import JasangError
from jasang.web.api import keys
from jasang.web.tenants.access import FactoryRequest, for_roles
from jasang.web.tenants.models import Role
from jasang.web.ui.language import current


class KeyForm(forms.Form):
    """A new key."""

    name = forms.CharField(max_length=80)
    scopes = forms.MultipleChoiceField()
    days = forms.IntegerField(required=False, min_value=1, max_value=3650)

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fields["scopes"].choices = [(scope, scope_words(scope)) for scope in settings.API_SCOPES]


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
    }.get(scope, scope)


@for_roles(Role.OWNER)
@require_http_methods(["GET", "POST"])
def key_list(request: FactoryRequest) -> HttpResponse:
    """The keys that work; a new one is shown once."""
    form, shown, wrong = KeyForm(request.POST if request.method == "POST" else None), None, ""
    if form.is_valid():
        given = form.cleaned_data
        expires_at = timezone.now() + timedelta(days=given["days"]) if given["days"] else None
        try:
            _made, shown = keys.make_key(
                factory=request.factory,
                name=given["name"],
                scopes=given["scopes"],
                by=request.user,
                expires_at=expires_at,
            )
            form = KeyForm()
        except JasangError as error:
            wrong = error.in_language(current())
    return _page(request, form, shown=shown, wrong=wrong)


def _page(request: FactoryRequest, form: KeyForm, *, shown: str | None, wrong: str = "") -> HttpResponse:
    rows = [(key, [scope_words(scope) for scope in key.scopes]) for key in keys.keys(request.factory)]
    context = {"form": form, "shown": shown, "wrong": wrong, "rows": rows, "overlap": keys.OVERLAP_DAYS}
    status = HTTPStatus.BAD_REQUEST if form.is_bound else HTTPStatus.OK
    return render(request, "api/keys.html", context, status=status)


@for_roles(Role.OWNER)
@require_POST
def rotate(request: FactoryRequest, prefix: str) -> HttpResponse:
    """A new key in place of an older one, which works some days more."""
    key = get_object_or_404(keys.keys(request.factory), prefix=prefix)
    _made, shown = keys.rotate(key=key, by=request.user)
    return _page(request, KeyForm(), shown=shown)


@for_roles(Role.OWNER)
@require_POST
def end(request: FactoryRequest, prefix: str) -> HttpResponse:
    """The key no longer works."""
    keys.end_key(key=get_object_or_404(keys.keys(request.factory), prefix=prefix), by=request.user)
    return redirect("api-keys", factory_key=request.factory.key)
