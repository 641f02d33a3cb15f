"""The settings behind HTTPS as Django judges them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.web


def test_deploy_check_is_clean_behind_https(tmp_path: Path) -> None:
    environment = os.environ | {"JASANG_HOME": str(tmp_path), "JASANG_HTTPS": "on"}
    environment["DJANGO_SETTINGS_MODULE"] = "jasang.web.settings"
    done = subprocess.run(
        [sys.executable, "-m", "jasang.web.manage", "check", "--deploy", "--fail-level", "WARNING"],
        env=environment, capture_output=True, text=True, check=False, timeout=100,
    )  # fmt: skip

    assert (done.returncode, "no issues" in done.stdout) == (0, True), done.stderr
