"""The demo's processes: none stays behind, however it is stopped, and one folder has one demo."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from jasang.cli.main import main
from jasang.store.ownership import Ownership

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals as POSIX has them")

PATIENCE = 60.0
# A demo of two children that never end by themselves; the first needs a moment to end when it is asked to.
SCRIPT = """
import sys, pathlib
from jasang.cli import demo
home = pathlib.Path(sys.argv[1])
slow = "import signal, sys, time\\n" \
       "signal.signal(signal.SIGTERM, lambda *_: (time.sleep(0.3), sys.exit()))\\n" \
       "print('child', flush=True)\\n" \
       "time.sleep(600)"
try:
    with demo._only_one(home), demo._asked_to_stop() as stop, demo._children(home, {}, stop) as start:
        for name in ("one", "two"):
            start(name, [sys.executable, "-c", slow])
        print(*(process.pid for _, process, _ in start._running), flush=True)
        start.watch()
except demo._StoppedByUser:
    print("stopped", flush=True)
"""


def wait_until(true, what: str) -> None:
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, what
        time.sleep(0.05)


def gone(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    return False


def test_second_ctrl_c_leaves_no_process_behind(tmp_path: Path) -> None:
    demo = subprocess.Popen([sys.executable, "-c", SCRIPT, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert demo.stdout is not None
    children = [int(word) for word in demo.stdout.readline().split()]
    wait_until(
        lambda: all("child" in (tmp_path / "logs" / f"{name}.log").read_text() for name in ("one", "two")), "children"
    )

    demo.send_signal(signal.SIGINT)
    while demo.poll() is None:
        demo.send_signal(signal.SIGINT)
        time.sleep(0.05)

    demo.stdout.close()
    assert [one for one in children if not gone(one)] == []


def test_child_that_ends_is_told_with_the_end_of_its_log(tmp_path: Path) -> None:
    script = SCRIPT.replace("time.sleep(600)", "sys.exit('no more wire')")

    done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=False)

    # Which of the two ends first is the machine's affair.
    told = re.search(r"The demo's '(one|two)' ended \(status 1\)", done.stderr)
    assert (done.returncode, told is not None, "no more wire" in done.stderr) == (1, True, True)


def test_second_demo_in_one_folder_is_refused(tmp_path: Path, capsys, monkeypatch) -> None:
    monkeypatch.setattr("jasang.store.ownership.PATIENCE", 0.0)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object())
    held = Ownership(tmp_path)

    status = main(["demo", "--home", str(tmp_path), "--lang", "en"])

    held.release()
    assert (status, capsys.readouterr().err) == (
        1,
        f"jasang: {tmp_path}: a demo runs in this folder already. "
        "Stop it with Ctrl-C in its window, or name another --home.\n",
    )


def test_home_that_cannot_be_made_is_named(tmp_path: Path, capsys, monkeypatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object())
    (tmp_path / "file").write_text("x")

    status = main(["demo", "--home", str(tmp_path / "file"), "--lang", "en"])

    assert status == 1
    assert capsys.readouterr().err.startswith(f"jasang: --home {tmp_path / 'file'}: the folder cannot be made (")
