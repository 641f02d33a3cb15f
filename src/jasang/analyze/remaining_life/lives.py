"""Lives of things that were used until they failed or were taken out whole, from events or from a counter that is set back."""

from dataclasses import dataclass

import numpy as np

LEAST_FAILURES = 5  # fewer give an interval for the shape from wear-out to infant death: no statement


class TooFewFailures(ValueError):
    """There are not enough failures to say how long things last."""

    def __init__(self, found: int, needed: int = LEAST_FAILURES) -> None:
        super().__init__(f"{found} failures recorded, at least {needed} are needed")
        self.found = found
        self.needed = needed


@dataclass(frozen=True, slots=True, kw_only=True)
class Lives:
    """How long each thing was used and whether it failed then.

    `duration` is in any unit (h, min, cycles, pieces), above 0; `failed` is False where it was taken out whole or still runs
    (right-censored). Both have shape (lives,).
    """

    duration: np.ndarray
    failed: np.ndarray

    def __post_init__(self) -> None:
        if self.duration.shape != self.failed.shape or self.duration.ndim != 1:
            raise ValueError(f"duration has shape {self.duration.shape}, failed {self.failed.shape}")
        if not (np.isfinite(self.duration).all() and (self.duration > 0).all()):
            raise ValueError("every duration must be a number above 0")
        if self.failed.dtype != bool:
            raise ValueError(f"failed must hold truth values, found {self.failed.dtype}")

    @property
    def failures(self) -> int:
        """Number of failures."""
        return int(self.failed.sum())


def lives_from_resets(counter: np.ndarray, failed: np.ndarray) -> Lives:
    """Lives from a counter of use that falls back when the thing is replaced (tool wear in min, strokes since service).

    Parameters
    ----------
    counter : use since new, in order of time, NaN where unknown, shape (rows,)
    failed : whether the thing failed at that row, shape (rows,)

    The last stretch, still running, is censored; a thing that failed lived until its failure.
    """
    known = ~np.isnan(counter)
    use, wrong = counter[known], np.asarray(failed)[known] > 0.5
    if use.size == 0:
        raise ValueError("the counter holds no value")
    start = np.flatnonzero(np.concatenate([[True], np.diff(use) < 0]))
    end = np.append(start[1:], use.size)
    duration, failures = [], []
    for first, last in zip(start.tolist(), end.tolist(), strict=True):
        at = np.flatnonzero(wrong[first:last])
        duration.append(float(use[first:last].max() if not at.size else use[first + at[-1]]))
        failures.append(bool(at.size))
    lived = np.array(duration) > 0
    return Lives(duration=np.array(duration)[lived], failed=np.array(failures)[lived])


def lives_from_events(
    failures: np.ndarray, until: float, replacements: np.ndarray | None = None, start: float = 0.0
) -> Lives:
    """Lives between failures of one machine, each repair as good as new.

    Parameters
    ----------
    failures : times of failures, any unit, shape (n,)
    until : end of the record; what runs then is censored
    replacements : times at which the thing was taken out whole (planned); start : begin of the record
    """
    planned = np.empty(0) if replacements is None else np.asarray(replacements, dtype=np.float64)
    times = np.concatenate([np.asarray(failures, dtype=np.float64), planned, [until]])
    ended = np.concatenate([np.ones(len(failures), bool), np.zeros(planned.size + 1, bool)])
    order = np.argsort(times, kind="stable")
    duration = np.diff(np.concatenate([[start], times[order]]))
    lived = duration > 0
    return Lives(duration=duration[lived], failed=ended[order][lived])
