"""Few-trial optimisation on the running line: which trial to make next, how likely it stays in specification, when to stop.

A small Gaussian process in NumPy and SciPy; no files, clock or network. The method is told in docs/campaigns.md.
"""

from jasang.optimize.campaigns.campaign import Campaign, Expected, Suggestion
from jasang.optimize.campaigns.setting import Goal, Setting, SettingLimit, Specification, Trial, Value
from jasang.optimize.campaigns.worth import Gain, StopAdvice

__all__ = [
    "Campaign",
    "Expected",
    "Gain",
    "Goal",
    "Setting",
    "SettingLimit",
    "Specification",
    "StopAdvice",
    "Suggestion",
    "Trial",
    "Value",
]
