"""`[[connections]]` of collect.toml: the fields every protocol shares, and those of the protocol itself."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, ValidationError

from jasang.connect.catalog import PROTOCOLS, load
from jasang.connect.collect_complaints import invalid, wrong
from jasang.connect.contract import Link, MachineProtocol, Options, WantedBranch, WantedSignal, WrongField
from jasang.connect.machine_url import url_complaint

Name = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f]+$")]
Address = Annotated[str, Field(min_length=1, max_length=4000)]


class Part(BaseModel):
    """Parent of every table of collect.toml."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class _Signal(Part):
    name: Name
    address: Address = Field(validation_alias=AliasChoices("address", "node"))
    asset: Name | None = None
    unit: str | None = None
    deadband: Annotated[float, Field(strict=False, ge=0.0)] | None = None


class _Branch(Part):
    address: Address | None = Field(default=None, validation_alias=AliasChoices("address", "node"))
    asset: Name | None = None
    deadband: Annotated[float, Field(strict=False, ge=0.0)] | None = None


class _Connection(Part):
    name: Name
    protocol: str
    url: Annotated[str, Field(min_length=1, max_length=2000)]
    asset: Name | None = None
    username: Name | None = None
    password_env: Name | None = None
    timeout: Annotated[float, Field(strict=False, ge=0.1, le=600.0)] = 5.0
    signals: list[dict[str, Any]] = []
    browse: list[_Branch] = []


_SHARED = frozenset(_Connection.model_fields)
_SHARED_BY_SIGNALS = frozenset({*_Signal.model_fields, "node"})


def read_links(path: Path, connections: list[dict[str, Any]], environment: Mapping[str, str]) -> tuple[Link, ...]:
    """The connections of a collect.toml, each checked by its own protocol; raises `ConfigurationError`."""
    links = tuple(_link(path, index, entry, environment) for index, entry in enumerate(connections))
    _check_unique(path, links)
    return links


def _link(path: Path, index: int, raw: Mapping[str, Any], environment: Mapping[str, str]) -> Link:
    field, place = f"connections[{index}]", ("connections", index)
    own = {key: value for key, value in raw.items() if key not in _SHARED}
    try:
        entry = _Connection.model_validate({key: value for key, value in raw.items() if key in _SHARED})
        protocol = _protocol(path, field, entry)
        options = protocol.options.model_validate(own)
    except ValidationError as error:
        raise invalid(path, error, place) from error
    _check_url(path, field, entry, protocol)
    asset = entry.asset or entry.name
    # A connection that names nothing collects everything the machine shows, where the protocol can tell what that is.
    branches = entry.browse or ([] if entry.signals or not protocol.finds_signals else [_Branch()])
    link = Link(
        name=entry.name,
        protocol=entry.protocol,
        url=entry.url,
        asset=asset,
        username=entry.username,
        password=_password(path, field, entry, environment),
        timeout=entry.timeout,
        signals=tuple(
            _signal(path, (*place, "signals", at), one, asset, protocol) for at, one in enumerate(entry.signals)
        ),
        branches=tuple(_branch(path, f"{field}.browse[{at}]", one, asset, protocol) for at, one in enumerate(branches)),
        options=options,
        secrets=_secrets(path, field, options, environment),
        folder=path.parent.resolve(),
    )
    try:
        protocol.check(link)
    except WrongField as error:
        raise wrong(path, f"{field}.{error.where}" if error.where else field, error.ko, error.en) from error
    return link


def _protocol(path: Path, field: str, entry: _Connection) -> MachineProtocol:
    if entry.protocol not in PROTOCOLS:
        known = ", ".join(sorted(PROTOCOLS))
        raise wrong(
            path, f"{field}.protocol", f"{entry.protocol!r} 은(는) 없는 프로토콜입니다. 쓸 수 있는 것: {known}",
            f"{entry.protocol!r} is no protocol; expected one of {known}",
        )  # fmt: skip
    return load(entry.protocol)


def _check_url(path: Path, field: str, entry: _Connection, protocol: MachineProtocol) -> None:
    complaint = url_complaint(entry.url, protocol)
    if complaint is not None:
        raise wrong(path, f"{field}.url", complaint.ko, complaint.en)


def _signal(
    path: Path, place: tuple[str | int, ...], raw: Mapping[str, Any], asset: str, protocol: MachineProtocol
) -> WantedSignal:
    own = {key: value for key, value in raw.items() if key not in _SHARED_BY_SIGNALS}
    try:
        signal = _Signal.model_validate({key: value for key, value in raw.items() if key in _SHARED_BY_SIGNALS})
        options = protocol.signal_options.model_validate(own)
    except ValidationError as error:
        raise invalid(path, error, place) from error
    named = "node" if "node" in raw else "address"
    _check_address(path, f"connections[{place[1]}].signals[{place[3]}].{named}", signal.address, protocol)
    on = signal.asset or asset
    return WantedSignal(
        name=f"{on}.{signal.name}",
        asset=on,
        address=signal.address,
        unit=signal.unit,
        deadband=signal.deadband,
        options=options if protocol.signal_options.model_fields else None,
    )


def _branch(path: Path, field: str, branch: _Branch, asset: str, protocol: MachineProtocol) -> WantedBranch:
    if branch.address is not None:
        _check_address(path, f"{field}.node", branch.address, protocol)
    return WantedBranch(asset=branch.asset or asset, address=branch.address, deadband=branch.deadband)


def _check_address(path: Path, field: str, address: str, protocol: MachineProtocol) -> None:
    try:
        protocol.check_address(address)
    except ValueError as error:
        example = protocol.address_example
        raise wrong(
            path, field, f"{address!r} 은(는) {protocol.name} 주소가 아닙니다. 예: {example!r}",
            f"{address!r} is no {protocol.name} address; expected for example {example!r}",
        ) from error  # fmt: skip


def _password(path: Path, field: str, entry: _Connection, environment: Mapping[str, str]) -> str | None:
    if entry.username is None:
        if entry.password_env is not None:
            raise wrong(
                path,
                f"{field}.username",
                "password_env가 있으면 username도 있어야 합니다",
                "is needed with password_env",
            )
        return None
    if entry.password_env is None:
        raise wrong(
            path, f"{field}.password_env", "username이 있으면 비밀번호가 든 환경 변수의 이름이 있어야 합니다",
            "must name the environment variable that holds the password of username",
        )  # fmt: skip
    password = environment.get(entry.password_env)
    if password is None:
        raise wrong(
            path, f"{field}.password_env", f"환경 변수 {entry.password_env!r} 이(가) 없습니다. 먼저 비밀번호를 넣어 주세요",
            f"environment variable {entry.password_env!r} is not set; expected it to hold the password",
        )  # fmt: skip
    return password


def _secrets(path: Path, field: str, options: Options, environment: Mapping[str, str]) -> dict[str, str]:
    """The values of the environment variables that the protocol's fields `x_env` name, by the field's name."""
    found = {}
    for name in type(options).model_fields:
        variable = getattr(options, name)
        if not name.endswith("_env") or variable is None:
            continue
        value = environment.get(variable)
        if value is None:
            raise wrong(
                path, f"{field}.{name}", f"환경 변수 {variable!r} 이(가) 없습니다. 먼저 값을 넣어 주세요",
                f"environment variable {variable!r} is not set; expected it to hold the secret",
            )  # fmt: skip
        found[name] = value
    return found


def _check_unique(path: Path, links: tuple[Link, ...]) -> None:
    for kind, names in (
        ("connections.name", [link.name for link in links]),
        ("connections.signals.name", [signal.name for link in links for signal in link.signals]),
    ):
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise wrong(
                path, kind, f"이름이 두 번 나옵니다: {twice}", f"names occur twice: {twice}; expected each once"
            )
