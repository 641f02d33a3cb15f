"""VictoriaMetrics of the Debian package, for comparison: loaded by its native JSON lines, asked by its HTTP interface."""

import http.client
import json
import shutil
import socket
import subprocess
import time
import urllib.parse
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType

from benchmarks.store_mix import START, name
from jasang.store.block import Array


class Victoria:
    """A server of its own in a folder of its own; `FileNotFoundError` where it is not installed ."""

    def __init__(self, folder: Path) -> None:
        program = shutil.which("victoria-metrics")
        if program is None:
            raise FileNotFoundError("victoria-metrics is not installed")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        self._folder = folder
        options = [f"-storageDataPath={folder}", f"-httpListenAddr=127.0.0.1:{self._port}", "-retentionPeriod=100y"]
        options += ["-search.latencyOffset=0s", "-search.maxPointsPerTimeseries=200000", "-search.disableCache"]
        self._server = subprocess.Popen([program, *options], stderr=subprocess.DEVNULL)

    def __enter__(self) -> "Victoria":
        for _ in range(100):
            try:
                self._ask("/health", {})
                return self
            except OSError:
                time.sleep(0.1)
        raise TimeoutError("VictoriaMetrics does not answer")

    def __exit__(self, _kind: type[BaseException] | None, _error: object, _trace: TracebackType | None) -> None:
        self._server.terminate()
        self._server.wait()

    def _ask(self, path: str, query: dict[str, object], body: bytes | None = None) -> bytes:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=600)
        address = f"{path}?{urllib.parse.urlencode(query, doseq=True)}"
        connection.request("GET" if body is None else "POST", address, body)
        answer = connection.getresponse().read()
        connection.close()
        return answer

    def load(self, readings: Iterable[tuple[str, Array, Array]]) -> float:
        """Seconds it took, made readings included."""
        begun = time.perf_counter()
        for signal, times, values in readings:
            line = {
                "metric": {"__name__": "v", "s": signal},
                "values": values.tolist(),
                "timestamps": (times // 1000).tolist(),
            }
            self._ask("/api/v1/import", {}, json.dumps(line).encode())
        self._ask("/internal/force_flush", {})
        self._ask("/internal/force_merge", {})
        time.sleep(5)
        return time.perf_counter() - begun

    def size(self) -> int:
        """Bytes on disk."""
        return sum(path.stat().st_size for path in self._folder.rglob("*") if path.is_file())

    def questions(self, signals: int, days: int) -> list[Callable[[int], object]]:
        """As those of the store. Answers are parsed JSON: nobody can use them before."""
        begin, end = START // 1_000_000, START // 1_000_000 + days * 86_400

        def some(repeat: int, count: int) -> str:
            return "|".join(name((repeat * 37 + 11 * i) % signals) for i in range(count))

        def day(repeat: int) -> int:
            return begin + (repeat * 7 % days) * 86_400

        def over(query: str, first: int, last: int, step: int) -> object:
            return json.loads(
                self._ask("/api/v1/query_range", {"query": query, "start": first, "end": last, "step": f"{step}s"})
            )

        def export(repeat: int) -> object:
            match = f'v{{s="{some(repeat, 1)}"}}'
            body = self._ask("/api/v1/export", {"match[]": match, "start": day(repeat), "end": day(repeat) + 86_400})
            return [json.loads(line) for line in body.splitlines()]

        def buckets(chosen: str, step: int) -> list[object]:
            window = f'v{{s=~"{chosen}"}}[{step}s]'
            return [over(f"{kind}_over_time({window})", begin + step, end, step) for kind in ("min", "max", "avg")]

        return [
            lambda _repeat: json.loads(self._ask("/api/v1/query", {"query": "last_over_time(v[1h])", "time": end})),
            export,
            lambda repeat: buckets(some(repeat, 1), days * 86_400 // 1000),
            lambda repeat: over(f'v{{s=~"{some(repeat, 20)}"}}', day(repeat), day(repeat) + 86_399, 1),
            lambda repeat: buckets(some(repeat, 20), 3600),
        ]
