"""Fields of a receiver and of forwarding, in collect.toml (`[receiver]`, `[forward]`) and receive.toml."""

import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from jasang.connect.collect_complaints import wrong
from jasang.connect.connection_fields import Name, Part
from jasang.connect.line_protocol.naming import ASSET_TAGS

DEFAULT_ADDRESS = "127.0.0.1:8086"
FEWEST_CHARACTERS = 8  # of a token
_NOT_IN_NAME = re.compile(r"[^A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class FactorySettings:
    """One factory of a receiver: its store's folder (absolute) and the token that opens it."""

    name: str
    store: Path
    token: str = field(repr=False)
    buckets: tuple[str, ...]
    asset_tags: tuple[str, ...]
    most_signals: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiverSettings:
    """Where a receiver listens and whom it serves; `certificate` and `key` are files for TLS, both or neither."""

    host: str
    port: int
    factories: tuple[FactorySettings, ...]
    body_limit: int
    certificate: Path | None = None
    key: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ForwardSettings:
    """Where readings are sent on, and the spool they wait in. `spool_limit` in bytes; `share` of the time for catching up."""

    url: str
    token: str = field(repr=False)
    name: str
    spool: Path
    spool_limit: int
    when_full: Literal["drop_oldest", "stop"]
    share: float
    certificate: Path | None = None


class Served(Part):
    """What `[receiver]` and each `[[factories]]` share."""

    token_env: Name
    buckets: list[Name] = Field(default_factory=list)
    asset_tags: Annotated[list[Name], Field(min_length=1)] = Field(default_factory=lambda: list(ASSET_TAGS))
    most_signals: Annotated[int, Field(ge=1, le=10_000_000)] = 100_000


class Listening(Part):
    """What `[receiver]` and receive.toml share."""

    address: Name = DEFAULT_ADDRESS
    body_limit: Annotated[int, Field(ge=1_000, le=1_000_000_000)] = 32_000_000
    certificate: Name | None = None
    key: Name | None = None


class ReceiverTable(Served, Listening):
    """`[receiver]` of collect.toml."""


class ForwardTable(Part):
    """`[forward]` of collect.toml."""

    url: Annotated[str, Field(pattern=r"^https?://[^/@\s]+(/[^@\s]*)?$", max_length=2000)]
    token_env: Name
    name: Name | None = None
    spool: Name = "spool"
    spool_limit: Annotated[int, Field(ge=100_000)] = 10_000_000_000
    when_full: Literal["drop_oldest", "stop"] = "drop_oldest"
    catch_up_share: Annotated[float, Field(strict=False, ge=0.01, le=1.0)] = 0.5
    certificate: Name | None = None


def receiver_settings(
    path: Path, at: str, listening: Listening, factories: tuple[FactorySettings, ...]
) -> ReceiverSettings:
    """The settings of a receiver whose fields stand at `at` in the file; raises `ConfigurationError`."""
    host, port = _address(path, at, listening.address)
    if (listening.certificate is None) != (listening.key is None):
        raise wrong(
            path, f"{at}certificate", "certificate와 key는 함께 적어야 합니다", "and key must be given together"
        )
    return ReceiverSettings(
        host=host,
        port=port,
        factories=factories,
        body_limit=listening.body_limit,
        certificate=_file(path, f"{at}certificate", listening.certificate),
        key=_file(path, f"{at}key", listening.key),
    )


def factory_settings(
    path: Path, at: str, served: Served, name: str, store: Path, environment: Mapping[str, str]
) -> FactorySettings:
    """One factory whose fields stand at `at`; raises `ConfigurationError` when its token is not there or too short."""
    return FactorySettings(
        name=name,
        store=store,
        token=token(path, f"{at}token_env", served.token_env, environment),
        buckets=tuple(served.buckets),
        asset_tags=tuple(served.asset_tags),
        most_signals=served.most_signals,
    )


def forward_settings(path: Path, table: ForwardTable, environment: Mapping[str, str]) -> ForwardSettings:
    """The settings of `[forward]`; raises `ConfigurationError`."""
    name = _NOT_IN_NAME.sub("-", table.name or socket.gethostname()).strip("-") or "collector"
    return ForwardSettings(
        url=table.url,
        token=token(path, "forward.token_env", table.token_env, environment),
        name=name[:60],
        spool=(path.parent / table.spool).resolve(),
        spool_limit=table.spool_limit,
        when_full=table.when_full,
        share=table.catch_up_share,
        certificate=_file(path, "forward.certificate", table.certificate),
    )


def token(path: Path, at: str, variable: str, environment: Mapping[str, str]) -> str:
    """The token in an environment variable; raises `ConfigurationError`."""
    found = environment.get(variable)
    if found is None:
        raise wrong(
            path, at, f"환경 변수 {variable!r} 이(가) 없습니다. 먼저 토큰을 넣어 주세요",
            f"environment variable {variable!r} is not set; expected it to hold the token",
        )  # fmt: skip
    if len(found) < FEWEST_CHARACTERS or not found.isprintable() or found != found.strip():
        raise wrong(
            path, at, f"환경 변수 {variable!r} 의 토큰은 빈칸 없이 {FEWEST_CHARACTERS}자 이상이어야 합니다",
            f"the token in environment variable {variable!r} must have {FEWEST_CHARACTERS} characters or more and no blanks",
        )  # fmt: skip
    return found


def _address(path: Path, at: str, address: str) -> tuple[str, int]:
    host, colon, port = address.rpartition(":")
    if not colon or not host or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise wrong(
            path, f"{at}address", f"{address!r} 은(는) 주소:포트가 아닙니다. 예: {DEFAULT_ADDRESS!r}",
            f"{address!r} is no address:port; expected for example {DEFAULT_ADDRESS!r}",
        )  # fmt: skip
    return host.strip("[]"), int(port)


def _file(path: Path, at: str, name: str | None) -> Path | None:
    if name is None:
        return None
    file = (path.parent / name).resolve()
    if not file.is_file():
        raise wrong(path, at, f"{file} 파일이 없습니다", f"there is no file {file}")
    return file
