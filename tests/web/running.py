"""The portal's commands as real processes, in a data folder of their own."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).resolve().parent
PATIENCE = 60.0


class Portal:
    """Starts `jasang-portal` commands and ends what it started."""

    def __init__(self, home: Path, *, database_url: str = "") -> None:
        self.home = home
        self.environment = os.environ | {
            "JASANG_HOME": str(home),
            "JASANG_DATABASE_URL": database_url,
            "JASANG_PASSWORD": "tests-need-a-password",
            "DJANGO_SETTINGS_MODULE": "portal_settings",
            "PYTHONPATH": str(HERE),
            "PYTHONUNBUFFERED": "1",
        }
        self.running: list[subprocess.Popen[str]] = []

    def run(self, *words: str) -> str:
        """The output of a command that ends."""
        done = subprocess.run(
            [sys.executable, "-m", "jasang.web.manage", *words],
            env=self.environment, capture_output=True, text=True, check=False, timeout=PATIENCE,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"{words}: status {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def python(self, script: str) -> str:
        """The output of a script that may use the models."""
        return self.run("shell", "--no-imports", "-c", script)

    def start(self, *words: str) -> tuple[subprocess.Popen[str], str]:
        """A command that goes on, and the line with which it says that it is ready."""
        process = subprocess.Popen(
            [sys.executable, "-m", "jasang.web.manage", *words], env=self.environment, stdout=subprocess.PIPE, text=True
        )
        self.running.append(process)
        assert process.stdout is not None
        return process, process.stdout.readline().strip()

    def close(self) -> None:
        """End everything."""
        for process in self.running:
            if process.poll() is None:
                process.terminate()
                try:
                    process.wait(timeout=20)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
            if process.stdout is not None:
                process.stdout.close()


def wait_until(true: Callable[[], bool], what: str, seconds: float = PATIENCE) -> None:
    """Wait for something that another process does."""
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds} s in vain: {what}")
        time.sleep(0.1)
