"""Shapes of tables that tell what they are: even spacing in time, one signal below the other."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from jasang.analyze.roles.axes import TimeAxis, variance_share
from jasang.analyze.roles.behaviour import Behaviour, Values, level_codes, numbers_in_text
from jasang.analyze.roles.names import read_name
from jasang.analyze.roles.vocabulary import Concept
from jasang.analyze.roles.votes import fit
from jasang.plant.factory import Role


@dataclass(frozen=True, slots=True, kw_only=True)
class LongForm:
    """The columns of a long table of readings."""

    signal: str
    value: str


def spacing(times: pl.Series, assets: pl.Series | None) -> tuple[float, float]:
    """The usual step between rows in seconds (within a machine) and the share of steps within 10 % of it; NaN without time."""
    frame = pl.DataFrame(
        {
            "t": times,
            "a": assets.cast(pl.String) if assets is not None else pl.Series([None] * len(times), dtype=pl.String),
        }
    )
    frame = frame.drop_nulls("t")
    if frame.height < 10:
        return np.nan, np.nan
    steps = frame.with_columns(pl.col("t").diff().over("a").alias("s"))["s"].drop_nulls()
    seconds = steps.dt.total_milliseconds().to_numpy() / 1000.0
    if not seconds.size:
        return np.nan, np.nan
    usual = float(np.median(seconds))
    if usual <= 0:
        return _shared_stamps(frame["t"])
    return usual, float((np.abs(seconds - usual) <= 0.1 * abs(usual) + 0.011).mean())


def _shared_stamps(times: pl.Series) -> tuple[float, float]:
    """`spacing` where several rows share a stamp (ten readings under one minute): even if the stamps and their rows are."""
    stamps = times.to_frame("t").group_by("t", maintain_order=True).len().sort("t")
    inner = stamps["len"].slice(1, max(stamps.height - 2, 0)).to_numpy()
    gaps = stamps["t"].diff().drop_nulls().dt.total_seconds().to_numpy()
    if inner.size < 3:
        return np.nan, np.nan
    rows, gap = float(np.median(inner)), float(np.median(gaps))
    alike = (np.abs(inner - rows) <= 0.1 * rows).mean() * (np.abs(gaps - gap) <= 0.1 * gap).mean()
    return gap / rows, float(alike)


def long_form(
    roles: Mapping[str, Role], found: Mapping[str, Behaviour], sample: pl.DataFrame, axis: TimeAxis
) -> LongForm | None:
    """The name and value columns of a long table (time, signal, value), or `None`.

    Long means: a few columns, one number, one text whose levels come again at the same time and lie apart in the number.
    """
    numbers = [
        n
        for n, o in found.items()
        if o.values is Values.NUMBER and roles[n] not in (Role.ID, Role.ASSET, Role.PRODUCT, Role.DEFECT)
    ]
    texts = [n for n, o in found.items() if o.values is Values.TEXT and o.levels > 1 and fit(o).label]
    named = [n for n in texts if read_name(n).has(Concept.SIGNAL)]
    if axis.time is None or not numbers or not texts or len(found) > 7:
        return None
    valued = [n for n in numbers if read_name(n).has(Concept.VALUE)]
    value = (valued or numbers)[0]
    if named and (valued or len(numbers) == 1):
        return LongForm(signal=named[0], value=value)
    if len(numbers) != 1 or found[axis.time].distinct > 0.6:
        return None
    values = numbers_in_text(sample[value]).cast(pl.Float64, strict=False).fill_nan(None).to_numpy()
    for name in texts:
        if read_name(name).has(Concept.MACHINE) or roles[name] is Role.STATE:
            continue
        if variance_share(level_codes(sample[name]), values) > 0.8 and (valued or found[name].levels >= 3):
            return LongForm(signal=name, value=value)
    return None


def clock_spacing(clock: pl.Series) -> tuple[float, float]:
    """`spacing` of a time of day, where no date stands beside it."""
    seconds = clock.drop_nulls().cast(pl.Int64).to_numpy() / 1e9
    steps = np.diff(seconds)
    if steps.size < 9:
        return np.nan, np.nan
    usual = float(np.median(steps))
    return usual, float((np.abs(steps - usual) <= 0.1 * abs(usual) + 0.2).mean())
