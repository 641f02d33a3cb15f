"""Peaks of demand and the bill: what the highest quarter hours cost, which machine made them, what shifting load would save."""

from dataclasses import dataclass

import numpy as np

from jasang.analyze.energy.load_curve import LoadCurve, free_days, month_of, weekday
from jasang.plant.tariff import BANDS, Tariff

_WHOLE_MONTH = 0.9  # of a month's steps known


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthBill:
    """One month: energy by band, the highest demand outside light hours and the one billed, the charges; money without VAT."""

    month: str  # "2026-03"
    kwh: dict[str, float]
    peak_kw: float
    peak_at: float  # begin of the step on the factory's clock, seconds since 1970
    billed_kw: float
    energy_charge: float
    demand_charge: float
    power_factor: float | None
    factor_charge: float
    known: float  # share of the month that is known

    @property
    def total(self) -> float:
        return self.energy_charge + self.demand_charge + self.factor_charge


def bands(curve: LoadCurve, tariff: Tariff, country: str | None = "KR") -> np.ndarray:
    """Band of each step, shape (n,): 0 light, 1 mid, 2 peak, with Saturdays, Sundays and holidays as the tariff counts them."""
    month = month_of(curve.day) % 12 + 1
    found = np.zeros(curve.kwh.size, dtype=np.int64)
    for season in tariff.seasons:
        table = np.array(["lmp".index(letter) for letter in season.hours])
        chosen = np.isin(month, season.months)
        found[chosen] = table[curve.hour[chosen]]
    found[(weekday(curve.day) == 5) & (found == 2)] = 1
    found[free_days(curve.day, country)] = 0
    return found


def prices(curve: LoadCurve, tariff: Tariff, band: np.ndarray, country: str | None = "KR") -> np.ndarray:
    """Energy price of each step per kWh, shape (n,)."""
    month = month_of(curve.day) % 12 + 1
    found = np.zeros(curve.kwh.size)
    for season in tariff.seasons:
        chosen = np.isin(month, season.months)
        found[chosen] = np.array([season.light, season.mid, season.peak])[band[chosen]]
    if tariff.free_day_discount > 0:
        free = free_days(curve.day, country) | (weekday(curve.day) == 5)
        first, last = tariff.discount_hours
        cheap = free & np.isin(month, tariff.discount_months) & (curve.hour >= first) & (curve.hour < last)
        found[cheap] *= 1.0 - tariff.free_day_discount
    return found


def bill(
    curve: LoadCurve,
    tariff: Tariff,
    *,
    contract_kw: float | None = None,
    lagging_kvarh: np.ndarray | None = None,
    country: str | None = "KR",
) -> tuple[MonthBill, ...]:
    """The bill month by month, months that are at least 90 % known and the rest alike (see `known`).

    Demand is billed on the highest mean of `tariff.demand_minutes` (curve steps of a quarter hour; longer steps understate it)
    outside light hours in the month and in the demand months of the last twelve. `lagging_kvarh`, shape (n,), is the reactive
    energy of each step; with it the power factor of the day hours and its addition are told.
    """
    band = bands(curve, tariff, country)
    price = prices(curve, tariff, band, country)
    month = month_of(curve.day)
    kw = np.where((band > 0) & np.isfinite(curve.kwh), curve.kw, -1.0)
    made: list[MonthBill] = []
    peaks: dict[int, float] = {}
    first, last = tariff.factor_hours
    for number in range(int(month[0]), int(month[-1]) + 1):
        part = np.flatnonzero(month == number)
        if not part.size or not np.isfinite(curve.kwh[part]).any():
            continue
        top = part[int(np.argmax(kw[part]))]
        peaks[number] = max(0.0, float(kw[top]))
        ratchet = [
            value
            for past, value in peaks.items()
            if number - 12 < past <= number and past % 12 + 1 in tariff.demand_months
        ]
        billed = max([peaks[number], *ratchet, tariff.demand_floor * (contract_kw or 0.0)])
        kwh = np.nan_to_num(curve.kwh[part])
        factor = None
        if lagging_kvarh is not None:
            day = part[(curve.hour[part] >= first) & (curve.hour[part] < last)]
            factor = power_factor(curve.kwh[day], lagging_kvarh[day])
        steps = (
            np.datetime64(number + 1, "M").astype("datetime64[s]") - np.datetime64(number, "M").astype("datetime64[s]")
        ).astype(float) / curve.step
        made.append(
            MonthBill(
                month=str(np.datetime64(number, "M")),
                kwh={name: float(kwh[band[part] == place].sum()) for place, name in enumerate(BANDS)},
                peak_kw=peaks[number],
                peak_at=float(curve.begin[top]),
                billed_kw=billed,
                energy_charge=float((kwh * price[part]).sum()),
                demand_charge=billed * tariff.demand_charge,
                power_factor=factor,
                factor_charge=billed * tariff.demand_charge * factor_addition(factor, tariff),
                known=float(np.isfinite(curve.kwh[part]).sum() / steps),
            )
        )
    return tuple(made)


def power_factor(kwh: np.ndarray, kvarh: np.ndarray) -> float | None:
    """Mean power factor over steps, 0 to 1: active over apparent energy of the sums; `None` where nothing was used."""
    known = np.isfinite(kwh) & np.isfinite(kvarh)
    active, reactive = float(kwh[known].sum()), float(kvarh[known].sum())
    return active / float(np.hypot(active, reactive)) if active > 0 else None


def factor_addition(factor: float | None, tariff: Tariff) -> float:
    """Share of the demand charge added (or, negative, taken off) for a power factor, each whole per cent counted."""
    if factor is None:
        return 0.0
    percent = float(np.round(100 * min(max(factor, tariff.factor_worst), tariff.factor_best)))
    return (100 * tariff.factor_wanted - percent) * tariff.factor_step


@dataclass(frozen=True, slots=True, kw_only=True)
class PeakDemand:
    """The highest demand of the record and what it costs.

    `kw` at `at` (begin of the step on the factory's clock); `usual_kw` is what is exceeded in 1 % of the time outside light
    hours,
    in `peak_steps` steps. Cutting those to `usual_kw` saves `year_saving` a year in demand charge. `machines` are (name, kW in
    the
    peak, kW usually at work) of metered machines, the one that drew most above its usual first. `rush` is the share of
    the highest 20 days' peaks that fall into the busiest hour `rush_hour`.
    """

    kw: float
    at: float
    usual_kw: float
    peak_steps: int
    year_saving: float
    load_factor: float
    machines: tuple[tuple[str, float, float], ...]
    rush_hour: int
    rush: float


def peak_demand(
    curve: LoadCurve, tariff: Tariff, machines: dict[str, LoadCurve] | None = None, country: str | None = "KR"
) -> PeakDemand | None:
    """The highest demand outside light hours; `None` where nothing is known there or the steps are longer than a quarter hour."""
    if curve.step > 60.0 * tariff.demand_minutes * 1.01:
        return None
    band = bands(curve, tariff, country)
    counted = np.flatnonzero((band > 0) & np.isfinite(curve.kwh))
    if counted.size < 96:
        return None
    kw = curve.kw
    top = counted[int(np.argmax(kw[counted]))]
    usual = float(np.quantile(kw[counted], 0.99))
    days = curve.day[counted]
    starts = np.flatnonzero(np.diff(days, prepend=days[0] - 1))
    highest = np.maximum.reduceat(kw[counted], starts)
    ends = np.append(starts[1:], days.size)
    hours = np.array(
        [curve.hour[counted][a + int(np.argmax(kw[counted][a:b]))] for a, b in zip(starts, ends, strict=True)]
    )
    worst = hours[np.argsort(-highest)[:20]]
    hour = int(np.bincount(worst, minlength=24).argmax())
    drew = [(name, *_drew(one, float(curve.begin[top]))) for name, one in (machines or {}).items()]
    return PeakDemand(
        kw=float(kw[top]), at=float(curve.begin[top]), usual_kw=usual, peak_steps=int((kw[counted] > usual).sum()),
        year_saving=max(0.0, float(kw[top]) - usual) * tariff.demand_charge * 12.0, load_factor=float(np.nanmean(kw) / kw[top]),
        machines=tuple(sorted((d for d in drew if np.isfinite(d[1])), key=lambda one: one[2] - one[1])),
        rush_hour=hour, rush=float(np.mean(worst == hour)),
    )  # fmt: skip


def _drew(machine: LoadCurve, at: float) -> tuple[float, float]:
    """The machine's power in the peak and its median power over steps in which it works at all."""
    place = round((at - machine.first) / machine.step)
    if not 0 <= place < machine.kwh.size or not np.isfinite(machine.kwh[place]):
        return np.nan, np.nan
    known = machine.kw[np.isfinite(machine.kwh)]
    at_work = known[known > 0.2 * known.max()]
    return float(machine.kw[place]), float(np.median(at_work)) if at_work.size else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadShift:
    """What moving a share of the energy of peak hours to light hours of the same day saves in a year."""

    share: float
    kwh_year: float
    saving_year: float
    peak_price: float
    light_price: float


def load_shift(curve: LoadCurve, tariff: Tariff, *, share: float = 0.1, country: str | None = "KR") -> LoadShift | None:
    """The saving by moving `share` of the energy of peak hours to light hours; `None` where no day is known."""
    band = bands(curve, tariff, country)
    price = prices(curve, tariff, band, country)
    known = np.isfinite(curve.kwh)
    peak = known & (band == 2)
    light = known & (band == 0) & np.isin(curve.day, np.unique(curve.day[peak]))
    days = curve.days_known
    if not peak.any() or not light.any() or days < 7:
        return None
    peak_kwh = float(curve.kwh[peak].sum())
    peak_price = float((curve.kwh[peak] * price[peak]).sum() / max(peak_kwh, 1e-9))
    light_price = float(price[light].mean())
    moved = share * peak_kwh / days * 365.25
    return LoadShift(
        share=share,
        kwh_year=moved,
        saving_year=moved * (peak_price - light_price),
        peak_price=peak_price,
        light_price=light_price,
    )
