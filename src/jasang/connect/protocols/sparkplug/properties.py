"""What the properties of a metric say: its unit and the quality of its value (Sparkplug 3.0.0, 6.4.9 and 6.4.10)."""

from typing import Any

GOOD, UNCERTAIN, BAD = 0x0000_0000, 0x4000_0000, 0x8000_0000
STALE_VALUE = 0x4090_0000  # UncertainLastUsableValue (OPC 10000-4, 7.39)
_UNITS = frozenset({"engunit", "engunits", "engineeringunit", "engineeringunits", "unit", "units"})


def unit_of(properties: Any) -> str | None:
    """The engineering unit, under whichever of the usual names."""
    for key, value in zip(properties.keys, properties.values, strict=False):
        if key.replace(" ", "").replace("_", "").lower() in _UNITS and value.string_value:
            return str(value.string_value)
    return None


def quality_of(properties: Any) -> int:
    """The OPC UA status code for Sparkplug's quality: 192 good, 500 stale, 0 bad; good when none is given."""
    for key, value in zip(properties.keys, properties.values, strict=False):
        if key.lower() != "quality" or value.is_null:
            continue
        field = value.WhichOneof("value")
        code = None if field is None else getattr(value, field)
        if not isinstance(code, int) or isinstance(code, bool):
            return GOOD
        if code == 500:
            return STALE_VALUE
        # Other codes are those of OPC Data Access, whose two highest of eight bits say bad, uncertain or good.
        return {0: BAD, 1: UNCERTAIN, 3: GOOD}.get((code >> 6) & 3, BAD) if code < 256 else UNCERTAIN
    return GOOD
