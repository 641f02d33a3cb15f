"""The virtual cell as an OPC UA server: names, units, guarded setpoints, and faults that reach the client as status codes."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from asyncua import Client, ua
from tests.free_ports import free_port

from jasang.connect.contract import Link
from jasang.connect.protocols.opcua import OpcUa
from jasang.simulate.cell import Cell
from jasang.simulate.faults import Fault
from jasang.simulate.opcua import NAMESPACE, CellServer
from jasang.simulate.recipe import SETTINGS
from jasang.simulate.sensors import BAD_SENSOR_FAILURE, SENSORS

MOMENT = datetime(2026, 4, 5, 6, 7, 8, 901234, tzinfo=UTC)
START = datetime(2026, 3, 1, 23, 0, tzinfo=UTC)


def node(client: Client, index: int, path: str) -> Any:
    return client.get_node(ua.NodeId(f"INJ-01.{path}", index))


def test_client_sees_the_machine_writes_within_limits_and_is_refused_beyond() -> None:
    faults = {"broken_sensor": Fault(name="broken_sensor", onset=0.0, strength=1.0)}
    cell = Cell(seed=1, start=START, faults=faults, hours="around_the_clock", warm=True, operators=False)
    server = CellServer(cell, host="127.0.0.1", port=free_port())
    seen: dict[str, Any] = {}

    async def run() -> None:
        async with server.serving(), Client(server.url) as client:
            index = await client.get_namespace_index(NAMESPACE)
            hold = node(client, index, "Holding.SetpointPressure")
            seen["before the first shot"] = (
                await node(client, index, "LastShot.Weight").read_data_value(raise_on_bad_status=False)
            ).StatusCode.name
            await hold.write_value(600.0)
            for value in (901.0, float("nan")):
                with pytest.raises(ua.UaStatusCodeError) as refused:
                    await hold.write_value(value)
                seen[str(value)] = refused.value.code
            with pytest.raises(ua.UaStatusCodeError):
                await node(client, index, "Mould.ActualTemperature").write_value(20.0)
            with pytest.raises(ua.UaStatusCodeError):
                await hold.write_value("much")
            cell.step(60.0)
            await server.show(MOMENT)
            broken = await node(client, index, "Mould.ActualTemperature").read_data_value(raise_on_bad_status=False)
            seen["broken"] = (broken.StatusCode.value, broken.Value.Value)
            shots = await node(client, index, "Counters.Shots").read_data_value()
            seen["shots"] = (shots.Value.Value, shots.SourceTimestamp)
            seen["hold"] = await hold.read_value()
            link = Link(name="cell", protocol="opcua", url=server.url)
            seen["variables"] = {v.path: v for v in await OpcUa().browse(link, f"nsu={NAMESPACE};s=INJ-01")}

    asyncio.run(run())

    assert cell.settings["hold_pressure"] == seen["hold"] == 600.0
    assert seen["901.0"] == seen["nan"] == ua.StatusCodes.BadOutOfRange
    assert seen["broken"] == (BAD_SENSOR_FAILURE, None)
    assert seen["before the first shot"] == "BadWaitingForInitialData"
    assert seen["shots"] == (2, MOMENT)
    assert cell.shots == 2
    hold = seen["variables"]["Holding.SetpointPressure"]
    assert (hold.unit, hold.low, hold.high, hold.writable, hold.data_type) == ("bar", 250.0, 900.0, True, "Double")
    assert sum(variable.writable for variable in seen["variables"].values()) == len(SETTINGS)
    assert sum(v.unit is not None and not v.writable for v in seen["variables"].values()) >= len(SENSORS)


def test_speed_must_be_positive() -> None:
    cell = Cell(seed=1, start=START, faults={})

    for speed in (0.0, -1.0, float("nan")):
        with pytest.raises(ValueError, match="speed must be a positive number"):
            CellServer(cell, host="127.0.0.1", port=1, speed=speed)
