"""Kinds of rows of the frame: organisations and factories, their people, and the trail."""

import hashlib
import secrets

from django.contrib.auth.hashers import make_password

from jasang.plant.text import Text
from jasang.web.api.kinds import Kind
from jasang.web.tenants.models import Role


def nobody_knows() -> str:
    """The hash of a secret that was thrown away: nothing opens with it."""
    return hashlib.sha256(secrets.token_bytes(32)).hexdigest()


KINDS = (
    Kind(
        name="people", model="auth.User", scope="people", title=Text(ko="사람", en="People"), identity=("username",),
        hidden=("password", "last_login", "is_superuser", "is_staff"),
        fresh={"password": lambda: make_password(None)}, by_steps=True, listed=False,
    ),
    Kind(
        name="organisations", model="tenants.Organisation", scope="organisation", organisation="self", hidden=("path",),
        title=Text(ko="기관", en="Organisations"), by_steps=True, listed=False,
    ),
    Kind(
        name="factories", model="tenants.Factory", scope="factory", factory="self", organisation="organisation",
        branch=True, hidden=("store",), title=Text(ko="공장", en="Factories"), by_steps=True, listed=False,
        roles=(Role.PROGRAMME_OPERATOR, Role.COOP_OPERATOR),
    ),
    Kind(
        name="members", model="tenants.Membership", scope="people", factory="factory", identity=("factory", "user"),
        title=Text(ko="공장 사람", en="People of the factory"), by_steps=True, listed=False,
    ),
    Kind(
        name="posts", model="tenants.Post", scope="people", organisation="organisation",
        identity=("organisation", "user", "role"), title=Text(ko="기관 사람", en="Posts of people"), by_steps=True,
        listed=False,
    ),
    Kind(
        name="invitations", model="tenants.Invitation", scope="people", factory="factory", organisation="organisation",
        identity=("made_at", "role", "email"), hidden=("token",), fresh={"token": nobody_knows},
        title=Text(ko="초대", en="Invitations"), by_steps=True, listed=False,
    ),
    Kind(
        name="audit-events", model="tenants.AuditEvent", scope="people", factory="factory", organisation="organisation",
        identity=("at", "account", "action", "subject"), title=Text(ko="열람 기록", en="The trail of who looked"),
        by_steps=True, listed=False,
    ),
)  # fmt: skip
