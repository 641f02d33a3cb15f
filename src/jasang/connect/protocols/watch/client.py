"""A watched folder: new and grown CSV, Excel and Parquet files, read by the same readers that `jasang diagnose` uses.

Nothing in the folder is moved, renamed or written. A file is read when it has come to rest, a grown one from its first new row.
"""

import asyncio
import re
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import unquote
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from jasang.connect.contract import MARK, Begun, Inbox, Link, NoOptions, Variable, WrongField
from jasang.connect.link_words import about, failed
from jasang.connect.protocols.files.folder import not_a_table, read_file
from jasang.connect.protocols.watch.mark import Files, Seen, ends_open, head_of, read_files
from jasang.connect.protocols.watch.options import FolderOptions
from jasang.connect.protocols.watch.rows import Layout, Unsuitable
from jasang.errors import UnreadableInput
from jasang.plant.reading import Reading, Signal
from jasang.plant.text import Text, silent

MARK_EVERY = 30.0  # s; after a kill, files of so long are read again, with the same readings
PATIENCE = 60.0  # s: a file that cannot be read may still be being written
MOST_FILES = 200_000
MOST_TOLD = 20  # files named one by one
SHOWN_IN_A_TRIAL = 200  # readings
_TEXT = (".csv", ".tsv", ".tab", ".txt", ".dat", ".log", ".asc", ".prn")


class Folder:
    """The protocol as the collector knows it."""

    name = "folder"
    schemes = ("file",)
    address_example = "temperature"
    finds_signals = True
    options = FolderOptions
    signal_options = NoOptions

    def check_address(self, address: str) -> None:
        if not address.strip():
            raise ValueError("an empty column name")

    def check(self, link: Link) -> None:
        options: FolderOptions = link.options or FolderOptions()
        if not link.url.removeprefix("file:").strip("/"):
            raise WrongField(
                "url", "file:///data/export 처럼 폴더를 적으세요", "must name a folder, like file:///data/export"
            )
        if (options.signal_column is None) != (options.value_column is None):
            raise WrongField(
                "value_column", "signal_column과 value_column은 함께 적어야 합니다", "and signal_column belong together"
            )
        if options.pattern.startswith(("/", "..")) or "/../" in options.pattern:
            raise WrongField(
                "pattern", "폴더 안의 모양이어야 합니다. 예: *.csv", "must stay within the folder, for example *.csv"
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
                    f"signals[{index}].deadband", "모든 행을 받습니다", "cannot be used: every row is taken"
                )
        if any(branch.address is not None for branch in link.branches):
            raise WrongField("browse", "파일은 pattern으로 고르세요", "cannot be used: choose files by pattern")

    async def browse(self, link: Link, address: str | None = None) -> tuple[Variable, ...]:
        """The columns of each file that holds a table (of the file `address`), with their first value."""
        return await asyncio.to_thread(_columns_of_files, link, address)

    async def collect(self, link: Link, inbox: Inbox) -> None:
        await _Watching(link, inbox).run()


def folder_of(link: Link) -> Path:
    """The folder of a url; relative ones lie beside collect.toml."""
    plain = unquote(link.url.removeprefix("file:").removeprefix("//"))
    if re.match(r"/[A-Za-z]:", plain):
        plain = plain[1:]
    return link.folder / plain


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    name: str
    path: Path
    size: int
    changed: int  # ns


def _look(link: Link) -> list[_Found]:
    """The files that fit the pattern, the oldest first; raises `ConnectionFailed` where there is no folder."""
    options: FolderOptions = link.options or FolderOptions()
    folder = folder_of(link)
    if not folder.is_dir():
        raise failed(
            link,
            f"폴더 {folder} 이(가) 없습니다. 경로를 확인하세요(네트워크 폴더라면 연결되어 있는지도)",
            f"there is no folder {folder}; is the path right, a network folder connected?",
        )
    found = []
    try:
        for path in folder.glob(options.pattern):
            name = path.relative_to(folder).as_posix()
            if any(part.startswith(".") for part in name.split("/")) or not path.is_file():
                continue
            stat = path.stat()
            found.append(_Found(name=name, path=path, size=stat.st_size, changed=stat.st_mtime_ns))
            if len(found) > MOST_FILES:
                raise failed(
                    link,
                    f"폴더에 파일이 {MOST_FILES}개를 넘습니다. pattern으로 줄이세요",
                    f"the folder has more than {MOST_FILES} files; take fewer by pattern",
                )
    except OSError as error:
        raise failed(
            link, f"폴더 {folder} 을(를) 볼 수 없습니다({error})", f"cannot look into {folder} ({error})"
        ) from error
    return sorted(found, key=lambda one: (one.changed, one.name))


def _columns_of_files(link: Link, address: str | None) -> tuple[Variable, ...]:
    there = _look(link)
    if address is None:
        return tuple(variable for file in there for variable in _columns_where_readable(link, file))
    named = next((file for file in there if file.name == address), None)
    if named is None:
        others = ", ".join(file.name for file in there[:5]) or "-"
        raise failed(
            link,
            f"파일 {address}이(가) 없습니다(있는 것: {others})",
            f"there is no file {address} (there is: {others})",
        )
    why = not_a_table(named.path)
    if why is not None:
        raise failed(link, f"파일 {address}: {why.ko}", f"file {address}: {why.en}")
    try:
        return tuple(_columns(link, named))
    except UnreadableInput as error:
        raise failed(link, error.ko, error.en) from error


def _columns_where_readable(link: Link, file: _Found) -> list[Variable]:
    try:
        return [] if not_a_table(file.path) is not None else _columns(link, file)
    except UnreadableInput:
        return []


def _columns(link: Link, file: _Found) -> list[Variable]:
    """The columns of one file with their first value; raises `UnreadableInput`."""
    options: FolderOptions = link.options or FolderOptions()
    found = []
    with tempfile.TemporaryDirectory(prefix="jasang-") as temporary:
        tables, _ = read_file(file.path, file.name, Path(temporary), options.timezone, silent, fewest=1)
        for table in tables:
            first = table.sample(3)
            found += [
                Variable(
                    address=column,
                    path=f"{table.file}.{column}",
                    data_type=first.schema[column].base_type().__name__,
                    unit=table.units.get(column),
                    value=None if first.height == 0 or first[column][0] is None else str(first[column][0])[:80],
                )
                for column in table.columns
            ]
    return found


class _Watching:
    """Watches one folder until it is gone; `run` never returns."""

    def __init__(self, link: Link, inbox: Inbox) -> None:
        self._link, self._inbox = link, inbox
        self._options: FolderOptions = link.options or FolderOptions()
        self._layout = Layout(link)
        self._mark = Signal(name=f"{link.asset}.mark_of_{link.name}", asset=link.asset, address=MARK)
        self._mark_time, self._marked, self._dirty = datetime.min.replace(tzinfo=UTC), -MARK_EVERY, False
        self._files = Files()
        self._sizes: dict[str, tuple[int, int]] = {}  # as they were at the last look
        self._refused: dict[str, tuple[int, int, Text]] = {}  # size, time and why
        self._not_before: dict[str, float] = {}  # a big file that grows all the time is not read all the time
        self._told: Begun | None = None
        self._ticket = 0
        self._none_yet = False

    async def run(self) -> None:
        """Look again and again."""
        kept = (await self._inbox.last([self._mark.name])).get(self._mark.name)
        if kept is not None:
            self._mark_time = kept.source_time
            self._files = read_files(kept.value)
        first = True
        while True:
            there = await asyncio.to_thread(_look, self._link)
            if self._link.trial:
                await self._show(there)
            if first:
                self._tell()
                first = False
            for file in there:
                if self._ready(file):
                    await self._take(file)
            self._sizes = {file.name: (file.size, file.changed) for file in there}
            self._refused = {name: why for name, why in self._refused.items() if name in self._sizes}
            self._tell()
            self._keep_mark(self._sizes)
            await asyncio.sleep(self._options.poll_interval)

    def _ready(self, file: _Found) -> bool:
        """Whether the file is new or grown and has come to rest."""
        if self._files.knows(file.name, file.size, file.changed):
            return False
        if self._refused.get(file.name, (0, 0))[:2] == (file.size, file.changed):
            return False
        if self._not_before.get(file.name, 0.0) > time.monotonic():
            return False
        at_rest = time.time() - file.changed / 1e9 >= self._options.settle
        # A clock of a network drive may be wrong: unchanged between two looks counts as well.
        unchanged = self._sizes.get(file.name) == (file.size, file.changed)
        return at_rest or (unchanged and self._options.poll_interval >= self._options.settle)

    async def _take(self, file: _Found) -> None:
        reason = not_a_table(file.path)
        if reason is not None:
            self._refuse(file, reason)
            return
        begun = time.monotonic()
        try:
            rows = await self._deliver(file, self._first_row(file))
            seen = Seen(
                size=file.size,
                changed=file.changed,
                rows=rows,
                head=head_of(file.path, file.size),
                open_end=file.path.suffix.lower() in _TEXT and ends_open(file.path),
            )
        except (UnreadableInput, Unsuitable, OSError) as error:
            self._could_not(file, error)
            return
        self._not_before[file.name] = time.monotonic() + 20.0 * (time.monotonic() - begun)
        self._files.open[file.name] = seen
        self._refused.pop(file.name, None)
        self._dirty = True

    def _first_row(self, file: _Found) -> int:
        """The first row that was not read before: 0 unless the file is one that only grew."""
        seen = self._files.open.get(file.name)
        if seen is None or file.size < seen.size or head_of(file.path, seen.size) != seen.head:
            return 0
        return max(seen.rows - seen.open_end, 0)  # half a line that was whole later is read again

    async def _deliver(self, file: _Found, first: int) -> int:
        """Deliver the rows of a file from `first` on; how many rows it has."""
        zone = self._options.timezone
        with tempfile.TemporaryDirectory(prefix="jasang-") as temporary:
            tables, _ = await asyncio.to_thread(
                read_file, file.path, file.name, Path(temporary), zone, silent, fewest=1
            )
            for table in tables:
                # Sheets have no order in which they grow: all of them again, which changes nothing.
                pieces = self._layout.readings(table, first if len(tables) == 1 else 0)
                while (readings := await asyncio.to_thread(next, pieces, None)) is not None:
                    self._tell()
                    ticket = self._inbox.deliver(readings)
                    # One piece is on its way while the next is made; a big file does not fill the memory.
                    await self._inbox.kept(self._ticket)
                    self._ticket = ticket
        return sum(table.rows for table in tables)

    def _could_not(self, file: _Found, error: Exception) -> None:
        if isinstance(error, Unsuitable):
            self._refuse(file, error.text)
        elif time.time() - file.changed / 1e9 >= PATIENCE:
            if isinstance(error, UnreadableInput):
                self._refuse(file, Text(ko=error.ko, en=error.en))
            else:
                self._refuse(file, Text(ko=f"읽을 수 없습니다({error})", en=f"cannot be read ({error})"))

    def _refuse(self, file: _Found, why: Text) -> None:
        self._refused[file.name] = (file.size, file.changed, why)

    def _keep_mark(self, there: dict[str, tuple[int, int]]) -> None:
        if not self._dirty or time.monotonic() - self._marked < MARK_EVERY:
            return
        self._marked, self._dirty = time.monotonic(), False
        now = datetime.now(UTC)
        self._mark_time = max(now, self._mark_time + timedelta(microseconds=1))
        text = self._files.text(there, now.timestamp())
        self._inbox.deliver(
            [Reading(signal=self._mark.name, source_time=self._mark_time, receive_time=now, value=text)]
        )

    async def _show(self, there: list[_Found]) -> None:
        """A try: the last rows of the newest file that can be read; nothing is marked."""
        self._none_yet = not there
        for file in reversed(there):
            reason = not_a_table(file.path)
            if reason is not None:
                self._refuse(file, reason)
                continue
            try:
                readings = await asyncio.to_thread(self._last_of, file)
            except (UnreadableInput, Unsuitable, OSError) as error:
                self._could_not(file, error)
                continue
            self._tell()
            if readings:
                self._inbox.deliver(readings)
            break
        self._tell()
        await asyncio.Event().wait()

    def _last_of(self, file: _Found) -> list[Reading]:
        with tempfile.TemporaryDirectory(prefix="jasang-") as temporary:
            tables, _ = read_file(file.path, file.name, Path(temporary), self._options.timezone, silent, fewest=1)
            found: list[Reading] = []
            for table in tables:
                for piece in self._layout.readings(table, max(table.rows - 20, 0)):
                    found += piece
        return found[-SHOWN_IN_A_TRIAL:]

    def _tell(self) -> None:
        doubts = [
            about(self._link, f"파일 {name}을(를) 읽지 않았습니다: {why.ko}", f"file {name} is not read: {why.en}")
            for name, (_, _, why) in list(self._refused.items())[:MOST_TOLD]
        ]
        more = len(self._refused) - MOST_TOLD
        if more > 0:
            doubts.append(
                about(self._link, f"읽지 않은 파일이 {more}개 더 있습니다", f"{more} more files are not read")
            )
        if self._none_yet:
            doubts.append(about(self._link, "아직 맞는 파일이 없습니다", "no file fits yet"))
        begun = Begun(signals=(*self._layout.signals.values(), self._mark), doubts=tuple(doubts))
        if begun != self._told:
            self._told = begun
            self._inbox.begun(begun)
