"""Factories on an object store: the same files, the same tables, the same findings, and no key in anything that is written."""

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest
from deltalake import DeltaTable
from tests.free_ports import free_port
from tests.mentor.fleet.conftest import NAMES, START
from tests.mentor.fleet.object_server import SECRET, object_store

from jasang.errors import ConnectionFailed, WrongArguments
from jasang.mentor.diagnose import diagnose
from jasang.mentor.fleet import diagnose_fleet, find_factories, send_factory
from jasang.mentor.fleet_factory import diagnose_one
from jasang.plant.reading import Reading
from jasang.store import open_store
from jasang.store.object_store import ObjectUrl, bring, storage_options


@pytest.fixture(scope="module")
def server() -> Iterator[dict[str, str]]:
    with object_store("works") as environment:
        yield environment


@pytest.fixture
def reached(server: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment leads to the object store."""
    for name, value in server.items():
        monkeypatch.setenv(name, value)


@pytest.mark.usefixtures("reached")
def test_a_bucket_gives_to_the_last_digit_what_the_folder_gives_and_tells_no_key(fleet: Path, tmp_path: Path) -> None:
    for name in NAMES:
        send_factory(fleet / name, f"s3://works/all/{name}")
    expected = [diagnose_one(factory)[0].to_json() for factory in find_factories(fleet)]
    command = [sys.executable, "-m", "jasang.cli.main", "fleet", "diagnose", "s3://works/all/", "--workers", "2"]
    command += ["--journal", str(tmp_path / "run.jsonl"), "--report", str(tmp_path / "run.html"), "--json"]

    done = subprocess.run(command, capture_output=True, text=True, check=True)

    answer = json.loads(done.stdout)
    assert (answer["format"], answer["fleet"]) == ("jasang.fleet/1", "s3://works/all")
    assert answer["factories"] == expected
    told = done.stdout + done.stderr + (tmp_path / "run.jsonl").read_text("utf-8") + (tmp_path / "run.html").read_text()
    assert SECRET not in told
    assert "factory-reader" not in told
    assert SECRET not in str(storage_options())


@pytest.mark.usefixtures("reached")
def test_the_settled_table_on_the_object_store_is_the_one_on_the_disk_to_any_tool(fleet: Path) -> None:
    send_factory(fleet / "store", "s3://works/tables/store")
    url, options = "s3://works/tables/store/readings", dict(storage_options())

    there = DeltaTable(url, storage_options=options)
    by_polars = pl.read_delta(url, storage_options=options).sort("signal", "source_time")

    here = pl.read_delta(str(fleet / "store" / "readings")).sort("signal", "source_time")
    assert here.height == 900
    assert there.version() == DeltaTable(str(fleet / "store" / "readings")).version()
    assert by_polars.equals(here)


def listed(store: Path) -> set[str]:
    """The files of the tables, which never change."""
    return {
        path.relative_to(store).as_posix() for name in ("readings", "replaced") for path in (store / name).rglob("*.*")
    }


def files(store: Path) -> list[str]:
    """The Parquet files of the settled table."""
    return sorted(path.name for path in (store / "readings").glob("*.parquet"))


@pytest.mark.usefixtures("reached")
def test_a_store_is_sent_again_with_what_is_new_and_brought_with_the_last_month(tmp_path: Path) -> None:
    store = open_store(tmp_path / "store")
    for day in (0, 50, 100):
        moments = [START + timedelta(days=day, minutes=minute) for minute in range(400)]
        store.append([Reading(signal="A.x", source_time=at, receive_time=at, value=float(at.minute)) for at in moments])
        store.settle(moments[-1] + timedelta(days=1))
        if day == 50:
            store.close()
            before = listed(tmp_path / "store")
            first = send_factory(tmp_path / "store", "s3://works/grown/store")
            store = open_store(tmp_path / "store")
    store.close()

    second = send_factory(tmp_path / "store", "s3://works/grown/store")
    bring(ObjectUrl.parse("s3://works/grown/store"), tmp_path / "brought")

    current = sorted(Path(name).name for name in DeltaTable(tmp_path / "store" / "readings").file_uris())
    brought = [DeltaTable(tmp_path / "brought" / "readings").version(), *files(tmp_path / "brought")]
    assert first.skipped == 0
    assert second.skipped == len(before & listed(tmp_path / "store")) > 0
    assert brought == [DeltaTable(tmp_path / "store" / "readings").version(), current[-1]]
    assert len(diagnose(tmp_path / "brought").tables) == 1


@pytest.mark.usefixtures("reached")
def test_a_bucket_that_is_not_there_is_told() -> None:
    with pytest.raises(ConnectionFailed) as told:
        find_factories("s3://nowhere/all")

    assert told.value.en == "s3://nowhere/all: there is no bucket 'nowhere'"


def test_an_object_store_that_does_not_answer_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "factory-reader")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)

    with pytest.raises(ConnectionFailed) as told:
        diagnose_fleet("s3://works/all", journal=tmp_path / "run.jsonl")

    assert SECRET not in told.value.en


def test_a_url_without_a_bucket_is_refused() -> None:
    with pytest.raises(WrongArguments) as told:
        ObjectUrl.parse("s3://")

    assert told.value.en == "s3://: expected the form s3://bucket/prefix"
