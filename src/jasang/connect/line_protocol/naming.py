"""Which signal a field of a series is: `asset.measurement.field{other=tags}`.

The asset is the value of the first tag of `asset_tags` that the series has; without one the name is `measurement.field{…}` and
the measurement is the asset. The other tags follow in braces, sorted by key; a tag of `asset_tags` other than the first leaves
its key there, so that `asset=A` and `host=A` stay apart. Signs that mean something in a name are written as %XX. So two different
pairs of series and field never share a name.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

from jasang.plant.reading import Signal

ASSET_TAGS = ("asset", "machine", "equipment", "device", "host")
MOST_CHARACTERS = 1_000  # in a signal's name
MOST_SERIES_KNOWN = 200_000  # keys kept ready; beyond that the memory starts afresh
MOST_FIELDS_KNOWN = 1_000
MOST_KEY = 65_535  # bytes; the limit of InfluxDB

_UNESCAPED_COMMA = re.compile(rb"(?<!\\),")
_UNESCAPED_EQUALS = re.compile(rb"(?<!\\)=")
_MEASUREMENT_ESCAPES = re.compile(rb"\\([, ])")
_KEY_ESCAPES = re.compile(rb"\\([,= ])")
_IN_PART = re.compile(r"[%.{\x00-\x1f\x7f]")
_IN_TAG = re.compile(r"[%,=}\x00-\x1f\x7f]")


class BadKey(ValueError):
    """A series or field key that is no line protocol, in InfluxDB's words."""


class NotKept(ValueError):
    """A signal that is valid line protocol but will not be kept: its name is too long, or there are too many signals."""


@dataclass(slots=True)
class Series:
    """One series: where its signals' names begin and end, and the names made so far by field key as it stands in the body."""

    before: str
    after: str
    asset: str
    names: dict[bytes, str] = field(default_factory=dict)


class SignalNames:
    """Names by series and field, remembered; not shared by threads.

    `known` are names that the store has (a set is shared with its giver); at most `most_signals` are taken.
    `fresh` gathers signals that are not yet described.
    """

    def __init__(
        self, *, asset_tags: Sequence[str] = ASSET_TAGS, known: Iterable[str] = (), most_signals: int = 1_000_000
    ) -> None:
        self._asset_tags = tuple(asset_tags)
        self._most = most_signals
        self._known = known if isinstance(known, set) else set(known)
        self._series: dict[bytes, Series] = {}
        self._by_field: dict[bytes, dict[str, str]] = {}
        self.fresh: list[Signal] = []

    def series(self, key: bytes) -> Series:
        """The series of a key (`measurement,tag=value,…`, escapes as in the body); `BadKey` when it is none."""
        found = self._series.get(key)
        if found is None:
            if len(self._series) >= MOST_SERIES_KNOWN:
                self._series.clear()
            found = self._series[key] = self._read(key)
        return found

    def names(self, series: Sequence[str], field_key: bytes) -> list[str]:
        """The signals of one field of many series, keys as text; raises like `series` and `name`."""
        known = self._by_field.setdefault(field_key, {})
        found = list(map(known.get, series))
        if None in found:
            if len(known) + len(series) > MOST_SERIES_KNOWN or len(self._by_field) > MOST_FIELDS_KNOWN:
                self._by_field = {}
            for key in series:
                known[key] = self.name(self.series(key.encode()), field_key)
            found = list(map(known.get, series))
        return found  # type: ignore[return-value]  # none is missing now

    def name(self, series: Series, field_key: bytes) -> str:
        """The signal of a field of a series; `BadKey` when the key is no text, `NotKept` when there is no room for it."""
        found = series.names.get(field_key)
        if found is not None:
            return found
        plain = _KEY_ESCAPES.sub(rb"\1", field_key) if b"\\" in field_key else field_key
        name = f"{series.before}.{_written(plain, _IN_PART)}{series.after}"
        if len(name) > MOST_CHARACTERS:
            raise NotKept(f"signal name has {len(name)} characters, limit {MOST_CHARACTERS}")
        if name not in self._known:
            if len(self._known) >= self._most:
                raise NotKept(f"max-signals limit exceeded ({self._most})")
            self._known.add(name)
            self.fresh.append(Signal(name=name, asset=series.asset))
        series.names[field_key] = name
        return name

    def _read(self, key: bytes) -> Series:
        if len(key) > MOST_KEY:
            raise BadKey(f"max key length exceeded: {len(key)} > {MOST_KEY}")
        measurement, tags = read_series_key(key)
        asset_tag = next((tag for tag in self._asset_tags if tag in tags), None)
        others = [
            f"{_escaped(tag, _IN_TAG)}={_escaped(tags[tag], _IN_TAG)}" if tag != asset_tag else _escaped(tag, _IN_TAG)
            for tag in sorted(tags)
            if tag != asset_tag or tag != self._asset_tags[0]
        ]
        before = _escaped(measurement, _IN_PART)
        if asset_tag is not None:
            before = f"{_escaped(tags[asset_tag], _IN_PART)}.{before}"
        asset = measurement if asset_tag is None else tags[asset_tag]
        return Series(before=before, after="{" + ",".join(others) + "}" if others else "", asset=asset)


def read_series_key(key: bytes) -> tuple[str, dict[str, str]]:
    """Measurement and tags of a series key, escapes resolved; `BadKey` when it is none."""
    parts = _UNESCAPED_COMMA.split(key)
    if not parts[0]:
        raise BadKey("missing measurement")
    tags: dict[str, str] = {}
    for part in parts[1:]:
        pair = _UNESCAPED_EQUALS.split(part)
        if not pair[0]:
            raise BadKey("missing tag key")
        if len(pair) == 1 or pair[1:] == [b""]:
            raise BadKey("missing tag value")
        if len(pair) > 2:
            raise BadKey("invalid tag format")
        tag, value = (_text(_KEY_ESCAPES.sub(rb"\1", half)) for half in pair)
        if tag in tags:
            raise BadKey("duplicate tags")
        tags[tag] = value
    return _text(_MEASUREMENT_ESCAPES.sub(rb"\1", parts[0])), tags


def split_name(name: str) -> tuple[str | None, str, str, dict[str, str]]:
    """Asset (`None` without one), measurement, field and other tags of a signal's name: the rule read backwards.

    The key of an asset tag other than the first stands among the tags with an empty value. `ValueError` when it is no such name.
    """
    head, brace, tail = name.partition("{")
    parts = [_read_back(part) for part in head.split(".")]
    if len(parts) not in (2, 3) or (brace and not tail.endswith("}")):
        raise ValueError(f"{name!r} was not made from line protocol; expected asset.measurement.field{{tag=value}}")
    pairs = [pair.partition("=") for pair in tail[:-1].split(",")] if brace else []
    tags = {_read_back(tag): _read_back(value) for tag, _, value in pairs}
    return (parts[0] if len(parts) == 3 else None), parts[-2], parts[-1], tags


def _read_back(part: str) -> str:
    return unquote_to_bytes(part).decode()


def _written(raw: bytes, special: re.Pattern[str]) -> str:
    return _escaped(_text(raw), special)


def _escaped(text: str, special: re.Pattern[str]) -> str:
    return special.sub(lambda sign: f"%{ord(sign[0]):02X}", text)


def _text(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise BadKey("invalid UTF-8") from error
