"""`jasang verify PATH --finding F --done 2026-05-01`: did the action help?"""

import argparse
from datetime import date
from typing import TYPE_CHECKING, Any

from jasang.cli.arguments import say
from jasang.cli.catalog import COMMANDS
from jasang.cli.show_study import add_study_options, run_study
from jasang.errors import Language
from jasang.mentor.verify import Metric, verify
from jasang.plant.text import Text

if TYPE_CHECKING:
    from argparse import _SubParsersAction


def add(commands: "_SubParsersAction[Any]") -> None:
    """Add the command to the parser."""
    words = COMMANDS["verify"]
    parser = commands.add_parser("verify", help=say(words), description=say(words))
    add_study_options(parser)
    parser.add_argument(
        "--done",
        type=date.fromisoformat,
        required=True,
        metavar="2026-05-01",
        help=say(Text(ko="조치한 날", en="the day of the action")),
    )
    parser.add_argument(
        "--finding",
        help=say(
            Text(
                ko="발견의 이름(diagnose --json의 id), 규칙, 항목 또는 목록의 번호",
                en="the finding: its id in diagnose --json, its rule, its column, or its number in the list",
            )
        ),
    )
    parser.add_argument(
        "--metric",
        help=say(
            Text(
                ko="발견 대신 지표로: defect_rate, down_share, out_of_spec_share, <항목>_mean, <항목>_sigma",
                en="a metric in place of a finding: defect_rate, down_share, out_of_spec_share, <column>_mean, <column>_sigma",
            )
        ),
    )
    parser.add_argument("--table", help=say(Text(ko="표(파일 이름)", en="the table (its file)")))
    parser.add_argument("--column", help=say(Text(ko="항목", en="the column")))
    parser.add_argument("--asset", help=say(Text(ko="조치한 설비", en="the machine it was done on")))
    parser.add_argument("--product", help=say(Text(ko="이 제품만", en="this product only")))
    parser.add_argument(
        "--expected", type=float, help=say(Text(ko="기대한 변화(부호 있음)", en="the expected change, with its sign"))
    )
    parser.add_argument("--days", type=int, help=say(Text(ko="기다릴 날 수", en="days to wait")))
    parser.add_argument(
        "--no-controls",
        action="store_true",
        help=say(Text(ko="다른 설비와 견주지 않습니다", en="do not look at other machines beside it")),
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, language: Language) -> int:
    """Measure and show."""
    metric = None
    if arguments.metric is not None:
        metric = Metric(
            name=arguments.metric,
            table=arguments.table,
            column=arguments.column,
            asset=arguments.asset,
            product=arguments.product,
            expected=arguments.expected,
        )
    return run_study(
        arguments,
        language,
        lambda progress: verify(
            arguments.path,
            done=arguments.done,
            finding=arguments.finding,
            metric=metric,
            days=arguments.days,
            controls=not arguments.no_controls,
            progress=progress,
        ),
    )
