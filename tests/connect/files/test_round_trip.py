"""What is written in any dialect and encoding comes back; and no bytes whatever do harm."""

import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jasang.connect.protocols.files import content, conversion, open_path
from jasang.errors import UnreadableInput

WORDS = st.text(alphabet=st.sampled_from("가나다불량 AbcXyz_()/·\"',;\t\n|1."), min_size=1, max_size=12).map(str.strip)
# A word that itself looks like a number, a time or a missing value is another thing after reading; these start with a letter.
TEXTS = WORDS.map(lambda word: "q" + word)
WHOLE = st.integers(min_value=-(10**9), max_value=10**9)
REAL = st.floats(allow_nan=False, allow_infinity=False, width=64)
MOMENTS = st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2030, 1, 1))


@st.composite
def tables(draw: st.DrawFn) -> pl.DataFrame:
    rows = draw(st.integers(min_value=4, max_value=30))
    columns: dict[str, pl.Series] = {"no": pl.Series(range(1, rows + 1))}
    for number in range(draw(st.integers(min_value=1, max_value=5))):
        cells, kind = draw(
            st.sampled_from([(TEXTS, pl.String), (REAL, pl.Float64), (WHOLE, pl.Int64), (MOMENTS, pl.Datetime("us"))])
        )
        may_miss = st.one_of(st.none(), cells) if draw(st.booleans()) else cells
        columns[f"열{number}"] = pl.Series(draw(st.lists(may_miss, min_size=rows, max_size=rows)), dtype=kind)
    return pl.DataFrame(columns)


@contextmanager
def small_pieces(size: int) -> Iterator[None]:
    """Files of a few hundred bytes then go through many blocks, and through the temporary file of big ones."""
    with patch.object(content, "CHUNK", size), patch.object(conversion, "SMALL", 0):
        yield


def as_csv(frame: pl.DataFrame, delimiter: str, line_end: str, quote_all: bool) -> str:
    written = io.StringIO()
    writer = csv.writer(
        written, delimiter=delimiter, lineterminator=line_end, quoting=csv.QUOTE_ALL if quote_all else csv.QUOTE_MINIMAL
    )
    writer.writerow(frame.columns)
    for row in frame.iter_rows():
        writer.writerow(["" if cell is None else cell for cell in row])
    return written.getvalue()


def expected(frame: pl.DataFrame) -> pl.DataFrame:
    """Times become UTC, texts lose outer blanks, a column of whole reals becomes whole, one without a value is of numbers."""
    made = []
    for series in frame.iter_columns():
        if series.null_count() == series.len():
            series = series.cast(pl.String).cast(pl.Float64)
        elif series.dtype == pl.Datetime("us"):
            series = series.dt.replace_time_zone("Asia/Seoul", ambiguous="earliest").dt.convert_time_zone("UTC")
        elif series.dtype == pl.String:
            series = series.str.replace_all("\r\n", "\n").str.strip_chars()
        made.append(series)
    return pl.DataFrame(made)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    frame=tables(),
    delimiter=st.sampled_from([",", ";", "\t", "|"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "cp949", "utf-16"]),
    line_end=st.sampled_from(["\n", "\r\n"]),
    quote_all=st.booleans(),
    piece=st.sampled_from([64, 500, 1 << 24]),
)
def test_written_tables_come_back(
    frame: pl.DataFrame, delimiter: str, encoding: str, line_end: str, quote_all: bool, piece: int
) -> None:
    text = as_csv(frame, delimiter, line_end, quote_all)
    with TemporaryDirectory() as folder, small_pieces(piece):
        path = Path(folder) / "table.csv"
        path.write_bytes(text.encode(encoding))
        with open_path(path) as opened:
            (table,) = opened.files
            read = table.read(table.columns)

    wanted = expected(frame)
    assert table.columns == tuple(frame.columns)
    assert read.select(pl.all().exclude(pl.Float64, pl.Int64)).equals(
        wanted.select(pl.all().exclude(pl.Float64, pl.Int64))
    )
    for name in read.select(pl.col(pl.Float64, pl.Int64)).columns:
        assert read[name].cast(pl.Float64).equals(wanted[name].cast(pl.Float64), check_names=False), name


def opens_or_explains(data: bytes, name: str = "a.csv", piece: int = 1 << 24) -> None:
    with TemporaryDirectory() as folder, small_pieces(piece):
        path = Path(folder) / name
        path.write_bytes(data)
        try:
            with open_path(path) as opened:
                for table in opened.files:
                    assert table.read(table.columns).height == table.rows
        except UnreadableInput as error:
            said = (error.en, error.ko)
        else:
            return
    assert all(name in sentence for sentence in said)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=400), st.sampled_from(["a.csv", "a.txt", "a.xlsx", "a.parquet", "a.csv.gz", "a.zip"]))
def test_any_bytes(data: bytes, name: str) -> None:
    opens_or_explains(data, name)


SOUND = (
    "시간,온도,판정,비고\n"
    + "".join(f'2024-01-05 10:{i:02d}:00,{200 + i}.5,OK,"a, {i}"\n' for i in range(12))
    + "합계,1,,\n"
).encode()
PARTS = st.sampled_from(
    [
        b",",
        b";",
        b'"',
        b"\n",
        b"\r",
        b"\t",
        b"=",
        b"inf",
        b"-",
        b"\x00",
        b"\xff",
        b"\xb0\xa1",
        b"1e999",
        b" ",
        b"+09:00",
        b"12/31/99",
    ]
)


@settings(max_examples=120, deadline=None)
@given(
    edits=st.lists(
        st.tuples(st.integers(0, len(SOUND)), st.integers(0, 30), st.one_of(PARTS, st.binary(max_size=6))), max_size=6
    ),
    piece=st.sampled_from([50, 1 << 24]),
)
def test_damaged_tables(edits: list[tuple[int, int, bytes]], piece: int) -> None:
    data = SOUND
    for at, removed, put in edits:
        data = data[:at] + put + data[at + removed :]
    opens_or_explains(data, piece=piece)


@settings(max_examples=120, deadline=None)
@given(st.text(alphabet=st.sampled_from('01,;"\n\t =.-:/eE|a가'), max_size=200))
def test_any_text_of_table_characters(text: str) -> None:
    opens_or_explains(text.encode())
