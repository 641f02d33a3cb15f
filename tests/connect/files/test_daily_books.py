"""Workbooks as small factories keep them: a sheet a day, several tables on a sheet, signatures and sums below the columns."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import openpyxl
import polars as pl
import pytest

from jasang.connect.protocols.files import OpenedFolder
from jasang.connect.protocols.files.dated_sheets import day_of

Open = Callable[[Path], OpenedFolder]
SEOUL = dt.timezone(dt.timedelta(hours=9))


def daily_book(path: Path, names: list[str], *, hours: range = range(8, 20), title: str = "일일 생산일보") -> Path:
    made = openpyxl.Workbook()
    made.remove(made.active)
    for name in names:
        sheet = made.create_sheet(name)
        sheet.append([title])
        sheet.append([])
        sheet.append(["시간", "호기", "양품", "불량", "온도(℃)", "비고"])
        for hour in hours:
            sheet.append([dt.time(hour % 24), "1호기", 100 + hour, hour % 3, 215.5, None])
        sheet.append(["합계", None, 1200, 12, None, None])
        sheet.append([])
        sheet.append(["작성: 김반장", None, "승인: 이부장"])
    made.save(path)
    return path


@pytest.mark.parametrize(
    ("sheet", "title", "file", "day"),
    [
        ("2026-03-02", "", "일보.xlsx", dt.date(2026, 3, 2)),
        ("20260302", "", "일보.xlsx", dt.date(2026, 3, 2)),
        ("3월2일", "작성일: 2026.04.01", "일보.xlsx", dt.date(2026, 3, 2)),
        ("03-02", "", "2026년 생산일보.xlsx", dt.date(2026, 3, 2)),
        ("0302", "", "생산일보_2026.xlsx", dt.date(2026, 3, 2)),
        ("17", "", "사출일보_2026년3월.xlsx", dt.date(2026, 3, 17)),
        ("17일(화)", "2026. 3 월보", "일보.xlsx", dt.date(2026, 3, 17)),
        ("17", "", "생산일보_202603.xlsx", dt.date(2026, 3, 17)),
        ("Sheet1", "작성일: 2026년 3월 2일", "일보.xlsx", dt.date(2026, 3, 2)),
        ("Sheet1", "생산일보", "일보.xlsx", None),
        ("31", "", "일보_2026년2월.xlsx", None),
        ("1호기", "", "일보_2026년2월.xlsx", None),
        ("1-2호기", "", "일보_2026년2월.xlsx", None),
        ("3.2 (월)", "", "일보_2026.xlsx", dt.date(2026, 3, 2)),
    ],
)
def test_day_of_a_sheet(sheet: str, title: str, file: str, day: dt.date | None) -> None:
    assert day_of(sheet, title, file) == day


def test_sheets_a_day_are_one_table_with_moments(tmp_path: Path, opened: Open) -> None:
    path = daily_book(tmp_path / "일보_2026년3월.xlsx", ["2일", "3일", "4일"])

    (table,) = opened(path).files

    frame = table.read(table.columns)
    assert (table.file, table.rows) == ("일보_2026년3월.xlsx", 36)
    assert frame.schema["시간"] == pl.Datetime("us", "UTC")
    assert frame["시간"][0] == dt.datetime(2026, 3, 2, 8, tzinfo=SEOUL)
    assert frame["시간"][-1] == dt.datetime(2026, 3, 4, 19, tzinfo=SEOUL)
    counted = {repair.kind: repair.rows for repair in table.repairs}
    assert counted == {"joined_sheets": 3, "title_rows": 3, "stray_rows": 3, "total_rows": 3}


def test_sheets_are_ordered_by_their_days(tmp_path: Path, opened: Open) -> None:
    (table,) = opened(daily_book(tmp_path / "일보_2026.xlsx", ["3월4일", "3월2일", "3월3일"])).files

    assert table.read(["시간"])["시간"].is_sorted()


def test_night_shift_goes_on_past_midnight(tmp_path: Path, opened: Open) -> None:
    (table,) = opened(daily_book(tmp_path / "야간_2026년3월.xlsx", ["2", "3", "4"], hours=range(20, 30))).files

    times = table.read(["시간"])["시간"]
    assert times[4] == dt.datetime(2026, 3, 3, 0, tzinfo=SEOUL)
    assert times.is_sorted()


@pytest.mark.parametrize("hours", [range(20, 31), range(24)])
def test_machines_below_each_other_have_the_same_day(tmp_path: Path, opened: Open, hours: range) -> None:
    path = daily_book(tmp_path / "일보_2026년3월.xlsx", ["2일", "3일", "4일"], hours=hours)
    book = openpyxl.load_workbook(path)
    for sheet in book:
        for row, hour in enumerate([*hours, *hours, *hours], start=4):
            for column, value in enumerate(
                [dt.time(hour % 24), f"{(row - 4) // len(hours) + 1}호기", 100, 1, 215.5], 1
            ):
                sheet.cell(row, column, value)
        for row in range(4 + 3 * len(hours), sheet.max_row + 1):
            sheet.delete_rows(row)
    book.save(path)

    (table,) = opened(path).files

    frame = table.read(["시간", "호기"])
    first = dt.datetime(2026, 3, 2, hours[0], tzinfo=SEOUL)
    for machine in ("1호기", "2호기", "3호기"):
        own = frame.filter(pl.col("호기") == machine)["시간"]
        assert own[: len(hours)].to_list() == [first + dt.timedelta(hours=place) for place in range(len(hours))]


def test_sheets_without_a_day_stay_apart(tmp_path: Path, opened: Open) -> None:
    files = opened(daily_book(tmp_path / "일보.xlsx", ["1호기", "2호기", "3호기"])).files

    assert [table.file for table in files] == ["일보.xlsx#1호기", "일보.xlsx#2호기", "일보.xlsx#3호기"]


def test_sheets_that_run_beside_each_other_stay_apart_whatever_their_names(tmp_path: Path, opened: Open) -> None:
    made = openpyxl.Workbook()
    made.remove(made.active)
    for name in ("1-1", "1-2", "1-3"):
        sheet = made.create_sheet(name)
        sheet.append(["일시", "온도"])
        for minute in range(30):
            sheet.append([dt.datetime(2026, 3, 2, 8) + dt.timedelta(minutes=minute), 20.5 + minute])
    made.save(tmp_path / "라인_2026.xlsx")

    assert len(opened(tmp_path / "라인_2026.xlsx").files) == 3


def test_sheet_of_another_form_stays_a_table_of_its_own(tmp_path: Path, opened: Open) -> None:
    path = daily_book(tmp_path / "일보_2026년3월.xlsx", ["2일", "3일", "4일"])
    made = openpyxl.load_workbook(path)
    other = made.create_sheet("기준")
    other.append(["품번", "표준온도"])
    for number in range(5):
        other.append([f"P-{number}", 200 + number])
    made.save(path)

    files = opened(path).files

    assert [(table.file, table.rows) for table in files] == [
        ("일보_2026년3월.xlsx", 36),
        ("일보_2026년3월.xlsx#기준", 5),
    ]


def test_day_becomes_a_column_where_rows_have_no_time(tmp_path: Path, opened: Open) -> None:
    made = openpyxl.Workbook()
    made.remove(made.active)
    for day in (2, 3, 4):
        sheet = made.create_sheet(f"2026-03-0{day}")
        sheet.append(["호기", "수량"])
        for machine in range(4):
            sheet.append([f"{machine}호기", 100 + machine])
    made.save(tmp_path / "월보.xlsx")

    (table,) = opened(tmp_path / "월보.xlsx").files

    assert table.columns == ("일자", "호기", "수량")
    assert table.read(["일자"])["일자"].unique().sort().to_list() == [
        dt.datetime(2026, 3, day, tzinfo=SEOUL) for day in (2, 3, 4)
    ]


def test_second_table_below_the_first_is_a_table_of_its_own(tmp_path: Path, opened: Open) -> None:
    made = openpyxl.Workbook()
    sheet = made.active
    sheet.title = "도금"
    sheet.append(["도금라인 현황"])
    sheet.append(["일시", "온도(℃)", "전류(A)"])
    for row in range(30):
        sheet.append([dt.datetime(2026, 3, 2, 8) + dt.timedelta(minutes=row), 55.5 + row, 1200 + row])
    sheet.append([])
    sheet.append(["약품 투입"])
    sheet.append(["투입일", "약품", "투입량(kg)"])
    for row in range(6):
        sheet.append([dt.date(2026, 3, 2 + row), "붕산", 10 + row])
    made.save(tmp_path / "도금.xlsx")

    first, second = opened(tmp_path / "도금.xlsx").files

    assert (first.file, first.rows, first.columns) == ("도금.xlsx", 30, ("일시", "온도(℃)", "전류(A)"))
    assert first.read(["전류(A)"]).schema == {"전류(A)": pl.Int64}
    assert (second.file, second.rows, second.columns) == ("도금.xlsx#도금 (2)", 6, ("투입일", "약품", "투입량(kg)"))


def test_blank_rows_within_a_table_do_not_part_it(tmp_path: Path, opened: Open) -> None:
    made = openpyxl.Workbook()
    sheet = made.active
    sheet.append(["일시", "온도", "판정"])
    for row in range(12):
        if row % 4 == 0:
            sheet.append([])
        sheet.append([dt.datetime(2026, 3, 2, 8) + dt.timedelta(minutes=row), 55.5 + row, "양품"])
    made.save(tmp_path / "a.xlsx")

    (table,) = opened(tmp_path / "a.xlsx").files

    assert table.rows == 12


def test_sum_below_a_later_column_is_no_row_of_data(tmp_path: Path, opened: Open) -> None:
    lines = ["일시,온도,업체,판정", *(f"2026-03-02 08:{m:02d},{20 + m}.5,동진,양품" for m in range(30)), ",,합계,30"]
    (tmp_path / "a.csv").write_text("\n".join(lines), "utf-8")

    (table,) = opened(tmp_path / "a.csv").files

    assert (table.rows, [repair.kind for repair in table.repairs]) == (30, ["total_rows"])


def test_end_of_the_day_is_a_time_of_that_day(tmp_path: Path, opened: Open) -> None:
    lines = ["일자,시간,사용량(kWh)", *(f"2026-03-02,{h:02d}:00,{h}.5" for h in range(1, 25))]
    (tmp_path / "a.csv").write_text("\n".join(lines), "utf-8")

    (table,) = opened(tmp_path / "a.csv").files

    assert table.read(["시간"])["시간"][-1] == dt.time(23, 59, 59, 999_999)
    assert table.repairs == ()


def test_times_of_day_beside_a_date_become_moments_also_past_midnight(tmp_path: Path, opened: Open) -> None:
    made = openpyxl.Workbook()
    made.active.append(["일자", "설비", "정지시각", "재가동시각", "사유"])
    for start, end in ((dt.time(9, 40), dt.time(10, 5)), (dt.time(23, 50), dt.time(0, 20)), (dt.time(8), None)):
        made.active.append([dt.date(2026, 3, 2), "CNC-1", start, end, "알람"])
    made.save(tmp_path / "a.xlsx")

    (table,) = opened(tmp_path / "a.xlsx").files

    frame = table.read(["정지시각", "재가동시각"])
    assert frame["정지시각"].to_list() == [
        dt.datetime(2026, 3, 2, *at, tzinfo=SEOUL) for at in ((9, 40), (23, 50), (8, 0))
    ]
    assert frame["재가동시각"].to_list() == [
        dt.datetime(2026, 3, 2, 10, 5, tzinfo=SEOUL),
        dt.datetime(2026, 3, 3, 0, 20, tzinfo=SEOUL),
        None,
    ]
    assert {repair.kind for repair in table.repairs} == {"dated_clock"}


def test_form_of_a_gauge_study_is_one_row_a_reading(tmp_path: Path, opened: Open) -> None:
    made = openpyxl.Workbook()
    sheet = made.active
    sheet.append(["측정시스템분석"])
    sheet.append(["시료", "측정자A", None, None, "측정자B", None, None])
    sheet.append([None, "1회", "2회", "3회", "1회", "2회", "3회"])
    sheet.merge_cells("B2:D2")
    sheet.merge_cells("E2:G2")
    for part in range(1, 11):
        sheet.append([part, *(10 + part / 100 + trial / 1000 for trial in range(6))])
    made.save(tmp_path / "MSA.xlsx")

    (table,) = opened(tmp_path / "MSA.xlsx").files

    frame = table.read(table.columns)
    assert (table.columns, table.rows) == (("시료", "측정자", "회차", "측정값"), 60)
    assert frame.row(0) == (1, "측정자A", 1, 10.01)
    assert frame.row(59) == (10, "측정자B", 3, pytest.approx(10.105))
    assert "gauge_form" in {repair.kind for repair in table.repairs}


def test_groups_over_repeated_names_are_joined_where_both_lines_have_as_many_names(
    tmp_path: Path, opened: Open
) -> None:
    made = openpyxl.Workbook()
    made.active.append(["시료", "금형 상", None, None, "금형 하", None, None])
    made.active.append([None, "1회", "2회", "3회", "1회", "2회", "3회"])
    for part in range(1, 11):
        made.active.append([part, *(10 + part / 100 + trial / 1000 for trial in range(6))])
    made.save(tmp_path / "a.xlsx")

    (table,) = opened(tmp_path / "a.xlsx").files

    assert table.columns == ("시료", *(f"금형 {side} {trial}회" for side in "상하" for trial in (1, 2, 3)))
