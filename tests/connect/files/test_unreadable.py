"""What cannot be read: one clear sentence in both languages, whatever the file, and nothing written."""

import gzip
import io
import os
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from jasang.connect.protocols.files import content, open_path
from jasang.errors import UnreadableInput


def zipped(parts: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return packed.getvalue()


def parquet(frame: pl.DataFrame) -> bytes:
    written = io.BytesIO()
    frame.write_parquet(written)
    return written.getvalue()


GOOD = "t,v\n" + "".join(f"2024-01-05 10:{i:02d},{i}\n" for i in range(20))
ENCRYPTED = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "EncryptedPackage".encode("utf-16-le") + bytes(600)
RUBBISH: dict[str, tuple[str, bytes, str]] = {
    "empty": ("a.csv", b"", "'a.csv' is empty (0 bytes); expected a header and rows of data."),
    "header only": (
        "a.csv",
        b"a,b\n",
        "'a.csv' has only the header in row 1 and no rows of data; expected at least 2.",
    ),
    "one row": ("a.csv", b"a,b\n1,2\n", "'a.csv' has a single row of data (row 2); expected at least 2."),
    "blanks": ("a.csv", b"  \n, ,\n\n", "'a.csv' holds nothing but blanks; expected a header and rows of data."),
    "binary": (
        "a.csv",
        bytes(range(256)) * 40,
        "'a.csv' is binary data from row 1 on (NUL); expected CSV text, Excel or Parquet.",
    ),
    "picture": (
        "a.csv",
        b"\x89PNG\r\n\x1a\n" + bytes(50),
        "'a.csv' is binary data from row 1 on (PNG); expected CSV text, Excel or Parquet.",
    ),
    "control characters": (
        "a.csv",
        b"a,b\n" + b"\x01\x02\x03\x04" * 50,
        "'a.csv' is binary data from row 2 on (0x01); expected CSV text, Excel or Parquet.",
    ),
    "NUL byte": (
        "a.csv",
        b"a,b\n1,2\n3,\x004\n" + b"5,6\n" * 200,
        "'a.csv' has a NUL byte (0x00) in row 3: the file was damaged when written; expected text. Export it again.",
    ),
    "10,000 columns": (
        "a.csv",
        b"\n".join([b",".join(b"c%d" % i for i in range(10_000)), *[b",".join([b"1"] * 10_000)] * 3]),
        "'a.csv' has 10,000 columns in row 1; expected at most 4,096.",
    ),
    "formula": (
        "a.csv",
        b"a,b\n1,2\n3,=SUM(A1:A3)\n4,5\n",
        "'a.csv' has a formula '=SUM(A1:A3)' in row 3, column 'b'; expected a value. Save the file as values.",
    ),
    "command": (
        "a.csv",
        b"a,b\nx,1\n=cmd|'/C calc'!A0,2\n",
        "'a.csv' has a formula \"=cmd|'/C calc'!A0\" in row 3, column 'a'; expected a value. Save the file as values.",
    ),
    "formula in the header": (
        "a.csv",
        b"a,=1+1\n1,2\n3,4\n",
        "'a.csv' has a formula '=1+1' in row 1, column '=1+1'; expected a value. Save the file as values.",
    ),
    "infinity": (
        "a.csv",
        b"a,b\n1,2\n3,-inf\n4,5\n",
        "'a.csv' has an infinite value (-inf) in row 3, column 'b'; expected a finite number or a blank.",
    ),
    "overflow": (
        "a.csv",
        b"a,b\n1,2\n3,1e999\n4,5\n",
        "'a.csv' has an infinite value (1e999) in row 3, column 'b'; expected a finite number or a blank.",
    ),
    "infinity in Parquet": (
        "a.parquet",
        parquet(pl.DataFrame({"a": [1.0, float("inf"), 2.0]})),
        "'a.parquet' has an infinite value (inf) in row 2, column 'a'; expected a finite number or a blank.",
    ),
    "two zones": (
        "a.csv",
        b"time,v\n2024-01-01T00:00:00Z,1\n2024-01-01T01:00:00Z,1\n2024-01-01T00:00:00+09:00,2\n",
        "'a.csv' mixes time zones in column 'time' (2024-01-01T00:00:00Z, but 2024-01-01T00:00:00+09:00 in row 4);"
        " expected one zone in a column.",
    ),
    "zone and none": (
        "a.csv",
        b"time,v\n2024-01-01 00:00:00,1\n2024-01-01T00:00:00+09:00,2\n",
        "'a.csv' mixes time zones in column 'time' (2024-01-01 00:00:00, but 2024-01-01T00:00:00+09:00 in row 3);"
        " expected one zone in a column.",
    ),
    "unclosed quote": (
        "a.csv",
        b'a,b\n1,2\n3,"x\n4,5\n',
        "'a.csv' opens a quote (\") in row 3 that is never closed; expected a closing quote in the same field.",
    ),
    "unclosed quote before others": (
        "a.csv",
        b'a,b\n1,"x"\n3,"abc\n' + b'4,"5"\n6,"7"\n' * 40,
        "'a.csv' opens a quote (\") in row 3 that is never closed; expected a closing quote in the same field.",
    ),
    "ragged": (
        "a.csv",
        b"1,2,3\n4\n5,6,7,8\n9,1\n1,2,3,4,5\n" * 5,
        "'a.csv' is no table: row 2 has 1 fields, expected 3 (20 of 25 rows differ).",
    ),
    "cut gzip": (
        "a.csv.gz",
        gzip.compress(GOOD.encode())[:-20],
        "'a.csv.gz' is a gzip file that is damaged or cut off; expected a complete one. Copy it again.",
    ),
    "broken gzip": (
        "a.csv.gz",
        b"\x1f\x8b\x08\x00rubbish rubbish",
        "'a.csv.gz' is a gzip file that is damaged or cut off; expected a complete one. Copy it again.",
    ),
    "broken zip": (
        "a.zip",
        b"PK\x03\x04rubbish",
        "'a.zip' is a zip file that is damaged or cut off; expected a complete one. Copy it again.",
    ),
    "two tables in a zip": (
        "a.zip",
        zipped({"a.csv": GOOD.encode(), "b.csv": GOOD.encode()}),
        "'a.zip' should hold exactly one table file, but holds 2 files; unpack it and name the folder.",
    ),
    "text named xlsx": (
        "a.xlsx",
        b"hello",
        "'a.xlsx' is no readable Excel workbook (no zip or OLE file); expected xlsx, xlsm or xls. Save it again in Excel.",
    ),
    "protected xlsx": (
        "a.xlsx",
        ENCRYPTED,
        "'a.xlsx' is protected by a password; expected a file without one. Save it unprotected.",
    ),
    "stray cell": (
        "a.xlsx",
        zipped(
            {
                "xl/workbook.xml": b"<workbook/>",
                "xl/worksheets/sheet1.xml": b'<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"/></row>'
                + os.urandom(80_000),
            }
        ),
        "'a.xlsx' has a sheet that spans 1,048,576 rows × 16,384 columns; expected a table. Delete stray cells far away.",
    ),
    "XML": (
        "a.csv",
        b"<?xml version='1.0'?>\n<a>\n<b>1</b>\n</a>\n",
        "'a.csv' holds no table; expected rows with the same number of fields.",
    ),
    "JSON": (
        "a.csv",
        b'[{"a": 1, "b": 2},\n {"a": 3, "b": 4}]\n',
        "'a.csv' holds no table; expected rows with the same number of fields.",
    ),
    "prose": (
        "a.txt",
        b"This is a text.\nIt has several sentences, and words.\nNothing of a table here.\n",
        "'a.txt' holds no table; expected rows with the same number of fields.",
    ),
}


@pytest.mark.parametrize("name", RUBBISH)
def test_rubbish_is_one_sentence(name: str, write: Callable[..., Path], tmp_path: Path) -> None:
    file, data, sentence = RUBBISH[name]
    path = write(file, data)

    with pytest.raises(UnreadableInput) as caught:
        open_path(path)

    assert caught.value.en == sentence
    assert file in caught.value.ko
    assert any("가" <= letter <= "힣" for letter in caught.value.ko)
    assert [p.name for p in tmp_path.iterdir()] == [file]


def test_broken_parquet(write: Callable[..., Path]) -> None:
    whole = parquet(pl.DataFrame({"a": [1.0, 2.0, 3.0]}))

    for data in (whole[: len(whole) // 2], b"PAR1" + bytes(100) + b"PAR1", b"PAR1"):
        with pytest.raises(UnreadableInput, match="broken Parquet"):
            open_path(write("a.parquet", data))


def test_missing_path(tmp_path: Path) -> None:
    with pytest.raises(UnreadableInput, match="does not exist; expected a file or a folder"):
        open_path(tmp_path / "nothing.csv")


def test_folder_without_tables(write: Callable[..., Path], tmp_path: Path) -> None:
    write("README.md", "x")

    with pytest.raises(UnreadableInput, match="holds no table; expected at least one CSV, Excel or Parquet file"):
        open_path(tmp_path)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may read everything")
def test_no_permission(write: Callable[..., Path]) -> None:
    path = write("a.csv", GOOD)
    path.chmod(0)

    with pytest.raises(UnreadableInput, match="may not be opened; check its permissions"):
        open_path(path)


def test_no_permission_is_told_to_root_too(write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    path = write("a.csv", GOOD)

    def refuse(*args: object, **kwargs: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(UnreadableInput, match="may not be opened; check its permissions"):
        open_path(path)


def test_one_broken_table_of_a_folder_is_named(write: Callable[..., Path], tmp_path: Path) -> None:
    write("a.csv", GOOD)
    write("line2/b.csv", "a,b\n")

    with pytest.raises(UnreadableInput, match=r"'line2/b\.csv' has only the header"):
        open_path(tmp_path)


@pytest.mark.parametrize("name", ["a.csv.gz", "a.xlsx"])
def test_bomb_is_refused_before_it_bursts(
    name: str, write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(content, "HARMLESS", 8 << 20)
    zeros = b"1,2\n" * (6 << 20)
    data = (
        gzip.compress(zeros)
        if name.endswith("gz")
        else zipped({"xl/workbook.xml": b"<x/>", "xl/worksheets/sheet1.xml": zeros})
    )

    with pytest.raises(UnreadableInput, match="unpacks to more than 8 MB, far beyond its own size"):
        open_path(write(name, data))


def test_bomb_that_lies_about_its_size_is_refused(write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(content, "HARMLESS", 8 << 20)
    zeros = bytes(96 << 20)
    data = zipped({"xl/workbook.xml": b"<x/>", "xl/worksheets/sheet1.xml": zeros})
    lying = data.replace(len(zeros).to_bytes(4, "little"), (1000).to_bytes(4, "little"))
    assert lying != data

    with pytest.raises(UnreadableInput, match="unpacks to more than 8 MB, far beyond its own size"):
        open_path(write("a.xlsx", lying))


def test_nothing_stays_behind_when_interrupted(
    write: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    path = write("a.csv", GOOD)

    def interrupt(stage: object, share: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        open_path(path, progress=interrupt)
    assert list(place.iterdir()) == []


def test_unknown_zone_is_refused(write: Callable[..., Path]) -> None:
    from jasang.errors import ConfigurationError

    with pytest.raises(ConfigurationError, match="unknown time zone 'Asia/Soul'"):
        open_path(write("a.csv", GOOD), timezone="Asia/Soul")
