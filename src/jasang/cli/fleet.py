"""`jasang fleet diagnose|send`: many factories at once, from a folder or a bucket, on this computer or a cluster."""

import argparse
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from jasang.cli.arguments import say
from jasang.cli.catalog import COMMANDS
from jasang.cli.show_study import check_report_path, print_study
from jasang.cli.terminal import watched
from jasang.errors import Language, WrongArguments
from jasang.mentor.fleet import DaskCluster, LocalProcesses, default_journal, diagnose_fleet, send_factory
from jasang.mentor.report.study_page import write_studies
from jasang.plant.text import Text

if TYPE_CHECKING:
    from argparse import _SubParsersAction

CLUSTER = "JASANG_CLUSTER"
SENT = "jasang.fleet-send/1"


def add(commands: "_SubParsersAction[Any]") -> None:
    """Add the command to the parser."""
    words = COMMANDS["fleet"]
    parser = commands.add_parser("fleet", help=say(words), description=say(words))
    kinds = parser.add_subparsers(dest="what", required=True, metavar="diagnose|send")
    _add_diagnose(kinds)
    words = Text(
        ko="공장 폴더나 저장소를 오브젝트 스토리지로 보냅니다", en="send a factory's folder or store to an object store"
    )
    sending = kinds.add_parser("send", help=say(words), description=say(words))
    sending.add_argument("folder", type=Path, metavar="FOLDER")
    sending.add_argument("target", metavar="s3://BUCKET/PREFIX/NAME")
    for kind in kinds.choices.values():
        kind.add_argument("--json", action="store_true", help=say(Text(ko="JSON으로 출력", en="print JSON")))
        kind.add_argument("--lang", choices=("ko", "en"), default=argparse.SUPPRESS, help=argparse.SUPPRESS)
    parser.set_defaults(run=run)


def _add_diagnose(kinds: Any) -> None:
    words = Text(
        ko="폴더나 버킷 안의 공장을 모두 진단합니다. 공장마다 폴더가 하나씩 있어야 합니다.",
        en="Diagnose every factory in a folder or bucket that holds a folder for each.",
    )
    parser = kinds.add_parser("diagnose", help=say(words), description=say(words))
    parser.add_argument("fleet", metavar="FOLDER|s3://BUCKET/PREFIX")
    parser.add_argument(
        "--workers", type=int, metavar="N",
        help=say(Text(ko="작업 프로세스 수(없으면 프로세서 수)", en="processes (default: one for each processor)")),
    )  # fmt: skip
    parser.add_argument(
        "--memory", type=float, metavar="GB",
        help=say(Text(ko="작업 프로세스 하나의 메모리 한도", en="limit of memory for one process")),
    )  # fmt: skip
    parser.add_argument(
        "--cluster", metavar="tcp://HOST:PORT", default=os.environ.get(CLUSTER) or None,
        help=say(Text(ko=f"Dask 스케줄러(환경 변수 {CLUSTER})", en=f"a Dask scheduler (environment: {CLUSTER})")),
    )  # fmt: skip
    parser.add_argument(
        "--resume", action="store_true",
        help=say(Text(ko="진행 기록을 이어서 나머지만 합니다", en="go on with the journal: only the rest is done")),
    )  # fmt: skip
    parser.add_argument(
        "--journal", type=Path, metavar="FILE.jsonl",
        help=say(Text(ko="진행 기록 파일(없으면 fleet-이름.jsonl)", en="the journal (default: fleet-NAME.jsonl)")),
    )  # fmt: skip
    parser.add_argument(
        "--report", type=Path, metavar="OUT.html",
        help=say(Text(ko="인쇄용 한 페이지를 씁니다", en="write one page fit to be printed")),
    )  # fmt: skip


def run(arguments: argparse.Namespace, language: Language) -> int:
    """Do what was asked; status 1 where not a single factory could be diagnosed."""
    return _send(arguments, language) if arguments.what == "send" else _diagnose(arguments, language)


def _diagnose(arguments: argparse.Namespace, language: Language) -> int:
    if arguments.report is not None:
        check_report_path(arguments.report)
    executor = _executor(arguments)
    journal = arguments.journal or default_journal(arguments.fleet)
    result = watched(
        lambda progress: diagnose_fleet(
            arguments.fleet, journal=journal, executor=executor, resume=arguments.resume, progress=progress
        ),
        language,
    )
    if arguments.report is not None:
        write_studies(result.to_study(), arguments.report, language)
    if arguments.json:
        sys.stdout.write(json.dumps(result.to_json(), ensure_ascii=False, indent=1) + "\n")
    else:
        console = Console(soft_wrap=False, highlight=False)
        for study in result.to_study().studies:
            print_study(study, language, console)
    return 0 if any(outcome.status == "done" for outcome in result.outcomes) else 1


def _executor(arguments: argparse.Namespace) -> DaskCluster | LocalProcesses:
    if arguments.cluster is None:
        memory = None if arguments.memory is None else int(arguments.memory * 1e9)
        return LocalProcesses(workers=arguments.workers, memory=memory)
    if arguments.workers is not None or arguments.memory is not None:
        raise WrongArguments(
            ko="--workers 와 --memory 는 이 컴퓨터의 작업 프로세스를 정합니다. 클러스터의 작업자는 클러스터에서 정합니다.",
            en="--workers and --memory are about processes on this computer; those of a cluster are set where they are started",
        )
    return DaskCluster(address=arguments.cluster)


def _send(arguments: argparse.Namespace, language: Language) -> int:
    copied = send_factory(arguments.folder, arguments.target)
    if arguments.json:
        body = {"target": arguments.target, "files": copied.files, "bytes": copied.bytes, "skipped": copied.skipped}
        sys.stdout.write(json.dumps({"format": SENT} | body, ensure_ascii=False, indent=1) + "\n")
        return 0
    text = Text(
        ko=f"파일 {copied.files}개, {copied.bytes:,}바이트를 {arguments.target} 에 보냈습니다. "
        f"{copied.skipped}개는 이미 있습니다.",
        en=f"{copied.files} files, {copied.bytes:,} bytes sent to {arguments.target}; {copied.skipped} were there",
    )
    sys.stdout.write(text.in_language(language) + "\n")
    return 0
