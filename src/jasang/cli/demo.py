"""`jasang demo`: a virtual cell, its collector and the portal with real factories, on this machine only.

Starts the other commands as child processes and stops them together. What was collected and diagnosed stays in the folder
`--home`, so a second start goes on where the first stopped.
"""

import argparse
import importlib.util
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from jasang.cli.arguments import say
from jasang.cli.catalog import COMMANDS
from jasang.errors import ConfigurationError, JasangError, Language, StoreError
from jasang.plant.text import Text
from jasang.store.ownership import Ownership

if TYPE_CHECKING:
    from argparse import _SubParsersAction

USER = "demo"
CELL_FACTORY = "자상 데모 공장"
# Shown in the demo where the firm's machine has them; they may not be shipped.
_LOCAL_SETS = {
    "kamp_diecasting": "KAMP 다이캐스팅",
    "kamp_injection_cn7": "KAMP 사출 CN7",
    "kamp_press": "KAMP 프레스",
}
_SHIPPED = {"steel_energy": "광양 제철 공장", "hydraulic_rig": "유압 시험기", "machine_temperature": "대형 설비 온도"}
_SAMPLE = ("--factories", "150", "--mentors", "24")  # seconds to make, and every page has something to show
_READY_SECONDS = 180  # a slow machine that does something else beside it


def add(commands: "_SubParsersAction[Any]") -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "demo",
        help=say(COMMANDS["demo"]),
        description=say(
            Text(
                ko="가상 사출 셀, 수집기, 포털을 이 컴퓨터에서 띄웁니다. Ctrl-C로 멈추고, 다시 켜면 이어집니다.",
                en="Start a virtual moulding cell, its collector and the portal here. Ctrl-C stops it; a second start goes on.",
            )
        ),
    )
    parser.add_argument("--home", type=Path, default=Path(".demo"), help=say(Text(ko="데이터 폴더", en="data folder")))
    parser.add_argument(
        "--examples", type=Path, default=Path("examples"), help=say(Text(ko="예제 폴더", en="examples folder"))
    )
    parser.add_argument("--port", type=int, default=8000, help=say(Text(ko="포털 포트", en="port of the portal")))
    parser.add_argument(
        "--cell-port", type=int, default=4840, help=say(Text(ko="가상 셀 포트", en="port of the virtual cell"))
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, language: Language) -> int:
    """Start everything, say where to go, wait until somebody stops it."""
    if importlib.util.find_spec("django") is None or importlib.util.find_spec("asyncua") is None:
        raise ConfigurationError(
            ko="데모에는 포털과 OPC UA가 필요합니다: pip install 'jasang[web,opcua]'",
            en="The demo needs the portal and OPC UA: pip install 'jasang[web,opcua]'",
        )
    home: Path = arguments.home.resolve()
    with _only_one(home), _asked_to_stop() as stop:
        try:
            _show(arguments, language, home, stop)
        except _StoppedByUser:
            _tell(
                language,
                ko="멈췄습니다. 모은 데이터는 그대로 있으니 다시 켜면 이어집니다.",
                en="Stopped. What was collected is kept; a second start goes on from here.",
            )
    return 0


def _show(arguments: argparse.Namespace, language: Language, home: Path, stop: threading.Event) -> None:
    """Start everything, say where to go, and watch until somebody stops it."""
    port, cell_port = _free_port(arguments.port), _free_port(arguments.cell_port)
    password = _password(home)
    environment = os.environ | {
        "JASANG_HOME": str(home / "portal"),
        "JASANG_DEMO_PASSWORD": password,
        "JASANG_SECOND_FACTOR": "off",  # reached from this machine only, and nobody's phone knows the demo
        "PYTHONUNBUFFERED": "1",
    }
    settings = _collect_settings(home, cell_port)
    _tell(
        language,
        ko="준비하고 있습니다… (처음에는 1분쯤 걸립니다)",
        en="Getting ready … (the first time about a minute)",
    )
    with _children(home, environment, stop) as start:
        _run_all(start, arguments, settings, cell_port, port)
        if port != arguments.port:
            _tell(
                language,
                ko=f"포트 {arguments.port}은(는) 다른 프로그램이 쓰고 있어 {port}에 띄웠습니다.",
                en=f"Port {arguments.port} is taken by another program; the portal took {port}.",
            )
        _tell_address(language, port, cell_port, password, home)
        start.wait_for("loader")  # its factories join a co-operative of the programme
        start("programme", _portal("sample-programme", *_SAMPLE, "--user", USER, "--once"), ends=True)
        start.watch()


def _run_all(start: "_Children", arguments: argparse.Namespace, settings: Path, cell_port: int, port: int) -> None:
    """Start the cell, the collector, the portal and its worker; the examples are handed to the worker."""
    start("cell", _jasang("simulate", "cell", "--port", str(cell_port), "--stop-with-parent"))
    start.wait_for_port(cell_port)
    start("setup", _setup_command(settings.parent / "store"), ends=True)
    start.wait_for("setup")
    start("collector", _jasang("collect", str(settings), "--stop-with-parent"))
    start("worker", _portal("work", "--stop-with-parent"))
    start("portal", _portal("serve", "--port", str(port), "--stop-with-parent"))
    start.wait_for_port(port)
    if examples := _load_command(arguments.examples):
        start("loader", examples, ends=True)


def _tell_address(language: Language, port: int, cell_port: int, password: str, home: Path) -> None:
    cell, logs = f"opc.tcp://127.0.0.1:{cell_port}", home / "logs"
    _tell(
        language,
        ko=f"\n자상 데모가 떴습니다.\n\n  주소      http://127.0.0.1:{port}/\n  아이디    {USER}\n"
        f"  비밀번호  {password}\n\n예제 공장의 진단과 지원 사업은 1~2분 안에 차례로 나타납니다.\n"
        f"가상 사출 셀: {cell}\n기록: {logs}\n멈추려면 Ctrl-C를 누르세요.",
        en=f"\nThe Jasang demo is running.\n\n  address   http://127.0.0.1:{port}/\n  user      {USER}\n"
        f"  password  {password}\n\nThe example factories and the support programme appear one by one within two minutes.\n"
        f"The virtual moulding cell: {cell}\nLogs: {logs}\nPress Ctrl-C to stop.",
    )


class _StoppedByUser(Exception):
    """Ctrl-C or SIGTERM came."""


@contextmanager
def _asked_to_stop() -> Iterator[threading.Event]:
    """Set at Ctrl-C or SIGTERM. A second one does not interrupt the ending of the children: none may stay behind."""
    asked = threading.Event()

    def ask(_number: int, _frame: FrameType | None) -> None:
        asked.set()

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class _Children:
    """The demo's processes: started one by one, stopped together, last started first."""

    def __init__(self, home: Path, environment: dict[str, str], stop: threading.Event) -> None:
        self.environment = environment
        self._logs = home / "logs"
        self._stop = stop
        self._running: list[tuple[str, subprocess.Popen[bytes], bool]] = []

    def __call__(self, name: str, command: list[str], *, ends: bool = False) -> None:
        """Start a process; what it says goes to logs/<name>.log. Its own session keeps Ctrl-C for us to pass on in order.

        `ends` for one that is done by itself; it must end with status 0.
        """
        with (self._logs / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                command, env=self.environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
            )
        self._running.append((name, process, ends))

    def check(self) -> None:
        """Raise when one of them has ended, or when somebody asked to stop."""
        if self._stop.is_set():
            raise _StoppedByUser
        for name, process, ends in self._running:
            if process.poll() is not None and not (ends and process.returncode == 0):
                log = self._logs / f"{name}.log"
                tail = "\n".join(log.read_text("utf-8", "replace").splitlines()[-8:])
                raise JasangError(
                    ko=f"데모의 '{name}'이(가) 끝났습니다(상태 {process.returncode}). 기록 {log}:\n{tail}",
                    en=f"The demo's '{name}' ended (status {process.returncode}). Log {log}:\n{tail}",
                )

    def wait_for(self, name: str) -> None:
        """Wait until that process is done."""
        while any(running == name and process.poll() is None for running, process, _ in self._running):
            self.check()
            time.sleep(0.2)
        self.check()

    def wait_for_port(self, port: int) -> None:
        """Wait until something answers at that port."""
        end = time.monotonic() + _READY_SECONDS
        while time.monotonic() < end:
            self.check()
            with socket.socket() as probe:
                probe.settimeout(0.5)
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return
            time.sleep(0.2)
        raise JasangError(
            ko=f"{_READY_SECONDS}초를 기다렸지만 포트 {port}이(가) 열리지 않았습니다. 기록: {self._logs}",
            en=f"Port {port} did not open within {_READY_SECONDS} s. Logs: {self._logs}",
        )

    def watch(self) -> None:
        """Wait until somebody stops us or a process ends."""
        while True:
            self.check()
            time.sleep(0.5)

    def stop(self) -> None:
        """Ask each to stop, last started first; after ten seconds without an answer it is ended."""
        for _, process, _ in reversed(self._running):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(timeout=10)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()


@contextmanager
def _children(home: Path, environment: dict[str, str], stop: threading.Event) -> Iterator[_Children]:
    children = _Children(home, environment, stop)
    try:
        yield children
    finally:
        children.stop()


def _jasang(*words: str) -> list[str]:
    return [sys.executable, "-m", "jasang.cli.main", *words]


def _portal(*words: str) -> list[str]:
    return [sys.executable, "-m", "jasang.web.manage", *words]


def _setup_command(store: Path) -> list[str]:
    """Account and the factory of the virtual cell; doing it again changes nothing."""
    return _portal(
        "setup", "--user", USER, "--password-env", "JASANG_DEMO_PASSWORD",
        "--factory", CELL_FACTORY, "--store", str(store),
    )  # fmt: skip


def _load_command(examples: Path) -> list[str]:
    """Hands the real factories' files to the worker; what was diagnosed before is not diagnosed again. Empty without any."""
    data = Path(os.environ.get("JASANG_DATA", "../shared")) / "data"
    folders = [(examples / folder, name) for folder, name in _SHIPPED.items()]
    folders += [(data / folder, name) for folder, name in _LOCAL_SETS.items()]
    there = [(folder, name) for folder, name in folders if folder.is_dir()]
    if not there:
        return []
    names = [word for _, name in there for word in ("--factory", name)]
    return _portal("load", *(str(folder) for folder, _ in there), *names, "--user", USER)


def _password(home: Path) -> str:
    """Made once, kept where only the owner can read it."""
    file = home / "password"
    if not file.exists():
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as out:
            out.write("-".join(secrets.token_hex(2) for _ in range(3)))
    return file.read_text().strip()


def _collect_settings(home: Path, cell_port: int) -> Path:
    """The collector's settings; rewritten at each start because the cell's port may have changed."""
    file = home / "collect.toml"
    half = file.with_suffix(".half")
    half.write_text(
        f"# 데모 수집기 설정 / settings of the demo's collector\n"
        f'store = "store"\n\n[[connections]]\nname = "INJ-01"\nprotocol = "opcua"\n'
        f'url = "opc.tcp://127.0.0.1:{cell_port}"\nasset = "INJ-01"\n',
        "utf-8",
    )
    half.replace(file)
    return file


@contextmanager
def _only_one(home: Path) -> Iterator[None]:
    """The demo's folder, made where it is not there; refused while another demo runs in it."""
    try:
        (home / "logs").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(
            ko=f"--home {home}: 폴더를 만들 수 없습니다({error.strerror}). 쓸 수 있는 폴더를 주세요.",
            en=f"--home {home}: the folder cannot be made ({error.strerror}); expected one that can be written.",
        ) from error
    try:
        held = Ownership(home)
    except StoreError as error:
        raise ConfigurationError(
            ko=f"{home}: 이 폴더에서 데모가 이미 돌고 있습니다. 그 창에서 Ctrl-C로 멈추거나 --home으로 다른 폴더를 주세요.",
            en=f"{home}: a demo runs in this folder already. Stop it with Ctrl-C in its window, or name another --home.",
        ) from error
    try:
        yield
    finally:
        held.release()


def _free_port(wanted: int) -> int:
    """The wanted port, else one that is free: a second demo or another program must not be in the way."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise JasangError(ko="빈 포트가 없습니다.", en="No port is free.")


def _tell(language: Language, *, ko: str, en: str) -> None:
    sys.stdout.write((ko if language == "ko" else en) + "\n")
    sys.stdout.flush()
