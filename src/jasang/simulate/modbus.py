"""The virtual cell as a Modbus TCP device. Needs the extra `jasang[modbus]`; docs/simulate.md has the list of registers.

Input registers hold the sensors (float32, highest word first) and, as many controllers have it, counters of 32 bits with the
lowest word first. Holding registers are the settings in tenths of their unit; they may be written within their limits.
"""

import asyncio
import contextlib
import struct
from collections.abc import AsyncIterator, Sequence
from typing import Any

from pymodbus.constants import ExcCodes
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from jasang.errors import ConnectionFailed
from jasang.simulate.cell import Cell
from jasang.simulate.recipe import SETTINGS
from jasang.simulate.sensors import SENSORS

UNIT_ID = 1
COUNTERS = 100  # first input register of the counters: shots, good parts, bad parts, each 32 bits, lowest word first
STATE = 106  # input register: 0 planned, 1 running, 2 idle, 3 setup, 4 down
PRODUCT = 110  # ten input registers: the product's name in UTF-8, filled up with zeros
STATES = ("planned", "running", "idle", "setup", "down")
_INPUTS, _PRODUCT_WORDS = 120, 10
_READ_INPUTS, _READ_DISCRETE, _WRITES = 4, 2, (6, 16, 22, 23)


class CellDevice:
    """Answers from one cell that somebody else lets live."""

    def __init__(self, cell: Cell, *, host: str, port: int) -> None:
        self.cell, self._host, self._port = cell, host, port
        self.url = f"modbus-tcp://{host}:{port}"

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator["CellDevice"]:
        """Listen while the context lasts; `ConnectionFailed` when the address cannot be used."""
        settings = [SimData(0, values=list(self._settings()), datatype=DataType.INT16)]
        inputs = [SimData(0, values=[0] * _INPUTS, datatype=DataType.REGISTERS, readonly=True)]
        coils = [SimData(0, values=[False] * 16, datatype=DataType.BITS)]
        discrete = [SimData(0, values=[False] * 16, datatype=DataType.BITS, readonly=True)]
        device = SimDevice(UNIT_ID, simdata=(coils, discrete, settings, inputs), action=self._asked)
        server: Any = ModbusTcpServer(device, address=(self._host, self._port), ignore_missing_devices=True)
        try:
            listening = await server.listen()
        except OSError:
            listening = False
        if not listening:
            raise ConnectionFailed(
                ko=f"{self.url} 에서 기다릴 수 없습니다. 다른 프로그램이 이 포트를 쓰고 있으면 다른 포트를 고르세요.",
                en=f"cannot listen on {self.url}; if another program uses this port, choose another",
                permanent=True,
            )
        try:
            yield self
        finally:
            await server.shutdown()
            await asyncio.sleep(0)

    async def _asked(
        self, code: int, _start: int, address: int, _count: int, registers: list[int], values: Sequence[int] | None
    ) -> ExcCodes | None:
        """Fill in what the cell shows now, or carry a write over to it."""
        if code == _READ_INPUTS:
            registers[:_INPUTS] = self._inputs()
        elif code == _READ_DISCRETE:
            last = self.cell.last_shot
            bad = last is not None and last.outcome.defect is not None
            registers[0] = int(self.cell.state == "running") | int(bad) << 1
        elif code in _WRITES and values:
            return self._written(address, values)
        elif code == 3:
            registers[: len(SETTINGS)] = [value & 0xFFFF for value in self._settings()]
        return None

    def _inputs(self) -> list[int]:
        samples = self.cell.readings()
        numbers = [samples[name].value for name in SENSORS]
        data = b"".join(struct.pack(">f", float("nan") if number is None else number) for number in numbers)
        found = [0] * _INPUTS
        found[: len(data) // 2] = _words(data)
        for index, count in enumerate((self.cell.shots, self.cell.good, self.cell.bad)):
            found[COUNTERS + 2 * index : COUNTERS + 2 * index + 2] = [count & 0xFFFF, count >> 16 & 0xFFFF]
        found[STATE] = STATES.index(self.cell.state)
        name = self.cell.product.name.encode()[: 2 * _PRODUCT_WORDS].ljust(2 * _PRODUCT_WORDS, b"\x00")
        found[PRODUCT : PRODUCT + _PRODUCT_WORDS] = _words(name)
        return found

    def _settings(self) -> list[int]:
        return [round(self.cell.settings[name] * 10.0) for name in SETTINGS]

    def _written(self, address: int, values: Sequence[int]) -> ExcCodes | None:
        names = list(SETTINGS)[address : address + len(values)]
        wanted = [(value - 0x10000 if value > 0x7FFF else value) / 10.0 for value in values]
        for name, value in zip(names, wanted, strict=True):
            if not SETTINGS[name].lower <= value <= SETTINGS[name].upper:
                return ExcCodes.ILLEGAL_VALUE
        for name, value in zip(names, wanted, strict=True):
            self.cell.write(name, value)
        return None


def _words(data: bytes) -> list[int]:
    return list(struct.unpack(f">{len(data) // 2}H", data))
