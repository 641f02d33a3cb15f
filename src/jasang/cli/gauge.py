"""`jasang gauge PATH`: can the gauge be trusted?"""

import argparse
from typing import TYPE_CHECKING, Any

from jasang.cli.arguments import say
from jasang.cli.catalog import COMMANDS
from jasang.cli.show_study import add_study_options, run_study
from jasang.errors import Language
from jasang.mentor.gauge import gauge_of, stability_of
from jasang.plant.text import Text

if TYPE_CHECKING:
    from argparse import _SubParsersAction


def add(commands: "_SubParsersAction[Any]") -> None:
    """Add the command to the parser."""
    words = COMMANDS["gauge"]
    parser = commands.add_parser("gauge", help=say(words), description=say(words))
    add_study_options(parser)
    parser.add_argument("--table", help=say(Text(ko="표(파일 이름)", en="the table (its file)")))
    parser.add_argument("--part", help=say(Text(ko="부품 항목", en="the column of parts")))
    parser.add_argument("--operator", help=say(Text(ko="측정자 항목", en="the column of operators")))
    parser.add_argument("--value", help=say(Text(ko="측정값(또는 판정) 항목", en="the column of values or verdicts")))
    parser.add_argument("--reference", help=say(Text(ko="기준값 항목", en="the column of true values")))
    parser.add_argument("--lower", type=float, help=say(Text(ko="규격 하한", en="lower specification limit")))
    parser.add_argument("--upper", type=float, help=say(Text(ko="규격 상한", en="upper specification limit")))
    parser.add_argument(
        "--design",
        choices=("auto", "crossed", "nested", "repeats"),
        default="auto",
        help=say(
            Text(ko="설계: 교차, 내포(파괴 검사), 반복만", en="design: crossed, nested (destructive), repeats only")
        ),
    )
    parser.add_argument(
        "--stability",
        metavar="COLUMN",
        help=say(
            Text(
                ko="안정성: 기준품 하나를 때마다 읽은 값의 항목",
                en="stability: the column of readings of one master over time",
            )
        ),
    )
    session = Text(ko="안정성: 같은 때에 읽은 값을 묶는 항목", en="stability: the column that tells sessions apart")
    parser.add_argument("--session", metavar="COLUMN", help=say(session))
    master = Text(ko="안정성: 기준품의 참값", en="stability: the true value of the master")
    parser.add_argument("--master", type=float, metavar="VALUE", help=say(master))
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, language: Language) -> int:
    """Judge and show."""
    if arguments.stability is not None:
        return run_study(
            arguments,
            language,
            lambda progress: stability_of(
                arguments.path,
                value=arguments.stability,
                table=arguments.table,
                session=arguments.session,
                master=arguments.master,
                progress=progress,
            ),
        )
    return run_study(
        arguments,
        language,
        lambda progress: gauge_of(
            arguments.path,
            table=arguments.table,
            part=arguments.part,
            operator=arguments.operator,
            value=arguments.value,
            reference=arguments.reference,
            lower=arguments.lower,
            upper=arguments.upper,
            design=arguments.design,
            progress=progress,
        ),
    )
