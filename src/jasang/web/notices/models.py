"""The outbox: news for people, and calls to other programs. A row is written with what it tells about, in one transaction."""

import uuid

from django.conf import settings
from django.db import models

from jasang.web.tenants.models import Factory, TenantModel
from jasang.web.tenants.secret_texts import SecretText


class Letters(models.TextChoices):
    """Whether news of a kind also come by e-mail."""

    AT_ONCE = "at_once"
    DIGEST = "digest"  # one letter a day, in the morning
    NEVER = "never"


class Choice(models.Model):
    """What a person chose for one kind of news."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=40)
    letters = models.CharField(max_length=10, choices=Letters.choices)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "kind"], name="one_choice_per_kind")]

    def __str__(self) -> str:
        return f"{self.kind}: {self.letters}"


class Notice(models.Model):
    """One piece of news for one person: in the page always, by e-mail when `mail_due_at` says so."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    factory = models.ForeignKey(Factory, null=True, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=40)
    key = models.CharField(max_length=120)  # what it tells about: the same is never told twice
    title_ko = models.CharField(max_length=300)
    title_en = models.CharField(max_length=300)
    url = models.CharField(max_length=300)
    at = models.DateTimeField(auto_now_add=True)
    seen_at = models.DateTimeField(null=True)
    mail_due_at = models.DateTimeField(null=True)
    mail_sent_at = models.DateTimeField(null=True)
    mail_attempts = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="nothing_told_twice")]
        indexes = [
            models.Index(fields=["user", "-at"]),
            models.Index(fields=["mail_due_at"], condition=models.Q(mail_sent_at=None), name="letters_due"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"


class Webhook(TenantModel):
    """An address of another program that is called about news of the factory."""

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    url = models.URLField(max_length=500)
    secret = SecretText()  # signs the calls: it must be known here as it is
    kinds = models.JSONField(default=list)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    made_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.url


class Outcome(models.TextChoices):
    """Where a call stands."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    DEAD = "dead"  # tried for two days in vain


class Delivery(TenantModel):
    """One call to one address. Its key goes along with every try, so that the other side can leave out repetitions."""

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="+")
    about = models.CharField(max_length=120)
    body = models.JSONField()
    outcome = models.CharField(max_length=10, choices=Outcome.choices, default=Outcome.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField()
    made_at = models.DateTimeField(auto_now_add=True)
    delivered_at = models.DateTimeField(null=True)
    status = models.PositiveSmallIntegerField(null=True)  # of the last answer
    error = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["webhook", "about"], name="nothing_called_twice")]
        indexes = [models.Index(fields=["outcome", "due_at"]), models.Index(fields=["webhook", "-made_at"])]

    def __str__(self) -> str:
        return f"{self.about} to {self.webhook_id} ({self.outcome})"
