"""Where a machine's time goes: OEE after ISO 22400, the six big losses, minor stops, slow cycles, MTBF and MTTR, changeovers,
bottleneck. Pure functions, arrays in and frozen values out; docs/analyses/losses.md shows each with an example.
"""

from jasang.analyze.losses.oee import KeyFigures, Oee, key_figures, known_figures, oee
from jasang.analyze.losses.six_losses import SixLosses, six_big_losses
from jasang.analyze.losses.spans import Spans, both, either, spans, without
from jasang.analyze.losses.state_time import StateTime, StateTrack, spans_by_state, state_time, state_track
from jasang.analyze.losses.working_time import free_days, planned_time

__all__ = [
    "KeyFigures",
    "Oee",
    "SixLosses",
    "Spans",
    "StateTime",
    "StateTrack",
    "both",
    "either",
    "free_days",
    "key_figures",
    "known_figures",
    "oee",
    "planned_time",
    "six_big_losses",
    "spans",
    "spans_by_state",
    "state_time",
    "state_track",
    "without",
]
