"""The textbook experiments as designs with their results."""

from pathlib import Path

import numpy as np

from jasang.optimize.experiments import Design, Factor


def read_numbers(file: Path) -> np.ndarray:
    """The rows of numbers of a Dataplot file, below its 25 lines of description."""
    rows = []
    for line in file.read_text("latin-1").splitlines()[25:]:
        try:
            numbers = [float(word) for word in line.split()]
        except ValueError:
            continue
        if numbers:
            rows.append(numbers)
    longest = max(map(len, rows))
    return np.array([row for row in rows if len(row) == longest])


def factors(count: int) -> tuple[Factor, ...]:
    """Numbers named A, B, C … from −1 to 1."""
    return tuple(Factor(name=name, low=-1, high=1) for name in "ABCDEFGHJKLMNOPQRSTUVWXYZ"[:count])


def experiment(folder: Path, name: str) -> tuple[Design, np.ndarray]:
    """A file whose first column is the result and whose others are coded settings."""
    rows = read_numbers(folder / "nist" / f"{name}.DAT")
    return Design(name=name, factors=factors(rows.shape[1] - 1), coded=rows[:, 1:]), rows[:, 0]
