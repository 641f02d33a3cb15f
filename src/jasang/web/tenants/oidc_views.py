"""Signing in by a foreign provider of OpenID Connect: there, back, linking, and signing out."""

import secrets
import time
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from jasang.errors import JasangError
from jasang.web.tenants import identities, limits, oidc, people, proving
from jasang.web.tenants.account_views import enter
from jasang.web.ui.language import current

_COURSE = "foreign_sign_in"  # in the session: what this sign-in is for
_THERE = "foreign_session"  # in the session: whom the provider named, and its own session
_LONGEST_TOKEN = 20_000
SIGNED_IN_BY = "foreign_token"  # in the session: the token, for signing out there too
_BACKEND = "django.contrib.auth.backends.ModelBackend"


def _absolute(request: HttpRequest, name: str) -> str:
    path = reverse(name)
    return settings.PUBLIC_ADDRESS + path if settings.PUBLIC_ADDRESS else request.build_absolute_uri(path)


@require_GET
def begin(request: HttpRequest) -> HttpResponse:
    """To the provider: to sign in, with an invitation, or to link the signed-in account."""
    if settings.OIDC is None:
        raise Http404
    limits.count("foreign", limits.address_of(request))
    course: dict[str, Any] = {"next": _inside(request, request.GET.get("next", ""))}
    if token := request.GET.get("invitation", "")[:100]:
        if people.invitation(token) is None:
            raise Http404
        course["invitation"] = token
    for deed in ("link", "prove"):
        if asked := request.GET.get(deed, ""):
            if not request.user.is_authenticated or not _same(asked, request.session.get(proving.LINKING, "")):
                raise Http404
            course[deed] = request.user.pk
    request.session[_COURSE] = course
    try:
        return oidc.way_there(request, _absolute(request, "foreign-back"), anew="prove" in course)
    except JasangError as error:
        return _told_off(request, error)


def _inside(request: HttpRequest, address: str) -> str:
    fits = url_has_allowed_host_and_scheme(address, {request.get_host()}, require_https=request.is_secure())
    return address if fits else reverse("start")


def _same(one: str, other: str) -> bool:
    return bool(other) and secrets.compare_digest(one.encode(), other.encode())


@require_GET
def back(request: HttpRequest) -> HttpResponse:
    """From the provider: its answer is checked, then the person is in, asked for the second factor, or told why not."""
    if settings.OIDC is None:
        raise Http404
    limits.count("foreign", limits.address_of(request))
    course = request.session.pop(_COURSE, None)
    try:
        told = oidc.way_back(request)
        if course is None:
            raise identities.IdentityError(ko="로그인을 처음부터 다시 하세요.", en="Please begin signing in again.")
        if "link" in course:
            return _link(request, told, course)
        if "prove" in course:
            return _prove(request, told, course)
        user = identities.account_of(told, invitation=course.get("invitation", ""))
    except JasangError as error:
        return _told_off(request, error)
    answer = enter(request, user, backend=_BACKEND, to=course["next"], second_factor_shown=told.second_factor)
    request.session[SIGNED_IN_BY] = told.token
    request.session[_THERE] = {"subject": told.subject, "session": told.session}
    return answer


@csrf_exempt
@require_POST
def ended(request: HttpRequest) -> HttpResponse:
    """The provider says, server to server, that a person or a session has ended there (back-channel logout)."""
    if settings.OIDC is None:
        raise Http404
    try:
        told = oidc.read_logout_token(request.POST.get("logout_token", "")[:_LONGEST_TOKEN])
    except JasangError:
        limits.count("foreign", limits.address_of(request))
        return JsonResponse({"error": "invalid_request"}, status=400, headers={"Cache-Control": "no-store"})
    identities.end_sign_ins(told, mark=_THERE)
    return HttpResponse(headers={"Cache-Control": "no-store"})


def _link(request: HttpRequest, told: oidc.Told, course: dict[str, Any]) -> HttpResponse:
    if not request.user.is_authenticated or request.user.pk != course["link"]:
        raise identities.IdentityError(ko="로그인을 처음부터 다시 하세요.", en="Please begin signing in again.")
    request.session.pop(proving.LINKING, None)
    identities.link(told, user=request.user)
    messages.success(request, _("Linked: from now on you can sign in there."))
    return redirect("account")


def _prove(request: HttpRequest, told: oidc.Told, course: dict[str, Any]) -> HttpResponse:
    """The person of this browser signed in there anew: known by the linked identity and by the moment that the token tells."""
    same = request.user.is_authenticated and request.user.pk == course["prove"]
    if not same or not identities.opens(told, user=request.user):
        raise identities.IdentityError(
            ko="지금 로그인한 사람과 다른 사람입니다. 같은 사람으로 다시 확인하세요.",
            en="This is not the person who is signed in here. Please confirm as the same person.",
        )
    if identities.linked_since_sign_in(told, session=request.session.session_key):
        raise identities.IdentityError(
            ko="지금 로그인한 뒤에 연결한 신원으로는 확인할 수 없습니다. 로그아웃하고 다시 로그인한 뒤 하세요.",
            en="An identity that was linked since you signed in proves nothing. Sign out, sign in again, and then confirm.",
        )
    if told.signed_in_at is None or time.time() - told.signed_in_at > proving.SECONDS:
        raise identities.IdentityError(
            ko="로그인 서비스가 방금 로그인했다는 것을 알려 주지 않았습니다. '내 계정'에서 2단계 인증을 켜고 그 코드로 하세요.",
            en="The sign-in service did not say that you signed in just now. "
            "Switch on the second factor in 'My account' and use its code.",
        )
    proving.keep(request)
    return redirect(course["next"])


def _told_off(request: HttpRequest, error: JasangError) -> HttpResponse:
    context = {"reason": error.in_language(current()), "provider": settings.OIDC["name"]}
    return render(request, "tenants/foreign_refused.html", context, status=HTTPStatus.BAD_REQUEST)


@login_required
@require_POST
def unlink(request: HttpRequest, number: int) -> HttpResponse:
    """The identity no longer opens this account."""
    try:
        identities.unlink(user=request.user, number=min(number, 2**63 - 1))
    except JasangError as error:
        messages.error(request, error.in_language(current()))
    return redirect("account")


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """Out here; who came by the provider is shown the way out there too."""
    token = request.session.get(SIGNED_IN_BY)
    logout(request)
    there = oidc.way_out(token, _absolute(request, "sign-in")) if token and settings.OIDC else None
    if there is None:
        return redirect("sign-in")
    return render(request, "tenants/signed_out.html", {"there": there, "provider": settings.OIDC["name"]})


@require_GET
def confirm_email(request: HttpRequest, token: str) -> HttpResponse:
    """The link of the letter."""
    if not identities.confirm_by_link(token):
        raise Http404
    messages.success(request, _("The e-mail address is confirmed."))
    return redirect("account" if request.user.is_authenticated else "sign-in")
