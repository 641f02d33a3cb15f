"""The one table of background work."""

from django.db import models

from jasang.web.tenants.models import TenantModel


class State(models.TextChoices):
    """Where a job stands."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


OPEN_STATES = (State.WAITING, State.RUNNING)


class Job(TenantModel):
    """Work of one kind for one factory.

    A worker owns a running job while `claim` is its own token; every later write names the token, so a worker that was
    taken for dead cannot write over the one that took its job.
    """

    kind = models.CharField(max_length=40)
    payload = models.JSONField(default=dict)
    state = models.CharField(max_length=12, choices=State.choices, default=State.WAITING)
    stage_ko = models.CharField(max_length=300, blank=True)
    stage_en = models.CharField(max_length=300, blank=True)
    share = models.FloatField(default=0.0)  # 0 to 1
    error_ko = models.TextField(blank=True)
    error_en = models.TextField(blank=True)
    cancel_asked = models.BooleanField(default=False)
    attempts = models.PositiveSmallIntegerField(default=0)
    claim = models.CharField(max_length=32, blank=True)
    heard_at = models.DateTimeField(null=True)  # of the worker that has it
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["state", "created_at"])]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk} ({self.state})"

    @property
    def open(self) -> bool:
        """Waiting or running: it will still change."""
        return self.state in OPEN_STATES


class Turn(models.Model):
    """When a chore of the workers is due next (jobs/chores.py)."""

    name = models.CharField(max_length=120, unique=True)
    due_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} at {self.due_at}"
