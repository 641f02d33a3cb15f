"""The server with several processes: they answer side by side, come again when one dies, and end with their parent."""

import os
import signal
import sys
import urllib.request
from pathlib import Path

import pytest

from .running import Portal, wait_until

pytestmark = [pytest.mark.web, pytest.mark.skipif(not hasattr(os, "fork") or sys.platform != "linux", reason="no fork")]


def children(parent: int) -> set[int]:
    return {int(one) for one in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()}


def ended(process: int) -> bool:
    """Gone, or only waiting for somebody to take note of it."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def answers(address: str) -> bool:
    with urllib.request.urlopen(f"{address}sign-in/", timeout=60) as answer:
        return bool(answer.status == 200)


def test_processes_answer_come_again_and_end(tmp_path: Path) -> None:
    portal = Portal(tmp_path / "home")
    try:
        portal.run("setup")
        parent, ready = portal.start("serve", "--port", "0", "--processes", "2")
        address = ready.removeprefix("Jasang portal ready at ")
        wait_until(lambda: len(children(parent.pid)) == 2, "two processes")
        before = children(parent.pid)
        assert answers(address)

        os.kill(min(before), signal.SIGKILL)
        wait_until(lambda: len(children(parent.pid) - {min(before)}) == 2, "a process in place of the dead one")
        assert answers(address)

        last = children(parent.pid)
        parent.kill()
        parent.wait()
        wait_until(lambda: all(ended(one) for one in last), "the end of all")
    finally:
        portal.close()
