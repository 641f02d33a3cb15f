"""What each column of a table is for, told from its name and from how its values behave. Pure functions on Polars frames.

The parts: `vocabulary` and `level_words` (words of the trade as data), `names` (a header read into concepts and a unit),
`behaviour` (how the values of a column behave), `votes` (both weighed against each other), `axes` (time, machine, product),
`verdict` (which raw values mean a defect), `shapes` and `kinds` (what a row is), `table` and `folder` (the whole, called from
outside).
"""

from jasang.analyze.roles.folder import FactoryGuess, Sample, infer_factory
from jasang.analyze.roles.guess import RoleGuess, TableGuess
from jasang.analyze.roles.table import infer_table

__all__ = ["FactoryGuess", "RoleGuess", "Sample", "TableGuess", "infer_factory", "infer_table"]
