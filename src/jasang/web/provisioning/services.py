"""What a directory does with the people and groups of its organisation; one transaction each."""

from collections.abc import Iterable
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _
from scim2_models import InvalidValueException, MutabilityException, UniquenessException

from jasang.web.api import keys
from jasang.web.provisioning.documents import KEPT, Group, User
from jasang.web.provisioning.models import GroupMember, ProvisionedGroup, ProvisionedPerson
from jasang.web.tenants import identities, second_factor
from jasang.web.tenants import people as invitations
from jasang.web.tenants.models import POST_ROLES, ConfirmedEmail, Organisation, Post
from jasang.web.tenants.services import note_event

_NAME_LENGTH = 150


@transaction.atomic
def adopt(organisation: Organisation) -> None:
    """Let the directory see everybody with a post, and a group for each role."""
    there = set(ProvisionedGroup.objects.of(organisation).values_list("role", flat=True))
    for role in POST_ROLES:
        if role not in there:
            ProvisionedGroup.objects.of(organisation).get_or_create(
                organisation=organisation, role=role, defaults={"name": role.value}
            )
    known = ProvisionedPerson.objects.of(organisation)
    strangers = Post.objects.filter(organisation=organisation).exclude(user__in=known.values("user"))
    for user in set(strangers.values_list("user", flat=True)):
        known.get_or_create(organisation=organisation, user_id=user, defaults={"managed": False})
    known.filter(managed=False, deleted_at__isnull=False, user__posts__organisation=organisation).update(
        deleted_at=None, active=True, version=F("version") + 1
    )


def people(organisation: Organisation) -> Any:
    """The rows of people."""
    rows = ProvisionedPerson.objects.of(organisation).filter(deleted_at__isnull=True)
    return rows.select_related("user", "organisation").order_by("pk")


def groups(organisation: Organisation) -> Any:
    """The rows of groups."""
    return ProvisionedGroup.objects.of(organisation).select_related("organisation").order_by("pk")


@transaction.atomic
def make_person(*, organisation: Organisation, asked: User, by: Any) -> ProvisionedPerson:
    """A new account; one that this directory took out before comes back."""
    name = _name(asked.user_name)
    # Of two who make the same name at once the second waits here, also where the capital letters differ.
    Organisation.objects.select_for_update().get(pk=organisation.pk)
    users = get_user_model().objects
    user = users.filter(username__iexact=name).first()
    person = user and ProvisionedPerson.objects.of(organisation).filter(user=user, managed=True).first()
    if user is not None and (person is None or person.deleted_at is None):
        raise _taken(name)
    if user is None:
        user = users.model(username=name)
        user.set_unusable_password()
        _save(user)
    if person is None:
        person = ProvisionedPerson.objects.of(organisation).create(organisation=organisation, user=user, managed=True)
    person.user = user
    person.deleted_at = None
    user.is_active = True
    _write(person, asked)
    _note("scim-add", person, by)
    return person


@transaction.atomic
def change_person(*, person: ProvisionedPerson, asked: User, by: Any) -> ProvisionedPerson:
    """What the directory says now; an account that it did not make keeps its name, addresses and password."""
    if not person.managed:
        _only_ours(person, asked)
    was_active = person.active
    _write(person, asked)
    person.version += 1
    person.save()
    if was_active and not person.active:
        switch_off(person=person, by=by)
    elif was_active != person.active:
        _note("scim-on", person, by)
    else:
        _note("scim-change", person, by)
    return person


def _taken(name: str) -> UniquenessException:
    return UniquenessException(detail=_("There is an account of this name already: %(name)s") % {"name": name})


def _save(user: Any) -> None:
    """Write the account; another directory may have taken its name since we looked."""
    try:
        with transaction.atomic():
            user.save()
    except IntegrityError as error:
        raise _taken(user.username) from error


def _only_ours(person: ProvisionedPerson, asked: User) -> None:
    kept = {one["value"] for one in person.document.get("emails") or []} or {person.user.email} - {""}
    emails = {one.value for one in asked.emails or []}
    if asked.user_name != person.user.get_username() or emails != kept or asked.password:
        raise MutabilityException(
            detail=_(
                "This account was not made by this directory: its name, addresses and password are the person's own."
            )
        )


def _write(person: ProvisionedPerson, asked: User) -> None:
    user = person.user
    person.external_id = (asked.external_id or "")[:255]
    person.active = asked.active is not False
    person.document = {name: _plain(getattr(asked, name)) for name in KEPT if getattr(asked, name) is not None}
    if asked.active is None:
        person.document["active_untold"] = True
    if asked.emails:
        person.document["emails"] = [_plain(one) for one in asked.emails]
    if person.managed:
        _write_account(user, person, asked)
    person.save()


def _plain(value: Any) -> Any:
    return value.model_dump() if hasattr(value, "model_dump") else value


def _write_account(user: Any, person: ProvisionedPerson, asked: User) -> None:
    name, email = _name(asked.user_name), _address(asked)
    if get_user_model().objects.filter(username__iexact=name).exclude(pk=user.pk).exists():
        raise _taken(name)
    moved = email.lower() != user.email.lower()
    if (name != user.username or moved or asked.password) and identities.has_place_outside(user, person.organisation):
        raise MutabilityException(
            detail=_(
                "This person has a place outside of the organisation: name, address and password are the person's own."
            )
        )
    if moved and user.email:
        _address_is_another(user, person.organisation)
    user.username, user.email, user.is_active = name, email, person.active
    user.first_name, user.last_name = (
        (getattr(asked.name, part, None) or "")[:150] for part in ("given_name", "family_name")
    )
    _save(user)
    if asked.password:
        _set_password(user, person.organisation, asked.password)
    if email and not identities.confirmed_by_another(user, email):
        identities.confirm(user=user, email=email)
    else:
        ConfirmedEmail.objects.filter(user=user).delete()


def _set_password(user: Any, organisation: Organisation, password: str) -> None:
    try:
        validate_password(password)  # likeness to a name says nothing of passwords that programs make
    except ValidationError as error:
        raise InvalidValueException(detail=" ".join(error.messages)) from error
    identities.give_password(user=user, organisation=organisation, password=password)
    second_factor.sign_out_elsewhere(user=user, here=None)


def _address_is_another(user: Any, organisation: Organisation) -> None:
    """Whoever reads the former address may have chosen the password or linked a sign-in: neither counts from now on."""
    user.foreign_identities.all().delete()
    if user.has_usable_password():
        identities.give_password(user=user, organisation=organisation)
    second_factor.sign_out_elsewhere(user=user, here=None)


def _name(wish: str | None) -> str:
    name = (wish or "").strip()
    if not name or len(name) > _NAME_LENGTH or not name.isprintable():
        raise InvalidValueException(
            detail=_("userName: expected 1 to %(most)d printable characters") % {"most": _NAME_LENGTH}
        )
    return name


def _address(asked: User) -> str:
    """The primary address, else the first."""
    emails = [one for one in asked.emails or [] if one.value]
    chosen = next((one for one in emails if one.primary), emails[0] if emails else None)
    value = "" if chosen is None else str(chosen.value).strip()
    if len(value) > 254:
        raise InvalidValueException(detail=_("emails: an address has at most 254 characters"))
    try:
        if value:
            validate_email(value)
    except ValidationError as error:
        raise InvalidValueException(detail=_("emails: this is no e-mail address")) from error
    return value


@transaction.atomic
def switch_off(*, person: ProvisionedPerson, by: Any) -> None:
    """At once: sign-ins and keys end. An account of somebody else's loses its posts here and the keys made for here."""
    if person.managed:
        get_user_model().objects.filter(pk=person.user_id).update(is_active=False)
        keys.end_keys_of(user=person.user, by=by)
    else:
        _take_posts(person, by)
        keys.end_keys_of(user=person.user, by=by, organisation=person.organisation)
    second_factor.sign_out_elsewhere(user=person.user, here=None)
    _note("scim-off", person, by)


def _take_posts(person: ProvisionedPerson, by: Any) -> None:
    Post.objects.filter(user=person.user, organisation=person.organisation).delete()
    invitations.withdraw_of(person.user, by=by, organisation=person.organisation)


@transaction.atomic
def take_out(*, person: ProvisionedPerson, by: Any) -> None:
    """The person is no longer of the organisation; an account made by the directory is switched off, never deleted."""
    switch_off(person=person, by=by)
    _take_posts(person, by)
    person.own_groups.all().delete()
    person.active, person.deleted_at = False, timezone.now()
    person.version += 1
    person.save()


@transaction.atomic
def make_group(*, organisation: Organisation, asked: Group, by: Any) -> ProvisionedGroup:
    """A group of the directory's own; those of the roles are there already."""
    name = _group_name(asked)
    Organisation.objects.select_for_update().get(pk=organisation.pk)  # two at once: the second waits and sees the first
    if groups(organisation).filter(name__iexact=name).exists():
        raise UniquenessException(detail=_("There is a group of this name already: %(name)s") % {"name": name})
    made = ProvisionedGroup.objects.of(organisation).create(
        organisation=organisation, name=name, external_id=(asked.external_id or "")[:255]
    )
    _set_members(made, asked, by)
    note_event(user=by, action="scim-group", subject=name, organisation=organisation)
    return made


@transaction.atomic
def change_group(*, group: ProvisionedGroup, asked: Group, by: Any) -> ProvisionedGroup:
    """What the directory says now. The name of a role's group is fixed."""
    name = _group_name(asked)
    if group.role and name != group.name:
        raise MutabilityException(detail=_("The name of this group is that of a role and cannot be changed."))
    if name != group.name:
        Organisation.objects.select_for_update().get(pk=group.organisation_id)
    if groups(group.organisation).filter(name__iexact=name).exclude(pk=group.pk).exists():
        raise UniquenessException(detail=_("There is a group of this name already: %(name)s") % {"name": name})
    group.name, group.external_id = name, (asked.external_id or "")[:255]
    _set_members(group, asked, by)
    group.version += 1
    group.save()
    note_event(user=by, action="scim-group", subject=name, organisation=group.organisation)
    return group


@transaction.atomic
def remove_group(*, group: ProvisionedGroup, by: Any) -> None:
    """Only a group of the directory's own: roles stay."""
    if group.role:
        raise MutabilityException(detail=_("This group is a role and cannot be deleted; take its members out."))
    note_event(user=by, action="scim-group", subject=f"- {group.name}", organisation=group.organisation)
    group.delete()


def _group_name(asked: Group) -> str:
    name = (asked.display_name or "").strip()
    if not name or len(name) > 200 or not name.isprintable():
        raise InvalidValueException(detail=_("displayName: expected 1 to 200 printable characters"))
    return name


def _set_members(group: ProvisionedGroup, asked: Group, by: AbstractBaseUser | None) -> None:
    wanted = {one.value for one in asked.members or []}
    found = {one.key: one for one in people(group.organisation).filter(key__in=wanted)}
    if missing := sorted(str(key) for key in wanted - set(found)):
        raise InvalidValueException(detail=_("members: nobody here has the id %(id)s") % {"id": missing[0]})
    before = {one.pk for one in members_of(group)}
    now = {one.pk for one in found.values()}
    if group.role:
        _set_posts(group, found.values(), by)
    else:
        group.members.exclude(person__in=list(now)).delete()
        GroupMember.objects.bulk_create(GroupMember(group=group, person_id=one) for one in now - before)
    # The people's documents name their groups: they changed too.
    ProvisionedPerson.objects.of(group.organisation).filter(pk__in=before ^ now).update(version=F("version") + 1)


def _set_posts(group: ProvisionedGroup, people_now: Iterable[ProvisionedPerson], by: Any) -> None:
    wanted = {one.user_id for one in people_now}
    posts = Post.objects.filter(organisation=group.organisation, role=group.role)
    for post in posts.exclude(user__in=wanted).select_related("user"):
        post.delete()
        invitations.withdraw_of(post.user, by=by, organisation=group.organisation)
    for user in wanted - set(posts.values_list("user", flat=True)):
        Post.objects.get_or_create(user_id=user, organisation=group.organisation, role=group.role)


def members_of(group: ProvisionedGroup) -> list[ProvisionedPerson]:
    """Who is in the group."""
    rows = people(group.organisation)
    if not group.role:
        return list(rows.filter(own_groups__group=group))
    posts = Post.objects.filter(organisation=group.organisation, role=group.role)
    return list(rows.filter(user__in=posts.values("user")))


def _note(action: str, person: ProvisionedPerson, by: Any) -> None:
    note_event(user=by, action=action, subject=person.user.get_username(), organisation=person.organisation)
