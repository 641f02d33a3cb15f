"""A real mailbox on loopback for the tests of letters: Debian's dovecot, in a folder of its own, stopped at the end."""

import imaplib
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.debian import program
from tests.free_ports import free_port

USER, PASSWORD = "help", "tests-only"
CONFIGURATION = """
protocols = imap
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
ssl = no
disable_plaintext_auth = no
listen = 127.0.0.1
first_valid_uid = 1
mail_location = maildir:{folder}/mail/%u
mail_privileged_group =
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid=mail gid=mail home={folder}/home/%u
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service anvil {{
  chroot =
}}
"""


def dovecot() -> str:
    """The program; skips by name where it cannot be had or may not run (a failure in CI)."""
    found = program("dovecot")
    if os.geteuid() != 0:
        pytest.skip("dovecot as it is set up here runs as root only")
    return found


@contextmanager
def mailbox_server() -> Iterator[dict[str, Any]]:
    """The setting `IMAP` of a mailbox that runs."""
    server, port = dovecot(), free_port()
    folder = Path(tempfile.mkdtemp(prefix="jasang-imap-"))
    folder.chmod(0o755)
    for name in ("mail", "home"):
        (folder / name).mkdir()
        shutil.chown(folder / name, "mail", "mail")
    file = folder / "dovecot.conf"
    file.write_text(CONFIGURATION.format(folder=folder, port=port, password=PASSWORD), "utf-8")
    process = subprocess.Popen([server, "-F", "-c", str(file)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        end = time.monotonic() + 60
        while True:
            try:
                with socket.create_connection(("127.0.0.1", port), timeout=1):
                    break
            except OSError:
                if time.monotonic() > end or process.poll() is not None:
                    log = folder / "log"
                    raise AssertionError(log.read_text() if log.exists() else "dovecot did not start") from None
                time.sleep(0.05)
        yield {
            "scheme": "imap",
            "host": "127.0.0.1",
            "port": port,
            "user": USER,
            "password": PASSWORD,
            "folder": "INBOX",
        }
    finally:
        process.terminate()
        process.wait(timeout=60)
        shutil.rmtree(folder, ignore_errors=True)


def deliver(server: dict[str, Any], *letters: bytes) -> None:
    """Put letters into the mailbox as a mail server would."""
    with imaplib.IMAP4(server["host"], server["port"], timeout=60) as box:
        box.login(server["user"], server["password"])
        for letter in letters:
            status, told = box.append("INBOX", "", imaplib.Time2Internaldate(time.time()), letter)
            assert status == "OK", told
