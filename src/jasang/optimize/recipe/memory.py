"""What units made one after another share: a level of the result that wanders, estimated and taken out of a regression.

A measured result that wanders slowly makes any setting that was held for a while look like a cause. Results and columns are
turned into what each row brings beyond the rows before (generalised least squares by the innovations of a wandering level under
noise; Harvey 1989, ch. 3), which leaves true effects as they are and makes their error honest.
"""

from dataclasses import dataclass

import numpy as np
from scipy.signal import lfilter

_SPANS = (
    2.0,
    4.0,
    8.0,
    16.0,
    32.0,
    64.0,
    128.0,
    256.0,
    512.0,
    1024.0,
)  # units after which a level is largely forgotten
_GAINS = (0.01, 0.02, 0.04, 0.08, 0.15, 0.25, 0.4, 0.6, 0.8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """A level with `keep` of it left from unit to unit, followed with `gain` of each surprise; without gain there is none."""

    keep: float = 0.0
    gain: float = 0.0

    def surprises(self, columns: np.ndarray) -> np.ndarray:
        """Each column of rows in order of time without what its rows before foretell, the same shape."""
        if self.gain == 0.0:
            return columns
        found: np.ndarray = lfilter([1.0, -self.keep], [1.0, -self.keep * (1.0 - self.gain)], columns, axis=0)
        return found


NONE = Memory()


def memory_of(residual: np.ndarray) -> Memory:
    """The memory under which the residuals, in order of time, surprise least; none where that is no clear win (BIC)."""
    residual = residual - residual.mean()
    best, least = NONE, float(residual @ residual)
    allowed = np.exp(-2.0 * np.log(max(residual.size, 3)) / max(residual.size, 3))  # two more parameters
    limit = least * float(allowed)
    for span in _SPANS[: max(1, int(np.searchsorted(_SPANS, residual.size / 4)))]:
        for gain in _GAINS:
            tried = Memory(keep=float(np.exp(-1.0 / span)), gain=gain)
            surprises = tried.surprises(residual)
            total = float(surprises @ surprises)
            if total < min(least, limit):
                best, least = tried, total
    return best
