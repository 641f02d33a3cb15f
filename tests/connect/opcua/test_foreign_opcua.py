"""A machine that others wrote (npm's node-opcua): security, names, history, events, and writing back."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.connect.opcua.foreign import URI, ForeignMachine
from tests.connect.protocol_inbox import Kept, collecting

from jasang.connect.contract import Link, WantedSignal
from jasang.connect.protocols.opcua import OpcUa, OpcUaOptions
from jasang.connect.protocols.opcua.security import trust
from jasang.connect.protocols.opcua.session import server_certificates
from jasang.connect.repeats import Repeats
from jasang.errors import ConnectionFailed
from jasang.mentor.write_back import Watch, approve, propose
from jasang.mentor.write_run import run_writes

PASSWORD = "s3cret"


@pytest.fixture(scope="module")
def press(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ForeignMachine]:
    server = ForeignMachine(tmp_path_factory.mktemp("pki"))
    yield server
    server.close()


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JASANG_HOME", str(tmp_path / "home"))


def link(press: ForeignMachine, *names: str, **options: Any) -> Link:
    signals = tuple(WantedSignal(name=f"P.{one}", asset="P", address=f"nsu={URI};s=Press.{one}") for one in names)
    found = OpcUaOptions(publishing_interval=0.05, sampling_interval=0.01, **options)
    return Link(name="press", protocol="opcua", url=press.url, asset="P", signals=signals, options=found)


@pytest.mark.parametrize("policy", ["Basic256Sha256", "Aes128Sha256RsaOaep", "Aes256Sha256RsaPss"])
def test_browse_over_each_policy_shows_types_by_name(press: ForeignMachine, policy: str) -> None:
    wanted = link(press, security_policy=policy)

    async def run() -> dict[str, tuple[str, bool]]:
        with pytest.raises(ConnectionFailed, match="certificate not trusted"):
            await OpcUa().browse(wanted)
        trust(await server_certificates(wanted))
        found = await OpcUa().browse(wanted, f"nsu={URI};s=Press")
        assert {one.path: one.within for one in found if one.within} == {"Unit1.Stroke": "InjectionUnitType"}
        return {one.path: (one.data_type, one.writable) for one in found}

    found = asyncio.run(run())

    assert {name: found[name] for name in ("mode", "setpoint", "whole")} == {
        "mode": ("ModeType", True), "setpoint": ("Float", True), "whole": ("UInt16", True),
    }  # fmt: skip


def test_enumerations_come_by_name_and_arrays_by_element_or_as_text(press: ForeignMachine) -> None:
    async def run(**options: Any) -> Kept:
        wanted = link(press, "mode", "zones", **options)
        return await collecting(OpcUa(), wanted, lambda kept: len({one.signal for one in kept.readings}) == size)

    size = 3
    named = asyncio.run(run())
    size = 2
    plain = asyncio.run(run(enumerations="numbers", arrays="text"))

    assert {one.signal: one.value for one in named.readings} == {
        "P.mode": "Auto",
        "P.zones[0]": 210.5,
        "P.zones[1]": 222.0,
    }
    assert {one.signal: one.value for one in plain.readings} == {"P.mode": 1, "P.zones": "[210.5, 222.0]"}


def test_history_fills_what_was_missed_without_doubles(press: ForeignMachine) -> None:
    async def run() -> tuple[Kept, Kept]:
        wanted = link(press, "past")
        press.tell("past", value=1)
        before = await collecting(OpcUa(), wanted, lambda kept: kept.values("P.past") == [1.0])
        for value in range(2, 52):  # nobody listens
            press.tell("past", value=value)
            await asyncio.sleep(0.002)
        after = await collecting(OpcUa(), wanted, lambda kept: len(kept.readings) >= 50, before=before.readings)
        return before, after

    _, after = asyncio.run(run())

    # What the subscription says again of the newest is dropped on its way to the store.
    fresh = Repeats().without(after.readings)
    assert [one.value for one in fresh] == [float(value) for value in range(2, 52)]
    times = [one.source_time for one in fresh]
    assert times == sorted(times)


def test_events_are_readings_with_severity(press: ForeignMachine) -> None:
    async def run() -> Kept:
        wanted = link(press, "mode", events=True, event_severity=200)
        task = asyncio.ensure_future(collecting(OpcUa(), wanted, lambda kept: len(kept.values("P.events")) >= 4))
        while not task.done():  # the machine keeps no event for who listens later
            for severity, message in ((100, "조용한 일"), (300, "금형 과열"), (900, "비상 정지")):
                await asyncio.to_thread(press.tell, "event", message=message, severity=severity)
            await asyncio.sleep(0.05)
        return await task

    told = [json.loads(str(value)) for value in asyncio.run(run()).values("P.events")]

    assert {(one["severity"], one["message"], one["source"], one["type"]) for one in told} == {
        (300, "금형 과열", "Press", "SystemEventType"), (900, "비상 정지", "Press", "SystemEventType"),
    }  # fmt: skip


def test_a_wrong_password_is_refused_for_good_and_the_right_one_let_in(tmp_path: Path) -> None:
    press = ForeignMachine(tmp_path / "pki", user="operator", password=PASSWORD)

    async def browsed(password: str) -> int:
        plain = link(press)
        asked = Link(
            name="press", protocol="opcua", url=press.url, username="operator", password=password, options=plain.options
        )
        return len(await OpcUa().browse(asked, f"nsu={URI};s=Press"))

    try:
        with pytest.raises(ConnectionFailed, match="refuses user operator") as no:
            asyncio.run(browsed("wrong"))
        assert no.value.permanent is True
        assert asyncio.run(browsed(PASSWORD)) == 7
    finally:
        press.close()


def test_a_machine_that_does_not_trust_us_says_so_with_our_thumbprint(tmp_path: Path) -> None:
    press = ForeignMachine(tmp_path / "pki", accept=False)

    async def run() -> None:
        wanted = link(press, security_policy="Basic256Sha256")
        trust(await server_certificates(wanted))
        await OpcUa().browse(wanted)

    try:
        with pytest.raises(
            ConnectionFailed, match=r"does not accept Jasang's certificate yet .*thumbprint \(SHA-1\) [0-9A-F]{40}"
        ):
            asyncio.run(run())
    finally:
        press.close()


def test_a_setting_is_written_watched_and_rolled_back(press: ForeignMachine, tmp_path: Path) -> None:
    path = tmp_path / "collect.toml"
    path.write_text(
        f"""
[[connections]]
name = "press"
protocol = "opcua"
url = "{press.url}"

[[write]]
name = "setpoint"
connection = "press"
node = "nsu={URI};s=Press.setpoint"
low = 40
high = 60
largest_step = 5.1
per_hour = 5
""",
        "utf-8",
    )
    ends = []
    for to in (45.1, 49.3):
        watch = Watch(
            signal=f"nsu={URI};s=Press.result", better="lower", seconds=1.0, baseline=0.1, every=0.05, worse_by=1.0
        )
        one = propose(path, settings={"setpoint": to}, by="김제안", watch=watch)
        approve(path, one.name, by="이승인")
        ends.append((run_writes(path)[-1].state, round(press.held()["setpoint"], 4)))

    assert ends == [("kept", 45.1), ("rolled_back", 45.1)]
