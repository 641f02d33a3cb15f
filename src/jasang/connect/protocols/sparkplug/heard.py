"""Readings by columns, as payloads bring them: lists that only grow, made into a table of Arrow now and then.

A `Reading` a metric costs more than all the rest of a host application together.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from jasang.connect.forward.frames import EXACT, SCHEMA
from jasang.connect.protocols.sparkplug.values import Leaf

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Heard:
    """What was heard since the last `rows`. A reading is the next entry of `places`, `times` and `numbers`.

    `places` are those of the signals' names (`place`), `times` ms since 1970 in UTC. Whoever has a plain number appends to these
    three himself, anything else goes through `add`.
    """

    def __init__(self) -> None:
        self._names: list[str] = []
        self._places: dict[str, int] = {}
        self._clear()

    def _clear(self) -> None:
        self.places: list[int] = []
        self.times: list[int] = []
        self.numbers: list[float] = []
        self._whole: list[int] = []
        self._truths: dict[int, bool] = {}
        self._texts: dict[int, str] = {}
        self._nothing: list[int] = []
        self._exact: dict[int, int] = {}  # µs, where a source time is not of whole ms
        self._qualities: dict[int, int] = {}
        self._received: list[tuple[int, datetime]] = []  # from which row on

    def __len__(self) -> int:
        return len(self.numbers)

    def place(self, name: str) -> int:
        """The place of a signal's name, from now on."""
        found = self._places.get(name)
        if found is None:
            found = self._places[name] = len(self._names)
            self._names.append(name)
        return found

    def name(self, place: int) -> str:
        """The signal's name at a place."""
        return self._names[place]

    def at(self, received: datetime) -> None:
        """What follows was received then."""
        if not self._received or self._received[-1][1] != received:
            self._received.append((len(self.numbers), received))

    def add(self, place: int, source: datetime, value: Leaf, quality: int = 0) -> None:
        """A reading of any kind, received at the last `at`."""
        microseconds = (source - _EPOCH) // _MICROSECOND
        row = len(self.numbers)
        if microseconds % 1000:
            self._exact[row] = microseconds
        if quality:
            self._qualities[row] = quality
        self.add_at(place, microseconds // 1000, value)

    def add_at(self, place: int, milliseconds: int, value: Leaf) -> None:
        """A good reading of any kind at whole ms since 1970."""
        row = len(self.numbers)
        number = 0.0
        if value is None:
            self._nothing.append(row)
        elif isinstance(value, str):
            self._texts[row] = value
        elif isinstance(value, bool):
            number, self._truths[row] = float(value), value
        else:
            number = float(value)
            if isinstance(value, int):
                self._whole.append(row)
                if abs(value) > EXACT:
                    self._texts[row] = str(value)
        self.places.append(place)
        self.times.append(milliseconds)
        self.numbers.append(number)

    def rows(self) -> pa.Table:
        """What was heard since the last call, with the columns of `frames.SCHEMA`; the signal as a dictionary."""
        count = len(self.numbers)
        number = np.array(self.numbers, np.float64)
        whole = np.zeros(count, np.bool_)
        whole[self._whole] = True
        columns = [
            self._signals(),
            pa.array(self._sources()).cast(SCHEMA.field("source_time").type),
            pa.array(self._receipts()).cast(SCHEMA.field("receive_time").type),
            pa.array(number, mask=self._numberless(whole)),
            _sparse(count, self._texts, pa.string()),
            _sparse(count, self._truths, pa.bool_()),
            pa.array(whole),
            pa.array(self._quality()),
        ]
        found = pa.Table.from_arrays(columns, names=SCHEMA.names)
        self._clear()
        return found

    def _signals(self) -> pa.DictionaryArray:
        places = np.array(self.places, np.int64)
        used = np.flatnonzero(np.bincount(places, minlength=len(self._names)))
        codes = np.zeros(len(self._names), np.int32)
        codes[used] = np.arange(len(used), dtype=np.int32)
        names = pa.array([self._names[place] for place in used], pa.string())
        return pa.DictionaryArray.from_arrays(pa.array(codes[places]), names)

    def _sources(self) -> npt.NDArray[np.int64]:
        found = np.array(self.times, np.int64) * 1000
        if self._exact:
            found[list(self._exact)] = list(self._exact.values())
        return found

    def _receipts(self) -> npt.NDArray[np.int64]:
        begins = [row for row, _ in self._received]
        lengths = np.diff([*begins, len(self.numbers)])
        moments = [(received - _EPOCH) // _MICROSECOND for _, received in self._received]
        return np.repeat(np.array(moments, np.int64), lengths)

    def _numberless(self, whole: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        found = np.zeros(len(whole), np.bool_)
        found[self._nothing] = True
        found[list(self._texts)] = True
        return found & ~whole  # the digits of a large integer are a text beside its number

    def _quality(self) -> npt.NDArray[np.uint32]:
        found = np.zeros(len(self.numbers), np.uint32)
        if self._qualities:
            found[list(self._qualities)] = list(self._qualities.values())
        return found


def _sparse(count: int, given: dict[int, Any], kind: pa.DataType) -> pa.Array:
    if not given:
        return pa.nulls(count, kind)
    places = np.full(count, -1)
    places[list(given)] = np.arange(len(given))
    return pa.array(list(given.values()), kind).take(pa.array(places, mask=places < 0))
