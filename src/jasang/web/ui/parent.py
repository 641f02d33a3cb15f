"""`--stop-with-parent`: a server or worker that was started by another program ends when that one is gone, however it ended."""

import os
import signal
import threading
import time
from argparse import SUPPRESS, ArgumentParser

_LOOK_EVERY = 0.5  # s


def add_option(parser: ArgumentParser) -> None:
    """Add the option; it is for programs, so the help page does not show it."""
    parser.add_argument("--stop-with-parent", action="store_true", help=SUPPRESS)


def stop_with_parent() -> None:
    """From now on send this process SIGTERM once its parent is gone: an orphan gets another parent."""
    threading.Thread(target=_watch, args=(os.getppid(),), daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_LOOK_EVERY)
    os.kill(os.getpid(), signal.SIGTERM)
