"""Two or more times of day beside one date, as logs of stops have them: each becomes a moment of that day or of the next.

One time of day alone stays as it is: the roles join it with its date.
"""

import numpy as np
import polars as pl

from jasang.connect.protocols.files.repair import Tally

_DAY_US = 86_400_000_000


def with_dated_clocks(frame: pl.DataFrame, timezone: str, tally: Tally) -> pl.DataFrame:
    """The table with its times of day as moments in UTC, where exactly one column holds dates and at least two mere times.

    The columns of times follow the order of the table: one that is earlier than the one before it lies after midnight.
    """
    clocks = [name for name, kind in frame.schema.items() if kind == pl.Time]
    dates = [name for name, kind in frame.schema.items() if isinstance(kind, pl.Datetime)]
    if len(clocks) < 2 or len(dates) != 1:
        return frame
    local = frame[dates[0]].dt.convert_time_zone(timezone).dt.replace_time_zone(None)
    if local.null_count() == local.len() or not bool((local.dt.truncate("1d") == local).all()):
        return frame
    midnight = local.to_numpy().astype("datetime64[us]")
    before = np.zeros(frame.height, dtype=np.int64)
    columns = []
    for name in clocks:
        written = frame[name].is_not_null().to_numpy()
        ticks = frame[name].cast(pl.Int64).fill_null(0).to_numpy() // 1000
        ticks = ticks + _DAY_US * ((before - ticks + _DAY_US - 1) // _DAY_US).clip(min=0)
        before = np.where(written, ticks, before)
        moments = midnight + ticks.astype("timedelta64[us]")
        moments[~written] = np.datetime64("NaT")
        zoned = pl.Series(name, moments).dt.replace_time_zone(timezone, ambiguous="earliest", non_existent="null")
        columns.append(zoned.dt.convert_time_zone("UTC"))
        tally.add("dated_clock", rows=int(written.sum()), column=name, example=dates[0])
    return frame.with_columns(columns)
