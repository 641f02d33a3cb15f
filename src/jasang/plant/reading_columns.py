"""Readings by the thousand: one array a column, signals by number. How a receiver hands to a store what it has just read."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

# How a value is told from its columns.
NOTHING, NUMBER, WHOLE, TRUTH, TEXT = range(5)

Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingColumns:
    """n readings of good quality that are received now; every array has shape (n,). Of one signal and time the later row counts.

    `signal` are the numbers that the store gave to the names. A whole number beyond ±2^53 has its exact digits in `text` and the
    nearest float64 in `number`.
    """

    signal: Array  # int32
    source: Array  # int64, microseconds since 1970, UTC
    number: Array  # float64; 1 and 0 for truth values, NaN for texts
    kind: Array  # uint8: NUMBER, WHOLE, TRUTH or TEXT
    text: Array | None = None  # object, str or None; absent where no row has a text

    def __post_init__(self) -> None:
        columns = {"signal": self.signal, "source": self.source, "number": self.number, "kind": self.kind}
        if self.text is not None:
            columns["text"] = self.text
        if any(column.shape != (len(self.source),) for column in columns.values()):
            shapes = ", ".join(f"{name} {column.shape}" for name, column in columns.items())
            raise ValueError(f"columns of readings must have one shape (n,), got {shapes}")

    def __len__(self) -> int:
        return len(self.source)

    def copy(self) -> "ReadingColumns":
        """The same rows in arrays of their own."""
        return ReadingColumns(
            signal=self.signal.copy(),
            source=self.source.copy(),
            number=self.number.copy(),
            kind=self.kind.copy(),
            text=None if self.text is None else self.text.copy(),
        )


def no_readings() -> ReadingColumns:
    """No rows."""
    return ReadingColumns(
        signal=np.empty(0, np.int32),
        source=np.empty(0, np.int64),
        number=np.empty(0, np.float64),
        kind=np.empty(0, np.uint8),
    )
