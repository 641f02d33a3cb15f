"""`jasang pareto PATH --column C`: what happens most."""

import argparse
from typing import TYPE_CHECKING, Any

from jasang.cli.arguments import say
from jasang.cli.catalog import COMMANDS
from jasang.cli.show_study import add_study_options, run_study
from jasang.errors import Language
from jasang.mentor.pareto import pareto_of
from jasang.plant.text import Text

if TYPE_CHECKING:
    from argparse import _SubParsersAction


def add(commands: "_SubParsersAction[Any]") -> None:
    """Add the command to the parser."""
    words = COMMANDS["pareto"]
    parser = commands.add_parser("pareto", help=say(words), description=say(words))
    add_study_options(parser)
    parser.add_argument("--column", required=True, help=say(Text(ko="셀 항목", en="the column to count")))
    parser.add_argument("--table", help=say(Text(ko="표(파일 이름)", en="the table (its file)")))
    parser.add_argument("--asset", help=say(Text(ko="이 설비만", en="this machine only")))
    parser.add_argument("--product", help=say(Text(ko="이 제품만", en="this product only")))
    parser.add_argument(
        "--only-bad", action="store_true", help=say(Text(ko="불량인 행만 셉니다", en="count defective rows only"))
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, language: Language) -> int:
    """Count and show."""
    return run_study(
        arguments,
        language,
        lambda progress: pareto_of(
            arguments.path,
            arguments.column,
            table=arguments.table,
            asset=arguments.asset,
            product=arguments.product,
            only_bad=arguments.only_bad,
            progress=progress,
        ),
    )
