"""Observations as readings: samples become numbers, events and conditions stay words, `UNAVAILABLE` is a bad quality."""

import math
import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from jasang.connect.protocols.mtconnect.documents import DataItem, Observation
from jasang.plant.reading import Reading, Signal

UNAVAILABLE = 0x80310000  # BadNoCommunication: the agent hears nothing of it
REMOVED = 0x809B0000  # BadNoData: the entry is no longer in the set
NOT_A_NUMBER = 0x80740000  # BadTypeMismatch
# Events that count or set something; all other events are words.
NUMBERS = frozenset(
    ["PART_COUNT", "LINE_NUMBER", "PATH_FEEDRATE_OVERRIDE", "AXIS_FEEDRATE_OVERRIDE", "ROTARY_VELOCITY_OVERRIDE",
     "AXIS_COUPLING_COUNT", "HARDNESS", "LOAD_COUNT", "UNLOAD_COUNT", "TRANSFER_COUNT", "CYCLE_COUNT"]
)  # fmt: skip
UNITS = {
    "CELSIUS": "°C", "MILLIMETER": "mm", "MILLIMETER/SECOND": "mm/s", "MILLIMETER/REVOLUTION": "mm/rev",
    "REVOLUTION/MINUTE": "1/min", "REVOLUTION/SECOND": "1/s", "PERCENT": "%", "DEGREE": "°", "DEGREE/SECOND": "°/s",
    "SECOND": "s", "NEWTON": "N", "NEWTON_METER": "N·m", "AMPERE": "A", "VOLT": "V", "WATT": "W", "WATT_SECOND": "W·s",
    "PASCAL": "Pa", "HERTZ": "Hz", "KILOGRAM": "kg", "LITER": "L", "LITER/SECOND": "L/s", "COUNT": "1", "JOULE": "J",
    "MILLIMETER_3D": "mm", "DEGREE_3D": "°", "MILLIMETER/SECOND^2": "mm/s²", "DECIBEL": "dB", "VOLT_AMPERE": "VA",
    "AMPS": "A", "VOLTS": "V", "CELCIUS": "°C",  # no units of the standard, but agents in the field say so
}  # fmt: skip
_TIME = re.compile(r"(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d+))?\s*(Z|[+-]\d{2}:?\d{2})?")


def moment_of(text: str) -> datetime | None:
    """An agent's time, UTC (also where it names no zone), cut to microseconds; `None` when it is none."""
    found = _TIME.fullmatch(text.strip())
    if found is None:
        return None
    plain, digits, zone = found.groups()
    try:
        moment = datetime.fromisoformat(f"{plain}{'+00:00' if zone in (None, 'Z') else zone}").astimezone(UTC)
    except ValueError:
        return None
    return moment.replace(microsecond=int((digits or "").ljust(6, "0")[:6]))


class Names:
    """Which signal a data item is, and the signals that come up as data sets and positions do."""

    def __init__(self) -> None:
        self.items: dict[str, tuple[DataItem, str, str, str | None]] = {}  # id: item, asset, signal, unit
        self.signals: dict[str, Signal] = {}
        # The last time of each item, and how many observations it had then; a second one gets one microsecond more.
        self.ties: dict[str, tuple[datetime, int]] = {}

    def add(self, item: DataItem, asset: str, name: str, unit: str | None) -> None:
        """Take an item as the signal `name`."""
        self.items[item.id] = (item, asset, name, unit or UNITS.get(item.units or "", item.units))
        if not (item.units or "").endswith("_3D"):
            self._known(item.id, name)

    def _known(self, item: str, name: str) -> str:
        if name not in self.signals:
            _, asset, _, unit = self.items[item]
            self.signals[name] = Signal(name=name, asset=asset, unit=unit, address=item)
        return name

    def readings(self, observations: Iterable[Observation]) -> list[Reading]:
        """The readings of what was observed, in order; items nobody asked for are passed over."""
        received = datetime.now(UTC)
        found: list[Reading] = []
        for observation in observations:
            if observation.item not in self.items:
                continue
            moment = self._own_time(observation.item, moment_of(observation.timestamp) or received)
            for name, ago, value, quality in self._values(observation):
                found.append(
                    Reading(
                        signal=self._known(observation.item, name),
                        source_time=moment - timedelta(seconds=ago),
                        receive_time=received,
                        value=value,
                        quality=quality,
                    )
                )
        return found

    def _own_time(self, item: str, moment: datetime) -> datetime:
        last, count = self.ties.get(item, (None, 0))
        count = count + 1 if last == moment else 1
        self.ties[item] = (moment, count)
        return moment + timedelta(microseconds=count - 1)

    def _values(self, seen: Observation) -> list[tuple[str, float, float | int | str | None, int]]:
        """Signal, seconds before the observation's time, value and quality of each reading in an observation."""
        item, _, name, _ = self.items[seen.item]
        if seen.category == "CONDITION":
            return [(name, 0.0, *_condition(seen))]
        if seen.entries is not None:
            whole = [] if seen.entries else [(name, 0.0, None, UNAVAILABLE)] if seen.text == "UNAVAILABLE" else []
            return whole + [
                (f"{name}.{key}", 0.0, None, REMOVED) if text is None else (f"{name}.{key}", 0.0, *_plain(item, text))
                for key, text in seen.entries
            ]
        if (item.units or "").endswith("_3D"):
            letters = "ABC" if item.units == "DEGREE_3D" else "XYZ"
            parts = seen.text.split()
            parts = parts if len(parts) == 3 else ["UNAVAILABLE"] * 3
            return [(f"{name}.{letter}", 0.0, *_plain(item, text)) for letter, text in zip(letters, parts, strict=True)]
        if seen.kind.endswith("TimeSeries") and seen.text != "UNAVAILABLE":
            return _series(name, item, seen)
        return [(name, 0.0, *_plain(item, seen.text))]


def _series(name: str, item: DataItem, seen: Observation) -> list[tuple[str, float, float | int | str | None, int]]:
    """Every sample of a series with its own time: the observation's time is that of the last one."""
    texts = seen.text.split()
    rate = _float(seen.attributes.get("sampleRate")) or item.rate
    duration = _float(seen.attributes.get("duration"))
    step = 1.0 / rate if rate else duration / (len(texts) - 1) if duration and len(texts) > 1 else None
    if step is None:  # nobody says how far apart they are: the last one's time is the only one known
        texts, step = texts[-1:], 0.0
    return [(name, (len(texts) - 1 - index) * step, *_plain(item, text)) for index, text in enumerate(texts)]


def _condition(seen: Observation) -> tuple[str | None, int]:
    """`NORMAL`, or the level with the machine's own code and words: `FAULT 401: coolant low`."""
    level = seen.kind.upper()
    if level == "UNAVAILABLE":
        return None, UNAVAILABLE
    code = seen.attributes.get("nativeCode", "")
    words = f"{level} {code}".strip()
    return (f"{words}: {seen.text}" if seen.text else words), 0


def _plain(item: DataItem, text: str) -> tuple[float | int | str | None, int]:
    if text == "UNAVAILABLE":
        return None, UNAVAILABLE
    if item.category != "SAMPLE" and item.type.rpartition(":")[2].upper() not in NUMBERS:
        return text, 0
    try:
        return int(text), 0
    except ValueError:
        number = _float(text)
    if number is not None and math.isfinite(number):
        return number, 0
    return (text, NOT_A_NUMBER) if item.category == "SAMPLE" else (text, 0)


def _float(text: str | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return None
