"""`jasang warn PATH`: can bad units be known in time? `--save` keeps what was learned, `--model` warns by it."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jasang.cli.arguments import say
from jasang.cli.catalog import COMMANDS
from jasang.cli.show_study import add_study_options, run_study
from jasang.errors import Language, WrongArguments
from jasang.mentor.early_warning import early_warning, warn_of
from jasang.plant.text import Text

if TYPE_CHECKING:
    from argparse import _SubParsersAction


def add(commands: "_SubParsersAction[Any]") -> None:
    """Add the command to the parser."""
    words = COMMANDS["warn"]
    parser = commands.add_parser("warn", help=say(words), description=say(words))
    add_study_options(parser)
    parser.add_argument("--table", help=say(Text(ko="표(파일 이름)", en="the table (its file)")))
    parser.add_argument(
        "--false-warning",
        type=float,
        metavar="COST",
        help=say(Text(ko="헛경보 한 번의 비용", en="cost of looking at a good unit after a warning")),
    )
    parser.add_argument(
        "--results-after",
        type=float,
        metavar="HOURS",
        help=say(
            Text(
                ko="판정이 나오기까지 걸리는 시간. 주면 앞선 판정도 봅니다",
                en="hours until a result is known; earlier results then help to warn",
            )
        ),
    )
    parser.add_argument(
        "-o",
        "--save",
        type=Path,
        metavar="MODEL",
        help=say(Text(ko="배운 것을 이 파일에 저장합니다", en="keep what was learned in this file")),
    )
    parser.add_argument(
        "--model",
        type=Path,
        metavar="MODEL",
        help=say(Text(ko="저장한 모델로 새 기록에 경보를 냅니다", en="warn of the units at PATH by a saved model")),
    )
    parser.add_argument(
        "--quick", action="store_true", help=say(Text(ko="빨리, 조금 덜 정확하게", en="faster, a little less exact"))
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, language: Language) -> int:
    """Judge and perhaps save, or warn by a saved model."""
    if arguments.model is not None and arguments.save is not None:
        raise WrongArguments(
            ko="--save와 --model은 함께 쓸 수 없습니다. 저장하거나(--save) 저장한 것을 쓰세요(--model).",
            en="--save and --model cannot be used together: learn and save, or use what was saved.",
        )
    for name, value in (("--false-warning", arguments.false_warning), ("--results-after", arguments.results_after)):
        if value is not None and not 0 < value < float("inf"):
            raise WrongArguments(
                ko=f"{name} {value:g}: 0보다 큰 수여야 합니다.", en=f"{name} {value:g}: expected a number above 0."
            )
    if arguments.model is not None:
        return run_study(
            arguments,
            language,
            lambda progress: warn_of(arguments.path, arguments.model, table=arguments.table, progress=progress),
        )
    return run_study(
        arguments,
        language,
        lambda progress: early_warning(
            arguments.path,
            table=arguments.table,
            false_warning=arguments.false_warning,
            results_after=None if arguments.results_after is None else 3600 * arguments.results_after,
            save=arguments.save,
            quick=arguments.quick,
            progress=progress,
        ),
    )
