"""Write-back on the virtual cell: a shorter cooling time is kept, a longer one makes the cycle worse and is rolled back."""

import asyncio
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.free_ports import free_port

from jasang.cli.main import main
from jasang.simulate.cell import Cell
from jasang.simulate.opcua import NAMESPACE, CellServer

START = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


@pytest.fixture
def cell() -> Iterator[CellServer]:
    virtual = Cell(seed=3, start=START, faults={}, hours="around_the_clock", warm=True, operators=False)
    virtual.step(120.0)
    server = CellServer(virtual, host="127.0.0.1", port=free_port(), speed=60.0)
    ready, stop, loop = threading.Event(), asyncio.Event(), asyncio.new_event_loop()

    async def serve() -> None:
        async with server.serving():
            living = asyncio.create_task(server.live())
            ready.set()
            await stop.wait()
            living.cancel()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    assert ready.wait(60)
    yield server
    loop.call_soon_threadsafe(stop.set)
    thread.join()
    loop.close()


def test_a_recommendation_is_written_watched_and_judged_on_the_virtual_cell(
    cell: CellServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    node = f"nsu={NAMESPACE};s=INJ-01"
    file, recommendation = tmp_path / "collect.toml", tmp_path / "recommendation.json"
    file.write_text(
        f"""
[[connections]]
name = "INJ-01"
protocol = "opcua"
url = "{cell.url}"

[[write]]
name = "cooling_time"
connection = "INJ-01"
node = "{node}.Cooling.SetpointTime"
low = 9.0
high = 16.0
largest_step = 5.0
per_hour = 4
unit = "s"
""",
        "utf-8",
    )
    now = cell.cell.settings["cooling_time"]
    ends = []
    for to in (now - 2.0, now + 3.0):
        one = {
            "product": "CAP-38",
            "machine": None,
            "status": "recommend",
            "now": {"cooling_time": now, "hold_time": 5.0},
        }
        one["recommended"] = {"cooling_time": to, "hold_time": 5.0}
        recommendation.write_text(json.dumps({"format": "jasang.recommendation/1", "recommendations": [one]}), "utf-8")
        words = ["--watch", f"{node}.LastShot.CycleTime", "--better", "lower", "--worse-by", "0.5", "--baseline", "1"]
        times = ["--settle", "1.5", "--for", "4", "--every", "0.1", "--by", "김현장", "--json"]
        assert main(["write", "propose", str(file), "--from", str(recommendation), *words, *times]) == 0
        name = json.loads(capsys.readouterr().out)["proposals"][0]["name"]
        assert main(["write", "approve", str(file), name, "--by", "김 현장", "--lang", "en"]) == 1  # the same person
        assert main(["write", "approve", str(file), name, "--by", "이반장"]) == 0
        capsys.readouterr()
        status = main(["write", "run", str(file), name, "--json"])
        state = json.loads(capsys.readouterr().out)["proposals"][0]["state"]
        ends.append((status, state, cell.cell.settings["cooling_time"]))

    assert ends == [(0, "kept", now - 2.0), (1, "rolled_back", now - 2.0)]
    assert main(["write", "status", str(file), "--json"]) == 0
    audit = json.loads(capsys.readouterr().out)["audit"]
    assert (audit["intact"], audit["entries"]) == (True, 13)
