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
    return f"{shown} 은(는) 맞지 않습니다: {_korean(found)}", f"found {shown}, expected: {message}"


def _korean(found: Any) -> str:
    limits = found.get("ctx", {})
    sentences = {
        "string_type": "글자여야 합니다",
        "float_type": "수여야 합니다",
        "float_parsing": "수여야 합니다",
        "int_type": "정수여야 합니다",
        "list_type": "[[…]] 목록이어야 합니다",
        "model_type": "[[…]] 표여야 합니다",
        "greater_than_equal": f"{limits.get('ge')} 이상이어야 합니다",
        "less_than_equal": f"{limits.get('le')} 이하여야 합니다",
        "too_short": "하나는 있어야 합니다",
        "string_too_short": "비어 있습니다",
        "literal_error": f"{limits.get('expected')} 이어야 합니다",
    }
    return sentences.get(found["type"], "형식을 확인하세요(docs/collect-toml.md)")


def wrong(path: Path, field: str, korean: str, english: str) -> ConfigurationError:
    """One wrong field as an error for the user."""
    where = f"{path}: {field}" if field else str(path)
    return ConfigurationError(ko=f"{where}: {korean}", en=f"{where}: {english}")
