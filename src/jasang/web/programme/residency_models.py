"""Mentors in factories: the weeks, tasks, notes with photos, changes with their proof, the hand-over and what came of it."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from jasang.web.tenants.models import TenantModel

_PERSON = settings.AUTH_USER_MODEL


class Residency(TenantModel):
    """The weeks a mentor is in a factory, the hand-over at the end, and the look back 90 days after leaving.

    `won`, `low` and `high` are won a year of verified effects, kept by the services; shared by those who name the same finding.
    """

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    mentor = models.ForeignKey("programme.Mentor", on_delete=models.PROTECT, related_name="+")
    planning = models.ForeignKey("programme.Planning", null=True, on_delete=models.SET_NULL, related_name="+")
    starts_on = models.DateField()
    ends_on = models.DateField()
    goal = models.TextField(blank=True)
    hand_over = models.TextField(blank=True)
    handed_over_at = models.DateTimeField(null=True)
    let_in_at = models.DateTimeField(null=True)  # once: whom the owner puts out stays out
    ended_at = models.DateTimeField(null=True)
    look_back = models.TextField(blank=True)
    looked_back_at = models.DateTimeField(null=True)
    held = models.PositiveSmallIntegerField(null=True)  # of the changes at the look back, those that hold
    won = models.FloatField(default=0.0)
    low = models.FloatField(default=0.0)
    high = models.FloatField(default=0.0)
    effects = models.PositiveSmallIntegerField(default=0)
    reckoned_on = models.DateField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["factory", "mentor", "starts_on"], name="one_residency_of_a_mentor")
        ]
        indexes = [models.Index(fields=["starts_on", "ends_on"]), models.Index(fields=["mentor", "starts_on"])]

    def __str__(self) -> str:
        return f"{self.mentor_id} in {self.factory_id}"

    @property
    def weeks(self) -> int:
        """How many weeks it is long, a begun one counted."""
        return -(-((self.ends_on - self.starts_on).days + 1) // 7)


class ResidencyWeek(TenantModel):
    """What one week of a residency is for."""

    residency = models.ForeignKey(Residency, on_delete=models.CASCADE, related_name="plan")
    number = models.PositiveSmallIntegerField()  # from 1
    aim = models.CharField(max_length=500, blank=True)
    done = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["residency", "number"], name="one_plan_of_a_week")]
        ordering = ["number"]

    def __str__(self) -> str:
        return f"{self.number}: {self.aim}"


class Task(TenantModel):
    """Something to do in the factory: who, until when, about which finding. `lasting` is the finding over its versions."""

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    residency = models.ForeignKey(Residency, null=True, on_delete=models.CASCADE, related_name="tasks")
    kind = models.CharField(max_length=10, default="task")  # task | look_back
    text = models.CharField(max_length=500)
    who = models.CharField(max_length=80, blank=True)  # as people call him or her
    person = models.ForeignKey(_PERSON, null=True, on_delete=models.SET_NULL, related_name="+")
    due_on = models.DateField(null=True)
    lasting = models.CharField(max_length=64, blank=True)
    about = models.JSONField(default=dict)  # {"ko", "en", "url"} of the finding when it was chosen
    made_by = models.ForeignKey(_PERSON, null=True, on_delete=models.SET_NULL, related_name="+")
    made_at = models.DateTimeField(auto_now_add=True)
    done_at = models.DateTimeField(null=True)
    done_by = models.ForeignKey(_PERSON, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["residency"], condition=Q(kind="look_back"), name="one_look_back_task")
        ]
        indexes = [models.Index(fields=["factory", "done_at", "due_on"])]
        ordering = ["due_on", "pk"]

    def __str__(self) -> str:
        return self.text


class ResidencyNote(TenantModel):
    """A spot of the floor walk with what was seen there, or an entry of the diary."""

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    residency = models.ForeignKey(Residency, on_delete=models.CASCADE, related_name="notes")
    kind = models.CharField(max_length=10)  # walk | diary
    place = models.CharField(max_length=120, blank=True)
    text = models.TextField()
    on = models.DateField()
    at = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey(_PERSON, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        ordering = ["-on", "-pk"]

    def __str__(self) -> str:
        return f"{self.kind} {self.on}"


class Change(TenantModel):
    """Before and after. What it was worth is the verified effect of its finding, never a word of the mentor."""

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    residency = models.ForeignKey(Residency, on_delete=models.CASCADE, related_name="changes")
    title = models.CharField(max_length=200)
    before = models.TextField(blank=True)
    after = models.TextField(blank=True)
    on = models.DateField()
    lasting = models.CharField(max_length=64, blank=True)
    about = models.JSONField(default=dict)
    by = models.ForeignKey(_PERSON, null=True, on_delete=models.SET_NULL, related_name="+")
    holds = models.BooleanField(null=True)  # at the look back

    class Meta:
        ordering = ["on", "pk"]
        indexes = [models.Index(fields=["factory", "lasting"])]

    def __str__(self) -> str:
        return self.title


class HandOver(TenantModel):
    """One thing that the mentor hands to the factory before leaving, and whether the factory took it."""

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    residency = models.ForeignKey(Residency, on_delete=models.CASCADE, related_name="hand_overs")
    text = models.CharField(max_length=500)
    keeper = models.CharField(max_length=80, blank=True)  # who looks after it from now on
    accepted_at = models.DateTimeField(null=True)
    accepted_by = models.ForeignKey(_PERSON, null=True, on_delete=models.SET_NULL, related_name="+")
    refused = models.CharField(max_length=500, blank=True)  # what is still missing

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.text


class Proof(TenantModel):
    """A photo or a file that shows something: of an answer to the rubric, a note, or one side of a change."""

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    answer = models.ForeignKey("programme.LevelAnswer", null=True, on_delete=models.CASCADE, related_name="proofs")
    note = models.ForeignKey(ResidencyNote, null=True, on_delete=models.CASCADE, related_name="proofs")
    change = models.ForeignKey(Change, null=True, on_delete=models.CASCADE, related_name="proofs")
    side = models.CharField(max_length=6, blank=True)  # before | after
    name = models.CharField(max_length=120)
    photo = models.BooleanField()  # shown as a picture; else only handed out as a download
    width = models.PositiveIntegerField(default=0)
    height = models.PositiveIntegerField(default=0)
    size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    path = models.CharField(max_length=500)  # folder below the data folder: "content", of a photo "small" too
    by = models.ForeignKey(_PERSON, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.name
