"""Blocks of readings and the one table they make, with the columns that a store takes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

EXACT = 2**53  # whole numbers beyond it do not fit a float64; their digits are kept as text as well

SCHEMA = pa.schema(
    [
        pa.field("signal", pa.dictionary(pa.int32(), pa.string())),
        pa.field("source_time", pa.timestamp("us", tz="UTC")),
        pa.field("number", pa.float64()),
        pa.field("text", pa.string()),
        pa.field("truth", pa.bool_()),
        pa.field("whole", pa.bool_()),
    ]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Readings of which `lines` tells the line each came from; columns left out are null (`whole`: false). `times` in us."""

    lines: NDArray[np.int64]
    signals: pa.DictionaryArray
    times: NDArray[np.int64]
    numbers: pa.Array | None = None
    texts: pa.Array | None = None
    truths: pa.Array | None = None
    whole: pa.Array | None = None

    def table(self) -> pa.Table:
        """The block as `SCHEMA`."""
        rows = len(self.times)
        columns = [
            self.signals,
            pa.array(self.times).cast(pa.timestamp("us", tz="UTC")),
            pa.nulls(rows, pa.float64()) if self.numbers is None else self.numbers,
            pa.nulls(rows, pa.string()) if self.texts is None else self.texts,
            pa.nulls(rows, pa.bool_()) if self.truths is None else self.truths,
            pa.repeat(False, rows) if self.whole is None else self.whole,
        ]
        return pa.Table.from_arrays(columns, schema=SCHEMA)


def one_table(blocks: Sequence[Block]) -> pa.Table:
    """All readings in the order of their lines, so that of two readings of one moment the later line counts."""
    if not blocks:
        return SCHEMA.empty_table()
    table = pa.concat_tables([block.table() for block in blocks])
    if len(blocks) == 1:
        return table
    order = np.argsort(np.concatenate([block.lines for block in blocks]), kind="stable")
    return table.unify_dictionaries().combine_chunks().take(pa.array(order))
