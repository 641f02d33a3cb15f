"""Write-back: nothing passes the limits, somebody else approves, and what is worse, unwatched or half done is rolled back."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.free_ports import free_port
from tests.mentor.machine_to_write import COUNT, RESULT, SETTING, WritableMachine

from jasang.errors import ConfigurationError, ConnectionFailed, WriteRefused, WrongArguments
from jasang.mentor.write_back import Proposal, Watch, approve, propose, status, stop
from jasang.mentor.write_run import run_writes

QUICK: dict[str, Any] = {"signal": RESULT, "better": "lower", "seconds": 1.0, "baseline": 0.1, "every": 0.05}


@pytest.fixture(scope="module")
def served() -> Iterator[WritableMachine]:
    server = WritableMachine()
    yield server
    server.close()


@pytest.fixture
def made(served: WritableMachine) -> WritableMachine:
    """The machine as it was delivered, whatever the test before left."""
    if not served.running:
        served.up()
    served.set(50.0)
    served.set(7, "count")
    return served


def collect_toml(
    folder: Path, port: int, *, low: float = 40.0, high: float = 60.0, step: float = 10.0, rate: int = 5
) -> Path:
    path = folder / "collect.toml"
    path.write_text(
        f"""
[[connections]]
name = "press"
protocol = "opcua"
url = "opc.tcp://127.0.0.1:{port}"
timeout = 5.0
[[connections.signals]]
name = "result"
node = "{RESULT}"

[[write]]
name = "setting"
connection = "press"
node = "{SETTING}"
low = {low}
high = {high}
largest_step = {step}
per_hour = {rate}
unit = "bar"

[[write]]
name = "count"
connection = "press"
node = "{COUNT}"
low = 0
high = 20
largest_step = 5
per_hour = 5
""",
        "utf-8",
    )
    return path


def approved(path: Path, to: float = 45.0, name: str = "setting", **watch: Any) -> Proposal:
    one = propose(path, settings={name: to}, by="김제안", watch=Watch(**(QUICK | watch)), reason="test")
    return approve(path, one.name, by="이승인")


def ran(path: Path, name: str | None = None) -> tuple[str, str]:
    """State and English reason of the last proposal that was run."""
    one = run_writes(path, name)[-1]
    return one.state, "" if one.why is None else one.why["en"]


def steps(path: Path) -> list[str]:
    lines = (path.parent / "write-back" / "audit.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line)["step"] for line in lines]


def eventually(condition: Any, seconds: float = 90.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "what the test waits for did not come"
        time.sleep(0.02)


def test_better_result_is_kept_and_every_step_is_on_record(made: WritableMachine, tmp_path: Path) -> None:
    path = collect_toml(tmp_path, made.port)
    one = approved(path)

    (kept,) = run_writes(path)

    assert (kept.name, kept.state, kept.changes[0].before, made.value()) == (one.name, "kept", 50.0, 45.0)
    assert kept.outcome is not None
    assert (kept.outcome["before"]["mean"], kept.outcome["after"]["mean"]) == (100.0, pytest.approx(95.0, abs=0.6))
    assert steps(path) == ["proposed", "approved", "writing", "written", "watching", "kept"]


def test_worse_result_is_rolled_back(made: WritableMachine, tmp_path: Path) -> None:
    path = collect_toml(tmp_path, made.port)
    approved(path, 55.0, seconds=120.0, worse_by=1.0)

    state, why = ran(path)

    assert (state, made.value()) == ("rolled_back", 50.0)
    assert why.startswith(f"{RESULT} became worse: mean 100 before, 10")


def test_value_beyond_the_watch_limit_is_rolled_back_at_once(made: WritableMachine, tmp_path: Path) -> None:
    path = collect_toml(tmp_path, made.port)
    approved(path, 45.0, seconds=120.0, low=99.0)

    state, why = ran(path)

    assert (state, made.value()) == ("rolled_back", 50.0)
    assert why.endswith("is outside 99 … inf")


@pytest.mark.parametrize("number", [39.99, 60.01, float("nan"), float("inf")])
def test_nothing_beyond_the_hard_limits_can_be_proposed(made: WritableMachine, tmp_path: Path, number: float) -> None:
    path = collect_toml(tmp_path, made.port)

    with pytest.raises(WriteRefused, match=r"outside its limits 40 … 60 bar"):
        propose(path, settings={"setting": number}, by="김제안", watch=Watch(**QUICK))

    assert status(path).proposals == ()


def test_limits_that_were_tightened_after_the_approval_hold(made: WritableMachine, tmp_path: Path) -> None:
    path = collect_toml(tmp_path, made.port)
    approved(path, 45.0)
    collect_toml(tmp_path, made.port, low=46.0)

    assert ran(path) == ("failed", "setting 'setting': 45 bar is outside its limits 46 … 60 bar")
    assert made.value() == 50.0


def test_a_step_that_is_too_large_is_not_written(made: WritableMachine, tmp_path: Path) -> None:
    path = collect_toml(tmp_path, made.port, step=4.0)
    approved(path, 45.0)

    assert ran(path) == ("failed", "setting 'setting': 50 → 45 is more than the largest step 4")
    assert (made.value(), steps(path)[-1]) == (50.0, "failed")


def test_no_more_writes_in_an_hour_than_allowed(made: WritableMachine, tmp_path: Path) -> None:
    path = collect_toml(tmp_path, made.port, rate=1)
    approved(path, 49.0)
    assert ran(path)[0] == "kept"
    approved(path, 48.0)

    assert ran(path) == ("failed", "setting 'setting': may be written 1 times an hour and was written 1 times")
    assert made.value() == 49.0


def test_the_proposer_cannot_approve(made: WritableMachine, tmp_path: Path) -> None:
    path = collect_toml(tmp_path, made.port)
    one = propose(path, settings={"setting": 45.0}, by="Kim Minsu", watch=Watch(**QUICK))

    for same in ("Kim Minsu", "kim  minsu ", "KimMinsu", "ＫＩＭ Minsu"):
        with pytest.raises(WriteRefused, match="proposed it and cannot approve it"):
            approve(path, one.name, by=same)
    with pytest.raises(WrongArguments):
        approve(path, one.name, by=" ")
    with pytest.raises(WriteRefused, match=r"cannot be run: it is proposed"):
        run_writes(path, one.name)

    assert (run_writes(path), made.value()) == ((), 50.0)


def test_without_the_section_nothing_is_written(made: WritableMachine, tmp_path: Path) -> None:
    path = collect_toml(tmp_path, made.port)
    path.write_text(path.read_text("utf-8").partition("[[write]]")[0], "utf-8")

    with pytest.raises(WriteRefused, match=r"has no \[\[write\]\] section"):
        propose(path, settings={"setting": 45.0}, by="김제안", watch=Watch(**QUICK))


def test_a_machine_that_takes_whole_numbers_gets_no_fraction(made: WritableMachine, tmp_path: Path) -> None:
    path = collect_toml(tmp_path, made.port)
    approved(path, 7.5, "count")
    assert ran(path)[1] == "setting 'count': the machine takes whole numbers only, found 7.5"
    approved(path, 9.0, "count")

    assert (ran(path)[0], made.value("count")) == ("kept", 9)


def test_connection_lost_during_the_watch_is_rolled_back_at_reconnect(made: WritableMachine, tmp_path: Path) -> None:
    path = collect_toml(tmp_path, made.port)
    approved(path, 45.0, seconds=240.0, lost_after=6.0)  # longer than the server takes to go
    proposals: list[Proposal] = []
    running = threading.Thread(target=lambda: proposals.extend(_run_in_thread(path)))
    running.start()
    eventually(lambda: "watching" in steps(path) and made.held["setting"] == 45.0)

    made.down()
    eventually(lambda: steps(path)[-1] == "rolling_back")
    assert made.held["setting"] == 45.0  # what the machine held as the server went
    made.up()
    running.join(120)

    assert (proposals[0].state, made.value()) == ("rolled_back", 50.0)
    assert proposals[0].why is not None
    assert "did not come for" in proposals[0].why["en"]


def _run_in_thread(path: Path) -> tuple[Proposal, ...]:
    """`run_writes` takes signals, which only a main thread can: here a process does it."""
    subprocess.run(
        [sys.executable, "-m", "jasang.cli.main", "write", "run", str(path)], capture_output=True, check=False
    )
    return status(path).proposals


@pytest.mark.skipif(os.name != "posix", reason="signals between processes are POSIX")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_run_that_is_ended_is_rolled_back(made: WritableMachine, tmp_path: Path, how: signal.Signals) -> None:
    path = collect_toml(tmp_path, made.port)
    approved(path, 45.0, seconds=240.0)
    command = [sys.executable, "-m", "jasang.cli.main", "write", "run", str(path), "--lang", "en"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    eventually(lambda: "watching" in steps(path))
    with pytest.raises(WriteRefused, match="another jasang write run is under way"):
        run_writes(path)

    process.send_signal(how)
    process.wait(120)
    if how == signal.SIGKILL:
        assert made.value() == 45.0  # nobody is there to do it
        assert ran(path) == ("rolled_back", "the run ended in between: the watch was lost")

    assert (status(path).proposals[0].state, made.value()) == ("rolled_back", 50.0)


@pytest.mark.parametrize(
    ("held", "state", "after"), [(50.0, "rolled_back", 50.0), (45.0, "rolled_back", 50.0), (47.0, "taken_over", 47.0)]
)
def test_killed_between_note_and_write_is_recovered_by_reading_back(
    made: WritableMachine, tmp_path: Path, held: float, state: str, after: float
) -> None:
    path = collect_toml(tmp_path, made.port)
    one = approved(path, 45.0)
    from jasang.mentor.write_back import trail_of

    told = {"setting": "setting", "node": SETTING, "to": 45.0, "connection": "press", "before": 50.0}
    trail_of(path).add("writing", one.name, "jasang", **told)
    made.set(held)

    assert ran(path)[0] == state
    assert made.value() == after


def test_a_value_set_by_hand_during_the_watch_is_left_alone(made: WritableMachine, tmp_path: Path) -> None:
    path = collect_toml(tmp_path, made.port)
    approved(path, 45.0, seconds=120.0)

    def by_hand() -> None:
        eventually(lambda: "watching" in steps(path))
        made.set(52.0)

    person = threading.Thread(target=by_hand)
    person.start()
    state, _ = ran(path)
    person.join()

    assert (state, made.value()) == ("taken_over", 52.0)


def test_stop_withdraws_or_rolls_back(made: WritableMachine, tmp_path: Path) -> None:
    path = collect_toml(tmp_path, made.port)
    first = approved(path, 45.0)
    assert stop(path, first.name, by="박반장").state == "stopped"
    second = approved(path, 46.0, seconds=120.0)

    def ask() -> None:
        eventually(lambda: "watching" in steps(path))
        stop(path, second.name, by="박반장")

    person = threading.Thread(target=ask)
    person.start()
    state, why = ran(path)
    person.join()

    assert (state, why, made.value()) == ("rolled_back", "박반장 asked to stop", 50.0)


def test_an_altered_audit_trail_stops_everything(made: WritableMachine, tmp_path: Path) -> None:
    path = collect_toml(tmp_path, made.port)
    approved(path, 45.0)
    file = status(path).file
    whole = file.read_text("utf-8")
    file.write_text(whole.replace('"to": 45.0', '"to": 59.0'), "utf-8")

    with pytest.raises(WriteRefused, match=r"line 1 was changed"):
        run_writes(path)

    file.write_text(whole.partition("\n")[2], "utf-8")
    with pytest.raises(WriteRefused, match=r"line 1 was changed, or one before it is missing"):
        status(path)
    assert made.value() == 50.0


def test_a_line_that_a_crash_cut_short_is_named_by_the_next_entry(made: WritableMachine, tmp_path: Path) -> None:
    path = collect_toml(tmp_path, made.port)
    one = propose(path, settings={"setting": 45.0}, by="김제안", watch=Watch(**QUICK))
    file = status(path).file
    with file.open("ab") as opened:
        opened.write(b'{"format": "jasang.au')

    approve(path, one.name, by="이승인")

    assert (status(path).proposals[0].state, status(path).entries) == ("approved", 3)
    assert b'{"format": "jasang.au\n' in file.read_bytes()


def test_an_unreachable_machine_leaves_the_approval_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jasang.mentor.write_run.REACH", 0.3)
    path = collect_toml(tmp_path, free_port())
    approved(path, 45.0)

    with pytest.raises(ConnectionFailed, match="cannot reach"):
        run_writes(path)

    assert status(path).proposals[0].state == "approved"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("high = 60.0", r"write\[0\]\.high: 30 must be above low 40"),
        ('connection = "press"', r"write\[0\]\.connection: there is no connection 'pres'; expected one of press"),
        ("largest_step = 10.0", r"write\[0\]\.largest_step: found 0"),
    ],
)
def test_a_wrong_section_is_named_with_its_field(tmp_path: Path, wrong: str, said: str) -> None:
    path = collect_toml(tmp_path, 4840)
    other = {
        "high = 60.0": "high = 30",
        'connection = "press"': 'connection = "pres"',
        "largest_step = 10.0": "largest_step = 0",
    }
    path.write_text(path.read_text("utf-8").replace(wrong, other[wrong], 1), "utf-8")

    with pytest.raises(ConfigurationError, match=said):
        status(path)
