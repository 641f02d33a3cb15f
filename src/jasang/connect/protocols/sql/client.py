"""SQL polling through SQLAlchemy's core and plain drivers. Needs the extra `jasang[sql]`.

New rows are found by a mark that is kept in the store itself, after the rows it stands for (`mark`); rows that are committed late
are looked for again: whole numbers that were skipped, or everything within `overlap` of a time.
"""

import asyncio
import hashlib
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from jasang.connect.contract import MARK, Begun, Inbox, Link, NoOptions, Variable, WrongField
from jasang.connect.link_words import about, failed
from jasang.connect.protocols.sql.mark import Mark, read_mark, whole_of
from jasang.connect.protocols.sql.moments import Clock, Unsortable, clock_of
from jasang.connect.protocols.sql.options import SqlOptions
from jasang.connect.protocols.sql.rows import Layout, Place, as_it_is, numbered_anew, plain
from jasang.connect.protocols.sql.source import DRIVERS, Row, Source, engine_of, start_of
from jasang.errors import ConnectionFailed
from jasang.plant.reading import Reading, Signal
from jasang.plant.text import Text

AHEAD = timedelta(minutes=5)  # a clock this much ahead is no longer a matter of seconds
LOOK_AHEAD_EVERY = 60.0  # s between two looks for times in the future
SHOWN_IN_A_TRIAL = 20  # rows
MOST_KEPT = 500_000  # readings remembered while catching up; beyond it the last `overlap` may come twice, the same

Found = TypeVar("Found")


class Sql:
    """The protocol as the collector knows it."""

    name = "sql"
    schemes = tuple(DRIVERS)
    address_example = "temperature"
    finds_signals = True
    options = SqlOptions
    signal_options = NoOptions

    def check_address(self, address: str) -> None:
        if not address.strip():
            raise ValueError("an empty column name")

    def check(self, link: Link) -> None:
        options: SqlOptions = link.options or SqlOptions()
        _check_url(link)
        if (options.table is None) == (options.query is None):
            raise WrongField("table", "table과 query 중 하나만 적으세요", "or query is needed, one of them")
        if options.query is not None and not options.query.lstrip().lower().startswith(("select", "with")):
            raise WrongField(
                "query", "SELECT로 시작해야 합니다. 읽기만 합니다", "must begin with SELECT: it only reads"
            )
        if options.time is None and options.mark is None:
            raise WrongField("time", "시각이 든 열을 적으세요", "is needed: the column with the time of a row")
        if (options.signal_column is None) != (options.value_column is None):
            raise WrongField(
                "value_column", "signal_column과 value_column은 함께 적어야 합니다", "and signal_column belong together"
            )
        try:
            ZoneInfo(options.timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise WrongField(
                "timezone", f"{options.timezone!r} 은(는) 모르는 시간대입니다. 예: Asia/Seoul",
                f"{options.timezone!r} is no time zone; expected for example Asia/Seoul",
            ) from error  # fmt: skip
        for index, signal in enumerate(link.signals):
            if signal.deadband is not None:
                raise WrongField(
                    f"signals[{index}].deadband",
                    "모든 행을 받으므로 쓸 수 없습니다",
                    "cannot be used: every row is taken",
                )
        if any(branch.address is not None for branch in link.branches):
            raise WrongField("browse", "table이나 query로 고르세요", "cannot be used: choose by table or query")

    async def browse(self, link: Link, address: str | None = None) -> tuple[Variable, ...]:
        """The columns of every table and view, or of one, each with a value of some row."""
        source = Source(link)
        try:
            tables = await asyncio.to_thread(source.tables)
            if address is not None:
                from_names = [name for name, _ in tables]
                tables = [(name, columns) for name, columns in tables if name == address]
                if not tables:
                    raise failed(
                        link,
                        f"테이블 {address!r} 이(가) 없습니다. 있는 것: {', '.join(from_names)}",
                        f"there is no table {address!r}; there is: {', '.join(from_names)}",
                        permanent=True,
                    )
            found = []
            for name, columns in tables:
                row = await asyncio.to_thread(source.last_row, name, [column for column, _ in columns])
                found += [
                    Variable(
                        address=column,
                        path=f"{name}.{column}",
                        data_type=kind,
                        value=None if row.get(column) is None else str(plain(row[column]))[:80],
                    )
                    for column, kind in columns
                ]
            return tuple(found)
        finally:
            source.close()

    async def collect(self, link: Link, inbox: Inbox) -> None:
        source = Source(link)
        try:
            await asyncio.to_thread(source.open)
            await _Polling(link, source, inbox).run()
        finally:
            await asyncio.to_thread(source.close)


def _check_url(link: Link) -> None:
    try:
        engine_of(link)
    except ValueError as error:
        raise WrongField("url", "데이터베이스 주소가 아닙니다", "is no address of a database") from error
    except ModuleNotFoundError as error:
        raise WrongField(
            "url",
            f"이 데이터베이스에 필요한 {error.name!r} 이(가) 없습니다. pip install 'jasang[sql]' 로 설치하세요",
            f"needs {error.name!r}, which is not installed: pip install 'jasang[sql]'",
        ) from error
    place = link.url.partition("://")[2]
    if not place.strip("/") or (not link.url.startswith("sqlite") and not place.partition("/")[2]):
        raise WrongField(
            "url",
            "데이터베이스 이름까지 적으세요. 예: postgresql://192.168.0.5:5432/mes, sqlite:///mes.db",
            "must name the database, for example postgresql://192.168.0.5:5432/mes or sqlite:///mes.db",
        )


class _Polling:
    """Polls one source until it is lost; `run` never returns."""

    def __init__(self, link: Link, source: Source, inbox: Inbox) -> None:
        self._link, self._source, self._inbox = link, source, inbox
        self._options: SqlOptions = link.options or SqlOptions()
        self._layout = Layout(link, source.columns)
        self._missing = tuple(
            about(
                link,
                f"신호 {signal.name!r}: 열 {signal.address!r} 이(가) 없습니다. 있는 열: {', '.join(source.columns)}",
                f"signal {signal.name!r}: there is no column {signal.address!r}; there is: {', '.join(source.columns)}",
            )
            for signal in self._layout.missing
        )
        self._mark_signal = Signal(name=f"{link.asset}.mark_of_{link.name}", asset=link.asset, address=MARK)
        self._mark = Mark(of="")
        self._mark_text, self._mark_time = "", datetime.min.replace(tzinfo=UTC)
        self._clock: Clock | None = None  # of the mark column, where it holds times
        self._whole = False  # whether the mark column holds whole numbers
        self._kept: dict[tuple[str, datetime], Any] = {}  # what was delivered within the overlap
        self._doubts: dict[str, Text] = {}
        self._told: Begun | None = None
        self._looked_ahead = -LOOK_AHEAD_EVERY
        self._ticket = 0

    async def run(self) -> None:
        """Go on from the mark that was kept."""
        await self._resume()
        if self._link.trial:
            await self._show()
        self._tell()
        while True:
            more = await self._poll()
            if not more:
                await asyncio.sleep(self._options.poll_interval)

    async def _resume(self) -> None:
        what = [self._link.url, self._options.table, self._options.query, self._options.time, self._options.mark]
        identity = hashlib.sha256(repr(what).encode()).hexdigest()[:16]
        kept = (await self._inbox.last([self._mark_signal.name])).get(self._mark_signal.name)
        self._mark = read_mark(None if kept is None else kept.value, identity)
        if kept is not None:
            self._mark_time = kept.source_time
            self._mark_text = str(kept.value)

    async def _call(self, call: Callable[..., Found], *arguments: Any, **named: Any) -> Found:
        return await asyncio.to_thread(call, *arguments, **named)

    async def _show(self) -> None:
        """A try: the latest rows, so that a person sees what comes; nothing is marked."""
        rows = await self._call(self._source.newest, SHOWN_IN_A_TRIAL)
        self._know(rows)
        readings = self._layout.readings(rows, numbered_anew())
        self._doubt_times(readings)
        if not rows:
            self._doubts["empty"] = about(self._link, "아직 행이 없습니다", "there is no row yet")
        self._tell()
        if readings:
            self._inbox.deliver(readings)
        await asyncio.Event().wait()

    def _know(self, rows: list[Row]) -> bool:
        """Learn from some rows what kind of values the mark column holds: the first that is one decides."""
        if self._clock is not None or self._whole:
            return True
        if not rows:
            return False
        values = [row[self._source.by] for row in rows]
        # Of texts the most complete: beside 2026-05-04 10:00:01 midnight may stand as 2026-05-04 alone.
        for value in sorted(values, key=lambda one: -len(one.strip()) if isinstance(one, str) else 0):
            if self._options.mark is not None and whole_of(value) is not None:
                self._whole = True
                return True
            try:
                self._clock = clock_of(value, self._layout.zone)
                return True
            except Unsortable as error:
                raise self._unsortable(self._source.by, value) from error
            except ValueError:
                continue
        raise failed(
            self._link,
            f"열 {self._source.by!r} 의 값 {values[0]!r} 은(는) 시각도 정수도 아닙니다. 계속 커지는 번호나 시각 열을 고르세요",
            f"column {self._source.by!r} holds {values[0]!r}, neither a time nor a whole number; choose a column that only grows",
            permanent=True,
        )

    async def _poll(self) -> bool:
        """Take what is new; whether there is more at once."""
        known = self._clock is not None or self._whole
        if not known and not self._know(await self._call(self._source.some_rows)):
            return False
        return await (self._poll_numbers() if self._whole else self._poll_times())

    async def _poll_numbers(self) -> bool:
        start = None if self._mark.high is not None else await self._start()
        found, more = await self._call(self._source.after, self._mark.high, start=start)
        now = time.time()
        if self._mark.missing and not more:
            low, high = min(self._mark.missing), max(self._mark.missing)
            again = await self._call(self._source.between, low, high, low_belongs=True)
            found = [row for row in again if whole_of(row[self._source.by]) in self._mark.missing] + found
        rows = [row for row in found if whole_of(row[self._source.by]) is not None]
        odd = [row[self._source.by] for row in found if whole_of(row[self._source.by]) is None]
        if odd:
            self._doubts["unmarked"] = about(
                self._link,
                f"열 {self._source.by!r} 의 값이 정수가 아닌 행을 뺐습니다. 예: {odd[0]!r}",
                f"rows are left out whose column {self._source.by!r} holds no whole number, for example {odd[0]!r}",
            )
        self._mark.passed([int(row[self._source.by]) for row in rows], now, self._options.overlap)
        await self._hand_over(self._layout.readings(rows, self._mark.own_time))
        return more and bool(rows)

    async def _poll_times(self) -> bool:
        clock = self._clock
        if clock is None:
            return False
        now = datetime.now(UTC)
        high = None if self._mark.high is None else clock.maybe(self._mark.high)
        start = (
            clock.write(start_of(self._options, clock.zone) or now) if high is None and self._options.start else None
        )
        # Rows of the future wait for their time: they must not carry the mark past all rows of the present.
        rows, more = await self._call(self._source.after, self._mark.high, start=start, until=clock.write(now + AHEAD))
        place: Place = numbered_anew() if self._options.mark in (None, self._options.time) else as_it_is
        window: list[Row] = []
        if high is not None and not more:
            low = clock.write(high - timedelta(seconds=self._options.overlap))
            window = await self._call(self._source.between, low, self._mark.high, low_belongs=True)
        if rows:
            self._mark.high = rows[-1][self._source.by]
        readings = self._layout.readings(_in_order(window + rows, self._source.by), place)
        fresh = [r for r in readings if self._kept.get((r.signal, r.source_time), _NOTHING) != r.value]
        kept = {(r.signal, r.source_time): r.value for r in readings}
        if more and len(self._kept) < MOST_KEPT:
            self._kept |= kept
        else:  # the window is read again in a whole: what lies outside of it does not come again
            self._kept = kept
        if not more:
            await self._look_ahead(clock, now)
        await self._hand_over(fresh)
        return more

    async def _start(self) -> Any:
        """Where the first poll by number begins, as the time column would write it."""
        moment = start_of(self._options, self._layout.zone)
        if moment is None or self._options.time is None:
            return None
        for row in await self._call(self._source.some_rows):
            try:
                return clock_of(row[self._options.time], self._layout.zone).write(moment)
            except Unsortable as error:
                raise self._unsortable(self._options.time, row[self._options.time]) from error
            except ValueError:
                continue
        return None

    def _unsortable(self, column: str, value: Any) -> ConnectionFailed:
        return failed(
            self._link,
            f"열 {column!r} 의 시각 {value!r} 은(는) 글자 순서가 시간 순서와 달라 비교할 수 없습니다."
            " 계속 커지는 번호 열을 mark에 적고, start는 쓰지 마세요",
            f"column {column!r} holds {value!r}, a time whose text does not sort as times follow;"
            " name a column of numbers that only grow in mark, and leave start out",
            permanent=True,
        )

    async def _hand_over(self, readings: list[Reading]) -> None:
        self._doubt_times(readings)
        self._tell()
        if readings:
            self._inbox.deliver(readings)
        text = self._mark.text()
        if text == self._mark_text:
            return
        self._mark_text = text
        now = datetime.now(UTC)
        # A clock set back must not make an older mark look like the latest.
        self._mark_time = max(now, self._mark_time + timedelta(microseconds=1))
        mark = Reading(signal=self._mark_signal.name, source_time=self._mark_time, receive_time=now, value=text)
        ticket = self._inbox.deliver([mark])
        # One batch is on its way while the next is read; never more, so that a long past does not fill the memory.
        await self._inbox.kept(self._ticket)
        self._ticket = ticket

    async def _look_ahead(self, clock: Clock, now: datetime) -> None:
        if time.monotonic() - self._looked_ahead < LOOK_AHEAD_EVERY:
            return
        self._looked_ahead = time.monotonic()
        newest = await self._call(self._source.newest, 1)
        latest = clock.maybe(newest[0][self._source.by]) if newest else None
        if latest is not None:
            self._doubt_moment(latest, now)

    def _doubt_times(self, readings: list[Reading]) -> None:
        now = datetime.now(UTC)
        if readings and self._options.time is not None and (self._whole or self._link.trial):
            self._doubt_moment(max(reading.source_time for reading in readings), now)
        if self._layout.bad_times:
            bad = self._layout.bad_times
            self._doubts["unreadable"] = about(
                self._link,
                f"시각을 읽을 수 없는 행 {len(bad)}개를 뺐습니다. 예: {bad[0]!r}",
                f"{len(bad)} rows are left out whose time cannot be read, for example {bad[0]!r}",
            )

    def _doubt_moment(self, latest: datetime, now: datetime) -> None:
        zone = self._layout.zone
        offset = now.astimezone(zone).utcoffset() or timedelta()
        ahead = latest - now
        self._doubts.pop("ahead", None)
        if ahead > AHEAD:
            self._doubts["ahead"] = about(
                self._link,
                f"가장 새 행의 시각이 {_span(ahead, 'ko')} 앞섭니다({latest.astimezone(zone):%Y-%m-%d %H:%M}, {zone.key})."
                " 데이터베이스나 기계의 시계, timezone을 확인하세요. 앞선 행은 그 시각이 되면 받습니다",
                f"the newest row is {_span(ahead, 'en')} ahead of now ({latest.astimezone(zone):%Y-%m-%d %H:%M}, {zone.key});"
                " check the clock of the database or machine and timezone. Rows found by time wait until their time comes",
            )
        elif abs(abs(ahead) - abs(offset)) <= AHEAD and abs(offset) > AHEAD and ahead < timedelta():
            self._doubts["ahead"] = about(
                self._link,
                f"가장 새 행이 {_span(-ahead, 'ko')} 전입니다. 시각이 {zone.key}이 아니라 UTC일 수 있습니다(timezone)",
                f"the newest row is {_span(-ahead, 'en')} old; are its times in UTC and not in {zone.key} (timezone)?",
            )

    def _tell(self) -> None:
        begun = Begun(
            signals=(*self._layout.signals.values(), self._mark_signal),
            missing=self._missing,
            doubts=tuple(self._doubts.values()),
        )
        if begun != self._told:
            self._told = begun
            self._inbox.begun(begun)


_NOTHING = object()


def _in_order(rows: list[Row], by: str) -> list[Row]:
    """Rows of one mark in an order that does not depend on how the database found them."""
    # A column of SQLite may hold texts and numbers, and a time that Python has none for is a text.
    return sorted(rows, key=lambda row: (isinstance(row[by], str), row[by], repr(row)))


def _span(span: timedelta, language: str) -> str:
    minutes = span.total_seconds() / 60.0
    if minutes >= 90.0:
        return f"{minutes / 60.0:.1f}" + ("시간" if language == "ko" else " h")
    return f"{minutes:.0f}" + ("분" if language == "ko" else " min")
