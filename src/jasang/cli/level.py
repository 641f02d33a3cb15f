"""`jasang level ANSWERS.json`: which level is this factory, and what is between it and the next?"""

import argparse
import json
import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jasang.cli.arguments import say
from jasang.cli.catalog import COMMANDS
from jasang.cli.show_study import run_study
from jasang.errors import Language
from jasang.mentor.level import level_json, level_of_file, level_study
from jasang.plant.text import Text

if TYPE_CHECKING:
    from argparse import _SubParsersAction


def add(commands: "_SubParsersAction[Any]") -> None:
    """Add the command to the parser."""
    words = COMMANDS["level"]
    parser = commands.add_parser("level", help=say(words), description=say(words))
    path = Text(
        ko="답과 현장 사실이 든 jasang.level-answers/1 JSON", en="answers and facts as jasang.level-answers/1 JSON"
    )
    parser.add_argument("path", type=Path, metavar="PATH", help=say(path))
    reading = Text(ko="단계를 세는 법(기본 five)", en="how levels are counted (default five)")
    parser.add_argument("--reading", choices=("five", "four"), default="five", help=say(reading))
    day = Text(ko="어느 날로 볼지(기본: 오늘)", en="as of which day (default: today)")
    parser.add_argument("--today", type=date.fromisoformat, metavar="YYYY-MM-DD", help=say(day))
    parser.add_argument(
        "--json", action="store_true", help=say(Text(ko="jasang.level/1 JSON", en="jasang.level/1 JSON"))
    )
    report = Text(ko="인쇄용 한 페이지를 씁니다", en="write one page, fit to be printed")
    parser.add_argument("--report", type=Path, metavar="OUT.html", help=say(report))
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, language: Language) -> int:
    """Score and show; exit status 0."""
    level = level_of_file(arguments.path, reading=arguments.reading, today=arguments.today)
    if arguments.json:
        sys.stdout.write(json.dumps(level_json(level), ensure_ascii=False, indent=1) + "\n")
        if arguments.report is None:
            return 0
    shown = argparse.Namespace(json=False, report=arguments.report)
    return run_study(shown, language, lambda _progress: level_study(level, factory=arguments.path.stem))
