"""What the records say of one outcome at settings not yet tried."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import special, stats

from jasang.optimize.campaigns.outcome_scale import OutcomeScale, candidate_scales
from jasang.optimize.campaigns.plausible import plausible
from jasang.optimize.campaigns.process import Prior, Process, cholesky, fit, logarithms
from jasang.optimize.campaigns.setting import Specification
from jasang.optimize.campaigns.space import Space

REPLICATE_PRIOR = 4.0  # degrees of freedom that the common noise counts for beside a setting's own repeats
FEW_STEPS, ALL_STEPS = 12, 80
DRAWS = 8  # plausible processes averaged over


@dataclass(frozen=True, kw_only=True)
class Belief:
    """Processes for one outcome with the scales they were fitted on. Means and deviations are on the model's scale.

    `process` is the likeliest; `plausible` are those that the records leave plausible, each as much as the others. What is
    believed is their mixture.
    """

    space: Space
    scale: OutcomeScale
    process: Process
    logarithmic: bool
    plausible: tuple[Process, ...] = ()
    borrowed: tuple[
        tuple[float, "Belief"], ...
    ] = ()  # shares of what other campaigns say; the processes model the rest

    @property
    def parts(self) -> tuple[Process, ...]:
        """The processes whose mixture is believed."""
        return self.plausible or (self.process,)

    @property
    def noise(self) -> float:
        """Variance of one measurement, averaged over the mixture."""
        return float(np.mean([part.noise for part in self.parts]))

    def predict_parts(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean and standard deviation of the noise-free outcome in each part of the mixture; both (parts, points)."""
        columns = self.columns(points)
        found = [part.predict(columns) for part in self.parts]
        return np.array([mean for mean, _ in found]) + self.lent(points), np.array([spread for _, spread in found])

    def predict(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean and standard deviation of the noise-free outcome on the model's scale; both (points,)."""
        means, deviations = self.predict_parts(points)
        return means.mean(axis=0), np.sqrt((deviations**2).mean(axis=0) + means.var(axis=0))

    def draws(self, points: np.ndarray, count: int, seed: int = 0) -> np.ndarray:
        """Noise-free outcomes of a few points together, drawn from the mixture; shape (about `count`, points)."""
        generator = np.random.default_rng(seed)
        columns, found = self.columns(points), []
        for part in self.parts:
            mean, covariance = part.joint(columns)
            covariance[np.diag_indices(len(points))] += 1e-9 * part.scale + 1e-12
            root = cholesky(covariance)
            noise = generator.standard_normal((-(-count // len(self.parts)), len(points)))
            found.append(mean + noise @ root.T)
        return np.asarray(np.vstack(found) + self.lent(points))

    def lent(self, points: np.ndarray) -> np.ndarray:
        """What other campaigns add to the mean, on this model's scale; shape (points,)."""
        found = np.zeros(len(points))
        for share, other in self.borrowed:
            found += share * said_elsewhere(other, self.scale, points)
        return found

    def columns(self, points: np.ndarray) -> np.ndarray:
        """The points as the process takes them."""
        return self.space.encoded(points, logarithmic=self.logarithmic)

    def measured(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean and standard deviation of one measured outcome on the model's scale; both (points,)."""
        mean, deviation = self.predict(points)
        return mean, np.sqrt(deviation**2 + self.noise)

    def log_chance(self, points: np.ndarray, specification: Specification) -> np.ndarray:
        """Logarithm of the chance that a measured outcome stays in specification; shape (points,)."""
        means, deviations = self.predict_parts(points)
        deviations = np.sqrt(deviations**2 + np.array([part.noise for part in self.parts])[:, None])
        low = high = None
        if specification.high is not None:
            high = (float(self.scale.forward(np.array([specification.high]))[0]) - means) / deviations
        if specification.low is not None:
            low = (means - float(self.scale.forward(np.array([specification.low]))[0])) / deviations
        if high is None or low is None:
            found = special.log_ndtr(high if low is None else low)
        else:
            found = np.log(np.maximum(special.ndtr(high) - special.ndtr(-low), 1e-300))
        return np.asarray(special.logsumexp(found, axis=0) - np.log(len(found)))

    def with_fantasy(self, point: np.ndarray) -> "Belief":
        """The belief after a trial at a point that gave just what is expected of it."""
        columns = self.columns(point[None, :])
        mean = np.mean([part.predict(columns)[0] for part in self.parts], axis=0)

        def grown(process: Process) -> Process:
            return process.given(
                np.vstack([process.columns, columns]), np.r_[process.outcomes, mean], np.r_[process.weights, 1.0]
            )

        return replace(self, process=grown(self.process), plausible=tuple(grown(part) for part in self.plausible))


def believe(
    space: Space,
    points: np.ndarray,
    values: np.ndarray,
    *,
    known_noise: np.ndarray | None = None,
    pivot: float | None = None,
    others: Sequence["Belief"] = (),
    draws: int = DRAWS,
) -> Belief:
    """Fit the outcome on the scales that make the records most likely.

    Parameters
    ----------
    points : shape (records, settings). values : shape (records,), all finite.
    known_noise : standard deviation of each record, NaN where it is not known.
    pivot : limit or target about which the outcome may bend.
    others : beliefs of other campaigns about the same outcome; they are used as far as they foretell these records.
    draws : how many plausible processes to average over; 0 for the likeliest alone.
    """
    weights = noise_weights(points, values, known_noise)
    prior = Prior.of(space.number_columns, space.encoded(points))
    best: Belief | None = None
    best_evidence = -np.inf
    for scale in candidate_scales(values, pivot):
        for logarithmic in (False, True) if space.many_fold else (False,):
            columns = space.encoded(points, logarithmic=logarithmic)
            process = fit(columns, scale.forward(values), weights=weights, prior=prior, restarts=1, steps=FEW_STEPS)
            evidence = process.evidence + scale.log_slope(values)
            if best is None or evidence > best_evidence:
                best = Belief(space=space, scale=scale, process=process, logarithmic=logarithmic)
                best_evidence = evidence
    if best is None:
        raise ValueError("expected at least one scale")
    borrowed = borrowed_shares(best, points, values, weights, others)
    best = replace(best, borrowed=borrowed)
    process = fit(
        best.columns(points),
        best.scale.forward(values) - best.lent(points),
        weights=weights,
        prior=prior,
        restarts=3,
        steps=ALL_STEPS,
        start=logarithms(best.process),
    )
    return replace(best, process=process, plausible=plausible(process, prior, draws) if draws else ())


def said_elsewhere(other: Belief, scale: OutcomeScale, points: np.ndarray) -> np.ndarray:
    """What another campaign expects at the points, on this model's scale; within ten deviations of what was seen here."""
    expected = other.scale.backward(other.predict(points)[0])
    return np.asarray(np.clip(scale.forward(expected), -10.0, 10.0))


def borrowed_shares(
    belief: Belief, points: np.ndarray, values: np.ndarray, weights: np.ndarray, others: Sequence[Belief]
) -> tuple[tuple[float, Belief], ...]:
    """How much to believe each other campaign: by how well records left out are foretold with its help and without any.

    Each campaign, and none at all, gets a weight in proportion to the likelihood of every record given the others (Feurer et al.
    2018 weigh by ranks instead). A campaign that misleads foretells worse than none and gets next to nothing.
    """
    if not others:
        return ()
    outcomes = belief.scale.forward(values)
    prior = Prior.of(belief.space.number_columns, belief.columns(points))
    scores = []
    for other in (None, *others):
        rest = outcomes if other is None else outcomes - said_elsewhere(other, belief.scale, points)
        process = fit(belief.columns(points), rest, weights=weights, prior=prior, restarts=1, steps=2 * FEW_STEPS)
        mean, deviation = process.left_out()
        scores.append(float(stats.norm.logpdf(rest, mean, deviation).sum()))
    shares = np.exp(np.array(scores) - max(scores))
    shares /= shares.sum()
    return tuple((float(share), other) for share, other in zip(shares[1:], others, strict=True) if share > 0.01)


def noise_weights(points: np.ndarray, values: np.ndarray, known: np.ndarray | None) -> np.ndarray:
    """Noise variance of each record relative to a common one; shape (records,).

    Known deviations decide where they are given. Otherwise settings that were repeated get the variance of their repeats, drawn
    towards the common one as if that rested on four more degrees of freedom (moderated variances, Smyth 2004).
    """
    weights = np.ones(len(values))
    _, group = np.unique(np.round(points, 9), axis=0, return_inverse=True)
    group = group.ravel()
    counts = np.bincount(group)
    if np.any(counts > 1):
        means = np.bincount(group, values) / counts
        squares = np.bincount(group, (values - means[group]) ** 2)
        common = squares.sum() / (counts - 1).sum()
        if common > 0:
            own = (REPLICATE_PRIOR * common + squares) / ((REPLICATE_PRIOR + counts - 1) * common)
            weights = own[group]
    if known is not None and np.isfinite(known).any():
        given = np.isfinite(known) & (known >= 0)
        common = float(np.mean(known[given] ** 2)) or 1.0
        weights = np.where(given, np.maximum(known, 0.0) ** 2 / common, weights)
    return np.asarray(np.clip(weights, 0.01, 100.0))
