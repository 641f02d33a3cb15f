"""The SCIM documents of people and groups: which attributes there are, and how a row becomes one.

Only what the portal uses is offered: addresses, telephone numbers and pictures of people are none of its business.
"""

from typing import Annotated, Any

from django.urls import reverse
from pydantic import Field
from scim2_models import (
    URN,
    AuthenticationScheme,
    Bulk,
    CaseExact,
    ChangePassword,
    ComplexAttribute,
    ETag,
    Filter,
    Meta,
    Mutability,
    Patch,
    Reference,
    Required,
    Resource,
    Returned,
    ScimPolicy,
    ScimProvider,
    ServiceProviderConfig,
    Sort,
    Uniqueness,
)
from scim2_models import User as _User

from jasang.web.provisioning.models import ProvisionedGroup, ProvisionedPerson

MOST = 200  # in one answer


class User(Resource[Any]):
    """A person."""

    __schema__ = URN("urn:ietf:params:scim:schemas:core:2.0:User")

    user_name: Annotated[str | None, Uniqueness.server, Required.true] = None
    name: _User.Name | None = None
    display_name: str | None = None
    title: str | None = None
    preferred_language: str | None = None
    active: bool | None = None
    password: Annotated[str | None, Mutability.write_only, Returned.never, CaseExact.true] = None
    emails: list[_User.Emails] | None = None
    groups: Annotated[list[_User.Groups] | None, Mutability.read_only] = None


class Member(ComplexAttribute):
    """Somebody in a group."""

    value: Annotated[str | None, Mutability.immutable, CaseExact.true] = None
    ref: Annotated[Reference[User] | None, Mutability.immutable] = Field(
        None, serialization_alias="$ref", validation_alias="$ref"
    )
    type: Annotated[str | None, Mutability.immutable] = Field(None, examples=["User"])


class Group(Resource[Any]):
    """A role in the organisation, or a group of the directory's own."""

    __schema__ = URN("urn:ietf:params:scim:schemas:core:2.0:Group")

    display_name: Annotated[str | None, Required.true] = None
    members: list[Member] | None = None


KEPT = ("name", "display_name", "title", "preferred_language")  # of a person, in `document`
# Directories send more than the portal knows (Entra all of it): that is left out, not refused.
POLICY = ScimPolicy(
    unknown=ScimPolicy.Unknown.ignore,
    remove_value_as_filter=ScimPolicy.RemoveValue.apply,
    unmatched_path_filter=ScimPolicy.UnmatchedPathFilter.create,
)
CONFIG = ServiceProviderConfig(
    patch=Patch(supported=True),
    bulk=Bulk(supported=False, max_operations=0, max_payload_size=0),
    filter=Filter(supported=True, max_results=MOST),
    change_password=ChangePassword(supported=True),
    sort=Sort(supported=True),
    etag=ETag(supported=True),
    authentication_schemes=[
        AuthenticationScheme(
            type="oauthbearertoken",
            name="Key of the organisation",
            description="Authorization: Bearer jsk_… of a key with the scope scim",
            primary=True,
        )
    ],
)
PROVIDER = ScimProvider(models=[User, Group], config=CONFIG, policy=POLICY)


def base_address(request: Any) -> str:
    """Where the interface begins, without a slash at its end."""
    return request.build_absolute_uri(reverse("scim")).rstrip("/")


def etag(version: int) -> str:
    """The version as HTTP tells it."""
    return f'W/"{version}"'


def person_document(person: ProvisionedPerson, groups: list[ProvisionedGroup], base: str) -> User:
    """The person with the groups he or she is in."""
    user = person.user
    emails = person.document.get("emails") or ([{"value": user.email, "primary": True}] if user.email else None)
    return User.model_validate(
        {name: person.document.get(name) for name in KEPT}
        | {
            "id": person.key,
            "external_id": person.external_id or None,
            "user_name": user.get_username(),
            "active": None if person.active and person.document.get("active_untold") else person.active,
            "emails": emails,
            "groups": [
                {"value": one.key, "$ref": f"{base}/Groups/{one.key}", "display": one.name, "type": "direct"}
                for one in groups
            ]
            or None,
            "meta": _meta("User", person, f"{base}/Users/{person.key}"),
        },
        scim_policy=POLICY,
    )


def group_document(group: ProvisionedGroup, members: list[ProvisionedPerson], base: str) -> Group:
    """The group with its members."""
    return Group(
        id=group.key,
        external_id=group.external_id or None,
        display_name=group.name,
        members=[
            Member(
                value=one.key,
                ref=Reference[User](f"{base}/Users/{one.key}"),
                type="User",
            )
            for one in members
        ]
        or None,
        meta=_meta("Group", group, f"{base}/Groups/{group.key}"),
    )


def _meta(kind: str, row: Any, location: str) -> Meta:
    return Meta(
        resource_type=kind,
        created=row.made_at,
        last_modified=row.changed_at,
        location=location,
        version=etag(row.version),
    )
