"""`jasang life PATH`: how long things last, or when a wearing quantity reaches its limit."""

import argparse
from typing import TYPE_CHECKING, Any

from jasang.cli.arguments import say
from jasang.cli.catalog import COMMANDS
from jasang.cli.show_study import add_study_options, run_study
from jasang.errors import Language
from jasang.mentor.remaining_life import life_of
from jasang.plant.text import Text

if TYPE_CHECKING:
    from argparse import _SubParsersAction

_NAMES = (
    ("--counter", Text(ko="바꿀 때 0으로 돌아가는 누적 사용량 열", en="column of use since the last replacement")),
    (
        "--failures",
        Text(ko="고장이면 1인 열(없으면 양불 판정)", en="column that is 1 at a failure (default: the verdict)"),
    ),
    ("--column", Text(ko="닳아 가는 값의 열", en="column of a wearing quantity")),
    ("--table", Text(ko="표(파일 이름)", en="the table (its file)")),
    ("--asset", Text(ko="이 설비만", en="this machine only")),
)
_NUMBERS = (
    ("--limit", Text(ko="그 값의 한계", en="limit of that quantity")),
    ("--planned", Text(ko="미리 바꾸는 비용", en="cost of a planned replacement")),
    ("--failure", Text(ko="고장 난 뒤 바꾸는 비용", en="cost of a replacement after a failure")),
)


def add(commands: "_SubParsersAction[Any]") -> None:
    """Add the command to the parser."""
    words = COMMANDS["life"]
    parser = commands.add_parser("life", help=say(words), description=say(words))
    add_study_options(parser)
    for name, meaning in _NAMES:
        parser.add_argument(name, help=say(meaning))
    for name, meaning in _NUMBERS:
        parser.add_argument(name, type=float, help=say(meaning))
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, language: Language) -> int:
    """Ask and show."""
    return run_study(
        arguments,
        language,
        lambda progress: life_of(
            arguments.path,
            counter=arguments.counter,
            failures=arguments.failures,
            column=arguments.column,
            limit=arguments.limit,
            planned=arguments.planned,
            failure=arguments.failure,
            table=arguments.table,
            asset=arguments.asset,
            progress=progress,
        ),
    )
