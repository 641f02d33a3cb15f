"""The fields of a Modbus connection and of its signals in collect.toml."""

from typing import Annotated, Literal

from pydantic import Field

from jasang.connect.contract import Options

UnitId = Annotated[int, Field(ge=0, le=255)]
Kind = Literal[
    "bool", "int16", "uint16", "int32", "uint32", "int64", "uint64", "float32", "float64", "string", "bcd"
]  # fmt: skip
Order = Literal["ABCD", "CDAB", "BADC", "DCBA"]
ORDERS: tuple[Order, ...] = ("ABCD", "CDAB", "BADC", "DCBA")


class ModbusOptions(Options):
    """Fields of a Modbus connection. Times in s; `max_block` and `max_gap` in registers (16 times as many coils).

    `framing = "rtu"` with a modbus-tcp url is for a converter that passes the serial line through unchanged.
    """

    unit_id: UnitId = 1
    poll_interval: Annotated[float, Field(strict=False, ge=0.02, le=86_400.0)] = 1.0
    repeat_after: Annotated[float, Field(strict=False, ge=0.0, le=86_400.0)] = 60.0
    max_block: Annotated[int, Field(ge=1, le=125)] = 120
    max_gap: Annotated[int, Field(ge=0, le=124)] = 16
    framing: Literal["tcp", "rtu"] | None = None
    baudrate: Annotated[int, Field(ge=300, le=4_000_000)] = 9600
    parity: Literal["N", "E", "O"] = "N"
    stopbits: Literal[1, 2] = 1
    bytesize: Literal[7, 8] = 8


class ModbusSignalOptions(Options):
    """How a signal lies in the registers: the value is `raw × scale + offset`.

    `order` of the bytes A (highest) to D; instead of it `example`, a value the signal is about to have, finds the order.
    `length` in registers, for texts and BCD; `bits` cuts a field such as "4-7" out of a whole number, bit 0 being the lowest.
    """

    type: Kind | None = None
    order: Order | None = None
    example: Annotated[float, Field(strict=False)] | None = None
    scale: Annotated[float, Field(strict=False)] = 1.0
    offset: Annotated[float, Field(strict=False)] = 0.0
    bits: Annotated[str, Field(pattern=r"^\d{1,2}(-\d{1,2})?$")] | None = None
    length: Annotated[int, Field(ge=1, le=125)] | None = None
    unit_id: UnitId | None = None
