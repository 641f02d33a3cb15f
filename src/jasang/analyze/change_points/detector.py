"""Changes of level that a process in control would not show: when, how large, and how sure.

A row of block means is compared with templates (a lasting step, a ramp, an excursion that ended) under every noise of
`noise_models`; both the noise and the template are fitted by likelihood. The p-value holds for white, autocorrelated and
wandering processes alike (docs/statistics.md shows the simulation).
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from scipy import stats
from scipy.linalg import cholesky, solve_triangular
from threadpoolctl import ThreadpoolController

from jasang.analyze.noise_models import Noise, noise_family

FEWEST_BLOCKS = 12
MOST_BLOCKS = 128
SHORTEST_SEGMENT = 0.05  # of the row; a change in the last few blocks cannot be told from chance
RAMP_WIDTHS = (4, 8, 16, 24, 32, 48, 64)  # in 64ths of the row
EXCURSION_WIDTHS = (4, 6, 8, 12, 16, 24, 32, 40)
# Effective number of templates per block in the p-value: the largest of 7 noises × 6 row lengths × 40,000 simulated rows
# (white, autoregressive, 1/f, random walk, sawtooth; m = 16 to 128) was 41 at p = 0.0003, for a random walk.
TEMPLATES_PER_BLOCK = 41.0
# Fall of log-likelihood that bounds the 95 % interval of the onset: chi-square(1) would give 1.9, but the likelihood of a change
# point is not smooth; 5.0 holds about 95 % in simulation (docs/statistics.md).
ONSET_FALL = 5.0

# Many small products of matrices: threads of the linear algebra would only wait for one another.
_THREADS = ThreadpoolController()

Kind = Literal["step", "ramp", "excursion"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """The best supported change in one row of block means.

    `start` and `end` are block positions (0 = before the first block): a step has `start == end`, a ramp rises between them, an
    excursion lies between them. `size` is the change in the unit of the values with its 95 % interval; `onset` is the 95 %
    interval of `start`. `p` allows for all templates and noises tried on this row, not for other rows; `p_with_home` leaves out
    the random walks, which explain any slow drift: it asks whether a process that always comes back may look so. `wanders` says
    that the process also moves far and slowly without the change. `fitted` has shape (m,), mean not included.
    """

    kind: Kind
    start: float
    end: float
    size: float
    low: float
    high: float
    onset: tuple[float, float]
    p: float
    p_with_home: float
    wanders: bool
    noise: str
    fitted: np.ndarray


@dataclass(frozen=True, slots=True, kw_only=True)
class _Whitened:
    noise: Noise
    rows: np.ndarray  # shape (f, m): takes block means to independent values of equal variance
    templates: np.ndarray  # shape (f, t), unit length
    lengths: np.ndarray  # shape (t,)
    log_determinant: float


class ChangeDetector:
    """Finds changes in rows of m block means.

    Parameters
    ----------
    m : int
        Number of blocks, 12 to 128.
    nuisance : ndarray, shape (m, k), optional
        What may move the means without being a change: shares of products in each block, the daily cycle, a setting. Its effect
        is fitted together with every template, so a change that it explains is none.
    """

    def __init__(self, m: int, nuisance: np.ndarray | None = None) -> None:
        if not FEWEST_BLOCKS <= m <= MOST_BLOCKS:
            raise ValueError(f"a change needs {FEWEST_BLOCKS} to {MOST_BLOCKS} blocks, got {m}")
        self.m = m
        shapes, self.kinds, self.starts, self.ends = _templates(m)
        contrasts = _contrasts(m, nuisance)
        self.freedom = contrasts.shape[0]
        if self.freedom < 8:
            raise ValueError(f"{m} blocks less {m - self.freedom} nuisances leave too little to judge by")
        # What a nuisance explains wholly is no template.
        kept = np.linalg.norm(contrasts @ shapes.T, axis=0) > 0.05 * np.linalg.norm(
            shapes - shapes.mean(1)[:, None], axis=1
        )
        self.shapes = shapes[kept]
        self.kinds, self.starts, self.ends = self.kinds[kept], self.starts[kept], self.ends[kept]
        with _THREADS.limit(limits=1, user_api="blas"):
            self._whitened = [_whiten(noise, contrasts, self.shapes) for noise in noise_family(m)]

    def find(self, means: np.ndarray) -> list[Change]:
        """The best supported change of every row of block means, shape (n, m), finite; look at `p` before believing it."""
        means = np.asarray(means, dtype=np.float64)
        if means.ndim != 2 or means.shape[1] != self.m or not np.isfinite(means).all():
            raise ValueError(f"expected finite block means of shape (n, {self.m}), got {means.shape}")
        if self.shapes.shape[0] == 0:
            return [self._nothing() for _ in means]
        with _THREADS.limit(limits=1, user_api="blas"):
            return self._find(means)

    def _find(self, means: np.ndarray) -> list[Change]:
        n = means.shape[0]
        spread = means.std(axis=1)
        # A constant row has no noise to judge by; it has no change either. The floor is rounding error.
        scaled = (means - means.mean(axis=1, keepdims=True)) / np.where(spread > 0, spread, 1.0)[:, None]
        quiet = np.full((2, n), -np.inf)  # under noises with a home, under all
        home = np.full(n, -np.inf)
        changed = np.full((2, n), -np.inf)  # among steady noises, among all
        choice = np.zeros((2, 2, n), dtype=np.int64)
        for place, white in enumerate(self._whitened):
            z = scaled @ white.rows.T
            power = np.einsum("ij,ij->i", z, z) + 1e-9
            matched = np.square(z @ white.templates)
            best = np.argmax(matched, axis=1)
            left = np.maximum(power - matched[np.arange(n), best], 1e-9)
            without = -0.5 * (self.freedom * np.log(power) + white.log_determinant)
            likelihood = -0.5 * (self.freedom * np.log(left) + white.log_determinant)
            quiet[1] = np.maximum(quiet[1], without)
            if white.noise.has_home:
                quiet[0], home = np.maximum(quiet[0], without), np.maximum(home, likelihood)
            for group in (0, 1) if not white.noise.wanders else (1,):
                better = likelihood > changed[group]
                changed[group][better] = likelihood[better]
                choice[group, 0][better], choice[group, 1][better] = place, best[better]
        ratios = 2.0 * np.maximum(np.stack([home, changed[1]]) - quiet, 0.0)
        return [
            self._change(means[row], ratios[:, row], changed[:, row], choice[:, :, row], float(spread[row]))
            for row in range(n)
        ]

    def _change(
        self, means: np.ndarray, ratios: np.ndarray, likelihoods: np.ndarray, choice: np.ndarray, spread: float
    ) -> Change:
        if spread <= 0:
            return self._nothing()
        # Steady noise is believed unless a wander is clearly better.
        wanders = bool(likelihoods[1] - likelihoods[0] > 1.5)
        place, best = (int(part) for part in choice[1 if wanders else 0])
        white = self._whitened[place]
        z = white.rows @ means
        matched = z @ white.templates
        left = np.maximum(float(z @ z) - matched**2, 1e-12 * float(z @ z) + 1e-300)
        size = float(matched[best] / white.lengths[best])
        error = float(np.sqrt(left[best] / (self.freedom - 1)) / white.lengths[best])
        reach = float(stats.t.ppf(0.975, self.freedom - 1)) * error
        fall = 0.5 * self.freedom * np.log(left / left[best])
        near = self.starts[(fall <= ONSET_FALL) & (self.kinds == self.kinds[best])]
        return Change(
            kind=self.kinds[best],
            start=float(self.starts[best]),
            end=float(self.ends[best]),
            size=size,
            low=size - reach,
            high=size + reach,
            onset=(max(0.0, float(near.min()) - 0.5), min(float(self.m), float(near.max()) + 0.5)),
            p=self.p_value(float(ratios[1])),
            p_with_home=self.p_value(float(ratios[0])),
            wanders=wanders,
            noise=white.noise.name,
            fitted=size * self.shapes[best],
        )

    def _nothing(self) -> Change:
        return Change(
            kind="step", start=0.0, end=0.0, size=0.0, low=0.0, high=0.0, onset=(0.0, 0.0), p=1.0, p_with_home=1.0, wanders=False,
            noise="white", fitted=np.zeros(self.m),
        )  # fmt: skip

    def plainest_ramp(self, means: np.ndarray) -> tuple[Change, float] | None:
        """The ramp to the end of the row, shape (m,), that fits best under white noise, and the share of variance it explains.

        It says what the eye sees; its p-value is 1, because a slow wander may look the same: see `chance_of`.
        """
        white = self._whitened[0]
        to_end = np.flatnonzero((self.kinds == "ramp") & (self.ends >= 0.97 * self.m))
        z = white.rows @ means
        power = float(z @ z)
        if to_end.size == 0 or power <= 0:
            return None
        matched = z @ white.templates[:, to_end]
        place = int(np.argmax(matched**2))
        best = int(to_end[place])
        share = float(matched[place] ** 2 / power)
        size = float(matched[place] / white.lengths[best])
        error = float(np.sqrt(power * (1.0 - share) / (self.freedom - 1)) / white.lengths[best])
        ramp = Change(
            kind="ramp", start=float(self.starts[best]), end=float(self.ends[best]), size=size, low=size - 2 * error,
            high=size + 2 * error, onset=(float(self.starts[best]),) * 2, p=1.0, p_with_home=1.0, wanders=False,
            noise="white", fitted=size * self.shapes[best],
        )  # fmt: skip
        return ramp, share

    def chance_of(self, means: np.ndarray, change: Change) -> float:
        """`p_with_home` of one given change in a row of block means, shape (m,): of itself, not of the best there is."""
        same = (self.kinds == change.kind) & (self.starts == change.start) & (self.ends == change.end)
        if not same.any() or float(means.std()) <= 0:
            return 1.0
        place = int(np.argmax(same))
        scaled = (means - means.mean()) / means.std()
        quiet = changed = -np.inf
        for white in self._whitened:
            if not white.noise.has_home:
                continue
            z = white.rows @ scaled
            power = float(z @ z) + 1e-9
            left = max(power - float(z @ white.templates[:, place]) ** 2, 1e-9)
            quiet = max(quiet, -0.5 * (self.freedom * float(np.log(power)) + white.log_determinant))
            changed = max(changed, -0.5 * (self.freedom * float(np.log(left)) + white.log_determinant))
        return self.p_value(2.0 * max(changed - quiet, 0.0))

    def p_value(self, ratio: float) -> float:
        """Chance that the likelihood ratio of the best template is `ratio` or more in a process without a change."""
        freedom = self.freedom
        with np.errstate(over="ignore"):
            f = (freedom - 1) * np.expm1(ratio / freedom)
        return float(min(1.0, TEMPLATES_PER_BLOCK * self.m * stats.f.sf(f, 1, max(1, freedom - 2))))


@lru_cache(maxsize=16)
def plain_detector(m: int) -> ChangeDetector:
    """The detector for m blocks without nuisances, kept: it is the same for every series."""
    return ChangeDetector(m)


def _templates(m: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Shapes (t, m) of the changes looked for, with their kinds, starts and ends in blocks."""
    edge = max(3, round(SHORTEST_SEGMENT * m))
    middle = np.arange(m) + 0.5
    rows: list[tuple[np.ndarray, Kind, float, float]] = [
        ((middle > at).astype(np.float64), "step", at, at) for at in range(edge, m - edge + 1)
    ]
    for at in [0, *range(edge, m - edge + 1, 2)]:
        ends = {at + width * m / 64 for width in RAMP_WIDTHS if at + width * m / 64 <= m + 1}
        if m - at >= 0.15 * m:
            ends.add(float(m))
        rows += [(np.clip((middle - at) / (end - at), 0.0, 1.0), "ramp", at, end) for end in sorted(ends)]
    for at in range(edge, m - 2 * edge, 2):
        for end in (at + width * m / 64 for width in EXCURSION_WIDTHS):
            if end <= m - edge:
                rows.append((((middle > at) & (middle <= end)).astype(np.float64), "excursion", at, end))
    return (
        np.array([row[0] for row in rows]),
        np.array([row[1] for row in rows], dtype=object),
        np.array([row[2] for row in rows], dtype=np.float64),
        np.array([row[3] for row in rows], dtype=np.float64),
    )


def _contrasts(m: int, nuisance: np.ndarray | None) -> np.ndarray:
    """Orthonormal rows, shape (f, m), free of the mean and of every nuisance."""
    columns = [np.ones(m)]
    if nuisance is not None:
        if nuisance.shape[0] != m or not np.isfinite(nuisance).all():
            raise ValueError(f"expected finite nuisances of shape ({m}, k), got {nuisance.shape}")
        centred = nuisance - nuisance.mean(axis=0)
        scale = centred.std(axis=0)
        columns += [centred[:, k] / scale[k] for k in np.flatnonzero(scale > 1e-12)]
    design = np.column_stack(columns)
    left, sizes, _ = np.linalg.svd(design, full_matrices=True)
    rank = int((sizes > 1e-8 * sizes[0]).sum())
    return np.asarray(left[:, rank:].T)


def _whiten(noise: Noise, contrasts: np.ndarray, shapes: np.ndarray) -> _Whitened:
    factor = cholesky(contrasts @ noise.covariance @ contrasts.T, lower=True, check_finite=False)
    rows = solve_triangular(factor, contrasts, lower=True, check_finite=False)
    templates = rows @ shapes.T
    lengths = np.sqrt(np.einsum("ij,ij->j", templates, templates))
    return _Whitened(
        noise=noise,
        rows=rows,
        templates=np.divide(templates, lengths, out=templates),
        lengths=lengths,
        log_determinant=2.0 * float(np.log(np.diag(factor)).sum()),
    )
