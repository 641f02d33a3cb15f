"""How every command that answers with studies takes its options and shows the answer: terminal, `--json`, or `--report`."""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text as Styled

from jasang.cli.arguments import say
from jasang.cli.terminal import sparkline, watched
from jasang.diagnose.study import Study, StudyResult, StudyTable
from jasang.errors import JasangError, Language
from jasang.mentor.report.study_page import write_studies
from jasang.mentor.study_json import result_json
from jasang.mentor.wording import cell_words, evidence_words, owner_name, subject_words
from jasang.plant.text import Progress, Text


def add_study_options(parser: argparse.ArgumentParser, *, path: bool = True, document: str = "jasang.study/1") -> None:
    """PATH (where `path`), `--json` (which prints `document`) and `--report`."""
    if path:
        words = Text(ko="파일, 폴더 또는 수집 저장소", en="file, folder or a collector's store")
        parser.add_argument("path", type=Path, metavar="PATH", help=say(words))
    parser.add_argument(
        "--json",
        action="store_true",
        help=say(Text(ko=f"{document} JSON으로 출력", en=f"print {document} JSON")),
    )
    parser.add_argument(
        "--report",
        type=Path,
        metavar="OUT.html",
        help=say(Text(ko="차트가 든 인쇄용 한 페이지를 씁니다", en="write one page with charts, fit to be printed")),
    )


def run_study(arguments: argparse.Namespace, language: Language, make: Callable[[Progress], StudyResult]) -> int:
    """Make the studies, watched by a progress bar on a terminal, and show them as the arguments ask; exit status 0."""
    if arguments.report is not None:
        check_report_path(arguments.report)
    result = watched(make, language)
    if arguments.report is not None:
        write_studies(result, arguments.report, language)
    if arguments.json:
        sys.stdout.write(json.dumps(result_json(result), ensure_ascii=False, indent=1) + "\n")
        return 0
    console = Console(soft_wrap=False, highlight=False)
    console.print(Styled(result.factory, style="bold"))
    for study in result.studies:
        console.print()
        print_study(study, language, console)
    if arguments.report is not None:
        done = Text(ko=f"보고서를 썼습니다: {arguments.report}", en=f"Report written: {arguments.report}")
        sys.stdout.write(f"\n{done.in_language(language)}\n")
    return 0


def check_report_path(report: Path) -> None:
    """Refuse a report that could not be written, before any work is done."""
    folder = report.parent
    if report.is_dir() or not folder.is_dir():
        found_ko = "폴더입니다" if report.is_dir() else f"폴더 {folder}이(가) 없습니다"
        found_en = "is a folder" if report.is_dir() else f"folder {folder} does not exist"
        raise JasangError(
            ko=f"--report {report}: {found_ko}. 있는 폴더 안의 파일 이름을 주세요(예: report.html).",
            en=f"--report {report}: {found_en}. Expected a file name in an existing folder, for example report.html.",
        )


def print_study(study: Study, language: Language, console: Console) -> None:
    """Title, answer, figures, what to do, tables and notes."""
    console.print(Styled(study.title.in_language(language), style="bold"))
    lines = [subject_words(study.subject, language), study.answer.in_language(language)]
    lines += [f"· {evidence_words(item, language)}" for item in study.evidence]
    picture = sparkline(study.charts[0]) if study.charts else ""
    lines += [picture] if picture else []
    do = "할 일" if language == "ko" else "do"
    lines += [
        f"{do}: {action.text.in_language(language)} ({owner_name(action.owner, language)})" for action in study.actions
    ]
    for line in lines:
        console.print(Padding(Styled(line), (0, 0, 0, 2)))
    for table in study.tables:
        console.print(Padding(_sheet(table, language), (0, 0, 0, 2)))
    for note in study.notes:
        console.print(Padding(Styled(note.in_language(language), style="dim"), (0, 0, 0, 2)))


def _sheet(table: StudyTable, language: Language) -> Table:
    sheet = Table(
        title=table.title.in_language(language), title_justify="left", title_style="bold", box=None, pad_edge=False
    )
    for heading in table.headings:
        sheet.add_column(heading.in_language(language), overflow="fold")
    for row in table.rows:
        sheet.add_row(*(Styled(cell_words(cell, language)) for cell in row))
    return sheet
