"""What a factory handed over and what was found in it."""

import uuid

from django.conf import settings
from django.db import models

from jasang.web.floor.connected_models import Annotation, AssetPlace, ConnectionTrial, WallLink
from jasang.web.floor.fact_models import CollectedDay, FactTurn, KeptFact, StandingStudy
from jasang.web.floor.optimise_models import CampaignCourse, ExperimentCourse, SchedulePlan
from jasang.web.jobs.models import Job
from jasang.web.tenants.models import TenantModel

# Django knows the tables of an area by this module.
__all__ = [
    "Annotation", "AssetPlace", "CampaignCourse", "CollectedDay", "ConnectionTrial", "DiagnosedTable", "Diagnosis",
    "ExperimentCourse", "FactTurn", "Finding", "FindingLife", "KeptFact", "KnowHow", "LifeEvent",
    "SchedulePlan", "Severity", "Stage", "StandingStudy", "StudyRun", "WallLink",
]  # fmt: skip


class Severity(models.IntegerChoices):
    """How loud a finding speaks, loudest first; ordered so that the database can sort by it."""

    ACT = 0
    WATCH = 1
    NOTE = 2

    @property
    def word(self) -> str:
        """The name used in addresses and in `jasang.findings/1`."""
        return self.name.lower()


class Diagnosis(TenantModel):
    """One hand-over of files and its diagnosis. The same title again is a new version; the older ones stay."""

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    title = models.CharField(max_length=200)  # file name, or the first of several
    files = models.JSONField(default=list)  # names as handed over
    version = models.PositiveIntegerField()
    folder = models.CharField(max_length=500)
    size = models.BigIntegerField(default=0)  # bytes
    content = models.CharField(max_length=64)  # SHA-256 over names and bytes
    job = models.OneToOneField(Job, on_delete=models.PROTECT, related_name="+")
    handed_over_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    handed_over_at = models.DateTimeField(auto_now_add=True)
    notices = models.JSONField(default=list)  # [{"file", "rows", "text": {"ko", "en"}}]

    class Meta:
        constraints = [models.UniqueConstraint(fields=["factory", "title", "version"], name="one_version_per_title")]
        indexes = [models.Index(fields=["factory", "-handed_over_at"])]

    def __str__(self) -> str:
        return f"{self.title} ({self.version})"

    @property
    def others(self) -> int:
        """How many files came besides the one of the title."""
        return max(0, len(self.files) - 1)


class DiagnosedTable(TenantModel):
    """One table as it was read."""

    diagnosis = models.ForeignKey(Diagnosis, on_delete=models.CASCADE, related_name="+")
    file = models.CharField(max_length=300)
    kind = models.CharField(max_length=20)
    rows = models.BigIntegerField()
    first = models.DateTimeField(null=True)
    last = models.DateTimeField(null=True)
    columns = models.JSONField(default=list)  # [{"name", "role"}] in file order

    def __str__(self) -> str:
        return self.file

    @property
    def shown_rows(self) -> str:
        """The number of rows, thousands separated."""
        return f"{self.rows:,}"


class Finding(TenantModel):
    """One finding. What lists sort and filter by are columns; the whole is `document`, as `jasang.findings/1` has it."""

    diagnosis = models.ForeignKey(Diagnosis, on_delete=models.CASCADE, related_name="+")
    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    place = models.PositiveIntegerField()  # within the diagnosis, 0 = first
    rule = models.CharField(max_length=60)
    severity = models.PositiveSmallIntegerField(choices=Severity.choices)
    table = models.CharField(max_length=300)
    column = models.CharField(max_length=300, blank=True)
    asset = models.CharField(max_length=300, blank=True)
    product = models.CharField(max_length=300, blank=True)
    since = models.DateTimeField(null=True)
    until = models.DateTimeField(null=True)
    worth = models.FloatField(null=True)  # a year, in `currency`
    currency = models.CharField(max_length=3, blank=True)
    strength = models.FloatField(default=0.0)
    text_ko = models.TextField()
    text_en = models.TextField()
    sketch = models.JSONField(null=True)  # its first chart with few points, for lists
    document = models.JSONField()
    charts = models.JSONField(default=list)
    life = models.ForeignKey("FindingLife", null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["diagnosis", "place"], name="one_finding_per_place")]
        indexes = [models.Index(fields=["factory", "severity"])]

    def __str__(self) -> str:
        return f"{self.rule} {self.table} {self.column}"


class StudyRun(TenantModel):
    """A question that somebody asked of handed-over data, and its answer."""

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    diagnosis = models.ForeignKey(Diagnosis, on_delete=models.CASCADE, related_name="+")  # whose files
    kind = models.CharField(max_length=40)  # a name in jasang.mentor.study_catalog
    options = models.JSONField(default=dict)  # as the catalogue names them
    job = models.OneToOneField(Job, on_delete=models.PROTECT, related_name="+")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    asked_at = models.DateTimeField(auto_now_add=True)
    result = models.JSONField(null=True)  # `jasang.study/1`

    class Meta:
        indexes = [models.Index(fields=["factory", "-asked_at"])]

    def __str__(self) -> str:
        return f"{self.kind} {self.options}"


class Stage(models.TextChoices):
    """Where a finding stands in its life."""

    FOUND = "found"
    DECLINED = "declined"  # not for us
    ACCEPTED = "accepted"
    DONE = "done"  # the action was taken; its effect is being waited for
    CHECKING = "checking"
    VERIFIED = "verified"
    NOT_EFFECTIVE = "not_effective"
    HELD = "held"  # still so after 90 days
    LOST = "lost"


class FindingLife(TenantModel):
    """A finding over repeated diagnoses of the same hand-over: one row as long as it is about the same thing."""

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    title = models.CharField(max_length=200)  # of the diagnoses it is seen in
    name = models.CharField(max_length=100)  # the `id` of `jasang.findings/1`
    fingerprint = models.CharField(max_length=80)
    since = models.DateTimeField(null=True)  # onset, as first seen
    stage = models.CharField(max_length=16, choices=Stage.choices, default=Stage.FOUND)
    first_seen = models.ForeignKey(Diagnosis, null=True, on_delete=models.SET_NULL, related_name="+")
    last_seen = models.ForeignKey(Diagnosis, null=True, on_delete=models.SET_NULL, related_name="+")
    gone = models.BooleanField(default=False)  # not in the latest diagnosis
    document = models.JSONField()  # the finding when the action was taken; until then as last seen
    context = models.JSONField(default=dict)  # what know-how needs: industry, role, unit, other columns
    done_on = models.DateField(null=True)
    note = models.CharField(max_length=1000, blank=True)  # what was done, or why it is not for us
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    job = models.ForeignKey(Job, null=True, on_delete=models.SET_NULL, related_name="+")  # the latest check

    class Meta:
        indexes = [models.Index(fields=["factory", "title", "fingerprint"])]

    def __str__(self) -> str:
        return f"{self.name} ({self.stage})"


class LifeEvent(TenantModel):
    """Something that happened to a finding; a check carries its verdict and the study behind it."""

    life = models.ForeignKey(FindingLife, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField(auto_now_add=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    stage = models.CharField(max_length=16, choices=Stage.choices)
    verdict = models.CharField(max_length=16, blank=True)  # confirmed | not_seen | too_early | worse
    lasting = models.CharField(max_length=16, blank=True)  # held | lost | unclear
    note = models.CharField(max_length=1000, blank=True)
    text_ko = models.TextField(blank=True)
    text_en = models.TextField(blank=True)
    effect = models.FloatField(null=True)
    low = models.FloatField(null=True)
    high = models.FloatField(null=True)
    study = models.JSONField(null=True)  # one study of `jasang.study/1`

    class Meta:
        indexes = [models.Index(fields=["life", "at"])]

    def __str__(self) -> str:
        return f"{self.stage} {self.at}"


class KnowHow(TenantModel):
    """A verified effect as `jasang.knowhow/1`. Other factories see it only while `shared`, and never whose it is."""

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    life = models.OneToOneField(FindingLife, null=True, on_delete=models.CASCADE, related_name="+")  # null = imported
    rule = models.CharField(max_length=60)
    document = models.JSONField()
    shared = models.BooleanField(default=False)
    shared_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["rule", "shared"])]

    def __str__(self) -> str:
        return f"{self.rule} {self.key}"
