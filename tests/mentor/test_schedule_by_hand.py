"""A plan of a folder against the tables themselves: every minute is looked at by a reader of its own."""

import csv
import json
from collections import defaultdict
from datetime import date, datetime, timedelta
from itertools import pairwise
from math import ceil
from typing import Any

import pytest

pytest.importorskip("ortools")
from jasang.cli.main import main

TABLES = {
    "주문": "주문번호,제품,수량,착수가능,납기,중요도,로트크기\n"
            "W-01,브라켓,400,2026-10-01 08:00,2026-10-08,2,200\nW-02,커버,300,,2026년 10월 2일 오후 3:00,1,\n"
            "W-03,하우징,150,2026-10-02,2026. 10. 6. 12:00,5,\nW-04,브라켓,200,,2026-10-12,1,\n"
            "W-05,커버,250,2026-10-05,2026-10-07,3,\nW-06,하우징,100,,,1,\n",
    "공정": "제품,공정순서,공정명,설비,개당초,고정분,계열,대기분,중단가능,금형,작업조,인원\n"
            "브라켓,10,프레스,P1,20,15,철,,예,금형A,프레스조,1\n브라켓,10,프레스,P2,25,15,,,,,,\n"
            "브라켓,20,용접,W1,40,10,,30,예,,용접조,2\n"
            "커버,10,프레스,P1,15,10,알루미늄,,예,금형B,프레스조,1\n커버,10,프레스,P2,15,10,,,,,,\n"
            "커버,20,도장,C1,12,60,흰색,0,아니오,,,\n"
            "하우징,10,프레스,P2,60,20,철,,예,금형A,프레스조,1\n하우징,20,용접,W1,90,10,,,예,,용접조,2\n"
            "하우징,30,도장,C1,30,60,검정,120,아니오,,,\n",
    "근무": '설비,요일,시작,종료,휴식\n,월-금,08:00,17:00,"12:00-13:00, 15:00-15:10"\nC1,월-토,08:00,20:00,\n',
    "교체": "설비,이전,다음,분\n,철,알루미늄,45\n,알루미늄,철,60\nC1,흰색,검정,90\nC1,검정,흰색,120\n",
    "금형": "금형,개수\n금형A,1\n금형B,1\n",
    "작업자": "작업조,인원수,요일,시작,종료,휴식\n프레스조,2,월-금,08:00,16:00,12:00-13:00\n용접조,2,,,,\n",
    "정비": "대상,시작,종료,사유\n금형A,2026-10-06 08:00,2026-10-06 12:00,금형 수리\n",
    "설비": "설비,현재계열,사용가능\nP1,철,2026-10-01 10:00\nP2,알루미늄,\nW1,,\nC1,흰색,\n",
    "고정": "주문번호,공정순서,설비,시작\nW-06,1,P2,2026-10-02 10:00\n",
}  # fmt: skip
MACHINE_OF = {"프레스": {"P1", "P2"}, "용접": {"W1"}, "도장": {"C1"}}
HOLIDAYS = {date(2026, 10, 5), date(2026, 10, 9)}  # the day for the third, a Saturday, and Hangul day


def rows(name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(TABLES[name].splitlines()))


def is_open(who: str, at: datetime) -> bool:
    """Whether a machine or a group works in the minute that begins then."""
    day, clock = at.weekday(), at.strftime("%H:%M")
    if at.date() in HOLIDAYS:
        return False
    if who == "C1":
        return day < 6 and "08:00" <= clock < "20:00"
    if who == "프레스조":
        return day < 5 and "08:00" <= clock < "16:00" and not "12:00" <= clock < "13:00"
    pause = "12:00" <= clock < "13:00" or "15:00" <= clock < "15:10"
    return day < 5 and "08:00" <= clock < "17:00" and not pause


def minutes(start: datetime, end: datetime) -> list[datetime]:
    return [start + timedelta(minutes=one) for one in range(int((end - start) / timedelta(minutes=1)))]


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("planned")
    for number, (name, text) in enumerate(TABLES.items()):
        (folder / f"{name}.csv").write_text(text, "cp949" if number % 2 else "utf-8-sig")
    made = folder / "plan.json"
    with pytest.MonkeyPatch.context() as patch, made.open("w", encoding="utf-8") as out:
        patch.setattr("sys.stdout", out)
        assert main(["schedule", str(folder), "--rounds", "10", "--seconds", "60", "--json"]) == 0
    found: dict[str, Any] = json.loads(made.read_text("utf-8"))
    for one in found["operations"]:
        one["start"], one["end"] = (datetime.fromisoformat(one[key]).replace(tzinfo=None) for key in ("start", "end"))
    return found


def steps(one: dict[str, Any]) -> list[dict[str, str]]:
    """The rows of the routings of an operation, those of its machine first; the first row of a step speaks for all."""
    product = {row["주문번호"]: row["제품"] for row in rows("주문")}[one["order"].split("/")[0]]
    mine = [row for row in rows("공정") if row["제품"] == product and row["공정명"] == one["operation"]]
    return sorted(mine, key=lambda row: row["설비"] != one["machine"])


def test_every_order_is_made_in_its_lots_for_its_time(plan: dict[str, Any]) -> None:
    pieces = {"W-01/1": 200, "W-01/2": 200, "W-02": 300, "W-03": 150, "W-04": 200, "W-05": 250, "W-06": 100}
    done = {(one["order"], one["step"]) for one in plan["operations"]}
    assert done == {(name, step) for name in pieces for step in range(1, 3 + (name in ("W-03", "W-06")))}
    for one in plan["operations"]:
        assert one["machine"] in MACHINE_OF[one["operation"]]
        row = steps(one)[0]
        worked = [at for at in minutes(one["start"], one["end"]) if is_open(one["machine"], at)]
        assert len(worked) == ceil(pieces[one["order"]] * float(row["개당초"]) / 60 + float(row["고정분"]) - 1e-9)
        assert is_open(one["machine"], one["start"])
        if one["operation"] == "도장":
            assert len(worked) == len(minutes(one["start"], one["end"]))


def test_orders_wait_for_release_step_and_lag(plan: dict[str, Any]) -> None:
    release = {"W-03": datetime(2026, 10, 2), "W-05": datetime(2026, 10, 5)}
    by = {(one["order"], one["step"]): one for one in plan["operations"]}
    for (order, step), one in by.items():
        assert one["start"] >= release.get(order, datetime(2026, 10, 1, 8))
        if step > 1:
            lag = {"용접": 30 if order in ("W-01/1", "W-01/2", "W-04") else 0, "도장": 120 if step == 3 else 0}
            assert one["start"] >= by[order, step - 1]["end"] + timedelta(minutes=lag[one["operation"]])


def test_machines_moulds_and_people_are_not_asked_twice(plan: dict[str, Any]) -> None:
    change = {(row["이전"], row["다음"]): int(row["분"]) for row in rows("교체")}
    family = {"P1": "철", "P2": "알루미늄", "C1": "흰색", "W1": ""}
    total = 0
    for machine in family:
        row = [one for one in plan["operations"] if one["machine"] == machine]
        row.sort(key=lambda one: one["start"])
        for first, second in pairwise([None, *row]):
            now = steps(second)[-1]["계열"] or steps(second)[0]["계열"]
            needed = change.get((family[machine], now), 0) if machine != "W1" else 0
            free = datetime(2026, 10, 1, 10 if machine == "P1" else 8) if first is None else first["end"]
            room = [at for at in minutes(free, second["start"]) if is_open(machine, at)]
            assert len(room) >= needed == second["setup_minutes"]
            family[machine], total = now, total + needed
    assert total == plan["setup_minutes"]
    held: dict[tuple[str, datetime], int] = defaultdict(int)
    for one in plan["operations"]:
        said = {key: next((row[key] for row in steps(one) if row[key]), "") for key in ("금형", "작업조", "인원")}
        for at in minutes(one["start"], one["end"]):
            held[said["금형"], at] += 1
            held[said["작업조"], at] += int(said["인원"] or 0)
            if said["작업조"] == "프레스조" and is_open(one["machine"], at):
                assert is_open("프레스조", at)
            if said["금형"] == "금형A" and is_open(one["machine"], at):
                assert not datetime(2026, 10, 6, 8) <= at < datetime(2026, 10, 6, 12)
    most = {"금형A": 1, "금형B": 1, "프레스조": 2, "용접조": 2}
    assert all(number <= most[name] for (name, _), number in held.items() if name)


def test_what_is_locked_stays_and_the_costs_add_up(plan: dict[str, Any]) -> None:
    held = next(one for one in plan["operations"] if (one["order"], one["step"]) == ("W-06", 1))
    assert (held["machine"], held["start"]) == ("P2", datetime(2026, 10, 2, 10))
    day = {"W-01/1": "10-08 23:59", "W-01/2": "10-08 23:59", "W-02": "10-02 15:00", "W-03": "10-06 12:00",
           "W-04": "10-12 23:59", "W-05": "10-07 23:59"}  # fmt: skip
    due = {name: datetime.fromisoformat(f"2026-{at}") for name, at in day.items()}
    weight = {"W-03": 5.0, "W-05": 3.0}
    ends: dict[str, datetime] = defaultdict(lambda: datetime(2026, 1, 1))
    for one in plan["operations"]:
        ends[one["order"]] = max(ends[one["order"]], one["end"])
    late = {name: max(0.0, (ends[name] - at) / timedelta(minutes=1)) for name, at in due.items()}
    assert {one["order"]: one["late_minutes"] for one in plan["orders"] if one["due"]} == late
    weighted = sum(minutes * weight.get(name, 1.0) for name, minutes in late.items())
    makespan = (max(ends.values()) - datetime(2026, 10, 1, 8)) / timedelta(minutes=1)
    assert plan["weighted_late_minutes"] == pytest.approx(weighted)
    assert plan["cost"] == pytest.approx(100 * weighted + makespan + plan["setup_minutes"], abs=0.5)
    assert plan["bound"] <= plan["cost"]
