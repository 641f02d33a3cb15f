"""What every control chart answers with: limits, and a chart of location paired with its chart of spread."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Centre line and limits of one chart, in the unit of the points.

    `sigma` is the standard deviation the limits rest on. For charts with limits that change from point to point (p, u) `lower`
    and `upper` have the shape of the points, else shape ().
    """

    centre: float
    lower: np.ndarray
    upper: np.ndarray
    sigma: float

    def beyond(self, points: np.ndarray) -> np.ndarray:
        """True where a point lies outside the limits (on a limit is inside), shape of `points`; NaN is never outside."""
        return np.asarray((points > self.upper) | (points < self.lower))


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedChart:
    """A chart of location with its chart of spread (X-MR, X̄-R, X̄-S). `points` and `spreads` are what is plotted."""

    location: Limits
    spread: Limits
    points: np.ndarray
    spreads: np.ndarray


def limits_around(centre: float, width: float, *, sigma: float, floor: float = -np.inf) -> Limits:
    """Limits at the same distance on both sides, the lower not below `floor`."""
    return Limits(
        centre=centre, lower=np.asarray(max(floor, centre - width)), upper=np.asarray(centre + width), sigma=sigma
    )
