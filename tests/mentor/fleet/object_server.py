"""An object store on loopback: moto's server in a process of its own."""

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

from tests.free_ports import free_port

SECRET = "do-not-tell-7f3a9c"


@contextmanager
def object_store(bucket: str) -> Iterator[dict[str, str]]:
    """A running object store with one bucket; yields the environment that leads to it."""
    port = free_port()
    server = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        address = f"http://127.0.0.1:{port}"
        _create(f"{address}/{bucket}")
        yield {
            "AWS_ACCESS_KEY_ID": "factory-reader",
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": address,
            "AWS_EC2_METADATA_DISABLED": "true",
            "NO_PROXY": "127.0.0.1",
            "PATH": os.environ["PATH"],
        }
    finally:
        server.kill()
        server.wait()


def _create(bucket: str) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(urllib.request.Request(bucket, method="PUT"), timeout=5):
                return
        except (urllib.error.URLError, OSError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
