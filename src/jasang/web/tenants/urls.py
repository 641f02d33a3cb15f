"""Addresses around accounts, people and the audit trail."""

from django.contrib.auth import views as accounts
from django.urls import path

from jasang.web.tenants import account_views, below_views, oidc_views, people_views, reset_views

urlpatterns = [
    path("sign-in/", account_views.SignIn.as_view(), name="sign-in"),
    path("sign-in/code/", account_views.sign_in_code, name="sign-in-code"),
    path("sign-in/with/", oidc_views.begin, name="foreign-sign-in"),
    path("sign-in/back/", oidc_views.back, name="foreign-back"),
    path("sign-in/ended/", oidc_views.ended, name="foreign-ended"),
    path("forgotten/", reset_views.Forgotten.as_view(), name="forgotten"),
    path("forgotten/sent/", reset_views.Sent.as_view(), name="forgotten-sent"),
    path("forgotten/<str:uidb64>/<str:token>/", reset_views.NewPassword.as_view(), name="new-password"),
    path("sign-out/", oidc_views.sign_out, name="sign-out"),
    path("password/", account_views.ChangePassword.as_view(), name="password"),
    path(
        "password/changed/",
        accounts.PasswordChangeDoneView.as_view(template_name="tenants/password_changed.html"),
        name="password-changed",
    ),
    path("account/", account_views.account, name="account"),
    path("account/identities/<int:number>/unlink/", oidc_views.unlink, name="unlink"),
    path("account/e-mail/<str:token>/", oidc_views.confirm_email, name="confirm-email"),
    path("account/second-factor/", account_views.enrol, name="enrol"),
    path("account/second-factor/picture.svg", account_views.enrol_picture, name="enrol-picture"),
    path("account/second-factor/codes/", account_views.new_codes, name="new-codes"),
    path("account/second-factor/off/", account_views.switch_off, name="second-factor-off"),
    path("account/sign-out-elsewhere/", account_views.sign_out_elsewhere, name="sign-out-elsewhere"),
    path("invitation/<str:token>/", people_views.join, name="join"),
    path("f/<str:factory_key>/people/", people_views.factory_people, name="people"),
    path("f/<str:factory_key>/people/<int:number>/role/", people_views.change_role, name="change-role"),
    path("f/<str:factory_key>/people/<int:number>/remove/", people_views.remove_member, name="remove-member"),
    path("f/<str:factory_key>/people/invitations/<int:number>/revoke/", people_views.revoke, name="revoke"),
    path("f/<str:factory_key>/leave/", people_views.leave, name="leave"),
    path("f/<str:factory_key>/audit/", people_views.factory_audit, name="audit"),
    path("begin/<str:token>/", below_views.begin, name="begin"),
    path("o/<str:organisation_key>/organisations/", below_views.organisations, name="organisations"),
    path("o/<str:organisation_key>/organisations/new/", below_views.add_organisation, name="add-organisation"),
    path("o/<str:organisation_key>/factories/new/", below_views.add_factory, name="add-factory"),
    path("o/<str:organisation_key>/name/", below_views.rename, name="rename-organisation"),
    path("o/<str:organisation_key>/people/", people_views.organisation_people, name="organisation-people"),
    path("o/<str:organisation_key>/people/<int:number>/remove/", people_views.remove_post, name="remove-post"),
    path(
        "o/<str:organisation_key>/people/invitations/<int:number>/revoke/",
        people_views.revoke_of_organisation,
        name="organisation-revoke",
    ),
    path("o/<str:organisation_key>/audit/", people_views.organisation_audit, name="organisation-audit"),
]
