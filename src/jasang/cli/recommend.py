"""`jasang recommend PATH [--target C]`: the settings that the record says are better than today's, for each product."""

import argparse
import json
import sys
from typing import TYPE_CHECKING, Any

from jasang.cli.arguments import say
from jasang.cli.catalog import COMMANDS
from jasang.cli.show_study import add_study_options, check_report_path, run_study
from jasang.cli.terminal import watched
from jasang.diagnose.study import StudyResult
from jasang.errors import Language
from jasang.mentor.recipe_json import recipe_json
from jasang.mentor.recommend import RecipeResult, recommend_of
from jasang.mentor.report.study_page import write_studies
from jasang.plant.text import Progress, Text

if TYPE_CHECKING:
    from argparse import _SubParsersAction


def add(commands: "_SubParsersAction[Any]") -> None:
    """Add the command to the parser."""
    words = COMMANDS["recommend"]
    parser = commands.add_parser("recommend", help=say(words), description=say(words))
    add_study_options(parser, document="jasang.recommendation/1")
    target = Text(
        ko="좋게 할 열(기본: 판정). 여러 번 주면 함께 봅니다",
        en="column to improve (default: the verdict); may be repeated",
    )
    parser.add_argument("--target", action="append", default=[], metavar="COLUMN", help=say(target))
    direction = Text(
        ko="min, max 또는 맞출 값. --target과 같은 순서로", en="min, max or a value to meet, in the order of --target"
    )
    parser.add_argument("--direction", action="append", default=[], metavar="min|max|VALUE", help=say(direction))
    settings = Text(ko="사람이 정하는 열, 쉼표로", en="columns that people set, by commas")
    parser.add_argument("--settings", metavar="A,B", help=say(settings))
    parser.add_argument("--product", metavar="NAME", help=say(Text(ko="이 제품만", en="this product only")))
    parser.add_argument("--table", metavar="FILE", help=say(Text(ko="표(파일 이름)", en="the table (its file)")))
    interlock = Text(
        ko="설정 사이의 한계, 예: 'speed + 0.5*pressure <= 120'",
        en="limit between settings, such as 'speed + 0.5*pressure <= 120'",
    )
    parser.add_argument("--interlock", action="append", default=[], metavar="LIMIT", help=say(interlock))
    in_spec = Text(
        ko="다른 결과가 규격 안에 있어야 할 비율(기본 0.95)", en="share to keep in each specification (0.95)"
    )
    parser.add_argument("--in-spec", type=float, default=0.95, metavar="SHARE", help=say(in_spec))
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, language: Language) -> int:
    """Recommend and show; `--json` prints jasang.recommendation/1."""

    def recommended(progress: Progress) -> RecipeResult:
        return recommend_of(
            arguments.path,
            targets=arguments.target,
            directions=arguments.direction,
            settings=[name.strip() for name in arguments.settings.split(",")] if arguments.settings else (),
            product=arguments.product,
            table=arguments.table,
            interlocks=arguments.interlock,
            in_spec=arguments.in_spec,
            progress=progress,
        )

    def shown(progress: Progress) -> StudyResult:
        return recommended(progress).shown

    if not arguments.json:
        return run_study(arguments, language, shown)
    if arguments.report is not None:
        check_report_path(arguments.report)
    result = watched(recommended, language)
    if arguments.report is not None:
        write_studies(result.shown, arguments.report, language)
    sys.stdout.write(json.dumps(recipe_json(result), ensure_ascii=False, indent=1) + "\n")
    return 0
