"""Addresses around the account."""

from django.contrib.auth import views as accounts
from django.urls import path, reverse_lazy

from jasang.web.tenants.forms import SignInForm

urlpatterns = [
    path(
        "sign-in/",
        accounts.LoginView.as_view(
            template_name="tenants/sign_in.html", authentication_form=SignInForm, redirect_authenticated_user=True
        ),
        name="sign-in",
    ),
    path("sign-out/", accounts.LogoutView.as_view(next_page="sign-in"), name="sign-out"),
    path(
        "password/",
        accounts.PasswordChangeView.as_view(
            template_name="tenants/password.html", success_url=reverse_lazy("password-changed")
        ),
        name="password",
    ),
    path(
        "password/changed/",
        accounts.PasswordChangeDoneView.as_view(template_name="tenants/password_changed.html"),
        name="password-changed",
    ),
]
