"""Problems as plain data: JSON read into the frozen values and written back; complaints name the place of what is wrong."""

import difflib
import types
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from jasang.errors import UnreadableInput

Value = TypeVar("Value")


def read_record(kind: type[Value], raw: Any, *, file: str, format_name: str) -> Value:
    """A value of the dataclass `kind` from plain data of this format; UnreadableInput names file, place and expected."""
    if not isinstance(raw, Mapping):
        raise _complaint(file, "", raw, "항목이 든 객체({…})", "an object of keys ({…})")
    if raw.get("format") != format_name:
        raise _complaint(file, "format", raw.get("format"), f'"{format_name}"', f'"{format_name}"')
    value: Value = _read(kind, {key: item for key, item in raw.items() if key != "format"}, file, "")
    return value


def plain(value: Any) -> Any:
    """The value as data that JSON can hold; Text becomes {"ko", "en"}, tuples become lists."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    return value


def _read(kind: Any, raw: Any, file: str, place: str) -> Any:
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        options = [one for one in get_args(kind) if one is not type(None)]
        return None if raw is None else _read(options[0], raw, file, place)
    if is_dataclass(kind):
        return _read_dataclass(kind, raw, file, place)
    if origin is Literal:
        if raw not in get_args(kind):
            values = ", ".join(map(str, get_args(kind)))
            raise _complaint(file, place, raw, f"{values} 가운데 하나", f"one of {values}")
        return raw
    if origin is tuple:
        return _read_tuple(get_args(kind), raw, file, place)
    if origin is not None:  # a mapping of names
        if not isinstance(raw, Mapping):
            raise _complaint(file, place, raw, "이름과 값의 객체({…})", "an object of names and values ({…})")
        return {str(key): _read(get_args(kind)[1], item, file, f"{place}.{key}") for key, item in raw.items()}
    return _read_plain(kind, raw, file, place)


def _read_plain(kind: Any, raw: Any, file: str, place: str) -> Any:
    if kind is str and isinstance(raw, str):
        return raw
    if kind is bool and isinstance(raw, bool):
        return raw
    number = isinstance(raw, int | float) and not isinstance(raw, bool)
    if kind is float and number and abs(float(raw)) < float("inf"):
        return float(raw)
    if kind is int and number and float(raw).is_integer():
        return int(raw)
    expected = {
        str: ("따옴표로 감싼 글", "a text in quotes"),
        bool: ("true 또는 false", "true or false"),
        float: ("숫자", "a number"),
        int: ("정수", "a whole number"),
    }[kind]
    raise _complaint(file, place, raw, *expected)


def _read_tuple(inside: tuple[Any, ...], raw: Any, file: str, place: str) -> tuple[Any, ...]:
    if not isinstance(raw, list | tuple):
        raise _complaint(file, place, raw, "대괄호로 묶은 목록", "a list in square brackets")
    if len(inside) == 2 and inside[1] is Ellipsis:
        return tuple(_read(inside[0], item, file, f"{place}[{number}]") for number, item in enumerate(raw))
    if len(raw) != len(inside):
        raise _complaint(file, place, raw, f"값 {len(inside)}개의 목록", f"a list of {len(inside)} values")
    return tuple(
        _read(kind, item, file, f"{place}[{number}]")
        for number, (kind, item) in enumerate(zip(inside, raw, strict=True))
    )


def _read_dataclass(kind: Any, raw: Any, file: str, place: str) -> Any:
    if not isinstance(raw, Mapping):
        raise _complaint(file, place, raw, "항목이 든 객체({…})", "an object of keys ({…})")
    known: dict[str, Field[Any]] = {field.name: field for field in fields(kind)}
    hints = get_type_hints(kind)
    values = {}
    for key, item in raw.items():
        inner = f"{place}.{key}" if place else str(key)
        if key not in known:
            near = difflib.get_close_matches(str(key), known, n=1, cutoff=0.6)
            hint_ko, hint_en = (
                (f" '{near[0]}'을(를) 쓰려던 것인가요?", f" Did you mean {near[0]!r}?") if near else ("", "")
            )
            raise UnreadableInput(
                ko=f"{file}: {inner}은(는) 모르는 항목입니다.{hint_ko} 쓸 수 있는 항목: {', '.join(known)}",
                en=f"{file}: {inner} is not a known key.{hint_en} Expected one of: {', '.join(known)}",
            )
        values[str(key)] = _read(hints[str(key)], item, file, inner)
    for name, field in known.items():
        if name not in values and field.default is MISSING and field.default_factory is MISSING:
            inner = f"{place}.{name}" if place else name
            raise UnreadableInput(
                ko=f"{file}: {inner}이(가) 빠졌습니다. 꼭 있어야 합니다.",
                en=f"{file}: {inner} is missing; it is required.",
            )
    try:
        return kind(**values)
    except ValueError as error:
        where = f" {place}:" if place else ""
        raise UnreadableInput(
            ko=f"{file}:{where} 값이 맞지 않습니다({error}).", en=f"{file}:{where} {error}"
        ) from error


def _complaint(file: str, place: str, found: Any, ko: str, en: str) -> UnreadableInput:
    shown = repr(found)
    shown = shown if len(shown) <= 60 else shown[:57] + "…"
    where_ko, where_en = (f"{place}의 값은", f"{place} is") if place else ("내용은", "it holds")
    return UnreadableInput(
        ko=f"{file}: {where_ko} {ko}이어야 하는데 {shown}입니다.", en=f"{file}: {where_en} {shown}; expected {en}."
    )
