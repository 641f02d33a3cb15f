"""The tables of a folder a schedule is made from: found by their names, columns by theirs, cells with exact complaints.

Korean and English names are taken alike; docs/schedule-folder.md lists them.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from jasang.errors import UnreadableInput
from jasang.mentor.schedule_sheets import Sheet
from jasang.mentor.wording import typed_number

# What a table is called (file or sheet name without ending), and what its columns may be called.
TABLE_NAMES: Mapping[str, tuple[str, ...]] = {
    "orders": ("orders", "주문", "수주", "생산지시", "작업지시"),
    "routings": ("routings", "routing", "공정", "라우팅", "공정순서"),
    "machines": ("machines", "설비", "기계"),
    "shifts": ("shifts", "근무", "근무시간", "교대"),
    "downtime": ("downtime", "정비", "정지계획", "휴무", "계획정지"),
    "setups": ("setups", "changeovers", "교체", "교체시간", "준비교체"),
    "moulds": ("moulds", "molds", "tools", "금형", "치공구"),
    "operators": ("operators", "people", "작업자", "인원"),
    "locks": ("locks", "고정", "잠금"),
    "actual": ("actual", "실적", "작업실적"),
    "states": ("states", "설비상태", "상태기록"),
}
COLUMN_NAMES: Mapping[str, tuple[str, ...]] = {
    "order": ("order", "orderno", "주문", "주문번호", "수주번호", "작업지시번호"),
    "product": ("product", "item", "제품", "품목", "품번"),
    "quantity": ("quantity", "qty", "수량"),
    "release": ("release", "착수가능", "착수가능일", "자재입고", "자재입고일"),
    "due": ("due", "duedate", "납기", "납기일"),
    "hard": ("hard", "납기필수", "필수"),
    "weight": ("weight", "priority", "중요도", "가중치"),
    "lot": ("lot", "lotsize", "로트", "로트크기", "분할수량"),
    "promised": ("promised", "약속"),
    "step": ("step", "공정순서", "순서", "순번"),
    "operation": ("operation", "공정", "공정명"),
    "machine": ("machine", "설비", "설비명", "기계"),
    "minutes": ("minutes", "분", "교체분", "교체시간분"),
    "minutes_per_piece": ("minutesperpiece", "개당분", "개당시간분"),
    "seconds_per_piece": ("secondsperpiece", "개당초", "사이클초", "사이클타임"),
    "fixed_minutes": ("fixedminutes", "고정분", "기본분"),
    "family": ("family", "계열", "제품군", "현재계열", "현재제품"),
    "lag": ("lag", "lagminutes", "대기분", "운반분", "냉각분"),
    "interruptible": ("interruptible", "중단가능", "끊김가능"),
    "mould": ("mould", "mold", "tool", "금형", "치공구"),
    "operators": ("operators", "작업조", "작업자"),
    "people": ("people", "인원", "필요인원"),
    "free_from": ("freefrom", "사용가능", "사용가능시각"),
    "count": ("count", "개수", "보유수", "인원", "인원수"),
    "days": ("days", "요일"),
    "start": ("start", "시작", "시작시각", "시작시간"),
    "end": ("end", "종료", "끝", "종료시각", "종료시간"),
    "breaks": ("breaks", "휴식", "쉬는시간"),
    "name": ("name", "대상", "이름"),
    "reason": ("reason", "사유", "이유"),
    "before": ("from", "before", "이전", "전", "전제품", "이전계열"),
    "after": ("to", "after", "다음", "후", "후제품", "다음계열"),
    "state": ("state", "상태"),
}
_TRUE, _FALSE = (
    ("1", "true", "yes", "y", "예", "o", "필수", "가능"),
    ("0", "false", "no", "n", "아니오", "아니요", "x", "불가"),
)


def plain(name: str) -> str:
    """A name without case, blanks, marks and what stands in brackets."""
    return re.sub(r"[\s_\-./]+", "", re.sub(r"[(\[（].*?[)\]）]", "", name)).lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One cell, with its place for complaints."""

    place_ko: str
    place_en: str
    value: object
    zone: ZoneInfo

    def wrong(self, ko: str, en: str) -> UnreadableInput:
        """The complaint that something else was expected here."""
        return UnreadableInput(
            ko=f"{self.place_ko}: '{self.value}'입니다. {ko}이(가) 있어야 합니다.",
            en=f"{self.place_en}: found {self.value!r}, expected {en}.",
        )

    @property
    def empty(self) -> bool:
        """Whether nothing is there."""
        return self.value is None or (isinstance(self.value, str) and not self.value.strip())

    def text(self) -> str:
        """As a name; a whole number without its decimals."""
        value = self.value
        if isinstance(value, float) and value.is_integer():
            return str(int(value))
        return "" if value is None else str(value).strip()

    def number(self, *, least: float, what_ko: str, what_en: str) -> float:
        """A number of at least `least`."""
        try:
            found = typed_number(str(self.value))
        except ValueError:
            raise self.wrong(what_ko, what_en) from None
        if not least <= found < float("inf"):
            raise self.wrong(what_ko, what_en)
        return found

    def yes(self, *, default: bool) -> bool:
        """Yes or no."""
        if self.empty:
            return default
        word = self.text().lower()
        if word in _TRUE:
            return True
        if word in _FALSE:
            return False
        raise self.wrong("예/아니오(y/n)", "yes or no")

    def moment(self, *, at: time = time(0)) -> datetime:
        """A moment; a mere day means `at` on it. A time without zone is one of the factory's clock."""
        value = self.value
        if isinstance(value, str):
            value = parsed_moment(value, self.zone, at=at)
            if value is None:
                raise self.wrong(
                    "날짜나 시각(예: 2026-10-01 또는 2026-10-01 08:00)", "a date or time, as in 2026-10-01 08:00"
                )
        elif isinstance(value, datetime):
            value = value if value.tzinfo else value.replace(tzinfo=self.zone)
            local = value.astimezone(self.zone)
            # A column of mere days comes as midnights.
            if at != time(0) and local.time() == time(0):
                value = _on_day(local.date(), at, self.zone)
        elif isinstance(value, date):
            value = _on_day(value, at, self.zone)
        else:
            raise self.wrong("날짜나 시각(예: 2026-10-01 08:00)", "a date or time, as in 2026-10-01 08:00")
        return value

    def clock(self) -> time:
        """A time of day."""
        value = self.value
        if isinstance(value, time):
            return value
        found = re.fullmatch(r"\s*(\d{1,2}):(\d{2})(:\d{2})?\s*", str(value))
        if found is None or int(found[1]) > 24 or int(found[2]) > 59:
            raise self.wrong("시각(예: 08:30)", "a time of day, as in 08:30")
        return time(int(found[1]) % 24, int(found[2]))


# 2026-10-1, 2026. 10. 1., 2026/10/01 8:05, 2026년 10월 1일 오후 1:30; 24:00 is the end of the day.
_TYPED = re.compile(
    r"(?P<year>\d{4})\s*[-./년]\s*(?P<month>\d{1,2})\s*[-./월]\s*(?P<day>\d{1,2})\s*[.일]?"
    r"(?:[\sT]+(?P<half>오전|오후|AM|PM|am|pm)?\s*(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:\.\d+)?)?)?"
)


def _on_day(day: date, at: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, at, zone)


def parsed_moment(text: str, zone: ZoneInfo, *, at: time = time(0)) -> datetime | None:
    """A day or moment as people type it; `None` where it is none."""
    typed = _TYPED.fullmatch(re.sub(r"^(\d{4})(\d{2})(\d{2})$", r"\1-\2-\3", text.strip()))
    try:
        if typed is None:
            found = datetime.fromisoformat(text.strip())
            return found if found.tzinfo else found.replace(tzinfo=zone)
        day = date(int(typed["year"]), int(typed["month"]), int(typed["day"]))
        if typed["hour"] is None:
            return _on_day(day, at, zone)
        hour, half = int(typed["hour"]), typed["half"]
        if half is not None:
            if not 1 <= hour <= 12:
                return None
            hour = hour % 12 + (12 if half in ("오후", "PM", "pm") else 0)
        midnight = hour == 24 and not int(typed["minute"])
        clock = time(0 if midnight else hour, int(typed["minute"]), int(typed["second"] or 0))
        return _on_day(day, clock, zone) + timedelta(days=midnight)
    except ValueError:
        return None


class ScheduleTable:
    """One table by the columns it is known to have."""

    def __init__(self, source: Sheet, kind: str, zone: ZoneInfo) -> None:
        self.source, self.kind, self._zone = source, kind, zone
        self._columns: dict[str, int] = {}
        for place, column in enumerate(source.columns):
            for key in (key for key, names in COLUMN_NAMES.items() if plain(column) in names):
                self._columns.setdefault(key, place)

    def has(self, key: str) -> bool:
        """Whether there is such a column."""
        return key in self._columns

    def need(self, *keys: str) -> None:
        """Refuse the table where one of these columns is missing."""
        for key in keys:
            if key not in self._columns:
                names = ", ".join(COLUMN_NAMES[key][:4])
                there = ", ".join(self.source.columns)
                raise UnreadableInput(
                    ko=f"{self.source.file}: '{COLUMN_NAMES[key][-1]}' 항목이 없습니다. 쓸 이름: {names}. 있는 항목: {there}",
                    en=f"{self.source.file}: there is no column {key!r}. Expected one of: {names}. Columns there: {there}",
                )

    def cell(self, row: int, key: str) -> Cell:
        """The cell; empty where there is no such column."""
        column = self._columns.get(key)
        line = self.source.lines[row]
        name = key if column is None else self.source.columns[column]
        return Cell(
            place_ko=f"{self.source.file} {line}행 '{name}'",
            place_en=f"{self.source.file} row {line}, column {name!r}",
            value=None if column is None else self.source.cells[row][column],
            zone=self._zone,
        )

    def once(self, key: str, kind_ko: str, kind_en: str) -> None:
        """Refuse a name that stands in two rows: one of them would silently be left out."""
        seen: dict[str, int] = {}
        for row in self.rows():
            cell = self.cell(row, key)
            if not cell.empty and cell.text() in seen:
                line = self.source.lines[seen[cell.text()]]
                raise cell.wrong(
                    f"표에 한 번만 나오는 {kind_ko}({line}행에 이미 있습니다)",
                    f"{kind_en} that is there once (row {line} has it, too)",
                )
            seen[cell.text()] = row

    def rows(self) -> Iterator[int]:
        """The rows, from 0."""
        return iter(range(len(self.source.cells)))


def schedule_tables(sheets: tuple[Sheet, ...], zone: ZoneInfo) -> dict[str, ScheduleTable]:
    """The tables by kind.

    Raises
    ------
    UnreadableInput
        Two tables of one kind.
    """
    found: dict[str, ScheduleTable] = {}
    for source in sheets:
        for kind, names in TABLE_NAMES.items():
            if plain(source.name) in names:
                if kind in found:
                    raise UnreadableInput(
                        ko=f"{source.file}와(과) {found[kind].source.file}이(가) 모두 {kind} 표입니다. 하나만 두세요.",
                        en=f"{source.file} and {found[kind].source.file} are both the table {kind!r}; expected one.",
                    )
                found[kind] = ScheduleTable(source, kind, zone)
    return found
