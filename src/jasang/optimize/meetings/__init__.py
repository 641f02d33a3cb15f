"""Who meets whom at an expo, and when."""

from jasang.optimize.meetings.check import check_meetings
from jasang.optimize.meetings.problem import (
    Demand,
    Meeting,
    MeetingPlan,
    MeetingsProblem,
    Party,
    Pin,
    SlotUse,
    StandBy,
    Wish,
)
from jasang.optimize.meetings.record import plan_record, problem_record, read_plan, read_problem
from jasang.optimize.meetings.solve import plan_meetings, replan_meetings

__all__ = [
    "Demand",
    "Meeting",
    "MeetingPlan",
    "MeetingsProblem",
    "Party",
    "Pin",
    "SlotUse",
    "StandBy",
    "Wish",
    "plan_meetings",
    "replan_meetings",
    "check_meetings",
    "plan_record",
    "problem_record",
    "read_plan",
    "read_problem",
]
