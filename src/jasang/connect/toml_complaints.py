"""What is wrong in a settings file, said in both languages with its place, what was found and what was expected."""

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

from jasang.errors import ConfigurationError

# pydantic's error types -> what was expected, Korean and English.
_EXPECTED: dict[str, tuple[str, str]] = {
    "string_type": ("따옴표로 감싼 글", "a text in quotes"),
    "string_too_short": ("빈칸이 아닌 글", "a text that is not empty"),
    "float_type": ("따옴표 없는 숫자", "a number without quotes"),
    "float_parsing": ("따옴표 없는 숫자", "a number without quotes"),
    "int_type": ("따옴표 없는 정수", "a whole number without quotes"),
    "bool_type": ("true 또는 false", "true or false"),
    "finite_number": ("유한한 숫자", "a finite number"),
    "greater_than_equal": ("0 이상의 숫자", "a number of 0 or more"),
    "greater_than": ("0보다 큰 숫자", "a number above 0"),
    "too_short": ("하나 이상이 든 목록", "a list that is not empty"),
    "date_type": ("따옴표 없는 날짜(예: 2026-08-03)", "a date without quotes, for example 2026-08-03"),
    "list_type": ("대괄호로 묶은 목록", "a list in square brackets"),
    "dict_type": ("표([이름] 아래 항목)", "a table of keys"),
    "model_type": ("표([이름] 아래 항목)", "a table of keys"),
    "model_attributes_type": ("표([이름] 아래 항목)", "a table of keys"),
}
# The keys each part of factory.toml takes, by the part's name.
KEYS: dict[str, tuple[str, ...]] = {
    "": ("factory", "costs", "calendar", "products", "tables", "columns"),
    "factory": ("name", "region", "industry", "timezone", "currency"),
    "costs": ("defect", "machine_hour", "energy_kwh"),
    "tables": (
        "file", "kind", "time", "date", "time_order", "asset", "asset_column", "product_column", "start", "end",
        "state_column", "reason_column", "signal_column", "value_column", "ideal_cycle_s", "columns",
    ),
    "calendar": ("country", "closed", "worked", "shifts"),
    "shifts": ("name", "start", "end", "days", "breaks"),
    "products": ("ideal_cycle_s",),
    "columns": ("role", "unit", "lower", "upper", "target", "bad"),
}  # fmt: skip


def complaint(file: str, errors: Sequence[Mapping[str, Any]], raw: Mapping[str, Any]) -> ConfigurationError:
    """The first thing that is wrong as an error for the user; says how many more there are."""
    error = errors[0]
    place = _place(error["loc"], raw)
    ko, en = _one(error, place)
    more = len(errors) - 1
    if more:
        ko, en = f"{ko} (이 밖에 {more}곳 더)", f"{en} (and {more} more)"
    return ConfigurationError(ko=f"{file}: {ko}", en=f"{file}: {en}")


def _one(error: Mapping[str, Any], place: str) -> tuple[str, str]:
    kind, found = error["type"], _shown(error.get("input"))
    if kind == "extra_forbidden":
        key, part = str(error["loc"][-1]), _part(error["loc"][:-1])
        known = KEYS[part]
        near = difflib.get_close_matches(key, known, n=1, cutoff=0.6)
        ko_hint, en_hint = (f" '{near[0]}'을(를) 쓰려던 것인가요?", f" Did you mean {near[0]!r}?") if near else ("", "")
        return (
            f"{place}은(는) 모르는 항목입니다.{ko_hint} 쓸 수 있는 항목: {', '.join(known)}",
            f"{place} is not a known key.{en_hint} Expected one of: {', '.join(known)}",
        )
    if kind == "missing":
        return f"{place}이(가) 빠졌습니다. 꼭 있어야 합니다.", f"{place} is missing; it is required."
    if kind in ("enum", "literal_error"):
        values = str(error["ctx"]["expected"]).replace("'", "").replace(" or ", ", ")
        return (
            f"{place}의 값 {found}은(는) 쓸 수 없습니다. 쓸 수 있는 값: {values}",
            f"{place} is {found}; expected one of: {values}",
        )
    if kind == "jasang":
        context = error["ctx"]
        return (
            f"{place}의 값 {context['found']}은(는) 쓸 수 없습니다. {context['expected_ko']}이어야 합니다.",
            f"{place} is {context['found']}; expected {context['expected_en']}.",
        )
    expected = _EXPECTED.get(kind, ("다른 값", str(error.get("msg", "another value"))))
    return f"{place}의 값은 {expected[0]}이어야 하는데 {found}입니다.", f"{place} is {found}; expected {expected[1]}."


def _part(loc: Sequence[str | int]) -> str:
    """Which set of keys holds at the place."""
    names = [step for step in loc if isinstance(step, str)]
    if "columns" in names:
        return "columns"
    if names[:2] == ["calendar", "shifts"]:
        return "shifts"
    return names[0] if names else ""


def _place(loc: Sequence[str | int], raw: Mapping[str, Any]) -> str:
    """The place as the file's reader knows it: `columns.barrel_temp.role`, or `tables 2 (units.csv): kind`."""
    if loc and loc[0] == "tables" and len(loc) > 1 and isinstance(loc[1], int):
        table = raw["tables"][loc[1]]
        name = table.get("file") if isinstance(table, Mapping) else None
        head = f"[[tables]] {loc[1] + 1}" + (f" ({name})" if isinstance(name, str) else "")
        rest = ".".join(str(step) for step in loc[2:])
        return f"{head}: {rest}" if rest else head
    return "'" + ".".join(str(step) for step in loc) + "'"


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "…"
