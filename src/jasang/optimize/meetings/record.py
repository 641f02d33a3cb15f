"""Meetings as plain data: the problem is `jasang.meetings/1`, the plan `jasang.meeting-plan/1`."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from jasang.optimize.meetings.problem import MeetingPlan, MeetingsProblem
from jasang.optimize.plain_records import plain, read_record

PROBLEM_FORMAT = "jasang.meetings/1"
PLAN_FORMAT = "jasang.meeting-plan/1"


def read_problem(raw: Mapping[str, Any], *, file: str = "problem") -> MeetingsProblem:
    """A problem from plain data; UnreadableInput names the place, what was found and what was expected."""
    return read_record(MeetingsProblem, raw, file=file, format_name=PROBLEM_FORMAT)


def problem_record(problem: MeetingsProblem) -> dict[str, Any]:
    """The problem as plain data for JSON."""
    return {"format": PROBLEM_FORMAT, **plain(problem)}


def read_plan(raw: Mapping[str, Any], *, file: str = "plan") -> MeetingPlan:
    """A plan that was written before; keys of later releases (and `broken`, which the command adds) are left out."""
    known = {field.name for field in fields(MeetingPlan)}
    kept = (
        {key: value for key, value in raw.items() if key in known or key == "format"}
        if isinstance(raw, Mapping)
        else raw
    )
    return read_record(MeetingPlan, kept, file=file, format_name=PLAN_FORMAT)


def plan_record(plan: MeetingPlan) -> dict[str, Any]:
    """The plan as plain data for JSON."""
    return {"format": PLAN_FORMAT, **plain(plan)}
