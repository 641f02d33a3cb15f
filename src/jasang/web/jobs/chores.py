"""What workers do every so often beside the jobs: send what is due, watch deadlines. Of several workers one takes each turn."""

import logging
import time
from datetime import timedelta

from django.conf import settings
from django.db import OperationalError, transaction
from django.utils import timezone
from django.utils.module_loading import import_string

from jasang.web.jobs.models import Turn

log = logging.getLogger(__name__)


class Chores:
    """One worker's clock over the chores of the settings (`CHORES`: path of a function → seconds between turns)."""

    def __init__(self) -> None:
        self._next = dict.fromkeys(settings.CHORES, 0.0)

    def do_due(self) -> None:
        """Do each chore whose turn it is and that no other worker has taken."""
        for path, seconds in settings.CHORES.items():
            if time.monotonic() < self._next[path]:
                continue
            self._next[path] = time.monotonic() + seconds
            if take_turn(path, seconds):
                _do(path)


@transaction.atomic
def take_turn(name: str, seconds: float) -> bool:
    """Whether the turn is the caller's; the next one comes after these seconds."""
    now = timezone.now()
    _, made = Turn.objects.get_or_create(name=name, defaults={"due_at": now + timedelta(seconds=seconds)})
    # A little early counts: two clocks of the same length never strike together.
    due = Turn.objects.filter(name=name, due_at__lte=now + timedelta(seconds=seconds / 10))
    return made or bool(due.update(due_at=now + timedelta(seconds=seconds)))


def _do(path: str) -> None:
    try:
        import_string(path)()
    except OperationalError:
        raise
    except Exception:
        log.exception("chore %s: unexpected", path)
