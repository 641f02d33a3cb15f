"""A store that goes from one owner to the next while threads still use it."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jasang.errors import StoreError
from jasang.plant.reading import Signal
from jasang.store import open_store
from jasang.store.check import check_store
from jasang.store.describing import read_signals


def test_a_closed_store_describes_nothing_more(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    store.describe([Signal(name="a", asset="a", unit="bar")])
    store.close()

    with pytest.raises(StoreError, match="closed already"):
        store.describe([Signal(name="a", asset="a", unit="Pa")])
    assert read_signals(tmp_path)["a"].unit == "bar"


def test_owners_come_and_go_while_threads_describe(tmp_path: Path) -> None:
    owners, over, wrong = [open_store(tmp_path)], threading.Event(), list[str]()

    def describe(asset: str) -> None:
        count = 0
        while not over.is_set():
            count += 1
            try:
                owners[-1].describe([Signal(name=f"{asset}.x", asset=asset, unit=str(count))])
            except StoreError as error:
                if "closed already" not in error.en:
                    wrong.append(error.en)

    threads = [threading.Thread(target=describe, args=(asset,)) for asset in "ab"]
    for thread in threads:
        thread.start()
    try:
        for _ in range(20):
            owners[-1].close()
            owners.append(open_store(tmp_path))
    finally:
        over.set()
        for thread in threads:
            thread.join()
        owners[-1].close()

    assert wrong == []
    assert [file.name for file in tmp_path.glob("signals.json*")] == ["signals.json"]


def test_a_file_that_goes_while_it_is_counted_is_no_trouble(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = open_store(tmp_path)
    store.describe([Signal(name="a", asset="a")])
    store.close()
    whole = check_store(tmp_path)
    there = Path.rglob

    def with_one_gone(self: Path, pattern: str) -> Iterator[Any]:
        yield self / "signals.json.new"
        yield from there(self, pattern)

    monkeypatch.setattr(Path, "rglob", with_one_gone)

    assert check_store(tmp_path) == whole
