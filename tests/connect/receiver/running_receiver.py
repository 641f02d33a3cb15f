"""A receiver that runs in a thread of the test, over a real store or one of memory."""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence

from jasang.connect.receiver import Factory, ReceiverLimits
from jasang.connect.receiver.server import Receiver


@contextlib.contextmanager
def running(
    factories: Sequence[Factory],
    *,
    limits: ReceiverLimits | None = None,
    new_loop: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop,
) -> Iterator[str]:
    """The receiver's address while it runs."""
    loop = new_loop()
    receiver = Receiver(factories, port=0, limits=limits)
    loop.run_until_complete(receiver.start())
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{receiver.port}"
    finally:
        asyncio.run_coroutine_threadsafe(receiver.close(), loop).result(90)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
