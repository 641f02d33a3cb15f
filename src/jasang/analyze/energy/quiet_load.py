"""The load while nothing is produced: base load, nights and free days, and what of it the plant's own best nights do without."""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import percentile_filter

from jasang.analyze.change_points import FEWEST_BLOCKS, MOST_BLOCKS, ChangeDetector
from jasang.analyze.energy.baseline import newey_west
from jasang.analyze.energy.load_curve import DAY, HOUR, LoadCurve, free_days, weekday
from jasang.analyze.energy.resampling import day_interval

_WEEK = 168
_NEAR_NIGHTS = 29  # a night is held against the nights of two weeks before and after: the season is the same
_BEST = 20  # per cent: the nights that show what is possible


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseLoad:
    """What the plant draws at its quietest: median over days of the lowest hourly mean, kW, with a 95 % interval.

    `share` is the base load running all hours over all energy used; `year_kwh` what it uses in a year.
    """

    kw: float
    low: float
    high: float
    share: float
    year_kwh: float
    days: int


def base_load(curve: LoadCurve) -> BaseLoad | None:
    """The base load of a load curve; `None` with fewer than 4 whole days or steps longer than an hour."""
    hours = _hourly(curve)
    if hours is None:
        return None
    lowest = np.nanmin(np.where(np.isfinite(hours), hours, np.inf), axis=1)
    whole = np.isfinite(hours).sum(axis=1) >= 20
    lowest = lowest[whole]
    if lowest.size < 4:
        return None
    kw = float(np.median(lowest))
    low, high = day_interval(lowest.size, lambda drawn: np.median(lowest[drawn], axis=1))
    mean = float(np.nanmean(curve.kw))
    return BaseLoad(
        kw=kw, low=max(0.0, low), high=high, share=min(1.0, kw / mean) if mean > 0 else 0.0, year_kwh=kw * 8766.0,
        days=int(lowest.size),
    )  # fmt: skip


def _hourly(curve: LoadCurve) -> np.ndarray | None:
    """Mean power by day and hour, shape (days, 24), NaN where less than half of the hour is known."""
    if curve.step > HOUR * 1.01 or curve.kwh.size < 24:
        return None
    days = curve.day - curve.day[0]
    place = days * 24 + curve.hour
    known = np.isfinite(curve.kwh)
    size = (int(days[-1]) + 1) * 24
    count = np.bincount(place[known], minlength=size)
    total = np.bincount(place[known], weights=curve.kw[known], minlength=size)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(count >= 0.5 * HOUR / curve.step, total / count, np.nan).reshape(-1, 24)


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietTime:
    """Which steps are outside production, bool (n,). `share` of all time; `learnt`: from the load itself, nobody said."""

    quiet: np.ndarray
    share: float
    learnt: bool


def quiet_time(
    curve: LoadCurve, producing: np.ndarray | None = None, *, country: str | None = "KR"
) -> QuietTime | None:
    """The time outside production.

    `producing`, bool (n,), says in which steps something is made, where a log or counts tell. Without it the hours of the week
    are parted by their usual load (Otsu 1979) where that makes two clear groups; holidays count as Sundays. `None` where the
    plant
    runs always, or its week cannot be told.
    """
    if producing is not None:
        quiet = ~producing
        share = float(quiet.mean())
        return QuietTime(quiet=quiet, share=share, learnt=False) if 0.03 <= share <= 0.97 else None
    if curve.step > HOUR * 1.01 or curve.days_known < 14:
        return None
    day = np.where(free_days(curve.day, country), 6, weekday(curve.day))
    slot = day * 24 + curve.hour
    usual = np.full(_WEEK, np.nan)
    known = np.isfinite(curve.kwh)
    for place in range(_WEEK):
        part = curve.kw[(slot == place) & known]
        usual[place] = np.median(part) if part.size >= 2 else np.nan
    if not np.isfinite(usual).all():
        return None
    limit, clear = _two_groups(usual)
    quiet = (usual < limit)[slot]
    share = float(quiet.mean())
    return QuietTime(quiet=quiet, share=share, learnt=True) if clear and 0.05 <= share <= 0.9 else None


def _two_groups(values: np.ndarray) -> tuple[float, bool]:
    """The limit that parts values best in two groups, and whether the upper one is at least 1.6 times the lower."""
    ordered = np.sort(values)
    n = ordered.size
    sums = np.cumsum(ordered)
    count = np.arange(1, n)
    lower, upper = sums[:-1] / count, (sums[-1] - sums[:-1]) / (n - count)
    place = int(np.argmax(count * (n - count) * (upper - lower) ** 2))
    explained = (
        count[place] * (n - count[place]) * (upper[place] - lower[place]) ** 2 / n**2 / max(values.var(), 1e-300)
    )
    clear = bool(explained > 0.6 and upper[place] > 1.6 * max(lower[place], 0.0))
    return float((ordered[place] + ordered[place + 1]) / 2), clear


@dataclass(frozen=True, slots=True, kw_only=True)
class OutsideProduction:
    """Energy used while nothing is produced.

    `kw` is the usual load of a quiet night (or free day), `best_kw` that of the best fifth of the nights of the same season, with
    the same weather where a temperature is given. `excess_year` is what all nights use beyond the best ones, kWh a year, with its
    95 % interval; `share` all quiet energy over all energy. `risen` is how far the quiet load has risen for good, kW, with its
    interval, since the night `since` (day number), chance `p`; `None` where it has not.
    """

    kw: float
    best_kw: float
    share: float
    year_kwh: float
    excess_year: float
    low: float
    high: float
    nights: np.ndarray  # day numbers, shape (k,)
    night_kw: np.ndarray
    night_best: np.ndarray
    risen: float | None = None
    risen_low: float | None = None
    risen_high: float | None = None
    since: int | None = None
    p: float = 1.0
    weather_explains: bool = False


def outside_production(
    curve: LoadCurve, quiet: np.ndarray, temperature: np.ndarray | None = None
) -> OutsideProduction | None:
    """Quiet load by night against the best nights, and whether it has risen; `None` with fewer than 10 nights.

    `quiet`, bool (n,); `temperature` in °C, shape (n,), NaN where unknown. The first and last half hour
    of a quiet stretch are left out, and nights in which there was work after all (more than half the usual load at work).
    """
    nights, mean, middle, warm = _nights(curve, quiet, temperature)
    work = curve.kw[~quiet & np.isfinite(curve.kwh)]
    if nights.size and work.size:
        free = mean <= 0.5 * float(np.median(work))
        nights, mean, middle, warm = nights[free], mean[free], middle[free], warm[free] if warm is not None else None
    if nights.size < 10:
        return None
    weather, explains = _by_weather(mean, warm)
    level = mean - weather
    best = percentile_filter(level, _BEST, size=min(_NEAR_NIGHTS, 2 * (level.size // 2) - 1), mode="nearest") + weather
    best = np.maximum(best, 0.0)
    hours_a_year = float(quiet.mean()) * 8766.0
    excess = mean - best

    def usual(drawn: np.ndarray) -> np.ndarray:
        return np.asarray(excess[drawn].mean(axis=1) * hours_a_year)

    low, high = day_interval(nights.size, usual)
    all_energy = float(np.nansum(curve.kwh))
    quiet_energy = float(np.nansum(curve.kwh[quiet]))
    rise = _rise(nights, middle - weather, warm)  # the middle: an hour of work on a holiday must not hide a leak
    risen, risen_low, risen_high, since, p = rise if rise is not None else (None, None, None, None, 1.0)
    return OutsideProduction(
        kw=float(np.median(mean)), best_kw=float(np.median(best)), share=quiet_energy / all_energy if all_energy > 0 else 0.0,
        year_kwh=float(mean.mean() * hours_a_year), excess_year=float(excess.mean() * hours_a_year), low=max(0.0, low), high=high,
        nights=nights, night_kw=mean, night_best=best, weather_explains=explains, risen=risen,
        risen_low=risen_low, risen_high=risen_high, since=since, p=p,
    )  # fmt: skip


def _nights(
    curve: LoadCurve, quiet: np.ndarray, temperature: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray | None]:
    """Day, mean and median power and mean temperature of each quiet stretch of a day (noon to noon) of at least two hours."""
    edge = max(1, round(1800 / curve.step)) if curve.step <= 1800 else 0
    inner = quiet & np.isfinite(curve.kwh)
    if edge:
        inner &= np.convolve(quiet, np.ones(2 * edge + 1), mode="same") >= 2 * edge + 1
    night = np.floor((curve.begin - DAY / 2) / DAY).astype(np.int64)
    days = np.unique(night[inner])
    if not days.size:
        return days, np.empty(0), np.empty(0), None
    place = np.searchsorted(days, night[inner])
    count = np.bincount(place)
    order = np.lexsort((curve.kw[inner], place))
    middle = curve.kw[inner][order][np.cumsum(count) - count + count // 2]
    long = count * curve.step >= 2 * HOUR
    mean = np.bincount(place, weights=curve.kw[inner]) / count
    warm = None
    if temperature is not None and np.isfinite(temperature[inner]).mean() > 0.9:
        filled = np.where(np.isfinite(temperature[inner]), temperature[inner], np.nanmean(temperature[inner]))
        warm = (np.bincount(place, weights=filled) / count)[long]
    return days[long], mean[long], middle[long], warm


def _by_weather(mean: np.ndarray, warm: np.ndarray | None) -> tuple[np.ndarray, bool]:
    """What heating and cooling degrees (base 15 and 22 °C) explain of the nights' load, and whether they explain it at all."""
    if warm is None or mean.size < 20:
        return np.zeros(mean.size), False
    degrees = degree_columns(warm)
    if not degrees.shape[1]:
        return np.zeros(mean.size), False
    design = np.column_stack([np.ones(mean.size), degrees])
    found = np.linalg.lstsq(design, mean, rcond=None)[0]
    slopes = np.maximum(found[1:], 0.0)  # neither heating nor cooling saves energy
    part = degrees @ slopes
    explained = float(np.corrcoef(part, mean)[0, 1] ** 2) if part.std() > 0 else 0.0
    return (part, True) if explained > 0.1 else (np.zeros(mean.size), False)


def degree_columns(warm: np.ndarray, *, heating: float = 15.0, cooling: float = 22.0) -> np.ndarray:
    """Degrees below `heating` and above `cooling`, °C, those columns that say something, shape (n, 0 to 2)."""
    columns = [np.maximum(heating - warm, 0.0), np.maximum(warm - cooling, 0.0)]
    return np.column_stack([c for c in columns if (c > 0).mean() > 0.05] or [np.empty((warm.size, 0))])


def _rise(
    nights: np.ndarray, level: np.ndarray, warm: np.ndarray | None
) -> tuple[float, float, float, int, float] | None:
    """A lasting rise of the nights' load that neither weekday, season nor weather explains."""
    n = nights.size
    if n < 2 * FEWEST_BLOCKS:
        return None
    m = min(MOST_BLOCKS // 2, n)
    edges = np.linspace(0, n, m + 1).astype(np.int64)
    size = np.diff(edges)
    weekend = (weekday(nights) >= 4).astype(np.float64)  # nights of Friday, Saturday and Sunday
    nuisances = [weekend]
    if warm is not None:
        nuisances += list(degree_columns(warm).T)
    if nights[-1] - nights[0] > 120:
        angle = 2 * np.pi * nights / 365.25
        nuisances += [np.sin(angle), np.cos(angle)]
    low, high = np.quantile(level, [0.1, 0.9])
    robust = np.minimum(level, high + 3 * (high - low))
    blocks = np.add.reduceat(robust, edges[:-1]) / size
    design = np.column_stack([np.add.reduceat(column, edges[:-1]) / size for column in nuisances])
    change = ChangeDetector(m, design).find(blocks[None, :])[0]
    if change.kind == "excursion" or change.p > 0.001 or change.low <= 0:
        return None
    place = min(n - 1, round(change.start / m * n))
    # The detector draws templates in; the size is that of the nights themselves, a ramp counted from its middle.
    middle = min(n - 2, round((change.start + change.end) / 2 / m * n))
    rows = np.flatnonzero(np.abs(np.arange(n) - middle) > 1)  # the night itself is known to one night
    after = (rows > middle).astype(np.float64)
    table = np.column_stack([np.ones(rows.size), after, *(column[rows] for column in nuisances)])
    found, covariance, _, _ = newey_west(table, robust[rows])
    risen, reach = float(found[1]), 2.0 * float(np.sqrt(covariance[1, 1]))
    if risen - reach <= 0:
        return None
    return risen, risen - reach, risen + reach, int(nights[place]), change.p
