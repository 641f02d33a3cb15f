"""A new password by a letter, for who forgot the old one. The second factor stays as it is."""

import unicodedata
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth import views as accounts
from django.contrib.auth.forms import PasswordResetForm
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse_lazy
from django.utils import timezone, translation
from django.utils.translation import get_language

from jasang.web.tenants import identities, limits, second_factor
from jasang.web.tenants.models import ResetAsked

_WORTH_SENDING = timedelta(minutes=30)
_MOST_AT_ONCE = 50


def can_reset() -> bool:
    """Whether letters can be sent and know what their links begin with."""
    return settings.SMTP is not None and bool(settings.PUBLIC_ADDRESS)


class _Form(PasswordResetForm):
    def save(self, **options: Any) -> None:
        """Only written down: known or not, the answer takes the same time. A worker sends the letters (`send_asked`)."""
        ResetAsked.objects.create(email=self.cleaned_data["email"], language=get_language() or settings.LANGUAGE_CODE)

    def get_users(self, email: str) -> Iterator[Any]:
        """Accounts with a password, and those without one (made by a provider or a directory) whose address is confirmed."""
        for user in get_user_model().objects.filter(email__iexact=email, is_active=True):
            if same_address(email, user.email) and (user.has_usable_password() or identities.is_confirmed(user)):
                yield user


def same_address(one: str, other: str) -> bool:
    """Whether two addresses are one, also where letters of other scripts look alike (CVE-2019-19844)."""
    return unicodedata.normalize("NFKC", one).casefold() == unicodedata.normalize("NFKC", other).casefold()


def send_asked() -> None:
    """The chore: the letters that were asked for. Each is tried once, by one worker; who gets none asks again."""
    for asked in ResetAsked.objects.order_by("pk")[:_MOST_AT_ONCE]:
        mine, _ = ResetAsked.objects.filter(pk=asked.pk).delete()
        form = _Form({"email": asked.email})
        if mine and can_reset() and asked.at > timezone.now() - _WORTH_SENDING and form.is_valid():
            with translation.override(asked.language):
                super(_Form, form).save(
                    # Links begin with the address of the settings, never with what a request says its host is.
                    domain_override="portal",
                    extra_email_context={"address": settings.PUBLIC_ADDRESS},
                    subject_template_name=Forgotten.subject_template_name,
                    email_template_name=Forgotten.email_template_name,
                )


class Forgotten(accounts.PasswordResetView):
    """Ask for the letter. The answer is the same whether or not there is such an account."""

    template_name = "tenants/forgotten.html"
    email_template_name = "tenants/reset_letter.txt"
    subject_template_name = "tenants/reset_subject.txt"
    form_class = _Form
    success_url = reverse_lazy("forgotten-sent")

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Only where letters can be sent."""
        if not can_reset():
            raise Http404
        return super().dispatch(request, *args, **kwargs)

    def form_valid(self, form: Any) -> HttpResponse:
        """Not too many letters to one address, nor from one place."""
        limits.count("reset", f"address {limits.address_of(self.request)}")
        limits.count("reset", f"email {form.cleaned_data['email'].lower()}")
        return super().form_valid(form)


class Sent(accounts.PasswordResetDoneView):
    """The letter is on its way, perhaps."""

    template_name = "tenants/forgotten.html"
    extra_context = {"sent": True}


class NewPassword(accounts.PasswordResetConfirmView):
    """The link of the letter: a new password signs out all browsers."""

    template_name = "tenants/new_password.html"
    success_url = reverse_lazy("sign-in")

    def form_valid(self, form: Any) -> HttpResponse:
        """Keep it, and end what an intruder may have open."""
        second_factor.sign_out_elsewhere(user=self.user, here=None)
        identities.password_is_own(self.user)
        return super().form_valid(form)
