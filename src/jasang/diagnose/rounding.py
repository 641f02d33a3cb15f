"""Numbers with as many digits as their interval knows: 68.51 from an interval 0.3 wide is 68.5."""

import math

_MOST_DIGITS = 6


def rounded(value: float, reach: float | None) -> str:
    """`value` rounded to the first digit of `reach`, half its interval (to two digits where that begins with 1).

    Never more than six digits; four without a reach or with a reach of 0.

    Examples
    --------
    >>> rounded(68.5123, 0.31), rounded(9.8531, 2.1), rounded(0.651234, 0.004), rounded(48_512.3, 900.0)
    ('68.5', '10', '0.651', '48,500')
    """
    if not math.isfinite(value):
        return "–"
    if reach is None or not math.isfinite(reach) or reach <= 0:
        return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:.4g}"
    places = math.floor(math.log10(reach))
    decimals = -places + (reach < 2 * 10.0**places)
    if value:
        decimals = min(decimals, _MOST_DIGITS - 1 - math.floor(math.log10(abs(value))))
    shown = round(value, decimals)
    text = f"{shown:,.{max(0, decimals)}f}" if abs(shown) >= 10_000 else f"{shown:.{max(0, decimals)}f}"
    return text if float(text.replace(",", "")) != 0 else text.lstrip("-")
