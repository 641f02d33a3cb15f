"""The measurements of a gauge study as arrays: who measured which part how often, and what is missing."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

MOST_VALUES = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class GaugeTable:
    """Known measurements: `values`, `part` and `operator` (codes into `parts` and `operators`) share shape (n,).

    In a nested study `parts` are named within their operator. `trials` are the fewest and the most measurements in a filled cell.
    """

    design: Literal["crossed", "nested", "repeats"]
    values: np.ndarray
    part: np.ndarray
    operator: np.ndarray
    parts: tuple[str, ...]
    operators: tuple[str, ...]
    trials: tuple[int, int]
    missing_cells: int

    @property
    def cell(self) -> np.ndarray:
        """Code of the operator and part of every value, shape (n,)."""
        cells: np.ndarray = self.operator * len(self.parts) + self.part
        return cells

    @property
    def balanced(self) -> bool:
        """Every operator measured every part equally often."""
        return self.missing_cells == 0 and self.trials[0] == self.trials[1]

    def part_names(self) -> np.ndarray:
        """The part of every value, texts of shape (n,)."""
        names: np.ndarray = np.array(self.parts)[self.part]
        return names

    def operator_names(self) -> np.ndarray:
        """The operator of every value, texts of shape (n,)."""
        names: np.ndarray = np.array(self.operators)[self.operator]
        return names


def gauge_table(
    values: np.ndarray,
    parts: Sequence[object] | np.ndarray,
    operators: Sequence[object] | np.ndarray | None,
    *,
    design: str = "auto",
) -> GaugeTable:
    """The table of a gauge study; refuses what cannot be one."""
    measured = np.asarray(values, dtype=np.float64).ravel()
    part_texts = np.asarray(parts).astype(str).ravel()
    alone = operators is None
    operator_texts = np.asarray([""] * measured.size if operators is None else operators).astype(str).ravel()
    if not measured.size == part_texts.size == operator_texts.size:
        raise ValueError(
            f"{measured.size} values, {part_texts.size} parts and {operator_texts.size} operators do not match"
        )
    known = np.isfinite(measured)
    measured, part_texts, operator_texts = measured[known], part_texts[known], operator_texts[known]
    if measured.size > MOST_VALUES:
        raise ValueError(f"a gauge study of {measured.size:,} values is too large; at most {MOST_VALUES:,}")
    names, operator = np.unique(operator_texts, return_inverse=True)
    chosen = _design(design, part_texts, operator, alone or names.size < 2)
    if chosen == "nested":
        part_texts = np.char.add(np.char.add(operator_texts, " · "), part_texts)
    part_names, part = np.unique(part_texts, return_inverse=True)
    part_names, part = _in_natural_order(part_names, part)
    if part_names.size < 2:
        raise ValueError(f"a gauge study needs at least 2 parts, got {part_names.size}")
    counts = np.bincount(operator * part_names.size + part, minlength=names.size * part_names.size)
    filled = counts[counts > 0]
    if filled.max() < 2 and chosen != "crossed":
        raise ValueError("no part was measured twice by the same operator; repeatability cannot be told")
    return GaugeTable(
        design=chosen,
        values=measured,
        part=part,
        operator=operator,
        parts=tuple(str(name) for name in part_names),
        operators=tuple(str(name) for name in names),
        trials=(int(filled.min()), int(filled.max())),
        missing_cells=0 if chosen == "nested" else int((counts == 0).sum()),
    )


def _design(
    design: str, parts: np.ndarray, operator: np.ndarray, alone: bool
) -> Literal["crossed", "nested", "repeats"]:
    if alone:
        return "repeats"
    if design not in ("auto", "crossed", "nested", "repeats"):
        raise ValueError(f"design must be auto, crossed, nested or repeats, got {design!r}")
    if design == "nested" or design == "repeats":
        return "nested" if design == "nested" else "repeats"
    pairs = np.unique(np.column_stack([np.unique(parts, return_inverse=True)[1], operator]), axis=0)
    shared = pairs.shape[0] > np.unique(pairs[:, 0]).size
    if design == "crossed" and not shared:
        raise ValueError("no part was measured by two operators; the study is nested (destructive), not crossed")
    return "crossed" if shared else "nested"


def _in_natural_order(names: np.ndarray, codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Parts 1, 2, … 10 in the order of their numbers where all names are numbers."""
    try:
        order = np.argsort(names.astype(np.float64), kind="stable")
    except ValueError:
        return names, codes
    place = np.empty(order.size, dtype=np.int64)
    place[order] = np.arange(order.size)
    return names[order], place[codes]
