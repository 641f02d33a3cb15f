"""What every question needs: the factory's data opened, and the table, column and rows the question is about."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from jasang.diagnose.evidence_base import EvidenceBase, TableData
from jasang.errors import WrongArguments
from jasang.mentor.factory_data import open_factory
from jasang.mentor.store_data import store_evidence
from jasang.plant.factory import Column, Factory, Kind, Role
from jasang.plant.text import Progress, silent
from jasang.store import is_store


@contextmanager
def open_evidence(path: Path, *, progress: Progress = silent) -> Iterator[EvidenceBase]:
    """The evidence of a file, a folder or a collector's store; what was unpacked on the way is removed at the end.

    Raises
    ------
    UnreadableInput
        The input cannot be read.
    ConfigurationError
        factory.toml is wrong.
    """
    if is_store(path):
        yield store_evidence(path, factory=Factory(name=path.resolve().name), progress=progress)
        return
    with open_factory(path, progress=progress) as data:
        yield data.evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedColumn:
    """A column of a table and the rows to look at (int64, in order of time, without copies of rows)."""

    data: TableData
    column: Column
    rows: np.ndarray


def asked_column(
    evidence: EvidenceBase,
    name: str,
    *,
    table: str | None = None,
    kinds: tuple[Kind, ...] = tuple(Kind),
    asset: str | None = None,
    product: str | None = None,
) -> AskedColumn:
    """The column of that name, in the table of that name where several have it, narrowed to a machine and a product.

    Raises
    ------
    WrongArguments
        No such table, column, machine or product, or the column is in several tables; names those there are.
    """
    data = asked_table(evidence, table=table, column=name, kinds=kinds)
    return AskedColumn(data=data, column=data.table.column(name), rows=asked_rows(data, asset=asset, product=product))


def asked_table(
    evidence: EvidenceBase,
    *,
    table: str | None = None,
    column: str | None = None,
    kinds: tuple[Kind, ...] = tuple(Kind),
) -> TableData:
    """The one table of these kinds with that name and that column; the one with most rows where no column tells them apart.

    Raises
    ------
    WrongArguments
        There is none, or the column is in several tables; names those there are.
    """
    fitting = [data for data in evidence.of_kind(*kinds) if table is None or data.table.file == table]
    if not fitting:
        files = [data.table.file for data in evidence.tables]
        wanted = ", ".join(kind.value for kind in kinds)
        asked_ko, asked_en = (
            (f"표 '{table}'", f"table '{table}'") if table else (f"{wanted} 표", f"table of kind {wanted}")
        )
        raise WrongArguments(
            ko=f"{asked_ko}이(가) 없습니다. 있는 표: {_listed(files)}",
            en=f"There is no {asked_en}. Tables there are: {_listed(files)}",
        )
    if column is None:
        return max(fitting, key=lambda data: data.rows)
    having = [data for data in fitting if any(entry.name == column for entry in data.table.columns)]
    if not having:
        names = [entry.name for data in fitting for entry in data.table.columns]
        raise WrongArguments(
            ko=f"항목 '{column}'이(가) 없습니다. 있는 항목: {_listed(names)}",
            en=f"There is no column '{column}'. Columns there are: {_listed(names)}",
        )
    if len(having) > 1:
        files = [data.table.file for data in having]
        raise WrongArguments(
            ko=f"항목 '{column}'이(가) 여러 표에 있습니다({_listed(files)}). --table로 하나를 고르세요.",
            en=f"Column '{column}' is in several tables ({_listed(files)}). Choose one with --table.",
        )
    return having[0]


def asked_rows(data: TableData, *, asset: str | None = None, product: str | None = None) -> np.ndarray:
    """Rows of that machine and product in order of time, int64, without copies of rows.

    Raises
    ------
    WrongArguments
        The table has no such machine or product; names those there are.
    """
    rows: np.ndarray = data.time_order()
    rows = rows[data.usable_rows()[rows]]
    asset_column = data.table.asset_column
    if asset is not None and not (asset_column is None and data.table.asset == asset):
        rows = rows[_is_level(data, asset_column, asset, ko="설비", en="machine")[rows]]
    if product is not None:
        rows = rows[_is_level(data, data.table.product_column, product, ko="제품", en="product")[rows]]
    return rows


def check_limits(lower: float | None, upper: float | None) -> None:
    """Refuse limits of a specification that are the wrong way round, before anything is read.

    Raises
    ------
    WrongArguments
        The lower limit is not below the upper one.
    """
    if lower is not None and upper is not None and lower >= upper:
        raise WrongArguments(
            ko=f"--lower {lower:g}이(가) --upper {upper:g}보다 작아야 합니다.",
            en=f"--lower {lower:g} must be below --upper {upper:g}.",
        )


def numeric_columns(data: TableData, *roles: Role) -> tuple[Column, ...]:
    """Columns of these roles (all that may hold measurements where none is given), in file order."""
    measured = (Role.SETTING, Role.SENSOR, Role.QUALITY, Role.ENERGY, Role.COUNT, Role.CONTEXT)
    return data.table.with_role(*(roles or measured))


def _is_level(data: TableData, column: str | None, level: str, *, ko: str, en: str) -> np.ndarray:
    levels = data.labels(column).levels if column is not None else ()
    if column is None or level not in levels:
        raise WrongArguments(
            ko=f"{data.table.file}: {ko} '{level}'이(가) 없습니다. 있는 {ko}: {_listed(levels)}",
            en=f"{data.table.file}: there is no {en} '{level}'. There are: {_listed(levels)}",
        )
    chosen: np.ndarray = data.labels(column).codes == levels.index(level)
    return chosen


def _listed(names: list[str] | tuple[str, ...], most: int = 20) -> str:
    shown = ", ".join(names[:most])
    return (shown or "–") + (f" … (+{len(names) - most})" if len(names) > most else "")
