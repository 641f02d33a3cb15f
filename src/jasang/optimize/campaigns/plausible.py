"""Hyperparameters that the records leave plausible: processes drawn from their posterior instead of the likeliest one alone.

Twenty crowded records say little about how far a setting reaches, and the likeliest process alone is surer than it should be.
Drawn by hybrid Monte Carlo (Neal 1996; Murray and Adams 2010 for Gaussian processes), begun at the likeliest process, with steps
as long as the posterior is wide there. The seed is fixed: the same records give the same draws.
"""

from collections.abc import Callable

import numpy as np

from jasang.optimize.campaigns.process import Prior, Process, condition, logarithms, negative_evidence, prior_spreads

LEAP = 0.35  # first step length, in standard deviations of the posterior at the likeliest process
LEAPS = 6  # steps between two proposals
WARM_UP, BETWEEN = 4, 2  # proposals before the first draw, and between two draws
PROBE = 1e-3
LEAST, MOST = -12.0, 12.0  # of the logarithms: beyond, the sums lose their digits

Slope = Callable[[np.ndarray], tuple[float, np.ndarray]]


def plausible(process: Process, prior: Prior, draws: int, seed: int = 0) -> tuple[Process, ...]:
    """`draws` processes on the same records with hyperparameters drawn from their posterior, each as likely as the others.

    Parameters
    ----------
    process : the likeliest process.
    prior : the prior it was fitted with.
    """

    def evidence(theta: np.ndarray) -> tuple[float, np.ndarray]:
        return negative_evidence(theta, process.columns, process.outcomes, process.weights, prior)

    start = logarithms(process)
    thetas = _walk(evidence, start, _widths(evidence, start, prior), draws, np.random.default_rng(seed))
    return tuple(
        condition(
            process.columns,
            process.outcomes,
            process.weights,
            np.exp(theta[:-2]),
            float(np.exp(theta[-2])),
            float(np.exp(theta[-1])),
            process.evidence,
        )
        for theta in thetas
    )


def _widths(evidence: Slope, start: np.ndarray, prior: Prior) -> np.ndarray:
    """About how wide the posterior is along each hyperparameter, from its curvature; never wider than the prior."""
    spreads = prior_spreads(prior, len(start) - 2)
    curvature = np.empty(len(start))
    for place in range(len(start)):
        step = np.zeros(len(start))
        step[place] = PROBE
        curvature[place] = (evidence(start + step)[1][place] - evidence(start - step)[1][place]) / (2 * PROBE)
    return np.asarray(1.0 / np.sqrt(np.maximum(curvature, 1.0 / spreads**2)))


def _walk(
    evidence: Slope, start: np.ndarray, widths: np.ndarray, draws: int, generator: np.random.Generator
) -> list[np.ndarray]:
    """Hybrid Monte Carlo; the length of a step follows the share of proposals taken during the warm-up."""
    place, (energy, slope) = start, evidence(start)
    leap, found = LEAP, []
    for proposal in range(1, WARM_UP + draws * BETWEEN + 1):
        momentum = generator.standard_normal(len(start))
        moved, (there, bend) = place, (energy, slope)
        length = leap * generator.uniform(0.7, 1.3)
        speed = momentum - 0.5 * length * widths * bend
        for step in range(LEAPS):
            moved = np.clip(moved + length * widths * speed, LEAST, MOST)
            there, bend = evidence(moved)
            speed = speed - (0.5 if step == LEAPS - 1 else 1.0) * length * widths * bend
        change = energy + 0.5 * momentum @ momentum - there - 0.5 * speed @ speed
        taken = np.log(generator.random()) < change
        if taken:
            place, energy, slope = moved, there, bend
        if proposal <= WARM_UP:
            leap *= 1.2 if taken else 0.6
        elif (proposal - WARM_UP) % BETWEEN == 0:
            found.append(place)
    return found
