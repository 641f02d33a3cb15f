"""One process at a time may write a spool: a lock that the operating system lets go of when the process dies."""

import os
import sys
from pathlib import Path

from jasang.errors import StoreError

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

FILE = "owner.lock"


def lock(folder: Path) -> int:
    """Hold the folder until the descriptor is closed; `StoreError` when another process does."""
    descriptor = os.open(folder / FILE, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if sys.platform == "win32":
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise StoreError(
            ko=f"전송 대기 폴더 {folder} 을(를) 다른 프로세스가 쓰고 있습니다.",
            en=f"another process writes to the spool {folder}",
        ) from error
    return descriptor
