"""The scale on which an outcome is modelled: as it is, its logarithm (also of a negative one), or a signed one about a limit.

Costs and stresses of machines are products of powers and grow by orders of magnitude far from today's setting; on a logarithmic
scale a smooth model follows them. Which scale fits is decided by the likelihood of the records.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

Shape = Literal["plain", "log", "negative log", "signed log"]


@dataclass(frozen=True, kw_only=True)
class OutcomeScale:
    """An increasing map from an outcome to the model's standardised scale: (shape(value) − centre) / spread."""

    shape: Shape
    pivot: float = 0.0  # of "signed log": where it is steepest
    unit: float = 1.0  # of "signed log": the distance at which it begins to bend
    centre: float
    spread: float

    def bent(self, values: np.ndarray) -> np.ndarray:
        """The values before standardising."""
        if self.shape == "log":
            return np.asarray(np.log(np.maximum(values, 1e-300)))
        if self.shape == "negative log":
            return np.asarray(-np.log(np.maximum(-values, 1e-300)))
        if self.shape == "signed log":
            away = (values - self.pivot) / self.unit
            return np.asarray(np.sign(away) * np.log1p(np.abs(away)))
        return values

    def forward(self, values: np.ndarray) -> np.ndarray:
        """Outcomes on the model's scale; shape as given."""
        return (self.bent(np.asarray(values, dtype=float)) - self.centre) / self.spread

    def backward(self, modelled: np.ndarray) -> np.ndarray:
        """The outcomes of values on the model's scale."""
        bent = np.asarray(modelled) * self.spread + self.centre
        if self.shape == "log":
            return np.exp(np.minimum(bent, 700.0))
        if self.shape == "negative log":
            return np.asarray(-np.exp(np.minimum(-bent, 700.0)))
        if self.shape == "signed log":
            away = np.sign(bent) * np.expm1(np.minimum(np.abs(bent), 700.0))
            return np.asarray(self.pivot + self.unit * away)
        return bent

    def log_slope(self, values: np.ndarray) -> float:
        """Sum of the logarithms of the map's slope at the values: makes likelihoods of different scales comparable."""
        count = len(values)
        found = -count * float(np.log(self.spread))
        if self.shape == "log":
            found -= float(np.log(np.maximum(values, 1e-300)).sum())
        elif self.shape == "negative log":
            found -= float(np.log(np.maximum(-values, 1e-300)).sum())
        elif self.shape == "signed log":
            found -= float(np.log1p(np.abs(values - self.pivot) / self.unit).sum()) + count * float(np.log(self.unit))
        return found


def candidate_scales(values: np.ndarray, pivot: float | None) -> list[OutcomeScale]:
    """The scales to try for these outcomes, standardised on them; the plain one first.

    `pivot` is a limit or target about which a signed logarithm bends; the median where there is none.
    """
    shapes = [OutcomeScale(shape="plain", centre=0.0, spread=1.0)]
    # A pivot at zero that all values lie beside (a distance to the limit) has no use for a plain logarithm.
    if np.min(values) > 0 and (pivot is None or pivot > 0):
        shapes.append(OutcomeScale(shape="log", centre=0.0, spread=1.0))
    elif np.max(values) < 0 and (pivot is None or pivot < 0):
        # The loss of a yield is its negative: what holds for a yield holds for it.
        shapes.append(OutcomeScale(shape="negative log", centre=0.0, spread=1.0))
    else:
        middle = float(np.median(values)) if pivot is None else pivot
        away = np.abs(values - middle)
        unit = max(float(np.median(away)), 1e-9 * float(away.max()), 1e-300)
        shapes.append(OutcomeScale(shape="signed log", pivot=middle, unit=unit, centre=0.0, spread=1.0))
    found = []
    for shape in shapes:
        bent = shape.bent(values)
        # Divided by the largest before squaring, so that no size of numbers overflows or vanishes.
        largest = float(np.abs(bent).max()) or 1.0
        spread, floor = largest * float((bent / largest).std()), 1e-9 * largest
        found.append(
            OutcomeScale(
                shape=shape.shape,
                pivot=shape.pivot,
                unit=shape.unit,
                centre=float(bent.mean()),
                spread=max(spread, floor),
            )
        )
    return found
