"""Many factories on this computer: the same outcome whatever the number of workers, who dies, and where a run was killed."""

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from tests.mentor.fleet.conftest import NAMES, write_factory

from jasang.errors import ConfigurationError, UnreadableInput, WrongArguments
from jasang.mentor.diagnose import diagnose
from jasang.mentor.fleet import LocalProcesses, diagnose_fleet, find_factories, findings_in
from jasang.mentor.fleet_factory import diagnose_one
from jasang.mentor.fleet_journal import Journal


@pytest.fixture(scope="session")
def expected(fleet: Path) -> list[dict]:
    """The outcomes of this very process, one factory after the other."""
    return [diagnose_one(factory)[0].to_json() for factory in find_factories(fleet)]


def test_every_folder_of_a_fleet_is_a_factory_and_loose_files_are_none(fleet: Path) -> None:
    assert tuple(factory.name for factory in find_factories(fleet)) == NAMES


def test_a_factory_that_cannot_be_read_tells_why_and_stops_nobody(fleet: Path, expected) -> None:
    broken = expected[NAMES.index("broken")]

    assert broken["error"]["en"].startswith("'press.csv' is binary data")
    assert broken["error"]["ko"]
    assert broken["digest"] is None


def test_two_workers_and_a_killed_one_find_to_the_last_digit_what_one_process_finds(
    fleet: Path, expected, tmp_path: Path
) -> None:
    killed = []

    def kill_one(stage, share) -> None:
        if not killed:
            victim = multiprocessing.active_children()[0]
            killed.append(victim.pid)
            os.kill(victim.pid, signal.SIGKILL)

    journal = tmp_path / "run.jsonl"
    result = diagnose_fleet(fleet, journal=journal, executor=LocalProcesses(workers=2), progress=kill_one)

    assert len(killed) == 1
    assert result.to_json()["factories"] == expected
    assert [outcome.status for outcome in result.outcomes] == ["done", "failed", "done", "done", "done"]
    assert result.outcomes[0].findings[0] == 0
    assert result.outcomes[2].findings[0] >= 1
    assert result.to_json()["run"]["begun_again"] >= 1
    documents = dict(findings_in(journal))
    assert documents["broken"] is None
    assert documents["changwon"] == json.loads(json.dumps(diagnose(fleet / "changwon").to_json()))


def test_a_factory_that_kills_its_worker_each_time_has_failed(tmp_path: Path) -> None:
    write_factory(tmp_path / "fleet" / "heavy", 1)
    killed: set[int] = set()
    done = threading.Event()

    def kill_all() -> None:
        while not done.wait(0.02):
            for child in multiprocessing.active_children():
                if child.pid not in killed:
                    killed.add(child.pid)
                    os.kill(child.pid, signal.SIGKILL)

    thread = threading.Thread(target=kill_all)
    thread.start()
    try:
        result = diagnose_fleet(tmp_path / "fleet", journal=tmp_path / "run.jsonl", executor=LocalProcesses(workers=1))
    finally:
        done.set()
        thread.join()

    (outcome,) = result.outcomes
    assert (outcome.status, outcome.attempts, len(killed)) == ("failed", 3, 3)
    assert outcome.error is not None
    assert outcome.error.en.startswith("the worker died 3 times on this factory")


def test_a_run_killed_in_the_middle_is_taken_up_where_it_was(fleet: Path, expected, tmp_path: Path) -> None:
    journal = tmp_path / "run.jsonl"
    command = [sys.executable, "-m", "jasang.cli.main", "fleet", "diagnose", str(fleet), "--workers", "1"]
    command += ["--journal", str(journal), "--json", "--lang", "en"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    while not journal.exists() or journal.read_bytes().count(b"\n") < 3:
        assert process.poll() is None
        time.sleep(0.02)
    process.kill()
    process.wait()
    whole = journal.read_bytes().count(b"\n") - 1
    with journal.open("ab") as file:
        file.write(b'{"name": "cut sho')  # as a power cut leaves it

    done = subprocess.run([*command, "--resume"], capture_output=True, check=True, text=True)

    answer = json.loads(done.stdout)
    assert answer["run"]["taken_up"] == whole
    assert 2 <= whole < len(NAMES)
    assert answer["factories"] == expected
    assert sorted(name for name, _document in findings_in(journal)) == sorted(NAMES)


def test_a_factory_that_changed_is_done_again(tmp_path: Path) -> None:
    journal = tmp_path / "run.jsonl"
    for seed, name in enumerate(("one", "two")):
        write_factory(tmp_path / "fleet" / name, seed)
    one_worker = LocalProcesses(workers=1)
    before = diagnose_fleet(tmp_path / "fleet", journal=journal, executor=one_worker)
    press = tmp_path / "fleet" / "two" / "press.csv"
    press.write_text("\n".join(press.read_text().splitlines()[:500]) + "\n")

    after = diagnose_fleet(tmp_path / "fleet", journal=journal, executor=one_worker, resume=True)
    again = diagnose_fleet(tmp_path / "fleet", journal=journal, executor=one_worker, resume=True)

    assert (after.taken_up, again.taken_up) == (1, 2)
    assert [outcome.rows for outcome in (*before.outcomes, *after.outcomes)] == [600, 600, 600, 499]
    assert again.to_json()["factories"] == after.to_json()["factories"]


def test_a_journal_of_another_fleet_is_not_taken_up(tmp_path: Path) -> None:
    journal = tmp_path / "run.jsonl"
    journal.write_text('{"format": "jasang.fleet-journal/1", "fleet": "/elsewhere"}\n')
    write_factory(tmp_path / "fleet" / "one", 1)

    with pytest.raises(ConfigurationError) as refused:
        diagnose_fleet(tmp_path / "fleet", journal=journal, resume=True)

    assert refused.value.en == f"{journal} is the journal of /elsewhere; {tmp_path / 'fleet'} cannot be resumed from it"


def test_without_resume_a_former_journal_is_put_aside(tmp_path: Path) -> None:
    journal = tmp_path / "run.jsonl"
    journal.write_text("precious\n")

    Journal(journal, "/fleet", resume=False).__exit__(None, None, None)

    assert journal.read_text() == '{"format": "jasang.fleet-journal/1", "fleet": "/fleet"}\n'
    assert (tmp_path / "run.jsonl.before").read_text() == "precious\n"


def test_a_folder_without_factories_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableInput) as refused:
        diagnose_fleet(tmp_path, journal=tmp_path / "run.jsonl")

    assert refused.value.en.startswith(f"{tmp_path}: no factories found; expected a folder for each factory.")


def test_workers_are_at_least_one() -> None:
    with pytest.raises(WrongArguments):
        LocalProcesses(workers=0)
