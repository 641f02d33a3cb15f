"""Limits that still hold their false-alarm rate when neighbouring values resemble each other."""

from math import sqrt

import numpy as np

from jasang.analyze.control_charts.inputs import vector
from jasang.analyze.control_charts.limits import Limits, limits_around


def autocorrelated_chart(values: np.ndarray, *, multiple: float = 3.0) -> Limits:
    """Limits for individual values, shape (n,), that neighbouring values may resemble.

    The moving range of autocorrelated values is too small, so the usual limits alarm all the time (φ = 0.9: every second or
    third point). Here sigma is the standard deviation of the values themselves, corrected for the bias that autocorrelation
    gives it in a short record, s² n/(n−k) with k = 1 + 2 Σ (1−j/n) φʲ, and the autocorrelation φ corrected for its own bias
    (Marriott and Pope 1954). Chosen over a chart of the residuals of an autoregressive model because the foreman's chart
    should show the values he measures, and because a residual chart shows a lasting shift for one point only (Harris and Ross
    1991).
    """
    values = vector(values)
    known = values[~np.isnan(values)]
    if known.size < 3:
        raise ValueError(f"limits need at least 3 values, got {known.size}")
    sigma = _sigma_of_autocorrelated(known)
    return limits_around(float(known.mean()), multiple * sigma, sigma=sigma)


def first_autocorrelation(values: np.ndarray) -> float:
    """Lag-one autocorrelation φ of the values, shape (n,), corrected for its small-sample bias and held in [0, 0.99]."""
    n = values.size
    centred = values - values.mean()
    power = float(centred @ centred)
    if power <= 0.0 or n < 3:
        return 0.0
    raw = float(centred[1:] @ centred[:-1]) / power
    return float(np.clip(raw + (1.0 + 3.0 * raw) / n, 0.0, 0.99))


def _sigma_of_autocorrelated(known: np.ndarray) -> float:
    n = known.size
    phi = first_autocorrelation(known)
    steps = np.arange(1, n)
    inflation = 1.0 + 2.0 * float(((1.0 - steps / n) * phi**steps).sum())
    # Beyond this the record is shorter than the memory of the process and its spread cannot be known.
    inflation = min(inflation, 0.75 * n)
    return float(sqrt(float(np.var(known)) * n / (n - inflation)))
