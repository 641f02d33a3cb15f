"""The use case "simulate": a virtual cell that can be connected to, and a virtual factory's files."""

import asyncio
import importlib
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

from jasang.errors import ConfigurationError, WrongArguments
from jasang.mentor.until_stopped import until_stopped
from jasang.plant.text import Progress, silent
from jasang.simulate.cell import Cell
from jasang.simulate.factory import SimulatedFactory, write_factory
from jasang.simulate.faults import FAULTS, plant
from jasang.simulate.shift import Hours

FIRST_MINUTES = 3.0
MOST_DAYS = 366

__all__ = ["FAULTS", "SimulatedFactory", "serve_cell", "write_factory_folder"]


def serve_cell(
    *,
    host: str = "127.0.0.1",
    port: int = 4840,
    modbus_port: int | None = None,
    seed: int = 1,
    speed: float = 1.0,
    faults: tuple[str, ...] = (),
    duration: float | None = None,
    with_parent: bool = False,
    listening: Callable[[str], None] | None = None,
) -> None:
    """Serve a running virtual cell over OPC UA until stopped, faults from the start; `listening` is told each address.

    With `modbus_port` the same cell is a Modbus TCP device too.
    Raises `ConfigurationError` when the extra `opcua` (or `modbus`) is missing, `ConnectionFailed` when the port is taken.
    """
    server_module = _module("opcua", "OPC UA")
    modbus_module = None if modbus_port is None else _module("modbus", "Modbus")
    hours: Hours = "around_the_clock"  # whoever starts the demo at night still wants to see a running machine
    cell = Cell(
        seed=seed,
        start=datetime.now(UTC),
        faults=plant(check_faults(faults), seed=seed, span=0.0),
        hours=hours,
        warm=True,
        operators=False,
    )
    cell.step(FIRST_MINUTES * 60.0)  # the first visitor finds a last shot and counters
    server = server_module.CellServer(cell, host=host, port=port, speed=speed)

    devices = [server]
    if modbus_module is not None:
        devices.append(modbus_module.CellDevice(cell, host=host, port=modbus_port))

    async def serve() -> None:
        async with until_stopped(duration=duration, with_parent=with_parent) as stop, AsyncExitStack() as open_devices:
            for device in devices:
                await open_devices.enter_async_context(device.serving())
                if listening is not None:
                    listening(device.url)
            living = asyncio.create_task(server.live())
            stopped = asyncio.create_task(stop.wait())
            await asyncio.wait({living, stopped}, return_when=asyncio.FIRST_COMPLETED)
            stopped.cancel()
            living.cancel()
            results = await asyncio.gather(living, stopped, return_exceptions=True)
            if isinstance(results[0], Exception):
                raise results[0]

    asyncio.run(serve())


def _module(name: str, spoken: str) -> ModuleType:
    """The cell's server for a protocol; it is only loaded when it is asked for."""
    try:
        return importlib.import_module(f"jasang.simulate.{name}")
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            ko=f"가상 셀을 {spoken}(으)로 열려면 {error.name!r} 이(가) 필요합니다. pip install 'jasang[{name}]' 로 설치하세요.",
            en=f"serving the cell over {spoken} needs {error.name!r}: pip install 'jasang[{name}]'",
        ) from error


def write_factory_folder(
    folder: Path, *, days: int, seed: int, faults: tuple[str, ...] = (), progress: Progress = silent
) -> SimulatedFactory:
    """Write `days` days of a virtual factory into a new folder; the answer tells the planted truth.

    Raises `WrongArguments` for an unknown fault or a senseless number of days, `JasangError` when the folder cannot be written.
    """
    if not 1 <= days <= MOST_DAYS:
        raise WrongArguments(
            ko=f"--days {days}: 1에서 {MOST_DAYS} 사이의 날 수를 주세요.",
            en=f"--days {days}: expected a number of days from 1 to {MOST_DAYS}",
        )
    return write_factory(folder, days=days, seed=seed, faults=check_faults(faults), progress=progress)


def check_faults(names: tuple[str, ...]) -> tuple[str, ...]:
    """The names as they are; `WrongArguments` when one is unknown."""
    unknown = sorted(set(names) - set(FAULTS))
    if unknown:
        known = ", ".join(FAULTS)
        raise WrongArguments(
            ko=f"모르는 고장 {', '.join(unknown)} 입니다. 심을 수 있는 고장: {known}",
            en=f"unknown fault {', '.join(unknown)}; there are: {known}",
        )
    return names
