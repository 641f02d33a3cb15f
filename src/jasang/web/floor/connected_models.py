"""What people add to collected readings: notes, places of machines, tries of connections, links of wall screens."""

import uuid

from django.conf import settings
from django.db import models

from jasang.web.jobs.models import Job
from jasang.web.tenants.models import TenantModel

_PERSON = settings.AUTH_USER_MODEL


class Annotation(TenantModel):
    """A note at a moment or over a span, about signals, a machine or (neither) the whole factory."""

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    start = models.DateTimeField()
    end = models.DateTimeField(null=True)  # null = a moment
    text = models.CharField(max_length=500)
    asset = models.CharField(max_length=300, blank=True)
    signals = models.JSONField(default=list)  # names; empty = all
    by = models.ForeignKey(_PERSON, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["factory", "start"])]

    def __str__(self) -> str:
        return f"{self.start:%Y-%m-%d %H:%M} {self.text}"


class AssetPlace(TenantModel):
    """Where a machine of the readings' store stands in the factory (levels of ISA-95), and of which kind it is."""

    asset = models.CharField(max_length=300)  # as the store names it
    site = models.CharField(max_length=80, blank=True)
    area = models.CharField(max_length=80, blank=True)
    line = models.CharField(max_length=80, blank=True)
    name = models.CharField(max_length=80, blank=True)  # as people call it
    kind = models.CharField(max_length=80, blank=True)  # like machines have the same

    class Meta:
        constraints = [models.UniqueConstraint(fields=["factory", "asset"], name="one_place_per_asset")]

    def __str__(self) -> str:
        return self.asset


class ConnectionTrial(TenantModel):
    """A try of every connection of the collector's file: the job, and what it found."""

    job = models.OneToOneField(Job, on_delete=models.PROTECT, related_name="+")
    asked_by = models.ForeignKey(_PERSON, null=True, on_delete=models.SET_NULL, related_name="+")
    asked_at = models.DateTimeField(auto_now_add=True)
    outcomes = models.JSONField(default=list)  # [{"name", "ok", "elapsed_s", "signals", "error", "missing", "doubts"}]

    class Meta:
        indexes = [models.Index(fields=["factory", "-asked_at"])]

    def __str__(self) -> str:
        return f"{self.asked_at}"


class WallLink(TenantModel):
    """A link for a wall screen: shows values without signing in until it is revoked. Of its secret only a hash is kept."""

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    secret_hash = models.CharField(max_length=64, unique=True)  # SHA-256
    name = models.CharField(max_length=80)
    language = models.CharField(max_length=2, default="ko")
    signals = models.JSONField(default=list)  # names; empty = the first few
    made_by = models.ForeignKey(_PERSON, null=True, on_delete=models.SET_NULL, related_name="+")
    made_at = models.DateTimeField(auto_now_add=True)
    revoked_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["factory", "-made_at"])]

    def __str__(self) -> str:
        return self.name
