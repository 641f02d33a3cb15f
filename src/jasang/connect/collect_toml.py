"""`collect.toml`: which machines to collect from, and into which store. Checked whole before anything is connected.

The reference of every field is docs/collect-toml.md.
"""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from jasang.connect.collect_complaints import invalid, wrong
from jasang.connect.connection_fields import Name, Part, read_links
from jasang.connect.contract import Link


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectSettings:
    """A valid collect.toml: the store's folder (absolute) and the connections with their passwords filled in.

    `monitors` are the model files (absolute) that watch what is collected, looked at every `monitor_every` s.
    """

    store: Path
    links: tuple[Link, ...]
    monitors: tuple[Path, ...] = ()
    monitor_every: float = 60.0


class _Monitor(Part):
    model: Name | Annotated[list[Name], Field(min_length=1)]
    every: Annotated[float, Field(strict=False, ge=1.0, le=3600.0)] = 60.0


class _File(Part):
    format: Literal["jasang.collect/1"] = "jasang.collect/1"
    store: Name = "store"
    connections: Annotated[list[dict[str, Any]], Field(min_length=1)]
    monitor: _Monitor | None = None


def read_collect_toml(path: Path, environment: Mapping[str, str] = os.environ) -> CollectSettings:
    """Read and check a collect.toml.

    `store` is relative to the file's own folder. A password is never in the file: `password_env` names the environment variable
    that holds it. Raises `ConfigurationError` with the file, the field, what was found and what was expected.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
        found = _File.model_validate(tomllib.loads(text))
    except OSError as error:
        raise wrong(path, "", f"읽을 수 없습니다: {error}", f"cannot be read: {error}") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise wrong(path, "", f"UTF-8 TOML이 아닙니다: {error}", f"is not UTF-8 TOML: {error}") from error
    except ValidationError as error:
        raise invalid(path, error) from error
    links = read_links(path, found.connections, environment)
    models: list[str] = []
    if found.monitor is not None:
        models = [found.monitor.model] if isinstance(found.monitor.model, str) else found.monitor.model
    return CollectSettings(
        store=(path.parent / found.store).resolve(),
        links=links,
        monitors=tuple((path.parent / model).resolve() for model in models),
        monitor_every=60.0 if found.monitor is None else found.monitor.every,
    )
