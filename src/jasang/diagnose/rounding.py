"""Numbers with as many digits as their interval knows: 68.51 from an interval 0.3 wide is 68.5."""

import math

_MOST_DIGITS = 6


def rounded(value: float, reach: float | None) -> str:
    """`value` rounded to a tenth of `reach`, half its interval: two digits of what is uncertain, never more than six in all.

    Without a reach (or a reach of 0) four significant digits.

    Examples
    --------
    >>> rounded(68.5123, 0.31), rounded(9.8531, 2.1), rounded(0.651234, 0.004), rounded(48_512.3, 900.0)
    ('68.51', '9.9', '0.6512', '48,510')
    """
    if not math.isfinite(value):
        return "–"
    if reach is None or not math.isfinite(reach) or reach <= 0:
        return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:.4g}"
    decimals = 1 - math.floor(math.log10(reach))
    if value:
        decimals = min(decimals, _MOST_DIGITS - 1 - math.floor(math.log10(abs(value))))
    shown = round(value, decimals)
    text = f"{shown:,.{max(0, decimals)}f}" if abs(shown) >= 10_000 else f"{shown:.{max(0, decimals)}f}"
    return text if float(text.replace(",", "")) != 0 else text.lstrip("-")
