"""Numbers taken as the decimals that somebody wrote, as exact integers over a power of ten.

A measured 1000000000000.4 is no binary number; sums of squares of its rounding error are what spoils variances of values far from
zero. A float's shortest decimal is what was written (up to 15 digits), and integers of any length make no rounding error.
"""

from decimal import Decimal, localcontext
from fractions import Fraction
from math import sqrt

import numpy as np

LONGEST = 200_000  # values; beyond this exact sums take more than about a second
WIDEST = 60  # decimal digits between the largest and the smallest power; beyond this integers get needlessly long


def exact_integers(values: np.ndarray) -> tuple[list[int], int] | None:
    """Integers and the power p so that value = integer / 10**p exactly as written; `None` where that would be too much work.

    `values` has shape (n,), finite.

    >>> exact_integers(np.array([0.1, 2.0, -3.25]))
    ([10, 200, -325], 2)
    """
    if values.size > LONGEST:
        return None
    if np.all(values == np.round(values)) and np.all(np.abs(values) < 2**63):
        return [int(value) for value in values.tolist()], 0
    decimals = [Decimal(repr(value)) for value in values.tolist()]
    powers = [_exponent(decimal) for decimal in decimals]
    sizes = [decimal.adjusted() for decimal in decimals if decimal]
    if not sizes or max(sizes) - min(powers) > WIDEST:
        return None
    power = max(0, -min(powers))
    with localcontext() as context:
        context.prec = WIDEST + 400
        return [int(decimal.scaleb(power)) for decimal in decimals], power


def _exponent(decimal: Decimal) -> int:
    exponent = decimal.as_tuple().exponent
    return exponent if isinstance(exponent, int) else 0


def root(value: Fraction) -> float:
    """Square root of a fraction, correct to the last digits also where numerator and denominator are no floats."""
    if value < 0:
        raise ValueError(f"square root of the negative {float(value)}")
    return sqrt(value)
