"""Programs of others that tests talk to: found, or brought from Debian where that is allowed."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

_PACKAGES = {
    "dovecot": ("dovecot-imapd",),
    "mariadbd": ("mariadb-server",),
    "mosquitto": ("mosquitto", "mosquitto-clients"),
    "mosquitto_passwd": ("mosquitto", "mosquitto-clients"),
    "mosquitto_pub": ("mosquitto", "mosquitto-clients"),
    "mosquitto_sub": ("mosquitto", "mosquitto-clients"),
    "postgres": ("postgresql",),
}
# tools/run-tests.sh holds it too while it brings all of them at once.
_TURN = Path("/tmp/jasang-tests-apt.lock")
_FOLDERS = ("/usr/sbin", "/usr/local/sbin", *(f"/usr/lib/postgresql/{version}/bin" for version in (15, 16, 17, 18)))


def program(name: str) -> str:
    """The path of a program; installs its packages when root. Skips by name where it cannot be had, and fails so in CI."""
    packages = _PACKAGES.get(name, (name,))
    if os.name == "posix" and os.geteuid() == 0 and shutil.which("apt-get"):
        # Another test process, or the run itself, may be bringing it: a program is there before its libraries and users are.
        with _turn():
            found = _found(name) or _brought(name, packages)
    else:
        found = _found(name)
    if found is None:
        reason = f"{name} is not here and cannot be installed: apt-get install {' '.join(packages)}"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return found


def _brought(name: str, packages: tuple[str, ...]) -> str | None:
    for words in (["update"], ["install", "--no-install-recommends", *packages]):
        subprocess.run(
            ["apt-get", "-qq", "-y", "-o", "DPkg::Lock::Timeout=120", *words],
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"}, capture_output=True, check=False, timeout=280,
        )  # fmt: skip
    return _found(name)


@contextmanager
def _turn() -> Iterator[None]:
    """One after the other."""
    import fcntl  # where there is no apt-get there may be none

    with _TURN.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _found(name: str) -> str | None:
    return shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), *_FOLDERS]))
