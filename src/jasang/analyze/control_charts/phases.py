"""Phase I: limits from the points that were in control."""

from collections.abc import Callable

import numpy as np

from jasang.analyze.control_charts.autocorrelated import autocorrelated_chart
from jasang.analyze.control_charts.inputs import vector
from jasang.analyze.control_charts.limits import Limits


def phase_one(
    points: np.ndarray, chart: Callable[[np.ndarray], Limits], *, most_excluded: float = 0.2
) -> tuple[Limits, np.ndarray]:
    """Limits from the points that were in control, and which points were left out (bool, shape (n,)).

    Rule: points beyond the limits are left out and the limits made again, until none is beyond or more than `most_excluded` of
    the points would be gone; then the process was not in control and the limits of all points are returned, none left out.
    `chart` gets the indices (int, shape (k,)) of the points that are kept and returns limits for a single point or for all.
    """
    points = vector(points)
    everything = chart(np.flatnonzero(~np.isnan(points)))
    limits, excluded = everything, np.zeros(points.size, dtype=bool)
    while True:
        fresh = ~excluded & limits.beyond(points)
        if not fresh.any():
            return limits, excluded
        excluded |= fresh
        if excluded.sum() > most_excluded * points.size:
            return everything, np.zeros(points.size, dtype=bool)
        limits = chart(np.flatnonzero(~excluded & ~np.isnan(points)))


def individuals_phase_one(values: np.ndarray, *, multiple: float = 3.0) -> tuple[Limits, np.ndarray]:
    """`phase_one` for an individuals chart whose sigma allows for autocorrelation (`autocorrelated_chart`)."""
    values = vector(values)
    return phase_one(values, lambda kept: autocorrelated_chart(values[kept], multiple=multiple))
