"""PostgreSQL and MariaDB for tests: in temporary folders, on free ports of 127.0.0.1, by whoever may run them."""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pymysql
from tests.debian import program
from tests.free_ports import free_port

PASSWORD = "s3cret-Passw0rd"


def _nobody(folder: Path) -> str | None:
    """PostgreSQL refuses to run as root: the user to run it as, who then owns the folder."""
    if os.geteuid() != 0:
        return None
    user = pwd.getpwnam("nobody")
    os.chown(folder, user.pw_uid, user.pw_gid)
    for parent in folder.parents:
        if parent != Path("/tmp") and str(parent).startswith("/tmp/"):
            parent.chmod(parent.stat().st_mode | 0o011)
    return user.pw_name


@contextlib.contextmanager
def postgres(folder: Path) -> Iterator[int]:
    """The port of a PostgreSQL whose user `postgres` has PASSWORD, with a database `mes`."""
    server = Path(program("postgres")).resolve()
    initdb = server.parent / "initdb"
    folder.mkdir()
    user = _nobody(folder)
    secret = folder / "secret"
    secret.write_text(PASSWORD, "utf-8")
    secret.chmod(0o644)
    data, port = folder / "data", free_port()
    subprocess.run(
        [initdb, "-D", data, "-U", "postgres", "-A", "scram-sha-256", f"--pwfile={secret}", "-E", "UTF8", "--locale=C", "-N"],
        user=user, cwd=folder, check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    process = subprocess.Popen(
        [server, "-D", data, "-p", str(port), "-h", "127.0.0.1", "-k", folder, "-c", "fsync=off", "-c", "timezone=Asia/Seoul"],
        user=user, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        with _once_up(lambda: psycopg.connect(pg(port, "postgres"), autocommit=True)) as connection:
            connection.execute("CREATE DATABASE mes")
        yield port
    finally:
        process.send_signal(signal.SIGINT)  # at once, whoever is still connected
        process.wait(120)


def pg(port: int, database: str = "mes") -> str:
    return f"host=127.0.0.1 port={port} user=postgres password={PASSWORD} dbname={database}"


@contextlib.contextmanager
def mariadb(folder: Path) -> Iterator[int]:
    """The port of a MariaDB whose user `reader` has PASSWORD and may read the database `mes`, `writer` write it."""
    server = Path(program("mariadbd"))
    folder.mkdir()
    user = _nobody(folder)
    data, port = folder / "data", free_port()
    install = shutil.which("mariadb-install-db") or "mariadb-install-db"
    subprocess.run(
        [install, "--no-defaults", f"--datadir={data}", "--auth-root-authentication-method=normal", "--skip-test-db"],
        user=user, cwd=folder, check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    process = subprocess.Popen(
        [server, "--no-defaults", f"--datadir={data}", f"--port={port}", "--bind-address=127.0.0.1",
         f"--socket={folder / 's.sock'}", f"--pid-file={folder / 'pid'}", "--innodb-flush-log-at-trx-commit=0",
         "--default-time-zone=+09:00"],
        user=user, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        with (
            _once_up(lambda: pymysql.connect(unix_socket=str(folder / "s.sock"), user="root", autocommit=True)) as root,
            root.cursor() as cursor,
        ):
            for statement in (
                "CREATE DATABASE mes CHARACTER SET utf8mb4",
                f"CREATE USER 'reader'@'127.0.0.1' IDENTIFIED BY '{PASSWORD}'",
                f"CREATE USER 'writer'@'127.0.0.1' IDENTIFIED BY '{PASSWORD}'",
                "GRANT SELECT ON mes.* TO 'reader'@'127.0.0.1'",
                "GRANT ALL ON mes.* TO 'writer'@'127.0.0.1'",
            ):
                cursor.execute(statement)
        yield port
    finally:
        process.terminate()
        process.wait(120)


def _once_up(connect, seconds: float = 60.0):
    end = time.monotonic() + seconds
    while True:
        try:
            return connect()
        except (psycopg.OperationalError, pymysql.OperationalError):
            assert time.monotonic() < end, "the database did not start"
            time.sleep(0.1)
