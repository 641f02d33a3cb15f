"""Programs of others that tests talk to: found, or installed where that is possible; else the test skips by name."""

import os
import shutil
import subprocess

import pytest

_PACKAGES = {"mbpoll": "mbpoll", "socat": "socat", "mariadbd": "mariadb-server", "postgres": "postgresql"}
_FOLDERS = ("/usr/sbin", "/usr/lib/postgresql/15/bin", "/usr/lib/postgresql/16/bin", "/usr/lib/postgresql/17/bin")


def program(name: str, package: str | None = None) -> str:
    """The path of a program; installs its Debian package when root. Skips where it cannot be had, and fails so in CI."""
    found = _found(name)
    if found is None and os.name == "posix" and os.geteuid() == 0 and shutil.which("apt-get"):
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for words in (["update"], ["install", "--no-install-recommends", package or _PACKAGES.get(name, name)]):
            subprocess.run(
                ["apt-get", "-qq", "-y", "-o", "DPkg::Lock::Timeout=120", *words],
                env=environment, capture_output=True, check=False, timeout=280,
            )  # fmt: skip
        found = _found(name)
    if found is None:
        reason = f"{name} is not here and cannot be installed"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return found


def _found(name: str) -> str | None:
    return shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), *_FOLDERS]))
