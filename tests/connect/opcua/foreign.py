"""npm's node-opcua as a machine of a test, in a process of its own."""

import json
import os
import queue
import shutil
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from tests.free_ports import free_port

PACKAGE = "node-opcua-server@2.186.4"
URI = "urn:foreign:machine"
_CACHE = Path(tempfile.gettempdir()) / f"jasang-tests-node-opcua-{os.getuid() if hasattr(os, 'getuid') else 0}"


def installed() -> Path:
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
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


class ForeignMachine:
    """A node-opcua server: `Press.setpoint` and `Press.whole` may be written, `Press.past` keeps its history."""

    def __init__(self, pki: Path, port: int | None = None, **settings: Any) -> None:
        self.port = port or free_port()
        told = {"port": self.port, "pki": str(pki), **settings}
        script = Path(__file__).with_name("foreign.js")
        self._process = subprocess.Popen(
            ["node", str(script), str(installed()), json.dumps(told)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        self._said: queue.Queue[dict[str, Any]] = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()
        self.hear("ready")

    @property
    def url(self) -> str:
        return f"opc.tcp://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        return self._process.pid

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith("{"):
                self._said.put(json.loads(line))

    def hear(self, word: str, seconds: float = 90.0) -> Any:
        """What the machine says next under this word."""
        end = time.monotonic() + seconds
        while True:
            said = self._said.get(timeout=max(0.01, end - time.monotonic()))
            assert "failed" not in said, said
            if word in said:
                return said[word]

    def tell(self, what: str, **more: Any) -> None:
        """Give an order and wait until it is done."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": what, **more}) + "\n")
        self._process.stdin.flush()
        if what not in ("rounds", "held"):
            self.hear("done")

    def held(self) -> dict[str, float]:
        """What the settings hold."""
        self.tell("held")
        found: dict[str, float] = self.hear("held")
        return found

    def kill(self) -> None:
        """SIGKILL."""
        self._process.kill()
        self._process.wait()

    def close(self) -> None:
        if self._process.poll() is None:
            self.kill()
