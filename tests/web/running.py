"""The portal's commands as real processes, in a data folder of their own."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import django
from tests.debian import program
from tests.free_ports import free_port

HERE = Path(__file__).resolve().parent
PATIENCE = 280.0


def migrated() -> Path:
    """A SQLite database with all tables, made once for all tests of this state of the migrations: making them takes long."""
    known = hashlib.sha256(django.__version__.encode())
    for file in sorted((HERE.parent.parent / "src" / "jasang" / "web").glob("*/migrations/*.py")):
        known.update(file.read_bytes())
    folder = Path(tempfile.gettempdir()) / f"jasang-tests-migrated-{os.getuid()}"
    folder.mkdir(exist_ok=True, mode=0o700)
    made = folder / f"{known.hexdigest()[:20]}.sqlite3"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            with tempfile.TemporaryDirectory(prefix="jasang-migrate-") as home:
                subprocess.run(
                    [sys.executable, "-m", "jasang.web.manage", "migrate", "--verbosity", "0"],
                    env=os.environ | {"JASANG_HOME": home, "JASANG_DATABASE_URL": ""}, check=True,
                )  # fmt: skip
                shutil.copy(Path(home) / "db.sqlite3", made.with_suffix(".new"))
            made.with_suffix(".new").replace(made)
    return made


class Portal:
    """Starts `jasang-portal` commands and ends what it started."""

    def __init__(self, home: Path, *, database_url: str = "") -> None:
        self.home = home
        if not database_url:
            home.mkdir(parents=True, exist_ok=True)
            if not (home / "db.sqlite3").exists():
                shutil.copy(migrated(), home / "db.sqlite3")
        self.environment = os.environ | {
            "JASANG_HOME": str(home),
            "JASANG_DATABASE_URL": database_url,
            "JASANG_PASSWORD": "tests-need-a-password",
            "JASANG_SECOND_FACTOR": "off",
            "DJANGO_SETTINGS_MODULE": "portal_settings",
            "PYTHONPATH": str(HERE),
            "PYTHONUNBUFFERED": "1",
        }
        self.running: list[subprocess.Popen[str]] = []

    def run(self, *words: str, patience: float = PATIENCE) -> str:
        """The output of a command that ends."""
        done = subprocess.run(
            [sys.executable, "-m", "jasang.web.manage", *words],
            env=self.environment, capture_output=True, text=True, check=False, timeout=patience,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"{words}: status {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def python(self, script: str, patience: float = PATIENCE) -> str:
        """The output of a script that may use the models."""
        return self.run("shell", "--no-imports", "-c", script, patience=patience)

    def start(self, *words: str) -> tuple[subprocess.Popen[str], str]:
        """A command that goes on, and the line with which it says that it is ready."""
        process = subprocess.Popen(
            [sys.executable, "-m", "jasang.web.manage", *words], env=self.environment, stdout=subprocess.PIPE, text=True
        )
        self.running.append(process)
        assert process.stdout is not None
        return process, process.stdout.readline().strip()

    def background(self, *words: str) -> subprocess.Popen[str]:
        """A command that goes on and says nothing."""
        process = subprocess.Popen(
            [sys.executable, "-m", "jasang.web.manage", *words],
            env=self.environment,
            stdout=subprocess.DEVNULL,
            text=True,
        )
        self.running.append(process)
        return process

    def close(self) -> None:
        """End everything."""
        for process in self.running:
            if process.poll() is None:
                process.terminate()
                try:
                    process.wait(timeout=60)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
            if process.stdout is not None:
                process.stdout.close()


def postgresql_server() -> Iterator[str]:
    """The address of a PostgreSQL of our own; skips by name where none can be had (a failure in CI)."""
    programs = Path(program("postgres")).resolve().parent
    folder = Path(tempfile.mkdtemp(prefix="jasang-pg-"))
    before: list[str] = []
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        shutil.chown(folder, "postgres")
        before = ["runuser", "-u", "postgres", "--"]
    port = free_port()
    data, options = str(folder / "data"), f"-p {port} -c listen_addresses=127.0.0.1 -c fsync=off -k {folder}"
    start = [str(programs / "pg_ctl"), "-D", data, "-o", options, "-l", str(folder / "log"), "-w", "start"]
    try:
        for command in (
            [str(programs / "initdb"), "-D", data, "-U", "jasang", "-A", "trust", "-E", "UTF8", "--no-sync"],
            start,
        ):
            subprocess.run([*before, *command], check=True, stdout=subprocess.DEVNULL, cwd=folder)
        yield f"postgresql://jasang@127.0.0.1:{port}/postgres"
    finally:
        subprocess.run(
            [*before, str(programs / "pg_ctl"), "-D", data, "-m", "immediate", "stop"],
            check=False,
            stdout=subprocess.DEVNULL,
            cwd=folder,
        )
        shutil.rmtree(folder, ignore_errors=True)


def wait_until(true: Callable[[], bool], what: str, seconds: float = PATIENCE) -> None:
    """Wait for something that another process does."""
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds} s in vain: {what}")
        time.sleep(0.1)
