"""`factory.toml`: what a factory says about itself, its costs, its tables and its columns. Format: docs/factory-folder.md.

Reading is strict: whatever does not belong, or cannot be, is a `ConfigurationError` that names the place, what was found and what
was expected. Writing gives a file that reading takes back.
"""

import difflib
import json
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal, Protocol
from zoneinfo import available_timezones

import polars as pl
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import PydanticCustomError

from jasang.connect.calendar_toml import CalendarPart, calendar_lines, calendar_of
from jasang.connect.energy_toml import EnergyPart, energy_lines, energy_of
from jasang.connect.toml_complaints import complaint
from jasang.errors import ConfigurationError
from jasang.plant.factory import Column, Costs, Factory, Kind, Role, Table

REGIONS = (
    "서울", "부산", "대구", "인천", "광주", "대전", "울산", "세종", "경기",
    "강원", "충북", "충남", "전북", "전남", "경북", "경남", "제주",
)  # fmt: skip
_LONG_REGIONS = {
    "충청북도": "충북", "충청남도": "충남", "전라북도": "전북", "전북특별자치도": "전북", "전라남도": "전남",
    "경상북도": "경북", "경상남도": "경남",
}  # fmt: skip
_LONG_ENDING = re.compile(r"(?:특별시|광역시|특별자치시|특별자치도|도)$")
_COLUMN_KEYS = ("time", "date", "asset_column", "product_column", "start", "end", "state_column", "reason_column",
                "signal_column", "value_column")  # fmt: skip


def _wrong(found: object, expected_ko: str, expected_en: str) -> PydanticCustomError:
    return PydanticCustomError(
        "jasang", "{found}", {"found": repr(found), "expected_ko": expected_ko, "expected_en": expected_en}
    )


def short_region(name: str) -> str:
    """The short name of a region that is told by its long one (광주광역시 → 광주); any other name as it is."""
    short = _LONG_REGIONS.get(name, _LONG_ENDING.sub("", name))
    return short if short in REGIONS else name


def _region(name: str) -> str:
    short = short_region(name)
    if short not in REGIONS:
        raise _wrong(
            name, f"17개 시·도 가운데 하나({', '.join(REGIONS)})", f"one of the 17 regions ({', '.join(REGIONS)})"
        )
    return short


def _industry(code: str) -> str:
    if not re.fullmatch(r"[A-U]\d{0,5}", code):
        raise _wrong(code, "한국표준산업분류(KSIC) 코드(예: C29294)", 'a KSIC code, for example "C29294"')
    return code


def _timezone(name: str) -> str:
    if name not in available_timezones():
        near = difflib.get_close_matches(name, sorted(available_timezones()), n=3, cutoff=0.8) or ["Asia/Seoul", "UTC"]
        shown = ", ".join(near)
        raise _wrong(name, f"시간대 이름(예: {shown})", f"a time zone's name, for example {shown}")
    return name


def _currency(code: str) -> str:
    if not re.fullmatch(r"[A-Z]{3}", code):
        raise _wrong(code, "통화 기호 세 글자(예: KRW)", 'a currency of three capital letters, for example "KRW"')
    return code


def _raw_text(value: object) -> object:
    """A raw value of a defect column as the labels of a table print it: `1`, `1.0`, `"1"` and `true` are all welcome."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return f"{value:g}"
    return value.strip().lower() if isinstance(value, str) else value


Money = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Limit = Annotated[float, Field(allow_inf_nan=False)]
Name = Annotated[str, Field(min_length=1)]
Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _FactoryPart(_Strict):
    name: Name | None = None
    region: Annotated[str, AfterValidator(_region)] | None = None
    industry: Annotated[str, AfterValidator(_industry)] | None = None
    timezone: Annotated[str, AfterValidator(_timezone)] = "Asia/Seoul"
    currency: Annotated[str, AfterValidator(_currency)] = "KRW"


class _CostsPart(_Strict):
    defect: Money | None = None
    machine_hour: Money | None = None
    energy_kwh: Money | None = None


class _ColumnPart(_Strict):
    role: Annotated[Role, Field(strict=False)]
    unit: Name | None = None
    lower: Limit | None = None
    upper: Limit | None = None
    target: Limit | None = None
    bad: list[Annotated[str, BeforeValidator(_raw_text)]] = []


class _TablePart(_Strict):
    file: Name
    kind: Annotated[Kind, Field(strict=False)]
    time: Name | None = None
    date: Name | None = None
    time_order: Literal["rising", "any"] | None = None
    asset: Name | None = None
    asset_column: Name | None = None
    product_column: Name | None = None
    start: Name | None = None
    end: Name | None = None
    state_column: Name | None = None
    reason_column: Name | None = None
    signal_column: Name | None = None
    value_column: Name | None = None
    ideal_cycle_s: Seconds | None = None
    columns: dict[str, _ColumnPart] = {}


class _ProductPart(_Strict):
    ideal_cycle_s: Seconds


class _File(_Strict):
    factory: _FactoryPart = _FactoryPart()
    costs: _CostsPart = _CostsPart()
    energy: EnergyPart | None = None
    calendar: CalendarPart | None = None
    products: dict[str, _ProductPart] = {}
    tables: list[_TablePart] = []
    columns: dict[str, _ColumnPart] = {}


def read_factory_toml(path: Path) -> Factory:
    """The factory that `factory.toml` describes; `stated_columns` holds its `[columns.*]`, each table its own columns.

    Raises
    ------
    ConfigurationError
        The file is no TOML, or something in it does not belong or cannot be: the message names the place, what was found and
        what was expected.
    """
    raw = _parsed(path)
    try:
        read = _File.model_validate(raw)
    except ValidationError as error:
        raise complaint(path.name, error.errors(), raw) from None
    columns = {name: _column(path.name, f"columns.{name}", name, part) for name, part in read.columns.items()}
    tables = tuple(_table(path.name, part) for part in read.tables)
    _no_duplicates(path.name, tables)
    return Factory(
        name=read.factory.name or path.resolve().parent.name,
        region=read.factory.region,
        industry=read.factory.industry,
        timezone=read.factory.timezone,
        currency=read.factory.currency,
        costs=Costs(**read.costs.model_dump()),
        tables=tables,
        stated_columns=MappingProxyType(columns),
        energy=energy_of(path.name, read.energy, read.factory.currency),
        calendar=calendar_of(path.name, read.calendar),
        ideal_cycles_s=MappingProxyType({name: part.ideal_cycle_s for name, part in read.products.items()}),
    )


def _parsed(path: Path) -> dict[str, Any]:
    try:
        text = path.read_bytes().decode("utf-8-sig")
        return tomllib.loads(text)
    except OSError as error:
        raise ConfigurationError(
            ko=f"{path.name}을(를) 읽을 수 없습니다: {error.strerror}",
            en=f"{path.name} cannot be read: {error.strerror}",
        ) from None
    except UnicodeDecodeError as error:
        raise ConfigurationError(
            ko=f"{path.name}: {error.start}번째 바이트가 UTF-8이 아닙니다. 메모장에서 '인코딩: UTF-8'로 다시 저장하세요.",
            en=f"{path.name}: byte {error.start} is not UTF-8; save the file again as UTF-8.",
        ) from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(
            ko=f'{path.name}: TOML 형식이 아닙니다({error}). 예: name = "대한정밀"처럼 글은 따옴표로 감쌉니다.',
            en=f'{path.name} is not valid TOML: {error}. Texts stand in quotes, as in name = "Daehan".',
        ) from None


def _column(file: str, place: str, name: str, part: _ColumnPart) -> Column:
    if part.lower is not None and part.upper is not None and part.lower >= part.upper:
        raise ConfigurationError(
            ko=f"{file}: [{place}] lower {part.lower:g}이(가) upper {part.upper:g}보다 작아야 합니다.",
            en=f"{file}: [{place}] has lower {part.lower:g} and upper {part.upper:g}; lower must be below upper.",
        )
    if part.bad and part.role is not Role.DEFECT:
        raise ConfigurationError(
            ko=f'{file}: [{place}] bad는 role = "defect"인 열에만 씁니다. 이 열은 role = "{part.role}"입니다.',
            en=f'{file}: [{place}] has `bad` with role = "{part.role}"; `bad` belongs to a column with role = "defect".',
        )
    return Column(
        name=name,
        role=part.role,
        unit=part.unit,
        lower=part.lower,
        upper=part.upper,
        target=part.target,
        bad_values=tuple(part.bad),
    )


def _table(file: str, part: _TablePart) -> Table:
    if part.asset is not None and part.asset_column is not None:
        raise ConfigurationError(
            ko=f"{file}: 표 '{part.file}'에 asset과 asset_column이 함께 있습니다. 둘 가운데 하나만 쓰세요.",
            en=f"{file}: table {part.file!r} has both asset and asset_column; expected one of them.",
        )
    columns = tuple(
        _column(file, f"tables.columns.{name} ({part.file})", name, column) for name, column in part.columns.items()
    )
    fields = part.model_dump(exclude={"columns"})
    bad = next((column.bad_values for column in columns if column.bad_values), ())
    return Table(**fields, columns=columns, bad_values=bad)


def _no_duplicates(file: str, tables: Sequence[Table]) -> None:
    seen: set[str] = set()
    for table in tables:
        if table.file in seen:
            raise ConfigurationError(
                ko=f"{file}: 표 '{table.file}'이(가) [[tables]]에 두 번 나옵니다. 파일마다 한 번만 쓰세요.",
                en=f"{file}: table {table.file!r} stands twice under [[tables]]; expected every file once.",
            )
        seen.add(table.file)


class OpenedTable(Protocol):
    """A table that was opened: its file and some of its rows."""

    @property
    def file(self) -> str: ...

    def sample(self) -> pl.DataFrame: ...


class Opened(Protocol):
    """A folder that was opened."""

    @property
    def files(self) -> Sequence[OpenedTable]: ...


def check_tables(factory: Factory, opened: Opened) -> None:
    """Whether the files and columns that factory.toml names are there.

    Raises
    ------
    ConfigurationError
        A file or a column is missing, or a column of times holds none; the message names it and those that are there.
    """
    samples = {table.file: table.sample() for table in opened.files}
    there = {file: sample.columns for file, sample in samples.items()}
    for table in factory.tables:
        if table.file not in there:
            raise _missing("[[tables]] file", table.file, there, "폴더에 있는 표", "tables in the folder")
        for key in _COLUMN_KEYS:
            column = getattr(table, key)
            if column is not None and column not in there[table.file]:
                raise _missing(
                    f"[[tables]] {table.file}: {key}", column, there[table.file], "이 표의 열", "columns of the table"
                )
        for key in ("time", "start", "end"):
            if (column := getattr(table, key)) is not None:
                _check_times(table.file, key, column, samples[table.file])
        for stated in table.columns:
            if stated.name not in there[table.file]:
                place = f"[tables.columns] {table.file}"
                raise _missing(place, stated.name, there[table.file], "이 표의 열", "columns of the table")
    if not factory.tables:
        return
    everywhere = list(dict.fromkeys(name for names in there.values() for name in names))
    for name in factory.stated_columns:
        if name not in everywhere:
            raise _missing("[columns]", name, everywhere, "표에 있는 열", "columns of the tables")


def _check_times(file: str, key: str, column: str, sample: pl.DataFrame) -> None:
    held = sample[column]
    if held.dtype.is_temporal() or not held.len() or held.null_count() == held.len():
        return
    times = ", ".join(name for name in sample.columns if sample[name].dtype.is_temporal()) or "–"
    first = held.drop_nulls()[0]
    raise ConfigurationError(
        ko=f"factory.toml: [[tables]] {file}: {key}에 적은 '{column}'은(는) 시각이 아닙니다(첫 값 {first!r}). "
        f"시각이 든 열: {times}",
        en=f"factory.toml: [[tables]] {file}: {key} names {column!r}, which holds no times (first value {first!r}). Columns of "
        f"times: {times}",
    )


def _missing(place: str, found: str, there: Iterable[str], ko: str, en: str) -> ConfigurationError:
    names = list(there)
    near = difflib.get_close_matches(found, names, n=5, cutoff=0.4)
    shown = ", ".join(near or names[:12]) + ("" if near or len(names) <= 12 else ", …")
    return ConfigurationError(
        ko=f"factory.toml: {place}에 적은 '{found}'이(가) 없습니다. {ko}: {shown}",
        en=f"factory.toml: {place} names {found!r}, which is not there. {en[0].upper() + en[1:]}: {shown}",
    )


def write_factory_toml(factory: Factory, comments: Mapping[tuple[str, str | None], str] | None = None) -> str:
    """A ready factory.toml to correct.

    `comments` says why, under (file, column), and under (file, None) for the table itself. A column that several tables
    share stands once under `[columns]`; where they disagree each table states its own.
    """
    why = comments or {}
    lines = ["[factory]", f"name = {_quoted(factory.name)}"]
    stated = [(key, getattr(factory, key)) for key in ("region", "industry")]
    lines += [f"{key} = {_quoted(value)}" for key, value in stated if value is not None]
    lines += [f"timezone = {_quoted(factory.timezone)}", f"currency = {_quoted(factory.currency)}", ""]
    costs = [(key, getattr(factory.costs, key)) for key in ("defect", "machine_hour", "energy_kwh")]
    lines.append("[costs]")
    lines += [f"{key} = {_number(value)}" if value is not None else f"# {key} = " for key, value in costs]
    if factory.energy is not None:
        lines += ["", *energy_lines(factory.energy)]
    if factory.calendar is not None:
        lines += ["", *calendar_lines(factory.calendar)]
    for product, ideal in factory.ideal_cycles_s.items():
        lines += ["", f"[products.{_key(product)}]", f"ideal_cycle_s = {_number(ideal)}"]
    shared = _shared(factory)
    for table in factory.tables:
        lines += ["", *_table_lines(table, why)]
        own = [column for column in table.columns if shared.get(column.name) != column]
        for column in own:
            place = f"tables.columns.{_key(column.name)}"
            lines.extend(["", *_column_lines(place, column, why.get((table.file, column.name)))])
    for name, column in {**shared, **factory.stated_columns}.items():
        file = next((t.file for t in factory.tables if any(c.name == name for c in t.columns)), "")
        lines += ["", *_column_lines(f"columns.{_key(name)}", column, why.get((file, name)))]
    return "\n".join(lines) + "\n"


def _shared(factory: Factory) -> dict[str, Column]:
    """The columns on which all tables that have them agree."""
    found: dict[str, Column] = {}
    clashing: set[str] = set()
    for table in factory.tables:
        for column in table.columns:
            if found.setdefault(column.name, column) != column:
                clashing.add(column.name)
    return {name: column for name, column in found.items() if name not in clashing}


def _table_lines(table: Table, why: Mapping[tuple[str, str | None], str]) -> list[str]:
    lines = [
        "[[tables]]",
        f"file = {_quoted(table.file)}",
        f"kind = {_quoted(table.kind)}{_comment(why.get((table.file, None)))}",
    ]
    for key in ("time", "date", "time_order", "asset", *_COLUMN_KEYS[2:]):
        value = getattr(table, key)
        # A state log's time is its start: stated once.
        if value is not None and not (key == "time" and value == table.start):
            lines.append(f"{key} = {_quoted(value)}")
    if table.ideal_cycle_s is not None:
        lines.append(f"ideal_cycle_s = {_number(table.ideal_cycle_s)}")
    return lines


def _column_lines(place: str, column: Column, reason: str | None) -> list[str]:
    lines = [f"[{place}]", f"role = {_quoted(column.role)}{_comment(reason)}"]
    if column.unit is not None:
        lines.append(f"unit = {_quoted(column.unit)}")
    lines += [
        f"{key} = {_number(getattr(column, key))}"
        for key in ("lower", "upper", "target")
        if getattr(column, key) is not None
    ]
    if column.bad_values:
        lines.append(f"bad = [{', '.join(_quoted(value) for value in column.bad_values)}]")
    return lines


def _comment(text: str | None) -> str:
    clean = re.sub(r"[\x00-\x1f\x7f]+", " ", text or "").strip()
    return f"  # {clean}" if clean else ""


def _quoted(text: str) -> str:
    return json.dumps(str(text), ensure_ascii=False).replace("\x7f", "\\u007f")


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _quoted(name)


def _number(value: float) -> str:
    return repr(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(float(value))
