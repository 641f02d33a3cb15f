"""Cohorts, calls and applications, judges, money, levels, mentors and residencies."""

import uuid

from django.conf import settings
from django.db import models

from jasang.web.jobs.models import Job
from jasang.web.tenants.models import Factory, OrganisationModel, TenantModel

_PERSON = settings.AUTH_USER_MODEL


class Cohort(OrganisationModel):
    """The factories of one year's programme."""

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(max_length=120)
    year = models.PositiveSmallIntegerField()
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "name"], name="one_cohort_of_a_name")]

    def __str__(self) -> str:
        return self.name


class Support(models.TextChoices):
    """What a call pays for."""

    BUILD = "build"
    UPGRADE = "upgrade"
    MENTORING = "mentoring"


class Call(OrganisationModel):
    """A call of a cohort: who applies until when, and what it pays at most. Won."""

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    cohort = models.ForeignKey(Cohort, on_delete=models.PROTECT, related_name="+")
    title = models.CharField(max_length=200)
    support = models.CharField(max_length=12, choices=Support.choices, default=Support.UPGRADE)
    opens_on = models.DateField()
    closes_on = models.DateField()
    most_won = models.BigIntegerField()  # of one grant
    most_share = models.DecimalField(max_digits=4, decimal_places=3)  # of the whole cost

    def __str__(self) -> str:
        return self.title


class Stage(models.TextChoices):
    """Where an application stands."""

    APPLIED = "applied"
    VISITED = "visited"  # a mentor was there and found it feasible
    APPROVED = "approved"  # by five judges
    PLANNED = "planned"
    BUILDING = "building"
    OPERATING = "operating"
    AFTERCARE = "aftercare"
    CLOSED = "closed"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


class Application(OrganisationModel):
    """A factory's way through a call. `organisation` is the one that runs the programme. Money in won."""

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    call = models.ForeignKey(Call, on_delete=models.PROTECT, related_name="+")
    factory = models.ForeignKey(Factory, on_delete=models.PROTECT, related_name="+")
    stage = models.CharField(max_length=12, choices=Stage.choices, default=Stage.APPLIED)
    wish = models.TextField()  # what the factory wants to solve
    plan = models.TextField(blank=True)
    cost = models.BigIntegerField()
    asked = models.BigIntegerField()  # of it, as a grant
    granted = models.BigIntegerField(default=0)
    feasibility = models.TextField(blank=True)
    due_on = models.DateField(null=True)  # the next step's last day
    applied_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["call", "factory"], name="one_application_of_a_factory"),
            models.CheckConstraint(condition=models.Q(asked__lte=models.F("cost")), name="asked_within_cost"),
            models.CheckConstraint(condition=models.Q(granted__lte=models.F("asked")), name="granted_within_asked"),
        ]
        indexes = [models.Index(fields=["organisation", "stage", "due_on"])]

    def __str__(self) -> str:
        return f"{self.factory_id} in {self.call_id} ({self.stage})"

    @property
    def own_share(self) -> int:
        """What the factory pays itself, in won: of the cost what is not granted (before the decision: not asked for)."""
        return self.cost - (self.granted or self.asked)


class StageEvent(OrganisationModel):
    """A step of an application: who took it, when, with which words."""

    application = models.ForeignKey(Application, on_delete=models.CASCADE, related_name="events")
    stage = models.CharField(max_length=12, choices=Stage.choices)
    by = models.ForeignKey(_PERSON, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField(auto_now_add=True)
    note = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"{self.application_id}: {self.stage}"


class Judging(OrganisationModel):
    """One outside judge's part: first the word about a conflict of interest, then points from 0 to 100."""

    application = models.ForeignKey(Application, on_delete=models.CASCADE, related_name="judgings")
    judge = models.ForeignKey(_PERSON, on_delete=models.PROTECT, related_name="+")
    conflict = models.BooleanField(null=True)  # null = not declared yet
    points = models.PositiveSmallIntegerField(null=True)
    words = models.TextField(blank=True)
    at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["application", "judge"], name="one_judging_of_a_judge")]

    def __str__(self) -> str:
        return f"{self.judge_id} on {self.application_id}"


class Milestone(OrganisationModel):
    """A part of the grant and what must be reached for it. Won."""

    application = models.ForeignKey(Application, on_delete=models.CASCADE, related_name="milestones")
    place = models.PositiveSmallIntegerField()
    title = models.CharField(max_length=200)
    amount = models.BigIntegerField()
    due_on = models.DateField(null=True)
    reached_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["application", "place"], name="one_milestone_of_a_place")]
        ordering = ["place"]

    def __str__(self) -> str:
        return self.title


class Payment(OrganisationModel):
    """Money paid for a milestone, once. The same `request` asked twice is the same payment."""

    application = models.ForeignKey(Application, on_delete=models.PROTECT, related_name="payments")
    milestone = models.OneToOneField(Milestone, on_delete=models.PROTECT, related_name="payment")
    amount = models.BigIntegerField()
    request = models.CharField(max_length=64, unique=True)
    by = models.ForeignKey(_PERSON, null=True, on_delete=models.SET_NULL, related_name="+")
    paid_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(amount__gt=0), name="payment_above_nothing")]

    def __str__(self) -> str:
        return f"{self.amount} for {self.milestone_id}"


class LevelAnswer(TenantModel):
    """An answer to an item of the rubric; the newest counts."""

    item = models.CharField(max_length=60)
    step = models.PositiveSmallIntegerField()
    at = models.DateField()
    source = models.CharField(max_length=10)  # live | mentor
    by = models.ForeignKey(_PERSON, null=True, on_delete=models.SET_NULL, related_name="+")
    evidence = models.CharField(max_length=300, blank=True)
    value = models.FloatField(null=True)

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
    surveyed_on = models.DateField(null=True)
    granted = models.BigIntegerField(default=0)
    paid = models.BigIntegerField(default=0)
    effect = models.FloatField(default=0.0)
    effects = models.PositiveIntegerField(default=0)  # verified findings

    class Meta:
        indexes = [models.Index(fields=["cohort", "of_five"])]

    def __str__(self) -> str:
        return f"{self.factory_id}: {self.of_five}"


class Mentor(OrganisationModel):
    """A person who can be sent to factories. `skills` are 0 to 1 by name, `away` weeks [first, last] of the plan."""

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    user = models.ForeignKey(_PERSON, null=True, on_delete=models.SET_NULL, related_name="+")
    name = models.CharField(max_length=80)
    region = models.CharField(max_length=10, blank=True)
    skills = models.JSONField(default=dict)
    languages = models.JSONField(default=list)
    days = models.PositiveSmallIntegerField(default=120)
    away = models.JSONField(default=list)
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
    made_at = models.DateTimeField(auto_now_add=True)
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


class Residency(TenantModel):
    """The weeks a mentor is in a factory, the hand-over at the end, and the look back 90 days after leaving."""

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    mentor = models.ForeignKey(Mentor, on_delete=models.PROTECT, related_name="+")
    planning = models.ForeignKey(Planning, null=True, on_delete=models.SET_NULL, related_name="+")
    starts_on = models.DateField()
    ends_on = models.DateField()
    hand_over = models.TextField(blank=True)
    ended_at = models.DateTimeField(null=True)
    look_back = models.TextField(blank=True)
    looked_back_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["factory", "mentor", "starts_on"], name="one_residency_of_a_mentor")
        ]

    def __str__(self) -> str:
        return f"{self.mentor_id} in {self.factory_id}"


class ResidencyNote(TenantModel):
    """A visit, a task, or a before/after that is linked to a finding."""

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    residency = models.ForeignKey(Residency, on_delete=models.CASCADE, related_name="notes")
    kind = models.CharField(max_length=10)  # visit | task | change
    text = models.TextField()
    on = models.DateField()
    done_at = models.DateTimeField(null=True)
    finding = models.CharField(max_length=40, blank=True)  # key of a finding
    photo = models.CharField(max_length=300, blank=True)  # path below the data folder
    by = models.ForeignKey(_PERSON, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        ordering = ["on", "pk"]

    def __str__(self) -> str:
        return f"{self.kind} {self.on}"
