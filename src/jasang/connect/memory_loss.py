"""Readings that a collector had to drop from its memory because nothing could take them for long."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc

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

    def count(self, dropped: Sequence[Reading] | pa.Table) -> None:
        """These are lost as well."""
        if isinstance(dropped, pa.Table):
            ends = pc.min_max(dropped.column("source_time").cast(pa.int64())).as_py()
            first, last = ends["min"], ends["max"]
        else:
            moments = [(reading.source_time - _EPOCH) // _MICROSECOND for reading in dropped]
            first, last = min(moments), max(moments)
        self._earliest = min(self._earliest, first) if self._readings else first
        self._latest = max(self._latest, last) if self._readings else last
        self._readings += len(dropped)

    def reading(self) -> Reading | None:
        """The loss so far as a reading, and begin anew; `None` without any."""
        if not self._readings:
            return None
        loss = Loss(number=0, readings=self._readings, earliest=self._earliest, latest=self._latest, reason="memory")
        self._readings = 0
        return loss_reading(SIGNAL, loss)
