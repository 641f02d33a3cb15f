"""A virtual injection-moulding cell: step it through time, read its sensors, write its settings, take its shots.

The same seed and the same steps give the same cell. It knows no network and no clock: who drives it decides how fast time passes.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from jasang.simulate.faults import Fault
from jasang.simulate.material import Lot, Warehouse
from jasang.simulate.moulding import CLOSE_TIME, EJECT_TIME, Conditions, Outcome, mould_one
from jasang.simulate.recipe import PRODUCTS, SETTINGS, Product
from jasang.simulate.sensors import Sample, Sensors, injection_pressure, screw_position
from jasang.simulate.shift import Hours, ShiftPlan, State
from jasang.simulate.thermal import NOMINAL_FLOW, SUBSTEP, ZONES, Heat, Load, hall_temperature

LOCAL = timedelta(hours=9)  # Korea has no summer time
STANDBY = 60.0  # K below the setpoints while the machine rests for hours
READY_WITHIN = 10.0  # K; the machine does not inject while a zone is colder than that below its setpoint
PHASES = ("close", "inject", "hold", "cool", "eject")
OPERATORS = ("김영수", "이정희", "박민호", "최은지")

# How far the people at the machine move a setting from the recipe, as a standard deviation in the setting's unit, once a shift.
ADJUSTMENTS: Mapping[str, float] = {
    "barrel_3_setpoint": 2.0,
    "nozzle_setpoint": 2.0,
    "coolant_setpoint": 1.5,
    "injection_speed": 3.0,
    "hold_pressure": 25.0,
    "hold_time": 0.3,
    "cooling_time": 0.8,
    "back_pressure": 5.0,
    "screw_speed": 5.0,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """One finished part: `end` is when it was taken out; readings as the machine recorded them, faults included."""

    number: int
    end: datetime  # UTC
    cycle_time: float  # s
    product: str
    lot: Lot
    operator: str
    settings: Mapping[str, float]
    readings: Mapping[str, Sample]
    outcome: Outcome


class Cell:
    """The cell. `start` in UTC; `warm` begins in full production; `operators` lets people adjust settings once a shift."""

    def __init__(
        self,
        *,
        seed: int,
        start: datetime,
        faults: Mapping[str, Fault],
        hours: Hours = "two_shifts",
        warm: bool = False,
        operators: bool = True,
    ) -> None:
        if start.tzinfo is None:
            raise ValueError(f"the start of a simulation needs a zone, got {start!r}")
        streams = [np.random.default_rng([seed, number]) for number in range(5)]
        self._moulding, shift, lots, people, sensing = streams
        self._people, self._adjusting = people, operators
        self._seed, self._start, self._faults = seed, start.astimezone(UTC), faults
        self._plan = ShiftPlan(hours=hours, random=shift)
        self._warehouse = Warehouse(random=lots, faults=faults)
        self._sensors = Sensors(random=sensing, faults=faults)
        self._products_run = 0
        self._weather_of: dict[int, float] = {}  # K, by day
        self._shift_number: int | None = None
        self.elapsed = 0.0  # s
        self.recipe: dict[str, float] = {name: setting.value for name, setting in SETTINGS.items()}
        self.settings: dict[str, float] = dict(self.recipe)
        self.product: Product = PRODUCTS[0]  # what is on the machine
        self.operator = OPERATORS[0]
        self.state: State = "planned"
        self.reason: str | None = None
        self.shots = self.good = self.bad = 0
        self.last_shot: Shot | None = None
        self._phase: int | None = None  # index into PHASES while a cycle runs
        self._phase_time = 0.0
        self._cycle: Outcome | None = None
        self._durations = (0.0,) * len(PHASES)
        self.heat = Heat.warm(self.hall, self._setpoints(), 25.0) if warm else Heat.cold(self.hall)
        self.state, self.reason = self._decide(ran=0.0)

    @property
    def now(self) -> datetime:
        """Simulated time, UTC."""
        return self._start + timedelta(microseconds=round(self.elapsed * 1e6))

    @property
    def local(self) -> datetime:
        """Simulated wall clock in Korea, without a zone."""
        return (self.now + LOCAL).replace(tzinfo=None)

    @property
    def lot(self) -> Lot:
        """The material in the hopper."""
        return self._warehouse.lot

    @property
    def phase(self) -> str:
        """Phase of the shot cycle, `"rest"` between cycles."""
        return "rest" if self._phase is None else PHASES[self._phase]

    @property
    def hall(self) -> float:
        """Air temperature in the hall, °C."""
        local = self.local
        hour = local.hour + local.minute / 60.0 + local.second / 3600.0
        today, tomorrow = (self._weather(local.toordinal() + day) for day in (0, 1))
        return hall_temperature(hour, today + (tomorrow - today) * hour / 24.0)

    def _weather(self, day: int) -> float:
        if day not in self._weather_of:
            self._weather_of[day] = float(np.random.default_rng([self._seed, 99, day]).normal(0.0, 1.2))
        return self._weather_of[day]

    def write(self, name: str, value: float) -> None:
        """Change a setting; `ValueError` when there is no such setting or the value lies outside its safe limits."""
        setting = SETTINGS.get(name)
        if setting is None:
            raise ValueError(f"no setting {name!r}; there are {sorted(SETTINGS)}")
        if not setting.lower <= value <= setting.upper:  # also refuses NaN
            raise ValueError(
                f"{name} {value} {setting.unit} is outside {setting.lower} to {setting.upper} {setting.unit}"
            )
        self.recipe[name] = self.settings[name] = float(value)

    def step(self, dt: float) -> list[Shot]:
        """Let `dt` s pass; the parts that were finished meanwhile, in order."""
        if not (dt >= 0.0 and math.isfinite(dt)):
            raise ValueError(f"time passes forward by a finite number of seconds, got {dt}")
        finished: list[Shot] = []
        end = self.elapsed + dt
        while self.elapsed < end - 1e-9:
            piece = min(end - self.elapsed, SUBSTEP)
            if self._phase is not None:
                piece = min(piece, max(self._durations[self._phase] - self._phase_time, 1e-6))
            self.heat.advance(self._load(), piece)
            self.elapsed += piece
            self._sensors.advance(self.elapsed, self.heat)
            running = self._phase is not None
            if self._phase is not None:
                shot = self._turn(piece)
                if shot is not None:
                    finished.append(shot)
            self._obey(self._decide(ran=piece if running else 0.0))
        return finished

    def _decide(self, *, ran: float) -> tuple[State, str | None]:
        shift = int((self.elapsed + self._start.timestamp() + LOCAL.total_seconds()) // (4 * 3600))
        if shift != self._shift_number:
            self._shift_number = shift
            self._change_people()
        ready = all(
            zone.measured > setpoint - READY_WITHIN
            for zone, setpoint in zip(self.heat.zones, self._recipe_setpoints(), strict=True)
        )
        return self._plan.now(elapsed=self.elapsed, local=self.local, ran=ran, ready=ready)

    def _change_people(self) -> None:
        self.operator = str(self._people.choice(OPERATORS))
        moves = self._people.standard_normal(len(ADJUSTMENTS))
        if not self._adjusting:
            return
        for (name, spread), move in zip(ADJUSTMENTS.items(), moves, strict=True):
            setting = SETTINGS[name]
            wanted = round(self.recipe[name] + spread * float(move), 1)
            self.settings[name] = min(setting.upper, max(setting.lower, wanted))

    def _obey(self, decision: tuple[State, str | None]) -> None:
        """Breakdowns stop at once and lose the part; every other stop waits for the end of the cycle."""
        state, reason = decision
        if state == "down":
            self._phase = self._cycle = None
        if self._phase is not None:
            return
        self.state, self.reason = state, reason
        if state == "running":
            self._begin_cycle()

    def _begin_cycle(self) -> None:
        if self._plan.product_changes != self._products_run:
            self._products_run = self._plan.product_changes
            self.product = PRODUCTS[self._products_run % len(PRODUCTS)]
            # Each mould has its own card of settings; the one that needs a longer stroke gets more pressure.
            limit = 1250.0 * math.sqrt(self.product.stroke / PRODUCTS[0].stroke)
            self.recipe["injection_pressure_limit"] = self.settings["injection_pressure_limit"] = round(limit)
        lot = self._warehouse.draw(self.product.weight, self.now, self.elapsed)
        conditions = Conditions(
            zones=tuple(zone.temperature for zone in self.heat.zones),
            mould=self.heat.mould,
            viscosity=lot.viscosity,
            leak=self._leak(),
        )
        outcome = mould_one(self.settings, self.product, conditions, self._moulding)
        cooling = max(self.settings["cooling_time"], outcome.dosing_time + 0.5)
        handling = EJECT_TIME + abs(float(self._moulding.normal(0.0, 0.08)))
        self._durations = (CLOSE_TIME, outcome.fill_time, self.settings["hold_time"], cooling, handling)
        self._cycle, self._phase, self._phase_time = outcome, 0, 0.0

    def _turn(self, dt: float) -> Shot | None:
        """Move through the phases; the finished shot at the end of the last."""
        if self._phase is None or self._cycle is None:
            return None
        self._phase_time += dt
        if self._phase_time < self._durations[self._phase] - 1e-9:
            return None
        self._phase_time = 0.0
        self._phase += 1
        if self._phase < len(PHASES):
            return None
        outcome, self._phase, self._cycle = self._cycle, None, None
        self.shots += 1
        if outcome.defect is None:
            self.good += 1
        else:
            self.bad += 1
        self.last_shot = Shot(
            number=self.shots,
            end=self.now,
            cycle_time=sum(self._durations),
            product=self.product.name,
            lot=self.lot,
            operator=self.operator,
            settings=dict(self.settings),
            readings=self._sensors.of_shot(outcome) | self.readings(),
            outcome=outcome,
        )
        return self.last_shot

    def _leak(self) -> float:
        wear = self._faults.get("wear")
        return 0.0 if wear is None else 0.10 * wear.strength * wear.age(self.elapsed)

    def _setpoints(self) -> tuple[float, ...]:
        lowered = STANDBY if self._plan.rests_long(self.local) else 0.0
        return tuple(setpoint - lowered for setpoint in self._recipe_setpoints())

    def _recipe_setpoints(self) -> tuple[float, ...]:
        names = ("barrel_1_setpoint", "barrel_2_setpoint", "barrel_3_setpoint", "nozzle_setpoint")
        return tuple(self.settings[name] for name in names)

    def _flow(self) -> float:
        fault = self._faults.get("coolant_blockage")
        if fault is None or self.elapsed < fault.onset:
            return NOMINAL_FLOW
        return NOMINAL_FLOW * (1.0 - 0.40 * fault.strength)

    def _load(self) -> Load:
        health = [1.0] * ZONES
        ageing = self._faults.get("heater_ageing")
        if ageing is not None:
            health[1] = max(0.35, 1.0 - 0.15 * ageing.strength * ageing.age(self.elapsed))
        running = self._phase is not None
        weight = self.product.weight if running else 0.0
        cycle = max(sum(self._durations), 1.0)
        throughput = weight / cycle  # g/s, averaged over the cycle: the barrel's steel does not feel single shots
        screw = self.settings["screw_speed"] * (0.6 + self.settings["back_pressure"] / 200.0)
        return Load(
            hall=self.hall,
            setpoints=self._setpoints(),
            coolant_setpoint=self.settings["coolant_setpoint"],
            flow=self._flow(),
            throughput=throughput,
            shear=2.5 * screw if running else 0.0,
            # The part gives off the heat between melt and ejection (some 60 °C), crystallisation included.
            mould_heat=throughput * (2.2 * 165.0),
            drive=3_000.0 if running else 600.0 if self.state in ("idle", "setup") else 0.0,
            heater_health=tuple(health),
        )

    def readings(self) -> dict[str, Sample]:
        """What the sensors show now, with noise, faults and status codes; names and units in `sensors.SENSORS`."""
        peak = self._cycle.peak_pressure if self._cycle else 0.0
        pressure = injection_pressure(self.phase, self._phase_time, self._durations, peak, self.settings)
        cushion = self._cycle.cushion if self._cycle else 5.0
        position = screw_position(self.phase, self._phase_time, self._durations, cushion, self.product.stroke)
        return self._sensors.now(
            heat=self.heat, hall=self.hall, flow=self._flow(), pressure=pressure, position=position, phase=self.phase
        )
