"""Who a person is elsewhere, addresses that are known to be the person's, and counts that slow down who tries too often."""

from django.conf import settings
from django.db import models


class ForeignIdentity(models.Model):
    """A person at a provider of OpenID Connect. The pair of issuer and subject never changes there; names and addresses may."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="foreign_identities")
    issuer = models.CharField(max_length=300)
    subject = models.CharField(max_length=255)
    email = models.EmailField(blank=True)  # as the provider told it at the last sign-in
    made_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["issuer", "subject"], name="one_account_for_an_identity")]

    def __str__(self) -> str:
        return f"{self.subject} at {self.issuer}"


class ConfirmedEmail(models.Model):
    """The person's address, shown to be the person's own: by a letter's link, the provider, or who manages the account.

    What people merely type into their account counts for news, not for who they are.
    """

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="confirmed_email")
    email = models.EmailField()
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.email} of {self.user_id}"


class GivenPassword(models.Model):
    """The account's password was set by an organisation's directory, or may be known there: it opens nothing outside of it."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="given_password")
    organisation = models.ForeignKey("tenants.Organisation", on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"of {self.user_id}"


class ResetAsked(models.Model):
    """Somebody asked for a letter with a new password; written down alike whether or not there is such an account."""

    email = models.EmailField()
    language = models.CharField(max_length=10)
    at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.email} at {self.at}"


class TryCount(models.Model):
    """How often something was done in a span of time (limits.py). `bucket` is a kind and a hash of who it was."""

    bucket = models.CharField(max_length=80)
    window_start = models.BigIntegerField()  # seconds since 1970
    number = models.PositiveIntegerField()
    over_at = models.BigIntegerField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["bucket", "window_start"], name="one_count_a_window")]

    def __str__(self) -> str:
        return f"{self.bucket}: {self.number}"
