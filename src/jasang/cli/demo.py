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
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jasang.cli.arguments import say
from jasang.cli.catalog import COMMANDS
from jasang.errors import ConfigurationError, JasangError, Language
from jasang.plant.text import Text

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
_READY_SECONDS = 60


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
    home.mkdir(parents=True, exist_ok=True)
    port, cell_port = _free_port(arguments.port), _free_port(arguments.cell_port)
    password = _password(home)
    environment = os.environ | {
        "JASANG_HOME": str(home / "portal"),
        "JASANG_DEMO_PASSWORD": password,
        "JASANG_SECOND_FACTOR": "off",  # reached from this machine only, and nobody's phone knows the demo
        "PYTHONUNBUFFERED": "1",
    }
    settings = _collect_settings(home, cell_port)
    _tell(language, ko="준비하고 있습니다…", en="Getting ready …")
    with _children(home, environment) as start:
        start("cell", _jasang("simulate", "cell", "--port", str(cell_port), "--stop-with-parent"))
        _wait_for_port(cell_port, start)
        _prepare_portal(settings.parent / "store", environment)
        start("collector", _jasang("collect", str(settings), "--stop-with-parent"))
        start("worker", _portal("work"))
        start("portal", _portal("serve", "--port", str(port)))
        _wait_for_port(port, start)
        start("loader", _load_command(arguments.examples), ends=True)
        cell, logs = f"opc.tcp://127.0.0.1:{cell_port}", home / "logs"
        _tell(
            language,
            ko=f"\n자상 데모가 떴습니다.\n\n  주소      http://127.0.0.1:{port}/\n  아이디    {USER}\n"
            f"  비밀번호  {password}\n\n가상 사출 셀: {cell}\n기록: {logs}\n멈추려면 Ctrl-C를 누르세요.",
            en=f"\nThe Jasang demo is running.\n\n  address   http://127.0.0.1:{port}/\n  user      {USER}\n"
            f"  password  {password}\n\nThe virtual moulding cell: {cell}\nLogs: {logs}\nPress Ctrl-C to stop.",
        )
        try:
            start.wait_for("loader")  # its factories join a co-operative of the programme
            start("programme", _portal("sample-programme", *_SAMPLE, "--user", USER, "--once"), ends=True)
            start.watch()
        except KeyboardInterrupt:
            _tell(language, ko="\n멈추고 있습니다…", en="\nStopping …")
    _tell(
        language,
        ko="멈췄습니다. 모은 데이터는 그대로 있으니 다시 켜면 이어집니다.",
        en="Stopped. What was collected is kept; a second start goes on from here.",
    )
    return 0


class _Children:
    """The demo's processes: started one by one, stopped together, last started first."""

    def __init__(self, home: Path, environment: dict[str, str]) -> None:
        self._logs = home / "logs"
        self._logs.mkdir(exist_ok=True)
        self._environment = environment
        self._running: list[tuple[str, subprocess.Popen[bytes], bool]] = []

    def __call__(self, name: str, command: list[str], *, ends: bool = False) -> None:
        """Start a process; what it says goes to logs/<name>.log. Its own session keeps Ctrl-C for us to pass on in order.

        `ends` for one that is done by itself; it must end with status 0.
        """
        with (self._logs / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                command, env=self._environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
            )
        self._running.append((name, process, ends))

    def check(self) -> None:
        """Raise when one of them has ended."""
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
def _children(home: Path, environment: dict[str, str]) -> Iterator[_Children]:
    children = _Children(home, environment)
    try:
        yield children
    finally:
        children.stop()


def _jasang(*words: str) -> list[str]:
    return [sys.executable, "-m", "jasang.cli.main", *words]


def _portal(*words: str) -> list[str]:
    return [sys.executable, "-m", "jasang.web.manage", *words]


def _prepare_portal(store: Path, environment: dict[str, str]) -> None:
    """Account and the factory of the virtual cell; doing it again changes nothing."""
    done = subprocess.run(
        _portal(
            "setup",
            "--user",
            USER,
            "--password-env",
            "JASANG_DEMO_PASSWORD",
            "--factory",
            CELL_FACTORY,
            "--store",
            str(store),
        ),
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise JasangError(
            ko=f"포털을 준비하지 못했습니다:\n{done.stderr}", en=f"The portal could not be set up:\n{done.stderr}"
        )


def _load_command(examples: Path) -> list[str]:
    """Hands the real factories' files to the worker; what was diagnosed before is not diagnosed again."""
    data = Path(os.environ.get("JASANG_DATA", "../shared")) / "data"
    folders = [(examples / folder, name) for folder, name in _SHIPPED.items()]
    folders += [(data / folder, name) for folder, name in _LOCAL_SETS.items()]
    there = [(folder, name) for folder, name in folders if folder.is_dir()]
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


def _wait_for_port(port: int, children: _Children) -> None:
    end = time.monotonic() + _READY_SECONDS
    while time.monotonic() < end:
        children.check()
        with socket.socket() as probe:
            probe.settimeout(0.5)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.2)
    raise JasangError(
        ko=f"{_READY_SECONDS}초를 기다렸지만 포트 {port}이(가) 열리지 않았습니다.",
        en=f"Port {port} did not open within {_READY_SECONDS} s.",
    )


def _tell(language: Language, *, ko: str, en: str) -> None:
    sys.stdout.write((ko if language == "ko" else en) + "\n")
    sys.stdout.flush()
