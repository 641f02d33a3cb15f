"""Analysis of variance: do groups differ, and which of several factors explains how much?"""

from jasang.analyze.anova.factorial import Effect, FactorialAnova, factorial_anova
from jasang.analyze.anova.one_way import OneWayAnova, one_way_anova

__all__ = ["Effect", "FactorialAnova", "OneWayAnova", "factorial_anova", "one_way_anova"]
