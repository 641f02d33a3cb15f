"""Sightings of trouble (a case, or a finding that opened none), the difficulties that factories share, and kept sums of days."""

import uuid

from django.conf import settings
from django.db import models

from jasang.web.tenants.models import Factory, Organisation, OrganisationModel, TenantManager


class DifficultyState(models.TextChoices):
    """Where a common difficulty stands; every factory that has it sees it."""

    OPEN = "open"
    IN_WORK = "in_work"
    ANSWERED = "answered"
    CLOSED = "closed"


class Difficulty(OrganisationModel):
    """A difficulty that at least three factories have. It keeps its key as it grows. The numbers are kept from its sightings."""

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    title_ko = models.CharField(max_length=200)
    title_en = models.CharField(max_length=200, blank=True)
    state = models.CharField(max_length=10, choices=DifficultyState.choices, default=DifficultyState.OPEN)
    answer_ko = models.TextField(blank=True)  # to every factory that has it
    answer_en = models.TextField(blank=True)
    words = models.JSONField(default=list)  # of at least three factories each: they may be told
    rule = models.CharField(max_length=60, blank=True)
    context = models.CharField(max_length=40, blank=True)
    shape = models.BinaryField(null=True)  # mean profile of those that have one
    shapes = models.PositiveIntegerField(default=0)
    factories = models.PositiveIntegerField(default=0)
    cases = models.PositiveIntegerField(default=0)
    findings = models.PositiveIntegerField(default=0)
    solved = models.PositiveIntegerField(default=0)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    made_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)
    merged_into = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        indexes = [models.Index(fields=["organisation", "state", "-factories"])]

    def __str__(self) -> str:
        return self.title_ko


class DifficultyEvent(OrganisationModel):
    """What happened to a difficulty; rows are only ever added."""

    difficulty = models.ForeignKey(Difficulty, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField(auto_now_add=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    kind = models.CharField(max_length=10)  # found | joined | state | answer | title | split | merged | moved
    data = models.JSONField(default=dict)

    class Meta:
        indexes = [models.Index(fields=["difficulty", "-at"])]

    def __str__(self) -> str:
        return f"{self.kind} of {self.difficulty_id}"


class Sighting(models.Model):
    """Trouble seen at a factory: a case, or a finding that opened none (`finding` is what stays of it over diagnoses)."""

    centre = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
    factory = models.ForeignKey(Factory, null=True, on_delete=models.CASCADE, related_name="+")
    case = models.OneToOneField("center.Case", null=True, on_delete=models.CASCADE, related_name="+")
    finding = models.CharField(max_length=64, null=True)
    title_ko = models.CharField(max_length=300, blank=True)  # of a finding
    title_en = models.CharField(max_length=300, blank=True)
    url = models.CharField(max_length=300, blank=True)
    at = models.DateTimeField()
    rule = models.CharField(max_length=60, blank=True)
    context = models.CharField(max_length=40, blank=True)  # kind of machine
    names = models.CharField(max_length=300, blank=True)  # of column, machine and product, for the words of a finding
    words = models.JSONField(default=list)
    profile = models.BinaryField(null=True)  # jasang.mentor.shapes
    looked_at = models.BooleanField(default=False)  # words are made, and it was compared with the others
    by_hand = models.BooleanField(default=False)  # somebody put it where it is: it stays there
    difficulty = models.ForeignKey(Difficulty, null=True, on_delete=models.SET_NULL, related_name="+")

    objects = TenantManager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["factory", "finding"], name="one_sighting_per_finding")]
        indexes = [
            models.Index(fields=["centre", "looked_at", "at"]),
            models.Index(fields=["centre", "difficulty", "at"]),
            models.Index(fields=["factory", "difficulty"]),
        ]

    def __str__(self) -> str:
        return f"{self.case_id or self.finding} at {self.at}"


class CentreDay(OrganisationModel):
    """Sums over the cases opened on one day of the centre's clock, for reports; `counted` < `changes` = to be counted anew."""

    day = models.DateField()
    changes = models.PositiveIntegerField(default=0)
    counted = models.IntegerField(default=-1)
    opened = models.PositiveIntegerField(default=0)
    answered = models.PositiveIntegerField(default=0)
    answered_in_time = models.PositiveIntegerField(default=0)
    solved = models.PositiveIntegerField(default=0)
    solved_in_time = models.PositiveIntegerField(default=0)
    rated = models.PositiveIntegerField(default=0)
    stars = models.PositiveIntegerField(default=0)  # in all
    answer_minutes = models.FloatField(default=0.0)  # in all, of those answered

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "day"], name="one_row_per_day")]

    def __str__(self) -> str:
        return f"{self.organisation_id} {self.day}"
