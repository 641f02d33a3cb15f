"""Effects that come later: an upstream station moves the outcome downstream, after a lag that is found, or joined by unit id."""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from jasang.analyze.causes.named_columns import codes_of
from jasang.analyze.drivers.contrast import Contrast, judge
from jasang.analyze.drivers.layout import BLOCK_ROWS, LEAST_BLOCKS, Layout, lay_out, rows_a_block
from jasang.analyze.drivers.scan import fit_chance, signs

_MOST_LAGS = 160
_RESAMPLES = 400
_CHUNK = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class LaggedEffect:
    """The outcome against an upstream value `lag` seconds earlier (95 % interval `lag_low` to `lag_high`).

    `slope` is the change of the outcome for one standard deviation `spread` of the upstream column, in the outcome's unit, with
    its 95 % interval; strata and slow course are taken out. `p_value` allows for every lag tried. `aligned` is the upstream value
    that belongs to each downstream row at that lag, shape (rows,), NaN where there is none.
    """

    lag: float
    lag_low: float
    lag_high: float
    slope: float
    low: float
    high: float
    spread: float
    p_value: float
    strength: float
    aligned: np.ndarray


@dataclass(frozen=True, slots=True, kw_only=True)
class IdJoin:
    """Two tables joined by unit or lot: `rows[i]` is the upstream row of downstream row i, -1 where there is none.

    `matched` is the share of downstream rows with a partner; `lag` the median time between both in s, `lag_low` and `lag_high`
    the middle 95 % of them; NaN without times.
    """

    rows: np.ndarray
    matched: float
    lag: float
    lag_low: float
    lag_high: float


def aligned_at(
    upstream_seconds: np.ndarray, values: np.ndarray, downstream_seconds: np.ndarray, lag: float
) -> np.ndarray:
    """The last upstream value at or before each downstream moment less `lag`; NaN before the first. Shape (downstream rows,).

    `upstream_seconds` ascending; times in s.
    """
    place = np.searchsorted(upstream_seconds, downstream_seconds - lag, side="right") - 1
    found: np.ndarray = np.where(place >= 0, values[np.maximum(place, 0)], np.nan)
    return found


def join_by_id(
    upstream: np.ndarray,
    downstream: np.ndarray,
    *,
    upstream_seconds: np.ndarray | None = None,
    downstream_seconds: np.ndarray | None = None,
) -> IdJoin:
    """Match downstream rows to upstream rows of the same id (texts or numbers); of several the latest before it in the file.

    Examples
    --------
    >>> join_by_id(np.array(["L1", "L2", "L3"]), np.array(["L2", "L2", "L9", "L1"])).rows.tolist()
    [1, 1, -1, 0]
    """
    first = np.array([_plain(value) for value in upstream.tolist()])
    second = np.array([_plain(value) for value in downstream.tolist()])
    last = {name: row for row, name in enumerate(first.tolist()) if name}
    rows = np.array([last.get(name, -1) for name in second.tolist()], dtype=np.int64)
    met = rows >= 0
    lags = np.full(3, np.nan)
    if upstream_seconds is not None and downstream_seconds is not None and met.any():
        apart = downstream_seconds[met] - upstream_seconds[rows[met]]
        if np.isfinite(apart).any():
            lags = np.nanquantile(apart, [0.5, 0.025, 0.975])
    return IdJoin(rows=rows, matched=float(met.mean()) if met.size else 0.0,
                  lag=float(lags[0]), lag_low=float(lags[1]), lag_high=float(lags[2]))  # fmt: skip


def lagged_effect(
    upstream_seconds: np.ndarray,
    values: np.ndarray,
    downstream_seconds: np.ndarray,
    outcome: np.ndarray,
    *,
    longest: float = 86_400.0,
    shortest: float = 0.0,
    strata: np.ndarray | None = None,
    day: np.ndarray | None = None,
    alpha: float = 0.01,
    tried: int = 1,
    seed: int = 0,
) -> LaggedEffect | None:
    """The lag at which an upstream column moves most clearly with the downstream outcome, `None` when no lag does.

    Parameters
    ----------
    upstream_seconds, values : the upstream record, shape (m,); sorted here. Times in s.
    downstream_seconds, outcome : shape (rows,), rows in order of time; outcome 0/1 or a number, NaN = unknown.
    longest, shortest : lags looked at, in s.
    strata : product (on machine) of the downstream rows. `day`: number of their local day, for the blocks of time.
    alpha : chance of a false effect over all lags and `tried` columns.

    Notes
    -----
    Scores are sums over blocks of time with errors that follow slow waves (Newey & West), chance is by random signs of blocks
    over all lags. The lag's interval is the middle 95 % of the clearest lags of 400 resamples of blocks, and no narrower than
    the upstream record's own step.
    """
    order = np.argsort(upstream_seconds, kind="stable")
    order = order[~np.isnan(upstream_seconds[order]) & ~np.isnan(values[order])]
    when, level = upstream_seconds[order], values[order]
    used = np.flatnonzero(~np.isnan(outcome) & ~np.isnan(downstream_seconds))
    if level.size < 30 or float(level.std()) == 0 or used.size < 12 * LEAST_BLOCKS:
        return None
    seconds, target = downstream_seconds[used], outcome[used]
    binary = bool(np.isin(target, (0.0, 1.0)).all())
    least = BLOCK_ROWS if binary else rows_a_block(target)
    layout = lay_out(
        np.full(used.size, -1), codes_of(strata, outcome.size)[used], None if day is None else day[used], least
    )
    residual = layout.residual(target)
    step = max(float(np.median(np.diff(when))), 1e-6)
    coarse = np.linspace(shortest, longest, min(_MOST_LAGS, max(2, int((longest - shortest) / step) + 1)))
    scan = _Scan(when, level, seconds, residual, layout)
    best, strength = scan.best(coarse, seed)
    strength -= float(np.log10(max(tried, 1)))
    if best is None or strength < -np.log10(alpha):
        return None
    apart = float(coarse[1] - coarse[0])
    fine = best + np.arange(-1.5 * apart, 1.5 * apart + step / 2, max(step, apart / 20))
    fine = fine[(fine >= shortest) & (fine <= longest)]
    lags = np.unique(np.concatenate([coarse, fine]))
    lag, low, high = scan.lag_interval(lags, seed)
    # The record upstream is known at its own steps only.
    low, high = min(low, lag - step / 2), max(high, lag + step / 2)
    return _effect(scan, lag, max(low, shortest), high, strength, downstream_seconds, when, level)


class _Scan:
    """Scores of lags; what is summed over blocks is kept for the resampling."""

    def __init__(
        self, when: np.ndarray, level: np.ndarray, seconds: np.ndarray, residual: np.ndarray, layout: Layout
    ) -> None:
        self.when, self.level, self.seconds, self.residual, self.layout = when, level, seconds, residual, layout

    def moved(self, lag: float) -> np.ndarray:
        """The aligned column without strata and slow course, 0 where missing; shape (rows,)."""
        found = aligned_at(self.when, self.level, self.seconds, lag)
        known = ~np.isnan(found)
        filled = np.where(known, found - found[known].mean() if known.any() else 0.0, 0.0)
        left: np.ndarray = self.layout.residual(filled)
        left[~known] = 0.0
        return left

    def sums(self, lags: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Σ x r and Σ x² by block, shape (blocks, lags)."""
        gain = np.zeros((self.layout.blocks, lags.size))
        weight = np.zeros_like(gain)
        for place, lag in enumerate(lags):
            moved = self.moved(float(lag))
            gain[:, place] = np.bincount(self.layout.block, weights=moved * self.residual, minlength=self.layout.blocks)
            weight[:, place] = np.bincount(self.layout.block, weights=moved**2, minlength=self.layout.blocks)
        return gain, weight

    def best(self, lags: np.ndarray, seed: int) -> tuple[float | None, float]:
        """The clearest lag and -log10 of its p-value over all lags."""
        gain, weight = self.sums(lags)
        floor = float((self.residual**2).mean()) * weight.sum(axis=0)
        judged = judge(Contrast(gain=gain, weight=weight, floor=floor), 1.0, follow=True)
        flips = signs(self.layout.blocks, seed).astype(np.float64)
        size = np.sqrt(np.maximum((judged.parts**2).sum(axis=0), 1e-12))
        flipped = np.abs(flips @ (judged.parts / size)).max(axis=1)
        score = np.abs(judged.score)
        if not np.isfinite(score).any() or score.max() <= 0:
            return None, 0.0
        chance = fit_chance(flipped)
        return float(lags[int(score.argmax())]), chance.decades(float(score.max()))

    def lag_interval(self, lags: np.ndarray, seed: int) -> tuple[float, float, float]:
        """The clearest of the lags and the middle 95 % of the clearest under resampling of blocks."""
        gain, weight = self.sums(lags)
        rng = np.random.default_rng(seed)
        drawn = rng.multinomial(gain.shape[0], np.full(gain.shape[0], 1 / gain.shape[0]), size=_RESAMPLES)

        def explained(total: np.ndarray, size: np.ndarray) -> np.ndarray:
            found: np.ndarray = total**2 / np.maximum(size, 1e-12)
            return found

        whole = explained(gain.sum(axis=0), weight.sum(axis=0))
        chosen = lags[explained(drawn @ gain, drawn @ weight).argmax(axis=1)]
        low, high = np.quantile(chosen, [0.025, 0.975])
        return float(lags[int(whole.argmax())]), float(low), float(high)


def _effect(
    scan: _Scan,
    lag: float,
    lag_low: float,
    lag_high: float,
    strength: float,
    downstream_seconds: np.ndarray,
    when: np.ndarray,
    level: np.ndarray,
) -> LaggedEffect:
    """The slope at the lag, per standard deviation of the column as it met the downstream rows."""
    moved, layout = scan.moved(lag), scan.layout
    spread = float(moved.std())
    weight = float(moved @ moved)
    slope = float(moved @ scan.residual) / weight
    around = np.bincount(layout.block, weights=moved * (scan.residual - slope * moved), minlength=layout.blocks)
    own = np.bincount(layout.block, weights=moved**2, minlength=layout.blocks)
    effective = float(own.sum() ** 2 / max(float(own @ own), 1e-12))
    following = 2 * sum((1 - k / 6) * float(around[k:] @ around[:-k]) for k in range(1, 6))
    error = float(np.sqrt((around**2).sum() + max(following, 0.0))) / weight
    reach = float(stats.t.ppf(0.975, max(effective - 1, 2.0))) * error
    return LaggedEffect(
        lag=lag,
        lag_low=lag_low,
        lag_high=lag_high,
        slope=slope * spread,
        low=(slope - reach) * spread,
        high=(slope + reach) * spread,
        spread=spread,
        p_value=10.0**-strength,
        strength=strength,
        aligned=aligned_at(when, level, downstream_seconds, lag),
    )


def _plain(value: object) -> str:
    """An id as text: "12.0" read as a number and "12" read as a text are the same lot."""
    if value is None:
        return ""
    if isinstance(value, float):
        if value != value:
            return ""
        return str(int(value)) if value.is_integer() else str(value)
    return str(value).strip()
