"""`jasang-portal work`: the worker that does the background jobs; any number may run side by side."""

import signal
from argparse import ArgumentParser
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand

from jasang.web.jobs.worker import Stop, work
from jasang.web.ui import parent


class Command(BaseCommand):
    """Do background jobs until told to stop. 백그라운드 작업을 처리합니다."""

    help = __doc__
    requires_system_checks = ()  # they load every page; this command needs none of them

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Whether to end when there is nothing left to do."""
        parser.add_argument(
            "--until-empty", action="store_true", help="end when no job is left / 할 일이 없으면 끝냅니다"
        )
        parent.add_option(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Ctrl-C or SIGTERM puts the running job back and ends quietly."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, _stop)
        if options["stop_with_parent"]:
            parent.stop_with_parent()
        self.stdout.write("Jasang worker ready")
        self.stdout.flush()
        try:
            work(until_empty=options["until_empty"])
        except Stop:
            self.stdout.write("Jasang worker stopped")


def _stop(number: int, frame: FrameType | None) -> None:
    signal.signal(number, signal.SIG_IGN)
    raise Stop
