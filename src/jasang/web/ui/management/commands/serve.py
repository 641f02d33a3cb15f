"""`jasang-portal serve`: the portal's web server."""

import contextlib
import os
import signal
import socket
import threading
from argparse import ArgumentParser
from collections.abc import Callable
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connections
from django.utils.module_loading import import_string
from waitress import create_server

from jasang.web.ui import parent

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
        parser.add_argument(
            "--processes", type=int, default=1,
            help="processes that answer side by side, about one a processor (not on Windows) / 함께 답하는 프로세스 수",
        )  # fmt: skip

        parent.add_option(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Listen, say so on stdout, and end quietly at Ctrl-C or SIGTERM."""
        if options["processes"] < 1 or (options["processes"] > 1 and not hasattr(os, "fork")):
            raise CommandError(f"--processes {options['processes']}: expected at least 1, and on Windows 1")
        call_command("migrate", interactive=False, verbosity=0)
        try:
            listening = _listen(options["host"], options["port"])
        except OSError as error:
            raise CommandError(f"cannot listen on {options['host']}:{options['port']}: {error.strerror}") from error
        address = f"http://{options['host']}:{listening.getsockname()[1]}"
        answer = _answer if options["processes"] == 1 else _several(options["processes"])
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, _stop)
        if options["stop_with_parent"]:
            parent.stop_with_parent()
        self.stdout.write(f"Jasang portal ready at {address}/")
        for path in settings.SAID_AT_START:
            if line := import_string(path)(address):
                self.stdout.write(line)
        self.stdout.flush()
        answer(listening)


def _listen(host: str, port: int) -> socket.socket:
    family, kind, protocol, _name, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    made = socket.socket(family, kind, protocol)
    try:
        if os.name == "posix":
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(address)
        made.listen(1024)
    except OSError:
        made.close()
        raise
    return made


def _answer(listening: socket.socket) -> None:
    """Answer until the process is told to stop."""
    server = create_server(
        WSGIHandler(),
        sockets=[listening],
        threads=8,
        ident=None,
        # The portal itself refuses a large upload with a page; this only bounds what it is asked to read.
        max_request_body_size=2 * settings.UPLOAD_LIMIT_MB * 1_000_000,
        channel_timeout=120,
        **(_BEHIND_PROXY if settings.HTTPS else {}),
    )
    try:
        server.run()
    finally:
        server.close()


def _several(number: int) -> Callable[[socket.socket], None]:
    """Processes that share the socket; one that dies is started anew until the parent is told to stop."""

    def answer(listening: socket.socket) -> None:
        connections.close_all()  # no connection to the database is shared over processes
        alive, held = os.pipe()  # ends when the parent does, however that happens
        running: set[int] = set()
        try:
            while True:
                while len(running) < number:
                    running.add(_begin(listening, alive, held))
                ended, _status = os.wait()
                running.discard(ended)
        finally:
            for one in running:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(one, signal.SIGTERM)
            for one in running:
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(one, 0)
            listening.close()

    return answer


def _begin(listening: socket.socket, alive: int, held: int) -> int:
    child = os.fork()
    if child:
        return child
    os.close(held)
    threading.Thread(target=_end_with_parent, args=(alive,), daemon=True).start()
    status = 1
    try:
        _answer(listening)
    except SystemExit:
        status = 0
    finally:
        os._exit(status)


def _end_with_parent(alive: int) -> None:
    os.read(alive, 1)
    os.kill(os.getpid(), signal.SIGTERM)


def _stop(number: int, frame: FrameType | None) -> None:
    # waitress ends its loop at SystemExit and lets running requests finish.
    signal.signal(number, signal.SIG_IGN)
    raise SystemExit(0)
