"""`jasang receive FILE`: receives what other programs and other collectors send, for one factory or many, until stopped."""

import argparse
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jasang.cli.arguments import say
from jasang.cli.catalog import COMMANDS
from jasang.connect.receiver_fields import ReceiverSettings
from jasang.errors import Language
from jasang.mentor.receive import receive
from jasang.plant.text import Text

if TYPE_CHECKING:
    from argparse import _SubParsersAction


def add(commands: "_SubParsersAction[Any]") -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "receive",
        help=say(COMMANDS["receive"]),
        description=say(
            Text(
                ko="receive.toml에 적힌 공장들의 값을 HTTP로 받습니다(InfluxDB 라인 프로토콜, 다른 자상 수집기). "
                "Ctrl-C로 멈추면 받은 값을 모두 저장하고 끝납니다.",
                en="Receive readings over HTTP for the factories of a receive.toml (InfluxDB line protocol, other collectors "
                "of Jasang). Ctrl-C stops after everything is kept.",
            )
        ),
    )
    parser.add_argument("file", type=Path, metavar="receive.toml")
    parser.add_argument(
        "--duration",
        type=float,
        metavar="SECONDS",
        help=say(Text(ko="이만큼만 받고 끝냅니다", en="stop after this time")),
    )
    parser.add_argument("--stop-with-parent", action="store_true", help=argparse.SUPPRESS)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, language: Language) -> int:
    """Receive; the log goes to the error channel, two lines to the output."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("jasang").setLevel(logging.INFO)

    def ready(settings: ReceiverSettings, port: int) -> None:
        begun = Text(
            ko=f"수신을 시작합니다: 공장 {len(settings.factories)}곳, 주소 {settings.host}:{port}",
            en=f"receiving: {len(settings.factories)} factories, address {settings.host}:{port}",
        )
        sys.stdout.write(begun.in_language(language) + "\n")
        sys.stdout.flush()

    received = receive(arguments.file, duration=arguments.duration, with_parent=arguments.stop_with_parent, ready=ready)
    total = sum(received.points.values())
    ended = Text(ko=f"수신을 마쳤습니다. 저장한 값 {total}개.", en=f"stopped: {total} points kept")
    sys.stdout.write(ended.in_language(language) + "\n")
    return 0
