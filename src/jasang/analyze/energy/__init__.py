"""Energy: load curves, base load, use outside production, peaks and tariff, power factor, idle machines, energy per piece."""

from jasang.analyze.energy.baseline import (
    BaselineTerm,
    EnergyBaseline,
    EnergyPerPiece,
    energy_baseline,
    energy_per_piece,
)
from jasang.analyze.energy.demand import (
    LoadShift,
    MonthBill,
    PeakDemand,
    bands,
    bill,
    factor_addition,
    load_shift,
    peak_demand,
    power_factor,
    prices,
)
from jasang.analyze.energy.idle_machines import IdleMachine, idle_machine
from jasang.analyze.energy.known_tariffs import KEPCO_2024, KEPCO_2026, TARIFFS, tariff_for
from jasang.analyze.energy.load_curve import LoadCurve, Quantity, load_curve, quantity_of, summed
from jasang.analyze.energy.quiet_load import (
    BaseLoad,
    OutsideProduction,
    QuietTime,
    base_load,
    degree_columns,
    outside_production,
    quiet_time,
)

__all__ = [
    "KEPCO_2024",
    "KEPCO_2026",
    "TARIFFS",
    "BaseLoad",
    "BaselineTerm",
    "EnergyBaseline",
    "EnergyPerPiece",
    "IdleMachine",
    "LoadCurve",
    "LoadShift",
    "MonthBill",
    "OutsideProduction",
    "PeakDemand",
    "Quantity",
    "QuietTime",
    "bands",
    "base_load",
    "bill",
    "degree_columns",
    "energy_baseline",
    "energy_per_piece",
    "factor_addition",
    "idle_machine",
    "load_curve",
    "load_shift",
    "outside_production",
    "peak_demand",
    "power_factor",
    "prices",
    "quantity_of",
    "quiet_time",
    "summed",
    "tariff_for",
]
