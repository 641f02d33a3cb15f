"""Where a fleet is diagnosed: processes on this computer, or a Dask cluster. The outcomes are the same to the last digit.

A worker that dies (killed, out of memory, power cut) costs time: its factory is begun again. A factory that takes its worker
with it again and again, also when nothing else is at work, is a failed one and the others go on.
"""

import contextlib
import logging
import multiprocessing
import os
import signal
import threading
import uuid
from collections import Counter, deque
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from jasang import __version__
from jasang.errors import ConfigurationError, ConnectionFailed, WrongArguments
from jasang.mentor.fleet_factory import FleetFactory, Outcome, diagnose_one, failed, unexpected
from jasang.plant.text import Text

Finished = tuple[FleetFactory, Outcome, dict[str, Any] | None]

MOST_ATTEMPTS = 3
PATIENCE = 30.0  # s to wait for a scheduler and its first worker
# Matrices are small and many; threads of their own would fight for the cores that the workers share.
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "POLARS_MAX_THREADS")
_LEAST_MEMORY = 1 << 30
_DIED = Text(
    ko=f"이 공장을 진단하던 작업 프로세스가 {MOST_ATTEMPTS}번 죽었습니다. 메모리가 모자라거나 파일이 손상됐을 수 있습니다.",
    en=f"the worker died {MOST_ATTEMPTS} times on this factory; memory may be too small or a file damaged",
)

_log = logging.getLogger(__name__)


class Executor(Protocol):
    """Diagnoses factories somewhere."""

    @property
    def name(self) -> str:
        """What it is, for people and programs."""

    def run(self, factories: Sequence[FleetFactory]) -> Generator[Finished, None, None]:
        """Each factory once, as they are finished. Closing the iterator stops the work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalProcesses:
    """Processes on this computer.

    Parameters
    ----------
    workers
        How many; one for each processor when `None`.
    memory
        Bytes a worker may take for data (Linux; elsewhere no limit is set). Four fifths of the computer's memory are shared among
        the workers when `None`.
    """

    workers: int | None = None
    memory: int | None = None

    def __post_init__(self) -> None:
        if self.workers is not None and self.workers < 1:
            raise WrongArguments(
                ko=f"작업 프로세스 {self.workers}개: 1개 이상이어야 합니다.",
                en=f"{self.workers} workers: expected 1 or more",
            )
        if self.memory is not None and self.memory < _LEAST_MEMORY:
            raise WrongArguments(
                ko=f"작업 프로세스의 메모리 {self.memory}바이트: 1 GB 이상이어야 합니다.",
                en=f"{self.memory} bytes of memory for a worker: expected 1 GB or more",
            )

    @property
    def name(self) -> str:
        return f"local:{self.count}"

    @property
    def count(self) -> int:
        """How many workers there are."""
        return self.workers or os.cpu_count() or 1

    def run(self, factories: Sequence[FleetFactory]) -> Generator[Finished, None, None]:
        waiting, attempts = deque(factories), Counter[str]()
        while waiting:
            yield from self._until_a_worker_dies(waiting, attempts)

    def _until_a_worker_dies(
        self, waiting: deque[FleetFactory], attempts: Counter[str]
    ) -> Generator[Finished, None, None]:
        """Work until all is done or the pool breaks; then those that were at work wait again, at the end."""
        with _pool(min(self.count, len(waiting)), self.memory or _share_of_memory(self.count)) as pool:
            running: dict[Future[tuple[Outcome, dict[str, Any] | None]], FleetFactory] = {}
            while waiting or running:
                # No more than there are workers, so that the few that were at work are known when one dies; a factory that was
                # twice at work when that happened works alone, so that no other is blamed for it.
                while waiting and len(running) < (
                    1 if _suspect(waiting[0], running.values(), attempts) else self.count
                ):
                    factory = waiting.popleft()
                    attempts[factory.name] += 1
                    running[pool.submit(diagnose_one, factory)] = factory
                broken = False
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    factory = running.pop(future)
                    error = future.exception()
                    if isinstance(error, BrokenProcessPool):
                        broken = True
                        alone = not running and attempts[factory.name] >= MOST_ATTEMPTS
                        if alone:
                            yield factory, failed(factory, _DIED, attempts=attempts[factory.name]), None
                        else:
                            waiting.append(factory)
                    else:
                        yield _finished(factory, future.result() if error is None else error, attempts[factory.name])
                if broken:
                    waiting.extend(running.values())
                    _log.warning("a worker died; %d factories are left", len(waiting))
                    return


def _suspect(following: FleetFactory, running: Any, attempts: Counter[str]) -> bool:
    return any(attempts[factory.name] >= MOST_ATTEMPTS - 1 for factory in (following, *running))


def _finished(
    factory: FleetFactory, found: tuple[Outcome, dict[str, Any] | None] | BaseException, attempts: int
) -> Finished:
    if isinstance(found, BaseException):
        return factory, failed(factory, unexpected(found), attempts=attempts), None
    outcome, document = found
    return factory, replace(outcome, attempts=attempts), document


@contextlib.contextmanager
def _pool(workers: int, memory: int) -> Iterator[ProcessPoolExecutor]:
    """Processes that end when this one does, whatever ends it."""
    context = multiprocessing.get_context("spawn")  # what Polars' threads hold is not safe to fork
    former = {name: os.environ.get(name) for name in ONE_THREAD}
    os.environ.update(dict.fromkeys(ONE_THREAD, "1"))
    others = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_begin_worker, initargs=(memory,))
    try:
        yield pool
    except BaseException:  # stopped in the middle: what is half done is of no use
        for process in set(multiprocessing.active_children()) - others:
            process.terminate()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        for name, value in former.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _begin_worker(memory: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_follow_parent, daemon=True).start()
    try:
        import resource  # noqa: PLC0415 - not on Windows
    except ImportError:
        return
    # What the libraries set aside when they are loaded (1.3 GB, hardly any of it ever used) does not count.
    with contextlib.suppress(OSError):
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[5])
        limit = pages * os.sysconf("SC_PAGE_SIZE") + memory
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


def _follow_parent() -> None:
    """A pool's worker waits for work for ever where its parent was killed; this ends it."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _share_of_memory(workers: int) -> int:
    try:
        whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        whole = 8 << 30
    return max(_LEAST_MEMORY, int(whole * 0.8 / workers))


@dataclass(frozen=True, slots=True, kw_only=True)
class DaskCluster:
    """Workers of a Dask distributed cluster (extra `fleet`). They must see the folders, or the object store
    with keys of their own.

    Parameters
    ----------
    address
        Of the scheduler, for example `tcp://10.0.0.5:8786`.
    """

    address: str

    @property
    def name(self) -> str:
        return f"dask:{self.address}"

    def run(self, factories: Sequence[FleetFactory]) -> Generator[Finished, None, None]:
        if not factories:
            return
        import distributed  # noqa: PLC0415 - comes with the extra `fleet`

        with _client(distributed, self.address) as client:
            blamed: list[FleetFactory] = []
            for factory, found in self._finished(distributed, client, factories):
                if isinstance(found, distributed.KilledWorker):
                    blamed.append(factory)
                else:
                    yield _finished(factory, found, 1)
            # Dask blames every factory that was on a worker when it died. One at a time shows which one it was.
            for factory in blamed:
                for _, found in self._finished(distributed, client, [factory]):
                    if isinstance(found, distributed.KilledWorker):
                        yield factory, failed(factory, _DIED, attempts=MOST_ATTEMPTS), None
                    else:
                        yield _finished(factory, found, 2)

    def _finished(
        self, distributed: Any, client: Any, factories: Sequence[FleetFactory]
    ) -> Iterator[tuple[FleetFactory, Any]]:
        run = uuid.uuid4().hex  # a key names a result; that of an earlier run must not be taken for this one's
        futures = {
            client.submit(diagnose_one, factory, key=f"jasang-{run}-{place}", pure=False, priority=-place): factory
            for place, factory in enumerate(factories)
        }
        for future in distributed.as_completed(futures, loop=client.loop):
            if future.status in ("cancelled", "lost"):
                raise _lost(self.address)
            factory = futures.pop(future)
            try:
                found = future.result() if future.status == "finished" else future.exception()
            except (OSError, RuntimeError) as error:
                raise _lost(self.address) from error
            future.release()
            yield factory, found


@contextlib.contextmanager
def _client(distributed: Any, address: str) -> Iterator[Any]:
    try:
        client = distributed.Client(address, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ConnectionFailed(
            ko=f"Dask 스케줄러 {address} 에 연결할 수 없습니다: {error}",
            en=f"the Dask scheduler {address} cannot be reached: {error}",
        ) from error
    try:
        try:
            client.wait_for_workers(1, timeout=PATIENCE)
        except TimeoutError as error:
            raise ConnectionFailed(
                ko=f"Dask 스케줄러 {address} 에 작업자가 없습니다. dask worker {address} --nthreads 1 로 시작하세요.",
                en=f"the Dask scheduler {address} has no worker; start one with dask worker {address} --nthreads 1",
            ) from error
        _check_versions(client)
        yield client
    finally:
        # What is not done is of no use once nobody waits for it; a lost scheduler is not waited for.
        client.close(timeout=2)


def _check_versions(client: Any) -> None:
    """Refuse workers of another release: results would not be the same on each."""
    others = {worker: found for worker, found in client.run(worker_version).items() if found != __version__}
    if others:
        worker, found = next(iter(others.items()))
        raise ConfigurationError(
            ko=f"작업자 {worker} 의 Jasang은 {found} 입니다. 모두 {__version__} 이어야 합니다.",
            en=f"worker {worker} runs Jasang {found}; expected {__version__} on all of them",
        )


def worker_version() -> str:
    """The release of Jasang where this runs."""
    return __version__


def _lost(address: str) -> ConnectionFailed:
    return ConnectionFailed(
        ko=f"Dask 스케줄러 {address} 와(과) 연결이 끊겼습니다. 다시 시작한 뒤 --resume 으로 나머지를 하세요.",
        en=f"the Dask scheduler {address} is gone; start it again and do the rest with --resume",
    )
