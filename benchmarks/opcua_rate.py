"""1,000 monitored items at 10 Hz from npm's node-opcua, collected into a store on one core: no change may be lost.

    python -m benchmarks.opcua_rate [--items 1000] [--hertz 10] [--seconds 30] [--security Basic256Sha256]

The server is a process of its own (pinned to another core where there is one). Every signal counts 1, 2, 3 …: what is missing,
doubled or out of order in the store is told, with the share of one core that this process used.
"""

import argparse
import asyncio
import contextlib
import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.connect.opcua.foreign import URI, ForeignMachine

from jasang.connect.collector import Collector
from jasang.connect.contract import Link, WantedSignal
from jasang.connect.protocols.opcua import OpcUaOptions
from jasang.connect.protocols.opcua.security import trust
from jasang.connect.protocols.opcua.session import server_certificates
from jasang.store import open_store


def pin(pid: int, core: int) -> None:
    """Keep a process on one core, where the system lets us."""
    with contextlib.suppress(AttributeError, OSError):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(pid, {cores[core % len(cores)]})


async def measured(machine: ForeignMachine, arguments: argparse.Namespace, folder: Path) -> dict[str, Any]:
    names = [f"n{place}" for place in range(arguments.items)]
    signals = tuple(WantedSignal(name=f"P.{one}", asset="P", address=f"nsu={URI};s=Press.{one}") for one in names)
    options = OpcUaOptions(publishing_interval=0.5, sampling_interval=0.01, security_policy=arguments.security)
    link = Link(
        name="press", protocol="opcua", url=machine.url, asset="P", signals=signals, options=options, timeout=30.0
    )
    if arguments.security != "None":
        trust(await server_certificates(link))
    store = open_store(folder / "store")
    kept: dict[str, list[float]] = {one.name: [] for one in signals}

    class Counting:
        """The store, with what went into it counted."""

        def __getattr__(self, name: str) -> Any:
            return getattr(store, name)

        def append(self, readings: Any) -> int:
            done = store.append(readings)
            for one in readings:
                kept[one.signal].append(one.value)
            return done

    collector = Collector([link], Counting(), report=lambda _: None)
    stop = asyncio.Event()
    task = asyncio.create_task(collector.run(stop))
    while collector.status().stored < arguments.items:
        await asyncio.sleep(0.1)
    machine.tell("rounds")
    cpu, wall = time.process_time(), time.monotonic()
    server = await asyncio.to_thread(machine.hear, "cpu", arguments.seconds * 4 + 60)
    told = time.monotonic() - wall
    await asyncio.sleep(2.0)
    used, took = time.process_time() - cpu, time.monotonic() - wall
    stop.set()
    await task
    store.close()
    rounds = round(arguments.seconds * arguments.hertz)
    wanted = [float(number) for number in range(rounds + 1)]
    wrong = {name: values for name, values in kept.items() if values != wanted}
    status = collector.status()
    return {
        "items": arguments.items,
        "hertz_reached": round(rounds / told, 2),
        "changes": arguments.items * rounds,
        "kept": sum(len(values) for values in kept.values()) - arguments.items,
        "signals_with_loss_or_doubles": len(wrong),
        "overflows": status.connections[0].overflows,
        "cpu_share": round(used / took, 3),
        "cpu_us_a_change": round(1e6 * used / (arguments.items * rounds), 1),
        "server_cpu_s": round((server["user"] + server["system"]) / 1e6, 1),
        "security": arguments.security,
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--items", type=int, default=1000)
    parser.add_argument("--hertz", type=float, default=10.0)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--security", default="None")
    arguments = parser.parse_args()
    rounds = round(arguments.seconds * arguments.hertz)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["JASANG_HOME"] = f"{folder}/home"
        machine = ForeignMachine(
            Path(folder) / "pki", many=arguments.items, every=1000.0 / arguments.hertz, rounds=rounds
        )
        try:
            pin(machine.pid, 1)
            pin(0, 0)
            print(json.dumps(asyncio.run(measured(machine, arguments, Path(folder))), indent=1))
        finally:
            machine.close()


if __name__ == "__main__":
    main()
