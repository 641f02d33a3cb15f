"""`jasang connect browse URL` and `jasang connect test collect.toml`: look at a machine before collecting from it."""

import argparse
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Column, Table

from jasang.cli.arguments import say
from jasang.errors import Language
from jasang.mentor.collect import browse, test_connections
from jasang.plant.text import Text

if TYPE_CHECKING:
    from argparse import _SubParsersAction


def add(commands: "_SubParsersAction[Any]") -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "connect",
        help=say(Text(ko="기계가 내주는 값을 살펴봅니다", en="look at what a machine offers")),
        description=say(
            Text(
                ko="수집하기 전에 기계가 내주는 값을 보거나(browse), collect.toml의 연결을 한 번 시험합니다(test).",
                en="Before collecting: list what a machine offers (browse), or try each connection once (test).",
            )
        ),
    )
    kinds = parser.add_subparsers(dest="what", required=True, metavar="browse|test")
    look = kinds.add_parser("browse", help=say(Text(ko="기계의 값 목록", en="list a machine's variables")))
    look.add_argument(
        "url",
        metavar="URL",
        help=say(Text(ko="예: opc.tcp://192.168.0.20:4840", en="for example opc.tcp://192.168.0.20:4840")),
    )
    look.add_argument("--node", metavar="ADDRESS", help=say(Text(ko="이 노드 아래만", en="only below this node")))
    check = kinds.add_parser("test", help=say(Text(ko="연결을 한 번 시험", en="try each connection once")))
    check.add_argument("file", type=Path, metavar="collect.toml")
    for kind in kinds.choices.values():
        kind.add_argument("--lang", choices=("ko", "en"), default=argparse.SUPPRESS, help=argparse.SUPPRESS)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, language: Language) -> int:
    """Look, print, and tell by the exit status whether every signal is there."""
    logging.getLogger("asyncua").setLevel(logging.CRITICAL)  # what matters comes as our own sentence
    console = Console(highlight=False)
    if arguments.what == "browse":
        return _browse(arguments, language, console)
    return _test(arguments.file, language, console)


def _browse(arguments: argparse.Namespace, language: Language, console: Console) -> int:
    titles = Text(ko="이름 주소 형식 단위 범위 쓰기", en="name address type unit range writable").in_language(language)
    rows = [
        (
            variable.path,
            variable.address,
            variable.data_type,
            variable.unit or "",
            "" if variable.low is None else f"{variable.low:g} … {variable.high:g}",
            "✓" if variable.writable else "",
        )
        for variable in browse(arguments.url, arguments.node)
    ]
    if not console.is_terminal:  # for a file or another program: tabs, nothing folded
        sys.stdout.writelines("\t".join(row) + "\n" for row in [tuple(titles.split()), *rows])
        return 0
    table = Table(*(Column(title, overflow="fold") for title in titles.split()), box=None, pad_edge=False)
    for row in rows:
        table.add_row(*row)
    console.print(table)
    return 0


def _test(file: Path, language: Language, console: Console) -> int:
    complete = True
    for link, answer in test_connections(file):
        if isinstance(answer, Text):
            complete = False
            console.print(f"✗ {answer.in_language(language)}", markup=False)
            continue
        complete = complete and not answer.missing
        found = Text(ko=f"신호 {len(answer.signals)}개가 옵니다", en=f"{len(answer.signals)} signals come")
        console.print(f"✓ {link.name}: {found.in_language(language)}", markup=False)
        for text in answer.missing:
            console.print(f"  ✗ {text.in_language(language)}", markup=False)
    return 0 if complete else 1
