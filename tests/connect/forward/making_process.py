"""A collector that can be killed: makes readings of which anybody knows what they must be, and forwards them.

Reading `place` of `SIGNALS` signals has its source time at `START` + place ms and the value `value_of(signal, place)`. After a
restart it goes on behind the last reading that its spool has, as a machine with a memory does.

    python making_process.py URL SPOOL READINGS_PER_SIGNAL BATCH PAUSE [LIMIT [drop_oldest|stop]]
"""

import asyncio
import logging
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from jasang.connect.ending import end
from jasang.connect.forward.sender import Sender
from jasang.connect.forward.sink import ClockNotes, ForwardSink
from jasang.connect.forward.spool import Spool, WhenFull
from jasang.connect.forward.target import Target
from jasang.errors import StoreError
from jasang.plant.reading import Reading, Signal

START = datetime(2026, 3, 1, tzinfo=UTC)
SIGNALS = 5
TOKEN = "forwarding-token"
_PRIME = 1_000_003


def value_of(signal: int, place: int) -> float | int | str | bool:
    """What the reading must be."""
    mixed = (place * 7919 + signal * 104729) % _PRIME
    match signal % 5:
        case 0 | 1:
            return mixed / 1000
        case 2:
            return mixed
        case 3:
            return mixed % 2 == 0
        case _:
            return f"상태 {mixed}"


def readings(first: int, count: int) -> list[Reading]:
    """All signals at the moments `first` to `first + count - 1`."""
    return [
        Reading(
            signal=f"M{signal}.v",
            source_time=START + timedelta(milliseconds=place),
            receive_time=START + timedelta(milliseconds=place + 1),
            value=value_of(signal, place),
        )
        for place in range(first, first + count)
        for signal in range(SIGNALS)
    ]


async def main(url: str, folder: str, total: int, batch: int, pause: float, limit: int, full: WhenFull) -> None:
    """Make `total` moments, then wait until all has been received."""
    spool = Spool(Path(folder), limit=limit, when_full=full, name="maker")
    sink = ForwardSink(spool)
    sender = Sender(spool, Target(url=url, token=TOKEN), clock_read=ClockNotes(spool, "maker"))
    sending = asyncio.create_task(sender.run())
    last = spool.last([f"M{SIGNALS - 1}.v"])
    place = 0 if not last else (last[f"M{SIGNALS - 1}.v"].source_time - START) // timedelta(milliseconds=1) + 1
    await asyncio.to_thread(sink.describe, [Signal(name=f"M{n}.v", asset=f"M{n}", unit="bar") for n in range(SIGNALS)])
    while place < total:
        try:
            await asyncio.to_thread(sink.append, readings(place, min(batch, total - place)))
        except StoreError as error:
            logging.warning("%s", error.en)
            await asyncio.sleep(0.2)
            continue
        place += batch
        await asyncio.sleep(pause)
    while spool.state().waiting and not sending.done():
        await asyncio.sleep(0.05)
    await end([sending])
    spool.close()
    sys.stdout.write("done\n")


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(relativeCreated)d %(message)s")
    address, where, moments, size, rest, *more = sys.argv[1:]
    most = int(more[0]) if more else 10**9
    policy: WhenFull = "stop" if more[1:] == ["stop"] else "drop_oldest"
    asyncio.run(main(address, where, int(moments), int(size), float(rest), most, policy))
