"""Expo meetings from a file: a problem as JSON or as a folder of CSV files, planned, checked, planned anew on the day."""

import csv
import io
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jasang.errors import UnreadableInput
from jasang.mentor.planning_tables import Row, read_json, read_rows
from jasang.optimize.meetings import (
    MeetingPlan,
    MeetingsProblem,
    check_meetings,
    plan_meetings,
    plan_record,
    read_plan,
    read_problem,
    replan_meetings,
)
from jasang.optimize.meetings.record import PROBLEM_FORMAT
from jasang.optimize.plain_records import plain
from jasang.plant.text import Text

_PARTY = ("id", "languages", "away", "max_per_day", "no_show")
_WISH = ("supplier", "buyer", "by_supplier", "by_buyer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Met:
    """The problem, the plan, and every rule that the check found broken (none, unless there is a fault in the solver)."""

    problem: MeetingsProblem
    plan: MeetingPlan
    broken: tuple[Text, ...]


def meet(path: Path, *, seconds: float = 60.0, seed: int = 0) -> Met:
    """Plan the meetings of the problem at `path`; UnreadableInput names the file and place of what is wrong in it."""
    problem = open_meetings(path)
    plan = plan_meetings(problem, seconds=seconds, seed=seed)
    return Met(problem=problem, plan=plan, broken=check_meetings(problem, plan))


def meet_again(
    path: Path, before: Path, *, absent: Collection[str], now: tuple[int, int], seconds: float = 5.0,
    max_moved: float = 0.05, seed: int = 0,
) -> Met:  # fmt: skip
    """The plan of the file `before` anew from slot `now` on, without the parties in `absent`."""
    problem = open_meetings(path)
    old = read_plan(read_json(before), file=str(before))
    try:
        plan = replan_meetings(problem, old, absent=absent, now=now, seconds=seconds, max_moved=max_moved, seed=seed)
    except (ValueError, KeyError) as error:
        raise UnreadableInput(
            ko=f"{before}: {path}의 계획이 아니거나 값이 맞지 않습니다({error}).",
            en=f"{before}: is no plan of {path}, or a value does not fit ({error}).",
        ) from error
    return Met(problem=problem, plan=plan, broken=check_meetings(problem, plan))


def open_meetings(path: Path) -> MeetingsProblem:
    """The problem of a JSON file (`jasang.meetings/1`) or of a folder with suppliers.csv, buyers.csv, wishes.csv and plan.json
    (slots, tables, interpreters …)."""
    if not path.is_dir():
        return read_problem(read_json(path), file=str(path))
    raw = read_json(path / "plan.json")
    if not isinstance(raw, dict) or {"suppliers", "buyers", "wishes"} & set(raw):
        raise UnreadableInput(
            ko=f"{path / 'plan.json'}: slots, tables, interpreters 항목이 든 객체여야 합니다. 참가자와 희망은 CSV에 씁니다.",
            en=f"{path / 'plan.json'}: expected slots, tables, interpreters; parties and wishes are in the CSV files.",
        )
    raw = {**raw, "format": PROBLEM_FORMAT}
    for side in ("suppliers", "buyers"):
        raw[side] = [_party(row) for row in read_rows(path, f"{side}.csv", needed=("id",), known=_PARTY)]
    rows = read_rows(path, "wishes.csv", needed=("supplier", "buyer"), known=_WISH)
    raw["wishes"] = [
        {
            "supplier": row.text("supplier"), "buyer": row.text("buyer"),
            "by_supplier": row.number("by_supplier") or 0.0, "by_buyer": row.number("by_buyer") or 0.0,
        }
        for row in rows
    ]  # fmt: skip
    return read_problem(raw, file=str(path))


def _party(row: Row) -> dict[str, Any]:
    away = []
    for part in row.several("away"):
        day, _, slot = part.partition(".")
        if not day.isdigit() or not slot.isdigit():
            raise UnreadableInput(
                ko=f"{row.place}: 'away' 칸은 '1.5; 2.5'(일.시간대) 꼴이어야 하는데 '{part}'입니다.",
                en=f"{row.place}: column 'away' holds {part!r}; expected day.slot like '1.5; 2.5'.",
            )
        away.append([int(day), int(slot)])
    return {
        "id": row.text("id"), "languages": row.several("languages"), "away": away, "max_per_day": row.whole("max_per_day"),
        "no_show": row.number("no_show") or 0.0,
    }  # fmt: skip


def met_json(met: Met) -> dict[str, Any]:
    """`jasang.meeting-plan/1`."""
    return {**plan_record(met.plan), "broken": plain(met.broken)}


def met_csv(met: Met) -> str:
    """One row a meeting, in the order of the day."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["day", "slot", "table", "supplier", "buyer", "interpreter", "score", "pinned"])
    for one in met.plan.meetings:
        writer.writerow([
            *one.slot, one.table, one.supplier, one.buyer, one.interpreter or "", f"{one.score:.3f}",
            "yes" if one.pinned else "no",
        ])  # fmt: skip
    return out.getvalue()
