"""Small files that people write by hand for a plan: TOML, and text out of any editor or spreadsheet."""

import tomllib
from pathlib import Path
from typing import Any

from jasang.errors import ConfigurationError, UnreadableInput


def read_toml(path: Path) -> dict[str, Any]:
    """The tables of a TOML file; `ConfigurationError` names the file where it cannot be read or is no TOML."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ConfigurationError(
            ko=f"{path}: 읽을 수 없습니다({error.strerror}).", en=f"{path}: cannot be read ({error.strerror})."
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            ko=f"{path}: TOML로 읽을 수 없습니다({error}).", en=f"{path}: no TOML: {error}."
        ) from error


def decoded(path: Path, raw: bytes) -> str:
    """A text in UTF-8 or, from an older Korean Excel, CP949; `UnreadableInput` names the file where it is neither."""
    for encoding in ("utf-8-sig", "cp949"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise UnreadableInput(
        ko=f"{path}: UTF-8도 CP949도 아닙니다.", en=f"{path}: expected text in UTF-8 or CP949, found neither."
    )
