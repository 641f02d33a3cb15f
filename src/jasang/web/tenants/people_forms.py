"""Forms about people: inviting, a new account with an invitation, the own account."""

from typing import Any

from django import forms
from django.contrib.auth import get_user_model
from django.contrib.auth.forms import BaseUserCreationForm
from django.utils.translation import gettext_lazy as _

from jasang.web.tenants.models import GUEST_ROLES, Role
from jasang.web.tenants.people import GUEST_DAYS
from jasang.web.tenants.showing import role_words


class InviteForm(forms.Form):
    """Whom to invite as what."""

    role = forms.ChoiceField()
    email = forms.EmailField(required=False, max_length=254)
    guest_days = forms.IntegerField(required=False, min_value=1, max_value=366)

    def __init__(self, *args: Any, roles: tuple[Role, ...], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"].choices = [(role.value, role_words(role)) for role in roles]
        if Role.ENGINEER in roles:  # an owner is made on purpose only
            self.fields["role"].initial = Role.ENGINEER.value
        self.guests = any(role in GUEST_ROLES for role in roles)
        self.fields["guest_days"].initial = GUEST_DAYS

    def wanted(self) -> dict[str, Any]:
        """The arguments of `people.invite`."""
        given = self.cleaned_data
        return {
            "role": Role(given["role"]),
            "email": given["email"],
            "guest_days": given["guest_days"] or GUEST_DAYS,
        }


class NewAccountForm(BaseUserCreationForm):
    """Name and password of somebody who came with an invitation."""

    class Meta:
        model = get_user_model()
        fields = ("username",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].label = _("User name")
        self.fields["password1"].label = _("Password")
        self.fields["password2"].label = _("Password once more")

    def clean_username(self) -> str:
        """Names that differ in capital letters only would be mistaken for each other."""
        name = self.cleaned_data["username"]
        if get_user_model().objects.filter(username__iexact=name).exists():
            raise forms.ValidationError(_("This name is taken already. Please choose another one."))
        return name


class EmailForm(forms.Form):
    """Where news may be sent."""

    email = forms.EmailField(required=False, max_length=254, label=_("E-mail address"))
