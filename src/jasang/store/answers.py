"""How other processes on this computer ask the owner for fresh readings: Arrow streams over HTTP on 127.0.0.1, seen from them."""

import http.client
import json
import threading
from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from jasang.errors import StoreError
from jasang.plant.reading import Signal
from jasang.store.block import Block, from_table
from jasang.store.loopback import TIMEOUT, Owner


class Answers:
    """The owner's answers. The connection is kept; `ConnectionError` when the owner is gone. Any number of threads."""

    def __init__(self, owner: Owner) -> None:
        self.owner = owner
        self._lock = threading.Lock()
        self._connection: http.client.HTTPConnection | None = None

    def select(self, names: Sequence[str], start: int, end: int) -> Block:
        """As `FreshView.select`."""
        body = self._ask("/select", {"names": list(names), "start": start, "end": end})
        return from_table(_table(body), {name: place for place, name in enumerate(names)})

    def before(self, names: Sequence[str], moment: int) -> Block:
        """As `FreshView.before`."""
        body = self._ask("/before", {"names": list(names), "moment": moment})
        return from_table(_table(body), {name: place for place, name in enumerate(names)})

    def last(self, names: Sequence[str] | None = None) -> tuple[Block, list[str]]:
        """The latest row of each signal, of all signals when `None`, and the names of signals."""
        rows = _table(self._ask("/last", {"names": None if names is None else list(names)}))
        known = rows.column("signal").to_pylist()
        return from_table(rows, {name: place for place, name in enumerate(known)}), known

    def signals(self) -> list[Signal]:
        """Described signals and those that only have readings, sorted by name."""
        found = json.loads(self._ask("/signals", {}))
        return [Signal(name=name, asset=asset, unit=unit, address=address) for name, asset, unit, address in found]

    def extent(self) -> tuple[int, int] | None:
        """As `FreshView.extent`."""
        found = json.loads(self._ask("/extent", {}))
        return None if found is None else (int(found[0]), int(found[1]))

    def seal(self) -> None:
        """Let the owner write what is only in its log to sealed files."""
        self._ask("/seal", {})

    def _ask(self, path: str, question: dict[str, Any]) -> bytes:
        with self._lock:
            kept = self._connection is not None
            try:
                status, body = self._answer(path, question)
            except (OSError, http.client.HTTPException) as error:
                self._drop()
                if not kept:
                    raise ConnectionError(f"the owner of the store does not answer: {error}") from error
                # A kept connection may have been closed for its age.
                try:
                    status, body = self._answer(path, question)
                except (OSError, http.client.HTTPException) as again:
                    self._drop()
                    raise ConnectionError(f"the owner of the store does not answer: {again}") from again
        if status == 403:  # another program has the port of an owner that is gone
            raise ConnectionError("the port belongs to somebody else")
        if status == 500:
            raise StoreError(**json.loads(body))
        if status != 200:
            raise StoreError(
                ko=f"수집기가 요청 {path} 에 상태 {status}(으)로 답했습니다. 포털과 수집기의 버전이 같은지 확인하세요.",
                en=f"the collector answered {path} with status {status}; are portal and collector of one version?",
            )
        return body

    def _answer(self, path: str, question: dict[str, Any]) -> tuple[int, bytes]:
        # http.client, not urllib: a proxy from the environment must never see the token.
        if self._connection is None:
            self._connection = http.client.HTTPConnection("127.0.0.1", self.owner.port, timeout=TIMEOUT)
        self._connection.request("POST", path, json.dumps(question), {"Authorization": f"Bearer {self.owner.token}"})
        response = self._connection.getresponse()
        return response.status, response.read()

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def close(self) -> None:
        """Let go of the connection."""
        with self._lock:
            self._drop()


def _table(body: bytes) -> pa.Table:
    with pa.ipc.open_stream(body) as reader:
        return reader.read_all()
