"""Everything that changes a job. Each function is one transaction; a job changes hands only by a conditional update."""

import secrets
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from jasang.plant.text import Text
from jasang.web.jobs.models import Job, State
from jasang.web.tenants.models import Factory

# A file that took two workers down with it will take the third: after this many starts the job is given up.
MOST_ATTEMPTS = 2
_GIVEN_UP = Text(
    ko="진단 프로그램이 이 파일에서 두 번 멈췄습니다. 파일을 나누어 다시 올려 보세요.",
    en="The program stopped twice on this input. Please split the file and upload it again.",
)


class ClaimLost(Exception):
    """Another worker has taken the job over, or it was removed."""


@transaction.atomic
def queue_job(*, factory: Factory, kind: str, payload: dict[str, Any]) -> Job:
    """Put a job in the queue."""
    if kind not in settings.JOB_KINDS:
        raise ValueError(f"unknown kind of job {kind!r}; known are {sorted(settings.JOB_KINDS)}")
    return Job.objects.of(factory).create(factory=factory, kind=kind, payload=payload)


@transaction.atomic
def ask_to_cancel(*, job: Job) -> None:
    """A waiting job is cancelled at once, a running one when its worker next looks."""
    now = timezone.now()
    jobs = Job.objects.of(job.factory).filter(pk=job.pk)
    if not jobs.filter(state=State.WAITING).update(state=State.CANCELLED, finished_at=now, cancel_asked=True):
        jobs.filter(state=State.RUNNING).update(cancel_asked=True)


@transaction.atomic
def give_up_lost_jobs() -> int:
    """Jobs whose workers died as often as a job may start are failed; how many."""
    now = timezone.now()
    lost = _lost().filter(attempts__gte=MOST_ATTEMPTS)
    return lost.update(state=State.FAILED, finished_at=now, error_ko=_GIVEN_UP.ko, error_en=_GIVEN_UP.en, claim="")


def claim_next_job() -> Job | None:
    """Take the oldest job that waits or whose worker is gone; `None` when there is none."""
    give_up_lost_jobs()
    free = Job.objects.of_every_factory().filter(Q(state=State.WAITING) | Q(pk__in=_lost().values("pk")))
    for job in free.select_related("factory").order_by("created_at", "pk")[:20]:
        if claimed := claim(job=job):
            return claimed
    return None


@transaction.atomic
def claim(*, job: Job) -> Job | None:
    """Take this job unless somebody else was faster: the update names the state and owner it was seen with."""
    token = secrets.token_hex(16)
    now = timezone.now()
    seen = Job.objects.of_every_factory().filter(pk=job.pk, state=job.state, claim=job.claim, heard_at=job.heard_at)
    taken = seen.update(
        state=State.RUNNING, claim=token, heard_at=now, started_at=now, attempts=F("attempts") + 1, share=0.0
    )
    if not taken:
        return None
    return Job.objects.of_every_factory().select_related("factory").get(pk=job.pk, claim=token)


@transaction.atomic
def hear_from_worker(*, job: Job, stage: Text | None = None, share: float | None = None) -> bool:
    """Tell that the worker is alive and how far it is; whether the user asked to cancel. Raises `ClaimLost`."""
    changes: dict[str, Any] = {"heard_at": timezone.now()}
    if stage is not None:
        changes |= {"stage_ko": stage.ko[:300], "stage_en": stage.en[:300]}
    if share is not None:
        changes["share"] = min(1.0, max(0.0, share))
    if not _mine(job).update(**changes):
        raise ClaimLost(str(job))
    return bool(_mine(job).values_list("cancel_asked", flat=True).get())


@transaction.atomic
def finish(*, job: Job, state: State, error: Text | None = None) -> None:
    """Close the job as done, failed or cancelled. Raises `ClaimLost` when it is no longer the worker's."""
    changes: dict[str, Any] = {"state": state, "finished_at": timezone.now(), "claim": ""}
    if error is not None:
        changes |= {"error_ko": error.ko, "error_en": error.en}
    if state == State.DONE:
        changes["share"] = 1.0
    if not _mine(job).update(**changes):
        raise ClaimLost(str(job))


@transaction.atomic
def put_back(*, job: Job) -> None:
    """The worker is being stopped: the job waits for the next one, and this start does not count."""
    _mine(job).update(state=State.WAITING, claim="", heard_at=None, attempts=F("attempts") - 1, share=0.0)


def hold(*, job: Job) -> None:
    """Inside a transaction: make sure the job is still the worker's until the transaction ends. Raises `ClaimLost`."""
    if not _mine(job).update(heard_at=timezone.now()):
        raise ClaimLost(str(job))


def _mine(job: Job) -> Any:
    return Job.objects.of(job.factory).filter(pk=job.pk, state=State.RUNNING, claim=job.claim)


def _lost() -> Any:
    silent_since = timezone.now() - timedelta(seconds=settings.JOB_LOST_AFTER_SECONDS)
    return Job.objects.of_every_factory().filter(state=State.RUNNING, heard_at__lt=silent_since)
