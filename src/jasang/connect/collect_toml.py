"""`collect.toml`: which machines to collect from, and into which store. Checked whole before anything is connected.

The reference of every field is docs/collect-toml.md.
"""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from jasang.connect.catalog import PROTOCOLS, load
from jasang.connect.contract import Link, WantedBranch, WantedSignal
from jasang.errors import ConfigurationError

Name = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f]+$")]


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectSettings:
    """A valid collect.toml: the store's folder (absolute) and the connections with their passwords filled in.

    `monitors` are the model files (absolute) that watch what is collected, looked at every `monitor_every` s.
    """

    store: Path
    links: tuple[Link, ...]
    monitors: tuple[Path, ...] = ()
    monitor_every: float = 60.0


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class _Signal(_Part):
    name: Name
    node: Name
    asset: Name | None = None
    unit: str | None = None
    deadband: Annotated[float, Field(strict=False, ge=0.0)] | None = None


class _Branch(_Part):
    node: Name | None = None
    asset: Name | None = None
    deadband: Annotated[float, Field(strict=False, ge=0.0)] | None = None


class _Connection(_Part):
    name: Name
    protocol: str
    url: Name
    asset: Name | None = None
    username: Name | None = None
    password_env: Name | None = None
    publishing_interval: Annotated[float, Field(strict=False, ge=0.01, le=3600.0)] = 0.5
    sampling_interval: Annotated[float, Field(strict=False, ge=0.0, le=3600.0)] = 0.1
    queue_size: Annotated[int, Field(ge=1, le=1_000_000)] = 1000
    timeout: Annotated[float, Field(strict=False, ge=0.1, le=600.0)] = 5.0
    signals: list[_Signal] = []
    browse: list[_Branch] = []


class _Monitor(_Part):
    model: Name | Annotated[list[Name], Field(min_length=1)]
    every: Annotated[float, Field(strict=False, ge=1.0, le=3600.0)] = 60.0


class _File(_Part):
    format: Literal["jasang.collect/1"] = "jasang.collect/1"
    store: Name = "store"
    connections: Annotated[list[_Connection], Field(min_length=1)]
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
        raise _wrong(path, "", f"읽을 수 없습니다: {error}", f"cannot be read: {error}") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise _wrong(path, "", f"UTF-8 TOML이 아닙니다: {error}", f"is not UTF-8 TOML: {error}") from error
    except ValidationError as error:
        raise _invalid(path, error) from error
    links = tuple(_link(path, index, entry, environment) for index, entry in enumerate(found.connections))
    _check_unique(path, links)
    models: list[str] = []
    if found.monitor is not None:
        models = [found.monitor.model] if isinstance(found.monitor.model, str) else found.monitor.model
    return CollectSettings(
        store=(path.parent / found.store).resolve(),
        links=links,
        monitors=tuple((path.parent / model).resolve() for model in models),
        monitor_every=60.0 if found.monitor is None else found.monitor.every,
    )


def _link(path: Path, index: int, entry: _Connection, environment: Mapping[str, str]) -> Link:
    field = f"connections[{index}]"
    if entry.protocol not in PROTOCOLS:
        known = ", ".join(sorted(PROTOCOLS))
        raise _wrong(
            path, f"{field}.protocol", f"{entry.protocol!r} 은(는) 없는 프로토콜입니다. 쓸 수 있는 것: {known}",
            f"{entry.protocol!r} is no protocol; expected one of {known}",
        )  # fmt: skip
    schemes = load(entry.protocol).schemes
    if not any(entry.url.startswith(f"{scheme}://") for scheme in schemes):
        wanted = ", ".join(f"{scheme}://…" for scheme in schemes)
        shown = "…@" + entry.url.rpartition("@")[2] if "@" in entry.url else entry.url
        raise _wrong(
            path, f"{field}.url", f"{shown!r} 은(는) {wanted} 로 시작해야 합니다", f"{shown!r} must begin with {wanted}"
        )
    if "@" in entry.url.partition("://")[2].partition("/")[0]:
        raise _wrong(
            path, f"{field}.url", "주소에 비밀번호를 쓰지 마세요. username과 password_env를 쓰세요",
            "must not hold a password; use username and password_env",
        )  # fmt: skip
    asset = entry.asset or entry.name
    # A connection that names nothing collects everything the machine shows.
    branches = entry.browse or ([] if entry.signals else [_Branch()])
    return Link(
        name=entry.name,
        protocol=entry.protocol,
        url=entry.url,
        username=entry.username,
        password=_password(path, field, entry, environment),
        publishing_interval=entry.publishing_interval,
        sampling_interval=entry.sampling_interval,
        queue_size=entry.queue_size,
        timeout=entry.timeout,
        signals=tuple(
            _signal(path, field, number, signal, asset, entry) for number, signal in enumerate(entry.signals)
        ),
        branches=tuple(_branch(path, field, number, branch, asset, entry) for number, branch in enumerate(branches)),
    )


def _signal(path: Path, field: str, number: int, signal: _Signal, asset: str, entry: _Connection) -> WantedSignal:
    _check_address(path, f"{field}.signals[{number}].node", signal.node, entry)
    own = signal.asset or asset
    return WantedSignal(
        name=f"{own}.{signal.name}", asset=own, address=signal.node, unit=signal.unit, deadband=signal.deadband
    )


def _branch(path: Path, field: str, number: int, branch: _Branch, asset: str, entry: _Connection) -> WantedBranch:
    if branch.node is not None:
        _check_address(path, f"{field}.browse[{number}].node", branch.node, entry)
    return WantedBranch(asset=branch.asset or asset, address=branch.node, deadband=branch.deadband)


def _check_address(path: Path, field: str, address: str, entry: _Connection) -> None:
    try:
        load(entry.protocol).check_address(address)
    except ValueError as error:
        raise _wrong(
            path, field, f"{address!r} 은(는) 노드 주소가 아닙니다. 예: 'nsu=urn:maker;s=Barrel.Zone1'",
            f"{address!r} is no node address; expected for example 'nsu=urn:maker;s=Barrel.Zone1'",
        ) from error  # fmt: skip


def _password(path: Path, field: str, entry: _Connection, environment: Mapping[str, str]) -> str | None:
    if entry.username is None:
        if entry.password_env is not None:
            raise _wrong(
                path,
                f"{field}.username",
                "password_env가 있으면 username도 있어야 합니다",
                "is needed with password_env",
            )
        return None
    if entry.password_env is None:
        raise _wrong(
            path, f"{field}.password_env", "username이 있으면 비밀번호가 든 환경 변수의 이름이 있어야 합니다",
            "must name the environment variable that holds the password of username",
        )  # fmt: skip
    password = environment.get(entry.password_env)
    if password is None:
        raise _wrong(
            path, f"{field}.password_env", f"환경 변수 {entry.password_env!r} 이(가) 없습니다. 먼저 비밀번호를 넣어 주세요",
            f"environment variable {entry.password_env!r} is not set; expected it to hold the password",
        )  # fmt: skip
    return password


def _check_unique(path: Path, links: tuple[Link, ...]) -> None:
    for kind, names in (
        ("connections.name", [link.name for link in links]),
        ("connections.signals.name", [signal.name for link in links for signal in link.signals]),
    ):
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise _wrong(
                path, kind, f"이름이 두 번 나옵니다: {twice}", f"names occur twice: {twice}; expected each once"
            )


def _invalid(path: Path, error: ValidationError) -> ConfigurationError:
    first = error.errors(include_url=False)[0]
    field = ""
    for part in first["loc"]:
        field += f"[{part}]" if isinstance(part, int) else f".{part}" if field else str(part)
    more = error.error_count() - 1
    korean, english = _expected(first)
    if more:
        korean, english = f"{korean} (잘못된 곳이 {more}군데 더 있습니다)", f"{english} (and {more} more)"
    return _wrong(path, field, korean, english)


def _expected(found: Any) -> tuple[str, str]:
    kind, message = found["type"], found["msg"]
    if kind == "missing":
        return "빠져 있습니다", "is missing"
    if kind == "extra_forbidden":
        return "없는 항목입니다. 철자를 확인하세요", "is not a known field; check its spelling"
    value = found.get("input")
    shown = repr(value) if isinstance(value, (str, int, float, bool)) else f"a {type(value).__name__}"
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


def _wrong(path: Path, field: str, korean: str, english: str) -> ConfigurationError:
    where = f"{path}: {field}" if field else str(path)
    return ConfigurationError(ko=f"{where}: {korean}", en=f"{where}: {english}")
