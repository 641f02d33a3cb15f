"""A factory, who belongs to it, and the failed sign-ins that slow a guesser down."""

import secrets

from django.conf import settings
from django.db import models

_KEY_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"  # no letters that are mistaken for another


class TenantMissing(RuntimeError):
    """A query over many factories' rows named no factory."""


def factory_key() -> str:
    """The random part of a factory's addresses: says nothing about the factory and cannot be counted through."""
    return "".join(secrets.choice(_KEY_ALPHABET) for _ in range(10))


class Factory(models.Model):
    """A factory (the tenant): everything else belongs to exactly one."""

    key = models.CharField(max_length=16, unique=True, default=factory_key, editable=False)
    name = models.CharField(max_length=120)
    timezone = models.CharField(max_length=64, default="Asia/Seoul")
    store = models.CharField(max_length=500, blank=True)  # folder of its readings; blank = no collector yet
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """A person who may see a factory."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    factory = models.ForeignKey(Factory, on_delete=models.CASCADE, related_name="memberships")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "factory"], name="one_membership_per_factory")]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.factory_id}"


class SignInFailure(models.Model):
    """A wrong password: how often one account or address may try is counted from these."""

    account = models.CharField(max_length=150)  # lower case
    address = models.GenericIPAddressField(null=True)
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["account", "at"]), models.Index(fields=["address", "at"])]

    def __str__(self) -> str:
        return f"{self.account} at {self.at}"


class TenantManager(models.Manager):
    """Answers for one factory; a query that names none fails instead of showing another factory's rows."""

    def get_queryset(self) -> models.QuerySet:
        raise TenantMissing(f"{self.model.__name__}: use .of(factory)")

    def of(self, factory: Factory) -> models.QuerySet:
        """The rows of this factory."""
        return super().get_queryset().filter(factory=factory)

    def of_every_factory(self) -> models.QuerySet:
        """The rows of all factories: for the worker, which serves everybody, never for a page."""
        return super().get_queryset()


class TenantModel(models.Model):
    """A row that belongs to one factory."""

    factory = models.ForeignKey(Factory, on_delete=models.CASCADE, related_name="+")

    objects = TenantManager()

    class Meta:
        abstract = True
