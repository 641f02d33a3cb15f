"""Which columns of a table are computed from others: told of their parts, they are told once."""

from collections.abc import Collection

from jasang.analyze.derived_columns import Derivation, DerivedColumn, derived_columns
from jasang.diagnose.evidence_base import TableData
from jasang.plant.factory import Role
from jasang.plant.text import Text

_ROLES = (Role.SENSOR, Role.SETTING, Role.QUALITY, Role.ENERGY)
_MOST_COLUMNS = 48


def derived_of(data: TableData) -> dict[str, DerivedColumn]:
    """The derived columns of a wide table by name."""
    if data.table.signal_column is not None:
        return {}

    def find() -> dict[str, DerivedColumn]:
        chosen = data.table.with_role(*_ROLES)
        in_order = [column for column in data.table.columns if column in chosen][:_MOST_COLUMNS]
        found = derived_columns({column.name: data.numbers(column.name) for column in in_order})
        return {one.column: one for one in found}

    return data.once("derived_columns", find)


def made_of(one: DerivedColumn) -> Text:
    """ "pressure_3 is the sum of pressure_1 and pressure_2"."""
    parts_ko, parts_en = "과(와) ".join(one.parts), " and ".join(one.parts)
    kind_ko, kind_en = {
        Derivation.COPY: ("같은 값(단위·영점만 다름)", "a copy (in another unit or from another zero)"),
        Derivation.SUM: ("합", "the sum"),
        Derivation.DIFFERENCE: ("차", "the difference"),
        Derivation.MEAN: ("평균", "the mean"),
        Derivation.PRODUCT: ("곱", "the product"),
        Derivation.RATIO: ("비", "the ratio"),
    }[one.kind]
    return Text(
        ko=f"{one.column}은(는) {parts_ko}의 {kind_ko}입니다.",
        en=f"{one.column} is {kind_en} of {parts_en}.",
    )


def told_by_parts(data: TableData, name: str, told: Collection[str]) -> DerivedColumn | None:
    """How column `name` is made, where one of its parts is among the columns `told`; else `None`."""
    one = derived_of(data).get(name)
    return one if one is not None and any(part in told for part in one.parts) else None


def with_parts(text: Text, one: DerivedColumn | None) -> Text:
    """The text and a sentence on what the column is made of."""
    if one is None:
        return text
    made = made_of(one)
    return Text(ko=f"{text.ko} {made.ko}", en=f"{text.en} {made.en}")
