"""factory.toml: strict reading, writing that reads back, and names that must be in the folder."""

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import polars as pl
import pytest

from jasang.connect.factory_toml import check_tables, read_factory_toml, write_factory_toml
from jasang.errors import ConfigurationError
from jasang.plant.factory import Column, Costs, Factory, Kind, Role, Table

DESIGN = """
[factory]
name = "대한정밀"
region = "광주"
industry = "C29294"
timezone = "Asia/Seoul"
currency = "KRW"

[costs]
defect = 1200
machine_hour = 45000
energy_kwh = 130

[[tables]]
file = "units.csv"
kind = "units"
time = "time"
asset_column = "machine"
product_column = "product"

[[tables]]
file = "states.csv"
kind = "states"
start = "start"
end = "end"
asset_column = "machine"
state_column = "state"
reason_column = "reason"

[columns.barrel_temp]
role = "setting"
unit = "°C"
lower = 205.0
upper = 260.0
target = 232.0

[columns.passorfail]
role = "defect"
bad = ["N", 1, true]
"""


@pytest.fixture
def write(tmp_path: Path):  # type: ignore[no-untyped-def]
    """Writes a text as factory.toml and gives its path."""

    def make(text: str) -> Path:
        path = tmp_path / "factory.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return make


def test_design_page_is_read_whole(write) -> None:  # type: ignore[no-untyped-def]
    factory = read_factory_toml(write(DESIGN))

    barrel = Column(name="barrel_temp", role=Role.SETTING, unit="°C", lower=205.0, upper=260.0, target=232.0)
    verdict = Column(name="passorfail", role=Role.DEFECT, bad_values=("n", "1", "true"))
    assert factory == Factory(
        name="대한정밀",
        region="광주",
        industry="C29294",
        costs=Costs(defect=1200, machine_hour=45000, energy_kwh=130),
        tables=(
            Table(
                file="units.csv",
                kind=Kind.UNITS,
                columns=(),
                time="time",
                asset_column="machine",
                product_column="product",
            ),
            Table(
                file="states.csv",
                kind=Kind.STATES,
                columns=(),
                start="start",
                end="end",
                asset_column="machine",
                state_column="state",
                reason_column="reason",
            ),
        ),
        stated_columns={"barrel_temp": barrel, "passorfail": verdict},
    )


def test_what_is_written_reads_back(write) -> None:  # type: ignore[no-untyped-def]
    factory = read_factory_toml(write(DESIGN))

    again = read_factory_toml(write(write_factory_toml(factory)))

    assert again == factory


def test_odd_names_survive_writing(write) -> None:  # type: ignore[no-untyped-def]
    odd = ('따옴표 " 와 \\', "줄\n바꿈", "온도(℃)", "a.b", "")
    columns = tuple(Column(name=name, role=Role.SENSOR, unit='"') for name in odd)
    factory = Factory(name="#[=", tables=(Table(file="a b.csv", kind=Kind.UNITS, columns=columns),))

    again = read_factory_toml(write(write_factory_toml(factory, {("a b.csv", "a.b"): "줄\n바꿈 = 1"})))

    assert (again.name, set(again.stated_columns.values())) == ("#[=", set(columns))


def test_columns_on_which_tables_disagree_are_stated_by_each(write) -> None:  # type: ignore[no-untyped-def]
    def table(file: str, role: Role) -> Table:
        return Table(file=file, kind=Kind.UNITS, columns=(Column(name="value", role=role),))

    factory = Factory(name="f", tables=(table("a.csv", Role.SENSOR), table("b.csv", Role.QUALITY)))

    again = read_factory_toml(write(write_factory_toml(factory)))

    assert ([t.columns[0].role for t in again.tables], dict(again.stated_columns)) == ([Role.SENSOR, Role.QUALITY], {})


@pytest.mark.parametrize(
    ("old", "new", "en"),
    [
        ('name = "대한정밀"', "name = 3", "'factory.name' is 3; expected a text in quotes."),
        ("defect = 1200", 'defect = "1200"', "'costs.defect' is '1200'; expected a number without quotes."),
        ("defect = 1200", "defect = -1", "'costs.defect' is -1; expected a number of 0 or more."),
        ("defect = 1200", "defect = nan", "'costs.defect' is nan; expected a finite number."),
        (
            'kind = "units"',
            'kind = "unit"',
            "[[tables]] 1 (units.csv): kind is 'unit'; expected one of: units, signals, states, orders, gauge, other",
        ),
        ('kind = "units"\n', "", "[[tables]] 1 (units.csv): kind is missing; it is required."),
        (
            'unit = "°C"',
            'unti = "°C"',
            "'columns.barrel_temp.unti' is not a known key. Did you mean 'unit'? "
            "Expected one of: role, unit, lower, upper, target, bad",
        ),
        (
            "upper = 260.0",
            "upper = 205.0",
            "[columns.barrel_temp] has lower 205 and upper 205; lower must be below upper.",
        ),
        (
            'file = "states.csv"',
            'file = "units.csv"',
            "table 'units.csv' stands twice under [[tables]]; expected every file once.",
        ),
        (
            'asset_column = "machine"\nproduct',
            'asset_column = "machine"\nasset = "INJ-01"\nproduct',
            "table 'units.csv' has both asset and asset_column; expected one of them.",
        ),
        (
            'industry = "C29294"',
            'industry = "29294"',
            "'factory.industry' is '29294'; expected a KSIC code, for example \"C29294\".",
        ),
        (
            '"Asia/Seoul"',
            '"Asia/Soul"',
            "'factory.timezone' is 'Asia/Soul'; expected a time zone's name, for example Asia/Seoul.",
        ),
        (
            "target = 232.0",
            'bad = ["N"]',
            '[columns.barrel_temp] has `bad` with role = "setting"; `bad` belongs to a column with role = "defect".',
        ),
    ],
)
def test_wrong_value_names_place_found_and_expected(write, old: str, new: str, en: str) -> None:  # type: ignore[no-untyped-def]
    assert old in DESIGN
    path = write(DESIGN.replace(old, new, 1))

    with pytest.raises(ConfigurationError) as caught:
        read_factory_toml(path)

    shown = caught.value.en.removeprefix("factory.toml: ")
    assert shown == en


def test_unknown_region_lists_the_seventeen(write) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ConfigurationError) as caught:
        read_factory_toml(write(DESIGN.replace('"광주"', '"광쥬"')))

    assert caught.value.ko == (
        "factory.toml: 'factory.region'의 값 '광쥬'는 쓸 수 없습니다. 17개 시·도 가운데 하나(서울, 부산, 대구, 인천, "
        "광주, 대전, 울산, 세종, 경기, 강원, 충북, 충남, 전북, 전남, 경북, 경남, 제주)이어야 합니다."
    )


@pytest.mark.parametrize(("long", "short"), [("광주광역시", "광주"), ("전북특별자치도", "전북"), ("경기도", "경기")])
def test_full_name_of_region_is_welcome(write, long: str, short: str) -> None:  # type: ignore[no-untyped-def]
    assert read_factory_toml(write(DESIGN.replace('"광주"', f'"{long}"'))).region == short


@pytest.mark.parametrize("content", [b"[factory", b"\xff\xfe", "name = 대한".encode(), b"\x00"])
def test_file_that_is_no_toml_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "factory.toml"
    path.write_bytes(content)

    with pytest.raises(ConfigurationError, match=r"^factory\.toml"):
        read_factory_toml(path)


@dataclass(frozen=True)
class _Opened:
    """A table or folder that is open, for `check_tables`."""

    file: str = ""
    columns: tuple[str, ...] = ()
    files: tuple["_Opened", ...] = ()

    def sample(self) -> pl.DataFrame:
        """One row of nothing."""
        when = datetime(2026, 3, 2, 8)
        return pl.DataFrame({name: [when if name in ("time", "start", "end") else 1] for name in self.columns})


FOLDER = _Opened(
    files=(
        _Opened(file="units.csv", columns=("time", "machine", "product", "barrel_temp", "passorfail")),
        _Opened(file="states.csv", columns=("start", "end", "machine", "state", "reason")),
    )
)


def test_names_that_are_there_pass(write) -> None:  # type: ignore[no-untyped-def]
    check_tables(read_factory_toml(write(DESIGN)), FOLDER)


@pytest.mark.parametrize(
    ("old", "new", "en"),
    [
        (
            '"units.csv"',
            '"unit.csv"',
            "[[tables]] file names 'unit.csv', which is not there. Tables in the folder: units.csv",
        ),
        (
            '"machine"\nproduct',
            '"machin"\nproduct',
            "[[tables]] units.csv: asset_column names 'machin', which is not there. Columns of the table: machine",
        ),
        (
            "barrel_temp]",
            "barel_temp]",
            "[columns] names 'barel_temp', which is not there. Columns of the tables: barrel_temp",
        ),
    ],
)
def test_name_that_is_not_there_is_told_with_the_nearest(write, old: str, new: str, en: str) -> None:  # type: ignore[no-untyped-def]
    factory = read_factory_toml(write(DESIGN.replace(old, new, 1)))

    with pytest.raises(ConfigurationError) as caught:
        check_tables(factory, FOLDER)

    assert caught.value.en.split("factory.toml: ")[1].startswith(en)


def test_a_column_of_times_that_holds_numbers_is_told_with_those_that_do(write) -> None:  # type: ignore[no-untyped-def]
    factory = read_factory_toml(write(DESIGN.replace('time = "time"', 'time = "barrel_temp"', 1)))

    with pytest.raises(ConfigurationError) as caught:
        check_tables(factory, FOLDER)

    said = (
        "[[tables]] units.csv: time names 'barrel_temp', which holds no times (first value 1). Columns of times: time"
    )
    assert caught.value.en == f"factory.toml: {said}"


def test_stated_columns_alone_do_not_ask_for_tables(write) -> None:  # type: ignore[no-untyped-def]
    factory = replace(read_factory_toml(write(DESIGN)), tables=())

    check_tables(factory, FOLDER)
