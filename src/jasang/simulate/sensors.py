"""What the machine's sensors make of the truth: noise, resolution, faults and status codes."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from jasang.simulate.faults import Fault
from jasang.simulate.moulding import Outcome
from jasang.simulate.thermal import Heat

GOOD = 0x00000000
UNCERTAIN_SENSOR_NOT_ACCURATE = 0x40930000  # OPC 10000-8 7.2
BAD_SENSOR_FAILURE = 0x808C0000
SENTINEL = 9999.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensor:
    """One measuring point: unit, measuring range, noise (standard deviation) and digits after the point."""

    unit: str
    low: float
    high: float
    noise: float = 0.0
    digits: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What a sensor shows: a value and the OPC UA status code; no value when the code is bad."""

    value: float | None
    status: int = GOOD


SENSORS: Mapping[str, Sensor] = MappingProxyType(
    {
        **{f"barrel_{number}_temperature": Sensor(unit="°C", low=0.0, high=450.0, noise=0.12) for number in (1, 2, 3)},
        "nozzle_temperature": Sensor(unit="°C", low=0.0, high=450.0, noise=0.12),
        **{f"barrel_{number}_duty": Sensor(unit="%", low=0.0, high=100.0) for number in (1, 2, 3)},
        "nozzle_duty": Sensor(unit="%", low=0.0, high=100.0),
        "mould_temperature": Sensor(unit="°C", low=0.0, high=200.0, noise=0.10),
        "coolant_temperature": Sensor(unit="°C", low=0.0, high=100.0, noise=0.08),
        "coolant_return_temperature": Sensor(unit="°C", low=0.0, high=100.0, noise=0.08),
        "coolant_flow": Sensor(unit="L/min", low=0.0, high=30.0, noise=0.10, digits=2),
        "oil_temperature": Sensor(unit="°C", low=0.0, high=100.0, noise=0.10),
        "hall_temperature": Sensor(unit="°C", low=-20.0, high=60.0, noise=0.10),
        "injection_pressure": Sensor(unit="bar", low=0.0, high=2000.0, noise=1.5),
        "screw_position": Sensor(unit="mm", low=0.0, high=150.0, noise=0.02, digits=2),
        "power": Sensor(unit="kW", low=0.0, high=60.0, noise=0.15, digits=2),
    }
)
DRIVE_POWER = {"close": 6.0, "inject": 14.0, "hold": 5.0, "cool": 8.0, "eject": 6.0, "rest": 1.2}  # kW


class Sensors:
    """The sensors of one cell; their noise comes from its own generator, so reading more often moves nothing else."""

    def __init__(self, *, random: np.random.Generator, faults: Mapping[str, Fault]) -> None:
        self._random, self._faults = random, faults
        self._elapsed = 0.0
        self._frozen: float | None = None

    def advance(self, elapsed: float, heat: Heat) -> None:
        """Let the faults that begin with a moment begin."""
        self._elapsed = elapsed
        if self._frozen is None and self._active("stuck_thermocouple"):
            self._frozen = round(heat.zones[2].measured, 1)

    def _active(self, name: str) -> Fault | None:
        fault = self._faults.get(name)
        return fault if fault is not None and self._elapsed >= fault.onset else None

    def now(
        self, *, heat: Heat, hall: float, flow: float, pressure: float, position: float, phase: str
    ) -> dict[str, Sample]:
        """All sensors, in the order of `SENSORS`."""
        zones = heat.zones
        truth = (
            *(zone.measured for zone in zones),
            *(100.0 * zone.duty for zone in zones),
            heat.mould,
            heat.coolant,
            heat.coolant_return,
            flow,
            heat.oil,
            hall,
            pressure,
            position,
            heat.heater_power / 1000.0 + DRIVE_POWER[phase],
        )
        noise = self._random.standard_normal(len(SENSORS)).tolist()
        shown = {
            name: Sample(value=_rounded(sensor, value + sensor.noise * wobble))
            for (name, sensor), value, wobble in zip(SENSORS.items(), truth, noise, strict=True)
        }
        return self._spoil(shown)

    def _spoil(self, shown: dict[str, Sample]) -> dict[str, Sample]:
        if self._frozen is not None:
            shown["barrel_3_temperature"] = Sample(value=self._frozen)
        if self._active("unit_flip"):
            celsius = shown["coolant_temperature"].value or 0.0
            shown["coolant_temperature"] = Sample(value=round(celsius * 1.8 + 32.0, 1))
        fault = self._active("broken_sensor")
        if fault is not None:
            # The wire opens for two minutes or so out of ten and is suspicious for one minute before.
            into = (self._elapsed - fault.onset) % 600.0
            if into < 120.0 * fault.strength:
                shown["mould_temperature"] = Sample(value=None, status=BAD_SENSOR_FAILURE)
            elif into > 540.0:
                shown["mould_temperature"] = Sample(
                    value=shown["mould_temperature"].value, status=UNCERTAIN_SENSOR_NOT_ACCURATE
                )
        return shown

    def of_shot(self, outcome: Outcome) -> dict[str, Sample]:
        """What the machine's shot record shows of one shot."""
        switchover = round(outcome.switchover, 2)
        lost = float(self._random.random())  # drawn always, so that the fault moves no other number
        fault = self._active("sentinel")
        if fault is not None and lost < 0.02 * fault.strength:
            switchover = SENTINEL
        return {
            "peak_pressure": Sample(value=round(outcome.peak_pressure, 1)),
            "fill_time": Sample(value=round(outcome.fill_time, 3)),
            "dosing_time": Sample(value=round(outcome.dosing_time, 2)),
            "cushion": Sample(value=round(outcome.cushion, 2)),
            "switchover_position": Sample(value=switchover),
        }


def _rounded(sensor: Sensor, value: float) -> float:
    return round(min(sensor.high, max(sensor.low, value)), sensor.digits)


def injection_pressure(
    phase: str, into: float, durations: tuple[float, ...], peak: float, settings: Mapping[str, float]
) -> float:
    """Hydraulic pressure on the screw in bar, `into` s into a phase."""
    if phase == "inject":
        return peak * (0.3 + 0.7 * min(1.0, into / max(durations[1], 1e-6)))
    if phase == "hold":
        hold = settings["hold_pressure"]
        return hold + (peak - hold) * math.exp(-into / 0.2)
    return settings["back_pressure"] if phase == "cool" and into < durations[3] * 0.5 else 3.0


def screw_position(phase: str, into: float, durations: tuple[float, ...], cushion: float, stroke: float) -> float:
    """Distance of the screw from its front end in mm: back before injection, at the cushion at the end of hold."""
    back, switchover = 12.0 + stroke, 12.0
    share = min(1.0, into / max(durations[2 if phase == "hold" else 1 if phase == "inject" else 3] * 0.5, 1e-6))
    if phase == "inject":
        return back + (switchover - back) * min(1.0, into / max(durations[1], 1e-6))
    if phase == "hold":
        return switchover + (cushion - switchover) * share
    if phase == "cool":
        return cushion + (back - cushion) * share
    return back
