"""The use case "connect": look at a machine, try the connections of a collect.toml, write one for a new machine."""

import asyncio
import contextlib
import os
import re
import tempfile
import time
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pyarrow as pa
from pydantic import ValidationError

from jasang.connect.catalog import PROTOCOLS, load
from jasang.connect.collect_complaints import invalid
from jasang.connect.collect_toml import AnySecret, read_collect_toml
from jasang.connect.compose_toml import appended, compose, header
from jasang.connect.contract import Begun, Link, MachineProtocol, Variable, is_mark
from jasang.connect.ending import end
from jasang.connect.forward.frames import to_readings
from jasang.connect.link_words import unforeseen
from jasang.connect.machine_url import url_complaint
from jasang.errors import ConfigurationError, ConnectionFailed, JasangError, Language
from jasang.plant.reading import Reading, Signal
from jasang.plant.text import Text

FIRST_VALUES = 3.0  # s to wait for the first values once a connection stands
SILENT_AFTER = 20.0  # s, beside the connection's own timeout, until a connection that tells nothing is given up
AHEAD = timedelta(minutes=5)
PREFERRED = ("opcua", "mtconnect", "mqtt")  # where one scheme means several protocols
BAD = 0x80000000

__all__ = [
    "Added",
    "Asked",
    "Tried",
    "add_connection",
    "append_block",
    "browse_machine",
    "protocol_of",
    "try_connections",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One connection that was tried: either `error`, or what comes, with the latest value of each signal that had one.

    `elapsed` in s until the connection stood (or failed).
    """

    link: Link
    elapsed: float
    error: Text | None = None
    signals: tuple[Signal, ...] = ()
    latest: Mapping[str, Reading] = field(default_factory=dict)
    missing: tuple[Text, ...] = ()
    doubts: tuple[Text, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether every signal asked for comes."""
        return self.error is None and not self.missing


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """How to reach one machine, for browsing and adding; `fields` are fields of the protocol as in collect.toml."""

    url: str
    protocol: str | None = None
    username: str | None = None
    password_env: str | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    timeout: float = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """What was written: the block, the file, whether the file is new, and what a person should look at."""

    file: Path
    name: str
    block: str
    new_file: bool
    found: int
    to_do: tuple[Text, ...]


def protocol_of(url: str, stated: str | None = None) -> MachineProtocol:
    """The protocol of a url by its scheme, or the one stated; raises `ConfigurationError`."""
    if stated is not None:
        return load(stated)
    scheme = url.partition(":")[0].lower()
    known: dict[str, list[str]] = {}
    for name in sorted(PROTOCOLS, key=lambda one: (one not in PREFERRED, one)):
        with contextlib.suppress(ConfigurationError):  # an extra that is not installed
            for one in load(name).schemes:
                known.setdefault(one, []).append(name)
    if scheme not in known or ":" not in url:
        listed = ", ".join(f"{one}://" for one in sorted(known))
        raise ConfigurationError(
            ko=f"주소 {url!r} 을(를) 모르겠습니다. 이렇게 시작해야 합니다: {listed}",
            en=f"unknown kind of address {url!r}; it must begin with one of {listed}",
        )
    return load(known[scheme][0])


def browse_machine(asked: Asked, node: str | None = None) -> tuple[str, tuple[Variable, ...]]:
    """The protocol's name and what the machine offers below `node` (all when `None`); raises `ConnectionFailed`."""
    protocol = protocol_of(asked.url, asked.protocol)
    return protocol.name, asyncio.run(protocol.browse(_link(asked, protocol), node))


def _link(asked: Asked, protocol: MachineProtocol) -> Link:
    complaint = url_complaint(asked.url, protocol)
    if complaint is not None:
        raise ConfigurationError(ko=f"주소: {complaint.ko}", en=f"address: {complaint.en}")
    try:
        options = protocol.options.model_validate(dict(asked.fields))
    except ValidationError as error:
        raise invalid(Path("--set"), error) from error
    password = None
    if asked.username is not None and asked.password_env is not None:
        password = os.environ.get(asked.password_env)
        if password is None:
            raise ConfigurationError(
                ko=f"환경 변수 {asked.password_env!r} 이(가) 없습니다. 먼저 비밀번호를 넣어 주세요.",
                en=f"environment variable {asked.password_env!r} is not set; expected it to hold the password",
            )
    names = [name for name in protocol.options.model_fields if name.endswith("_env")]
    secrets = {
        name: os.environ[variable]
        for name in names
        if (variable := getattr(options, name)) is not None and variable in os.environ
    }
    return Link(
        name=asked.url, protocol=protocol.name, url=asked.url, asset=asked.url, username=asked.username,
        password=password, timeout=asked.timeout, options=options, secrets=secrets, folder=Path.cwd(), trial=True,
    )  # fmt: skip


def try_connections(settings_file: Path) -> list[Tried]:
    """Connect once to every machine of a collect.toml, one after another. Keeps nothing and leaves nothing behind."""
    settings = read_collect_toml(settings_file)
    return [asyncio.run(_try(replace(link, trial=True))) for link in settings.links]


async def _try(link: Link) -> Tried:
    inbox = _TrialInbox()
    started = time.monotonic()
    task = asyncio.ensure_future(load(link.protocol).collect(link, inbox))
    try:
        begun = asyncio.ensure_future(inbox.standing.wait())
        waiting: list[asyncio.Future[Any]] = [task, begun]
        await asyncio.wait(waiting, timeout=link.timeout + SILENT_AFTER, return_when=asyncio.FIRST_COMPLETED)
        begun.cancel()
        elapsed = time.monotonic() - started
        if inbox.begun_with is None and not task.done():
            return Tried(link=link, elapsed=elapsed, error=_silent(link, elapsed))
        until = time.monotonic() + FIRST_VALUES
        while not task.done() and time.monotonic() < until and not inbox.complete():
            await asyncio.sleep(0.05)
        if task.done():
            await task
        return _tried(link, elapsed, inbox)
    except JasangError as error:
        text = Text(ko=error.ko, en=error.en)
        return Tried(link=link, elapsed=time.monotonic() - started, error=text)
    except Exception as error:  # noqa: BLE001 - the other connections are tried all the same
        told = unforeseen(link, error)
        return Tried(link=link, elapsed=time.monotonic() - started, error=Text(ko=told.ko, en=told.en))
    finally:
        await end([task])


def _silent(link: Link, elapsed: float) -> Text:
    return Text(
        ko=f"연결 {link.name!r}: {elapsed:.0f}초 동안 아무것도 오지 않았습니다",
        en=f"connection {link.name!r}: nothing was heard for {elapsed:.0f} s",
    )


def _tried(link: Link, elapsed: float, inbox: "_TrialInbox") -> Tried:
    begun = inbox.begun_with or Begun(signals=())
    doubts = list(begun.doubts)
    now = datetime.now(UTC)
    bad = [name for name, reading in inbox.latest.items() if reading.quality & BAD]
    if bad:
        shown = ", ".join(bad[:5]) + (" …" if len(bad) > 5 else "")
        doubts.append(
            Text(ko=f"품질이 나쁜 신호 {len(bad)}개: {shown}", en=f"{len(bad)} signals are of bad quality: {shown}")
        )
    ahead = max((reading.source_time - now for reading in inbox.latest.values()), default=timedelta())
    if ahead > AHEAD and not any("ahead" in doubt.en for doubt in doubts):
        minutes = ahead.total_seconds() / 60.0
        doubts.append(
            Text(
                ko=f"기계의 시계가 {minutes:.0f}분 앞서 갑니다. 기계나 이 컴퓨터의 시계를 맞추세요.",
                en=f"the machine's clock is {minutes:.0f} min ahead; set the clock of the machine or of this computer",
            )
        )
    return Tried(
        link=link,
        elapsed=elapsed,
        signals=tuple(signal for signal in begun.signals if not is_mark(signal)),
        latest=inbox.latest,
        missing=begun.missing,
        doubts=tuple(doubts),
    )


class _TrialInbox:
    """An inbox for one try: keeps the latest value of each signal, and nothing counts as acknowledged."""

    def __init__(self) -> None:
        self.begun_with: Begun | None = None
        self.latest: dict[str, Reading] = {}
        self.standing = asyncio.Event()

    def complete(self) -> bool:
        """Whether every signal has had its first value."""
        wanted = self.begun_with.signals if self.begun_with is not None else ()
        return bool(wanted) and all(signal.name in self.latest or is_mark(signal) for signal in wanted)

    def begun(self, begun: Begun) -> None:
        self.begun_with = begun
        self.standing.set()

    def deliver(self, readings: Sequence[Reading]) -> int:
        for reading in readings:
            self.latest[reading.signal] = reading
        return 0

    def deliver_rows(self, rows: pa.Table) -> int:
        return self.deliver(to_readings(rows))

    async def kept(self, _ticket: int) -> None:
        await asyncio.Event().wait()  # for ever: nothing may be acknowledged or moved because of a try

    async def last(self, _signals: Sequence[str]) -> Mapping[str, Reading]:
        return {}


def add_connection(
    asked: Asked, file: Path, *, name: str | None = None, node: str | None = None, language: Language = "ko"
) -> Added:
    """Look at a machine and write a connection for it into `file`, which is made when it is not there.

    What the file holds already stays as it is. Nothing is written when the machine cannot be reached (`ConnectionFailed`), the
    file is not valid, or would not be with the new connection (`ConfigurationError`).
    """
    protocol, variables = browse_machine(asked, node)
    if not variables and protocol in ("opcua", "mtconnect"):
        raise ConnectionFailed(
            ko=f"{asked.url} 은(는) 보이는 신호가 없습니다.", en=f"{asked.url} shows no signal", permanent=True
        )
    to_do: list[Text] = []

    def block(free: str) -> str:
        composed = compose(
            name=free,
            protocol=protocol,
            url=asked.url,
            asset=_machine(protocol, variables),
            username=asked.username,
            password_env=asked.password_env,
            fields=asked.fields,
            variables=variables,
            node=node,
            language=language,
        )
        to_do.extend(composed.to_do)
        return composed.text

    added = append_block(
        file, name or _name_of(asked.url, protocol), block, found=len(variables), to_do=(), language=language
    )
    return replace(added, to_do=tuple(to_do))


def append_block(
    file: Path,
    name: str,
    block: Callable[[str], str],
    *,
    found: int,
    to_do: tuple[Text, ...],
    language: Language,
) -> Added:
    """Write the text that `block` gives for a free name into `file`, checked whole; raises `ConfigurationError`."""
    existing, taken = _existing(file)
    free = _free_name(name, taken)
    text = block(free)
    _write(file, appended(existing if existing is not None else header(language), text))
    return Added(file=file, name=free, block=text, new_file=existing is None, found=found, to_do=to_do)


def _machine(protocol: str, variables: Sequence[Variable]) -> str | None:
    """The machine's own name, where all that it shows stands below one."""
    heads = {variable.path.partition(".")[0] for variable in variables}
    nested = all("." in variable.path for variable in variables)
    return heads.pop() if protocol in ("opcua", "mtconnect") and nested and len(heads) == 1 else None


def _existing(file: Path) -> tuple[str | None, set[str]]:
    """The text of the file, `None` when there is none, and the names of its connections."""
    if not file.exists():
        return None, set()
    try:
        text = file.read_bytes().decode("utf-8")
        found = tomllib.loads(text.removeprefix("\ufeff").replace("\r\n", "\n"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(
            ko=f"{file}: 지금 있는 내용을 읽을 수 없어 건드리지 않았습니다: {error}",
            en=f"{file}: what is there cannot be read, so it was left as it is: {error}",
        ) from error
    connections = found.get("connections", [])
    return text, {str(one.get("name")) for one in connections if isinstance(one, dict)}


def _name_of(url: str, protocol: str) -> str:
    place = unquote(url.partition(":")[2]).strip("/")
    if protocol in ("folder", "sql") and ("/" in place or "\\" in place or url.startswith(("file:", "sqlite:"))):
        return Path(place).stem or protocol
    host = re.split(r"[/:?]", place, maxsplit=1)[0]
    return f"{protocol}-{host}" if host else protocol


def _free_name(name: str, taken: set[str]) -> str:
    free, number = name, 2
    while free in taken:
        free, number = f"{name}-{number}", number + 1
    return free


def _write(file: Path, text: str) -> None:
    """Check the whole new file, then put it in place in one step."""
    file = file.resolve() if file.is_symlink() else file
    try:
        descriptor, temporary = tempfile.mkstemp(prefix=f".{file.name}.", suffix=".new", dir=file.parent)
    except OSError as error:
        raise ConfigurationError(
            ko=f"{file}: 쓸 수 없습니다: {error}", en=f"{file}: cannot be written: {error}"
        ) from error
    new = Path(temporary)
    try:
        with os.fdopen(descriptor, "wb") as opened:
            opened.write(text.encode("utf-8"))
            opened.flush()
            os.fsync(opened.fileno())
        try:
            read_collect_toml(new, AnySecret())
        except ConfigurationError as error:
            ko, en = (said.replace(str(new), str(file)) for said in (error.ko, error.en))
            raise ConfigurationError(
                ko=f"새 연결을 더하면 파일이 맞지 않아 쓰지 않았습니다. {ko}",
                en=f"nothing was written, for with the new connection the file would be wrong: {en}",
            ) from error
        new.chmod(file.stat().st_mode & 0o777 if file.exists() else 0o644)
        os.replace(new, file)
    except OSError as error:
        raise ConfigurationError(
            ko=f"{file}: 쓸 수 없습니다: {error}", en=f"{file}: cannot be written: {error}"
        ) from error
    finally:
        new.unlink(missing_ok=True)
