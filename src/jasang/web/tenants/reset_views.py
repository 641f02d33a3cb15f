"""A new password by a letter, for who forgot the old one. The second factor stays as it is."""

from typing import Any

from django.conf import settings
from django.contrib.auth import views as accounts
from django.contrib.auth.forms import PasswordResetForm
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse_lazy

from jasang.web.tenants import limits, second_factor


def can_reset() -> bool:
    """Whether letters can be sent and know what their links begin with."""
    return settings.SMTP is not None and bool(settings.PUBLIC_ADDRESS)


class _Form(PasswordResetForm):
    def save(self, **options: Any) -> None:
        """Links begin with the address of the settings, never with what the request says its host is."""
        super().save(
            **options | {"domain_override": "portal", "extra_email_context": {"address": settings.PUBLIC_ADDRESS}}
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
        return super().form_valid(form)
