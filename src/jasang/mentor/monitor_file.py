"""A trained monitor on disk: a zip of plain arrays with a JSON header, no code in it, written whole or not at all."""

import json
import os
import zipfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from jasang.analyze.monitors import Monitor, MonitorRecordError, from_record, to_record
from jasang.errors import JasangError, UnreadableInput

MOST_BYTES = 200_000_000
_HEADER = "header"


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedMonitor:
    """A monitor and where it comes from: the columns of its input in order, table and machine, and its normal period (UTC)."""

    monitor: Monitor
    columns: tuple[str, ...]
    table: str
    asset: str | None
    first: datetime | None
    last: datetime | None


def write_monitor(saved: SavedMonitor, path: Path) -> None:
    """Write the file under its name once it is complete.

    Raises
    ------
    JasangError
        The folder is not there or cannot be written.
    """
    plain, arrays = to_record(saved.monitor)
    header = plain | {
        "input_columns": list(saved.columns),
        "table": saved.table,
        "asset": saved.asset,
        "first": saved.first.isoformat() if saved.first else None,
        "last": saved.last.isoformat() if saved.last else None,
    }
    text = np.frombuffer(json.dumps(header, ensure_ascii=False).encode(), dtype=np.uint8)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            np.savez_compressed(file, allow_pickle=False, **{_HEADER: text}, **arrays)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise JasangError(
            ko=f"{path}: 감시 모델을 쓸 수 없습니다({error.strerror}). 있는 폴더의 파일 이름을 주세요.",
            en=f"{path}: the monitor cannot be written ({error.strerror}). Expected a file name in an existing folder.",
        ) from error


def read_monitor(path: Path) -> SavedMonitor:
    """Read and check a file of `write_monitor`.

    Raises
    ------
    UnreadableInput
        No such file, not a monitor, of a later format, or damaged; says which.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise _unreadable(path, ko="파일이 너무 큽니다", en=f"larger than {MOST_BYTES:,} bytes")
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        header = json.loads(arrays.pop(_HEADER).tobytes().decode())
        monitor = from_record(header, arrays)
        columns = tuple(str(name) for name in header["input_columns"])
        if len(columns) != monitor.inputs:
            raise MonitorRecordError(f"{len(columns)} input columns, expected {monitor.inputs}")
        return SavedMonitor(
            monitor=monitor,
            columns=columns,
            table=str(header["table"]),
            asset=header["asset"],
            first=datetime.fromisoformat(header["first"]) if header["first"] else None,
            last=datetime.fromisoformat(header["last"]) if header["last"] else None,
        )
    except FileNotFoundError as error:
        raise _unreadable(path, ko="파일이 없습니다", en="no such file") from error
    except (OSError, EOFError, zipfile.BadZipFile, ValueError, KeyError, TypeError, AttributeError) as error:
        raise _unreadable(
            path, ko=f"감시 모델 파일이 아니거나 깨졌습니다({error})", en=f"not a monitor file, or damaged ({error})"
        ) from error


def _unreadable(path: Path, *, ko: str, en: str) -> UnreadableInput:
    return UnreadableInput(
        ko=f"{path}: {ko}. 'jasang monitor train'이 쓴 파일을 주세요.",
        en=f"{path}: {en}. Expected a file written by 'jasang monitor train'.",
    )
