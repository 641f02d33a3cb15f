"""Signing in with password and second factor, and the page of one's own account."""

import time
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import get_user_model, login
from django.contrib.auth import views as accounts
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import AbstractBaseUser
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse_lazy
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from jasang.web.tenants import identities, limits, proving, second_factor, services
from jasang.web.tenants.forms import SignInForm
from jasang.web.tenants.people_forms import EmailForm
from jasang.web.tenants.queries import sign_in_blocked
from jasang.web.tenants.reset_views import can_reset

_WAITING = "sign_in_waits_for_code"
_PATIENCE_SECONDS = 600


class SignIn(accounts.LoginView):
    """Name and password; whoever has a second factor is asked for it before he or she is in."""

    template_name = "tenants/sign_in.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True

    def form_valid(self, form: Any) -> HttpResponse:
        """In, or on to the second question."""
        user = form.get_user()
        return enter(self.request, user, backend=user.backend, to=self.get_success_url())

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """With the other ways in."""
        provider = settings.OIDC and settings.OIDC["name"]
        return super().get_context_data(**kwargs) | {"provider": provider, "can_reset": can_reset()}

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Not too often from one place."""
        limits.count("sign-in", limits.address_of(request))
        return super().post(request, *args, **kwargs)


def enter(
    request: HttpRequest, user: AbstractBaseUser, *, backend: str, to: str, second_factor_shown: bool = False
) -> HttpResponse:
    """In, and on to the address; whoever has a second factor and has not shown one is asked for it first."""
    if second_factor_shown or second_factor.factor_of(user) is None:
        login(request, user, backend=backend)
        if second_factor_shown:
            request.session[second_factor.PASSED] = True
        return HttpResponseRedirect(to)
    request.session.cycle_key()
    request.session[_WAITING] = {"user": user.pk, "backend": backend, "at": time.time(), "next": to}
    return redirect("sign-in-code")


@sensitive_post_parameters("code")
@require_http_methods(["GET", "POST"])
def sign_in_code(request: HttpRequest) -> HttpResponse:
    """The second question of signing in."""
    waiting = request.session.get(_WAITING)
    if waiting is None or time.time() - waiting["at"] > _PATIENCE_SECONDS:
        return redirect("sign-in")
    user = get_user_model().objects.filter(pk=waiting["user"], is_active=True).first()
    if user is None:
        return redirect("sign-in")
    if request.method == "GET":
        return render(request, "tenants/code.html")
    wrong = _wrong_code(request, user)
    if wrong:
        return render(request, "tenants/code.html", {"wrong": wrong}, status=HTTPStatus.BAD_REQUEST)
    del request.session[_WAITING]
    login(request, user, backend=waiting["backend"])
    request.session[second_factor.PASSED] = True
    return HttpResponseRedirect(waiting["next"])


def _wrong_code(request: HttpRequest, user: Any) -> str:
    """What is wrong with the code that was sent; blank when it is right. Guessing is slowed down as with passwords."""
    limits.count("code", user.pk)
    account, address = f"{user.get_username()} code"[:150], request.META.get("REMOTE_ADDR") or None
    if sign_in_blocked(account=account, address=address):
        return _("Too many wrong codes. Please wait 15 minutes and try again.")
    if not second_factor.check(user=user, code=request.POST.get("code", "")[:40]):
        services.note_sign_in_failure(account=account, address=address)
        return _("This code is wrong or was used already. Please take the next one.")
    services.forget_sign_in_failures(account=account, address=address)
    return ""


class ChangePassword(accounts.PasswordChangeView):
    """A new password signs out all other browsers."""

    template_name = "tenants/password.html"
    success_url = reverse_lazy("password-changed")

    def form_valid(self, form: Any) -> HttpResponse:
        """Keep the password and this browser only."""
        before = self.request.session.session_key
        answer = super().form_valid(form)
        second_factor.sign_out_elsewhere(user=self.request.user, here=before)
        second_factor.keep_sign_in(None, self.request, self.request.user)
        identities.password_is_own(self.request.user)
        return answer


@login_required
@require_http_methods(["GET", "POST"])
def account(request: HttpRequest) -> HttpResponse:
    """E-mail address, second factor, browsers."""
    posted = request.POST if request.method == "POST" else None
    form = EmailForm(posted, initial={"email": request.user.email})
    if form.is_valid():
        services.change_email(user=request.user, email=form.cleaned_data["email"])
        messages.success(request, _("Kept."))
        if identities.send_confirmation(user=request.user):
            messages.success(request, _("A letter with a link is on its way: it confirms the address."))
        return redirect("account")
    context = {
        "form": form,
        "factor": second_factor.factor_of(request.user),
        "codes_left": second_factor.codes_left(request.user),
        "has_post": second_factor.has_post(request.user),
        "sign_ins": second_factor.sign_ins(request.user),
        "here": request.session.session_key,
        "confirmed": identities.is_confirmed(request.user),
        "provider": settings.OIDC and settings.OIDC["name"],
        "identities": request.user.foreign_identities.order_by("pk"),
        "linking": proving.page_token(request) if settings.OIDC else "",
    }
    return render(request, "tenants/account.html", context, status=400 if form.is_bound else 200)


@login_required
@sensitive_post_parameters("code")
@require_http_methods(["GET", "POST"])
def enrol(request: HttpRequest) -> HttpResponse:
    """Take the secret into the phone and show the first code."""
    if second_factor.factor_of(request.user) is not None:
        if second_factor.needs_second_factor(request):
            return _ask_again(request)
        return redirect("account")
    factor = second_factor.begin(user=request.user)
    if request.method == "GET":
        return render(request, "tenants/enrol.html", {"secret": factor.secret})
    codes = second_factor.confirm(user=request.user, code=request.POST.get("code", "")[:40])
    if codes is None:
        wrong = _("This code is wrong. Is the clock of the phone right?")
        context = {"secret": factor.secret, "wrong": wrong}
        return render(request, "tenants/enrol.html", context, status=HTTPStatus.BAD_REQUEST)
    second_factor.sign_out_elsewhere(user=request.user, here=request.session.session_key)
    request.session[second_factor.PASSED] = True
    return render(request, "tenants/recovery_codes.html", {"codes": codes})


def _ask_again(request: HttpRequest) -> HttpResponse:
    """This browser signed in without the second factor (it was switched on elsewhere): show it now."""
    if request.method == "POST":
        wrong = _wrong_code(request, request.user)
        if wrong:
            return render(request, "tenants/code.html", {"wrong": wrong}, status=HTTPStatus.BAD_REQUEST)
        request.session[second_factor.PASSED] = True
        return redirect("start")
    return render(request, "tenants/code.html")


@login_required
@require_GET
def enrol_picture(request: HttpRequest) -> HttpResponse:
    """The QR code of a secret that is not in use yet."""
    if second_factor.factor_of(request.user) is not None:
        raise Http404
    return HttpResponse(second_factor.picture(second_factor.begin(user=request.user)), content_type="image/svg+xml")


@login_required
@require_POST
def new_codes(request: HttpRequest) -> HttpResponse:
    """New recovery codes, for a right code."""
    if second_factor.factor_of(request.user) is None:
        raise Http404
    wrong = _wrong_code(request, request.user)
    if wrong:
        messages.error(request, wrong)
        return redirect("account")
    context = {"codes": second_factor.fresh_codes(user=request.user)}
    return render(request, "tenants/recovery_codes.html", context)


@login_required
@require_POST
def switch_off(request: HttpRequest) -> HttpResponse:
    """Password alone again, for a right code; not for people whose role asks for it."""
    wrong = _wrong_code(request, request.user)
    if wrong:
        messages.error(request, wrong)
    else:
        second_factor.switch_off(user=request.user)
        request.session.pop(second_factor.PASSED, None)
    return redirect("account")


@login_required
@require_POST
def sign_out_elsewhere(request: HttpRequest) -> HttpResponse:
    """All other browsers have to sign in again."""
    second_factor.sign_out_elsewhere(user=request.user, here=request.session.session_key)
    messages.success(request, _("All other browsers are signed out."))
    return redirect("account")
