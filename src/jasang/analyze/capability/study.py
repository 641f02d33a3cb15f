"""The capability study: stable? which distribution? then Cp, Cpk, Pp, Ppk, Cpm, Cpmk and the share outside, each with an
interval.

Intervals are generalised confidence intervals (Weerahandi 1993; for capability indices Mathew, Sebastian and Kurian 2007):
mean and sigma are drawn from what the data allow (normal and chi-square, with the numbers of values that the record is
worth), and every index follows from the same draws. For one-sided indices that is the exact non-central t interval. A
transformation's power is drawn by its profile likelihood; quantile methods use a bootstrap of blocks. docs/statistics.md
shows how often the intervals hold the truth.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, get_args

import numpy as np
from scipy import special

from jasang.analyze.capability.johnson import Johnson, johnson_draws, johnson_shape
from jasang.analyze.capability.memory import Memory, memory_of
from jasang.analyze.capability.shape import Kind, Shape, plausible_powers, quantiles, shape_of
from jasang.analyze.capability.spread import Method, Spread, spread_of
from jasang.analyze.capability.stability import Instability, instabilities
from jasang.analyze.proportions import Share, share_of

DRAWS = 20_000
BOOTSTRAPS = 400  # a quarter of them for more than 5,000 values
FARTHEST = 100.0  # sigma: a limit that a refitted Johnson transformation cannot reach
TRANSFORMED = ("box_cox", "yeo_johnson", "modulus")
FEWEST_VALUES = 5
ISO_TAIL = 0.00135  # of a normal process beyond three sigma on one side


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A value with its confidence interval: an index without unit, or a share of the pieces."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CapabilityStudy:
    """A process against its specification. What a missing limit or target leaves open is `None`.

    `cp` to `cpk` rest on the spread within (what the process could do), `pp` to `ppk` and the expected shares on the overall
    spread (what it did). Cpm and Cpmk are told for normal values with a target. `instabilities` say why the process is not
    stable; then `capable` is `None` and the indices only describe the past. `mean` and `spread` are in the unit of the
    values, `mean_normal` and `spread_normal` on the scale of the transformation (the same without one).
    """

    values: int
    missing: int
    low: float | None
    high: float | None
    target: float | None
    mean: float
    median: float
    spread: Spread
    mean_normal: float
    spread_normal: Spread
    memory: Memory
    shape: Shape
    instabilities: tuple[Instability, ...]
    cp: Estimate | None
    cpl: Estimate | None
    cpu: Estimate | None
    cpk: Estimate | None
    pp: Estimate | None
    ppl: Estimate | None
    ppu: Estimate | None
    ppk: Estimate
    cpm: Estimate | None
    cpmk: Estimate | None
    expected_below: Estimate
    expected_above: Estimate
    expected_outside: Estimate
    observed_outside: Share
    confidence: float

    @property
    def stable(self) -> bool:
        """Nothing speaks against a stable process."""
        return not self.instabilities

    @property
    def expected_ppm(self) -> Estimate:
        """Expected pieces outside the limits per million."""
        one = self.expected_outside
        return Estimate(value=1e6 * one.value, low=1e6 * one.low, high=1e6 * one.high)

    def capable(self, wanted: float = 1.33) -> bool | None:
        """Whether Ppk is at least `wanted` for sure: True, False, or `None` where the process is unstable or the data are
        too few."""
        if not self.stable:
            return None
        return True if self.ppk.low >= wanted else False if self.ppk.high < wanted else None


def capability_study(
    values: np.ndarray,
    *,
    low: float | None = None,
    high: float | None = None,
    target: float | None = None,
    subgroups: Sequence[object] | np.ndarray | int | None = None,
    within: Method | None = None,
    shape: Kind | str = "auto",
    confidence: float = 0.95,
    in_order: bool = True,
    seed: int = 0,
) -> CapabilityStudy:
    """Study the capability of measured values.

    Parameters
    ----------
    values
        Shape (n,), in order of time, NaN = missing.
    low, high, target
        Specification limits (at least one) and target, in the unit of the values. With two limits the target is their middle
        unless said.
    subgroups
        Labels of values made together (length n), or the size of consecutive subgroups.
    within
        How the spread within comes about, see `spread_of`.
    shape
        "auto" lets the test choose; or "normal", "box_cox", "yeo_johnson", "modulus", "quantile", "johnson".
    in_order
        False where the order of the values means nothing: stability and memory are not judged then.

    Raises
    ------
    ValueError
        No limit, limits the wrong way round, fewer than five values, or values that are all the same.
    """
    known, labels, missing = _known(values, subgroups)
    _refuse(known, low, high)
    if not 0.0 < confidence < 1.0:
        raise ValueError(f"confidence lies between 0 and 1, such as 0.95, got {confidence}")
    if shape != "auto" and shape not in get_args(Kind):
        raise ValueError(f"unknown shape {shape!r}; there are auto and {', '.join(get_args(Kind))}")
    if target is None and low is not None and high is not None:
        target = 0.5 * (low + high)
    memory = memory_of(known) if in_order else _no_memory(known.size)
    chosen = (
        johnson_shape(known, (low, high))
        if shape == "johnson"
        else shape_of(known, kind=shape, worth=memory.for_spread)  # type: ignore[arg-type]
    )
    normal = chosen.forward(known)
    plain = spread_of(known, labels, method=within, memory=memory)
    same = chosen.kind in ("normal", "quantile")
    spread = plain if same else spread_of(normal, labels, method=within, memory=memory)
    draws = _draws(chosen, known, normal, spread, memory, seed)
    limits = (low, high)
    if chosen.kind == "quantile":
        found = _by_quantiles(known, limits, plain, memory, confidence, seed)
    else:
        found = _by_draws(chosen, float(normal.mean()), spread, draws, limits, confidence)
    outside = np.zeros(known.size, dtype=bool)
    for limit, sign in ((low, -1.0), (high, 1.0)):
        if limit is not None:
            outside |= sign * known > sign * limit
    return CapabilityStudy(
        values=known.size,
        missing=missing,
        low=low,
        high=high,
        target=target,
        mean=float(known.mean()),
        median=float(np.median(known)),
        spread=plain,
        mean_normal=float(normal.mean()),
        spread_normal=spread,
        memory=memory,
        shape=chosen,
        instabilities=instabilities(known, memory) if in_order else (),
        **found,
        **_around_target(chosen, float(known.mean()), spread, draws, (low, high, target), confidence),
        observed_outside=share_of(
            int(outside.sum()), known.size, confidence=confidence, worth=_worth(outside, in_order)
        ),
        confidence=confidence,
    )


def _known(
    values: np.ndarray, subgroups: Sequence[object] | np.ndarray | int | None
) -> tuple[np.ndarray, np.ndarray | int | None, int]:
    values = np.asarray(values, dtype=np.float64).ravel()
    known = np.isfinite(values)
    labels: np.ndarray | int | None
    if subgroups is None or isinstance(subgroups, int | np.integer):
        labels = None if subgroups is None else int(subgroups)
    else:
        texts = np.asarray(subgroups).astype(str).ravel()
        if texts.size != values.size:
            raise ValueError(f"{texts.size} subgroup labels for {values.size} values")
        labels = texts[known]
    return values[known], labels, int(values.size - known.sum())


def _refuse(known: np.ndarray, low: float | None, high: float | None) -> None:
    if low is None and high is None:
        raise ValueError("capability needs a lower or an upper specification limit")
    if low is not None and high is not None and low >= high:
        raise ValueError(f"the lower specification limit {low} must be below the upper {high}")
    if known.size < FEWEST_VALUES:
        raise ValueError(f"a capability study needs at least {FEWEST_VALUES} values, got {known.size}")
    if not float(np.ptp(known)) > 0:
        raise ValueError(f"all {known.size} values are {known[0]}: a value that never moves has no spread to judge")


def _no_memory(n: int) -> Memory:
    return Memory(values=n, order=0, first=0.0, for_mean=float(n), for_spread=float(n), inflation=1.0)


def _worth(outside: np.ndarray, in_order: bool) -> float:
    """Share of the values that count as independent for the share outside: rejects that come in runs say less."""
    if not in_order or not outside.any():
        return 1.0
    memory = memory_of(outside.astype(np.float64))
    return float(min(1.0, memory.for_mean / outside.size))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Draws:
    """Means, overall and within sigmas that the data allow, on the normal scale, with the power each came from; shapes
    (draws,)."""

    mean: np.ndarray
    sigma: np.ndarray
    within: np.ndarray
    power: np.ndarray
    fits: tuple[Johnson, ...] = ()


def _draws(shape: Shape, known: np.ndarray, normal: np.ndarray, spread: Spread, memory: Memory, seed: int) -> _Draws:
    generator = np.random.default_rng(seed)
    z = generator.standard_normal(DRAWS)
    # A long memory leaves few degrees of freedom; the factor is sigma_true / s.
    factor = np.sqrt(spread.df_overall / generator.chisquare(spread.df_overall, DRAWS))
    inner = np.sqrt(spread.df_within / generator.chisquare(spread.df_within, DRAWS))
    mean, overall, within = (np.full(DRAWS, one) for one in (float(normal.mean()), spread.overall, spread.within))
    power = np.full(DRAWS, shape.power)
    if shape.kind in TRANSFORMED:
        powers, weights = plausible_powers(shape, known, min(memory.for_spread, 1e6))
        place = generator.choice(powers.size, DRAWS, p=weights)
        moments = []
        for one in powers:
            made = shape.forward(known, float(one))
            moments.append((float(made.mean()), float(made.std(ddof=1)) * memory.inflation))
        at = np.array(moments)[place]
        within = within * at[:, 1] / overall
        mean, overall, power = at[:, 0], at[:, 1], powers[place]
    if shape.kind == "johnson":
        fits = johnson_draws(shape, known, _block(known.size, memory), seed)
        place = np.arange(DRAWS) % len(fits)
        mean, sigma = (np.array([fit[column] for fit in fits])[place] for column in (1, 2))
        within = within * sigma / spread.overall * memory.inflation
        return _Draws(
            mean=mean,
            sigma=sigma * memory.inflation,
            within=within,
            power=power,
            fits=tuple(fits[at][0] for at in place),
        )
    sigma = overall * factor
    return _Draws(mean=mean - z * sigma / np.sqrt(memory.for_mean), sigma=sigma, within=within * inner, power=power)


def _block(n: int, memory: Memory) -> int:
    """Neighbours that are resampled together."""
    return int(np.clip(round(3.0 * n / memory.for_mean), 1, max(1, n // 8))) if memory.order else 1


def _limit_on(shape: Shape, limit: float, draws: _Draws) -> np.ndarray:
    """The limit on the normal scale under each draw's power or fit, shape (draws,)."""
    power = draws.power
    if draws.fits:
        each = {fit: float(fit.forward(limit)) for fit in set(draws.fits)}
        return np.clip([each[fit] for fit in draws.fits], -FARTHEST, FARTHEST)
    if shape.kind not in TRANSFORMED:
        return np.full(power.size, limit)
    powers, place = np.unique(power, return_inverse=True)
    return np.array([float(shape.forward(np.array([limit]), float(one))[0]) for one in powers])[place]


def _by_draws(
    shape: Shape,
    mean: float,
    spread: Spread,
    draws: _Draws,
    limits: tuple[float | None, float | None],
    confidence: float,
) -> dict[str, Any]:
    tail = (1.0 - confidence) / 2.0

    def estimate(value: float, drawn: np.ndarray) -> Estimate:
        edges = np.quantile(drawn, [tail, 1.0 - tail])
        return Estimate(value=value, low=float(min(edges[0], value)), high=float(max(edges[1], value)))

    found: dict[str, Any] = dict.fromkeys(("cp", "cpl", "cpu", "cpk", "pp", "ppl", "ppu", "ppk"))
    drawn_limits: list[np.ndarray] = []
    fixed: list[float] = []
    sides: dict[str, list[tuple[float, np.ndarray]]] = {"p": [], "c": []}
    beyond: list[tuple[float, np.ndarray]] = []
    for limit, sign, letter in zip(limits, (-1.0, 1.0), "lu", strict=True):
        if limit is None or not np.isfinite(at := float(shape.forward(np.array([limit]))[0])):
            beyond.append((0.0, np.zeros(DRAWS)))
            continue
        drawn_at = _limit_on(shape, limit, draws)
        fixed.append(at)
        drawn_limits.append(drawn_at)
        distance, drawn_distance = sign * (at - mean), sign * (drawn_at - draws.mean)
        for start, now, drawn in (("p", spread.overall, draws.sigma), ("c", spread.within, draws.within)):
            pair = (distance / (3 * now) if now > 0 else np.inf, drawn_distance / (3 * drawn))
            sides[start].append(pair)
            found[f"{start}p{letter}"] = estimate(*pair) if now > 0 else None
        beyond.append((float(special.ndtr(-distance / spread.overall)), special.ndtr(-drawn_distance / draws.sigma)))
    for start, now, drawn in (("p", spread.overall, draws.sigma), ("c", spread.within, draws.within)):
        if not sides[start] or not now > 0:
            continue
        nearer = estimate(min(value for value, _ in sides[start]), np.minimum.reduce([one for _, one in sides[start]]))
        # Near the middle the smaller of two estimates is too small on average; drawing it again would be so twice. What
        # bounds each side from above bounds the smaller one.
        upper = min(one.high for letter in "lu" if (one := found[f"{start}p{letter}"]) is not None)
        found[f"{start}pk"] = replace(nearer, high=max(nearer.value, upper))
        if len(fixed) == 2:
            found[f"{start}p"] = estimate(
                (fixed[1] - fixed[0]) / (6 * now), (drawn_limits[1] - drawn_limits[0]) / (6 * drawn)
            )
    if found["ppk"] is None:  # the only limit lies where no value can come
        found["ppk"] = Estimate(value=float("inf"), low=float("inf"), high=float("inf"))
    found["expected_below"], found["expected_above"] = (estimate(*one) for one in beyond)
    found["expected_outside"] = estimate(beyond[0][0] + beyond[1][0], beyond[0][1] + beyond[1][1])
    return found


def _around_target(
    shape: Shape,
    mean: float,
    spread: Spread,
    draws: _Draws,
    specification: tuple[float | None, float | None, float | None],
    confidence: float,
) -> dict[str, Any]:
    """Cpm and Cpmk on the overall spread; with one limit the distance from target to limit counts as half the tolerance."""
    low, high, target = specification
    if shape.kind != "normal" or target is None:
        return {"cpm": None, "cpmk": None}
    if low is not None and high is not None:
        half = 0.5 * (high - low)
    else:
        half = abs((high if high is not None else float(low or 0.0)) - target)
    tail = (1.0 - confidence) / 2.0

    def both(at: np.ndarray, sigma: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        root = np.sqrt(sigma**2 + (at - target) ** 2)
        nearer = np.minimum(*((high - at if high is not None else np.inf), (at - low if low is not None else np.inf)))
        return half / (3 * root), nearer / (3 * root)

    now = both(np.array([mean]), np.array([spread.overall]))
    drawn = both(draws.mean, draws.sigma)
    found: dict[str, Estimate | None] = {}
    for name, value, row in zip(("cpm", "cpmk"), now, drawn, strict=True):
        edges = np.quantile(row, [tail, 1.0 - tail])
        found[name] = Estimate(value=float(value[0]), low=float(edges[0]), high=float(edges[1]))
    return found


def _by_quantiles(
    known: np.ndarray,
    limits: tuple[float | None, float | None],
    spread: Spread,
    memory: Memory,
    confidence: float,
    seed: int,
) -> dict[str, Any]:
    """ISO 22514-2 by quantiles of the values: Pp = (U − L)/(Q99.865 − Q0.135), Ppk by the halves around the median."""
    now = _quantile_figures(known, limits)
    generator = np.random.default_rng(seed)
    n = known.size
    block = _block(n, memory)
    rows = []
    for _ in range(BOOTSTRAPS if n <= 5_000 else BOOTSTRAPS // 4):
        starts = generator.integers(0, n - block + 1, -(-n // block))
        rows.append(_quantile_figures(known[(starts[:, None] + np.arange(block)).ravel()[:n]], limits))
    tail = (1.0 - confidence) / 2.0
    found: dict[str, Any] = dict.fromkeys(("cp", "cpl", "cpu", "cpk", "pp", "ppl", "ppu", "ppk"))
    for name, value in now.items():
        drawn = np.array([row[name] for row in rows])
        low, high = np.quantile(drawn, [tail, 1.0 - tail])
        found[name] = Estimate(value=value, low=float(min(low, value)), high=float(max(high, value)))
    # What the process could do: the same shape, drawn in by the spread within over the spread overall.
    gain = spread.overall / spread.within if spread.within > 0 else 1.0
    for name in ("p", "pl", "pu", "pk"):
        one = found.get(f"p{name}")
        if one is not None and name in ("p", "pk"):
            found[f"c{name}"] = Estimate(value=one.value * gain, low=one.low * gain, high=one.high * gain)
    return found


def _quantile_figures(known: np.ndarray, limits: tuple[float | None, float | None]) -> dict[str, float]:
    low, high = limits
    bottom, middle, top = quantiles(known, np.array([ISO_TAIL, 0.5, 1.0 - ISO_TAIL]))
    least = 1e-12 * max(1.0, abs(float(middle)))
    made: dict[str, float] = {}
    if low is not None:
        made["ppl"] = float((middle - low) / max(middle - bottom, least))
    if high is not None:
        made["ppu"] = float((high - middle) / max(top - middle, least))
    made["ppk"] = min(made.values())
    if low is not None and high is not None:
        made["pp"] = float((high - low) / max(top - bottom, least))
    made["expected_below"] = float(np.mean(known < low)) if low is not None else 0.0
    made["expected_above"] = float(np.mean(known > high)) if high is not None else 0.0
    for name, index in (("expected_below", "ppl"), ("expected_above", "ppu")):
        # Where no value lies beyond the limit, the index says how far the tail reaches.
        if index in made and made[name] * known.size < 5:
            made[name] = float(special.ndtr(-3.0 * made[index]))
    made["expected_outside"] = made["expected_below"] + made["expected_above"]
    return made
