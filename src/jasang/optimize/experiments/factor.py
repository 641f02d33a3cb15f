"""A factor of an experiment and a design: which runs to make, in coded units."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np


@dataclass(frozen=True, slots=True, kw_only=True)
class Factor:
    """Something that is set on purpose: a number from `low` to `high`, or one of named `levels`.

    `hard_to_change` (heating a mould, changing a tool) makes the runs with one setting stand together: a split plot.
    """

    name: str
    low: float | None = None
    high: float | None = None
    levels: tuple[str, ...] = ()
    unit: str | None = None
    hard_to_change: bool = False

    def __post_init__(self) -> None:
        if self.levels:
            if self.low is not None or self.high is not None or len(set(self.levels)) != len(self.levels):
                raise ValueError(f"factor {self.name!r}: expected either low and high, or different levels")
            if len(self.levels) < 2:
                raise ValueError(f"factor {self.name!r}: expected at least two levels, got {self.levels}")
        elif self.low is None or self.high is None or not self.low < self.high:
            raise ValueError(f"factor {self.name!r}: expected low < high, got {self.low} and {self.high}")

    @property
    def numeric(self) -> bool:
        """Whether the settings are numbers."""
        return not self.levels

    def setting(self, coded: float) -> float | str:
        """The setting for a coded value: −1 is `low`, +1 is `high` (stars lie beyond); of named levels the code counts from 0."""
        if self.low is None or self.high is None:
            return self.levels[int(coded)]
        return float((self.low + self.high) / 2 + coded * (self.high - self.low) / 2)

    def coded(self, setting: float | str) -> float:
        """The coded value of a setting; raises ValueError for a level that the factor has not."""
        if self.low is None or self.high is None:
            if str(setting) not in self.levels:
                raise ValueError(f"factor {self.name!r} has no level {setting!r}; it has {self.levels}")
            return float(self.levels.index(str(setting)))
        return float((float(setting) - (self.low + self.high) / 2) / ((self.high - self.low) / 2))


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """The runs of an experiment in standard order.

    `coded` has shape (runs, factors): numbers from −1 to 1 (stars beyond), codes 0, 1, … of named levels. `blocks` and
    `whole_plots` (int64, shape (runs,)) number the block and the whole plot of every run, from 0. `generators` tell how a
    fraction was made ("E=ABCD"; factors are A, B, C … in order, without I).
    """

    name: str
    factors: tuple[Factor, ...]
    coded: np.ndarray
    blocks: np.ndarray | None = None
    whole_plots: np.ndarray | None = None
    generators: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.coded.ndim != 2 or self.coded.shape[1] != len(self.factors):
            raise ValueError(f"expected coded runs of {len(self.factors)} factors, got shape {self.coded.shape}")

    @property
    def runs(self) -> int:
        """Number of runs."""
        return int(self.coded.shape[0])

    def settings(self, run: int) -> dict[str, float | str]:
        """The settings of one run by the factors' names."""
        return {factor.name: factor.setting(code) for factor, code in zip(self.factors, self.coded[run], strict=True)}

    def repeated(self, times: int) -> "Design":
        """The whole design made `times` times."""
        if times < 1:
            raise ValueError(f"a design is made at least once, got {times}")
        again = None if self.blocks is None else np.tile(self.blocks, times)
        return replace(self, coded=np.tile(self.coded, (times, 1)), blocks=again, whole_plots=None)


def two_level(factors: Sequence[Factor]) -> None:
    """Refuse factors with more than two named levels: these designs have a low and a high one."""
    for factor in factors:
        if len(factor.levels) > 2:
            raise ValueError(f"factor {factor.name!r} has {len(factor.levels)} levels; this design takes two")


def as_codes(factors: Sequence[Factor], plus_minus: np.ndarray) -> np.ndarray:
    """±1 columns as coded columns: codes 0 and 1 for the factors with named levels."""
    coded = np.array(plus_minus, dtype=np.float64)
    for place, factor in enumerate(factors):
        if not factor.numeric:
            coded[:, place] = (coded[:, place] > 0).astype(np.float64)
    return coded


def plus_minus(design: Design) -> np.ndarray:
    """The coded runs with codes 0 and 1 of two named levels as ±1, shape (runs, factors)."""
    two_level(design.factors)
    columns = design.coded.copy()
    for place, factor in enumerate(design.factors):
        if not factor.numeric:
            columns[:, place] = 2 * columns[:, place] - 1
    return columns


def letters(count: int) -> str:
    """Names of factors as textbooks give them: A, B, C … without I, which stands for the mean."""
    alphabet = "ABCDEFGHJKLMNOPQRSTUVWXYZabcdefghjklmnopqrstuvwxyz"
    if count > len(alphabet):
        raise ValueError(f"at most {len(alphabet)} factors, got {count}")
    return alphabet[:count]
