"""How long things last: Weibull life with censoring, hazards that depend on how a thing is used, and trends towards a limit."""

from jasang.analyze.remaining_life.hazards import Hazards, fit_hazards, remaining_by_hazard
from jasang.analyze.remaining_life.lives import Lives, TooFewFailures, lives_from_events, lives_from_resets
from jasang.analyze.remaining_life.trend import NoTrend, TrendLife, remaining_by_trend
from jasang.analyze.remaining_life.weibull import (
    Figure,
    Weibull,
    fit_weibull,
    life_reached_by,
    remaining_life,
    replacement_age,
)

__all__ = [
    "Figure",
    "Hazards",
    "Lives",
    "NoTrend",
    "TooFewFailures",
    "TrendLife",
    "Weibull",
    "fit_hazards",
    "fit_weibull",
    "life_reached_by",
    "lives_from_events",
    "lives_from_resets",
    "remaining_by_hazard",
    "remaining_by_trend",
    "remaining_life",
    "replacement_age",
]
