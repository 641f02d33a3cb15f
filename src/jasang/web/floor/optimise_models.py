"""Better settings, as the pages keep them: campaigns, designed experiments and schedules."""

import uuid

from django.conf import settings
from django.db import models

from jasang.web.jobs.models import Job
from jasang.web.tenants.models import TenantModel


class CampaignCourse(TenantModel):
    """A campaign. `document` is the campaign as its file has it, `status` is `jasang.campaign-status/1`; null until begun."""

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(max_length=120)
    diagnosis = models.ForeignKey("floor.Diagnosis", null=True, on_delete=models.SET_NULL, related_name="+")
    request = models.JSONField()  # what was asked for, as services.begin_campaign takes it
    document = models.JSONField(null=True)
    status = models.JSONField(null=True)
    studies = models.JSONField(null=True)  # `jasang.study/1`
    job = models.ForeignKey(Job, null=True, on_delete=models.SET_NULL, related_name="+")  # the latest
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["factory", "-made_at"])]

    def __str__(self) -> str:
        return self.name


class ExperimentCourse(TenantModel):
    """A designed experiment. `document` is `jasang.experiment/1`; `planned` and `studies` are `jasang.study/1`."""

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(max_length=120)
    request = models.JSONField()  # about, factors, outcomes, as in the TOML file
    document = models.JSONField(null=True)
    planned = models.JSONField(null=True)
    studies = models.JSONField(null=True)
    job = models.ForeignKey(Job, null=True, on_delete=models.SET_NULL, related_name="+")
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["factory", "-made_at"])]

    def __str__(self) -> str:
        return self.name


class PlanStep(models.TextChoices):
    """How a schedule came about."""

    PLAN = "plan"
    TRY = "try"  # somebody moved an operation, and looks at what it costs
    LOCK = "lock"
    REPLAN = "replan"
    PROMISE = "promise"


class SchedulePlan(TenantModel):
    """A schedule. One that is tried (`kept` false) shows what it costs against `before`, and is kept or forgotten."""

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    diagnosis = models.ForeignKey("floor.Diagnosis", on_delete=models.CASCADE, related_name="+")
    step = models.CharField(max_length=10, choices=PlanStep.choices, default=PlanStep.PLAN)
    request = models.JSONField(default=dict)
    locks = models.JSONField(default=list)  # [{"order", "step", "machine", "start"}], steps from 1, ISO 8601
    before = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="+")
    kept = models.BooleanField(default=False)
    document = models.JSONField(null=True)  # `jasang.schedule/1`
    compared = models.JSONField(null=True)  # the same kind: plan against what was done
    job = models.ForeignKey(Job, null=True, on_delete=models.SET_NULL, related_name="+")
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["factory", "-made_at"])]

    def __str__(self) -> str:
        return f"{self.step} {self.key}"
