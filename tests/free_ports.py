"""Ports of 127.0.0.1 for servers of tests that start only after the port was chosen, or are stopped and started again.

The system gives no such port away by itself: it lies below the range from which outgoing connections and "any free port" are
served, and each test process counts in steps of its own. A port that the system names and that is released again may be taken
by anybody before the server listens on it.
"""

import os
import socket
from itertools import count

_FIRST, _END, _PROCESSES = 20_000, 32_000, 16


def _places() -> "count[int]":
    """Numbers of this process alone: its place among the processes of one run, and a start of its own for every run."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    return count(os.getpid() * 37 * _PROCESSES + int(worker) % _PROCESSES, _PROCESSES)


_numbers = _places()


def free_port() -> int:
    """A port that nobody has now and that nobody is given later."""
    for number in _numbers:
        port = _FIRST + number % (_END - _FIRST)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("the numbers never end")
