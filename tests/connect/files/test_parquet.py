"""Parquet files: types as they are, texts read like those of a text file, columns taken from the file on demand."""

import datetime as dt
import gzip
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import polars as pl

from jasang.connect.protocols.files import OpenedFolder

Open = Callable[[Path], OpenedFolder]


def test_types(tmp_path: Path, opened: Open) -> None:
    moment = dt.datetime(2024, 1, 5, 10, 0, 0, 123_456)
    frame = pl.DataFrame(
        {
            "naive": [moment, None],
            "zoned": pl.Series([moment, None]).dt.replace_time_zone("UTC"),
            "day": [dt.date(2024, 1, 5), None],
            "small": pl.Series([1, None], dtype=pl.Int8),
            "single": pl.Series([1.5, float("nan")], dtype=pl.Float32),
            "flag": [True, False],
            "money": [Decimal("1.25"), None],
            "grade": pl.Series(["A", "B"], dtype=pl.Categorical),
            "text_time": ["2024-01-05 10:00:00", "2024-01-05 10:01:00"],
            "text_number": ["1,234", "ERR"],
            "lot": ["001", "002"],
            "lasted": [dt.timedelta(seconds=90), None],
            "list": [[1], [2]],
        }
    )
    frame.write_parquet(tmp_path / "a.parquet")

    (table,) = opened(tmp_path / "a.parquet").files
    read = table.read(table.columns)

    local = dt.datetime(2024, 1, 5, 1, 0, 0, 123_456, tzinfo=dt.UTC)
    assert read.row(0, named=True) == {
        "naive": local,
        "zoned": moment.replace(tzinfo=dt.UTC),
        "day": dt.datetime(2024, 1, 4, 15, tzinfo=dt.UTC),
        "small": 1,
        "single": 1.5,
        "flag": "true",
        "money": 1.25,
        "grade": "A",
        "text_time": dt.datetime(2024, 1, 5, 1, tzinfo=dt.UTC),
        "text_number": 1234,
        "lot": "001",
        "lasted": 90.0,
    }
    assert read["single"].to_list() == [1.5, None]
    assert [(r.kind, r.rows, r.column) for r in table.repairs] == [
        ("unsupported_column", 1, "list"),
        ("thousands_separator", 1, "text_number"),
        ("unreadable_number", 1, "text_number"),
    ]


def test_order_of_rows_and_projection(tmp_path: Path, opened: Open) -> None:
    frame = pl.DataFrame({"a": range(250_000), "b": range(250_000, 0, -1)})
    frame.write_parquet(tmp_path / "a.parquet", row_group_size=10_000)

    (table,) = opened(tmp_path / "a.parquet").files

    assert table.read(["b"]).equals(frame.select("b"))
    assert table.sample(6)["a"].to_list() == [0, 1, 124_999, 125_000, 249_998, 249_999]


def test_packed(tmp_path: Path, opened: Open) -> None:
    pl.DataFrame({"a": [1, 2, 3]}).write_parquet(tmp_path / "a.parquet")
    (tmp_path / "b.parquet.gz").write_bytes(gzip.compress((tmp_path / "a.parquet").read_bytes()))

    assert [t.read(["a"])["a"].to_list() for t in opened(tmp_path).files] == [[1, 2, 3]] * 2
