"""One process owns a store: a lock of the operating system, which goes with the process however it ends."""

import os
import sys
import time
from pathlib import Path

from jasang.errors import StoreError

FILE = "owner.lock"
PATIENCE = 5.0  # seconds; an owner that is just closing

if sys.platform == "win32":
    import msvcrt

    def _take(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _take(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


class Ownership:
    """Held from creation until `release`; `StoreError` when another process holds it."""

    def __init__(self, folder: Path) -> None:
        path = folder / FILE
        deadline = time.monotonic() + PATIENCE
        try:
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise StoreError(
                ko=f"저장소 파일 {path} 을(를) 만들 수 없습니다: {error}",
                en=f"the store's file {path} cannot be made: {error}",
            ) from error
        while True:
            try:
                _take(self._descriptor)
                return
            except OSError as error:
                if time.monotonic() > deadline:
                    os.close(self._descriptor)
                    raise StoreError(
                        ko=f"저장소 {folder} 에 다른 수집기가 이미 쓰고 있습니다. 한 저장소에는 한 수집기만 쓸 수 있습니다.",
                        en=f"another collector is writing to the store {folder}; a store has one writer",
                    ) from error
                time.sleep(0.05)

    def release(self) -> None:
        """Let another process write."""
        os.close(self._descriptor)


def is_owned(folder: Path) -> bool:
    """Whether a process holds the store now."""
    try:
        descriptor = os.open(folder / FILE, os.O_RDWR)
    except OSError:
        return False
    try:
        _take(descriptor)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False
