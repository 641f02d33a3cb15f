"""What electricity costs: a price by season and hour, a charge for the highest demand, an addition for a poor power factor.

Values only. `analyze.energy.known_tariffs` holds dated public ones; a factory may state its own in factory.toml `[energy]`.
"""

from dataclasses import dataclass
from datetime import date
from typing import Literal

Band = Literal["light", "mid", "peak"]
BANDS: tuple[Band, ...] = ("light", "mid", "peak")


@dataclass(frozen=True, slots=True, kw_only=True)
class TariffSeason:
    """One season: its months (1 to 12), the band of each hour of a working day, and the price of each band per kWh.

    `hours` are 24 letters, `l`, `m` or `p` for light, mid and peak, the first for 00:00 to 01:00.
    """

    months: tuple[int, ...]
    hours: str
    light: float
    mid: float
    peak: float

    def __post_init__(self) -> None:
        if len(self.hours) != 24 or set(self.hours) - set("lmp"):
            raise ValueError(f"hours must be 24 letters l, m or p, got {self.hours!r}")
        if not self.months or any(not 1 <= month <= 12 for month in self.months):
            raise ValueError(f"months must be 1 to 12, got {self.months}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tariff:
    """A tariff in force from `since` on.

    `demand_charge` is money per kW and month for the billed demand: the highest mean of `demand_minutes` in this month or in any
    of `demand_months` of the last twelve, light hours not counted, at least `demand_floor` of the contract. On Saturdays peak
    hours
    count as mid, on Sundays and public holidays all hours are light. `free_day_discount` is the share taken off the energy price
    on Saturdays, Sundays and holidays in `discount_months` between `discount_hours`. A lagging power factor below `factor_wanted`
    adds `factor_step` of the demand charge for each per cent, one above it takes as much off up to `factor_best`; counted in the
    hours `factor_hours`.
    """

    name: str
    since: date
    source: str
    seasons: tuple[TariffSeason, ...]
    demand_charge: float
    currency: str = "KRW"
    demand_minutes: int = 15
    demand_months: tuple[int, ...] = (12, 1, 2, 7, 8, 9)
    demand_floor: float = 0.3
    free_day_discount: float = 0.0
    discount_months: tuple[int, ...] = ()
    discount_hours: tuple[int, int] = (0, 0)
    factor_wanted: float = 0.90
    factor_best: float = 0.95
    factor_worst: float = 0.60
    factor_step: float = 0.002
    factor_hours: tuple[int, int] = (9, 22)

    def __post_init__(self) -> None:
        covered = sorted(month for season in self.seasons for month in season.months)
        if covered != list(range(1, 13)):
            raise ValueError(f"tariff {self.name!r}: every month must be in one season, got {covered}")


@dataclass(frozen=True, slots=True, kw_only=True)
class EnergyTerms:
    """How a factory buys its electricity; `None` where nobody said. `tariff` is in force for all of the record."""

    contract_kw: float | None = None
    tariff: Tariff | None = None
