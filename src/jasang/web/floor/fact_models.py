"""What the level of a factory is measured from, kept so that no page has to open a store or a file."""

import uuid

from django.conf import settings
from django.db import models

from jasang.web.tenants.models import TenantModel

SLOTS = 144  # of a day: ten minutes each, on the factory's clock


class CollectedDay(TenantModel):
    """A day of collecting: the slots in which a reading came or a connection stood, and how late readings came."""

    day = models.DateField()
    slots = models.CharField(max_length=SLOTS // 4, default="")  # bits as hexadecimal digits, the first slot lowest
    readings = models.BigIntegerField(default=0)  # of the signals looked at
    latency = models.FloatField(null=True)  # s, median of receive time minus source time

    class Meta:
        constraints = [models.UniqueConstraint(fields=["factory", "day"], name="one_collected_day")]

    def __str__(self) -> str:
        return f"{self.day}: {self.covered:.0%}"

    @property
    def bits(self) -> int:
        """The slots as a number, the first slot its lowest bit."""
        return int(self.slots or "0", 16)

    @property
    def covered(self) -> float:
        """Share (0 to 1) of the day."""
        return self.bits.bit_count() / SLOTS


class KeptFact(TenantModel):
    """A fact that takes opening stores and files, as last reckoned; `detail` is what its page shows."""

    name = models.CharField(max_length=40)
    value = models.FloatField()
    at = models.DateField()  # of the latest data it rests on
    detail = models.JSONField(default=dict)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["factory", "name"], name="one_kept_fact_of_a_name")]

    def __str__(self) -> str:
        return f"{self.name}: {self.value:g}"


class FactTurn(TenantModel):
    """When the facts of a factory were reckoned last, and from which of its diagnoses."""

    at = models.DateTimeField()
    newest = models.BigIntegerField(default=0)  # id of the newest finished diagnosis

    class Meta:
        constraints = [models.UniqueConstraint(fields=["factory"], name="one_turn_of_facts")]
        indexes = [models.Index(fields=["at"])]

    def __str__(self) -> str:
        return f"{self.factory_id} {self.at}"


class StandingStudy(TenantModel):
    """A question that is asked anew of every version of a hand-over, and who looks after its answers."""

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    title = models.CharField(max_length=200)  # of the hand-over
    kind = models.CharField(max_length=40)  # a name in jasang.mentor.study_catalog
    options = models.JSONField(default=dict)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["factory", "title"])]

    def __str__(self) -> str:
        return f"{self.kind} of {self.title}"
