"""What an agent's XML documents say: its devices and data items (probe), and what was observed (current, sample)."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

DEEPEST = 60


class NotMtConnect(Exception):
    """The answer is no document of an agent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentError:
    """One error that an agent answered with."""

    code: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DataItem:
    """One data item of a device. `path` are the names from the device down to it, alone in its device."""

    id: str
    device: str
    path: str
    category: str
    type: str
    units: str | None
    rate: float | None  # samples in one second, of a time series


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One thing observed. `kind` is the name of its element; `entries` those of a data set or table."""

    item: str
    sequence: int
    timestamp: str
    category: str
    kind: str
    text: str
    attributes: dict[str, str] = field(default_factory=dict)
    entries: tuple[tuple[str, str | None], ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """Where the agent's buffer stands; `instance` changes when the agent starts anew and counts from 1 again."""

    instance: str
    first: int
    next: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One answer: what of these it holds."""

    header: Header
    items: tuple[DataItem, ...] = ()
    observations: tuple[Observation, ...] = ()
    errors: tuple[AgentError, ...] = ()


def read_document(data: bytes) -> Document:
    """An agent's answer; raises `NotMtConnect` when it is none, or tries what no agent needs (entities, a DTD)."""
    try:
        root = fromstring(data, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise NotMtConnect(str(error)) from error
    kind = _tag(root)
    if kind == "MTConnectError":
        return Document(header=_header(root), errors=tuple(_errors(root)))
    if kind == "MTConnectDevices":
        return Document(header=_header(root), items=_told_apart(list(_items(root))))
    if kind == "MTConnectStreams":
        found = sorted(_observations(root), key=lambda observation: observation.sequence)
        return Document(header=_header(root), observations=tuple(found))
    raise NotMtConnect(f"a document <{kind}>")


def _tag(element: Any) -> str:
    return str(element.tag).rpartition("}")[2]


def _whole(text: str | None) -> int:
    return int(text) if text is not None and text.strip().isdigit() else 0


def _header(root: Any) -> Header:
    for element in root:
        if _tag(element) == "Header":
            return Header(
                instance=element.get("instanceId", ""),
                first=_whole(element.get("firstSequence")),
                next=_whole(element.get("nextSequence")),
            )
    raise NotMtConnect("a document without a header")


def _errors(root: Any) -> Iterator[AgentError]:
    for element in root.iter():
        if element.get("errorCode"):
            text = element.text or next((e.text for e in element if _tag(e) == "ErrorMessage"), "") or ""
            yield AgentError(code=element.get("errorCode"), text=text.strip())


def _items(root: Any) -> Iterator[DataItem]:
    for devices in root:
        if _tag(devices) == "Devices":
            for device in devices:
                # An agent of version 1.7 and later describes itself among its devices.
                if _tag(device) == "Device":
                    yield from _below(device, device.get("name") or device.get("id") or "", "", 0)


def _told_apart(items: list[DataItem]) -> tuple[DataItem, ...]:
    """With their ids behind paths that several items of a device share (position actual and commanded, both named `pos`)."""
    shared = Counter((item.device, item.path) for item in items)
    return tuple(
        item if shared[item.device, item.path] == 1 else replace(item, path=f"{item.path}.{item.id}") for item in items
    )


def _below(component: Any, device: str, path: str, depth: int) -> Iterator[DataItem]:
    if depth > DEEPEST:
        raise NotMtConnect("components nested too deep")
    for part in component:
        if _tag(part) == "DataItems":
            for item in part:
                if _tag(item) == "DataItem" and item.get("id"):
                    yield _item(item, device, path)
        elif _tag(part) == "Components":
            for inner in part:
                name = inner.get("name") or inner.get("id") or _tag(inner)
                yield from _below(inner, device, f"{path}.{name}" if path else name, depth + 1)


def _item(item: Any, device: str, path: str) -> DataItem:
    name = item.get("name") or item.get("id")
    rate = item.get("sampleRate")
    return DataItem(
        id=item.get("id"),
        device=device,
        path=f"{path}.{name}" if path else name,
        category=item.get("category", ""),
        type=item.get("type", ""),
        units=item.get("units"),
        rate=_number(rate),
    )


def _number(text: str | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return None


def _observations(root: Any) -> Iterator[Observation]:
    for group in root.iter():
        category = {"Samples": "SAMPLE", "Events": "EVENT", "Condition": "CONDITION"}.get(_tag(group))
        if category is None or group.get("dataItemId") is not None:
            continue
        for element in group:
            item = element.get("dataItemId")
            if item is None:
                continue
            yield Observation(
                item=item,
                sequence=_whole(element.get("sequence")),
                timestamp=element.get("timestamp", ""),
                category=category,
                kind=_tag(element),
                text=(element.text or "").strip(),
                attributes=dict(element.attrib),
                entries=_entries(element),
            )


def _entries(element: Any) -> tuple[tuple[str, str | None], ...] | None:
    entries = [entry for entry in element if _tag(entry) == "Entry"]
    if not entries and not _tag(element).endswith(("DataSet", "Table")):
        return None
    return tuple((entry.get("key", ""), _entry(entry)) for entry in entries)


def _entry(entry: Any) -> str | None:
    if entry.get("removed") == "true":
        return None
    cells = [cell for cell in entry if _tag(cell) == "Cell"]
    if cells:
        return "; ".join(f"{cell.get('key', '')}={(cell.text or '').strip()}" for cell in cells)
    return (entry.text or "").strip()
