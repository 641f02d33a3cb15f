"""A process killed between any two writes leaves the case, the assignment or the payment whole or absent."""

import json
import os
import shutil
import subprocess
import sys
from typing import Any

import pytest

from .running import HERE, migrated

pytestmark = pytest.mark.web


MADE = {
    "case_opened": {"center.Case": 1, "center.Event": 2},
    "case_answered": {"center.Event": 1},
    "payment": {"programme.Payment": 1},
    "claim": {"programme.Claim": 1},
    "teams": {"programme.Residency": 4},
}


@pytest.fixture(scope="module")
def ends(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What every death left."""
    home = tmp_path_factory.mktemp("killed")
    shutil.copy(migrated(), home / "db.sqlite3")
    environment = os.environ | {
        "JASANG_HOME": str(home),
        "JASANG_DATABASE_URL": "",
        "DJANGO_SETTINGS_MODULE": "jasang.web.settings",
        "PYTHONPATH": str(HERE.parent.parent),
    }
    done = subprocess.run(
        [sys.executable, "-m", "tests.web.killed"],
        env=environment, capture_output=True, text=True, timeout=280, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("action", MADE)
def test_killed_between_any_two_writes_it_is_whole_or_absent(ends: list[dict[str, Any]], action: str) -> None:
    *dead, whole = [end for end in ends if end["action"] == action]
    assert whole["lived"]
    assert {label: whole["grown"][label] for label in MADE[action]} == MADE[action]
    absent = [end for end in dead if end["untouched"]]
    there = [end for end in dead if not end["untouched"]]
    assert len(absent) >= 2  # there were writes to be killed between
    assert there  # and it was killed after the last commit too
    assert [end["grown"] for end in there] == [whole["grown"]] * len(there)
