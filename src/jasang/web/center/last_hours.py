"""The last hours of a factory's signals, as a case carries them along."""

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

from jasang.errors import JasangError
from jasang.plant.reading import Reading
from jasang.store import Reader, open_reader
from jasang.web.tenants.models import Factory

log = logging.getLogger(__name__)

HOURS = 8
MOST_SIGNALS = 20


def last_hours(factory: Factory) -> dict[str, Any]:
    """Least, mean, greatest and last value of each signal over eight hours up to the latest reading; {} without a store."""
    if not factory.store:
        return {}
    try:
        reader = open_reader(factory.store)
        try:
            return _summary(reader)
        finally:
            reader.close()
    except JasangError as error:
        log.warning("the store of factory %s cannot be read: %s", factory.pk, error)
        return {}


def _summary(reader: Reader) -> dict[str, Any]:
    units = {signal.name: signal.unit or "" for signal in reader.signals()}
    last = {name: one for name, one in reader.last().items() if _is_number(one) and name in units}
    chosen = sorted(last)[:MOST_SIGNALS]
    if not chosen:
        return {}
    end = min(max(last[name].source_time for name in chosen) + timedelta(seconds=1), datetime.now(UTC))
    start = end - timedelta(hours=HOURS)
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in chosen}
    for row in reader.downsample(chosen, start, end, HOURS * 6).to_pylist():
        if row["mean"] is not None:
            found[row["signal"]].append(row)
    signals = [
        {
            "name": name,
            "unit": units[name],
            "least": min(row["minimum"] for row in rows),
            "mean": sum(row["mean"] * row["readings"] for row in rows) / sum(row["readings"] for row in rows),
            "most": max(row["maximum"] for row in rows),
            "last": last[name].value,
        }
        for name, rows in found.items()
        if rows
    ]
    return {"start": start.isoformat(), "end": end.isoformat(), "signals": signals} if signals else {}


def _is_number(reading: Reading) -> bool:
    return isinstance(reading.value, int | float) and not isinstance(reading.value, bool)
