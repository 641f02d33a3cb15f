"""`jasang schedule` from the command line: the example, its JSON by the schema, repairs, promises, comparisons and complaints."""

import json
import shutil
from datetime import time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import jsonschema
import pytest

pytest.importorskip("ortools")
pytest.importorskip("numba")
from jasang.cli.main import main
from jasang.mentor.schedule_tables import parsed_moment

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "schedule"
SCHEMA = json.loads((ROOT / "docs/schema/schedule-1.schema.json").read_text("utf-8"))
ORDERS = "주문번호,제품,수량,착수가능,납기,납기필수\n"
ROUTES = "제품,공정순서,공정명,설비,개당분,금형\nA,1,성형,P1,1,M1\n"


def told(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    """The command's JSON, checked by the schema."""
    status = main(["schedule", *words, "--json"])
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    jsonschema.validate(found, SCHEMA)
    assert status == (1 if found["kind"] == "infeasible" else 0)
    return found


def small(folder: Path, orders: str, **tables: str) -> Path:
    (folder / "주문.csv").write_text(ORDERS + orders, "cp949")
    (folder / "공정.csv").write_text(ROUTES, "utf-8-sig")
    for name, text in tables.items():
        (folder / f"{name}.csv").write_text(text, "utf-8")
    return folder


def test_the_example_is_planned_and_drawn(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    page, sheet = tmp_path / "gantt.html", tmp_path / "plan.csv"

    found = told(capsys, str(EXAMPLE), "--seconds", "2", "--report", str(page), "--csv", str(sheet))

    assert found["kind"] == "plan"
    assert len(found["operations"]) == 102
    assert {one["order"] for one in found["operations"]} == {one["order"] for one in found["orders"]}
    assert sheet.read_text("utf-8-sig").count("\n") == 103
    assert "echarts" in page.read_text("utf-8")
    assert "https://" not in page.read_text("utf-8").split("<script>")[0]


def test_the_example_is_mended_promised_and_compared(capsys: pytest.CaptureFixture[str]) -> None:
    plan = str(EXAMPLE / "plan.json")

    mended = told(
        capsys,
        str(EXAMPLE),
        "--replan",
        plan,
        "--breakdown",
        "MCT1호",
        "2026-10-13 10:20",
        "2026-10-14 12:00",
        "--seconds",
        "2",
    )
    promised = told(capsys, str(EXAMPLE), "--plan", plan, "--promise", "브라켓A:300", "--seconds", "2")
    compared = told(capsys, str(EXAMPLE), "--plan", plan, "--compare")

    assert mended["replan"]["share_moved"] <= 0.15
    assert promised["promise"]["finish"] <= promised["promise"]["untouched"]
    assert promised["promise"]["likely"] <= promised["promise"]["safe_90"]
    assert compared["reasons"][0]["minutes"] > 0
    assert {one["reason"] for one in compared["reasons"]} >= {"step_before", "order_before"}


def test_what_cannot_be_kept_is_named_in_both_languages(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    repair = "대상,시작,종료,사유\nM1,2026-10-01 08:00,2026-10-05 18:00,금형 수리\n"
    folder = small(tmp_path, "001,A,60,2026-10-01 08:00,2026-10-03 18:00,예\n", 정비=repair)

    found = told(capsys, str(folder), "--seconds", "1")

    assert [(one["kind"], one["name"]) for one in found["conflict"]] == [("deadline", "001"), ("away", "M1")]
    assert found["smallest"] is True
    assert "금형 수리" in found["text"]["ko"]
    assert main(["schedule", str(folder), "--lang", "en", "--seconds", "1"]) == 1
    assert "order 001 is due 10-03 18:00, without fail" in capsys.readouterr().err


def test_one_row_is_enough_and_leading_zeros_stay(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    found = told(capsys, str(small(tmp_path, "007,A,90,2026-10-01 08:00,2026-10-01 09:00,\n")), "--seconds", "1")

    assert [(one["order"], one["late_minutes"]) for one in found["orders"]] == [("007", 30)]
    assert (found["optimal"], found["origin"]) == (True, "2026-10-01T08:00:00+09:00")


@pytest.mark.parametrize(("orders", "words"), [
    ("1,B,60,,,\n", "주문.csv row 2, column '제품': found 'B', expected a product of the routings (A)"),
    ("1,A,many,,,\n", "주문.csv row 2, column '수량': found 'many', expected a quantity above 0"),
    ('1,A,"56,5",,,\n', "주문.csv row 2, column '수량': found '56,5', expected a quantity above 0"),
    ("1,A,60,,someday,\n", "주문.csv row 2, column '납기': found 'someday', expected a date or time, as in 2026-10-01 08:00"),
])  # fmt: skip
def test_a_wrong_cell_is_named(capsys: pytest.CaptureFixture[str], tmp_path: Path, orders: str, words: str) -> None:
    assert main(["schedule", str(small(tmp_path, orders)), "--lang", "en"]) == 1
    assert capsys.readouterr().err == f"jasang: {words}.\n"


@pytest.mark.parametrize(("name", "text", "words"), [
    ("주문", ORDERS + "1,A,60,,,\n1,A,30,,,\n",
     "주문.csv row 3, column '주문번호': found '1', expected an order that is there once (row 2 has it, too)"),
    ("주문", "order,product,quantity,lot\n1,A,5000,1\n",
     "주문.csv row 2, column 'lot': found '1', expected a lot size that splits 5000 into 200 parts at most"),
    ("공정", "제품,설비,개당분\nA,P1,1\nA,P1,2\n",
     "공정.csv row 3, column '설비': found 'P1', expected each machine once in a step (another step has another number in the "
     "column step)"),
    ("공정", "제품,설비,개당분,금형\nA,P1,1,M1\nA,P2,1,M2\n",
     "공정.csv row 3, column '금형': found 'M2', expected the same as in the first row of this step (M1)"),
    ("공정", "제품,설비,개당분\nA,P1,\n", "공정.csv row 2, column '개당분': found '', expected how long it takes, 0 or more"),
    ("근무", "설비,시작,종료\nP7,08:00,17:00\n",
     "근무.csv row 2, column '설비': found 'P7', expected one of the names there are (P1)"),
    ("교체", "설비,이전,다음,분\nP7,A,B,5\n",
     "교체.csv row 2, column '설비': found 'P7', expected one of the names there are (P1)"),
    ("교체", "이전,다음,분\nA,B,5\nA,B,9\n",
     "교체.csv row 3, column '분': found '9', expected the same as for this change above (5 minutes)"),
    ("금형", "금형,개수\nM9,1\n", "공정.csv row 2, column '금형': found 'M1', expected one of the names there are (M9)"),
    ("설비", "설비\nP1\nP1\n",
     "설비.csv row 3, column '설비': found 'P1', expected a machine that is there once (row 2 has it, too)"),
])  # fmt: skip
def test_tables_that_do_not_fit_are_refused_by_their_cell(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, name: str, text: str, words: str
) -> None:
    folder = small(tmp_path, "1,A,60,2026-10-01 08:00,,\n")
    (folder / f"{name}.csv").write_text(text, "utf-8")

    assert main(["schedule", str(folder), "--lang", "en"]) == 1
    assert capsys.readouterr().err == f"jasang: {words}.\n"


def test_locks_that_exclude_each_other_are_named(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    locks = "주문번호,설비,시작\n1,P1,2026-10-01 09:00\n2,P1,2026-10-01 09:30\n"
    folder = small(tmp_path, "1,A,60,2026-10-01 08:00,,\n2,A,60,2026-10-01 08:00,,\n", 고정=locks)

    found = told(capsys, str(folder), "--seconds", "1")

    assert [(one["kind"], one["name"]) for one in found["conflict"]] == [("lock", "1"), ("lock", "2")]


@pytest.mark.parametrize(("text", "moment"), [
    ("2026. 10. 1. 8:05", "2026-10-01T08:05:00+09:00"), ("2026년 10월 1일 오후 1:30", "2026-10-01T13:30:00+09:00"),
    ("2026/10/1 24:00", "2026-10-02T00:00:00+09:00"), ("2026-10-01T08:00:00Z", "2026-10-01T17:00:00+09:00"),
    ("20261001", "2026-10-01T23:59:00+09:00"), ("2026-10-01 오후 13:30", None), ("2026-13-01", None), ("1.10.2026", None),
])  # fmt: skip
def test_moments_are_read_as_people_type_them(text: str, moment: str | None) -> None:
    found = parsed_moment(text, ZoneInfo("Asia/Seoul"), at=time(23, 59))

    assert (None if found is None else found.astimezone(ZoneInfo("Asia/Seoul")).isoformat()) == moment


def test_downtime_of_something_unknown_is_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    folder = small(tmp_path, "1,A,60,,,\n", 정비="대상,시작,종료\nP9,2026-10-01,2026-10-02\n")

    assert main(["schedule", str(folder), "--lang", "en"]) == 1
    assert "정비.csv: 'P9' is no machine, mould or group of people. There are: M1, P1" in capsys.readouterr().err


def test_measured_changeovers_stand_in_for_the_table(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    folder = small(tmp_path, "1,A,60,2026-10-01 08:00,,\n2,B,60,2026-10-01 08:00,,\n")
    (folder / "공정.csv").write_text(ROUTES + "B,1,성형,P1,1,\n", "utf-8")
    rows = ["P1,2026-09-01 08:00,2026-09-01 09:00,가동,A", "P1,2026-09-01 09:00,2026-09-01 09:25,교체,",
            "P1,2026-09-01 09:25,2026-09-01 10:00,가동,B"]  # fmt: skip
    (folder / "설비상태.csv").write_text("설비,시작,종료,상태,제품\n" + "\n".join(rows) + "\n", "utf-8")
    (folder / "설비.csv").write_text("설비,현재계열\nP1,A\n", "utf-8")

    found = told(capsys, str(folder), "--seconds", "1")

    assert found["setup_minutes"] == 25
    assert "medians of 1 pairs" in found["notes"][0]["en"]


def test_job_shop_files_are_solved(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file, flexible = tmp_path / "two.jsp", tmp_path / "one.fjs"
    file.write_text("2 2\n0 3 1 2\n1 4 0 1\n")
    flexible.write_text("2 2 1.5\n2 2 1 5 2 3 1 1 2\n1 1 2 4\n")  # machines from 1

    found, chosen = told(capsys, str(file), "--seconds", "1"), told(capsys, str(flexible), "--seconds", "1")

    assert (found["makespan"], found["optimal"]) == (6, True)
    assert (chosen["makespan"], {one["machine"] for one in chosen["operations"]}) == (7, {0, 1})


def test_a_broken_job_shop_file_names_its_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "odd.jsp"
    file.write_text("1 2\n0 3 1\n")

    assert main(["schedule", str(file), "--lang", "en"]) == 1
    assert (
        capsys.readouterr().err == "jasang: odd.jsp line 2: expected pairs 'machine time' (an even count), found 3.\n"
    )


def test_arguments_that_do_not_go_together_are_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for words in (["--replan", "x.json"], ["--compare", "--promise", "A:1"], ["--promise", "A"], ["--workers", "0"]):
        shutil.copytree(EXAMPLE, tmp_path / "copy", dirs_exist_ok=True)
        assert main(["schedule", str(tmp_path / "copy"), "--seconds", "0.2", *words]) == 2
        assert capsys.readouterr().err != ""
