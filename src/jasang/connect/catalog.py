"""The protocols to machines, one line each. A protocol's library is only loaded when a connection uses it."""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from jasang.connect.contract import MachineProtocol
from jasang.errors import ConfigurationError


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Where a protocol lives: its module under `connect/protocols`, its class and the extra that brings its library."""

    module: str
    member: str
    extra: str | None  # None: its library is in the core


PROTOCOLS: Mapping[str, Entry] = MappingProxyType(
    {
        "folder": Entry(module="watch", member="Folder", extra=None),
        "modbus": Entry(module="modbus", member="Modbus", extra="modbus"),
        "mqtt": Entry(module="mqtt", member="Mqtt", extra="mqtt"),
        "mtconnect": Entry(module="mtconnect", member="MtConnect", extra="mtconnect"),
        "opcua": Entry(module="opcua", member="OpcUa", extra="opcua"),
        "sparkplug": Entry(module="sparkplug", member="Sparkplug", extra="sparkplug"),
        "sql": Entry(module="sql", member="Sql", extra="sql"),
    }
)


def load(name: str) -> MachineProtocol:
    """The protocol of that name; `ConfigurationError` when there is none or its library is not installed."""
    entry = PROTOCOLS.get(name)
    if entry is None:
        raise ConfigurationError(
            ko=f"모르는 프로토콜 {name!r} 입니다. 쓸 수 있는 것: {sorted(PROTOCOLS)}",
            en=f"unknown protocol {name!r}; there are {sorted(PROTOCOLS)}",
        )
    try:
        module = importlib.import_module(f"jasang.connect.protocols.{entry.module}")
    except ModuleNotFoundError as error:
        if entry.extra is None:
            raise
        raise ConfigurationError(
            ko=f"프로토콜 {name!r} 에 필요한 {error.name!r} 이(가) 없습니다. pip install 'jasang[{entry.extra}]' 로 설치하세요.",
            en=f"protocol {name!r} needs {error.name!r}, which is not installed: pip install 'jasang[{entry.extra}]'",
        ) from error
    protocol: MachineProtocol = getattr(module, entry.member)()
    return protocol
