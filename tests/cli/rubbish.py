"""Files and folders that are no factory's data, made on the spot; each a function that writes under a folder and says where."""

import gzip
import random
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

START = datetime(2025, 3, 3, 8, 0, 0)


@dataclass(frozen=True, kw_only=True)
class Rubbish:
    """One kind of rubbish: how to write it, and what the English sentence must name (regular expressions)."""

    name: str
    write: Callable[[Path], Path]
    names: tuple[str, ...]


def shots(rows: int = 300) -> list[list[str]]:
    """A small sound table: header and rows."""
    rng = random.Random(5)
    table = [["time", "machine", "barrel_temp", "pressure", "result"]]
    for row in range(rows):
        moment = START + timedelta(minutes=2 * row)
        result = "NG" if rng.random() < 0.03 else "OK"
        table.append(
            [f"{moment:%Y-%m-%d %H:%M:%S}", "INJ-01", f"{rng.gauss(231, 1):.1f}", f"{rng.gauss(95, 1):.1f}", result]
        )
    return table


def write_rows(path: Path, table: list[list[str]]) -> Path:
    path.write_text("\n".join(",".join(row) for row in table) + "\n", encoding="utf-8")
    return path


def changed(name: str, row: int, column: int, cell: str) -> Callable[[Path], Path]:
    """The sound table with one cell replaced; `row` counts the file's lines from 1."""

    def write(folder: Path) -> Path:
        table = shots()
        table[row - 1][column] = cell
        return write_rows(folder / name, table)

    return write


def raw(name: str, content: bytes) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        (folder / name).write_bytes(content)
        return folder / name

    return write


def _many_columns(folder: Path) -> Path:
    table = [[f"c{place}" for place in range(10_000)], *[[str(row)] * 10_000 for row in range(5)]]
    return write_rows(folder / "wide.csv", table)


def _bomb(folder: Path) -> Path:
    path = folder / "bomb.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as book:
        book.writestr("[Content_Types].xml", "<Types/>")
        book.writestr("xl/workbook.xml", "<workbook/>")
        with book.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as sheet:
            for _ in range(24):
                sheet.write(bytes(16 << 20))
    return path


def _no_workbook(folder: Path) -> Path:
    with zipfile.ZipFile(folder / "letter.xlsx", "w") as archive:
        archive.writestr("letter.txt", "안녕하세요")
    return folder / "letter.xlsx"


def _backwards(folder: Path) -> Path:
    table = shots()
    for row in range(150, 301):  # in the middle of the record the clock is set back by three days, once
        moment = START + timedelta(minutes=2 * (row - 1)) - timedelta(days=3)
        table[row][0] = f"{moment:%Y-%m-%d %H:%M:%S}"
    return write_rows(folder / "clock.csv", table)


def _zones(folder: Path) -> Path:
    table = shots()
    for row in range(1, 301):
        table[row][0] = table[row][0].replace(" ", "T") + ("+09:00" if row < 120 else "-05:00")
    return write_rows(folder / "zones.csv", table)


def _cut_gzip(folder: Path) -> Path:
    whole = gzip.compress("\n".join(",".join(row) for row in shots()).encode())
    (folder / "shots.csv.gz").write_bytes(whole[: len(whole) // 2])
    return folder / "shots.csv.gz"


def _no_tables(folder: Path) -> Path:
    (folder / "papers").mkdir()
    (folder / "papers" / "메모.docx").write_bytes(b"PK nothing")
    return folder / "papers"


def toml(text: str) -> Callable[[Path], Path]:
    """A sound table beside a factory.toml with that text."""

    def write(folder: Path) -> Path:
        plant = folder / "plant"
        plant.mkdir()
        write_rows(plant / "units.csv", shots())
        (plant / "factory.toml").write_text(text, encoding="utf-8")
        return plant

    return write


_UNITS = '[[tables]]\nfile = "units.csv"\nkind = "units"\ntime = "time"\n'

RUBBISH = (
    Rubbish(name="empty file", write=raw("empty.csv", b""), names=("empty.csv", "empty")),
    Rubbish(name="only a header", write=raw("head.csv", b"time,temp,result\n"), names=("head.csv", "header", "row 1")),
    Rubbish(
        name="one row", write=raw("one.csv", b"time,temp\n2025-03-03 08:00:00,231.0\n"), names=("one.csv", "row 2")
    ),
    Rubbish(name="all blank", write=raw("blank.csv", b" , , \n,,\n\n  \n,,\n"), names=("blank.csv", "blank")),
    Rubbish(
        name="blank cells under a header",
        write=raw("hollow.csv", b"time,temp,result\n" + b",,\n" * 50),
        names=("hollow.csv", "blank|no rows|only the header"),
    ),
    Rubbish(
        name="binary called .csv",
        write=raw("picture.csv", b"\x89PNG\r\n\x1a\n" + random.Random(1).randbytes(4000)),
        names=("picture.csv", "binary", "row 1"),
    ),
    Rubbish(
        name="random bytes", write=raw("noise.csv", random.Random(2).randbytes(9000)), names=("noise.csv", "expected")
    ),
    Rubbish(name="10,000 columns", write=_many_columns, names=("wide.csv", "10,?000 columns", "expected at most")),
    Rubbish(name="NUL byte", write=changed("nul.csv", 42, 2, "231\x00"), names=("nul.csv", "NUL", "row 42")),
    Rubbish(
        name="formula",
        write=changed("sum.csv", 7, 3, "=SUM(D2:D6)"),
        names=("sum.csv", "formula", "row 7", "'pressure'"),
    ),
    Rubbish(
        name="formula that calls a program",
        write=changed("dde.csv", 9, 4, "=cmd|'/C calc'!A0"),
        names=("dde.csv", "formula", "row 9", "'result'"),
    ),
    Rubbish(name="zip bomb", write=_bomb, names=("bomb.xlsx", "expected")),
    Rubbish(name="zip that is no workbook", write=_no_workbook, names=("letter.xlsx", "expected")),
    Rubbish(name="workbook of bytes", write=raw("fake.xlsx", b"hello" * 50), names=("fake.xlsx", "expected")),
    Rubbish(name="broken Parquet", write=raw("cut.parquet", b"PAR1" + bytes(200)), names=("cut.parquet", "expected")),
    Rubbish(name="time going backwards", write=_backwards, names=("clock.csv", "'time'", "row 151", "expected")),
    Rubbish(name="mixed time zones", write=_zones, names=("zones.csv", "'time'", "zone", "row 121", "expected")),
    Rubbish(
        name="infinity",
        write=changed("inf.csv", 30, 2, "inf"),
        names=("inf.csv", "infinite", "row 30", "'barrel_temp'"),
    ),
    Rubbish(
        name="minus infinity", write=changed("minf.csv", 31, 3, "-Infinity"), names=("minf.csv", "row 31", "'pressure'")
    ),
    Rubbish(name="cut gzip", write=_cut_gzip, names=("shots.csv.gz", "cut off|damaged", "expected")),
    Rubbish(name="folder without tables", write=_no_tables, names=("papers", "expected")),
    Rubbish(name="missing path", write=lambda folder: folder / "nowhere.csv", names=("nowhere.csv", "does not exist")),
    Rubbish(
        name="factory.toml with a syntax error",
        write=toml('[factory]\nname = "대한정밀\n'),
        names=("factory.toml", "line 2|row 2"),
    ),
    Rubbish(
        name="factory.toml that is not UTF-8",
        write=lambda folder: _toml_bytes(folder, '[factory]\nname = "대한정밀"\n'.encode("cp949")),
        names=("factory.toml", "UTF-8"),
    ),
    Rubbish(
        name="wrong role",
        write=toml(_UNITS + '\n[columns.barrel_temp]\nrole = "sensr"\n'),
        names=("factory.toml", "barrel_temp", "'sensr'", "setting.*sensor.*context.*quality"),
    ),
    Rubbish(
        name="wrong kind of table",
        write=toml('[[tables]]\nfile = "units.csv"\nkind = "unit"\n'),
        names=("factory.toml", "'unit'", "units.*signals.*states"),
    ),
    Rubbish(
        name="time column that does not exist",
        write=toml('[[tables]]\nfile = "units.csv"\nkind = "units"\ntime = "shot_time"\n'),
        names=("factory.toml", "'shot_time'", "units.csv", "Columns of the table.*time"),
    ),
    Rubbish(
        name="described column that does not exist",
        write=toml(_UNITS + '\n[columns.barel_temp]\nrole = "sensor"\n'),
        names=("factory.toml", "barel_temp", "barrel_temp"),
    ),
    Rubbish(
        name="limits the wrong way round",
        write=toml(_UNITS + '\n[columns.barrel_temp]\nrole = "setting"\nlower = 260\nupper = 205\n'),
        names=("factory.toml", "barrel_temp", "260", "205"),
    ),
    Rubbish(
        name="limit that is a word",
        write=toml(_UNITS + '\n[columns.barrel_temp]\nrole = "setting"\nlower = "low"\n'),
        names=("factory.toml", "barrel_temp", "lower", "low"),
    ),
    Rubbish(
        name="table file that does not exist",
        write=toml('[[tables]]\nfile = "unit.csv"\nkind = "units"\n'),
        names=("factory.toml", "unit.csv"),
    ),
    Rubbish(
        name="unknown time zone",
        write=toml('[factory]\nname = "x"\ntimezone = "Asia/Soul"\n'),
        names=("factory.toml", "timezone", "Asia/Soul"),
    ),
    Rubbish(
        name="negative cost",
        write=toml('[factory]\nname = "x"\n[costs]\ndefect = -5\n'),
        names=("factory.toml", "defect", "-5"),
    ),
)


def _toml_bytes(folder: Path, content: bytes) -> Path:
    plant = toml("")(folder)
    (plant / "factory.toml").write_bytes(content)
    return plant
