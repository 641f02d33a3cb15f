"""npm's sparkplug-client as an edge node of a test, and Sparkplug messages written by hand for what it cannot do wrong."""

import json
import os
import queue
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

PACKAGE = "sparkplug-client@3.2.4"
_CACHE = Path(tempfile.gettempdir()) / f"jasang-tests-sparkplug-client-{os.getuid() if hasattr(os, 'getuid') else 0}"


def _installed() -> Path:
    """The folder that holds the package; installed once for all tests, else the test is skipped by name (fails in CI)."""
    if (_CACHE / "ready").exists():
        return _CACHE
    reason = "node and npm are not here"
    if shutil.which("node") and shutil.which("npm"):
        folder = Path(tempfile.mkdtemp(prefix="jasang-npm-"))
        (folder / "package.json").write_text('{"private": true}', encoding="utf-8")
        done = subprocess.run(
            ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", PACKAGE],
            cwd=folder, capture_output=True, text=True, timeout=240, check=False,
        )  # fmt: skip
        if done.returncode == 0:
            (folder / "ready").touch()
            try:
                folder.rename(_CACHE)
            except OSError:  # another test process was quicker
                return folder
            return _CACHE
        reason = f"npm cannot install {PACKAGE}: {done.stderr[-300:]}"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


class Edge:
    """An edge node in a process of its own."""

    def __init__(
        self,
        url: str,
        *,
        group: str = "G",
        node: str = "N",
        node_metrics: Sequence[Mapping[str, Any]] = (),
        devices: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
        **more: Any,
    ) -> None:
        rebirth = {"name": "Node Control/Rebirth", "type": "Boolean", "value": False}
        settings = {
            "url": url, "group": group, "node": node, "nodeMetrics": [rebirth, *node_metrics], "devices": devices or {}, **more
        }  # fmt: skip
        script = Path(__file__).with_name("edge.js")
        self._process = subprocess.Popen(
            ["node", str(script), str(_installed()), json.dumps(settings)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        self._said: queue.Queue[dict[str, Any]] = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._said.put(json.loads(line))

    def hear(self, word: str, seconds: float = 60.0) -> dict[str, Any]:
        """The next thing of that kind that the edge node says."""
        end = time.monotonic() + seconds
        while True:
            said = self._said.get(timeout=max(0.01, end - time.monotonic()))
            if said["word"] == word:
                return said

    def tell(self, what: str, **more: Any) -> None:
        """Give an order."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": what, **more}) + "\n")
        self._process.stdin.flush()

    def data(self, metrics: Sequence[Mapping[str, Any]], device: str | None = None, **options: Any) -> None:
        """Publish NDATA or DDATA."""
        now = time.time_ns() // 1_000_000
        payload = {"timestamp": now, "metrics": [{"timestamp": now, **metric} for metric in metrics]}
        if device is None:
            self.tell("data", payload=payload)
        else:
            self.tell("ddata", device=device, payload=payload, options=options or None)

    def kill(self) -> None:
        """SIGKILL: the broker publishes the will."""
        self._process.kill()
        self._process.wait()

    def close(self) -> None:
        if self._process.poll() is None:
            self.kill()
