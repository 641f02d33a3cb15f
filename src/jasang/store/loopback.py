"""How other processes on this computer ask the owner for fresh readings: Arrow streams over HTTP on 127.0.0.1.

The owner writes its port and a random token to `owner.json` (mode 0600) in the store's folder: whoever may read the folder's
secrets may read the readings. DuckDB lets no second process open a file that one writes, hence this detour.
"""

import hmac
import http.client
import json
import logging
import os
import secrets
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pyarrow as pa

from jasang.errors import StoreError
from jasang.plant.reading import Signal
from jasang.store.fresh import Fresh

OWNER_FILE = "owner.json"
TIMEOUT = 30.0  # seconds

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


class LoopbackServer:
    """Answers readers in other processes from threads of the owner."""

    def __init__(self, folder: Path, fresh: Fresh) -> None:
        token = secrets.token_urlsafe(32)
        self._folder = folder
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.fresh, self._server.token = fresh, token
        self.owner = Owner(pid=os.getpid(), port=self._server.server_address[1], token=token)
        self._thread = threading.Thread(target=self._server.serve_forever, name="store readers", daemon=True)
        self._thread.start()
        _write_owner(folder, self.owner)

    def close(self) -> None:
        """Stop answering; readers find the file itself from now on."""
        if read_owner(self._folder) == self.owner:
            (self._folder / OWNER_FILE).unlink(missing_ok=True)
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    fresh: Fresh
    token: str


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        asked = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        if not hmac.compare_digest(self.headers.get("Authorization", ""), f"Bearer {self.server.token}"):
            self._answer(403, b"")
            return
        try:
            question = json.loads(asked)
            if self.path == "/range":
                rows, settled_before = self.server.fresh.range(question["signals"], question["start"], question["end"])
                self._answer(200, _as_stream(rows), settled_before)
            elif self.path == "/last":
                self._answer(200, _as_stream(self.server.fresh.last()))
            elif self.path == "/signals":
                known = [[s.name, s.asset, s.unit, s.address] for s in self.server.fresh.signals()]
                self._answer(200, json.dumps(known).encode())
            else:
                self._answer(404, b"")
        except StoreError as error:
            self._answer(500, json.dumps({"ko": error.ko, "en": error.en}).encode())
        except (ValueError, KeyError, TypeError):
            self._answer(400, b"")

    def _answer(self, status: int, body: bytes | pa.Buffer, settled_before: int = 0) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Settled-Before", str(settled_before))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 — the name is the parent's
        _log.debug(format, *args)


def _as_stream(rows: pa.Table) -> pa.Buffer:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, rows.schema) as writer:
        writer.write_table(rows)
    return sink.getvalue()


class Answers:
    """The owner's answers, seen from another process. `ConnectionError` when the owner is gone."""

    def __init__(self, owner: Owner) -> None:
        self._owner = owner

    def range(self, signals: list[str], start: int, end: int) -> tuple[pa.Table, int]:
        body, settled_before = self._ask("/range", {"signals": signals, "start": start, "end": end})
        return _table(body), settled_before

    def last(self) -> pa.Table:
        return _table(self._ask("/last", {})[0])

    def signals(self) -> list[Signal]:
        found = json.loads(self._ask("/signals", {})[0])
        return [Signal(name=name, asset=asset, unit=unit, address=address) for name, asset, unit, address in found]

    def _ask(self, path: str, question: dict[str, Any]) -> tuple[bytes, int]:
        # http.client, not urllib: a proxy from the environment must never see the token.
        connection = http.client.HTTPConnection("127.0.0.1", self._owner.port, timeout=TIMEOUT)
        try:
            connection.request("POST", path, json.dumps(question), {"Authorization": f"Bearer {self._owner.token}"})
            response = connection.getresponse()
            body = response.read()
        except (OSError, http.client.HTTPException) as error:
            raise ConnectionError(f"the owner of the store does not answer: {error}") from error
        finally:
            connection.close()
        if response.status == 403:  # another program has the port of an owner that is gone
            raise ConnectionError("the port belongs to somebody else")
        if response.status == 500:
            raise StoreError(**json.loads(body))
        if response.status != 200:
            raise StoreError(
                ko=f"수집기가 요청 {path} 에 상태 {response.status}(으)로 답했습니다. 포털과 수집기의 버전이 같은지 확인하세요.",
                en=f"the collector answered {path} with status {response.status}; are portal and collector of one version?",
            )
        return body, int(response.headers.get("X-Settled-Before", "0"))


def _table(body: bytes) -> pa.Table:
    with pa.ipc.open_stream(body) as reader:
        return reader.read_all()
