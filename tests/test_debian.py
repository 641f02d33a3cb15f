"""Programs that tests bring: none is used while it is still being installed."""

import fcntl
import os
from pathlib import Path

import pytest
from tests import debian


def test_program_is_looked_for_only_when_nobody_installs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    turn = tmp_path / "lock"
    alone = []

    def found(_name: str) -> str:
        with turn.open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                alone.append(True)
            else:
                alone.append(False)
        return "/usr/sbin/thing"

    monkeypatch.setattr(debian, "_TURN", turn)
    monkeypatch.setattr(debian, "_found", found)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(debian.shutil, "which", lambda _name: "/usr/bin/apt-get")

    assert debian.program("thing") == "/usr/sbin/thing"
    assert alone == [True]
