"""The virtual cell as a real OPC UA server. Needs the extra `jasang[opcua]`.

Objects and variables follow the order of ISA-95 (machine, then its equipment) with names close to EUROMAP 77; docs/simulate.md
has the list. Sensors carry EngineeringUnits and EURange, a failing sensor its status code, every change the time of the reading.
Setpoints may be written within their limits; anything else is refused with BadOutOfRange.
"""

import asyncio
import contextlib
import logging
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from asyncua import Node, Server, ua
from asyncua.common.callback import CallbackType

from jasang.errors import ConnectionFailed
from jasang.simulate.cell import Cell
from jasang.simulate.recipe import SETTINGS
from jasang.simulate.sensors import GOOD, SENSORS, Sample

NAMESPACE = "urn:jasang:simulate:cell"
TICK = 0.2  # s of real time between two looks at the sensors

# UNECE Recommendation 20 codes, which OPC UA numbers by their letters (OPC 10000-8 5.6.3.3).
UNIT_CODES = {
    "°C": "CEL", "bar": "BAR", "mm": "MMT", "mm/s": "C16", "s": "SEC", "1/min": "RPM", "%": "P1",
    "L/min": "L2", "kW": "KWT", "g": "GRM",
}  # fmt: skip

# What the server calls the sensors and settings of the cell.
SENSOR_PATHS: Mapping[str, str] = {
    **{f"barrel_{zone}_temperature": f"Barrel.Zone{zone}.ActualTemperature" for zone in (1, 2, 3)},
    **{f"barrel_{zone}_duty": f"Barrel.Zone{zone}.HeaterDuty" for zone in (1, 2, 3)},
    "nozzle_temperature": "Barrel.Nozzle.ActualTemperature",
    "nozzle_duty": "Barrel.Nozzle.HeaterDuty",
    "mould_temperature": "Mould.ActualTemperature",
    "coolant_temperature": "Coolant.SupplyTemperature",
    "coolant_return_temperature": "Coolant.ReturnTemperature",
    "coolant_flow": "Coolant.Flow",
    "oil_temperature": "Hydraulics.OilTemperature",
    "hall_temperature": "Hall.Temperature",
    "injection_pressure": "Injection.ActualPressure",
    "screw_position": "Injection.ScrewPosition",
    "power": "Energy.ActualPower",
}
SETTING_PATHS: Mapping[str, str] = {
    **{f"barrel_{zone}_setpoint": f"Barrel.Zone{zone}.SetpointTemperature" for zone in (1, 2, 3)},
    "nozzle_setpoint": "Barrel.Nozzle.SetpointTemperature",
    "coolant_setpoint": "Coolant.SetpointTemperature",
    "injection_speed": "Injection.SetpointSpeed",
    "injection_pressure_limit": "Injection.PressureLimit",
    "hold_pressure": "Holding.SetpointPressure",
    "hold_time": "Holding.SetpointTime",
    "cooling_time": "Cooling.SetpointTime",
    "back_pressure": "Plasticising.BackPressure",
    "screw_speed": "Plasticising.SetpointSpeed",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Point:
    """One variable of the server: `read` gives its value from the cell and the sensors' samples."""

    path: str
    kind: ua.VariantType
    read: Callable[[Cell, Mapping[str, Sample]], Sample | str | bool | int]
    unit: str | None = None
    low: float | None = None
    high: float | None = None
    setting: str | None = None


def _shot(name: str) -> Callable[[Cell, Mapping[str, Sample]], Sample]:
    def read(cell: Cell, _samples: Mapping[str, Sample]) -> Sample:
        # Before the first shot there is no value yet: BadWaitingForInitialData.
        shot = cell.last_shot
        return shot.readings[name] if shot is not None else Sample(value=None, status=0x80320000)

    return read


def _of_shot(read: Callable[[Any], Any], empty: Any) -> Callable[[Cell, Mapping[str, Sample]], Any]:
    return lambda cell, _samples: empty if cell.last_shot is None else read(cell.last_shot)


def _points() -> tuple[_Point, ...]:
    string, double, number = ua.VariantType.String, ua.VariantType.Double, ua.VariantType.UInt32
    waiting = Sample(value=None, status=0x80320000)
    states = (
        _Point(path="State.MachineState", kind=string, read=lambda cell, _: cell.state),
        _Point(path="State.Reason", kind=string, read=lambda cell, _: cell.reason or ""),
        _Point(path="State.Running", kind=ua.VariantType.Boolean, read=lambda cell, _: cell.state == "running"),
        _Point(path="State.CyclePhase", kind=string, read=lambda cell, _: cell.phase),
        _Point(path="Job.Product", kind=string, read=lambda cell, _: cell.product.name),
        _Point(path="Job.MaterialLot", kind=string, read=lambda cell, _: cell.lot.name),
        _Point(path="Job.Supplier", kind=string, read=lambda cell, _: cell.lot.supplier),
        _Point(path="Job.Operator", kind=string, read=lambda cell, _: cell.operator),
        _Point(path="Counters.Shots", kind=number, read=lambda cell, _: cell.shots),
        _Point(path="Counters.GoodParts", kind=number, read=lambda cell, _: cell.good),
        _Point(path="Counters.BadParts", kind=number, read=lambda cell, _: cell.bad),
    )
    shots = (
        *(
            _Point(path=f"LastShot.{path}", kind=double, unit=unit, read=_shot(name))
            for path, unit, name in (
                ("PeakPressure", "bar", "peak_pressure"),
                ("FillTime", "s", "fill_time"),
                ("DosingTime", "s", "dosing_time"),
                ("Cushion", "mm", "cushion"),
                ("SwitchoverPosition", "mm", "switchover_position"),
            )
        ),
        _Point(
            path="LastShot.CycleTime",
            kind=double,
            unit="s",
            read=_of_shot(lambda shot: Sample(value=round(shot.cycle_time, 2)), waiting),
        ),
        _Point(
            path="LastShot.Weight",
            kind=double,
            unit="g",
            read=_of_shot(lambda shot: Sample(value=round(shot.outcome.weight, 3)), waiting),
        ),
        _Point(
            path="LastShot.Length",
            kind=double,
            unit="mm",
            read=_of_shot(lambda shot: Sample(value=round(shot.outcome.length, 3)), waiting),
        ),
        _Point(
            path="LastShot.Good",
            kind=ua.VariantType.Boolean,
            read=_of_shot(lambda shot: shot.outcome.defect is None, True),
        ),
        _Point(path="LastShot.Defect", kind=string, read=_of_shot(lambda shot: shot.outcome.defect or "", "")),
    )
    return (*states, *_sensor_points(), *_setting_points(), *shots)


def _sensor_points() -> tuple[_Point, ...]:
    return tuple(
        _Point(
            path=SENSOR_PATHS[name],
            kind=ua.VariantType.Double,
            unit=sensor.unit,
            low=sensor.low,
            high=sensor.high,
            read=lambda _cell, samples, name=name: samples[name],  # type: ignore[misc]
        )
        for name, sensor in SENSORS.items()
    )


def _setting_points() -> tuple[_Point, ...]:
    return tuple(
        _Point(
            path=SETTING_PATHS[name],
            kind=ua.VariantType.Double,
            unit=setting.unit,
            low=setting.lower,
            high=setting.upper,
            setting=name,
            read=lambda cell, _samples, name=name: Sample(value=cell.settings[name]),  # type: ignore[misc]
        )
        for name, setting in SETTINGS.items()
    )


class CellServer:
    """Serves one cell. `speed` is how many simulated seconds pass in one real second; time stamps are always real time."""

    def __init__(self, cell: Cell, *, host: str, port: int, asset: str = "INJ-01", speed: float = 1.0) -> None:
        if not (speed > 0.0 and math.isfinite(speed)):
            raise ValueError(f"speed must be a positive number, got {speed}")
        self.cell, self._asset, self._speed = cell, asset, speed
        self.url = f"opc.tcp://{host}:{port}"
        self._points = _points()
        self._nodes: dict[str, Node] = {}
        self._settings: dict[ua.NodeId, str] = {}
        self._shown: dict[str, tuple[Any, int]] = {}

    @contextlib.asynccontextmanager
    async def serving(self) -> Any:
        """Listen while the context lasts; `ConnectionFailed` when the address cannot be used."""
        server = Server()
        server.set_endpoint(self.url)
        server.set_server_name("Jasang virtual injection-moulding cell")
        # It warns that an open server has no certificate and shows a traceback when a port is taken; we say a sentence.
        logging.getLogger("asyncua.server").setLevel(logging.CRITICAL)
        await server.init()
        server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
        server.iserver.allow_remote_admin = False  # clients may write setpoints, not rebuild the machine
        await self._build(server)
        server.subscribe_server_callback(CallbackType.PreWrite, self._guard)
        server.subscribe_server_callback(CallbackType.PostWrite, self._written)
        try:
            await server.start()
        except OSError as error:
            raise ConnectionFailed(
                ko=f"{self.url} 에서 기다릴 수 없습니다({error}). 다른 프로그램이 이 포트를 쓰고 있으면 --port 로 바꾸세요.",
                en=f"cannot listen on {self.url} ({error}); if another program uses this port, choose one with --port",
                permanent=True,
            ) from error
        try:
            yield self
        finally:
            await server.stop()

    async def live(self) -> None:
        """Let time pass and show it, until cancelled."""
        loop = asyncio.get_running_loop()
        before = loop.time()
        while True:
            await asyncio.sleep(TICK)
            now = loop.time()
            # A computer that slept wakes up to one minute at most, not to hours of simulation.
            self.cell.step(min(now - before, 60.0) * self._speed)
            before = now
            await self.show(datetime.now(UTC))

    async def show(self, moment: datetime) -> None:
        """Write what changed since the last time into the server's variables."""
        samples = self.cell.readings()
        for point in self._points:
            found = point.read(self.cell, samples)
            value, status = (found.value, found.status) if isinstance(found, Sample) else (found, GOOD)
            if self._shown.get(point.path) == (value, status):
                continue
            self._shown[point.path] = (value, status)
            await self._nodes[point.path].write_value(_data_value(point, value, status, moment))

    async def _build(self, server: Server) -> None:
        namespace = await server.register_namespace(NAMESPACE)
        root = await server.nodes.objects.add_object(
            ua.NodeId(self._asset, namespace), ua.QualifiedName(self._asset, namespace)
        )
        objects: dict[str, Node] = {"": root}
        for name, text in (("Manufacturer", "Jasang"), ("Model", "Virtual 120 t"), ("SerialNumber", "0001")):
            await root.add_property(
                ua.NodeId(f"{self._asset}.{name}", namespace), ua.QualifiedName(name, namespace), text
            )
        moment = datetime.now(UTC)
        samples = self.cell.readings()
        for point in self._points:
            *above, leaf = point.path.split(".")
            parent = ""
            for name in above:
                path = f"{parent}.{name}" if parent else name
                if path not in objects:
                    objects[path] = await objects[parent].add_object(
                        ua.NodeId(f"{self._asset}.{path}", namespace), ua.QualifiedName(name, namespace)
                    )
                parent = path
            node = await self._add(objects[parent], namespace, point, leaf)
            found = point.read(self.cell, samples)
            value, status = (found.value, found.status) if isinstance(found, Sample) else (found, GOOD)
            self._shown[point.path] = (value, status)
            await node.write_value(_data_value(point, value, status, moment))
            self._nodes[point.path] = node

    async def _add(self, parent: Node, namespace: int, point: _Point, leaf: str) -> Node:
        empty: Any = {ua.VariantType.String: "", ua.VariantType.Boolean: False, ua.VariantType.UInt32: 0}.get(
            point.kind, 0.0
        )
        node_id = f"{self._asset}.{point.path}"
        node = await parent.add_variable(
            ua.NodeId(node_id, namespace), ua.QualifiedName(leaf, namespace), empty, point.kind
        )
        if point.unit is not None:
            await node.add_property(
                ua.NodeId(f"{node_id}.EngineeringUnits", namespace),
                ua.QualifiedName("EngineeringUnits", 0),
                _unit(point.unit),
            )
        if point.low is not None and point.high is not None:
            await node.add_property(
                ua.NodeId(f"{node_id}.EURange", namespace),
                ua.QualifiedName("EURange", 0),
                ua.Range(Low=point.low, High=point.high),
            )
        if point.setting is not None:
            await node.set_writable()
            self._settings[node.nodeid] = point.setting
        return node

    def _guard(self, event: Any, _dispatcher: Any) -> None:
        """Refuse a request that would move a setting out of its limits, before anything is written."""
        for item in event.request_params.NodesToWrite:
            name = self._settings.get(item.NodeId)
            if not event.is_external or name is None or item.AttributeId != ua.AttributeIds.Value:
                continue
            value = None if item.Value.Value is None else item.Value.Value.Value
            setting = SETTINGS[name]
            if isinstance(value, (int, float)) and not setting.lower <= value <= setting.upper:
                raise ua.UaStatusCodeError(ua.StatusCodes.BadOutOfRange)

    def _written(self, event: Any, _dispatcher: Any) -> None:
        """Carry an accepted write over to the machine."""
        for item, status in zip(event.request_params.NodesToWrite, event.response_params, strict=True):
            name = self._settings.get(item.NodeId)
            if event.is_external and name is not None and status.is_good() and item.Value.Value is not None:
                value = item.Value.Value.Value
                if isinstance(value, (int, float)):
                    self.cell.write(name, value)


def _data_value(point: _Point, value: Any, status: int, moment: datetime) -> ua.DataValue:
    return ua.DataValue(
        Value=ua.Variant(None, ua.VariantType.Null) if value is None else ua.Variant(value, point.kind),
        StatusCode=ua.StatusCode(status),
        SourceTimestamp=moment,
        ServerTimestamp=moment,
    )


def _unit(unit: str) -> ua.EUInformation:
    code = UNIT_CODES[unit]
    return ua.EUInformation(
        NamespaceUri="http://www.opcfoundation.org/UA/units/un/cefact",
        UnitId=int.from_bytes(code.encode(), "big"),
        DisplayName=ua.LocalizedText(unit),
        Description=ua.LocalizedText(unit),
    )
