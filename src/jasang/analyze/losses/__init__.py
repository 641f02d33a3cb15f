"""Where a machine's time goes: OEE after ISO 22400, the six big losses, minor stops, slow cycles, MTBF and MTTR, changeovers,
bottleneck. Pure functions, arrays in and frozen values out; docs/analyses/losses.md shows each with an example.
"""

from jasang.analyze.losses.bottleneck import (
    Bottleneck,
    BottleneckShare,
    TurningPoint,
    shifting_bottleneck,
    turning_point,
)
from jasang.analyze.losses.changeover_changes import LongerChangeovers, longer_since, longer_than
from jasang.analyze.losses.changeovers import (
    BetterOrder,
    ChangeoverCell,
    Changeovers,
    better_order,
    changeover_matrix,
    changeovers,
)
from jasang.analyze.losses.cycle_times import (
    BestCycle,
    Slowdown,
    best_cycle,
    slowdown,
)
from jasang.analyze.losses.minor_stops import (
    MinorStops,
    NormalCycle,
    RecurringPause,
    minor_stops,
)
from jasang.analyze.losses.oee import (
    KeyFigures,
    Oee,
    key_figures,
    known_figures,
    oee,
)
from jasang.analyze.losses.reliability import (
    MeanTime,
    Survival,
    Weibull,
    mtbf,
    mttr,
    survival,
    weibull_life,
)
from jasang.analyze.losses.six_losses import (
    SixLosses,
    six_big_losses,
)
from jasang.analyze.losses.spans import (
    Spans,
    both,
    either,
    spans,
    without,
)
from jasang.analyze.losses.state_time import (
    StateTime,
    StateTrack,
    spans_by_state,
    state_time,
    state_track,
)
from jasang.analyze.losses.working_time import (
    free_days,
    planned_time,
)

__all__ = [
    "BestCycle",
    "BetterOrder",
    "Bottleneck",
    "BottleneckShare",
    "ChangeoverCell",
    "Changeovers",
    "KeyFigures",
    "LongerChangeovers",
    "MeanTime",
    "MinorStops",
    "NormalCycle",
    "Oee",
    "RecurringPause",
    "SixLosses",
    "Slowdown",
    "Spans",
    "StateTime",
    "StateTrack",
    "Survival",
    "TurningPoint",
    "Weibull",
    "best_cycle",
    "better_order",
    "both",
    "changeover_matrix",
    "changeovers",
    "either",
    "free_days",
    "key_figures",
    "known_figures",
    "longer_since",
    "longer_than",
    "minor_stops",
    "mtbf",
    "mttr",
    "oee",
    "planned_time",
    "shifting_bottleneck",
    "six_big_losses",
    "slowdown",
    "spans",
    "spans_by_state",
    "state_time",
    "state_track",
    "survival",
    "turning_point",
    "weibull_life",
    "without",
]
