"""`jasang monitor train PATH -o MODEL` and `jasang monitor run MODEL PATH`: many signals watched together."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jasang.cli.arguments import say
from jasang.cli.catalog import COMMANDS
from jasang.cli.show_study import add_study_options, run_study
from jasang.errors import Language, WrongArguments
from jasang.mentor.monitor import run_on, train_on
from jasang.mentor.monitor_live import Alarm, follow
from jasang.plant.text import Text

if TYPE_CHECKING:
    from argparse import _SubParsersAction


def add(commands: "_SubParsersAction[Any]") -> None:
    """Add the command to the parser."""
    words = COMMANDS["monitor"]
    parser = commands.add_parser("monitor", help=say(words), description=say(words))
    kinds = parser.add_subparsers(dest="what", required=True, metavar="train|run")
    _add_train(kinds.add_parser("train", help=say(Text(ko="정상 기간에서 배웁니다", en="learn from a normal period"))))
    _add_run(kinds.add_parser("run", help=say(Text(ko="배운 모델로 데이터를 봅니다", en="judge data with a model"))))
    for kind in kinds.choices.values():
        kind.add_argument("--lang", choices=("ko", "en"), default=argparse.SUPPRESS, help=argparse.SUPPRESS)
    parser.set_defaults(run=run)


def _add_train(parser: argparse.ArgumentParser) -> None:
    add_study_options(parser)
    parser.add_argument(
        "-o", "--out", type=Path, metavar="MODEL", help=say(Text(ko="모델을 쓸 파일", en="file for the model"))
    )
    parser.add_argument("--table", help=say(Text(ko="표(파일 이름)", en="the table (its file)")))
    parser.add_argument("--asset", help=say(Text(ko="이 설비만", en="this machine only")))
    parser.add_argument(
        "--columns", nargs="+", metavar="NAME", help=say(Text(ko="볼 항목(없으면 잰 값과 설정 모두)", en="the signals"))
    )
    parser.add_argument(
        "--from", dest="first", metavar="DAY", help=say(Text(ko="정상 기간의 첫날", en="first normal day"))
    )
    parser.add_argument("--to", dest="last", metavar="DAY", help=say(Text(ko="정상 기간의 끝날", en="last normal day")))
    parser.add_argument(
        "--false-alarms",
        type=float,
        default=0.01,
        metavar="SHARE",
        help=say(
            Text(ko="정상일 때 경보가 나도 되는 행의 비율(기본 0.01)", en="share of normal rows that may alarm (0.01)")
        ),
    )


def _add_run(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", type=Path, metavar="MODEL", help=say(Text(ko="train이 쓴 모델", en="file of train")))
    add_study_options(parser)
    parser.add_argument("--table", help=say(Text(ko="표(파일 이름)", en="the table (its file)")))
    parser.add_argument("--asset", help=say(Text(ko="이 설비만", en="this machine only")))
    parser.add_argument(
        "--follow",
        action="store_true",
        help=say(
            Text(ko="수집 저장소를 계속 지켜보며 사건마다 한 번 알립니다", en="keep watching a collector's store")
        ),
    )
    parser.add_argument("--duration", type=float, metavar="SECONDS", help=argparse.SUPPRESS)


def run(arguments: argparse.Namespace, language: Language) -> int:
    """Train or judge, and show."""
    if arguments.what == "train":
        if not 0.0 < arguments.false_alarms < 0.5:
            raise WrongArguments(
                ko=f"--false-alarms {arguments.false_alarms}: 0과 0.5 사이의 수를 주세요(예: 0.01).",
                en=f"--false-alarms {arguments.false_alarms}: expected a share between 0 and 0.5, for example 0.01.",
            )
        return run_study(
            arguments,
            language,
            lambda progress: train_on(
                arguments.path,
                arguments.out,
                table=arguments.table,
                asset=arguments.asset,
                columns=arguments.columns,
                first=arguments.first,
                last=arguments.last,
                false_alarm_rate=arguments.false_alarms,
                progress=progress,
            ),
        )
    if arguments.follow:
        return _follow(arguments, language)
    return run_study(
        arguments,
        language,
        lambda progress: run_on(
            arguments.model, arguments.path, table=arguments.table, asset=arguments.asset, progress=progress
        ),
    )


def _follow(arguments: argparse.Namespace, language: Language) -> int:
    def tell(alarm: Alarm) -> None:
        sys.stdout.write(alarm.text.in_language(language) + "\n")
        sys.stdout.flush()

    follow(arguments.model, arguments.path, tell, duration=arguments.duration)
    return 0
