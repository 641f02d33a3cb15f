"""Whose account a foreign identity opens, linking and unlinking, and addresses that are known to be a person's own."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.contrib.sessions.models import Session
from django.core import signing
from django.core.mail import send_mail
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from jasang.errors import JasangError
from jasang.web.tenants import people
from jasang.web.tenants.models import (
    FACTORY_ROLES,
    ConfirmedEmail,
    ForeignIdentity,
    GivenPassword,
    Membership,
    Organisation,
    Post,
    SignedIn,
)
from jasang.web.tenants.oidc import Ended, Told
from jasang.web.tenants.services import note_event

_SALT = "jasang.confirm-email"
_LETTER_SECONDS = 3 * 86400


class IdentityError(JasangError):
    """The identity opens no account, or cannot be linked."""


@transaction.atomic
def account_of(told: Told, *, invitation: str = "") -> AbstractBaseUser:
    """The account that this identity opens: the linked one, that with this confirmed address, or a new one for somebody invited.

    `invitation` is the token of an invitation's link from which the person came.
    """
    user = _linked(told) or _known_by_address(told)
    if invitation:
        user = user or _new_account(told)
        people.join(token=invitation, user=user)
    elif user is None:
        waiting = people.waiting_invitations(email__iexact=told.email) if told.email else []
        if not waiting:
            raise _unknown(told)
        user = _new_account(told)
        for one in waiting:
            people.take(invitation=one, user=user)
    if not user.is_active:
        raise IdentityError(ko="꺼진 계정입니다. 관리자에게 물어보세요.", en="This account is switched off.")
    _keep(told, user)
    return user


def _linked(told: Told) -> Any:
    found = ForeignIdentity.objects.filter(issuer=told.issuer, subject=told.subject).select_related("user").first()
    return found.user if found else None


def opens(told: Told, *, user: AbstractBaseUser) -> bool:
    """Whether this identity is linked to the account."""
    found = _linked(told)
    return found is not None and bool(found.pk == user.pk)


def linked_since_sign_in(told: Told, *, session: str | None) -> bool:
    """Whether the identity was linked in this very browser since it was signed in: whoever found it open could do that."""
    signed_in = SignedIn.objects.filter(session=session or "").first()
    identity = ForeignIdentity.objects.filter(issuer=told.issuer, subject=told.subject).first()
    return signed_in is None or identity is None or identity.made_at > signed_in.at


def _known_by_address(told: Told) -> Any:
    """The one account whose confirmed address the provider vouches for."""
    if not told.email:
        return None
    found = list(ConfirmedEmail.objects.filter(email__iexact=told.email).select_related("user")[:2])
    if len(found) != 1 or found[0].user.foreign_identities.filter(issuer=told.issuer).exists():
        return None
    return found[0].user


def _unknown(told: Told) -> IdentityError:
    if not told.email and told.unproven_email:
        return IdentityError(
            ko=f"로그인 서비스에서 이메일 {told.unproven_email} 주소가 확인되지 않았습니다. "
            "그곳에서 주소를 확인받은 뒤 다시 하세요.",
            en=f"The sign-in service has not verified the e-mail address {told.unproven_email}. "
            "Verify it there and try again.",
        )
    if told.email and get_user_model().objects.filter(email__iexact=told.email).exists():
        return IdentityError(
            ko="이 이메일을 적은 계정이 있지만 본인 주소로 확인되지 않았습니다. 비밀번호로 로그인한 뒤 '내 계정'에서 연결하세요.",
            en="There is an account with this e-mail address, but the address was never confirmed. "
            "Sign in with your password and link it in 'My account'.",
        )
    return IdentityError(
        ko="아직 초대받지 않았습니다. 공장 대표나 기관 사람에게 이 이메일로 초대를 부탁하세요.",
        en="Nobody has invited you yet. Ask the owner of your factory or your organisation to invite this e-mail address.",
    )


def _new_account(told: Told) -> Any:
    if not told.email:
        raise _unknown(told)
    user = get_user_model()(username=free_name(told.name or told.email.partition("@")[0]), email=told.email)
    user.set_unusable_password()
    user.save()
    confirm(user=user, email=told.email)
    return user


def free_name(wish: str) -> str:
    """An account name like the wished one that nobody has, whatever the capital letters."""
    plain = re.sub(r"[^\w.@+-]", "", wish)[:140] or "person"
    users, number, name = get_user_model().objects, 1, plain
    while users.filter(username__iexact=name).exists():
        number += 1
        name = f"{plain}{number}"
    return name


def _keep(told: Told, user: AbstractBaseUser) -> None:
    ForeignIdentity.objects.update_or_create(
        issuer=told.issuer,
        subject=told.subject,
        defaults={"user": user, "email": told.email, "last_used_at": timezone.now()},
    )


@transaction.atomic
def link(told: Told, *, user: AbstractBaseUser) -> None:
    """The identity opens this account from now on; it must not open another one."""
    other = _linked(told)
    if other is not None and other.pk != user.pk:
        raise IdentityError(
            ko="이 신원은 이미 다른 계정에 연결되어 있습니다.", en="This identity opens another account already."
        )
    try:
        with transaction.atomic():
            _keep(told, user)
    except IntegrityError as error:
        raise IdentityError(ko="다시 한 번 하세요.", en="Please try once more.") from error
    note_event(user=user, action="link", subject=told.issuer)


@transaction.atomic
def unlink(*, user: AbstractBaseUser, number: int) -> None:
    """The identity no longer opens the account; one way in must be left."""
    others = user.foreign_identities.exclude(pk=number)
    if not user.has_usable_password() and not others.exists():
        raise IdentityError(
            ko="로그인할 다른 방법이 없습니다. 먼저 비밀번호를 정하세요.",
            en="There is no other way in. Please set a password first.",
        )
    for identity in user.foreign_identities.filter(pk=number):
        note_event(user=user, action="unlink", subject=identity.issuer)
        identity.delete()


@transaction.atomic
def end_sign_ins(ended: Ended, *, mark: str) -> int:
    """Sign out the browsers that came by the provider's session or person that has ended; how many.

    `mark` is where a session keeps what the provider said at its sign-in.
    """
    rows = SignedIn.objects.filter(user__foreign_identities__issuer=ended.issuer)
    if ended.subject:
        rows = rows.filter(user__foreign_identities__subject=ended.subject)
    until = datetime.fromtimestamp(ended.at, UTC) + timedelta(seconds=1)
    keys = set(rows.filter(at__lte=until).values_list("session", flat=True))
    over = []
    for session in Session.objects.filter(session_key__in=keys):
        told = session.get_decoded().get(mark) or {}
        same = told.get("subject") == ended.subject or not ended.subject
        if told and same and (not ended.session or told.get("session") == ended.session):
            over.append(session.session_key)
    Session.objects.filter(session_key__in=over).delete()
    SignedIn.objects.filter(session__in=over).delete()
    return len(over)


@transaction.atomic
def confirm(*, user: AbstractBaseUser, email: str) -> None:
    """The address is the person's own."""
    ConfirmedEmail.objects.update_or_create(user=user, defaults={"email": email, "at": timezone.now()})


@transaction.atomic
def give_password(*, user: AbstractBaseUser, organisation: Organisation, password: str | None = None) -> None:
    """The organisation's directory sets the password, or (`None`) may know the one there is: it opens nothing outside of it."""
    if password is not None:
        user.set_password(password)
        user.save(update_fields=["password"])
    GivenPassword.objects.update_or_create(user=user, defaults={"organisation": organisation, "at": timezone.now()})


def password_is_own(user: AbstractBaseUser) -> None:
    """The person has chosen a password alone."""
    GivenPassword.objects.filter(user=user).delete()


def has_place_outside(user: AbstractBaseUser, organisation: Organisation) -> bool:
    """Whether the person works in a factory, or in an organisation that is not below this one."""
    posts = Post.objects.filter(user=user).exclude(organisation__path__startswith=organisation.path)
    return Membership.objects.filter(user=user, role__in=FACTORY_ROLES).exists() or posts.exists()


def confirmed_by_another(user: AbstractBaseUser, email: str) -> bool:
    """Whether the address is known to be that of another account."""
    return ConfirmedEmail.objects.filter(email__iexact=email).exclude(user=user).exists()


def is_confirmed(user: AbstractBaseUser) -> bool:
    """Whether the address in the account is known to be the person's own."""
    return bool(user.email) and ConfirmedEmail.objects.filter(user=user, email__iexact=user.email).exists()


def send_confirmation(*, user: AbstractBaseUser) -> bool:
    """Send a letter with a link to the address in the account; whether one could be sent."""
    if settings.SMTP is None or not settings.PUBLIC_ADDRESS or not user.email or is_confirmed(user):
        return False
    token = signing.dumps([user.pk, user.email], salt=_SALT, compress=False)
    link_there = settings.PUBLIC_ADDRESS + reverse("confirm-email", args=[token])
    words = _("With this link you confirm that this e-mail address is yours. It works for three days:")
    send_mail(_("Confirm your e-mail address"), f"{words}\n\n{link_there}\n", None, [user.email])
    return True


@transaction.atomic
def confirm_by_link(token: str) -> bool:
    """Whether the letter's link is right, and the address still that of the account."""
    try:
        number, email = signing.loads(token, salt=_SALT, max_age=_LETTER_SECONDS)
    except (signing.BadSignature, ValueError, TypeError):
        return False
    user = get_user_model().objects.filter(pk=number, email=email, is_active=True).first()
    if user is None:
        return False
    confirm(user=user, email=email)
    return True
