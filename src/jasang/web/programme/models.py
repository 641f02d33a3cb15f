"""Levels and mentors; calls and what follows are in `application_models`, mentors in factories in `residency_models`."""

import uuid

from django.conf import settings
from django.db import models

from jasang.web.jobs.models import Job
from jasang.web.programme.application_models import (
    Application,
    BlindState,
    Call,
    Claim,
    ClaimState,
    Cohort,
    Judging,
    Milestone,
    Paper,
    Payment,
    Stage,
    StageEvent,
    Support,
)
from jasang.web.programme.residency_models import (
    Change,
    HandOver,
    Proof,
    Residency,
    ResidencyNote,
    ResidencyWeek,
    Task,
)
from jasang.web.tenants.models import Factory, OrganisationModel, TenantModel

__all__ = [
    "Application",
    "BlindState",
    "Call",
    "Claim",
    "ClaimState",
    "Change",
    "Cohort",
    "HandOnPlan",
    "HandOver",
    "Judging",
    "LevelAnswer",
    "LevelMark",
    "Mentor",
    "Milestone",
    "Offer",
    "Paper",
    "Payment",
    "Planning",
    "Proof",
    "Residency",
    "ResidencyNote",
    "ResidencyWeek",
    "Stage",
    "StageEvent",
    "Standing",
    "Support",
    "Task",
]

_PERSON = settings.AUTH_USER_MODEL


class LevelAnswer(TenantModel):
    """An answer to an item of the rubric; the newest counts."""

    item = models.CharField(max_length=60)
    step = models.PositiveSmallIntegerField()
    at = models.DateField()
    source = models.CharField(max_length=10)  # live | mentor
    by = models.ForeignKey(_PERSON, null=True, on_delete=models.SET_NULL, related_name="+")
    evidence = models.CharField(max_length=300, blank=True)
    value = models.FloatField(null=True)
    words = models.TextField(blank=True)  # of a mentor: what was seen
    signed_at = models.DateTimeField(null=True)  # of a mentor: when he or she put the name to it

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["factory", "item", "source", "at"], name="one_answer_of_a_day_and_source")
        ]

    def __str__(self) -> str:
        return f"{self.item}: {self.step}"


class LevelMark(TenantModel):
    """The level on a day it was reckoned."""

    day = models.DateField()
    rubric = models.CharField(max_length=10)
    of_five = models.PositiveSmallIntegerField()
    points = models.FloatField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["factory", "day"], name="one_level_of_a_day")]

    def __str__(self) -> str:
        return f"{self.day}: {self.of_five}"


class Standing(TenantModel):
    """What the portfolio adds up, one row a factory, kept up by the services. Won; `effect` a year, from verified findings."""

    factory = models.OneToOneField(Factory, on_delete=models.CASCADE, related_name="standing")
    cohort = models.ForeignKey(Cohort, null=True, on_delete=models.SET_NULL, related_name="+")
    of_five = models.PositiveSmallIntegerField(default=0)
    points = models.FloatField(default=0.0)
    goal = models.PositiveSmallIntegerField(null=True)  # of five
    surveyed_on = models.DateField(null=True, db_index=True)
    granted = models.BigIntegerField(default=0)
    paid = models.BigIntegerField(default=0)
    effect = models.FloatField(default=0.0)
    effects = models.PositiveIntegerField(default=0)  # verified findings

    class Meta:
        indexes = [models.Index(fields=["cohort", "of_five"])]

    def __str__(self) -> str:
        return f"{self.factory_id}: {self.of_five}"


class Mentor(OrganisationModel):
    """A person who can be sent to factories. `skills` are 0 to 1 by name, `away` first and last days (ISO), `conflicts` keys of
    factories with which there is a conflict of interest."""

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    user = models.ForeignKey(_PERSON, null=True, on_delete=models.SET_NULL, related_name="+")
    name = models.CharField(max_length=80)
    region = models.CharField(max_length=10, blank=True)
    skills = models.JSONField(default=dict)
    languages = models.JSONField(default=list)
    days = models.PositiveSmallIntegerField(default=120)
    away = models.JSONField(default=list)
    conflicts = models.JSONField(default=list)
    leads = models.BooleanField(default=False)
    active = models.BooleanField(default=True)

    class Meta:
        indexes = [models.Index(fields=["organisation", "name"])]

    def __str__(self) -> str:
        return self.name


class Planning(OrganisationModel):
    """A run of the optimiser: who should go where. `question` is `jasang.assignment/1`, `answer` `jasang.assigned/1`."""

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    cohort = models.ForeignKey(Cohort, on_delete=models.CASCADE, related_name="+")
    job = models.OneToOneField(Job, on_delete=models.PROTECT, related_name="+")
    question = models.JSONField()
    answer = models.JSONField(null=True)
    before = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="+")  # the plan it mends
    starts_on = models.DateField(null=True)  # first day of week 1
    made_at = models.DateTimeField(auto_now_add=True)
    offered_at = models.DateTimeField(null=True)  # its mentors were asked
    taken_at = models.DateTimeField(null=True)  # its residencies were made

    def __str__(self) -> str:
        return f"{self.cohort_id} {self.made_at}"


class HandOnPlan(OrganisationModel):
    """A human hand on the assignment: this mentor goes there (pin), or does not (veto)."""

    cohort = models.ForeignKey(Cohort, on_delete=models.CASCADE, related_name="+")
    factory = models.ForeignKey(Factory, on_delete=models.CASCADE, related_name="+")
    mentor = models.ForeignKey(Mentor, on_delete=models.CASCADE, related_name="+")
    pinned = models.BooleanField()  # false = veto
    by = models.ForeignKey(_PERSON, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["cohort", "factory", "mentor"], name="one_hand_on_a_pair")]

    def __str__(self) -> str:
        return f"{'pin' if self.pinned else 'veto'} {self.mentor_id} {self.factory_id}"


class Offer(OrganisationModel):
    """A mentor is asked to go to a factory, and answers."""

    class State(models.TextChoices):
        """The mentor's answer."""

        ASKED = "asked"
        ACCEPTED = "accepted"
        DECLINED = "declined"

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    planning = models.ForeignKey(Planning, on_delete=models.CASCADE, related_name="offers")
    factory = models.ForeignKey(Factory, on_delete=models.CASCADE, related_name="+")
    mentor = models.ForeignKey(Mentor, on_delete=models.CASCADE, related_name="+")
    starts_on = models.DateField()
    ends_on = models.DateField()
    leads = models.BooleanField(default=True)
    state = models.CharField(max_length=8, choices=State.choices, default=State.ASKED)
    words = models.TextField(blank=True)  # why not
    asked_at = models.DateTimeField(auto_now_add=True)
    answered_at = models.DateTimeField(null=True)
    by = models.ForeignKey(_PERSON, null=True, on_delete=models.SET_NULL, related_name="+")  # who gave the answer

    class Meta:
        constraints = [models.UniqueConstraint(fields=["planning", "factory", "mentor"], name="one_offer_of_a_pair")]
        indexes = [models.Index(fields=["mentor", "state"])]

    def __str__(self) -> str:
        return f"{self.mentor_id} to {self.factory_id}: {self.state}"
