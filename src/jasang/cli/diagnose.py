"""`jasang diagnose PATH`: findings on the terminal, as JSON, or as one page to print."""

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from jasang.cli.arguments import say
from jasang.cli.catalog import COMMANDS
from jasang.cli.show_study import check_report_path
from jasang.cli.terminal import print_diagnosis, watched
from jasang.errors import Language
from jasang.mentor.diagnose import diagnose
from jasang.mentor.report.page import write_report
from jasang.plant.text import Text

if TYPE_CHECKING:
    from argparse import _SubParsersAction


def add(commands: "_SubParsersAction[Any]") -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "diagnose",
        help=say(COMMANDS["diagnose"]),
        description=say(
            Text(
                ko="공장의 파일(CSV, 엑셀, Parquet, gzip)이나 폴더를 읽고 무엇이 잘못됐는지 근거와 함께 알려 줍니다.",
                en="Read a factory's file (CSV, Excel, Parquet, gzip) or folder and say what is wrong, with evidence.",
            )
        ),
    )
    parser.add_argument("path", type=Path, metavar="PATH", help=say(Text(ko="파일 또는 폴더", en="file or folder")))
    parser.add_argument(
        "--json",
        action="store_true",
        help=say(Text(ko="jasang.findings/1 JSON으로 출력", en="print jasang.findings/1 JSON")),
    )
    parser.add_argument(
        "--report",
        type=Path,
        metavar="OUT.html",
        help=say(Text(ko="차트가 든 인쇄용 한 페이지를 씁니다", en="write one page with charts, fit to be printed")),
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, language: Language) -> int:
    """Diagnose and print; everything is done before the first byte is written."""
    if arguments.report is not None:
        check_report_path(arguments.report)
    diagnosis = watched(lambda progress: diagnose(arguments.path, progress=progress), language)
    if arguments.report is not None:
        write_report(diagnosis, arguments.report, language)
    if arguments.json:
        sys.stdout.write(json.dumps(diagnosis.to_json(), ensure_ascii=False, indent=1) + "\n")
    else:
        print_diagnosis(diagnosis, language, Console(soft_wrap=False, highlight=False))
        if arguments.report is not None:
            done = Text(ko=f"보고서를 썼습니다: {arguments.report}", en=f"Report written: {arguments.report}")
            sys.stdout.write(f"\n{done.in_language(language)}\n")
    return 0
