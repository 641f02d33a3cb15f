"""`jasang energy PATH`: where the electricity goes."""

import argparse
from typing import TYPE_CHECKING, Any

from jasang.cli.arguments import say
from jasang.cli.catalog import COMMANDS
from jasang.cli.show_study import add_study_options, run_study
from jasang.errors import Language
from jasang.mentor.energy import energy_of

if TYPE_CHECKING:
    from argparse import _SubParsersAction


def add(commands: "_SubParsersAction[Any]") -> None:
    """Add the command to the parser."""
    words = COMMANDS["energy"]
    parser = commands.add_parser("energy", help=say(words), description=say(words))
    add_study_options(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, language: Language) -> int:
    """Look and show."""
    return run_study(arguments, language, lambda progress: energy_of(arguments.path, progress=progress))
