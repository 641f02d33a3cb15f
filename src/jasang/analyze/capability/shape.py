"""Which distribution do the values have? Normal, normal after a transformation, or neither (then quantiles serve).

The test is Anderson and Darling's for normality with estimated mean and sigma (Stephens 1974), on at most 500 values evenly taken
from the record (fewer where neighbours resemble each other), because with thousands of values harmless deviations are
significant; ties of rounded values are spread evenly over their step. Values are normal at p ≥ 0.05 (`REJECTED`). Otherwise
that transformation is taken which fits best (likelihood) among those that make them normal at the same level: Box-Cox (1964,
values above zero), Yeo-Johnson (2000) and the modulus of John and Draper (1980, tails heavier or lighter than normal on both
sides), the latter two of standardised values. Where none does, the quantiles of the values serve (ISO 22514-2, Clements 1989).
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy import optimize, special, stats

from jasang.analyze.value_rows import value_row

if TYPE_CHECKING:
    from jasang.analyze.capability.johnson import Johnson

REJECTED = 0.05
FEWEST_TESTED = 25
MOST_TESTED = 500
WIDEST_POWER = 5.0

Kind = Literal["normal", "box_cox", "yeo_johnson", "modulus", "quantile", "johnson"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NormalityTest:
    """Anderson-Darling A² (corrected for size) and its p-value; `tested` values were looked at."""

    statistic: float
    p: float
    tested: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """The distribution chosen. `power` is λ of the transformation, `centre` and `scale` standardise before Yeo-Johnson and
    modulus; a Johnson transformation, which must be asked for, is in `johnson`.

    `p_normal` is the test of the values as they are, `p_chosen` of the transformed ones (NaN for quantiles).
    """

    kind: Kind
    power: float
    centre: float
    scale: float
    p_normal: float
    p_chosen: float
    johnson: "Johnson | None" = None

    def forward(self, values: np.ndarray, power: float | None = None) -> np.ndarray:
        """Values on the scale where they are normal; −inf or inf beyond what the transformation can reach."""
        values = np.asarray(values, dtype=np.float64)
        power = self.power if power is None else power
        if self.kind == "box_cox":
            with np.errstate(divide="ignore", invalid="ignore"):
                made = special.boxcox(np.maximum(values, 0.0) / self.scale, power)
            return np.where(values <= 0.0, -np.inf, made)
        if self.kind == "yeo_johnson":
            return yeo_johnson((values - self.centre) / self.scale, power)
        if self.johnson is not None:
            return self.johnson.forward(values)
        if self.kind == "modulus":
            return modulus((values - self.centre) / self.scale, power)
        return values

    def density(self, values: np.ndarray, mean: float, sigma: float) -> np.ndarray:
        """Density in the unit of the values when the transformed ones have that mean and sigma, shape of `values`."""
        step = 1e-4 * self.scale
        slope = (self.forward(values + step) - self.forward(values - step)) / (2.0 * step)
        made = stats.norm.pdf(self.forward(values), mean, sigma) * slope
        return np.where(np.isfinite(made), made, 0.0)


def normality_test(values: np.ndarray, *, worth: float | None = None) -> NormalityTest:
    """Anderson-Darling test of values, shape (n,), NaN = missing, worth `worth` independent ones; see the module."""
    values = value_row(values)
    values = values[~np.isnan(values)]
    if values.size < 8:
        return NormalityTest(statistic=float("nan"), p=1.0, tested=values.size)
    tested = _evenly(values, MOST_TESTED if worth is None else int(max(FEWEST_TESTED, min(worth, MOST_TESTED))))
    sigma = float(tested.std(ddof=1))
    n = tested.size
    if not sigma > 0:
        return NormalityTest(statistic=float("nan"), p=1.0, tested=n)
    z = (_untied(tested) - tested.mean()) / sigma
    place = np.arange(1, n + 1)
    logs = special.log_ndtr(z) + special.log_ndtr(-z[::-1])
    statistic = float(-n - np.mean((2 * place - 1) * logs)) * (1.0 + 0.75 / n + 2.25 / n**2)
    return NormalityTest(statistic=statistic, p=_p_of(statistic), tested=n)


def _p_of(a: float) -> float:
    """D'Agostino and Stephens (1986), table 4.9."""
    if a < 0.2:
        return float(1.0 - np.exp(-13.436 + 101.14 * a - 223.73 * a**2))
    if a < 0.34:
        return float(1.0 - np.exp(-8.318 + 42.796 * a - 59.938 * a**2))
    if a < 0.6:
        return float(np.exp(0.9177 - 4.279 * a - 1.38 * a**2))
    return float(np.exp(1.2937 - 5.709 * a + 0.0186 * a**2)) if a < 13.0 else 0.0


def _evenly(values: np.ndarray, most: int = MOST_TESTED) -> np.ndarray:
    if values.size <= most:
        return values
    return values[np.linspace(0, values.size - 1, most).round().astype(np.int64)]


def _untied(values: np.ndarray) -> np.ndarray:
    """Sorted values, those that are equal spread evenly over the step of the rounding."""
    ordered = np.sort(values)
    levels, counts = np.unique(ordered, return_counts=True)
    if counts.max() < 2 or levels.size < 2:
        return ordered
    step = float(np.median(np.diff(levels)))
    within = np.concatenate([(np.arange(count) + 0.5) / count - 0.5 for count in counts])
    return ordered + step * within


def yeo_johnson(values: np.ndarray, power: float) -> np.ndarray:
    """Yeo and Johnson's transformation (2000)."""
    up, down = np.maximum(values, 0.0), np.maximum(-values, 0.0)
    return np.asarray(special.boxcox1p(up, power) - special.boxcox1p(down, 2.0 - power))


def modulus(values: np.ndarray, power: float) -> np.ndarray:
    """John and Draper's modulus transformation (1980): both tails drawn in (power < 1) or out (> 1)."""
    return np.asarray(np.sign(values) * special.boxcox1p(np.abs(values), power))


def shape_of(values: np.ndarray, *, kind: Kind | Literal["auto"] = "auto", worth: float | None = None) -> Shape:
    """The shape of values, shape (n,), NaN = missing, worth `worth` independent ones; `kind` forces one.

    Raises
    ------
    ValueError
        Box-Cox asked of values that are not all above zero.
    """
    known = value_row(values)
    known = known[~np.isnan(known)]
    if known.size < 2:
        raise ValueError(f"a shape needs at least 2 values, got {known.size}")
    p_normal = normality_test(known, worth=worth).p
    plain = Shape(kind="normal", power=1.0, centre=0.0, scale=1.0, p_normal=p_normal, p_chosen=p_normal)
    if kind == "normal" or (kind == "auto" and p_normal >= REJECTED):
        return plain
    able: list[Kind] = ["box_cox", "yeo_johnson", "modulus"] if float(known.min()) > 0 else ["yeo_johnson", "modulus"]
    if kind == "box_cox" and "box_cox" not in able:
        raise ValueError(f"Box-Cox needs values above zero, the smallest is {float(known.min())}")
    if kind in able:
        return _fitted(kind, known, p_normal, worth)[0]
    if kind == "auto":
        tried = [_fitted(one, known, p_normal, worth) for one in able]
        fitting = [(likelihood, made) for made, likelihood in tried if made.p_chosen >= REJECTED]
        if fitting:
            return max(fitting, key=lambda pair: pair[0])[1]
    nothing = float("nan")
    return Shape(kind="quantile", power=nothing, centre=0.0, scale=1.0, p_normal=p_normal, p_chosen=nothing)


def _fitted(kind: Kind, known: np.ndarray, p_normal: float, worth: float | None) -> tuple[Shape, float]:
    """The transformation at its best power, and its log-likelihood."""
    centre, scale = float(np.median(known)), float(known.std(ddof=1))
    if kind == "box_cox":
        centre, scale = 0.0, float(np.exp(np.mean(np.log(known))))
    start = Shape(kind=kind, power=1.0, centre=centre, scale=scale, p_normal=p_normal, p_chosen=float("nan"))
    sample = _untied(_evenly(known))
    if kind == "box_cox":
        sample = np.maximum(sample, float(known.min()))
    found = optimize.minimize_scalar(
        lambda power: -log_likelihood(start, sample, power), bounds=(-WIDEST_POWER, WIDEST_POWER), method="bounded"
    )
    made = replace(start, power=float(found.x))
    transformed = made.forward(known)
    p = normality_test(transformed, worth=worth).p if np.isfinite(transformed).all() else 0.0
    return replace(made, p_chosen=p), -float(found.fun)


def log_likelihood(shape: Shape, values: np.ndarray, power: float) -> float:
    """Profile log-likelihood of the power, mean and sigma at their best."""
    made = shape.forward(values, power)
    variance = float(np.var(made))
    if not np.isfinite(variance) or variance <= 0:
        return -np.inf
    z = (values - shape.centre) / shape.scale
    if shape.kind == "box_cox":
        logs = float(np.log(z).sum())
    elif shape.kind == "yeo_johnson":
        logs = float((np.sign(z) * np.log1p(np.abs(z))).sum())
    else:
        logs = float(np.log1p(np.abs(z)).sum())
    return (
        -0.5 * values.size * float(np.log(variance)) + (power - 1.0) * logs - values.size * float(np.log(shape.scale))
    )


def plausible_powers(shape: Shape, values: np.ndarray, worth: float) -> tuple[np.ndarray, np.ndarray]:
    """Powers and their weights (sum 1) by the profile likelihood of values worth `worth` independent ones; shapes (k,)."""
    sample = _evenly(values)
    tempered = worth / sample.size
    best = log_likelihood(shape, sample, shape.power)
    width = 0.05
    while width < WIDEST_POWER and tempered * (best - log_likelihood(shape, sample, shape.power + width)) < 4.0:
        width *= 1.5
    powers = np.linspace(shape.power - width, shape.power + width, 31)
    logs = tempered * np.array([log_likelihood(shape, sample, float(power)) for power in powers])
    weights = np.exp(logs - logs.max())
    kept = weights > 1e-4
    return powers[kept], weights[kept] / weights[kept].sum()


def quantiles(values: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Quantiles of values, shape (n,), at `shares`; beyond the outermost values the straight line of the normal probability
    plot goes on.

    The line is fitted to the outer twentieth (at least 10 values) of each side.
    """
    ordered = np.sort(values)
    n = ordered.size
    score = special.ndtri((np.arange(1, n + 1) - 0.375) / (n + 0.25))
    wanted = special.ndtri(np.asarray(shares, dtype=np.float64))
    made = np.interp(wanted, score, ordered)
    outer = min(n, max(10, n // 20))
    for part, beyond in (
        (slice(0, outer), wanted < score[outer // 4]),
        (slice(n - outer, n), wanted > score[n - 1 - outer // 4]),
    ):
        if beyond.any():
            x, y = score[part], ordered[part]
            slope = max(0.0, float(((x - x.mean()) * (y - y.mean())).sum() / ((x - x.mean()) ** 2).sum()))
            made[beyond] = y.mean() + slope * (wanted[beyond] - x.mean())
    return np.asarray(made)
