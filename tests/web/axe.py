"""npm's axe-core, put into a page: what keeps people from using it, as far as a program can tell."""

import functools
import os
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import Any

import pytest

PACKAGE = "axe-core@4.14.1"
LOUD = ("serious", "critical")


@functools.cache
def script() -> str:
    """The program; skips by name where npm cannot bring it, fails in CI."""
    reason = "npm is not here"
    if shutil.which("npm"):
        folder = Path(tempfile.mkdtemp(prefix="jasang-axe-"))
        try:
            done = subprocess.run(
                ["npm", "pack", "--silent", PACKAGE],
                cwd=folder,
                capture_output=True,
                text=True,
                check=False,
                timeout=300,
            )
            packed = next(folder.glob("*.tgz"), None)
            if packed is not None:
                with tarfile.open(packed) as archive:
                    member = archive.extractfile("package/axe.min.js")
                    if member is not None:
                        return member.read().decode()
            reason = f"npm cannot bring {PACKAGE}: {done.stderr[-300:]}"
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def loud_faults(page: Any) -> list[str]:
    """Serious and critical faults of the page as it is shown; its context must have been made with `bypass_csp`."""
    page.evaluate(script())
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{one['id']}: {[node['html'][:120] for node in one['nodes'][:3]]}"
        for one in found["violations"]
        if one["impact"] in LOUD
    ]
