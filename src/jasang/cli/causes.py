"""`jasang causes PATH [--outcome C]`: what moves defects or a quality, and the window to hold."""

import argparse
from typing import TYPE_CHECKING, Any

from jasang.cli.arguments import say
from jasang.cli.catalog import COMMANDS
from jasang.cli.show_study import add_study_options, run_study
from jasang.errors import Language
from jasang.mentor.causes import causes_of
from jasang.plant.text import Text

if TYPE_CHECKING:
    from argparse import _SubParsersAction


def add(commands: "_SubParsersAction[Any]") -> None:
    """Add the command to the parser."""
    words = COMMANDS["causes"]
    parser = commands.add_parser("causes", help=say(words), description=say(words))
    add_study_options(parser)
    parser.add_argument(
        "--outcome", help=say(Text(ko="설명할 열(판정 또는 품질)", en="the column to explain (verdict or quality)"))
    )
    parser.add_argument("--table", help=say(Text(ko="표(파일 이름)", en="the table (its file)")))
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, language: Language) -> int:
    """Search and show."""
    return run_study(
        arguments,
        language,
        lambda progress: causes_of(arguments.path, outcome=arguments.outcome, table=arguments.table, progress=progress),
    )
