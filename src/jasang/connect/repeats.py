"""What a machine says again when a connection is renewed: value, quality and source time of the last reading once more."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from jasang.plant.reading import Reading

_NOTHING, _NUMBER, _WHOLE, _TRUTH, _TEXT = range(5)


class Repeats:
    """Remembers the last reading of each signal; readings and rows of a signal must not be mixed."""

    def __init__(self) -> None:
        self._last: dict[str, Reading] = {}
        self._codes: dict[str, int] = {}
        self._seen = _Columns.empty(0)

    def without(self, readings: Sequence[Reading]) -> list[Reading]:
        """The readings that are no repeats."""
        fresh = []
        for reading in readings:
            if not self._repeats(reading):
                self._last[reading.signal] = reading
                fresh.append(reading)
        return fresh

    def _repeats(self, reading: Reading) -> bool:
        last = self._last.get(reading.signal)
        return (
            last is not None
            and last.source_time == reading.source_time
            and last.quality == reading.quality
            and type(last.value) is type(reading.value)
            and last.value == reading.value
        )

    def without_rows(self, rows: pa.Table) -> pa.Table:
        """The rows (as `forward.frames.SCHEMA`, the signal as a dictionary) that are no repeats, in their order."""
        codes = self._coded(rows.column("signal").combine_chunks())
        order = np.argsort(codes, kind="stable")
        came = _Columns.of(rows).take(order)
        codes = codes[order]
        first = np.append(True, codes[1:] != codes[:-1])[: len(codes)]
        same = np.append(False, came.take(slice(1, None)).same(came.take(slice(None, -1))))[: len(codes)] & ~first
        same[first] = came.take(first).same(self._seen.take(codes[first]))
        last = np.append(first[1:], True)[: len(codes)]
        self._seen.put(codes[last], came.take(last))
        if not same.any():
            return rows
        kept = np.ones(len(codes), np.bool_)
        kept[order[same]] = False
        return rows.filter(pa.array(kept))

    def _coded(self, signal: pa.DictionaryArray) -> npt.NDArray[np.int64]:
        """The signal of each row as a number of our own."""
        names = signal.dictionary.to_pylist()
        for name in names:
            self._codes.setdefault(name, len(self._codes))
        self._seen.grow(len(self._codes))
        own = np.fromiter((self._codes[name] for name in names), np.int64, len(names))
        found: npt.NDArray[np.int64] = own[signal.indices.to_numpy()]
        return found


class _Columns:
    """Rows as arrays of one length each; `text` is `None` where no row has one."""

    def __init__(
        self,
        time: npt.NDArray[np.int64],
        number: npt.NDArray[np.float64],
        kind: npt.NDArray[np.int8],
        quality: npt.NDArray[np.uint32],
        text: npt.NDArray[np.object_] | None,
    ) -> None:
        self.time, self.number, self.kind, self.quality, self.text = time, number, kind, quality, text

    @classmethod
    def empty(cls, count: int) -> "_Columns":
        """Rows that equal no reading."""
        return cls(
            np.full(count, np.iinfo(np.int64).min),
            np.full(count, np.nan),
            np.full(count, -1, np.int8),
            np.zeros(count, np.uint32),
            None,
        )

    @classmethod
    def of(cls, rows: pa.Table) -> "_Columns":
        """The columns of a table."""
        count = rows.num_rows
        texts, truths = rows.column("text"), rows.column("truth")
        number = rows.column("number")
        kind = np.where(rows.column("whole").to_numpy(), _WHOLE, _NUMBER).astype(np.int8)
        numberless = number.null_count
        if numberless:
            kind[number.is_null().to_numpy()] = _NOTHING
        text = None
        if texts.null_count < count:
            kind[texts.is_valid().to_numpy() & (kind == _NOTHING)] = _TEXT
            text = np.array(texts.to_pylist(), np.object_)
        if truths.null_count < count:
            kind[truths.is_valid().to_numpy()] = _TRUTH
        return cls(
            rows.column("source_time").cast(pa.int64()).to_numpy(),
            number.fill_null(0.0).to_numpy() if numberless else number.to_numpy(),
            kind,
            rows.column("quality").to_numpy(),
            text,
        )

    def take(self, places: npt.NDArray[np.int64] | npt.NDArray[np.bool_] | slice) -> "_Columns":
        """The chosen rows."""
        text = None if self.text is None else self.text[places]
        return _Columns(self.time[places], self.number[places], self.kind[places], self.quality[places], text)

    def same(self, other: "_Columns") -> npt.NDArray[np.bool_]:
        """Row by row: equal in time, quality, kind and value."""
        found: npt.NDArray[np.bool_] = (
            (self.time == other.time)
            & (self.number == other.number)
            & (self.kind == other.kind)
            & (self.quality == other.quality)
        )
        if self.text is not None or other.text is not None:
            mine, others = self._texts(), other._texts()
            found &= np.fromiter((a == b for a, b in zip(mine, others, strict=True)), np.bool_, len(found))
        return found

    def _texts(self) -> npt.NDArray[np.object_]:
        return np.full(len(self.time), None, np.object_) if self.text is None else self.text

    def grow(self, count: int) -> None:
        """Room for `count` rows."""
        if count > len(self.time):
            more = _Columns.empty(max(count, 2 * len(self.time)) - len(self.time))
            self.time = np.concatenate([self.time, more.time])
            self.number = np.concatenate([self.number, more.number])
            self.kind = np.concatenate([self.kind, more.kind])
            self.quality = np.concatenate([self.quality, more.quality])
            if self.text is not None:
                self.text = np.concatenate([self.text, more._texts()])

    def put(self, places: npt.NDArray[np.int64], rows: "_Columns") -> None:
        """Replace the rows at places."""
        self.time[places], self.number[places] = rows.time, rows.number
        self.kind[places], self.quality[places] = rows.kind, rows.quality
        if rows.text is not None or self.text is not None:
            self.text = self._texts()
            self.text[places] = rows._texts()
