"""`jasang simulate cell|factory`: a virtual machine to connect to, or a virtual factory's files."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jasang.cli.arguments import say
from jasang.cli.catalog import COMMANDS
from jasang.errors import Language
from jasang.mentor.simulate import FAULTS, serve_cell, write_factory_folder
from jasang.plant.text import Text

if TYPE_CHECKING:
    from argparse import _SubParsersAction


def add(commands: "_SubParsersAction[Any]") -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "simulate",
        help=say(COMMANDS["simulate"]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description=say(
            Text(
                ko="가상 사출 셀을 OPC UA 서버로 열거나 가상 공장의 파일을 만듭니다.\n\n심을 수 있는 고장:\n",
                en="Serve a virtual injection-moulding cell over OPC UA, or write a virtual factory's files.\n\nFaults:\n",
            )
        )
        + "\n".join(f"  {name:20} {say(text)}" for name, text in FAULTS.items()),
    )
    kinds = parser.add_subparsers(dest="what", required=True, metavar="cell|factory")
    _add_cell(kinds)
    _add_factory(kinds)
    for kind in kinds.choices.values():
        # The language is chosen for the whole command; here the option is only let through.
        kind.add_argument("--lang", choices=("ko", "en"), default=argparse.SUPPRESS, help=argparse.SUPPRESS)
    parser.set_defaults(run=run)


def _add_cell(kinds: "_SubParsersAction[Any]") -> None:
    cell = kinds.add_parser("cell", help=say(Text(ko="OPC UA 서버로 엽니다", en="serve the cell over OPC UA")))
    cell.add_argument("--host", default="127.0.0.1", help=say(Text(ko="기다릴 주소", en="address to listen on")))
    cell.add_argument("--port", type=int, default=4840, help=say(Text(ko="기다릴 포트", en="port to listen on")))
    cell.add_argument(
        "--modbus-port",
        type=int,
        metavar="PORT",
        help=say(Text(ko="이 포트에서 Modbus TCP로도 엽니다", en="serve the cell over Modbus TCP on this port too")),
    )
    cell.add_argument("--seed", type=int, default=1)
    cell.add_argument(
        "--speed", type=float, default=1.0, help=say(Text(ko="몇 배 빠르게", en="times faster than reality"))
    )
    cell.add_argument(
        "--fault", action="append", default=[], metavar="NAME", help=say(Text(ko="심을 고장", en="a fault to plant"))
    )
    cell.add_argument(
        "--duration", type=float, metavar="SECONDS", help=say(Text(ko="이만큼만 돌립니다", en="stop after this time"))
    )
    cell.add_argument("--stop-with-parent", action="store_true", help=argparse.SUPPRESS)


def _add_factory(kinds: "_SubParsersAction[Any]") -> None:
    factory = kinds.add_parser(
        "factory",
        help=say(Text(ko="파일로 된 가상 공장 폴더를 만듭니다", en="write a virtual factory's folder of files")),
    )
    factory.add_argument("out", type=Path, metavar="OUT", help=say(Text(ko="새 폴더", en="a new folder")))
    factory.add_argument("--days", type=int, default=14, help=say(Text(ko="며칠치", en="days of production")))
    factory.add_argument("--seed", type=int, default=1)
    factory.add_argument(
        "--fault", action="append", default=[], metavar="NAME", help=say(Text(ko="심을 고장", en="a fault to plant"))
    )


def run(arguments: argparse.Namespace, language: Language) -> int:
    """Serve the cell until stopped, or write the files."""
    return _cell(arguments, language) if arguments.what == "cell" else _factory(arguments, language)


def _factory(arguments: argparse.Namespace, language: Language) -> int:
    made = write_factory_folder(arguments.out, days=arguments.days, seed=arguments.seed, faults=tuple(arguments.fault))
    text = Text(
        ko=f"{arguments.out} 에 썼습니다: 제품 {made.shots}개(불량 {made.defects}개), 상태 {made.states}줄, "
        f"신호 {made.signal_rows}줄.",
        en=f"written to {arguments.out}: {made.shots} shots ({made.defects} defective), {made.states} states, "
        f"{made.signal_rows} rows of signals",
    )
    sys.stdout.write(text.in_language(language) + "\n")
    for fault in made.faults.values():
        truth = Text(
            ko=f"심은 고장 {fault.name}: {fault.onset / 86400:.2f}일째부터, 세기 {fault.strength:.2f}",
            en=f"planted fault {fault.name}: from day {fault.onset / 86400:.2f}, strength {fault.strength:.2f}",
        )
        sys.stdout.write(truth.in_language(language) + "\n")
    return 0


def _cell(arguments: argparse.Namespace, language: Language) -> int:
    def listening(url: str) -> None:
        text = Text(ko=f"기다리는 중: listening on {url}", en=f"listening on {url}")
        sys.stdout.write(text.in_language(language) + "\n")
        sys.stdout.flush()

    serve_cell(
        host=arguments.host,
        port=arguments.port,
        modbus_port=arguments.modbus_port,
        seed=arguments.seed,
        speed=arguments.speed,
        faults=tuple(arguments.fault),
        duration=arguments.duration,
        with_parent=arguments.stop_with_parent,
        listening=listening,
    )
    return 0
