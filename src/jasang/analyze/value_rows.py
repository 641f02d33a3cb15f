"""What callers hand over as a row of values: lists, arrays of any number type, masked arrays, columns of pandas or Polars."""

import numpy as np
import numpy.typing as npt


def value_row(values: npt.ArrayLike) -> np.ndarray:
    """The values as float64, shape (n,); what is missing, masked or infinite becomes NaN.

    Raises
    ------
    ValueError
        More than one dimension, or texts that are no numbers.

    >>> value_row([1, None, float("inf")])
    array([ 1., nan, nan])
    """
    masked = np.ma.getmaskarray(values) if isinstance(values, np.ma.MaskedArray) else None
    try:
        row = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"expected a row of numbers, got something else: {error}") from error
    if row.ndim != 1:
        raise ValueError(f"expected a row of values, got shape {row.shape}")
    missing = ~np.isfinite(row)
    if masked is not None:
        missing = missing | masked
    return np.where(missing, np.nan, row) if missing.any() else row
