"""Settings as columns of a model: lines, curves, products of two, one smooth surface over all, named levels.

Every block of columns has a penalty of its own, so that the data decide how much curve they carry.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

_KNOTS = np.linspace(-1.25, 1.25, 8)
_WIDTH = 0.5  # of a one-dimensional bump, in half ranges
_LANDMARKS = 48
_REACH = 1.6  # settings beyond it are taken at it: a curve is not drawn on where nothing was seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """Centre and half range (2nd to 98th percentile) of a numeric setting: about −1 to 1 inside the data."""

    centre: float
    half: float

    def scaled(self, values: np.ndarray) -> np.ndarray:
        """Values in half ranges from the centre."""
        return np.clip((values - self.centre) / self.half, -_REACH, _REACH)


def scale_of(values: np.ndarray) -> Scale:
    """The scale of a column, from its known values; a column that does not move has half range 1."""
    low, high = np.nanquantile(values, [0.02, 0.98])
    if high <= low:
        low, high = np.nanmin(values), np.nanmax(values)
    half = float(high - low) / 2
    return Scale(centre=float(high + low) / 2, half=half if half > 0 else 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingBasis:
    """How settings become columns. `scales` has one entry a numeric setting, `levels` the number of levels of a named one."""

    scales: tuple[Scale, ...]
    curved: tuple[bool, ...]  # three or more values were seen: a curve can be told from a line
    levels: tuple[int, ...]
    landmarks: np.ndarray  # (landmarks, numeric settings), scaled
    roots: tuple[np.ndarray, np.ndarray]  # inverse roots of the kernels of bumps and of landmarks
    bent: bool = (
        True  # with straight lines and squares; without, away from the records the surface goes back to its mean
    )

    def columns(self, numbers: np.ndarray, codes: np.ndarray) -> tuple[np.ndarray, tuple[np.ndarray, ...]]:
        """Columns (rows, p) of settings `numbers` (rows, numeric) and `codes` (rows, named), and the places of each block."""
        z = np.column_stack([s.scaled(numbers[:, j]) for j, s in enumerate(self.scales)] or [np.empty((len(codes), 0))])
        parts: list[np.ndarray] = []
        blocks: list[np.ndarray] = []

        def add(block: np.ndarray) -> None:
            start = sum(part.shape[1] for part in parts)
            parts.append(block)
            blocks.append(np.arange(start, start + block.shape[1]))

        for j, curved in enumerate(self.curved):
            if self.bent or not curved:
                add(np.column_stack([z[:, j], z[:, j] ** 2]) if curved else z[:, [j]])
            if curved:
                add(_bumps(z[:, [j]], _KNOTS[:, None], _WIDTH) @ self.roots[0])
        pairs = list(combinations(range(z.shape[1]), 2))
        if pairs:
            if self.bent:
                add(np.column_stack([z[:, a] * z[:, b] for a, b in pairs]))
            add(_bumps(z, self.landmarks, _joint_width(z.shape[1])) @ self.roots[1])
        for place, count in enumerate(self.levels):
            named = (codes[:, [place]] == np.arange(count)).astype(np.float64)
            add(named)
            if z.shape[1]:
                both = [named * z[:, [j]] ** power for j in range(z.shape[1]) for power in (1, 2)]
                add(np.hstack(both))
        return np.hstack(parts) if parts else np.empty((len(codes), 0)), tuple(blocks)


def setting_basis(numbers: np.ndarray, levels: Sequence[int], *, seed: int = 0) -> SettingBasis:
    """The basis that suits these records: `numbers` (rows, numeric settings) and the count of `levels` of each named one."""
    scales = tuple(scale_of(numbers[:, j]) for j in range(numbers.shape[1]))
    curved = tuple(np.unique(numbers[:2000, j]).size > 2 for j in range(numbers.shape[1]))
    landmarks = np.empty((0, numbers.shape[1]))
    if numbers.shape[1] > 1:
        z = np.column_stack([scale.scaled(numbers[:, j]) for j, scale in enumerate(scales)])
        landmarks = _spread_out(z, seed)
    return SettingBasis(
        scales=scales,
        curved=curved,
        levels=tuple(levels),
        landmarks=landmarks,
        roots=(
            _inverse_root(_bumps(_KNOTS[:, None], _KNOTS[:, None], _WIDTH)),
            _inverse_root(_bumps(landmarks, landmarks, _joint_width(landmarks.shape[1]))),
        ),
    )


def _joint_width(count: int) -> float:
    return 0.8 * float(np.sqrt(max(count, 1)))


def _bumps(z: np.ndarray, at: np.ndarray, width: float) -> np.ndarray:
    """Gaussian bumps: (rows, settings) and (places, settings) to (rows, places)."""
    square = (z**2).sum(1)[:, None] + (at**2).sum(1)[None, :] - 2 * z @ at.T
    bumps: np.ndarray = np.exp(-0.5 * np.maximum(square, 0.0) / width**2)
    return bumps


def _inverse_root(kernel: np.ndarray) -> np.ndarray:
    """Root of the inverse of a kernel, without the directions that carry nothing."""
    if not kernel.size:
        return kernel
    values, vectors = np.linalg.eigh(kernel)
    keep = values > 1e-4 * values.max()
    root: np.ndarray = vectors[:, keep] / np.sqrt(values[keep])
    return root


def _spread_out(z: np.ndarray, seed: int) -> np.ndarray:
    """Rows far from each other, so that the surface has bumps wherever the settings have been."""
    some = z[np.random.default_rng(seed).permutation(len(z))[:1500]]
    chosen = [0]
    nearest = ((some - some[0]) ** 2).sum(1)
    for _ in range(min(_LANDMARKS, len(some)) - 1):
        if nearest.max() < 1e-6:
            break
        chosen.append(int(nearest.argmax()))
        nearest = np.minimum(nearest, ((some - some[chosen[-1]]) ** 2).sum(1))
    spread: np.ndarray = some[chosen]
    return spread
