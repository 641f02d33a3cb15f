"""Causes: operating windows, interactions, lagged effects, what changed together, confounding, the experiment that would tell.

docs/analyses/causes.md shows how to call them; docs/statistics.md, section Causes, what simulations say of them.
"""

from jasang.analyze.causes.coincidence import Met, change_moments, first_seen, lined_up
from jasang.analyze.causes.confounding import ConfoundedPair, Separation, confounded_pairs, separation
from jasang.analyze.causes.experiment import (
    Experiment,
    Factor,
    Run,
    design_effect,
    plan_experiment,
    power_for_rates,
    units_for_means,
    units_for_rates,
)
from jasang.analyze.causes.interactions import Interaction, Side, find_interactions
from jasang.analyze.causes.lagged import IdJoin, LaggedEffect, aligned_at, join_by_id, lagged_effect
from jasang.analyze.causes.windows import Bound, OperatingWindow, Rate, operating_window, rate_by_blocks

__all__ = [
    "Bound",
    "ConfoundedPair",
    "Experiment",
    "Factor",
    "IdJoin",
    "Interaction",
    "LaggedEffect",
    "Met",
    "OperatingWindow",
    "Rate",
    "Run",
    "Separation",
    "Side",
    "aligned_at",
    "change_moments",
    "confounded_pairs",
    "design_effect",
    "find_interactions",
    "first_seen",
    "join_by_id",
    "lagged_effect",
    "lined_up",
    "operating_window",
    "plan_experiment",
    "power_for_rates",
    "rate_by_blocks",
    "separation",
    "units_for_means",
    "units_for_rates",
]
