"""One shot: from settings, temperatures and material to pressures, cushion, weight, length and the chance of each defect.

The formulas are stated in docs/simulate.md with their numbers; they are simple and point the right way, no more is claimed.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from jasang.simulate.recipe import Product

CLOSE_TIME = 1.6  # s
EJECT_TIME = 2.6  # s
GATE_TIME = 2.2  # s, time constant of the gate freezing
DEFECTS = ("short_shot", "flash", "sink_mark", "warpage", "weight", "length")


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """What a shot meets besides its settings."""

    zones: tuple[float, ...]  # °C, true barrel temperatures
    mould: float  # °C
    viscosity: float  # of the material lot relative to the nominal one
    leak: float  # of the check ring: 0 new


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a shot turned out to be: times in s, pressures in bar, cushion in mm, weight in g, length in mm."""

    melt_temperature: float
    peak_pressure: float
    fill_time: float
    dosing_time: float
    cushion: float
    switchover: float
    weight: float
    length: float
    defect: str | None  # one of DEFECTS


def melt_temperature(settings: Mapping[str, float], zones: tuple[float, ...]) -> float:
    """Melt before the screw in °C: weighted barrel zones plus what back pressure and screw speed shear into it."""
    weighted = 0.15 * zones[0] + 0.25 * zones[1] + 0.35 * zones[2] + 0.25 * zones[3]
    return weighted + 0.02 * (settings["back_pressure"] - 80.0) + 0.03 * (settings["screw_speed"] - 120.0)


def relative_viscosity(melt: float, lot: float) -> float:
    """Viscosity relative to the nominal material at 226 °C; 1.8 % less per K."""
    return lot * math.exp(-0.018 * (melt - 226.0))


def filling_pressure(settings: Mapping[str, float], product: Product, viscosity: float) -> float:
    """Pressure in bar that filling at the set speed would need, before any limit."""
    return 850.0 * viscosity * math.pow(settings["injection_speed"] / 60.0, 0.4) * math.sqrt(product.stroke / 60.0)


def defect_chances(
    settings: Mapping[str, float], conditions: Conditions, *, melt: float, demand: float, cushion: float
) -> dict[str, float]:
    """Probability of each visible defect of one shot: logistic in the settings and conditions."""
    hold = settings["hold_pressure"] - 550.0
    mould = conditions.mould - 40.0
    overload = demand / settings["injection_pressure_limit"] - 0.68
    logits = {
        "short_shot": -5.5 + 14.0 * overload + 0.8 * max(0.0, 2.0 - cushion) + 0.25 * max(0.0, -6.0 - mould),
        "flash": -5.8 + 0.010 * hold + 0.10 * (melt - 226.0),
        "sink_mark": -5.6 - 0.010 * hold - 0.5 * (settings["hold_time"] - 5.0) + 0.06 * mould,
        "warpage": -5.8 + 0.12 * mould - 0.25 * (settings["cooling_time"] - 12.0),
    }
    return {name: 1.0 / (1.0 + math.exp(-logit)) for name, logit in logits.items()}


def mould_one(
    settings: Mapping[str, float], product: Product, conditions: Conditions, random: np.random.Generator
) -> Outcome:
    """Mould one part. Draws the same count of random numbers whatever happens, so that two runs differ only where they differ."""
    noise = random.standard_normal(6)
    chances = random.random(4)
    melt = melt_temperature(settings, conditions.zones)
    viscosity = relative_viscosity(melt, conditions.viscosity)
    demand = filling_pressure(settings, product, viscosity) * (1.0 + 0.006 * noise[0])
    limit = settings["injection_pressure_limit"]
    hold = settings["hold_pressure"]
    packed = hold * (1.0 - 0.25 * (viscosity - 1.0)) - 60.0 * conditions.leak - 550.0
    cushion = 5.0 - 0.006 * (hold - 550.0) + 1.5 * (viscosity - 1.0) - 3.0 * conditions.leak + 0.12 * noise[1]
    seal = math.exp(-5.0 / GATE_TIME) - math.exp(-settings["hold_time"] / GATE_TIME)
    filled = min(1.0, limit / demand)  # above the limit the screw slows down and the cavity stays short
    weight = (
        product.weight * (1.0 + 2.2e-5 * packed - 1.6e-4 * (melt - 226.0) + 0.02 * seal + 0.0025 * noise[2]) * filled
    )
    shrink = 4.0e-6 * packed - 6.0e-5 * (conditions.mould - 40.0) + 2.0e-5 * (settings["cooling_time"] - 12.0)
    length = product.length * (1.0 + shrink) + 0.02 * noise[3]
    cushion = max(0.0, cushion)
    likely = defect_chances(settings, conditions, melt=melt, demand=demand, cushion=cushion)
    seen = [name for chance, (name, likelihood) in zip(chances, likely.items(), strict=True) if chance < likelihood]
    if abs(weight - product.weight) > product.weight_tolerance:
        seen.append("weight")
    if abs(length - product.length) > product.length_tolerance:
        seen.append("length")
    return Outcome(
        melt_temperature=melt,
        peak_pressure=min(demand, limit),
        fill_time=product.stroke / settings["injection_speed"] * (1.0 + 0.05 * (viscosity - 1.0)) / filled**2
        + 0.004 * abs(noise[4]),
        dosing_time=0.08 * product.stroke * 120.0 / settings["screw_speed"] * (1.0 + 0.015 * noise[5]),
        cushion=cushion,
        switchover=12.0 + 0.05 * noise[4],
        weight=weight,
        length=length,
        defect=seen[0] if seen else None,
    )
