"""Heat: four barrel zones with heaters and PI control, the mould, its coolant, the hydraulic oil and the hall's air.

Every body is one heat capacity (J/K) between powers (W) and losses (W/K): the first law, nothing more. docs/simulate.md derives
the numbers. Temperatures are °C.
"""

import math
from dataclasses import dataclass, field

WATER_HEAT = 4186.0 / 60.0  # J/K carried by 1 L/min of water in 1 s
POLYMER_HEAT = 2.2  # J/(g K), polypropylene melt

ZONES = 4
ZONE_CAPACITY = 9_200.0  # J/K, some 20 kg of steel
ZONE_LOSS = 7.0  # W/K to the hall
ZONE_NEIGHBOUR = 4.0  # W/K to the next zone
HEATER_POWER = 2_600.0  # W
FEED_SHARE = (0.50, 0.30, 0.15, 0.05)  # where along the barrel the pellets take up their heat
SHEAR_SHARE = (0.10, 0.40, 0.40, 0.10)
THERMOCOUPLE_LAG = 8.0  # s
PROPORTIONAL = 0.06  # duty per K
INTEGRAL_TIME = 250.0  # s

MOULD_CAPACITY = 40_000.0  # J/K of the inserts around the cavity
MOULD_LOSS = 8.0  # W/K to the hall
COOLANT_TRANSFER = 40.0  # W/K at the nominal flow, grows with flow^0.8 (turbulent pipe, Dittus-Boelter)
NOMINAL_FLOW = 12.0  # L/min
CHILLER_LAG = 120.0  # s
CHILLER_LEAK = 0.30  # K of coolant per K of hall: the pipes run through the hall
OIL_LAG = 2_400.0  # s

SUBSTEP = 5.0  # s; the fastest thermal loop (heater and PI) has some 100 s


@dataclass(slots=True)
class Zone:
    """One barrel zone: the steel, its thermocouple and its controller."""

    temperature: float
    measured: float
    duty: float = 0.0
    integral: float = 0.0

    def control(self, setpoint: float, dt: float) -> None:
        """PI control; the integral stops where the heater is already full on or off."""
        error = setpoint - self.measured
        wanted = PROPORTIONAL * error + self.integral
        self.duty = min(1.0, max(0.0, wanted))
        if wanted == self.duty or (wanted - self.duty) * error < 0.0:
            self.integral = min(1.0, max(0.0, self.integral + PROPORTIONAL * error * dt / INTEGRAL_TIME))


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What the process does to the heat in one step; powers in W."""

    hall: float  # °C
    setpoints: tuple[float, ...]  # °C, per zone
    coolant_setpoint: float  # °C
    flow: float  # L/min
    throughput: float = 0.0  # g/s through the barrel
    shear: float = 0.0  # W from the screw into the melt
    mould_heat: float = 0.0  # W from the parts into the mould
    drive: float = 0.0  # W into the oil
    heater_health: tuple[float, ...] = (1.0,) * ZONES  # share of the nominal power each heater still has


@dataclass(slots=True)
class Heat:
    """All temperatures of the cell."""

    zones: list[Zone]
    mould: float
    coolant: float
    oil: float
    coolant_return: float = field(default=0.0)

    @classmethod
    def cold(cls, hall: float) -> "Heat":
        """A machine that stood over the weekend."""
        zones = [Zone(temperature=hall, measured=hall) for _ in range(ZONES)]
        return cls(zones=zones, mould=hall, coolant=hall, oil=hall, coolant_return=hall)

    @classmethod
    def warm(cls, hall: float, setpoints: tuple[float, ...], coolant: float) -> "Heat":
        """A machine that has been running for hours."""
        zones = [Zone(temperature=t, measured=t, duty=0.6, integral=0.6) for t in setpoints]
        return cls(zones=zones, mould=coolant + 13.0, coolant=coolant, oil=hall + 22.0, coolant_return=coolant + 0.6)

    def advance(self, load: Load, dt: float) -> None:
        """Move all temperatures by `dt` s under a constant load."""
        while dt > 0.0:
            step = min(dt, SUBSTEP)
            self._barrel(load, step)
            self._mould(load, step)
            dt -= step

    def _barrel(self, load: Load, dt: float) -> None:
        temperatures = [zone.temperature for zone in self.zones]
        lag = 1.0 - math.exp(-dt / THERMOCOUPLE_LAG)
        # The melt leaves with the last zone's heat; the pellets arrive at the hall's temperature.
        feed = load.throughput * POLYMER_HEAT * (temperatures[-1] - load.hall)
        for index, zone in enumerate(self.zones):
            zone.control(load.setpoints[index], dt)
            power = zone.duty * HEATER_POWER * load.heater_health[index] + SHEAR_SHARE[index] * load.shear
            power -= ZONE_LOSS * (zone.temperature - load.hall) + FEED_SHARE[index] * feed
            for neighbour in (index - 1, index + 1):
                if 0 <= neighbour < ZONES:
                    power += ZONE_NEIGHBOUR * (temperatures[neighbour] - temperatures[index])
            zone.temperature += power / ZONE_CAPACITY * dt
            zone.measured += (zone.temperature - zone.measured) * lag

    def _mould(self, load: Load, dt: float) -> None:
        supply = load.coolant_setpoint + CHILLER_LEAK * (load.hall - 22.0)
        self.coolant += (supply - self.coolant) * (1.0 - math.exp(-dt / CHILLER_LAG))
        transfer = COOLANT_TRANSFER * (load.flow / NOMINAL_FLOW) ** 0.8
        carried = transfer * (self.mould - self.coolant)
        self.mould += (load.mould_heat - carried - MOULD_LOSS * (self.mould - load.hall)) / MOULD_CAPACITY * dt
        self.coolant_return = self.coolant + carried / (WATER_HEAT * max(load.flow, 0.5))
        rest = load.hall + 22.0 * min(1.0, load.drive / 3_000.0)
        self.oil += (rest - self.oil) * (1.0 - math.exp(-dt / OIL_LAG))

    @property
    def heater_power(self) -> float:
        """Electric power of the heaters, W."""
        return sum(zone.duty * HEATER_POWER for zone in self.zones)


def hall_temperature(local_hour: float, day_offset: float) -> float:
    """Air in the hall: 22 °C with a daily swing of 5 K, warmest at 15:00, plus the weather of the day (K)."""
    return 22.0 + day_offset + 5.0 * math.cos((local_hour - 15.0) / 24.0 * 2.0 * math.pi)
