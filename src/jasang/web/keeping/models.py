"""The closing of a factory, from the owner's wish to the archive."""

from django.conf import settings
from django.db import models

from jasang.web.tenants.models import TenantModel


class Closing(TenantModel):
    """An owner's wish to close the factory. It waits for a second word, then for some days, then the worker does it.

    Open while neither `undone_at` nor `done_at` is set. `done_at` is only ever set together with a checked archive.
    """

    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    asked_at = models.DateTimeField(auto_now_add=True)
    confirmed_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)  # from then on the worker closes
    undone_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)
    job = models.ForeignKey("jobs.Job", null=True, on_delete=models.SET_NULL, related_name="+")
    archive = models.CharField(max_length=200, blank=True)  # name in the folder `escrow` of the data folder
    sha256 = models.CharField(max_length=64, blank=True)  # of the archive
    rows = models.PositiveIntegerField(default=0)
    removed_at = models.DateTimeField(null=True)  # its rows and files were taken out of the portal
    restored_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["factory"],
                condition=models.Q(undone_at__isnull=True, restored_at__isnull=True),
                name="one_closing_of_a_factory",
            )
        ]
        indexes = [models.Index(fields=["due_at"])]

    def __str__(self) -> str:
        return f"closing of {self.factory_id}"
