"""When an effect began: the block of time before which there was none."""

from dataclasses import dataclass, replace

import numpy as np

from jasang.analyze.drivers.plausible import FALL, plausible_beginnings
from jasang.analyze.drivers.window import Effect

_SCORE = 4.5  # standard errors between the effect after and before
_LEAST_SHARE = 0.1  # of the design weight on either side
_DOUBT = 4.0  # improvement of the fit, in units of chi-square, from which a beginning is worth a doubt
_LEFT_BEFORE = 0.3  # of the effect after, that may have been there before


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginnings:
    """The block `first` at which the effect began, and how the others fit: `step`, `slope`, `error` of shape (blocks - 1,)."""

    first: int
    step: np.ndarray
    slope: np.ndarray
    error: np.ndarray
    scale: float

    def widened(self, effect: Effect) -> Effect:
        """The effect with its interval over all beginnings that fit nearly as well."""
        return plausible_beginnings(self.step, self.slope, self.error, self.first - 1, effect, self.scale)


def find_beginning(gain: np.ndarray, weight: np.ndarray) -> Beginnings | None:
    """Where the effect began, from Σ moved × left `gain` and Σ moved² `weight` by block of time, shape (blocks,)."""
    blocks = gain.size
    before, after = np.cumsum(weight)[:-1], weight.sum() - np.cumsum(weight)[:-1]
    slope_before = np.cumsum(gain)[:-1] / before.clip(1e-9)
    slope_after = (gain.sum() - np.cumsum(gain)[:-1]) / after.clip(1e-9)
    allowed = (before > _LEAST_SHARE * weight.sum()) & (after > _LEAST_SHARE * weight.sum())
    if not allowed.any():
        return None
    step = np.where(allowed, (slope_after - slope_before) ** 2 * before * after / weight.sum(), -1.0)
    first = int(step.argmax()) + 1
    place = first - 1
    left_over = gain - np.where(np.arange(blocks) < first, slope_before[place], slope_after[place]) * weight
    error_before = np.sqrt((left_over[:first] ** 2).sum()) / before[place]
    error_after = np.sqrt((left_over[first:] ** 2).sum()) / after[place]
    change = (slope_after[place] - slope_before[place]) * np.sign(slope_after[place])
    nothing_before = abs(slope_before[place]) < min(2 * error_before, _LEFT_BEFORE * abs(slope_after[place]))
    if change < _SCORE * np.hypot(error_before, error_after) or not nothing_before:
        return None
    later = np.sqrt(np.cumsum((left_over**2)[::-1])[::-1][1:]) / after.clip(1e-9)
    return Beginnings(
        first=first,
        step=step,
        slope=slope_after,
        error=later,
        scale=float((left_over**2).sum() / weight.sum()),
    )


def over_doubtful_beginnings(gain: np.ndarray, weight: np.ndarray, effect: Effect) -> Effect:
    """An effect averaged over the record, its interval widened where it may as well have begun on some day, but not clearly.

    `gain`, `weight` as in `find_beginning`. Where no beginning fits better than none by more than chance does, nothing changes.
    """
    total, size = float(gain.sum()), float(weight.sum())
    before, after = np.cumsum(weight)[:-1], size - np.cumsum(weight)[:-1]
    allowed = (before > _LEAST_SHARE * size) & (after > _LEAST_SHARE * size)
    if not allowed.any() or size <= 0:
        return effect
    whole = total / size
    slope_before = np.cumsum(gain)[:-1] / before.clip(1e-9)
    slope_after = (total - np.cumsum(gain)[:-1]) / after.clip(1e-9)
    step = np.where(allowed, (slope_after - slope_before) ** 2 * before * after / size, -1.0)
    larger = np.abs(slope_after) > np.abs(slope_before)  # an effect that fades began no later
    best = int(np.where(larger, step, -1.0).argmax())
    began = np.arange(gain.size) > best
    left_over = gain - np.where(began, slope_after[best], slope_before[best]) * weight
    scale = float((left_over**2).sum()) / size
    if step[best] < _DOUBT * scale:
        return effect
    plausible = larger & (step >= step[best] - FALL * scale) & (np.sign(slope_after) == np.sign(whole))
    reach = (effect.high - effect.low) / 2
    apart, grown = slope_after[plausible] - whole, reach * np.sqrt(size / after[plausible])
    return replace(
        effect,
        low=min(effect.low, float((effect.value + apart - grown).min(initial=effect.low))),
        high=max(effect.high, float((effect.value + apart + grown).max(initial=effect.high))),
    )
