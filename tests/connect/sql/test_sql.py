"""Databases polled: PostgreSQL, MariaDB and SQLite as partners; of SQL Server only the driver can be loaded here."""

import asyncio
import contextlib
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import psycopg
import pymysql
import pytest
import sqlalchemy
from tests.connect.protocol_inbox import Kept, collecting
from tests.connect.sql.servers import PASSWORD, pg

from jasang.connect.collect_toml import read_collect_toml
from jasang.connect.contract import Link
from jasang.connect.protocols.sql import Sql
from jasang.connect.protocols.sql.mark import Mark
from jasang.connect.protocols.sql.moments import clock_of, moment_of
from jasang.errors import ConfigurationError, ConnectionFailed, StoreError
from jasang.plant.reading import Reading
from jasang.store import open_reader, to_readings

SEOUL = ZoneInfo("Asia/Seoul")
MARK = "M.mark_of_mes"


def link_to(folder: Path, url: str, fields: str, signals: str = "", *, user: str | None = None) -> Link:
    path = folder / "collect.toml"
    who = f'username = "{user}"\npassword_env = "DB"\n' if user else ""
    path.write_text(
        f'[[connections]]\nname = "mes"\nasset = "M"\nprotocol = "sql"\nurl = "{url}"\n{who}poll_interval = 0.05\n'
        f"{fields}\n{signals}",
        "utf-8",
    )
    return read_collect_toml(path, {"DB": PASSWORD}).links[0]


def run(link: Link, until: Callable[[Kept], bool], before: list[Reading] | None = None) -> Kept:
    return asyncio.run(collecting(Sql(), link, until, before=before or []))


def failure(link: Link) -> ConnectionFailed:
    with pytest.raises(ConnectionFailed) as caught:
        run(link, lambda kept: False)
    return caught.value


def count(kept: Kept) -> int:
    return sum(reading.signal != MARK for reading in kept.readings)


def pairs(kept: Kept, name: str) -> list[tuple[str, object]]:
    return [
        (reading.source_time.astimezone(SEOUL).strftime("%H:%M:%S.%f").rstrip("0").rstrip("."), reading.value)
        for reading in kept.readings
        if reading.signal == name
    ]


@pytest.fixture
def book(tmp_path: Path) -> sqlite3.Connection:
    book = sqlite3.connect(tmp_path / "mes.db", isolation_level=None)
    book.execute("CREATE TABLE shots (id INTEGER PRIMARY KEY, at TEXT, press TEXT, force REAL, lot TEXT, good BOOLEAN)")
    return book


SHOTS = 'table = "shots"\ntime = "at"\nmark = "id"\nasset_column = "press"\n'


def test_rows_become_readings_once_with_their_own_time(tmp_path: Path, book: sqlite3.Connection) -> None:
    rows = [
        (1, "2026-05-04 10:00:00", "P1", 10.5, "가", 1),
        (2, "2026-05-04 10:00:00", "P1", 10.6, "가", 1),  # the same second again
        (3, "2026-05-04 10:00:00", "P2", None, "나", 0),
        (4, "2026-05-04T10:00:01.250", "P1", 11.0, None, 1),
    ]
    book.executemany("INSERT INTO shots VALUES (?,?,?,?,?,?)", rows)
    link = link_to(tmp_path, "sqlite:///mes.db", SHOTS)
    first = run(link, lambda kept: bool(kept.values(MARK)))

    assert pairs(first, "P1.force") == [("10:00:00", 10.5), ("10:00:00.000001", 10.6), ("10:00:01.25", 11.0)]
    assert pairs(first, "P1.lot") == [("10:00:00", "가"), ("10:00:00.000001", "가")]
    assert (pairs(first, "P2.force"), pairs(first, "P2.good")) == ([], [("10:00:00", 0)])
    assert {signal.name for signal in first.told[-1].signals} == {
        "P1.force", "P1.lot", "P1.good", "P2.lot", "P2.good", MARK,
    }  # fmt: skip
    # A second run goes on where the first one was: with the tie of a row that shares the last time.
    book.execute("INSERT INTO shots VALUES (5, '2026-05-04T10:00:01.250', 'P1', 12.0, NULL, 1)")
    second = run(link, lambda kept: count(kept) >= 2, first.readings)
    assert pairs(second, "P1.force") == [("10:00:01.250001", 12.0)]


def test_a_number_that_is_committed_late_is_found_once(tmp_path: Path, book: sqlite3.Connection) -> None:
    def add(*numbers: int) -> None:
        book.executemany(
            "INSERT INTO shots (id, at, press, force) VALUES (?, ?, 'P1', ?)",
            [(number, f"2026-05-04 10:00:{number:02d}", float(number)) for number in numbers],
        )

    add(1, 2, 5)
    link = link_to(tmp_path, "sqlite:///mes.db", SHOTS)
    steps = {3: lambda: add(4), 4: lambda: add(3, 6)}

    def until(kept: Kept) -> bool:
        if len(kept.values(MARK)) == {3: 1, 4: 2, 6: 3}.get(count(kept)):  # all that was there is marked
            steps.pop(count(kept), lambda: None)()
            return count(kept) == 6
        return False

    kept = run(link, until)
    assert kept.values("P1.force") == [1.0, 2.0, 5.0, 4.0, 3.0, 6.0]
    again = run(link, lambda kept: True, kept.readings)
    assert count(again) == 0


def test_a_mark_forgets_numbers_that_were_never_used() -> None:
    mark = Mark(of="x")
    mark.passed([1, 2, 5], now=100.0, patience=60.0)
    assert mark.missing == {3: 160.0, 4: 160.0}
    mark.passed([4], now=110.0, patience=60.0)
    mark.passed([9], now=120.0, patience=60.0)
    assert (mark.high, sorted(mark.missing)) == (9, [3, 6, 7, 8])
    mark.passed([], now=161.0, patience=60.0)
    assert sorted(mark.missing) == [6, 7, 8]
    mark.passed([10_000_000], now=162.0, patience=60.0)
    assert len(mark.missing) == 1000


def test_without_a_number_the_time_is_the_mark_and_late_rows_are_found(tmp_path: Path, postgres: int) -> None:
    now = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=2)
    with psycopg.connect(pg(postgres), autocommit=True) as other:
        other.execute("DROP TABLE IF EXISTS log")
        other.execute("CREATE TABLE log (at timestamptz, tag text, value numeric)")

        def add(second: int, tag: str, value: float) -> None:
            other.execute("INSERT INTO log VALUES (%s, %s, %s)", (now + timedelta(seconds=second), tag, value))

        for second in range(5):
            add(second, "temp", 20 + second)
        add(4, "temp", 99.5)  # a second row of the same moment
        fields = (
            'table = "log"\ntime = "at"\nsignal_column = "tag"\nvalue_column = "value"\nmax_rows = 3\noverlap = 30\n'
        )
        link = link_to(tmp_path, f"postgresql://127.0.0.1:{postgres}/mes", fields, user="postgres")
        late = []

        def until(kept: Kept) -> bool:
            if count(kept) == 6 and not late:
                late.append(add(2, "pressure", 5.25))
                add(3, "temp", 7)
            return count(kept) >= 8 and len(kept.values(MARK)) >= 2

        kept = run(link, until)
        after = run(
            link, lambda kept: count(kept) >= 8, kept.readings
        )  # the overlap comes again, the same in the store

    def stored(kept: Kept) -> dict[tuple[str, datetime], object]:
        return {(r.signal, r.source_time): r.value for r in kept.readings if r.signal != MARK}

    seconds = {(name, (at - now).total_seconds()): value for (name, at), value in stored(kept).items()}
    assert seconds == {
        ("M.temp", 0.0): 20, ("M.temp", 1.0): 21, ("M.temp", 2.0): 22, ("M.temp", 3.0): 23, ("M.temp", 3.000001): 7,
        ("M.temp", 4.0): 24, ("M.temp", 4.000001): 99.5, ("M.pressure", 2.0): 5.25,
    }  # fmt: skip
    assert stored(after) == stored(kept)


def test_a_change_time_as_mark_brings_corrections(tmp_path: Path, mariadb: int) -> None:
    with pymysql.connect(
        host="127.0.0.1", port=mariadb, user="writer", password=PASSWORD, database="mes", autocommit=True
    ) as other:
        sql = other.cursor()
        sql.execute("DROP TABLE IF EXISTS `생산 실적`")
        sql.execute(
            "CREATE TABLE `생산 실적` (`일시` DATETIME(3), `설비` VARCHAR(20), `수량` INT, changed DATETIME(6))"
        )
        sql.execute(
            "INSERT INTO `생산 실적` VALUES (NOW(3) - INTERVAL 3 SECOND, '사출1', 7, NOW(6) - INTERVAL 2 SECOND)"
        )
        fields = 'table = "생산 실적"\ntime = "일시"\nmark = "changed"\nasset_column = "설비"\n'
        link = link_to(tmp_path, f"mysql://127.0.0.1:{mariadb}/mes", fields, user="reader")
        changed = []

        def until(kept: Kept) -> bool:
            if count(kept) == 1 and not changed:
                changed.append(sql.execute("UPDATE `생산 실적` SET `수량` = 8, changed = NOW(6)"))
            return count(kept) == 2

        kept = run(link, until)

    first, second = (reading for reading in kept.readings if reading.signal == "사출1.수량")
    assert (first.value, second.value, first.source_time) == (7, 8, second.source_time)
    assert abs(first.source_time - datetime.now(UTC)) < timedelta(minutes=2)  # 09:00 east of UTC was understood


def test_a_query_is_read_and_only_read(tmp_path: Path, postgres: int) -> None:
    with psycopg.connect(pg(postgres), autocommit=True) as other:
        other.execute("DROP TABLE IF EXISTS q")
        other.execute(
            "CREATE TABLE q (n serial, at timestamp, raw int); INSERT INTO q (at, raw) VALUES ('2026-05-04 10:00', 235)"
        )
    url = f"postgresql://127.0.0.1:{postgres}/mes"
    query = "query = \"SELECT n, at, raw / 10.0 AS temp FROM q WHERE at::text <> ' :x %' -- %s\\n\"\n"
    link = link_to(tmp_path, url, query + 'time = "at"\nmark = "n"\n', user="postgres")
    assert pairs(run(link, lambda kept: count(kept) == 1), "M.temp") == [("10:00:00", 23.5)]

    writing = 'query = "SELECT n, at, setval(\'q_n_seq\', 99) AS x FROM q"\ntime = "at"\nmark = "n"\n'
    assert "read-only" in str(failure(link_to(tmp_path, url, writing, user="postgres")))


def test_what_a_database_refuses_is_told_by_name(
    tmp_path: Path, postgres: int, mariadb: int, book: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    with psycopg.connect(pg(postgres), autocommit=True) as other:
        other.execute(
            "DROP TABLE IF EXISTS measurements; CREATE TABLE measurements (id int, at timestamptz, force real)"
        )
        other.execute(f"DROP ROLE IF EXISTS guest; CREATE ROLE guest LOGIN PASSWORD '{PASSWORD}'")
    url, maria = f"postgresql://127.0.0.1:{postgres}/mes", f"mysql://127.0.0.1:{mariadb}/mes"
    right = 'table = "measurements"\ntime = "at"\n'

    def told(url: str, fields: str, user: str | None, signals: str = "") -> tuple[str, bool]:
        error = failure(link_to(tmp_path, url, fields, signals, user=user))
        return str(error), error.permanent

    text, permanent = told(url, right.replace("measure", "mesure"), "postgres")
    assert (text, permanent) == ("connection 'mes': there is no table 'mesurements'; there is: measurements", True)
    text, _ = told(url, right.replace('"at"', '"art"'), "postgres")
    assert text == "connection 'mes': there is no column 'art'; there is: at"
    text, permanent = told(url, right, "guest")
    assert text.startswith("connection 'mes': user 'guest' may not read this; ask the database's keeper for SELECT")
    assert permanent
    assert told(url, right, "nosuch")[0].startswith("connection 'mes': the database refuses user 'nosuch'")
    assert told(maria, right, "nosuch")[0].startswith("connection 'mes': the database refuses user 'nosuch'")
    assert told(url.replace("/mes", "/mess"), right, "postgres")[0].startswith(
        "connection 'mes': the server has no such database"
    )
    assert told(maria.replace("/mes", "/mess"), right, "writer")[1]
    text, permanent = told("postgresql://127.0.0.1:1/mes", right, "postgres")
    assert text.startswith("connection 'mes': cannot reach postgresql://127.0.0.1:1/mes")
    assert not permanent
    assert told("sqlite:///none.db", right, None)[0].endswith("the database file is not there or cannot be read")
    (tmp_path / "text.db").write_text("no database at all, only some words " * 20, "utf-8")
    assert told("sqlite:///text.db", right, None)[0].endswith("the file is no SQLite database")
    assert PASSWORD not in repr(link_to(tmp_path, url, right, user="postgres"))


def test_a_clock_that_is_ahead_is_told_and_does_not_hide_the_present(tmp_path: Path, book: sqlite3.Connection) -> None:
    now = datetime.now(SEOUL).replace(microsecond=0)

    def add(moment: datetime, force: float) -> None:
        book.execute("INSERT INTO shots (at, force) VALUES (?, ?)", (moment.strftime("%Y-%m-%d %H:%M:%S"), force))

    add(now + timedelta(hours=9), 99.0)
    add(now - timedelta(seconds=2), 1.0)
    signals = '[[connections.signals]]\nname = "force"\naddress = "force"\nunit = "kN"\n'
    link = link_to(tmp_path, "sqlite:///mes.db", 'table = "shots"\ntime = "at"\n', signals)
    added: list[None] = []

    def until(kept: Kept) -> bool:
        if kept.values("M.force") == [1.0] and not added:
            added.append(add(now - timedelta(seconds=1), 2.0))
        return 2.0 in kept.values("M.force")

    kept = run(link, until)
    assert kept.values("M.force") == [1.0, 2.0]
    assert "the newest row is 9.0 h ahead of now" in kept.told[-1].doubts[0].en
    assert [(s.name, s.unit) for s in kept.told[-1].signals] == [("M.force", "kN"), (MARK, None)]


@pytest.mark.parametrize(
    ("written", "seoul"),
    [
        ("2026-05-04 10:00:00", "2026-05-04T10:00:00"),
        ("20260504100000", "2026-05-04T10:00:00"),
        ("2026-05-04 10:00", "2026-05-04T10:00:00"),
        ("202605041000", "2026-05-04T10:00:00"),
        ("2026-05-04", "2026-05-04T00:00:00"),
        ("2026/05/04 10:00:00.125", "2026-05-04T10:00:00.125000"),
        ("2026-05-04T01:00:00Z", "2026-05-04T10:00:00"),
        ("2026-05-04T02:00:00+01:00", "2026-05-04T10:00:00"),
        (datetime(2026, 5, 4, 10), "2026-05-04T10:00:00"),
        (1777856400, "2026-05-04T10:00:00"),
        (1777856400125, "2026-05-04T10:00:00.125000"),
        (1777856400.5, "2026-05-04T10:00:00.500000"),
    ],
)
def test_times_are_read_and_written_as_the_column_has_them(written: object, seoul: str) -> None:
    moment = moment_of(written, SEOUL)

    assert moment.astimezone(SEOUL).replace(tzinfo=None).isoformat() == seoul
    assert clock_of(written, SEOUL).write(moment) == written


@pytest.mark.parametrize(
    ("written", "seoul"),
    [
        ("2026-05-04 오전 12:02:03", "2026-05-04T00:02:03"),
        ("2026-05-04 오후 1:02:03", "2026-05-04T13:02:03"),
        ("2026-5-4 9:30:01", "2026-05-04T09:30:01"),
        ("2026. 5. 4. 오후 12:30", "2026-05-04T12:30:00"),
        ("2026/5/4 1:02:03 PM", "2026-05-04T13:02:03"),
        ("2026년 5월 4일 13:02", "2026-05-04T13:02:00"),
        ("2026.5.4", "2026-05-04T00:00:00"),
    ],
)
def test_times_that_do_not_sort_are_read_but_never_compared(written: str, seoul: str) -> None:
    assert moment_of(written, SEOUL).astimezone(SEOUL).replace(tzinfo=None).isoformat() == seoul
    with pytest.raises(ValueError, match="does not sort"):
        clock_of(written, SEOUL)


def test_rows_with_such_times_come_by_their_number(tmp_path: Path, book: sqlite3.Connection) -> None:
    rows = [
        (1, "2026-05-04 오후 1:02:03", 1.5),
        (2, "2026-05-04 오전 9:00:00", 2.5),
        (3, "2026-05-04 오후 13:00:00", 3.5),
    ]
    book.executemany("INSERT INTO shots (id, at, force) VALUES (?,?,?)", rows)
    kept = run(
        link_to(tmp_path, "sqlite:///mes.db", 'table = "shots"\ntime = "at"\nmark = "id"\n'),
        lambda kept: bool(kept.values(MARK)),
    )

    assert pairs(kept, "M.force") == [("13:02:03", 1.5), ("09:00:00", 2.5)]
    left_out = "1 rows are left out whose time cannot be read, for example '2026-05-04 오후 13:00:00'"
    assert kept.told[-1].doubts[0].en.endswith(left_out)
    refused = failure(link_to(tmp_path, "sqlite:///mes.db", 'table = "shots"\ntime = "at"\n')).en
    assert refused == (
        "connection 'mes': column 'at' holds '2026-05-04 오후 1:02:03', a time whose text does not sort as times follow;"
        " name a column of numbers that only grow in mark, and leave start out"
    )


def test_rows_of_today_come_though_the_first_row_has_a_day_only(tmp_path: Path, book: sqlite3.Connection) -> None:
    today = datetime.now(SEOUL).replace(microsecond=0)
    rows = [(1, "2026-05-04", 1.5), (2, f"{today:%Y-%m-%d %H:%M:%S}", 2.5)]
    book.executemany("INSERT INTO shots (id, at, force) VALUES (?,?,?)", rows)

    kept = run(
        link_to(tmp_path, "sqlite:///mes.db", 'table = "shots"\ntime = "at"\n'), lambda kept: bool(kept.values(MARK))
    )

    assert [value for _, value in pairs(kept, "M.force")] == [1.5, 2.5]


def test_a_column_of_sqlite_that_holds_anything_is_read_as_far_as_it_makes_sense(
    tmp_path: Path, book: sqlite3.Connection
) -> None:
    book.execute("CREATE TABLE mixed (n INTEGER, at, force)")
    rows = [
        ("x", "2026-05-04 10:00:00", 1), (7, "2026-05-04 10:00:01", b"\x01\xff"), (8, "N/A", 2), (9, None, 3),
        (10, "", 4), (11, 20260504, 5), (12, "2026-05-04 10:00:02", 6), (None, "2026-05-04 10:00:03", 7),
    ]  # fmt: skip
    book.executemany("INSERT INTO mixed VALUES (?,?,?)", rows)
    by_number = run(
        link_to(tmp_path, "sqlite:///mes.db", 'table = "mixed"\ntime = "at"\nmark = "n"\n'),
        lambda kept: bool(kept.values(MARK)),
    )
    by_time = run(
        link_to(tmp_path, "sqlite:///mes.db", 'table = "mixed"\ntime = "at"\n'),
        lambda kept: bool(kept.told) and len(kept.told[-1].doubts) > 0 and bool(kept.values(MARK)),
    )

    assert pairs(by_number, "M.force")[0] == ("10:00:01", "01ff")
    assert pairs(by_number, "M.force")[-1] == ("10:00:02", 6)
    told = [doubt.en for doubt in by_number.told[-1].doubts]
    assert "connection 'mes': rows are left out whose column 'n' holds no whole number, for example 'x'" in told
    times = [moment for moment, _ in pairs(by_time, "M.force")]
    assert times[-4:] == ["10:00:00", "10:00:01", "10:00:02", "10:00:03"]


def test_times_of_postgresql_that_python_has_none_for_stop_nothing(tmp_path: Path, postgres: int) -> None:
    with psycopg.connect(pg(postgres), autocommit=True) as server:
        server.execute("DROP TABLE IF EXISTS odd")
        server.execute("CREATE TABLE odd (id serial, at timestamptz, due date, force float8)")
        for at, due, force in (
            ("-infinity", None, 1), ("0044-03-15 12:00 BC", None, 2), ("2026-05-04 10:00+09", "infinity", 3),
            ("infinity", None, 4), ("12026-01-01", None, 5), ("2026-05-04 10:01+09", "2026-12-31", 6),
        ):  # fmt: skip
            server.execute("INSERT INTO odd (at, due, force) VALUES (%s, %s, %s)", (at, due, force))
    url = f"postgresql://127.0.0.1:{postgres}/mes"
    for mark in ('mark = "id"\n', ""):
        link = link_to(tmp_path, url, f'table = "odd"\ntime = "at"\n{mark}', user="postgres")
        kept = run(link, lambda kept: 6.0 in kept.values("M.force") and bool(kept.values(MARK)))

        assert pairs(kept, "M.force") == [("10:00:00", 3.0), ("10:01:00", 6.0)]
        assert pairs(kept, "M.due") == [("10:00:00", "infinity"), ("10:01:00", "2026-12-31")]
        assert "rows are left out whose time cannot be read, for example" in kept.told[-1].doubts[-1].en


@pytest.mark.parametrize("value", ["", "yesterday", "2026-13-04 10:00:00", -5, None, True, b"x", 10**18])
def test_what_is_no_time_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"no time|must be in"):
        moment_of(value, SEOUL)


@pytest.mark.parametrize(
    ("url", "fields", "message"),
    [
        ("sqlite:///x.db", 'time = "at"', "connections[0].table: or query is needed, one of them"),
        ("sqlite:///x.db", 'table = "a"', "connections[0].time: is needed"),
        ("sqlite:///x.db", 'query = "DELETE FROM x"\ntime = "at"', "connections[0].query: must begin with SELECT"),
        ("sqlite:///x.db", 'table = "a"\ntime = "at"\ntimezone = "Seoul"', "'Seoul' is no time zone"),
        (
            "sqlite:///x.db",
            'table = "a"\ntime = "at"\nsignal_column = "tag"',
            "connections[0].value_column: and signal",
        ),
        ("postgresql://host", 'table = "a"\ntime = "at"', "connections[0].url: must name the database"),
        ("oracle://host/x", 'table = "a"\ntime = "at"', "must begin with postgresql://…"),
    ],
)
def test_wrong_fields_are_told_before_anything_connects(tmp_path: Path, url: str, fields: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        link_to(tmp_path, url, fields)
    assert message in str(caught.value)


def test_the_driver_for_sql_server_is_there() -> None:
    # No SQL Server can be had for the tests: that its driver loads and refuses a closed port is all they show.
    engine = sqlalchemy.create_engine("mssql+pymssql://u:p@127.0.0.1:1/mes")
    assert engine.dialect.name == "mssql"


def test_browse_shows_tables_and_columns(tmp_path: Path, book: sqlite3.Connection) -> None:
    book.execute("INSERT INTO shots VALUES (1, '2026-05-04 10:00:00', 'P1', 10.5, NULL, 1)")
    link = Link(name="x", protocol="sql", url=f"sqlite:///{tmp_path / 'mes.db'}")
    found = asyncio.run(Sql().browse(link, "shots"))

    assert [(variable.path, variable.data_type, variable.value) for variable in found[:4]] == [
        ("shots.id", "INTEGER", "1"), ("shots.at", "TEXT", "2026-05-04 10:00:00"), ("shots.press", "TEXT", "P1"),
        ("shots.force", "REAL", "10.5"),
    ]  # fmt: skip


@pytest.mark.skipif(os.name != "posix", reason="signals between processes are POSIX")
def test_every_row_arrives_exactly_once_although_the_collector_is_killed(tmp_path: Path, postgres: int) -> None:
    command = [sys.executable, "-m", "jasang.cli.main", "collect", str(tmp_path / "collect.toml"), "--lang", "en"]
    environment = {**os.environ, "DB": PASSWORD}
    with psycopg.connect(pg(postgres), autocommit=True) as other:
        other.execute(
            "DROP TABLE IF EXISTS shot; CREATE TABLE shot (id bigserial PRIMARY KEY, at timestamptz, force float8)"
        )
        fields = 'table = "shot"\ntime = "at"\nmark = "id"\nmax_rows = 500\n'
        link_to(tmp_path, f"postgresql://127.0.0.1:{postgres}/mes", fields, user="postgres")
        dice, start = random.Random(7), datetime(2026, 5, 4, tzinfo=UTC)
        written = 0

        def write(rows: int) -> None:
            nonlocal written
            other.execute(
                "INSERT INTO shot (at, force) SELECT %s + (n/3) * interval '1 ms', n FROM generate_series(%s::int, %s::int) n",
                (start, written, written + rows - 1),
            )
            written += rows

        write(4000)
        for _ in range(2):
            process = subprocess.Popen(
                command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
            )
            assert process.stdout is not None
            assert process.stdout.readline().startswith("collecting")
            for _ in range(3):
                time.sleep(dice.uniform(0.1, 0.5))
                write(700)
            process.send_signal(signal.SIGKILL)
            process.communicate()
    last = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        values: list[object] = []
        end = time.monotonic() + 90
        while len(values) < written and time.monotonic() < end:
            time.sleep(0.3)
            with contextlib.suppress(StoreError), contextlib.closing(open_reader(tmp_path / "store")) as reader:
                values = [r.value for r in to_readings(reader.range(["M.force"], start, start + timedelta(days=1)))]
    finally:
        last.terminate()
        last.wait(60)
    assert sorted(values) == [float(number) for number in range(written)]
