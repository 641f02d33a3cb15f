"""Assignments as plain data: the problem is `jasang.assignment/1`, the answer `jasang.assigned/1`."""

from collections.abc import Mapping
from typing import Any

from jasang.optimize.assignment.problem import Assignment, AssignmentProblem
from jasang.optimize.plain_records import plain, read_record

PROBLEM_FORMAT = "jasang.assignment/1"
ANSWER_FORMAT = "jasang.assigned/1"


def read_problem(raw: Mapping[str, Any], *, file: str = "problem") -> AssignmentProblem:
    """A problem from plain data; UnreadableInput names the place, what was found and what was expected."""
    return read_record(AssignmentProblem, raw, file=file, format_name=PROBLEM_FORMAT)


def problem_record(problem: AssignmentProblem) -> dict[str, Any]:
    """The problem as plain data for JSON."""
    return {"format": PROBLEM_FORMAT, **plain(problem)}


def answer_record(answer: Assignment) -> dict[str, Any]:
    """The answer as plain data for JSON."""
    return {"format": ANSWER_FORMAT, **plain(answer)}
