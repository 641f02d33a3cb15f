"""Who is sent where: mentors, or teams of three, to factories."""

from jasang.optimize.assignment.check import check_assignment
from jasang.optimize.assignment.problem import (
    Assignment,
    AssignmentProblem,
    Demand,
    Factory,
    Mentor,
    Placement,
    Rival,
    Weights,
)
from jasang.optimize.assignment.record import answer_record, problem_record, read_problem
from jasang.optimize.assignment.solve import LoadAnswer, assign_arrays, solve_assignment

__all__ = [
    "Assignment",
    "AssignmentProblem",
    "Demand",
    "Factory",
    "LoadAnswer",
    "Mentor",
    "Placement",
    "Rival",
    "Weights",
    "assign_arrays",
    "solve_assignment",
    "check_assignment",
    "answer_record",
    "problem_record",
    "read_problem",
]
