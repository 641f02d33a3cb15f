"""Keys with which programs and collectors come in."""

from django.conf import settings
from django.db import models

from jasang.web.tenants.models import Factory, Organisation, TenantManager, TenantModel
from jasang.web.tenants.secret_texts import SecretText


class KeyManager(TenantManager):
    """Keys of one factory, of one organisation, or of a branch of the tree."""

    def of_organisation(self, organisation: Organisation) -> models.QuerySet:
        """The keys of this organisation itself."""
        return self.of_every_factory().filter(organisation=organisation)


class ApiKey(TenantModel):
    """A program's way into one factory or organisation. The database knows only the secret's hash; `prefix` tells keys apart."""

    factory = models.ForeignKey(Factory, null=True, on_delete=models.CASCADE, related_name="+")
    organisation = models.ForeignKey(Organisation, null=True, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=16, unique=True)
    secret = models.CharField(max_length=64)  # SHA-256
    scopes = models.JSONField(default=list)  # of settings.API_SCOPES, or of settings.API_ORGANISATION_SCOPES
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    made_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)

    objects = KeyManager()

    class Meta:
        indexes = [
            models.Index(fields=["factory", "-made_at"]),
            models.Index(fields=["organisation", "-made_at"], name="api_key_of_organisation"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(factory__isnull=False) ^ models.Q(organisation__isnull=False),
                name="key_of_one_place",
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix})"

    @property
    def place(self) -> Factory | Organisation:
        """What the key opens."""
        return self.factory if self.factory is not None else self.organisation


class KeptAnswer(models.Model):
    """What a call with an `Idempotency-Key` was answered (api/once.py)."""

    caller = models.CharField(max_length=60)
    key = models.CharField(max_length=80)
    asked = models.CharField(max_length=64)  # SHA-256 of method, address and body
    status = models.PositiveSmallIntegerField(default=0)
    answer = SecretText(default="null")  # JSON; may hold what is shown only once
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["caller", "key"], name="one_answer_of_a_key")]
        indexes = [models.Index(fields=["at"], name="api_answer_age")]

    def __str__(self) -> str:
        return f"{self.caller} {self.key}"
