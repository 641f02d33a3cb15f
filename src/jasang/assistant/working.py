"""How a tool does long work: on a thread, with progress told, ended when nobody waits, and errors in both languages."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar

import anyio
import anyio.from_thread
import anyio.to_thread
from anyio.lowlevel import current_token
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import ToolAnnotations

from jasang.assistant.places import Places, state_of
from jasang.errors import JasangError
from jasang.plant.text import Progress, Text

Made = TypeVar("Made")
ToolContext = Context[Any, Any]
READS = ToolAnnotations(read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False)
WRITES = ToolAnnotations(read_only_hint=False, destructive_hint=True, idempotent_hint=True, open_world_hint=False)
KEPT = 8  # answers kept so that their next pages and single findings come at once
_TOLD_EVERY = 0.25  # seconds


class Stopped(Exception):
    """Nobody waits for the answer any more."""


@dataclass(slots=True)
class Desk:
    """What all tools share: the folders, whether they may write files there, and the latest answers."""

    places: Places
    allow_write: bool = False
    language: Literal["ko", "en"] = "ko"
    at_once: anyio.CapacityLimiter = field(default_factory=lambda: anyio.CapacityLimiter(2))
    _kept: OrderedDict[tuple[Any, ...], Any] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def kept(self, path: Path, asked: tuple[Any, ...], make: Callable[[], Made]) -> Made:
        """The answer to the same question about the same, unchanged files; made where there is none."""
        key = (str(path), state_of(path), *asked)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                found: Made = self._kept[key]
                return found
        made = make()
        with self._lock:
            self._kept[key] = made
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return made


def worded(error: JasangError) -> ToolError:
    """The error's sentence in both languages."""
    return ToolError(f"{error.en}\n{error.ko}")


async def work(context: ToolContext, desk: Desk, make: Callable[[Progress], Made]) -> Made:
    """Make something on a thread while progress is told; ends soon after the asking side gave up."""
    gone = threading.Event()

    teller = _Teller(context, gone)
    try:
        return await anyio.to_thread.run_sync(make, teller, abandon_on_cancel=True, limiter=desk.at_once)
    except JasangError as error:
        raise worded(error) from error
    finally:
        gone.set()


class _Teller:
    """A `Progress` for a thread: tells at most some times a second, and stops the work when nobody waits."""

    def __init__(self, context: ToolContext, gone: threading.Event) -> None:
        self._context, self._gone = context, gone
        self._loop = current_token()  # solvers tell from threads of their own
        self._told, self._share = 0.0, 0.0

    def __call__(self, stage: Text, share: float) -> None:
        if self._gone.is_set():
            raise Stopped
        now = time.monotonic()
        if now - self._told < _TOLD_EVERY and share < 1:
            return
        self._told, self._share = now, max(self._share, min(share, 1.0))  # progress only ever grows
        words = f"{stage.en} / {stage.ko}"
        anyio.from_thread.run(
            self._context.report_progress, round(100 * self._share, 1), 100.0, words, token=self._loop
        )
