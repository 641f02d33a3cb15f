"""Assignments from a file: a problem as JSON or as a folder of CSV files, solved and checked, and the answer as JSON or CSV."""

import csv
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jasang.connect.factory_toml import short_region
from jasang.errors import UnreadableInput
from jasang.mentor.planning_tables import Row, read_json, read_rows
from jasang.optimize.assignment import (
    Assignment,
    AssignmentProblem,
    answer_record,
    check_assignment,
    read_problem,
    solve_assignment,
)
from jasang.optimize.assignment.record import PROBLEM_FORMAT
from jasang.optimize.plain_records import plain
from jasang.plant.text import Text

_FACTORY = (
    "id", "region", "latitude", "longitude", "required", "language", "days", "weeks", "earliest", "latest", "sobujang", "need:"
)  # fmt: skip
_MENTOR = (
    "id", "region", "latitude", "longitude", "languages", "days", "away", "conflicts", "knows", "leads", "skill:"
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Assigned:
    """The problem, the answer, and every rule that the check found broken (none, unless there is a fault in the solver)."""

    problem: AssignmentProblem
    answer: Assignment
    broken: tuple[Text, ...]


def assign(path: Path, *, seconds: float = 20.0, seed: int = 0) -> Assigned:
    """Solve the problem at `path`; UnreadableInput names the file and place of what is wrong in it."""
    problem = open_assignment(path)
    answer = solve_assignment(problem, seconds=seconds, seed=seed)
    return Assigned(problem=problem, answer=answer, broken=check_assignment(problem, answer))


def open_assignment(path: Path) -> AssignmentProblem:
    """The problem of a JSON file (`jasang.assignment/1`) or of a folder with factories.csv, mentors.csv and, where wanted,
    pins.csv, vetoes.csv and plan.json (weights, horizon, team_skills)."""
    if not path.is_dir():
        return read_problem(read_json(path), file=str(path))
    raw: dict[str, Any] = {}
    if (path / "plan.json").is_file():
        raw = read_json(path / "plan.json")
        if not isinstance(raw, dict) or {"factories", "mentors"} & set(raw):
            raise UnreadableInput(
                ko=f"{path / 'plan.json'}: weights, horizon, team_skills 항목이 든 객체여야 합니다. 공장과 멘토는 CSV에 씁니다.",
                en=f"{path / 'plan.json'}: expected an object of weights, horizon, team_skills; "
                "factories and mentors are in the CSV files.",
            )
    raw = {**raw, "format": PROBLEM_FORMAT}
    raw["factories"] = [_factory(row) for row in read_rows(path, "factories.csv", needed=("id",), known=_FACTORY)]
    raw["mentors"] = [_mentor(row) for row in read_rows(path, "mentors.csv", needed=("id",), known=_MENTOR)]
    pair = ("factory", "mentor")
    for name in ("pins", "vetoes"):
        rows = read_rows(path, f"{name}.csv", needed=pair, known=pair, optional=True)
        raw[name] = [[row.text("factory"), row.text("mentor")] for row in rows] or raw.get(name, [])
    return read_problem(raw, file=str(path))


def _factory(row: Row) -> dict[str, Any]:
    days, earliest = row.number("days"), row.whole("earliest")
    return {
        "id": row.text("id"), "region": _region(row), "place": _place(row), "needs": row.levels("need"),
        "required": row.several("required"), "language": row.optional("language"), "days": 1.0 if days is None else days,
        "weeks": row.whole("weeks"), "earliest": 1 if earliest is None else earliest, "latest": row.whole("latest"),
        "sobujang": row.yes("sobujang"),
    }  # fmt: skip


def _mentor(row: Row) -> dict[str, Any]:
    return {
        "id": row.text("id"), "region": _region(row), "place": _place(row), "skills": row.levels("skill"),
        "languages": row.several("languages"), "days": row.number("days"), "away": row.spans("away"),
        "conflicts": row.several("conflicts"), "knows": row.several("knows"), "leads": row.yes("leads"),
    }  # fmt: skip


def _region(row: Row) -> str | None:
    told = row.optional("region")
    return None if told is None else short_region(told)


def _place(row: Row) -> list[float] | None:
    latitude, longitude = row.number("latitude"), row.number("longitude")
    return None if latitude is None or longitude is None else [latitude, longitude]


def assigned_json(assigned: Assigned) -> dict[str, Any]:
    """`jasang.assigned/1`."""
    return {**answer_record(assigned.answer), "broken": plain(assigned.broken)}


def assigned_csv(assigned: Assigned) -> str:
    """One row a factory: who comes, when, the score and its parts."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    parts = sorted({name for one in assigned.answer.placements for name in one.parts})
    writer.writerow(["factory", "mentors", "start_week", "score", "rank", "pinned", *parts])
    for one in assigned.answer.placements:
        writer.writerow([
            one.factory, "; ".join(one.mentors), "" if one.start is None else one.start, f"{one.score:.3f}", one.rank,
            "yes" if one.pinned else "no", *(f"{one.parts.get(name, 0.0):.3f}" for name in parts),
        ])  # fmt: skip
    for name in assigned.answer.unserved:
        writer.writerow([name, "", "", "", "", "no", *("" for _ in parts)])
    return out.getvalue()
