"""Effects of an experiment without repeats, judged by their own scatter (Lenth 1989, Technometrics 31:469)."""

from functools import lru_cache

import numpy as np


def pseudo_standard_error(contrasts: np.ndarray) -> float:
    """The scatter of contrasts (shape (m,)) most of which are nothing but error."""
    sizes = np.abs(contrasts)
    first = 1.5 * float(np.median(sizes))
    small = sizes[sizes < 2.5 * first]
    return 1.5 * float(np.median(small)) if small.size else first


def lenth_p(contrasts: np.ndarray) -> np.ndarray:
    """For each contrast the chance of so large a ratio to the pseudo standard error where nothing matters.

    By simulation of m independent contrasts (Ye and Hamada 2000), because Lenth's t with m/3 degrees is only near.
    """
    scale = pseudo_standard_error(contrasts)
    null = _null(contrasts.size)
    ratios = np.abs(contrasts) / scale if scale > 0 else np.full(contrasts.size, np.inf)
    beyond = null.size - np.searchsorted(null, ratios, side="left")
    chance: np.ndarray = np.maximum(beyond, 1) / null.size
    return chance


@lru_cache(maxsize=32)
def _null(m: int, draws: int = 20_000) -> np.ndarray:
    rng = np.random.default_rng(m)
    drawn = np.abs(rng.standard_normal((draws, m)))
    first = 1.5 * np.median(drawn, axis=1, keepdims=True)
    small = np.where(drawn < 2.5 * first, drawn, np.nan)
    scale = 1.5 * np.nanmedian(small, axis=1, keepdims=True)
    ratios: np.ndarray = np.sort((drawn / scale).ravel())
    return ratios
