"""Johnson's system of distributions: which of its three families makes the values normal, and how.

Fitted by quantiles at −3z, −z, z and 3z (Slifker and Shapiro, Technometrics 22, 1980), with the z from 0.25 to 1.25 whose result
passes the Anderson-Darling test best (Chou, Polansky and Mason, Journal of Quality Technology 30, 1998).
"""

from dataclasses import dataclass
from math import acosh, asinh, log, sqrt
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import special

from jasang.analyze.capability.shape import Shape, normality_test
from jasang.analyze.value_rows import value_row

FEWEST = 20
REFITS = 300
SPREADS = np.linspace(0.25, 1.25, 41)


@dataclass(frozen=True, slots=True, kw_only=True)
class Johnson:
    """z = gamma + delta·f((x − xi)/scale) is standard normal; f is asinh (SU), ln(y/(1 − y)) (SB) or ln(y) (SL, scale 1).

    `z` is the spread of quantiles it was fitted at; `p` tests the transformed values for normality, `p_normal` the values as they
    are. SB lies between `xi` and `xi + scale`, SL on one side of `xi` (`mirrored`: below it).
    """

    family: Literal["SU", "SB", "SL"]
    gamma: float
    delta: float
    xi: float
    scale: float
    mirrored: bool
    z: float
    p: float
    p_normal: float

    def forward(self, values: npt.ArrayLike) -> np.ndarray:
        """Values on the standard normal scale; −inf or inf beyond what the family can reach."""
        y = (np.asarray(values, dtype=np.float64) - self.xi) / self.scale
        if self.family == "SU":
            return np.asarray(self.gamma + self.delta * np.arcsinh(y))
        with np.errstate(divide="ignore", invalid="ignore"):
            if self.family == "SB":
                inside = np.clip(y, 0.0, 1.0)
                return np.asarray(self.gamma + self.delta * (np.log(inside) - np.log1p(-inside)))
            made = self.gamma + self.delta * np.log(np.maximum(-y if self.mirrored else y, 0.0))
        return np.asarray(-made if self.mirrored else made)

    def backward(self, scores: npt.ArrayLike) -> np.ndarray:
        """Values at these standard normal scores: `backward(-3)` and `backward(3)` are the natural limits of the process."""
        scores = np.asarray(scores, dtype=np.float64)
        u = ((-scores if self.mirrored else scores) - self.gamma) / self.delta
        if self.family == "SU":
            y = np.sinh(u)
        elif self.family == "SB":
            y = special.expit(u)
        else:
            y = -np.exp(u) if self.mirrored else np.exp(u)
        return np.asarray(self.xi + self.scale * y)


def johnson_transformation(values: npt.ArrayLike, *, reach: tuple[float, ...] = ()) -> Johnson | None:
    """The transformation of values, shape (n,), NaN = missing; `None` where no family makes them normal at 5 %.

    `reach` are values that the distribution must allow, such as specification limits.

    Raises
    ------
    ValueError
        Fewer than 20 values, or values that are all the same.
    """
    row = value_row(values)
    known = row[~np.isnan(row)]
    if known.size < FEWEST:
        raise ValueError(f"a Johnson transformation needs at least {FEWEST} values, got {known.size}")
    if not float(np.ptp(known)) > 0:
        raise ValueError(f"all {known.size} values are {known[0]}: there is nothing to transform")
    best: Johnson | None = None
    p_normal = normality_test(known).p
    for z in SPREADS.tolist():
        for made in johnson_at(known, z):
            transformed = made.forward(known)
            if not (np.isfinite(transformed).all() and np.isfinite(made.forward(np.array(reach))).all()):
                continue
            p = normality_test(transformed).p
            if p >= 0.05 and (best is None or p > best.p):
                best = Johnson(
                    family=made.family,
                    gamma=made.gamma,
                    delta=made.delta,
                    xi=made.xi,
                    scale=made.scale,
                    mirrored=made.mirrored,
                    z=z,
                    p=p,
                    p_normal=p_normal,
                )
    return best


def johnson_shape(values: np.ndarray, limits: tuple[float | None, ...] = ()) -> Shape:
    """The shape of finite values after Johnson; ValueError where no family makes them normal and reaches the limits."""
    made = johnson_transformation(values, reach=tuple(limit for limit in limits if limit is not None))
    if made is None:
        raise ValueError(
            "no Johnson transformation makes these values normal and reaches the limits; leave the choice to the test"
        )
    return Shape(
        kind="johnson", power=1.0, centre=0.0, scale=1.0, p_normal=made.p_normal, p_chosen=made.p, johnson=made
    )


def johnson_draws(shape: Shape, known: np.ndarray, block: int, seed: int) -> tuple[tuple[Johnson, float, float], ...]:
    """Fits to resampled values at the same z and family, each with mean and sigma of what it transforms; blocks of neighbours."""
    if shape.johnson is None:
        raise ValueError("the shape is no Johnson transformation")
    chosen = shape.johnson
    generator = np.random.default_rng(seed)
    found = []
    for _ in range(REFITS):
        starts = generator.integers(0, known.size - block + 1, -(-known.size // block))
        sample = known[(starts[:, None] + np.arange(block)).ravel()[: known.size]]
        for made in johnson_at(sample, chosen.z):
            transformed = made.forward(sample)
            if np.isfinite(transformed).all():
                found.append((made, float(transformed.mean()), float(transformed.std(ddof=1))))
                break
    return tuple(found) or ((chosen, 0.0, 1.0),)


def johnson_at(known: np.ndarray, z: float) -> tuple[Johnson, ...]:
    """The families that fit the quantiles of finite values at −3z, −z, z, 3z: SU or SB, and SL beside it; `p` is not judged."""
    x1, x2, x3, x4 = np.quantile(known, special.ndtr(np.array([-3.0, -1.0, 1.0, 3.0]) * z), method="hazen").tolist()
    m, n, p = x4 - x3, x2 - x1, x3 - x2
    if min(m, n, p) <= 0.0:
        return ()
    ratio = m * n / p**2
    middle = 0.5 * (x2 + x3)
    nothing = float("nan")
    made: list[Johnson] = []

    def one(family: Literal["SU", "SB", "SL"], gamma: float, delta: float, xi: float, scale: float, flip: bool) -> None:
        made.append(
            Johnson(
                family=family,
                gamma=gamma,
                delta=delta,
                xi=xi,
                scale=scale,
                mirrored=flip,
                z=z,
                p=nothing,
                p_normal=nothing,
            )
        )

    if ratio > 1.0 + 1e-9:
        a, b = m / p, n / p
        delta = 2.0 * z / acosh(0.5 * (a + b))
        gamma = delta * asinh((b - a) / (2.0 * sqrt(a * b - 1.0)))
        scale = 2.0 * p * sqrt(a * b - 1.0) / ((a + b - 2.0) * sqrt(a + b + 2.0))
        one("SU", gamma, delta, middle + p * (b - a) / (2.0 * (a + b - 2.0)), scale, False)
    elif ratio < 1.0 - 1e-9:
        a, b = p / m, p / n
        delta = z / acosh(0.5 * sqrt((1.0 + a) * (1.0 + b)))
        gamma = delta * asinh((b - a) * sqrt((1.0 + a) * (1.0 + b) - 4.0) / (2.0 * (a * b - 1.0)))
        scale = p * sqrt(((1.0 + a) * (1.0 + b) - 2.0) ** 2 - 4.0) / (a * b - 1.0)
        one("SB", gamma, delta, middle - 0.5 * scale + p * (b - a) / (2.0 * (a * b - 1.0)), scale, False)
    a = m / p
    if abs(a - 1.0) > 1e-6:
        flip = a < 1.0
        a = n / p if flip else a
        if a > 1.0 + 1e-6:
            delta = 2.0 * z / log(a)
            gamma = delta * log((a - 1.0) / (p * sqrt(a)))
            half = 0.5 * p * (a + 1.0) / (a - 1.0)
            one("SL", gamma, delta, middle + half if flip else middle - half, 1.0, flip)
    return tuple(made)
