"""`jasang schedule` from the command line: the example, its JSON by the schema, repairs, promises, comparisons and complaints."""

import json
import shutil
from pathlib import Path
from typing import Any

import jsonschema
import pytest

pytest.importorskip("ortools")
pytest.importorskip("numba")
from jasang.cli.main import main

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
    ("1,A,60,,someday,\n", "주문.csv row 2, column '납기': found 'someday', expected a date or time, as in 2026-10-01 08:00"),
])  # fmt: skip
def test_a_wrong_cell_is_named(capsys: pytest.CaptureFixture[str], tmp_path: Path, orders: str, words: str) -> None:
    assert main(["schedule", str(small(tmp_path, orders)), "--lang", "en"]) == 1
    assert capsys.readouterr().err == f"jasang: {words}.\n"


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
