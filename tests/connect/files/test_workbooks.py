"""Excel workbooks as offices write them."""

import datetime as dt
import gzip
from collections.abc import Callable
from pathlib import Path

import openpyxl
import polars as pl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from jasang.connect.protocols.files import OpenedFolder
from jasang.errors import UnreadableInput

Open = Callable[[Path], OpenedFolder]
START = dt.datetime(2024, 1, 5, 10, 0)


def shots(sheet: Worksheet, rows: int = 20) -> None:
    sheet.append(["일시", "온도", "lot", "판정"])
    for i in range(rows):
        sheet.append([START + dt.timedelta(minutes=i, milliseconds=250), 20.5 + i, f"00{i}", "OK"])


def book(*names: str) -> openpyxl.Workbook:
    made = openpyxl.Workbook()
    made.active.title = names[0]
    for name in names[1:]:
        made.create_sheet(name)
    return made


def test_types_of_cells(tmp_path: Path, opened: Open) -> None:
    made = book("생산")
    shots(made.active)
    made.save(tmp_path / "a.xlsx")

    (table,) = opened(tmp_path / "a.xlsx").files

    assert table.file == "a.xlsx"
    frame = table.read(table.columns)
    assert frame.schema == {"일시": pl.Datetime("us", "UTC"), "온도": pl.Float64, "lot": pl.String, "판정": pl.String}
    assert frame["일시"][0] == dt.datetime(2024, 1, 5, 1, 0, 0, 250_000, tzinfo=dt.UTC)
    assert frame["lot"][1] == "001"
    assert table.repairs == ()


def test_report_with_title_merged_cells_units_and_total(tmp_path: Path, opened: Open) -> None:
    made = book("일보")
    sheet = made.active
    sheet["B2"] = "사출 생산일보"
    sheet.merge_cells("B2:G2")
    sheet["B3"], sheet["C3"] = "작성자", "김"
    for column, text in zip("BCDEFG", ["시간", "금형온도", None, "사출압력", None, "수량"], strict=True):
        sheet[f"{column}5"] = text
    sheet.merge_cells("C5:D5")
    sheet.merge_cells("E5:F5")
    for column, text in zip("CDEF", ["상", "하", "1차", "2차"], strict=True):
        sheet[f"{column}6"] = text
    for i in range(12):
        for column, value in zip(
            "BCDEFG", [START + dt.timedelta(hours=i), 180 + i, 170 + i, 80.5, 60.5, 1000], strict=True
        ):
            sheet[f"{column}{7 + i}"] = value
    sheet["B19"], sheet["G19"] = "합계", 12000
    made.save(tmp_path / "a.xlsx")

    (table,) = opened(tmp_path / "a.xlsx").files

    assert table.columns == ("시간", "금형온도 상", "금형온도 하", "사출압력 1차", "사출압력 2차", "수량")
    assert (table.rows, table.header_row, table.first_data_row) == (12, 5, 7)
    assert table.file_row(11) == 18
    assert {r.kind for r in table.repairs} == {"title_rows", "joined_header", "total_rows", "empty_column"}


def test_sheets_become_tables_and_the_rest_is_told(tmp_path: Path, opened: Open) -> None:
    made = book("표지", "1호기", "2호기", "빈 시트", "목록")
    made["표지"]["A1"] = "2024년 1월 생산 현황"
    shots(made["1호기"])
    shots(made["2호기"], rows=5)
    shots(made["목록"])
    made["목록"].sheet_state = "hidden"
    made.save(tmp_path / "a.xlsx")

    folder = opened(tmp_path / "a.xlsx")

    assert [(t.file, t.rows) for t in folder.files] == [("a.xlsx#1호기", 20), ("a.xlsx#2호기", 5)]
    assert [s.file for s in folder.skipped] == ["a.xlsx#표지", "a.xlsx#빈 시트", "a.xlsx#목록"]


def test_day_numbers_without_a_date_format(tmp_path: Path, opened: Open) -> None:
    made = book("a")
    made.active.append(["측정일시", "v"])
    for i in range(5):
        made.active.append([45296.5 + i, 45296.5 + i])
    made.save(tmp_path / "a.xlsx")

    (table,) = opened(tmp_path / "a.xlsx").files

    frame = table.read(table.columns)
    assert frame["측정일시"][0] == dt.datetime(2024, 1, 5, 3, 0, tzinfo=dt.UTC)
    assert frame["v"].dtype == pl.Float64


def test_workbook_is_known_by_content_and_may_be_packed(tmp_path: Path, opened: Open) -> None:
    made = book("a")
    shots(made.active)
    made.save(tmp_path / "a.xlsx")
    (tmp_path / "export.csv").write_bytes((tmp_path / "a.xlsx").read_bytes())
    (tmp_path / "a.xlsx.gz").write_bytes(gzip.compress((tmp_path / "a.xlsx").read_bytes()))

    assert [t.rows for t in opened(tmp_path).files] == [20, 20, 20]


def test_blank_workbook(tmp_path: Path, opened: Open) -> None:
    book("a", "b").save(tmp_path / "a.xlsx")

    with pytest.raises(UnreadableInput, match="holds nothing but blanks"):
        opened(tmp_path / "a.xlsx")


def test_infinite_number_written_as_text(tmp_path: Path, opened: Open) -> None:
    made = book("a")
    for row in (["t", "v"], [1, 1.0], [2, "Infinity"], [3, 2.0]):
        made.active.append(row)
    made.save(tmp_path / "a.xlsx")

    with pytest.raises(UnreadableInput, match="has an infinite value \\(Infinity\\) in row 3, column 'v'"):
        opened(tmp_path / "a.xlsx")


@pytest.mark.parametrize("encoding", ["utf-8", "cp949"])
def test_web_page_saved_as_xls(tmp_path: Path, opened: Open, encoding: str) -> None:
    cells = "".join(
        f"<tr><td>2024-01-05 10:{i:02d}</td><td>1,{i:03d}</td><td class='text'>00{i}</td><td>양&amp;품</td></tr>\n"
        for i in range(15)
    )
    page = (
        "<html><body><table><tr><td>조회</td></tr></table><table border=1><tr><th colspan=4>생산 실적</th></tr>"
        f"<tr><th>일시</th><th>수량<br>(개)</th><th>LOT</th><th>판정</th></tr>{cells}</table></body></html>"
    )
    (tmp_path / "a.xls").write_bytes(page.encode(encoding))

    (table,) = opened(tmp_path / "a.xls").files

    assert (table.columns, table.rows, table.encoding) == (("일시", "수량 (개)", "LOT", "판정"), 15, encoding)
    assert table.read(["수량 (개)", "LOT", "판정"]).row(1) == (1001, "001", "양&품")
