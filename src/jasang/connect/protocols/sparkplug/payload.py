"""Sparkplug payloads: bytes to messages, and the few messages a host application sends itself."""

import json
import zlib
from typing import Any

from google.protobuf.message import DecodeError

from jasang.connect.protocols.sparkplug.schema import Payload
from jasang.plant.text import Text

COMPRESSED = "SPBV1.0_COMPRESSED"
LARGEST = 64 * 1024 * 1024  # bytes of a decompressed payload
REBIRTH = "Node Control/Rebirth"
_BOOLEAN = 11


class NoPayload(ValueError):
    """Bytes that are no Sparkplug payload; the reason in both languages."""

    def __init__(self, ko: str, en: str) -> None:
        super().__init__(en)
        self.text = Text(ko=ko, en=en)


def decode(data: bytes) -> Any:
    """The payload, decompressed if it was compressed; `NoPayload` when it is none."""
    payload = _parse(data)
    if payload.uuid != COMPRESSED:
        return payload
    algorithm = next((metric.string_value for metric in payload.metrics if metric.name == "algorithm"), "DEFLATE")
    try:
        return _parse(_decompress(payload.body, algorithm.upper()))
    except (zlib.error, OSError, EOFError) as error:
        raise NoPayload(f"압축을 풀 수 없습니다({error})", f"cannot be decompressed ({error})") from error


def _parse(data: bytes) -> Any:
    try:
        payload = Payload.FromString(data)
    except DecodeError as error:
        shown = data[:16].hex(" ")
        raise NoPayload(
            f"Sparkplug 메시지가 아닌 {len(data)}바이트입니다: {shown}",
            f"{len(data)} bytes that are no Sparkplug payload: {shown}",
        ) from error
    if data and not payload.metrics and not payload.ListFields():
        shown = data[:16].hex(" ")
        raise NoPayload(
            f"Sparkplug 항목이 하나도 없는 {len(data)}바이트입니다: {shown}",
            f"{len(data)} bytes without a single Sparkplug field: {shown}",
        )
    return payload


def _decompress(body: bytes, algorithm: str) -> bytes:
    if algorithm == "GZIP":
        wide = zlib.decompressobj(zlib.MAX_WBITS | 16)
    elif algorithm == "DEFLATE":
        wide = zlib.decompressobj()
    else:
        raise NoPayload(f"모르는 압축 방식 {algorithm!r}", f"compressed by {algorithm!r}; expected GZIP or DEFLATE")
    found = wide.decompress(body, LARGEST)
    if wide.unconsumed_tail or not wide.eof:
        raise NoPayload(
            f"압축된 내용이 잘렸거나 {LARGEST >> 20} MB를 넘습니다",
            f"its compressed part is cut off or over {LARGEST >> 20} MB",
        )
    return found


def rebirth_request(now_ms: int) -> bytes:
    """The NCMD that asks an edge node for all its births: a timestamp, no sequence number."""
    payload = Payload(timestamp=now_ms)
    payload.metrics.add(name=REBIRTH, timestamp=now_ms, datatype=_BOOLEAN, boolean_value=True)
    found: bytes = payload.SerializeToString()
    return found


def state(online: bool, timestamp: int) -> bytes:
    """What a host application says of itself."""
    return json.dumps({"online": online, "timestamp": timestamp}).encode()


def read_state(data: bytes) -> tuple[bool, int] | None:
    """Online and timestamp of a STATE message, `None` when it is none."""
    try:
        found = json.loads(data)
        online, timestamp = found["online"], found["timestamp"]
    except (ValueError, TypeError, KeyError):
        return None
    return (online, timestamp) if isinstance(online, bool) and isinstance(timestamp, int) else None
