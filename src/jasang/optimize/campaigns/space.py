"""The settings as a unit cube: encoding, rounding to what the machine takes, and points that keep the limits between settings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.stats import qmc

from jasang.optimize.campaigns.setting import Setting, SettingLimit, Value


@dataclass(frozen=True)
class Space:
    """Points are rows of shape (settings,): shares from 0 to 1 of numeric settings, level numbers of others."""

    settings: tuple[Setting, ...]
    limits: tuple[SettingLimit, ...] = ()
    weights: np.ndarray = field(init=False, repr=False)  # limits as weights · shares ≤ bounds
    bounds: np.ndarray = field(init=False, repr=False)

    def __post_init__(self) -> None:
        names = [setting.name for setting in self.settings]
        if not names or len(set(names)) != len(names):
            raise ValueError(f"expected settings with different names, got {names}")
        rows: list[np.ndarray] = []
        bounds: list[float] = []
        for limit in self.limits:
            row, base = np.zeros(len(names)), 0.0
            for name, weight in limit.weights.items():
                if name not in names or not self.settings[names.index(name)].numeric:
                    raise ValueError(f"a limit between settings names {name!r}; numeric settings are {names}")
                setting = self.settings[names.index(name)]
                low, high = float(setting.low or 0.0), float(setting.high or 0.0)
                row[names.index(name)] = weight * (high - low)
                base += weight * low
            if limit.high is not None:
                rows.append(row)
                bounds.append(limit.high - base)
            if limit.low is not None:
                rows.append(-row)
                bounds.append(base - limit.low)
        object.__setattr__(self, "weights", np.array(rows).reshape(len(rows), len(names)))
        object.__setattr__(self, "bounds", np.array(bounds))

    @property
    def numeric(self) -> np.ndarray:
        """Which settings are numbers; shape (settings,)."""
        return np.array([setting.numeric for setting in self.settings])

    def point(self, settings: Mapping[str, Value]) -> np.ndarray:
        """The point of a set of settings; raises ValueError for a missing setting or an unknown level."""
        for setting in self.settings:
            if setting.name not in settings:
                raise ValueError(f"setting {setting.name!r} is missing; given were {sorted(settings)}")
        return np.array([setting.share(settings[setting.name]) for setting in self.settings])

    def named(self, point: np.ndarray) -> dict[str, Value]:
        """The settings of a point."""
        return {setting.name: setting.value(float(share)) for setting, share in zip(self.settings, point, strict=True)}

    def rounded(self, points: np.ndarray) -> np.ndarray:
        """Points on the nearest steps and inside the limits of each setting; shape as given."""
        found = np.clip(points, 0.0, None)
        for place, setting in enumerate(self.settings):
            if not setting.numeric:
                found[:, place] = np.clip(np.round(found[:, place]), 0, len(setting.levels) - 1)
                continue
            found[:, place] = np.minimum(found[:, place], 1.0)
            if setting.steps is not None and setting.step is not None:
                width = float(setting.high or 0.0) - float(setting.low or 0.0)
                count = np.clip(np.round(found[:, place] * width / setting.step), 0, setting.steps)
                found[:, place] = count * setting.step / width
        return np.asarray(found)

    def allowed(self, points: np.ndarray, slack: float = 1e-9) -> np.ndarray:
        """Which points keep the limits between settings; bool of shape (points,)."""
        if not self.bounds.size:
            return np.ones(len(points), dtype=bool)
        scale = np.abs(self.weights).sum(axis=1) + np.abs(self.bounds) + 1e-300
        return np.asarray(np.all((points @ self.weights.T - self.bounds) / scale <= slack, axis=1))

    @property
    def number_columns(self) -> np.ndarray:
        """Which columns of encoded points are numbers; bool of shape (columns,)."""
        return np.concatenate([np.full(max(1, len(setting.levels)), setting.numeric) for setting in self.settings])

    @property
    def many_fold(self) -> bool:
        """Whether a numeric setting grows so many-fold between its limits that its logarithm may count."""
        return any(_many_fold(setting) for setting in self.settings)

    def encoded(self, points: np.ndarray, *, logarithmic: bool = False) -> np.ndarray:
        """Points for a model: numeric shares as they are, levels as one column each; shape (points, columns).

        With `logarithmic`, settings that grow many-fold between their limits count by their logarithm, again from 0 to 1.
        """
        columns = []
        for place, setting in enumerate(self.settings):
            if setting.numeric and logarithmic and _many_fold(setting):
                ratio = float(setting.high or 1.0) / float(setting.low or 1.0)
                columns.append(np.log1p(np.maximum(points[:, place], 0.0) * (ratio - 1.0)) / np.log(ratio))
            elif setting.numeric:
                columns.append(points[:, place])
            else:
                columns += [(points[:, place] == level).astype(float) for level in range(len(setting.levels))]
        return np.column_stack(columns)

    def edges(self, points: np.ndarray) -> np.ndarray:
        """Share of the numeric settings that lie at a limit, falling to 0 an eighth of the range inside; shape (points,)."""
        inside = np.minimum(points, 1.0 - points)[:, self.numeric]
        return np.asarray(np.maximum(0.0, 1.0 - 8.0 * inside).sum(axis=1) / len(self.settings))

    def spread(self, count: int, seed: int) -> np.ndarray:
        """About `count` allowed points spread over the whole space, on steps; shape (points, settings)."""
        if count < 1:
            return np.empty((0, len(self.settings)))
        sobol = qmc.Sobol(len(self.settings), seed=np.random.default_rng(seed))
        points = sobol.random_base2(int(np.ceil(np.log2(count * (4 if self.bounds.size else 1)))))
        for place, setting in enumerate(self.settings):
            if not setting.numeric:
                points[:, place] = np.floor(points[:, place] * len(setting.levels))
        points = self.rounded(points)
        return np.asarray(points[self.allowed(points)][:count])

    def moved(self, origins: np.ndarray, targets: np.ndarray) -> np.ndarray:
        """Targets, drawn back towards their origins until they keep the limits between settings.

        Where even rounding cannot keep them the origin is given back; origins must be allowed.
        """
        found = self.rounded(targets)
        bad = ~self.allowed(found)
        for share in (0.7, 0.4, 0.2, 0.1, 0.0):
            if not bad.any():
                break
            drawn = origins[bad] + share * (targets[bad] - origins[bad])
            found[bad] = self.rounded(drawn) if share else origins[bad]
            bad = ~self.allowed(found)
        found[bad] = origins[bad]
        return found


def _many_fold(setting: Setting) -> bool:
    return setting.low is not None and setting.high is not None and setting.low > 0 and setting.high >= 2 * setting.low


def distinct(points: np.ndarray, against: Sequence[np.ndarray] | np.ndarray = ()) -> np.ndarray:
    """The rows of `points` that occur once, without those in `against`; shape (points, settings)."""
    seen = {np.round(row, 9).tobytes() for row in against}
    keep = []
    for row in points:
        key = np.round(row, 9).tobytes()
        if key not in seen:
            seen.add(key)
            keep.append(row)
    return np.array(keep).reshape(len(keep), points.shape[1])
