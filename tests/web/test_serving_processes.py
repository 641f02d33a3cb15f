"""The server with several processes: they answer side by side, come again when one dies, and end with their parent."""

import os
import signal
import subprocess
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


@pytest.mark.parametrize("command", [["serve", "--port", "0"], ["work"]], ids=["serve", "work"])
def test_command_of_a_program_that_was_killed_ends_too(tmp_path: Path, command: list[str]) -> None:
    portal = Portal(tmp_path / "home")
    words = [sys.executable, "-m", "jasang.web.manage", *command, "--stop-with-parent"]
    script = f"import subprocess; child = subprocess.Popen({words!r}); print(child.pid, flush=True); child.wait()"
    parent = subprocess.Popen(
        [sys.executable, "-c", script],
        env=portal.environment,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    try:
        assert parent.stdout.readline().startswith("Jasang")

        parent.kill()
        parent.wait()

        wait_until(lambda: ended(child), "the end of the command")
    finally:
        parent.stdout.close()
        if not ended(child):
            os.kill(child, signal.SIGKILL)
