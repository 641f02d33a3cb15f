"""Readings that a collector had to drop from its memory because nothing could take them for long."""

from datetime import UTC, datetime, timedelta

from jasang.connect.forward.segments import Loss
from jasang.connect.forward.spool import COLLECTOR, loss_reading
from jasang.plant.reading import Reading

SIGNAL = f"{COLLECTOR}.memory.dropped"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class MemoryLoss:
    """Counts what is dropped until it is told."""

    def __init__(self) -> None:
        self._readings = self._earliest = self._latest = 0

    def count(self, dropped: Reading) -> None:
        """One reading more is lost."""
        moment = (dropped.source_time - _EPOCH) // _MICROSECOND
        self._earliest = min(self._earliest, moment) if self._readings else moment
        self._latest = max(self._latest, moment) if self._readings else moment
        self._readings += 1

    def reading(self) -> Reading | None:
        """The loss so far as a reading, and begin anew; `None` without any."""
        if not self._readings:
            return None
        loss = Loss(number=0, readings=self._readings, earliest=self._earliest, latest=self._latest, reason="memory")
        self._readings = 0
        return loss_reading(SIGNAL, loss)
