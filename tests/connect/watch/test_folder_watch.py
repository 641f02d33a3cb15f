"""A folder that is written into while it is watched."""

import asyncio
import json
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import openpyxl
import polars as pl
import pytest
from tests.connect.protocol_inbox import Kept, collecting

from jasang.connect.collect_toml import read_collect_toml
from jasang.connect.contract import Link
from jasang.connect.protocols.watch import Folder
from jasang.connect.protocols.watch import client as watch_client
from jasang.connect.protocols.watch.mark import Files, Seen, read_files
from jasang.errors import ConfigurationError, ConnectionFailed
from jasang.plant.reading import Reading

SEOUL = ZoneInfo("Asia/Seoul")
MARK = "M.mark_of_export"


@pytest.fixture(autouse=True)
def _marks_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch_client, "MARK_EVERY", 0.0)


@pytest.fixture
def export(tmp_path: Path) -> Path:
    folder = tmp_path / "export"
    folder.mkdir()
    return folder


def link_to(folder: Path, fields: str = "", signals: str = "") -> Link:
    path = folder.parent / "collect.toml"
    path.write_text(
        f'[[connections]]\nname = "export"\nasset = "M"\nprotocol = "folder"\nurl = "file:{folder.name}"\n'
        f"poll_interval = 0.05\nsettle = 0.05\n{fields}\n{signals}",
        "utf-8",
    )
    return read_collect_toml(path).links[0]


def watch(
    folder: Path,
    until: Callable[[Kept], bool],
    before: list[Reading] | None = None,
    fields: str = "",
    signals: str = "",
) -> Kept:
    return asyncio.run(collecting(Folder(), link_to(folder, fields, signals), until, before=before or []))


def rows(kept: Kept, name: str) -> list[tuple[str, object]]:
    return [
        (reading.source_time.astimezone(SEOUL).strftime("%d. %H:%M:%S.%f").rstrip("0").rstrip("."), reading.value)
        for reading in kept.readings
        if reading.signal == name
    ]


def marked(kept: Kept) -> set[str]:
    texts = kept.values(MARK)
    return set(json.loads(str(texts[-1]))["open"]) if texts else set()


def test_every_kind_of_file_is_read_once_with_its_own_times(export: Path) -> None:
    (export / "한글.csv").write_bytes(
        "일시,온도(℃),상태\n2026-05-04 10:00:00,21.5,가동\n2026-05-04 10:00:00,21.6,정지\n".encode("cp949")
    )
    book = openpyxl.Workbook()
    sheet = book.active
    for row in (["time", "force", "ok"], [datetime(2026, 5, 5, 8), 7, "y"], [datetime(2026, 5, 5, 9), 8, "n"]):
        sheet.append(row)
    book.save(export / "press.xlsx")
    moments = [datetime(2026, 5, 6, 8, tzinfo=SEOUL), datetime(2026, 5, 6, 9, tzinfo=SEOUL)]
    pl.DataFrame({"t": moments, "flow": [1.25, None]}).write_parquet(export / "flow.parquet")
    (export / "deep").mkdir()
    (export / "deep" / "x.csv").write_text("time;z\n2026-05-07 01:00;1,5\n2026-05-07 02:00;2,5\n", "utf-8")

    kept = watch(export, lambda kept: marked(kept) == {"한글.csv", "press.xlsx", "flow.parquet", "deep/x.csv"})
    found = {reading.signal for reading in kept.readings} - {MARK}
    assert found == {"M.온도(℃)", "M.상태", "M.force", "M.ok", "M.flow", "M.z"}
    assert rows(kept, "M.상태") == [("04. 10:00:00", "가동"), ("04. 10:00:00.000001", "정지")]
    assert rows(kept, "M.force") == [("05. 08:00:00", 7), ("05. 09:00:00", 8)]
    assert rows(kept, "M.flow") == [("06. 08:00:00", 1.25)]
    assert rows(kept, "M.z") == [("07. 01:00:00", 1.5), ("07. 02:00:00", 2.5)]
    # A second run reads nothing again, and leaves all files as they are.
    again = watch(export, lambda kept: bool(kept.told), kept.readings)
    assert again.readings == []


def test_a_file_that_grows_gives_only_its_new_rows(export: Path) -> None:
    log = export / "log.csv"
    log.write_text("time,x\n2026-05-04 10:00:00,1\n2026-05-04 10:00:01,2\n", "utf-8")
    steps = [
        "2026-05-04 10:00:02,3\n2026-05-04 10:00:03,4\n",
        "2026-05-04 10:00:04,5\n2026-05-04 10:00:05,6",  # the last line has no end: perhaps 61 is meant
        "1\n",
    ]
    sizes = {0: 2, 1: 4, 2: 6, 3: 7}

    def until(kept: Kept) -> bool:
        step = 3 - len(steps)
        if len(kept.values("M.x")) == sizes[step] and len(kept.values(MARK)) == step + 1:
            if not steps:
                return True
            with log.open("a", encoding="utf-8") as file:
                file.write(steps.pop(0))
        return False

    kept = watch(export, until)
    assert [value for _, value in rows(kept, "M.x")] == [1, 2, 3, 4, 5, 6, 61]
    assert rows(kept, "M.x")[-2][0] == rows(kept, "M.x")[-1][0]  # the same moment: the store takes the later one


def test_a_file_a_shot_with_a_single_row_is_read(export: Path) -> None:
    (export / "shot-0001.csv").write_bytes("시간,온도,판정\n2026-05-04 오후 3:00:00,215.5,OK\n".encode("cp949"))
    (export / "shot-0002.csv").write_text("time;x\n2026-05-04 15:00:30;1,5\n", "utf-8")
    pl.DataFrame({"time": [datetime(2026, 5, 4, 6, 1, tzinfo=UTC)], "x": [2.5]}).write_parquet(
        export / "shot-0003.parquet"
    )
    book = openpyxl.Workbook()
    for row in (["time", "x"], [datetime(2026, 5, 4, 15, 2), 3.5]):
        book.active.append(row)
    book.save(export / "shot-0004.xlsx")

    kept = watch(export, lambda kept: len(kept.values("M.x")) == 3 and bool(kept.values("M.온도")))

    assert rows(kept, "M.온도") == [("04. 15:00:00", 215.5)]
    assert rows(kept, "M.판정") == [("04. 15:00:00", "OK")]
    assert sorted(rows(kept, "M.x")) == [("04. 15:00:30", 1.5), ("04. 15:01:00", 2.5), ("04. 15:02:00", 3.5)]


def test_a_file_written_anew_is_read_anew(export: Path) -> None:
    log = export / "log.csv"
    log.write_text("time,x\n2026-05-04 10:00:00,1\n2026-05-04 10:00:01,2\n", "utf-8")
    done = []

    def until(kept: Kept) -> bool:
        if kept.values(MARK) and not done:
            done.append(
                log.write_text("time,x\n2026-05-05 10:00:00,7\n2026-05-05 10:00:01,8\n2026-05-05 10:00:02,9\n", "utf-8")
            )
        return len(kept.values(MARK)) == 2

    assert [value for _, value in rows(watch(export, until), "M.x")] == [1, 2, 7, 8, 9]


def test_half_written_files_are_waited_for_and_rubbish_is_told(export: Path) -> None:
    whole = export.parent / "whole.parquet"
    pl.DataFrame({"t": [datetime(2026, 5, 6, 8), datetime(2026, 5, 6, 9)], "y": [1.0, 2.0]}).write_parquet(whole)
    half = export / "half.parquet"
    half.write_bytes(whole.read_bytes()[:200])
    (export / "manual.pdf").write_bytes(b"%PDF-1.4 rubbish")
    old = export / "photo.csv"
    old.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(200))
    (export / "no_time.csv").write_text("a,b\n1,2\n3,4\n", "utf-8")
    an_hour_ago = time.time() - 3600
    os.utime(old, (an_hour_ago, an_hour_ago))

    def until(kept: Kept) -> bool:
        if kept.told and len(kept.told[-1].doubts) == 3 and half.stat().st_size == 200:
            half.write_bytes(whole.read_bytes())
        return len(kept.values("M.y")) == 2

    kept = watch(export, until)
    told = sorted(text.en for text in kept.told[-1].doubts)
    assert len(told) == 3
    assert told[0].startswith("connection 'export': file manual.pdf is not read: a kind of file that holds no table")
    assert told[1].startswith("connection 'export': file no_time.csv is not read: has no column of times (a, b)")
    assert told[2].startswith("connection 'export': file photo.csv is not read: ")
    assert sorted(path.name for path in export.iterdir()) == ["half.parquet", "manual.pdf", "no_time.csv", "photo.csv"]


def test_long_rows_chosen_signals_and_assets(export: Path) -> None:
    (export / "a.csv").write_text(
        "when,machine,tag,val\n2026-05-04 10:00:00,P1,TT1,20.5\n2026-05-04 10:00:00,P1,TT2,30\n2026-05-04 10:00:01,P2,TT1,21\n",
        "utf-8",
    )
    fields = 'time = "when"\nasset_column = "machine"\nsignal_column = "tag"\nvalue_column = "val"\n'
    signals = '[[connections.signals]]\nname = "temperature"\naddress = "TT1"\nunit = "°C"\n'
    kept = watch(export, lambda kept: bool(kept.values(MARK)), fields=fields, signals=signals)

    assert (rows(kept, "P1.temperature"), rows(kept, "P2.temperature")) == (
        [("04. 10:00:00", 20.5)], [("04. 10:00:01", 21.0)],
    )  # fmt: skip
    assert {(s.name, s.unit) for s in kept.told[-1].signals} == {
        ("P1.temperature", "°C"), ("P2.temperature", "°C"), (MARK, None),
    }  # fmt: skip


def test_date_and_time_of_day_in_two_columns(export: Path) -> None:
    (export / "a.csv").write_text(
        "날짜,시간,x\n2026-05-04,08:30:00,1\n2026-05-04,08:30:05,2\n2026-05-05,00:00:00,3\n", "utf-8"
    )

    assert rows(watch(export, lambda kept: bool(kept.values(MARK))), "M.x") == [
        ("04. 08:30:00", 1), ("04. 08:30:05", 2), ("05. 00:00:00", 3),
    ]  # fmt: skip


def test_files_at_rest_become_digests_and_those_gone_are_forgotten() -> None:
    now = 1_800_000_000.0
    old = Seen(size=10, changed=int((now - 100_000) * 1e9), rows=2, head="ab")
    new = Seen(size=20, changed=int((now - 100) * 1e9), rows=3, head="cd")
    files = Files(open={"old.csv": old, "new.csv": new, "gone.csv": new}, done={"0" * 16})
    there = {"old.csv": (10, old.changed), "new.csv": (20, new.changed)}
    back = read_files(files.text(there, now))

    assert (set(back.open), len(back.done)) == ({"new.csv"}, 1)
    assert back.knows("old.csv", 10, old.changed)
    assert back.knows("new.csv", 20, new.changed)
    assert not back.knows("old.csv", 11, old.changed)
    assert read_files("rubbish") == Files()


def test_what_is_wrong_is_told(export: Path) -> None:
    link = link_to(export)
    export.rmdir()
    with pytest.raises(ConnectionFailed, match="there is no folder"):
        asyncio.run(collecting(Folder(), link, lambda kept: False))
    with pytest.raises(ConfigurationError, match=r"connections\[0\]\.pattern: must stay within the folder"):
        link_to(export, 'pattern = "../*"')


def test_browse_shows_columns(export: Path) -> None:
    (export / "a.csv").write_text("time,x\n2026-05-04 08:30:00,1.5\n2026-05-04 08:30:05,2\n", "utf-8")
    found = asyncio.run(Folder().browse(Link(name="x", protocol="folder", url=f"file://{export}")))
    assert [(variable.address, variable.path, variable.value) for variable in found] == [
        ("time", "a.csv.time", "2026-05-03 23:30:00+00:00"), ("x", "a.csv.x", "1.5"),
    ]  # fmt: skip


def test_browsing_a_file_that_cannot_be_read_tells_why(export: Path) -> None:
    (export / "a.csv").write_text("time,x\n2026-05-04 08:30:00,1.5\n2026-05-04 08:30:05,2\n", "utf-8")
    (export / "b.csv").write_bytes(b"")
    link = Link(name="x", protocol="folder", url=f"file://{export}")

    def told(address: str) -> str:
        with pytest.raises(ConnectionFailed) as refused:
            asyncio.run(Folder().browse(link, address))
        return refused.value.en

    assert told("c.csv") == "connection 'x': there is no file c.csv (there is: a.csv, b.csv)"
    assert told("b.csv") == "connection 'x': 'b.csv' is empty (0 bytes); expected a header and rows of data."
    assert [(one.address, one.data_type) for one in asyncio.run(Folder().browse(link))] == [
        ("time", "Datetime"), ("x", "Float64"),
    ]  # fmt: skip
