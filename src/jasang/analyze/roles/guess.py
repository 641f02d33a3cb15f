"""A guess about a column or a table: what, how sure, and why in words."""

from dataclasses import dataclass

from jasang.plant.factory import Role, Table
from jasang.plant.text import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleGuess:
    """The role guessed for one column. `confidence` is 0 to 1; a role that factory.toml states has 1."""

    column: str
    role: Role
    confidence: float
    reason: Text

    def __post_init__(self) -> None:
        if not 0.0 <= self.confidence <= 1.0:
            raise ValueError(f"guess for column {self.column!r}: confidence must be 0 to 1, got {self.confidence}")


@dataclass(frozen=True, slots=True, kw_only=True)
class TableGuess:
    """A table with a role for every column, in file order, and why.

    `axis_reason` says how time, machine and product were chosen.
    """

    table: Table
    guesses: tuple[RoleGuess, ...]
    kind_confidence: float
    kind_reason: Text
    axis_reason: Text
