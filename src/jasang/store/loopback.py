"""How other processes on this computer ask the owner for fresh readings: Arrow streams over HTTP on 127.0.0.1.

The owner writes its port and a random token to `owner.json` (mode 0600) in the store's folder: whoever may read the folder's
secrets may read the readings. What is fresh lies in the owner's memory, hence this detour.
"""

import hmac
import json
import logging
import os
import secrets
import sys
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pyarrow as pa

from jasang.errors import StoreError
from jasang.plant.reading import Signal
from jasang.store.block import Block, to_table
from jasang.store.fresh_view import FreshView

OWNER_FILE = "owner.json"
TIMEOUT = 30.0  # seconds
SWITCH = 0.0005  # s

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Where the owner of a store answers. The token never goes into a log."""

    pid: int
    port: int
    token: str


def read_owner(folder: Path) -> Owner | None:
    """The owner that wrote its address last; it may be gone. `None` when there is none."""
    try:
        found = json.loads((folder / OWNER_FILE).read_text(encoding="utf-8"))
        return Owner(pid=int(found["pid"]), port=int(found["port"]), token=str(found["token"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None  # absent, or being replaced: both mean that nobody can be asked


def _write_owner(folder: Path, owner: Owner) -> None:
    new = folder / f"{OWNER_FILE}.{owner.pid}"
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump({"pid": owner.pid, "port": owner.port, "token": owner.token}, file)
    os.replace(new, folder / OWNER_FILE)


class Answering(Protocol):
    """What the owner answers from."""

    def fresh_view(self) -> FreshView: ...

    def fresh_last(self) -> tuple[Block, list[str]]: ...

    def signals(self) -> tuple[Signal, ...]: ...

    def seal(self) -> None: ...


class LoopbackServer:
    """Answers readers in other processes from threads of the owner."""

    def __init__(self, folder: Path, source: Answering) -> None:
        # Writes and answers pass from thread to thread; one that computes (settling) gives way sooner than after Python's 5 ms.
        sys.setswitchinterval(min(sys.getswitchinterval(), SWITCH))
        token = secrets.token_urlsafe(32)
        self._folder = folder
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.source, self._server.token = source, token
        self.owner = Owner(pid=os.getpid(), port=self._server.server_address[1], token=token)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="store readers", daemon=True
        )
        self._thread.start()
        _write_owner(folder, self.owner)

    def close(self) -> None:
        """Stop answering; readers find the files themselves from now on."""
        if read_owner(self._folder) == self.owner:
            (self._folder / OWNER_FILE).unlink(missing_ok=True)
        self._server.closing = True
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    source: Answering
    token: str
    closing = False


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body of an answer leave together

    def do_POST(self) -> None:
        asked = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        if self.server.closing:  # a kept connection outlives the server
            self.close_connection = True
            self._answer(403, b"")
            return
        if not hmac.compare_digest(self.headers.get("Authorization", ""), f"Bearer {self.server.token}"):
            self._answer(403, b"")
            return
        try:
            body = self._found(json.loads(asked))
            self._answer(404 if body is None else 200, b"" if body is None else body)
        except StoreError as error:
            self._answer(500, json.dumps({"ko": error.ko, "en": error.en}).encode())
        except (ValueError, KeyError, TypeError):
            self._answer(400, b"")

    def _found(self, question: dict[str, Any]) -> bytes | pa.Buffer | None:
        source = self.server.source
        if self.path == "/select":
            names = question["names"]
            return _as_stream(to_table(source.fresh_view().select(names, question["start"], question["end"]), names))
        if self.path == "/before":
            names = question["names"]
            return _as_stream(to_table(source.fresh_view().before(names, question["moment"]), names))
        if self.path == "/last":
            rows, names = source.fresh_last()
            if question["names"] is not None:
                wanted = set(question["names"])
                rows = rows.take(np.fromiter((names[code] in wanted for code in rows.signal), bool, len(rows)))
            return _as_stream(to_table(rows, names))
        if self.path == "/extent":
            return json.dumps(source.fresh_view().extent()).encode()
        if self.path == "/signals":
            return json.dumps([[s.name, s.asset, s.unit, s.address] for s in source.signals()]).encode()
        if self.path == "/seal":
            source.seal()
            return b""
        return None

    def _answer(self, status: int, body: bytes | pa.Buffer) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 — the name is the parent's
        _log.debug(format, *args)


def _as_stream(rows: pa.Table) -> pa.Buffer:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, rows.schema) as writer:
        writer.write_table(rows)
    return sink.getvalue()
