"""Text tables as machines, spreadsheets and MES exports write them: what comes out, and what is told of it."""

import gzip
import io
import zipfile
from datetime import UTC, datetime, time
from pathlib import Path

import polars as pl
import pytest

from jasang.connect.protocols.files import FileTable, content, conversion

MINUTES = [f"2024-01-05 10:{minute:02d}" for minute in range(20)]


def told(table: FileTable) -> list[tuple[str, int, str | None]]:
    return [(r.kind, r.rows, r.column) for r in table.repairs]


def column(table: FileTable, name: str) -> list[object]:
    return table.read([name])[name].to_list()


def body(*cells: str, delimiter: str = ",") -> str:
    """Twenty rows; each cell is a template of {t} (a minute) and {i}."""
    lines = (delimiter.join(cell.format(t=t, i=i) for cell in cells) for i, t in enumerate(MINUTES))
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    ("encoding", "found"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("cp949", "cp949"),
        ("euc-kr", "cp949"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16-le"),
    ],
)
def test_korean_text_survives_every_encoding(table, encoding: str, found: str) -> None:
    opened = table("a.csv", "시간,온도(℃),판정\n" + body("{t}", "{i}.5", "불량"), encoding)

    assert opened.columns == ("시간", "온도(℃)", "판정")
    assert column(opened, "판정") == ["불량"] * 20
    assert opened.encoding == found


def test_korean_text_far_into_an_ascii_file_is_found(table) -> None:
    rows = "a,b\n" + "1,plain\n" * 3_000_000 + "2,불량\n"  # the first block is ASCII only

    opened = table("a.csv", rows, "cp949")

    assert column(opened, "b")[-1] == "불량"
    assert (opened.encoding, opened.rows) == ("cp949", 3_000_001)


def test_western_machine_text_is_not_taken_for_korean(table) -> None:
    opened = table("a.csv", "Zeit;Temp °C;Gerät\n" + body("{t}", "{i},5", "Bühler", delimiter=";"), "cp1252")

    assert opened.columns == ("Zeit", "Temp °C", "Gerät")
    assert opened.encoding == "cp1252"


def test_broken_characters_are_counted(table) -> None:
    rows = ("가,나\n" + "1,다\n" * 50).encode() + b"2,\xff\xfe\n" + "3,라\n".encode()

    opened = table("a.csv", rows)

    assert column(opened, "나")[-2:] == ["��", "라"]
    assert told(opened) == [("encoding", 2, None)]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters(table, delimiter: str) -> None:
    opened = table("a.txt", delimiter.join(["t", "v", "w"]) + "\n" + body("{t}", "{i}", "x{i}", delimiter=delimiter))

    assert opened.delimiter == delimiter
    assert opened.read(["v", "w"]).schema == {"v": pl.Int64, "w": pl.String}
    assert opened.rows == 20


def test_runs_of_blanks(table) -> None:
    opened = table("a.dat", "  day   width\n" + "".join(f" {i:>3}    {i * 0.5:8.2f}\n" for i in range(20)))

    assert (opened.delimiter, opened.columns) == (" ", ("day", "width"))
    assert column(opened, "width")[:3] == [0.0, 0.5, 1.0]


def test_hint_line_of_excel_names_the_delimiter(table) -> None:
    opened = table("a.csv", "sep=;\na;b\n1;2\n3;4\n")

    assert (opened.delimiter, opened.header_row, opened.columns) == (";", 2, ("a", "b"))


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends(table, end: str) -> None:
    opened = table("a.csv", end.join(["a,b", "1,x", "2,y", ""]))

    assert column(opened, "b") == ["x", "y"]


def test_quotes_hold_delimiters_line_ends_and_quotes(table) -> None:
    opened = table("a.csv", 't,remark\n2024-01-01,"a, b"\n2024-01-02,"two\nlines"\n2024-01-03,"say ""no"""\n')

    assert column(opened, "remark") == ["a, b", "two\nlines", 'say "no"']


def test_inch_marks_are_no_quotes(table) -> None:
    opened = table("a.csv", 'pipe,n\n1/2" pipe,3\n3/4" pipe,4\n1" pipe,5\n')

    assert column(opened, "pipe") == ['1/2" pipe', '3/4" pipe', '1" pipe']


def test_header_below_titles_with_units_and_total(table) -> None:
    text = "생산일보,,\n작성,김,\n\n시간,온도,판정\n,℃,\n" + body("{t}", "{i}", "OK") + "합계,190,\n"

    opened = table("a.csv", text)

    assert (opened.columns, opened.rows) == (("시간", "온도", "판정"), 20)
    assert (opened.header_row, opened.first_data_row) == (4, 6)
    assert opened.units == {"온도": "℃"}
    assert told(opened) == [("unit_row", 1, None), ("title_rows", 2, None), ("total_rows", 1, None)]


def test_header_of_two_lines_is_joined(table) -> None:
    opened = table("a.csv", "시간,금형온도,,사출압력,\n,상,하,상,하\n" + body("{t}", "{i}", "{i}", "{i}.5", "{i}"))

    assert opened.columns == ("시간", "금형온도 상", "금형온도 하", "사출압력 상", "사출압력 하")


def test_no_header(table) -> None:
    opened = table("a.csv", body("{t}", "{i}.5", "OK"))

    assert (opened.header_row, opened.columns, opened.rows) == (0, ("column_1", "column_2", "column_3"), 20)


def test_duplicate_and_missing_names(table) -> None:
    opened = table("a.csv", "t,x,x,,x_2\n" + body("{t}", "1", "2", "3", "4"))

    assert opened.columns == ("t", "x", "x_3", "column_4", "x_2")
    assert told(opened) == [("renamed_column", 1, "x_3"), ("unnamed_column", 1, "column_4")]


def test_rows_that_do_not_fit_are_counted_and_named(table) -> None:
    text = (
        "t,v,w\n"
        + body("{t}", "{i}", "{i}")
        + "2024-01-05 11:00,3\n2024-01-05 11:01,3,4,5\n\n# restart\n"
        + "2024-01-05 11:02,4,4,\n2024-01-05 11:0"
    )

    opened = table("a.csv", text)

    assert opened.rows == 22
    assert column(opened, "w")[-2:] == [None, 4]
    assert {(r.kind, r.rows, r.first_row) for r in opened.repairs} == {
        ("short_rows", 1, 22),
        ("long_rows", 1, 23),
        ("blank_rows", 1, 24),
        ("stray_rows", 1, 25),
        ("cut_last_row", 1, 27),
    }
    assert [opened.file_row(row) for row in (0, 19, 20, 21)] == [2, 21, 22, 26]


def test_header_repeated_in_the_file(table) -> None:
    opened = table("a.csv", "t,v\n" + body("{t}", "{i}") + "t,v\n" + body("{t}", "{i}"))

    assert opened.rows == 40
    assert opened.read(["v"])["v"].dtype == pl.Int64
    assert told(opened) == [("repeated_header", 1, None)]


def test_category_that_is_called_total_stays(table) -> None:
    rows = "".join(f"{name},{i},{i}\n" for i, name in enumerate(["mean", "max", "total"] * 5))

    assert table("a.csv", "what,a,b\n" + rows).rows == 15


@pytest.mark.parametrize(
    ("cells", "values", "kind"),
    [
        (["1,234", "900", "1,000,000"], [1234, 900, 1000000], "thousands_separator"),
        (["1,234.5", "900", "1,000,000"], [1234.5, 900.0, 1000000.0], "thousands_separator"),
        (["55,2", "0,125", "7"], [55.2, 0.125, 7.0], "decimal_comma"),
        (["1.234,5", "2.000.000,25", "3,5"], [1234.5, 2000000.25, 3.5], "decimal_comma"),
        (["12.5 %", "13%", "9.0 %"], [12.5, 13.0, 9.0], "unit_in_cell"),
        (["20 ℃", "21.5 ℃", "19 ℃"], [20.0, 21.5, 19.0], "unit_in_cell"),
        (["(1,234)", "5.5", "▲3.5"], [-1234.0, 5.5, -3.5], "marked_negative"),
        (["₩1,200", "₩900", "₩12"], [1200.0, 900.0, 12.0], "unit_in_cell"),
    ],
)
def test_odd_numbers(table, cells: list[str], values: list[float], kind: str) -> None:
    opened = table("a.csv", "t;v\n" + "".join(f"{MINUTES[i]};{cell}\n" for i, cell in enumerate(cells)))

    assert column(opened, "v") == values
    assert kind in {r.kind for r in opened.repairs}


def test_one_certain_decimal_comma_decides_the_file(table) -> None:
    opened = table("a.csv", "t;v;w\n" + body("{t}", "1,23{i}", "{i},5", delimiter=";"))

    assert column(opened, "v")[:2] == [1.23, 1.231]


def test_missing_words_are_null(table) -> None:
    words = ["", "NA", "null", "NaN", "-", "#N/A", "None", "N/A", " "]
    opened = table(
        "a.csv", "t,v,s\n" + "".join(f"{MINUTES[i]},{w},{w}\n" for i, w in enumerate(words)) + body("{t}", "{i}", "x")
    )

    assert column(opened, "v")[:9] == [None] * 9
    assert column(opened, "s")[:9] == [None] * 9
    assert opened.read(["v"])["v"].dtype == pl.Int64


def test_no_reading_is_missing_and_told(table) -> None:
    opened = table("a.csv", "t,v\n" + body("{t}", "{i}") + "2024-01-05 11:00,ERR\n2024-01-05 11:01,--\n")

    assert column(opened, "v")[-3:] == [19, None, None]
    (repair,) = opened.repairs
    assert (repair.kind, repair.rows, repair.column, repair.first_row) == ("unreadable_number", 2, "v", 22)
    assert repair.text.en == "column 'v': 2 cells are no numbers and count as missing (such as ERR)"


def test_mixed_column_stays_text(table) -> None:
    opened = table("a.csv", "t,v\n" + body("{t}", "{i}") + "2024-01-05 11:00,Start\n2024-01-05 11:01,End\n")

    assert column(opened, "v")[-3:] == ["19", "Start", "End"]


@pytest.mark.parametrize(
    "cells", [["007", "008", "123"], ["12345678901234567890", "1", "2"], ['="0012"', '="0013"', '="0014"']]
)
def test_identifiers_stay_text(table, cells: list[str]) -> None:
    opened = table("a.csv", "id,v\n" + "".join(f"{cell},1.5\n" for cell in cells))

    assert column(opened, "id") == [cell.strip('="') for cell in cells]


SEOUL_TEN_FIVE = datetime(2024, 1, 5, 1, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    "cell",
    [
        "2024-01-05 10:05:00", "2024-01-05T10:05", "2024-01-05T10:05:00.000", "2024/01/05 10:05", "2024.01.05 10:05:00",
        "2024. 1. 5. 오전 10:05:00", "2024 01 05 10:05:00", "20240105100500", "202401051005", "20240105 100500",
        "2024년 1월 5일 10시 5분", "2024년 01월 05일 (금) 오전 10:05", "2024-01-05 10:05:00 AM", "2024-01-05T01:05:00Z",
        "2024-01-05T10:05:00+09:00", "2024-01-05 10:05:00+0900", "05-Jan-2024 10:05", "Jan 5, 2024 10:05",
        "2024-01-05 10:05:00 KST",
    ],
)  # fmt: skip
def test_times(table, cell: str) -> None:
    opened = table("a.csv", f'time;v\n"{cell}";1\n"{cell}";2\n')

    assert column(opened, "time") == [SEOUL_TEN_FIVE] * 2


@pytest.mark.parametrize(
    ("cells", "first", "order"),
    [
        (["5/4/20 0:00", "5/5/20 0:00", "5/13/20 0:00"], "2020-05-04", "month/day/year"),
        (["19/07/2008 11:55:00", "01/08/2008 13:17:00", "02/08/2008 1:00"], "2008-07-19", "day/month/year"),
        (["10/3/17 1:00", "10/3/17 2:00", "11/3/17 1:00"], "2017-03-10", "day/month/year"),
        (["24-03-05 10:00", "24-03-06 10:00", "24-03-07 10:00"], "2024-03-05", "year/month/day"),
        (["24.03.05", "24.03.05", "24.03.05"], "2024-03-05", "year/month/day"),
        (["01.02.2024", "02.02.2024", "03.02.2024"], "2024-02-01", "day/month/year"),
        (["3/4/2025", "3/4/2025", "3/4/2025"], "2025-03-04", "month/day/year"),
    ],
)
def test_order_of_day_and_month(table, cells: list[str], first: str, order: str) -> None:
    opened = table("a.csv", "date,v\n" + "".join(f"{cell},1\n" for cell in cells))

    local = opened.read(["date"])["date"].dt.convert_time_zone("Asia/Seoul")
    assert str(local[0])[:10] == first
    assert [r.text.en for r in opened.repairs] == [f"column 'date': read the dates as {order}"]


def test_impossible_dates_of_two_digit_years_stay(table) -> None:
    rows = "".join(f"5/{day}/20 0:00,1\n" for day in range(4, 29)) + "12/31/99 0:00,1\n6/15/38 0:00,1\n6/24/97 0:00,1\n"

    days = table("a.csv", "d,v\n" + rows).read(["d"])["d"].dt.convert_time_zone("Asia/Seoul")

    assert [str(day)[:10] for day in days[-3:]] == ["1999-12-31", "2038-06-15", "1997-06-24"]


def test_impossible_calendar_day_is_missing(table) -> None:
    opened = table("a.csv", "d,v\n" + "".join(f"2024-04-{day:02d},1\n" for day in range(1, 32)))

    assert column(opened, "d")[-1] is None
    assert told(opened) == [("unreadable_time", 1, "d")]


def test_time_of_day(table) -> None:
    opened = table("a.csv", "시각,v\n오전 12:00:01,1\n오후 12:30:00.5,2\n오후 11:59:59,3\n")

    assert column(opened, "시각") == [time(0, 0, 1), time(12, 30, 0, 500000), time(23, 59, 59)]


def test_date_and_time_of_day_without_separators(table) -> None:
    opened = table("a.csv", "일자,시각,v\n" + "".join(f"202401{day:02d},{day:02d}3000,1\n" for day in range(1, 21)))

    assert opened.read(["일자", "시각"]).schema == {"일자": pl.Datetime("us", "UTC"), "시각": pl.Time}
    assert column(opened, "시각")[0] == time(1, 30)


@pytest.mark.parametrize(("name", "factor"), [("timestamp", 1), ("ts", 1000), ("일시", 10**6), ("time", 10**9)])
def test_counts_since_1970_where_the_header_says_time(table, name: str, factor: int) -> None:
    opened = table("a.csv", f"{name},v\n" + "".join(f"{(1_704_416_700 + i) * factor},1\n" for i in range(5)))

    assert column(opened, name)[0] == SEOUL_TEN_FIVE


def test_large_numbers_without_such_a_header_stay_numbers(table) -> None:
    assert table("a.csv", "counter,v\n1704416700,1\n1704416701,2\n").read(["counter"])["counter"].dtype == pl.Int64


def test_running_number_named_timestamp_stays_a_number(table) -> None:
    assert table("a.csv", "Timestamp,v\n0,1\n1,2\n2,5\n").read(["Timestamp"])["Timestamp"].dtype == pl.Int64


def test_gzip_and_zip_hold_one_table(table) -> None:
    text = ("t,v\n" + body("{t}", "{i}")).encode()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("data/line1.csv", text)

    assert table("a.csv.gz", gzip.compress(text)).rows == 20
    assert table("a.zip", packed.getvalue()).rows == 20


def test_all_blank_column_with_a_name_stays(table) -> None:
    opened = table("a.csv", "t,v,w,\n" + body("{t}", "", "{i}", ""))

    assert opened.columns == ("t", "v", "w")
    assert column(opened, "v") == [None] * 20
    assert told(opened) == [("empty_column", 1, None)]


def test_unknown_column_is_refused(table) -> None:
    with pytest.raises(KeyError, match="no column"):
        table("a.csv", "a,b\n1,2\n3,4\n").read(["c"])


def test_sample_takes_start_middle_and_end(table) -> None:
    opened = table("a.csv", "v\n" + "".join(f"{i}\n" for i in range(1000)))

    assert opened.sample(9)["v"].to_list() == [0, 1, 2, 498, 499, 500, 997, 998, 999]


def test_folder_tells_what_it_leaves_aside(write, opened, tmp_path: Path) -> None:
    write("b/2.csv", "a,b\n1,2\n3,4\n")
    write("a.csv", "a,b\n1,2\n3,4\n")
    write("factory.toml", "[factory]\n")
    for name in ("README.md", "plan.pdf", ".hidden.csv", ".git/c.csv"):
        write(name, "x")
    write("notes.txt", "We changed the mould on Monday.\nIt ran well, after some trouble, until noon.\n")

    folder = opened(tmp_path)

    assert [t.file for t in folder.files] == ["a.csv", "b/2.csv"]
    assert folder.factory_file == tmp_path / "factory.toml"
    assert [s.file for s in folder.skipped] == ["README.md", "notes.txt", "plan.pdf"]


def test_progress_ends_at_one(write) -> None:
    from jasang.connect.protocols.files import open_path

    shares: list[float] = []
    path = write("a.csv", "a,b\n1,2\n3,4\n")
    with open_path(path, progress=lambda stage, share: shares.append(share)):
        pass

    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_preamble_of_a_data_logger(table) -> None:
    head = "Vendor,GL Corporation\nSampling interval,1s\nAMP settings\nCH,Signal name,Input,Range,Filter,Span\n"
    head += "CH1,온도,TEMP,TC_K,Off,2000.0,-200.0,degC\n\nData\nNumber,Date&Time,CH1,CH2\nNO.,Time,degC,mV\n"

    opened = table(
        "a.csv",
        head + body("{i}", "{t}:00", "+   {i}.5", "-    1.25") + "20,2024/01/05 10:20:00,BURNOUT,+++++\n",
        "cp949",
    )

    assert (opened.columns, opened.header_row) == (("Number", "Date&Time", "CH1", "CH2"), 8)
    assert column(opened, "CH1")[-2:] == [19.5, None]
    assert column(opened, "CH2")[-2:] == [-1.25, None]


@pytest.mark.parametrize("header", ["no,2019,2020,2021", "row,0,2,3", "0,1,2,3"])
def test_header_of_numbers(table, header: str) -> None:
    opened = table("a.csv", header + "\n" + "".join(f"{i},{i}.5,{i}.25,7\n" for i in range(20)))

    assert opened.columns == tuple(header.split(","))
    assert opened.rows == 20


@pytest.mark.parametrize("late", ["1e+16", "0.5", "1E3", "1,234.5"])
def test_a_late_real_makes_the_whole_column_real(table, late: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(content, "CHUNK", 50)
    monkeypatch.setattr(conversion, "SMALL", 0)

    opened = table("a.csv", "t;v\n" + body("{t}", "{i}", delimiter=";") + f"2024-01-05 11:00;{late}\n")

    assert column(opened, "v")[-2:] == [19.0, float(late.replace(",", ""))]
