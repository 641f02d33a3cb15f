"""Write a setting over OPC UA in the machine's own type, and read back what it holds."""

import struct
from collections.abc import Sequence
from typing import Any

from asyncua import Client, Node, ua

from jasang.connect.contract import Link
from jasang.connect.protocols.opcua.session import FAILURES, connect, disconnect, lost, node_at
from jasang.connect.writing import MachineValue
from jasang.errors import WriteRefused

# Whole-number types with their range; the two others are IEEE 754 numbers of 32 and 64 bits.
_WHOLE = {
    ua.VariantType.SByte: (-(2**7), 2**7 - 1), ua.VariantType.Byte: (0, 2**8 - 1),
    ua.VariantType.Int16: (-(2**15), 2**15 - 1), ua.VariantType.UInt16: (0, 2**16 - 1),
    ua.VariantType.Int32: (-(2**31), 2**31 - 1), ua.VariantType.UInt32: (0, 2**32 - 1),
    ua.VariantType.Int64: (-(2**63), 2**63 - 1), ua.VariantType.UInt64: (0, 2**64 - 1),
}  # fmt: skip
_FRACTIONS = (ua.VariantType.Float, ua.VariantType.Double)
_BAD = 0xC0000000  # both severity bits: neither good nor uncertain is written upon


async def open_machine(link: Link) -> "OpcUaMachine":
    """A session for reading and writing settings; raises `ConnectionFailed`."""
    return OpcUaMachine(link, await connect(link))


class OpcUaMachine:
    """See `jasang.connect.writing.WritableMachine`."""

    def __init__(self, link: Link, client: Client) -> None:
        self._link, self._client = link, client
        self._nodes: dict[str, Node] = {}

    async def read(self, addresses: Sequence[str]) -> list[MachineValue]:
        """What the addresses hold now."""
        try:
            nodes = [await self._node(address) for address in addresses]
            values = await self._client.read_attributes(nodes, ua.AttributeIds.Value)
            access = await self._client.read_attributes(nodes, ua.AttributeIds.UserAccessLevel)
        except FAILURES as error:
            raise lost(self._link, error) from error
        return [_machine_value(value, level) for value, level in zip(values, access, strict=True)]

    async def write(self, address: str, number: float) -> None:
        """Write a number; `WriteRefused` when it does not fit the type or the machine says no."""
        try:
            node = await self._node(address)
            (held,) = await self._client.read_attributes([node], ua.AttributeIds.Value)
            kind = None if held.Value is None else held.Value.VariantType
            # No status and no time: many machines take only the bare value (BadWriteNotSupported).
            await node.write_value(ua.DataValue(ua.Variant(_in_type(address, number, kind), kind), StatusCode=None))
        except ua.UaStatusCodeError as error:
            if type(error).__name__ in ("BadConnectionClosed", "BadSessionIdInvalid", "BadSessionClosed", "BadTimeout"):
                raise lost(self._link, error) from error
            raise WriteRefused(
                ko=f"{address}: 기계가 값 {number:g} 을(를) 받지 않습니다({type(error).__name__}).",
                en=f"{address}: the machine does not take {number:g} ({type(error).__name__})",
            ) from error
        except FAILURES as error:
            raise lost(self._link, error) from error

    async def close(self) -> None:
        """End the session."""
        await disconnect(self._client)

    async def _node(self, address: str) -> Node:
        if address not in self._nodes:
            self._nodes[address] = await node_at(self._client, self._link, address)
        return self._nodes[address]


def _machine_value(data: ua.DataValue, level: ua.DataValue) -> MachineValue:
    quality = 0 if data.StatusCode is None else int(data.StatusCode.value)
    kind = None if data.Value is None else data.Value.VariantType
    value = None if data.Value is None else data.Value.Value
    number = None
    if not quality & _BAD and isinstance(value, (int, float)) and value - value == 0:  # neither NaN nor infinite
        number = float(value)
    allowed = None if level.Value is None else level.Value.Value
    return MachineValue(
        number=number,
        quality=quality,
        whole=kind in _WHOLE,
        single=kind == ua.VariantType.Float,
        writable=isinstance(allowed, int)
        and bool(allowed & 1 << ua.AccessLevel.CurrentWrite)
        and (kind in _WHOLE or kind in _FRACTIONS),
    )


def _in_type(address: str, number: float, kind: Any) -> float | int:
    if kind == ua.VariantType.Float:
        return float(struct.unpack("<f", struct.pack("<f", number))[0])
    if kind == ua.VariantType.Double:
        return float(number)
    if kind in _WHOLE:
        low, high = _WHOLE[kind]
        if number == int(number) and low <= number <= high:
            return int(number)
        raise WriteRefused(
            ko=f"{address}: 기계는 정수({low} … {high})만 받는데 {number:g} 입니다.",
            en=f"{address}: the machine takes whole numbers from {low} to {high}, found {number:g}",
        )
    raise WriteRefused(
        ko=f"{address}: 숫자 설정이 아닙니다({getattr(kind, 'name', kind)}).",
        en=f"{address}: is no numeric setting ({getattr(kind, 'name', kind)})",
    )
