"""Keys with which programs and collectors come in."""

from django.conf import settings
from django.db import models

from jasang.web.tenants.models import TenantModel


class ApiKey(TenantModel):
    """A program's way into one factory. The database knows only the hash of the secret; `prefix` tells keys apart."""

    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=16, unique=True)
    secret = models.CharField(max_length=64)  # SHA-256
    scopes = models.JSONField(default=list)  # of settings.API_SCOPES
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    made_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["factory", "-made_at"])]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix})"
