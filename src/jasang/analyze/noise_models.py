"""What a process that is in control may do by itself: the family of noises against which a change has to prove itself.

A row of block means may be white, resemble its neighbours (autoregressive), wander (fractional noise up to a random walk), each
with measurement noise on top. A change counts only by how much better it explains the row than the best member of the family.
"""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import toeplitz

AUTOCORRELATIONS = (0.2, 0.4, 0.6, 0.8, 0.9, 0.95)
WHITE_SHARES = (0.0, 0.25, 0.5, 0.75)  # of the variance of autoregressive noise
ROUGHNESSES = (0.02, 0.25, 0.5)  # Hurst exponents: about 1/f noise, between, random walk
WHITE_RATIOS = (0.0, 0.25, 1.0, 4.0, 16.0, 64.0)  # white variance over the variance of one step of the wander


@dataclass(frozen=True, slots=True, kw_only=True)
class Noise:
    """One noise: `covariance` of m block means, shape (m, m), up to scale and up to a constant added to all means.

    `wanders` is true where the level moves far and slowly; `has_home` is false where it need not ever come back (a random walk
    and what is between it and 1/f noise).
    """

    name: str
    covariance: np.ndarray
    wanders: bool
    has_home: bool


def noise_family(m: int) -> tuple[Noise, ...]:
    """The noises for m equally long blocks.

    Wandering noises have no covariance but a variogram; its negative half serves as covariance for contrasts, that is after the
    mean is taken out (Matheron's intrinsic hypothesis; Cressie, Statistics for Spatial Data, 1993, section 2.3).
    """
    lags = np.arange(m, dtype=np.float64)
    one = np.eye(m)
    family = [Noise(name="white", covariance=one, wanders=False, has_home=True)]
    for phi in AUTOCORRELATIONS:
        for share in WHITE_SHARES:
            covariance = (1.0 - share) * toeplitz(phi**lags) + share * one
            name = f"autoregressive {phi} + {share} white"
            family.append(Noise(name=name, covariance=covariance, wanders=phi >= 0.9, has_home=True))
    for roughness in ROUGHNESSES:
        variogram = toeplitz(lags ** (2.0 * roughness)) * (0.5 if roughness >= 0.25 else 1.0 / (4.0 * roughness))
        for ratio in WHITE_RATIOS:
            # With much measurement noise a wander is too small to call it one within the record.
            wanders = roughness >= 0.25 and ratio < m / 4.0
            name = f"wander {roughness} + {ratio} white"
            covariance = ratio * one - variogram
            family.append(Noise(name=name, covariance=covariance, wanders=wanders, has_home=roughness < 0.25))
    return tuple(family)
