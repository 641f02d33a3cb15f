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
from jasang.connect.receiver_fields import (
    ForwardSettings,
    ForwardTable,
    ReceiverSettings,
    ReceiverTable,
    factory_settings,
    forward_settings,
    receiver_settings,
)
from jasang.connect.writing import WriteRule, read_write_rules


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectSettings:
    """A valid collect.toml: the store's folder (absolute) and the connections with their passwords filled in.

    With `keeps` false readings are only forwarded: `store` is then the spool, where the status is written.
    `monitors` are the model files (absolute) that watch what is collected, looked at every `monitor_every` s. `writes` are the
    settings that may be written back to machines; none means that nothing ever is.
    """

    store: Path
    links: tuple[Link, ...]
    receiver: ReceiverSettings | None = None
    forward: ForwardSettings | None = None
    keeps: bool = True
    monitors: tuple[Path, ...] = ()
    monitor_every: float = 60.0
    writes: tuple[WriteRule, ...] = ()


class AnySecret(dict[str, str]):
    """An environment in which every secret is set, for those who look at the file and connect to nothing.

    Who proposes or approves a setting needs no password of the machine; only the collector and `jasang write run` do.
    """

    def get(self, key: str, _default: Any = None) -> Any:
        """The true one where there is one, else something of which every check of its form is true."""
        return os.environ.get(key, "-" * 64)


class _Monitor(Part):
    model: Name | Annotated[list[Name], Field(min_length=1)]
    every: Annotated[float, Field(strict=False, ge=1.0, le=3600.0)] = 60.0


class _File(Part):
    format: Literal["jasang.collect/1"] = "jasang.collect/1"
    store: Name | None = None
    connections: list[dict[str, Any]] = Field(default_factory=list)
    receiver: ReceiverTable | None = None
    forward: ForwardTable | None = None
    monitor: _Monitor | None = None
    write: list[dict[str, Any]] = Field(default_factory=list)


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
    if not found.connections and found.receiver is None:
        raise wrong(
            path, "connections", "연결이 하나도 없습니다. [[connections]]나 [receiver]를 적으세요",
            "there is none; expected [[connections]] or [receiver]",
        )  # fmt: skip
    store = (path.parent / (found.store or "store")).resolve()
    forward = None if found.forward is None else forward_settings(path, found.forward, environment)
    keeps = forward is None or found.store is not None
    for field, wanted in (("receiver", found.receiver), ("monitor", found.monitor)):
        if not keeps and wanted is not None:
            raise wrong(
                path, field, "값을 여기에도 저장할 때만 쓸 수 있습니다. store를 적으세요",
                "needs readings to be kept here as well; name a store",
            )  # fmt: skip
    models: list[str] = []
    if found.monitor is not None:
        models = [found.monitor.model] if isinstance(found.monitor.model, str) else found.monitor.model
    return CollectSettings(
        store=store if keeps or forward is None else forward.spool,
        links=links,
        receiver=None if found.receiver is None else _receiver(path, found.receiver, store, environment),
        forward=forward,
        keeps=keeps,
        monitors=tuple((path.parent / model).resolve() for model in models),
        monitor_every=60.0 if found.monitor is None else found.monitor.every,
        writes=read_write_rules(path, found.write, links),
    )


def _receiver(path: Path, table: ReceiverTable, store: Path, environment: Mapping[str, str]) -> ReceiverSettings:
    factory = factory_settings(path, "receiver.", table, "receiver", store, environment)
    return receiver_settings(path, "receiver.", table, (factory,))
