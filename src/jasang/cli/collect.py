"""`jasang collect FILE`: collects from the machines of a collect.toml until stopped."""

import argparse
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jasang.cli.arguments import say
from jasang.cli.catalog import COMMANDS
from jasang.connect.collect_toml import CollectSettings
from jasang.errors import Language
from jasang.mentor.collect import collect
from jasang.plant.text import Text

if TYPE_CHECKING:
    from argparse import _SubParsersAction


def add(commands: "_SubParsersAction[Any]") -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "collect",
        help=say(COMMANDS["collect"]),
        description=say(
            Text(
                ko="collect.toml에 적힌 기계에 연결해 값을 저장합니다. Ctrl-C로 멈추면 받은 값을 모두 저장하고 끝납니다.",
                en="Connect to the machines of a collect.toml and keep what they say. Ctrl-C stops after everything is kept.",
            )
        ),
    )
    parser.add_argument("file", type=Path, metavar="collect.toml")
    parser.add_argument(
        "--duration",
        type=float,
        metavar="SECONDS",
        help=say(Text(ko="이만큼만 수집하고 끝냅니다", en="stop after this time")),
    )
    parser.add_argument("--stop-with-parent", action="store_true", help=argparse.SUPPRESS)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, language: Language) -> int:
    """Collect; the log goes to the error channel, two lines to the output."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("jasang").setLevel(logging.INFO)
    logging.getLogger("asyncua").setLevel(logging.CRITICAL)  # our own log says once what it says over and over

    def ready(settings: CollectSettings) -> None:
        where = "" if settings.receiver is None else f"{settings.receiver.host}:{settings.receiver.port}"
        begun = Text(
            ko=f"수집을 시작합니다: 연결 {len(settings.links)}개, {f'수신 {where}, ' if where else ''}저장소 {settings.store}",
            en=f"collecting: {len(settings.links)} connections, {f'receiver {where}, ' if where else ''}"
            f"store {settings.store}",
        )
        sys.stdout.write(begun.in_language(language) + "\n")
        sys.stdout.flush()

    status = collect(arguments.file, duration=arguments.duration, with_parent=arguments.stop_with_parent, ready=ready)
    ended = Text(
        ko=f"수집을 마쳤습니다. 저장한 값 {status.stored}개, 잃은 값 {status.dropped}개.",
        en=f"stopped: {status.stored} readings kept, {status.dropped} lost",
    )
    sys.stdout.write(ended.in_language(language) + "\n")
    return 0
