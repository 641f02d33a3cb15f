"""What is wrong in a collect.toml, with the file, the field, what was found and what was expected."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from jasang.connect.contract import WrongField
from jasang.errors import ConfigurationError


def invalid(path: Path, error: ValidationError, within: Sequence[str | int] = ()) -> ConfigurationError:
    """The first thing a model complains of; `within` is where the model stands in the file."""
    first = error.errors(include_url=False)[0]
    field = ""
    for part in (*within, *first["loc"]):
        field += f"[{part}]" if isinstance(part, int) else f".{part}" if field else str(part)
    more = error.error_count() - 1
    korean, english = _expected(first)
    if more:
        korean, english = f"{korean} (잘못된 곳이 {more}군데 더 있습니다)", f"{english} (and {more} more)"
    return wrong(path, field, korean, english)


def _expected(found: Any) -> tuple[str, str]:
    kind, message = found["type"], found["msg"]
    if kind == "missing":
        return "빠져 있습니다", "is missing"
    if kind == "extra_forbidden":
        return "없는 항목입니다. 철자를 확인하세요", "is not a known field; check its spelling"
    value = found.get("input")
    shown = repr(value) if isinstance(value, (str, int, float, bool)) else f"a {type(value).__name__}"
    error = found.get("ctx", {}).get("error")
    if isinstance(error, WrongField):  # a protocol's own check
        return error.ko, error.en
    korean, english = _wanted(found) or ("형식을 확인하세요(docs/collect-toml.md)", message)
    return f"{shown} 은(는) 맞지 않습니다: {korean}", f"found {shown}, expected: {english}"


def _wanted(found: Any) -> tuple[str, str] | None:
    """What a field takes, for the complaints of pydantic that occur in a collect.toml."""
    limits = found.get("ctx", {})
    least, most, above, below = (_number(limits.get(name)) for name in ("ge", "le", "gt", "lt"))
    sentences = {
        "string_type": ("글자여야 합니다", "a text in quotes"),
        "float_type": ("수여야 합니다", "a number"),
        "float_parsing": ("수여야 합니다", "a number"),
        "finite_number": ("유한한 수여야 합니다", "a finite number"),
        "int_type": ("정수여야 합니다", "a whole number"),
        "int_parsing": ("정수여야 합니다", "a whole number"),
        "int_from_float": ("정수여야 합니다", "a whole number"),
        "bool_type": ("true나 false여야 합니다", "true or false"),
        "list_type": ("[[…]] 목록이어야 합니다", "a list, as [[…]] or […] writes it"),
        "tuple_type": ("[…] 목록이어야 합니다", "a list in […]"),
        "model_type": ("[[…]] 표여야 합니다", "a table, as [[…]] or […] writes it"),
        "greater_than": (f"{above} 보다 커야 합니다", f"a number above {above}"),
        "greater_than_equal": (f"{least} 이상이어야 합니다", f"{least} or more"),
        "less_than": (f"{below} 보다 작아야 합니다", f"a number below {below}"),
        "less_than_equal": (f"{most} 이하여야 합니다", f"{most} or less"),
        "too_short": ("하나는 있어야 합니다", "at least one"),
        "string_too_short": ("비어 있습니다", "a text that is not empty"),
        "string_too_long": (f"{limits.get('max_length')}자를 넘습니다", f"at most {limits.get('max_length')} signs"),
        "literal_error": (f"{limits.get('expected')} 이어야 합니다", f"{limits.get('expected')}"),
    }
    if found["type"] == "string_pattern_mismatch":
        if "https?" in str(limits.get("pattern")):
            return (
                "https://jasang.example.kr:8443 처럼 적으세요. 사용자와 비밀번호는 적지 않습니다",
                "an address such as https://jasang.example.kr:8443, without user and password",
            )
        if r"\d" in str(limits.get("pattern")):
            return "비트는 4-7 이나 3 처럼 적으세요", "bits such as 4-7 or 3"
        return "줄이 바뀌거나 제어 문자가 든 글은 쓸 수 없습니다", "a text of one line without control signs"
    return sentences.get(found["type"])


def _number(limit: object) -> str:
    if not isinstance(limit, (int, float)):
        return str(limit)
    return f"{int(limit):,}" if limit == int(limit) else f"{limit:g}"


def wrong(path: Path, field: str, korean: str, english: str) -> ConfigurationError:
    """One wrong field as an error for the user."""
    where = f"{path}: {field}" if field else str(path)
    return ConfigurationError(ko=f"{where}: {korean}", en=f"{where}: {english}")
