"""Who belongs to a factory or an organisation: inviting, joining, changing the role, leaving; one transaction each."""

import hashlib
import secrets
from datetime import timedelta

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from jasang.errors import JasangError
from jasang.web.tenants.models import (
    FACTORY_ROLES,
    GUEST_ROLES,
    POST_ROLES,
    Factory,
    GivenPassword,
    Invitation,
    Membership,
    Organisation,
    Post,
    Role,
)
from jasang.web.tenants.queries import role_in, roles_at
from jasang.web.tenants.services import note_event

DAYS_OPEN = 7  # an invitation
GUEST_DAYS = 56  # a residency of eight weeks
OPEN_INVITATIONS = 100  # of one factory or organisation

# Whom a post may let in; programme operators everybody.
MAY_LET_IN: dict[Role, tuple[Role, ...]] = {
    Role.PROGRAMME_OPERATOR: POST_ROLES,
    Role.COOP_OPERATOR: (Role.COOP_OPERATOR,),
}


class PeopleError(JasangError):
    """What was asked for cannot be done with this person or invitation."""


_NO_LONGER = {
    "ko": "이 초대는 이미 쓰였거나 기한이 지났습니다.",
    "en": "This invitation was used already, or its time is over.",
}
_LAST_OWNER = {
    "ko": "마지막 대표입니다. 먼저 다른 사람을 대표로 정하세요.",
    "en": "This is the last owner. Please make somebody else an owner first.",
}


def fingerprint(token: str) -> str:
    """What the database keeps of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


@transaction.atomic
def invite(
    *,
    by: AbstractBaseUser,
    role: Role,
    factory: Factory | None = None,
    organisation: Organisation | None = None,
    email: str = "",
    guest_days: int = GUEST_DAYS,
) -> tuple[Invitation, str]:
    """An invitation and its token, which is known here only."""
    fitting = (*FACTORY_ROLES, *GUEST_ROLES) if factory is not None else POST_ROLES
    if role not in fitting:
        raise PeopleError(ko="이 역할로는 초대할 수 없습니다.", en="Nobody can be invited in this role.")
    waiting = open_invitations(factory=factory, organisation=organisation).count()
    if waiting >= OPEN_INVITATIONS:
        raise PeopleError(
            ko="답을 기다리는 초대가 너무 많습니다. 먼저 거두세요.",
            en="Too many invitations are waiting. Please withdraw some first.",
        )
    token = secrets.token_urlsafe(32)
    made = Invitation.objects.create(
        token=fingerprint(token),
        factory=factory,
        organisation=organisation,
        role=role,
        email=email,
        guest_days=guest_days if factory is not None and role in GUEST_ROLES else None,
        made_by=by,
        expires_at=timezone.now() + timedelta(days=DAYS_OPEN),
    )
    note_event(user=by, action="invite", subject=f"{role} {email}".strip(), factory=factory, organisation=organisation)
    return made, token


def open_invitations(
    *, factory: Factory | None = None, organisation: Organisation | None = None
) -> QuerySet[Invitation]:
    """What still waits for an answer at one place, newest first."""
    waiting = Invitation.objects.filter(used_at__isnull=True, revoked_at__isnull=True, expires_at__gt=timezone.now())
    place = {"factory": factory} if factory is not None else {"organisation": organisation}
    return waiting.filter(**place).select_related("made_by").order_by("-made_at", "-pk")


def waiting_invitations(**only: object) -> list[Invitation]:
    """The invitations (those of the given fields) that still let somebody in."""
    waiting = Invitation.objects.filter(used_at__isnull=True, revoked_at__isnull=True, expires_at__gt=timezone.now())
    opened = waiting.filter(Q(factory__isnull=True) | Q(factory__closed_at__isnull=True), **only)
    return [one for one in opened.select_related("factory__organisation", "organisation", "made_by") if _stands(one)]


def _stands(invitation: Invitation) -> bool:
    """Whether who invited could still do so: an invitation never outlives the role that it was made with."""
    by, role = invitation.made_by, Role(invitation.role)
    if by is None:
        return True
    if not by.is_active:
        return False
    if invitation.organisation is not None:
        held = roles_at(by, invitation.organisation)
    elif role_in(by, invitation.factory) == Role.OWNER:
        return True
    else:  # an organisation names the first owner of a factory below it
        above = invitation.factory.organisation if role == Role.OWNER else None
        return above is not None and bool(roles_at(by, above).intersection(MAY_LET_IN))
    return any(role in MAY_LET_IN.get(one, ()) for one in held)


def invitation(token: str) -> Invitation | None:
    """The open invitation of that token."""
    return next(iter(waiting_invitations(token=fingerprint(token))), None)


@transaction.atomic
def withdraw_of(
    user: AbstractBaseUser,
    *,
    by: AbstractBaseUser | None,
    factory: Factory | None = None,
    organisation: Organisation | None = None,
) -> None:
    """Close the open invitations of somebody who has just left or lost a role, as far as he or she may invite no longer."""
    place = {"factory": factory} if factory is not None else {"organisation": organisation}
    for one in open_invitations(factory=factory, organisation=organisation).filter(made_by=user):
        if not _stands(one):
            Invitation.objects.filter(pk=one.pk, used_at__isnull=True).update(revoked_at=timezone.now())
            note_event(user=by, action="withdraw", subject=f"{one.role} {one.email}".strip(), **place)


@transaction.atomic
def join(*, token: str, user: AbstractBaseUser) -> Invitation:
    """Let the person in; of two who come with the same link only one is."""
    found = invitation(token)
    if found is None:
        raise PeopleError(**_NO_LONGER)
    take(invitation=found, user=user)
    return found


@transaction.atomic
def take(*, invitation: Invitation, user: AbstractBaseUser) -> None:
    """Use the invitation for this person."""
    found = invitation
    _check_password(found, user)
    waiting = Invitation.objects.filter(pk=found.pk, used_at__isnull=True, revoked_at__isnull=True)
    if not waiting.update(used_at=timezone.now(), used_by=user):
        raise PeopleError(**_NO_LONGER)
    role = Role(found.role)
    if found.factory is not None:
        until = None if found.guest_days is None else timezone.now() + timedelta(days=found.guest_days)
        membership, made = Membership.objects.get_or_create(
            user=user, factory=found.factory, defaults={"role": role, "until": until}
        )
        # Own people keep what they are; a guest's time starts anew, or he or she is a guest no longer.
        if not made and membership.role in GUEST_ROLES:
            membership.role, membership.until = role, until
            membership.save(update_fields=["role", "until"])
    else:
        Post.objects.get_or_create(user=user, organisation=found.organisation, role=role)
    note_event(user=user, action="join", subject=role, factory=found.factory, organisation=found.organisation)


def _check_password(invitation: Invitation, user: AbstractBaseUser) -> None:
    """Who signs in with a password that an organisation's directory knows takes no place outside of it."""
    given = GivenPassword.objects.filter(user=user).select_related("organisation").first()
    place = invitation.organisation
    if given is None or (place is not None and place.path.startswith(given.organisation.path)):
        return
    name = given.organisation.name
    raise PeopleError(
        ko=f"이 계정의 비밀번호는 '{name}'의 디렉터리가 정했습니다. '내 계정'에서 비밀번호를 새로 정한 뒤 다시 여세요.",
        en=f"The password of this account was set by the directory of {name!r}. "
        "Please choose one of your own in 'My account' and open the link again.",
    )


@transaction.atomic
def revoke(*, invitation: Invitation, by: AbstractBaseUser) -> None:
    """The link no longer lets anybody in."""
    Invitation.objects.filter(pk=invitation.pk, used_at__isnull=True).update(revoked_at=timezone.now())
    note_event(
        user=by,
        action="withdraw",
        subject=f"{invitation.role} {invitation.email}".strip(),
        factory=invitation.factory,
        organisation=invitation.organisation,
    )


def members(factory: Factory) -> QuerySet[Membership]:
    """Everybody of the factory and its guests, by name."""
    return factory.memberships.select_related("user").order_by("user__username")


def posts(organisation: Organisation) -> QuerySet[Post]:
    """Everybody of the organisation, by name."""
    return organisation.posts.select_related("user").order_by("user__username", "role")


@transaction.atomic
def change_role(*, membership: Membership, role: Role, by: AbstractBaseUser) -> None:
    """Give one of the factory's own people another role there."""
    _hold(membership.factory)
    if role not in FACTORY_ROLES or membership.role in GUEST_ROLES:
        raise PeopleError(ko="이 역할로는 바꿀 수 없습니다.", en="The role cannot be changed to this one.")
    if role != Role.OWNER:
        _keep_an_owner(membership)
    before, membership.role = membership.role, role
    membership.save(update_fields=["role"])
    subject = f"{membership.user.get_username()}: {before} → {role}"
    note_event(user=by, action="role", subject=subject, factory=membership.factory)
    withdraw_of(membership.user, by=by, factory=membership.factory)


@transaction.atomic
def remove_member(*, membership: Membership, by: AbstractBaseUser | None) -> None:
    """The person no longer sees the factory: he or she left, or was taken out by an owner (`None`: a key whose maker is gone)."""
    _hold(membership.factory)
    _keep_an_owner(membership)
    left = by is not None and membership.user_id == by.pk
    subject = f"{membership.role} {membership.user.get_username()}"
    note_event(user=by, action="leave" if left else "remove", subject=subject, factory=membership.factory)
    membership.delete()
    withdraw_of(membership.user, by=by, factory=membership.factory)


@transaction.atomic
def remove_post(*, post: Post, by: AbstractBaseUser) -> None:
    """The person no longer has the post."""
    left = post.user_id == by.pk
    subject = f"{post.role} {post.user.get_username()}"
    note_event(user=by, action="leave" if left else "remove", subject=subject, organisation=post.organisation)
    post.delete()
    withdraw_of(post.user, by=by, organisation=post.organisation)


def _hold(factory: Factory) -> None:
    # Two owners who leave at the same moment wait for each other here.
    Factory.objects.select_for_update().get(pk=factory.pk)


def _keep_an_owner(membership: Membership) -> None:
    if membership.role != Role.OWNER:
        return
    others = Membership.objects.filter(factory=membership.factory, role=Role.OWNER).exclude(pk=membership.pk)
    if not others.exists():
        raise PeopleError(**_LAST_OWNER)
