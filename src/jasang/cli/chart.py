"""`jasang chart PATH --column C`: is this process in control?"""

import argparse
from typing import TYPE_CHECKING, Any

from jasang.analyze.control_charts import Weighting
from jasang.cli.arguments import say
from jasang.cli.catalog import COMMANDS
from jasang.cli.show_study import add_study_options, run_study
from jasang.errors import Language
from jasang.mentor.chart import KINDS, ChartRequest, chart_of
from jasang.plant.text import Text

if TYPE_CHECKING:
    from argparse import _SubParsersAction


def add(commands: "_SubParsersAction[Any]") -> None:
    """Add the command to the parser."""
    words = COMMANDS["chart"]
    parser = commands.add_parser("chart", help=say(words), description=say(words))
    add_study_options(parser)
    parser.add_argument(
        "--column",
        required=True,
        help=say(
            Text(
                ko="볼 항목이나 신호(t2·mewma·group은 쉼표로 여럿)",
                en="the column or signal (several with commas for t2, mewma, group)",
            )
        ),
    )
    parser.add_argument("--table", help=say(Text(ko="표(파일 이름)", en="the table (its file)")))
    parser.add_argument("--chart", choices=KINDS, default="auto", help=say(Text(ko="관리도", en="kind of chart")))
    parser.add_argument("--asset", help=say(Text(ko="이 설비만", en="this machine only")))
    parser.add_argument("--product", help=say(Text(ko="이 제품만", en="this product only")))
    baseline = Text(
        ko="기준 기간, 예: 2026-03-01..2026-03-14 (시각이 없으면 순번 1..100)",
        en="the good period the limits come from, e.g. 2026-03-01..2026-03-14 (rows 1..100 without times)",
    )
    parser.add_argument("--baseline", metavar="FROM..TO", help=say(baseline))
    subgroup = Text(ko="부분군 크기(1 = 하나씩)", en="values in a subgroup (1 = single values)")
    parser.add_argument("--subgroup", type=int, metavar="N", help=say(subgroup))
    size = Text(ko="검사 수가 든 항목(불량 수 관리도)", en="column with the units inspected (charts of counts)")
    parser.add_argument("--size", metavar="COLUMN", help=say(size))
    rules = Text(ko="판정 규칙: we, nelson, 또는 1,2,5", en="run rules: we, nelson, or 1,2,5")
    parser.add_argument("--rules", default="we", help=say(rules))
    phases = Text(ko="이 항목이 바뀔 때마다 한계를 새로 그립니다", en="column whose changes begin new limits")
    parser.add_argument("--phases", metavar="COLUMN", help=say(phases))
    for option, words in (
        (
            "--target",
            Text(ko="EWMA·CUSUM의 목표값(기본: 기준 기간의 평균)", en="target of ewma, cusum (default: baseline mean)"),
        ),
        ("--weight", Text(ko="EWMA의 가중치(기본 0.2)", en="weight of ewma (default 0.2)")),
        (
            "--width",
            Text(ko="EWMA 한계의 폭, 시그마 단위", en="width of the limits of ewma in sigma (default: run length 370)"),
        ),
        ("--k", Text(ko="CUSUM의 기준값 k(기본 0.5)", en="reference value k of cusum in sigma (default 0.5)")),
        ("--h", Text(ko="CUSUM의 판정 구간 h", en="decision interval h of cusum in sigma (default: run length 370)")),
        ("--head-start", Text(ko="CUSUM의 앞선 출발(0~1, 보통 0.5)", en="head start of cusum, 0 to 1 (usually 0.5)")),
    ):
        parser.add_argument(option, type=float, metavar="N", help=say(words))
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, language: Language) -> int:
    """Draw and show."""
    request = ChartRequest(
        column=arguments.column,
        table=arguments.table,
        chart=arguments.chart,
        asset=arguments.asset,
        product=arguments.product,
        baseline=arguments.baseline,
        subgroup=arguments.subgroup,
        size=arguments.size,
        rules=arguments.rules,
        phases=arguments.phases,
        weighting=Weighting(
            weight=arguments.weight,
            multiple=arguments.width,
            k=arguments.k,
            h=arguments.h,
            head_start=arguments.head_start or 0.0,
            target=arguments.target,
        ),
    )
    return run_study(arguments, language, lambda progress: chart_of(arguments.path, request, progress=progress))
