"""The loop of a worker: claim a job, keep telling that it is alive, run it, close it; put it back when told to stop."""

import logging
import threading
import time
from collections.abc import Callable

from django.conf import settings
from django.db import OperationalError, close_old_connections, connection
from django.utils.module_loading import import_string

from jasang.errors import JasangError
from jasang.plant.text import Progress, Text
from jasang.web.jobs import services
from jasang.web.jobs.chores import Chores
from jasang.web.jobs.models import Job, State
from jasang.web.jobs.services import ClaimLost

log = logging.getLogger(__name__)

JobFunction = Callable[[Job, Progress], None]

_WAITING_SECONDS = 0.5
_PATIENCE_SECONDS = 3.0
# The bar moves smoothly enough, and the database is not written to for every step.
_TELL_SECONDS = 0.3
_UNEXPECTED = Text(
    ko="예상하지 못한 문제로 멈췄습니다. 같은 파일에서 또 멈추면 관리자에게 알려 주세요.",
    en="It stopped on an unexpected problem. If it happens again with the same file, please tell the administrator.",
)


class Stop(BaseException):
    """The worker was told to stop. Not an `Exception`: nothing that handles faults may swallow it."""


class CancelledByUser(Exception):
    """The user does not want the result any more."""


class Heartbeat:
    """Tells every few seconds that the worker is alive, from its own thread, also while a long calculation runs."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.cancel_asked = False
        self.lost = False
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._beat, name=f"heartbeat-{job.pk}", daemon=True)

    def __enter__(self) -> "Heartbeat":
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._over.set()
        self._thread.join(timeout=10)

    def _beat(self) -> None:
        try:
            while not self.lost and not self._over.wait(settings.JOB_HEARTBEAT_SECONDS):
                self._beat_once()
        finally:
            connection.close()

    def _beat_once(self) -> None:
        try:
            self.cancel_asked = services.hear_from_worker(job=self.job) or self.cancel_asked
        except ClaimLost:
            self.lost = True
        except OperationalError:
            log.warning("job %s: the database did not answer, trying again", self.job.pk)


def work(*, until_empty: bool = False) -> None:
    """Do jobs until `Stop` is raised, or until none is left."""
    chores = Chores()
    while True:
        try:
            chores.do_due()
            job = services.claim_next_job()
            if job is not None:
                run(job)
            elif until_empty:
                return
            else:
                close_old_connections()
                time.sleep(_WAITING_SECONDS)
        except OperationalError:
            # The database is being restarted, or busy for longer than anybody waits: a job in hand is taken up again later.
            log.exception("the database did not answer, trying again")
            connection.close()
            time.sleep(_PATIENCE_SECONDS)


def run(job: Job) -> None:
    """Run a claimed job to its end, whatever the end is."""
    try:
        state, error = _outcome(job)
        services.finish(job=job, state=state, error=error)
    except ClaimLost:
        log.warning("job %s: another worker has it", job.pk)
    except Stop:
        services.put_back(job=job)
        raise


def _outcome(job: Job) -> tuple[State, Text | None]:
    """Do the work; how it ended, with the sentence for the user when it failed."""
    try:
        with Heartbeat(job) as heartbeat:
            function: JobFunction = import_string(settings.JOB_KINDS[job.kind])
            function(job, _progress(job, heartbeat))
    except CancelledByUser:
        return State.CANCELLED, None
    except JasangError as error:
        return State.FAILED, Text(ko=error.ko, en=error.en)
    except ClaimLost:
        raise
    except Exception:
        log.exception("job %s: unexpected", job.pk)
        return State.FAILED, _UNEXPECTED
    return State.DONE, None


def _progress(job: Job, heartbeat: Heartbeat) -> Progress:
    told_at = 0.0
    told_stage: Text | None = None

    def tell(stage: Text, share: float) -> None:
        nonlocal told_at, told_stage
        if heartbeat.lost:
            raise ClaimLost(str(job))
        now = time.monotonic()
        if stage != told_stage or now - told_at >= _TELL_SECONDS:
            told_at, told_stage = now, stage
            heartbeat.cancel_asked = (
                services.hear_from_worker(job=job, stage=stage, share=share) or heartbeat.cancel_asked
            )
        if heartbeat.cancel_asked:
            raise CancelledByUser

    return tell
