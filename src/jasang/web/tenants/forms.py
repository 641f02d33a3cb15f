"""Signing in, with a brake on guessing."""

from typing import Any

from django.contrib.auth.forms import AuthenticationForm
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from jasang.web.tenants import services
from jasang.web.tenants.queries import sign_in_blocked


class SignInForm(AuthenticationForm):
    """Name and password; too many wrong ones and the account waits, even for the right one."""

    error_messages = {
        "invalid_login": _("Name or password is wrong. Please try again."),
        "inactive": _("This account is switched off."),
        "blocked": _("Too many wrong passwords. Please wait 15 minutes and try again."),
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].label = _("User name")
        self.fields["password"].label = _("Password")

    def clean(self) -> dict[str, Any]:
        """Check the password unless there were too many wrong ones lately."""
        account = self.cleaned_data.get("username") or ""
        address = self.request.META.get("REMOTE_ADDR") or None
        if sign_in_blocked(account=account, address=address):
            raise ValidationError(self.error_messages["blocked"], code="blocked")
        try:
            cleaned = super().clean()
        except ValidationError:
            services.note_sign_in_failure(account=account, address=address)
            raise
        services.forget_sign_in_failures(account=account, address=address)
        return cleaned
