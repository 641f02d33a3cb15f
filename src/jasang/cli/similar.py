"""`jasang similar PATH [--at MOMENT] [--hours H]`: when was it like this before, and what came next?"""

import argparse
from typing import TYPE_CHECKING, Any

from jasang.cli.arguments import say
from jasang.cli.catalog import COMMANDS
from jasang.cli.show_study import add_study_options, run_study
from jasang.errors import Language
from jasang.mentor.similar import similar_of
from jasang.plant.text import Text

if TYPE_CHECKING:
    from argparse import _SubParsersAction


def add(commands: "_SubParsersAction[Any]") -> None:
    """Add the command to the parser."""
    words = COMMANDS["similar"]
    parser = commands.add_parser("similar", help=say(words), description=say(words))
    add_study_options(parser)
    parser.add_argument(
        "--at",
        metavar="MOMENT",
        help=say(
            Text(
                ko="견줄 구간의 끝 시각, 예: 2026-03-01T14:30(기본: 기록의 끝)",
                en="where the stretch ends (default: the latest)",
            )
        ),
    )
    hours = Text(ko="견줄 구간의 길이(시간)", en="length of the stretch in hours")
    parser.add_argument("--hours", type=float, metavar="H", help=say(hours))
    within = Text(ko="뒤따른 일을 셀 시간", en="hours in which what follows is counted")
    parser.add_argument("--within", type=float, metavar="H", help=say(within))
    parser.add_argument("--table", metavar="FILE", help=say(Text(ko="표(파일 이름)", en="the table (its file)")))
    parser.add_argument("--asset", metavar="NAME", help=say(Text(ko="설비", en="the machine")))
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, language: Language) -> int:
    """Search and show."""
    return run_study(
        arguments,
        language,
        lambda progress: similar_of(
            arguments.path,
            at=arguments.at,
            hours=arguments.hours,
            within=arguments.within,
            table=arguments.table,
            asset=arguments.asset,
            progress=progress,
        ),
    )
