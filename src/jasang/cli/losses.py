"""`jasang losses PATH`: where the planned time of each machine goes."""

import argparse
from typing import TYPE_CHECKING, Any

from jasang.cli.arguments import say
from jasang.cli.catalog import COMMANDS
from jasang.cli.show_study import add_study_options, run_study
from jasang.errors import Language
from jasang.mentor.losses import day_of, losses_of
from jasang.plant.text import Text

if TYPE_CHECKING:
    from argparse import _SubParsersAction


def add(commands: "_SubParsersAction[Any]") -> None:
    """Add the command to the parser."""
    words = COMMANDS["losses"]
    parser = commands.add_parser("losses", help=say(words), description=say(words))
    add_study_options(parser)
    parser.add_argument("--asset", help=say(Text(ko="이 설비만", en="this machine only")))
    parser.add_argument(
        "--from", dest="first", metavar="DAY", help=say(Text(ko="이날부터(2026-03-09)", en="from this day"))
    )
    parser.add_argument("--to", dest="last", metavar="DAY", help=say(Text(ko="이날까지", en="to this day, included")))
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, language: Language) -> int:
    """Count and show."""
    first = day_of(arguments.first) if arguments.first else None
    last = day_of(arguments.last) if arguments.last else None
    return run_study(
        arguments,
        language,
        lambda progress: losses_of(arguments.path, asset=arguments.asset, first=first, last=last, progress=progress),
    )
