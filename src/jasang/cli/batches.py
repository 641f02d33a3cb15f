"""`jasang batches PATH`: which batches left the course of the good ones, where and in which signal."""

import argparse
from typing import TYPE_CHECKING, Any

from jasang.cli.arguments import say
from jasang.cli.catalog import COMMANDS
from jasang.cli.show_study import add_study_options, run_study
from jasang.errors import Language
from jasang.mentor.batches import batches_of
from jasang.plant.text import Text

if TYPE_CHECKING:
    from argparse import _SubParsersAction


def add(commands: "_SubParsersAction[Any]") -> None:
    """Add the command to the parser."""
    words = COMMANDS["batches"]
    parser = commands.add_parser("batches", help=say(words), description=say(words))
    add_study_options(parser)
    options = (
        ("--batch", "COLUMN", "배치 번호 항목", "the column of batch numbers"),
        ("--phase", "COLUMN", "배치 안의 단계 항목", "a column of phases within a batch"),
        ("--bad", "COLUMN=VALUE", "나쁜 배치를 나타내는 항목과 값", "the column and value of bad batches"),
        ("--show", "BATCH", "자세히 볼 배치의 이름", "the batch to look at"),
        ("--table", "FILE", "표(파일 이름)", "the table (its file)"),
        ("--asset", "NAME", "설비", "the machine"),
    )
    for flag, meta, korean, english in options:
        parser.add_argument(flag, metavar=meta, help=say(Text(ko=korean, en=english)))
    parser.add_argument(
        "--share",
        type=float,
        default=0.05,
        help=say(
            Text(
                ko="폭을 벗어나도 되는 좋은 배치의 비율(기본 0.05)",
                en="share of good batches that may leave the envelope (default 0.05)",
            )
        ),
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, language: Language) -> int:
    """Compare and show."""
    return run_study(
        arguments,
        language,
        lambda progress: batches_of(
            arguments.path,
            table=arguments.table,
            asset=arguments.asset,
            batch=arguments.batch,
            phase=arguments.phase,
            bad=arguments.bad,
            show=arguments.show,
            share_outside=arguments.share,
            progress=progress,
        ),
    )
