"""What people choose on the machine: products, settings and the limits within which a setting may be written."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One setpoint of the machine with its safe limits, all in `unit`."""

    name: str
    unit: str
    lower: float
    upper: float
    value: float  # when the machine is delivered

    def __post_init__(self) -> None:
        if not self.lower <= self.value <= self.upper:
            raise ValueError(
                f"setting {self.name!r}: {self.value} is outside its limits {self.lower} to {self.upper} {self.unit}"
            )


SETTINGS: Mapping[str, Setting] = MappingProxyType(
    {
        setting.name: setting
        for setting in (
            Setting(name="barrel_1_setpoint", unit="°C", lower=180.0, upper=260.0, value=210.0),
            Setting(name="barrel_2_setpoint", unit="°C", lower=180.0, upper=270.0, value=222.0),
            Setting(name="barrel_3_setpoint", unit="°C", lower=180.0, upper=280.0, value=230.0),
            Setting(name="nozzle_setpoint", unit="°C", lower=180.0, upper=280.0, value=235.0),
            Setting(name="coolant_setpoint", unit="°C", lower=10.0, upper=60.0, value=25.0),
            Setting(name="injection_speed", unit="mm/s", lower=20.0, upper=120.0, value=60.0),
            Setting(name="injection_pressure_limit", unit="bar", lower=600.0, upper=1800.0, value=1250.0),
            Setting(name="hold_pressure", unit="bar", lower=250.0, upper=900.0, value=550.0),
            Setting(name="hold_time", unit="s", lower=1.0, upper=12.0, value=5.0),
            Setting(name="cooling_time", unit="s", lower=6.0, upper=40.0, value=12.0),
            Setting(name="back_pressure", unit="bar", lower=20.0, upper=200.0, value=80.0),
            Setting(name="screw_speed", unit="1/min", lower=40.0, upper=250.0, value=120.0),
        )
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """A moulded part: nominal weight in g, a length in mm, their specification limits, and the stroke that fills it in mm."""

    name: str
    weight: float
    weight_tolerance: float
    length: float
    length_tolerance: float
    stroke: float


PRODUCTS = (
    Product(name="CAP-38", weight=38.0, weight_tolerance=0.45, length=120.0, length_tolerance=0.15, stroke=60.0),
    Product(name="COVER-52", weight=52.0, weight_tolerance=0.60, length=164.0, length_tolerance=0.20, stroke=78.0),
)
