"""`jasang capability PATH`: is the process capable?"""

import argparse
from typing import TYPE_CHECKING, Any

from jasang.cli.arguments import say
from jasang.cli.catalog import COMMANDS
from jasang.cli.show_study import add_study_options, run_study
from jasang.errors import Language
from jasang.mentor.capability import capability_of
from jasang.plant.text import Text

if TYPE_CHECKING:
    from argparse import _SubParsersAction


def add(commands: "_SubParsersAction[Any]") -> None:
    """Add the command to the parser."""
    words = COMMANDS["capability"]
    parser = commands.add_parser("capability", help=say(words), description=say(words))
    add_study_options(parser)
    parser.add_argument(
        "--column",
        help=say(Text(ko="볼 항목(없으면 규격이 적힌 모든 항목)", en="the column (default: all with limits)")),
    )
    parser.add_argument("--table", help=say(Text(ko="표(파일 이름)", en="the table (its file)")))
    parser.add_argument(
        "--by",
        help=say(Text(ko="product, asset 또는 항목(캐비티 …)별로", en="by product, asset or a column (cavity …)")),
    )
    parser.add_argument("--lower", type=float, help=say(Text(ko="규격 하한", en="lower specification limit")))
    parser.add_argument("--upper", type=float, help=say(Text(ko="규격 상한", en="upper specification limit")))
    parser.add_argument("--target", type=float, help=say(Text(ko="목표값", en="target")))
    parser.add_argument(
        "--subgroup", help=say(Text(ko="부분군: 항목 이름 또는 크기", en="subgroups: a column, or their size"))
    )
    parser.add_argument("--asset", help=say(Text(ko="이 설비만", en="this machine only")))
    parser.add_argument("--product", help=say(Text(ko="이 제품만", en="this product only")))
    parser.add_argument(
        "--shape",
        choices=("auto", "normal", "box_cox", "yeo_johnson", "modulus", "quantile", "johnson"),
        default="auto",
        help=say(Text(ko="분포(없으면 검정으로 고름)", en="distribution (default: chosen by a test)")),
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, language: Language) -> int:
    """Judge and show."""
    return run_study(
        arguments,
        language,
        lambda progress: capability_of(
            arguments.path,
            column=arguments.column,
            table=arguments.table,
            by=arguments.by,
            lower=arguments.lower,
            upper=arguments.upper,
            target=arguments.target,
            subgroup=arguments.subgroup,
            asset=arguments.asset,
            product=arguments.product,
            shape=arguments.shape,
            progress=progress,
        ),
    )
