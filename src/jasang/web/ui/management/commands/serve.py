"""`jasang-portal serve`: the portal's web server."""

import signal
from argparse import ArgumentParser
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.utils.module_loading import import_string
from waitress import create_server

_BEHIND_PROXY = {
    "trusted_proxy": settings.PROXY,
    "trusted_proxy_headers": {"x-forwarded-for", "x-forwarded-proto"},
    "clear_untrusted_proxy_headers": True,
}


class Command(BaseCommand):
    """Serve the portal. 포털 서버를 켭니다."""

    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where to listen."""
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on / 접속을 받을 주소")
        parser.add_argument("--port", type=int, default=8000, help="port; 0 takes a free one / 포트")

    def handle(self, *args: Any, **options: Any) -> None:
        """Listen, say so on stdout, and end quietly at Ctrl-C or SIGTERM."""
        call_command("migrate", interactive=False, verbosity=0)
        try:
            server = create_server(
                WSGIHandler(),
                host=options["host"],
                port=options["port"],
                threads=8,
                ident=None,
                # The portal itself refuses a large upload with a page; this only bounds what it is asked to read.
                max_request_body_size=2 * settings.UPLOAD_LIMIT_MB * 1_000_000,
                channel_timeout=120,
                **(_BEHIND_PROXY if settings.HTTPS else {}),
            )
        except OSError as error:
            raise CommandError(f"cannot listen on {options['host']}:{options['port']}: {error.strerror}") from error
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, _stop)
        self.stdout.write(f"Jasang portal ready at http://{options['host']}:{server.effective_port}/")
        for path in settings.SAID_AT_START:
            if line := import_string(path)(f"http://{options['host']}:{server.effective_port}"):
                self.stdout.write(line)
        self.stdout.flush()
        try:
            server.run()
        finally:
            server.close()


def _stop(number: int, frame: FrameType | None) -> None:
    # waitress ends its loop at SystemExit and lets running requests finish.
    signal.signal(number, signal.SIG_IGN)
    raise SystemExit(0)
