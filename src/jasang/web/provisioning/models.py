"""People and groups of an organisation as its directory (SCIM) knows them."""

from django.conf import settings
from django.db import models

from jasang.web.tenants.models import OrganisationModel, Role, factory_key


class ProvisionedPerson(OrganisationModel):
    """A person of the organisation. Of an account that it made (`managed`) the directory may change all, else only posts."""

    key = models.CharField(max_length=16, unique=True, default=factory_key, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    managed = models.BooleanField()
    active = models.BooleanField(default=True)
    external_id = models.CharField(max_length=255, blank=True)
    document = models.JSONField(default=dict)  # name, displayName, title, language …: what else the directory told
    version = models.PositiveIntegerField(default=1)
    made_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)
    deleted_at = models.DateTimeField(null=True)  # taken out by the directory: the account stays, switched off

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "user"], name="person_once_in_organisation")]
        indexes = [models.Index(fields=["organisation", "external_id"])]

    def __str__(self) -> str:
        return f"{self.key} of {self.organisation_id}"


class ProvisionedGroup(OrganisationModel):
    """A group. With a role its members are the people with this post; without one it is the directory's own and gives nothing."""

    key = models.CharField(max_length=16, unique=True, default=factory_key, editable=False)
    name = models.CharField(max_length=200)
    role = models.CharField(max_length=20, choices=Role.choices, blank=True)
    external_id = models.CharField(max_length=255, blank=True)
    version = models.PositiveIntegerField(default=1)
    made_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "role"], condition=~models.Q(role=""), name="group_once_for_a_role"
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} of {self.organisation_id}"


class GroupMember(models.Model):
    """Somebody in a group without a role."""

    group = models.ForeignKey(ProvisionedGroup, on_delete=models.CASCADE, related_name="members")
    person = models.ForeignKey(ProvisionedPerson, on_delete=models.CASCADE, related_name="own_groups")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["group", "person"], name="member_once_in_group")]

    def __str__(self) -> str:
        return f"{self.person_id} in {self.group_id}"
