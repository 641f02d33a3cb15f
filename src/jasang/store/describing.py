"""What is known of each signal: `signals.json`, replaced as a whole and synced."""

import json
import os
from collections.abc import Iterable
from pathlib import Path

from jasang.errors import StoreError
from jasang.plant.reading import Signal
from jasang.store.log import sync_file, sync_folder

FILE = "signals.json"
FORMAT = "jasang.signals/1"


def read_signals(store: Path) -> dict[str, Signal]:
    """Described signals by name."""
    path = store / FILE
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(found, dict):
            raise ValueError(f"expected format and signals, found {found!r:.40}")
        if found["format"] != FORMAT:
            raise ValueError(f"format {found['format']!r}, expected {FORMAT!r}")
        return {entry["name"]: Signal(**entry) for entry in found["signals"]}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreError(
            ko=f"신호 목록 {path} 을(를) 읽을 수 없습니다: {error}",
            en=f"the list of signals {path} cannot be read: {error}",
        ) from error


def write_signals(store: Path, signals: Iterable[Signal]) -> None:
    """Replace the list."""
    new = store / f"{FILE}.new"
    listed = [
        {"name": signal.name, "asset": signal.asset, "unit": signal.unit, "address": signal.address}
        for signal in sorted(signals, key=lambda signal: signal.name)
    ]
    try:
        new.write_text(json.dumps({"format": FORMAT, "signals": listed}, ensure_ascii=False), encoding="utf-8")
        sync_file(new)
        os.replace(new, store / FILE)
        sync_folder(store)
    except OSError as error:
        raise StoreError(
            ko=f"신호 목록을 {store / FILE} 에 쓰지 못했습니다: {error}. 디스크에 빈 자리가 있는지 확인하세요.",
            en=f"the list of signals cannot be written to {store / FILE}: {error}. Check that the disk has room.",
        ) from error


def with_undescribed(described: dict[str, Signal], names: Iterable[str]) -> tuple[Signal, ...]:
    """Described signals and those that only have readings, sorted by name."""
    every = dict(described)
    for name in names:
        every.setdefault(name, Signal(name=name, asset=name.partition(".")[0]))
    return tuple(every[name] for name in sorted(every))
