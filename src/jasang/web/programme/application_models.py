"""Cohorts, calls, applications, judges and money. Won; days without a time are days of the organisation's own clock."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from jasang.web.tenants.models import Factory, OrganisationModel

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
    """A call of a cohort: who applies until when, what it pays at most, what is asked for, and by what it is judged.

    `documents`: `{"name", "needed", "judges"}` each (do judges see it?). `criteria`: `{"id", "name", "most"}` each, 100 in all.
    """

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    cohort = models.ForeignKey(Cohort, on_delete=models.PROTECT, related_name="+")
    title = models.CharField(max_length=200)
    text = models.TextField(blank=True)
    support = models.CharField(max_length=12, choices=Support.choices, default=Support.UPGRADE)
    opens_on = models.DateField()
    closes_on = models.DateField()
    visits_until = models.DateField(null=True)
    judging_until = models.DateField(null=True)
    most_won = models.BigIntegerField()  # of one grant
    most_share = models.DecimalField(max_digits=4, decimal_places=3)  # of the whole cost
    budget = models.BigIntegerField(null=True)  # of all grants together; nothing = no line
    least_points = models.PositiveSmallIntegerField(default=70)  # mean of the judges from which it is approved
    documents = models.JSONField(default=list)
    criteria = models.JSONField(default=list)
    published_at = models.DateTimeField(null=True)  # nothing = nobody but the operator sees it

    class Meta:
        indexes = [models.Index(fields=["organisation", "-closes_on"])]

    def __str__(self) -> str:
        return self.title


class Stage(models.TextChoices):
    """Where an application stands."""

    DRAFT = "draft"  # its factory's own business
    APPLIED = "applied"
    VISITED = "visited"  # a mentor was there and found it feasible
    APPROVED = "approved"  # by five judges
    PLANNED = "planned"
    BUILDING = "building"
    OPERATING = "operating"
    AFTERCARE = "aftercare"
    CLOSED = "closed"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"  # by the owner, before it is built
    STOPPED = "stopped"  # by the operator: the factory closed, left, or does not keep to the plan


class Application(OrganisationModel):
    """A factory's way through a call. `organisation` is the one that runs the programme. Money in won."""

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    call = models.ForeignKey(Call, on_delete=models.PROTECT, related_name="+")
    factory = models.ForeignKey(Factory, on_delete=models.PROTECT, related_name="+")
    stage = models.CharField(max_length=12, choices=Stage.choices, default=Stage.APPLIED)
    number = models.PositiveIntegerField(null=True)  # in the call, from 1: what judges know it by
    wish = models.TextField(blank=True)  # what the factory wants to solve
    expected = models.TextField(blank=True)  # what it hopes for
    contact = models.CharField(max_length=120, blank=True)
    plan = models.TextField(blank=True)
    cost = models.BigIntegerField(default=0)
    asked = models.BigIntegerField(default=0)  # of it, as a grant
    granted = models.BigIntegerField(default=0)
    visitor = models.ForeignKey(_PERSON, null=True, on_delete=models.SET_NULL, related_name="+")
    visit_on = models.DateField(null=True)  # agreed day
    visited_on = models.DateField(null=True)
    feasibility = models.TextField(blank=True)
    report = models.JSONField(default=dict)  # of the visit: found, way, risks
    due_on = models.DateField(null=True)  # the next step's last day
    applied_at = models.DateTimeField(null=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["call", "factory"], name="one_application_of_a_factory"),
            models.UniqueConstraint(fields=["call", "number"], name="one_application_of_a_number"),
            models.CheckConstraint(condition=Q(stage="draft") | Q(asked__lte=F("cost")), name="asked_within_cost"),
            models.CheckConstraint(condition=Q(granted__lte=F("asked")), name="granted_within_asked"),
        ]
        indexes = [
            models.Index(fields=["organisation", "stage", "due_on"]),
            models.Index(fields=["call", "stage"]),
            models.Index(fields=["visitor", "stage"]),
        ]

    def __str__(self) -> str:
        return f"{self.factory_id} in {self.call_id} ({self.stage})"

    @property
    def own_share(self) -> int:
        """What the factory pays itself, in won: of the cost what is not granted (before the decision: not asked for)."""
        return max(0, self.cost - (self.granted or self.asked))  # a draft may ask for more than it costs


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
    """One outside judge's part: first the word about a conflict of interest, then points by criterion, each with its reason."""

    application = models.ForeignKey(Application, on_delete=models.CASCADE, related_name="judgings")
    judge = models.ForeignKey(_PERSON, on_delete=models.PROTECT, related_name="+")
    due_on = models.DateField(null=True)
    conflict = models.BooleanField(null=True)  # null = not declared yet
    conflict_words = models.CharField(max_length=300, blank=True)
    scores = models.JSONField(default=dict)  # criterion -> points
    reasons = models.JSONField(default=dict)  # criterion -> sentence
    points = models.PositiveSmallIntegerField(null=True)  # their sum, 0 to 100
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
    reached_by = models.ForeignKey(_PERSON, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["application", "place"], name="one_milestone_of_a_place")]
        ordering = ["place"]

    def __str__(self) -> str:
        return self.title


class ClaimState(models.TextChoices):
    """Where a claim stands."""

    OPEN = "open"
    REFUSED = "refused"
    PAID = "paid"


class Claim(OrganisationModel):
    """The owner says that a milestone is reached and asks for its money. The same `request` asked twice is the same claim."""

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    application = models.ForeignKey(Application, on_delete=models.CASCADE, related_name="claims")
    milestone = models.ForeignKey(Milestone, on_delete=models.CASCADE, related_name="claims")
    words = models.TextField(blank=True)
    own_paid = models.BigIntegerField(default=0)  # of the own share, spent for this milestone
    request = models.CharField(max_length=64, unique=True)
    state = models.CharField(max_length=8, choices=ClaimState.choices, default=ClaimState.OPEN)
    by = models.ForeignKey(_PERSON, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField(auto_now_add=True)
    answer = models.TextField(blank=True)
    answered_by = models.ForeignKey(_PERSON, null=True, on_delete=models.SET_NULL, related_name="+")
    answered_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["milestone"], condition=Q(state__in=["open", "paid"]), name="one_claim_of_a_milestone"
            ),
            models.CheckConstraint(condition=Q(own_paid__gte=0), name="own_share_not_below_nothing"),
        ]
        indexes = [models.Index(fields=["organisation", "state", "at"])]

    def __str__(self) -> str:
        return f"{self.milestone_id}: {self.state}"


class Payment(OrganisationModel):
    """Money paid for a milestone, once. The same `request` asked twice is the same payment."""

    application = models.ForeignKey(Application, on_delete=models.PROTECT, related_name="payments")
    milestone = models.OneToOneField(Milestone, on_delete=models.PROTECT, related_name="payment")
    amount = models.BigIntegerField()
    request = models.CharField(max_length=64, unique=True)
    by = models.ForeignKey(_PERSON, null=True, on_delete=models.SET_NULL, related_name="+")
    paid_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(amount__gt=0), name="payment_above_nothing")]
        indexes = [models.Index(fields=["organisation", "-paid_at"])]

    def __str__(self) -> str:
        return f"{self.amount} for {self.milestone_id}"


class BlindState(models.TextChoices):
    """Whether judges get a copy: yes, without the firm's name; none since the name stands in it; none since nobody can tell."""

    CLEAN = "clean"
    NAMED = "named"
    CLOSED = "closed"


class Paper(OrganisationModel):
    """A file of an application: a document that the call asks for (`title`), or proof of a claim.

    `blind` and `named_in` (pages, parts) are kept for documents that judges read; blank = not looked at yet.
    """

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    application = models.ForeignKey(Application, on_delete=models.CASCADE, related_name="papers")
    claim = models.ForeignKey(Claim, null=True, on_delete=models.CASCADE, related_name="papers")
    title = models.CharField(max_length=120, blank=True)
    name = models.CharField(max_length=200)
    size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    path = models.CharField(max_length=500)
    blind = models.CharField(max_length=8, blank=True, choices=BlindState.choices)
    named_in = models.CharField(max_length=300, blank=True)
    by = models.ForeignKey(_PERSON, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.name
