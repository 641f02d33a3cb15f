"""Roll-ups of settled files: minimum, maximum and sum of each signal in slots of ten minutes or an hour, beside the readings.

They let a year be drawn without its readings being read. All of it can be made again from the file it was made of: a roll-up that
is missing or damaged is passed over, and the readings are read instead. A file is a head (magic, slot, length and CRC-32 of the
index), the index (JSON) and for each signal the columns of its slots, packed with zstd.
"""

import json
import os
import struct
import zlib
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import pyarrow as pa

from jasang.store.block import BAD, Array, Block, has_number
from jasang.store.log import sync_file

FOLDER = "rollups"
TEN_MINUTES, HOUR = 600_000_000, 3_600_000_000  # microseconds
# So many rows of a signal in a slot, on average, before its roll-up (some 20 bytes) is small beside them.
_WORTH = {TEN_MINUTES: 300, HOUR: 100}
_READ_WHOLE = 1 << 17  # bytes; from a larger file only what is asked is read
_HEAD = struct.Struct("<4sqII")
_MAGIC = b"JSR1"
_CODEC = pa.Codec("zstd")


@dataclass(frozen=True, slots=True, kw_only=True)
class Slots:
    """One signal: n slots that hold readings, ascending. `at` is when a slot begins, in microseconds since 1970.

    `total` is the sum of the `numbers` finite numbers; without any, `minimum` is infinite and `maximum` minus infinity.
    """

    at: Array  # int64
    minimum: Array  # float64
    maximum: Array  # float64
    total: Array  # float64
    numbers: Array  # int64
    readings: Array  # int64
    bad: Array  # int64

    def __len__(self) -> int:
        return len(self.at)

    def columns(self) -> tuple[Array, ...]:
        """The columns in their order."""
        return tuple(getattr(self, field.name) for field in fields(self))

    def part(self, rows: slice) -> "Slots":
        """Some of them."""
        return Slots(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})


_TYPES = tuple(
    (field.name, np.float64 if field.name in ("minimum", "maximum", "total") else np.int64) for field in fields(Slots)
)


def slots_of(rows: Block, unit: int) -> Slots:
    """Slots of `unit` microseconds of rows of one signal, sorted by time."""
    slot = rows.source // unit
    starts = np.flatnonzero(np.append(True, slot[1:] != slot[:-1])) if len(rows) else np.empty(0, np.int64)
    usable = has_number(rows) & np.isfinite(rows.number)

    def reduced(operation: np.ufunc, values: Array) -> Array:
        found: Array = operation.reduceat(values, starts) if len(starts) else values[:0]
        return found

    return Slots(
        at=slot[starts] * unit,
        minimum=reduced(np.minimum, np.where(usable, rows.number, np.inf)),
        maximum=reduced(np.maximum, np.where(usable, rows.number, -np.inf)),
        total=reduced(np.add, np.where(usable, rows.number, 0.0)),
        numbers=reduced(np.add, usable.astype(np.int64)),
        readings=np.diff(np.append(starts, len(rows))),
        bad=reduced(np.add, (rows.quality >= BAD).astype(np.int64)),
    )


def _hours(slots: Slots) -> Slots:
    """Shorter slots put together to hours."""
    hour = slots.at // HOUR
    starts = np.flatnonzero(np.append(True, hour[1:] != hour[:-1]))
    how = {"minimum": np.minimum, "maximum": np.maximum}
    columns = {
        field.name: how.get(field.name, np.add).reduceat(getattr(slots, field.name), starts)
        for field in fields(Slots)
        if field.name != "at"
    }
    return Slots(at=hour[starts] * HOUR, **columns)


class RollUpWriter:
    """Gathers the roll-ups of a file while it is written."""

    def __init__(self) -> None:
        self._signals: dict[str, Slots] = {}

    def add(self, signal: str, rows: Block) -> None:
        """Rows of one signal, sorted by time; each signal once."""
        self._signals[signal] = slots_of(rows, TEN_MINUTES)

    def write(self, path: Path) -> None:
        """Write them, of ten minutes or an hour, where that is worth its room; else nothing."""
        unit = TEN_MINUTES
        if not self._worth(unit):
            unit, self._signals = HOUR, {name: _hours(slots) for name, slots in self._signals.items() if len(slots)}
            if not self._worth(unit):
                return
        index, bodies, at = {}, [], 0
        for name in sorted(self._signals):
            slots = self._signals[name]
            body = _CODEC.compress(b"".join(column.tobytes() for column in slots.columns()), asbytes=True)
            index[name] = len(slots), at, len(body), zlib.crc32(body)
            bodies.append(body)
            at += len(body)
        told = json.dumps(index, ensure_ascii=False, separators=(",", ":")).encode(errors="surrogatepass")
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"".join([_HEAD.pack(_MAGIC, unit, len(told), zlib.crc32(told)), told, *bodies]))
        sync_file(path)

    def _worth(self, unit: int) -> bool:
        slots = sum(len(one) for one in self._signals.values())
        return slots > 0 and sum(int(one.readings.sum()) for one in self._signals.values()) >= _WORTH[unit] * slots


def rollup_path(file: Path) -> Path:
    """Where the roll-up of a settled file lies."""
    return file.parent.parent / FOLDER / f"{file.stem}.arrow"


class RollUp:
    """A roll-up that is read by signal; `unit` is the length of its slots in microseconds.

    No file stays open: a question for years asks hundreds of them, and a process may have a thousand open.
    """

    def __init__(self, unit: int, index: dict[str, list[int]], content: bytes | Path, begin: int) -> None:
        self.unit = unit
        self._index, self._content, self._begin = index, content, begin

    def of(self, signal: str) -> Slots | None:
        """The slots of a signal, `None` where its file has none of it; `ValueError` where they are damaged or gone."""
        if signal not in self._index:
            return None
        count, at, size, checksum = self._index[signal]
        body = self._body(at, size)
        if zlib.crc32(body) != checksum:
            raise ValueError(f"the slots of {signal!r} are damaged")
        plain = np.frombuffer(_CODEC.decompress(body, 8 * count * len(_TYPES), asbytes=True), np.int64)
        columns = plain.reshape(len(_TYPES), count)
        return Slots(**{name: column.view(kind) for (name, kind), column in zip(_TYPES, columns, strict=True)})

    def _body(self, at: int, size: int) -> bytes:
        if isinstance(self._content, bytes):
            return self._content[at : at + size]
        try:
            with self._content.open("rb", buffering=0) as opened:
                opened.seek(self._begin + at)
                return opened.read(size)
        except OSError as error:
            raise ValueError(f"{self._content} is gone") from error


def read_rollup(file: Path, first: int, width: int) -> RollUp | None:
    """The roll-up of a settled file, where it has one for buckets of `width` microseconds from `first` on."""
    path = rollup_path(file)
    try:
        with path.open("rb") as opened:
            magic, unit, size, checksum = _HEAD.unpack(opened.read(_HEAD.size))
            if magic != _MAGIC or width % unit or first % unit:
                return None
            told = opened.read(size)
            if zlib.crc32(told) != checksum:
                return None
            small = os.fstat(opened.fileno()).st_size <= _READ_WHOLE
            content = opened.read() if small else path
    except (OSError, ValueError, struct.error, ZeroDivisionError):
        return None
    return RollUp(unit, json.loads(told), content, _HEAD.size + size)


def forget_rollups(table: Path) -> None:
    """Delete the roll-ups of files that are no longer in the folder of the table."""
    for path in (table.parent / FOLDER).glob("*.arrow"):
        if not (table / f"{path.stem}.parquet").exists():
            path.unlink(missing_ok=True)
