"""The last time it looked like this: similar stretches of the past, the chance of such a match, and what came after."""

from jasang.analyze.similar_periods.chance import SURROGATES, Chance, chance_of_match, rank_of_match, surrogate
from jasang.analyze.similar_periods.followed import Followed, LevelAfter, level_after, what_followed
from jasang.analyze.similar_periods.search import (
    FEWEST_ROWS,
    MOST_MATCHES,
    Likeness,
    Match,
    distance_profile,
    nearest,
    similar_periods,
    standard_scores,
    together,
)

__all__ = [
    "FEWEST_ROWS",
    "MOST_MATCHES",
    "SURROGATES",
    "Chance",
    "Followed",
    "LevelAfter",
    "Likeness",
    "Match",
    "chance_of_match",
    "distance_profile",
    "level_after",
    "nearest",
    "rank_of_match",
    "similar_periods",
    "standard_scores",
    "surrogate",
    "together",
    "what_followed",
]
