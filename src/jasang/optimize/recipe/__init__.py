"""Recipes from history: settings that the record says are better than today's; or that it cannot tell, and what would."""

from jasang.optimize.recipe.answer import (
    ConstraintChance,
    Curve,
    Gain,
    NextExperiment,
    Reason,
    ReasonCode,
    Recommendation,
    SettingEvidence,
    Status,
    TradePoint,
)
from jasang.optimize.recipe.recommend import recommend_recipe
from jasang.optimize.recipe.records import RecipeRecords

__all__ = [
    "ConstraintChance",
    "Curve",
    "Gain",
    "NextExperiment",
    "Reason",
    "ReasonCode",
    "RecipeRecords",
    "Recommendation",
    "SettingEvidence",
    "Status",
    "TradePoint",
    "recommend_recipe",
]
