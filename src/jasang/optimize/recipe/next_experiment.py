"""The experiment that would tell what the record cannot: the settings in question, few runs, with its power."""

import numpy as np

from jasang.optimize.campaigns.setting import Setting
from jasang.optimize.experiments import Factor, full_factorial, power, replicates_needed
from jasang.optimize.recipe.answer import NextExperiment, SettingEvidence
from jasang.optimize.recipe.moves import Moved
from jasang.optimize.recipe.records import RecipeRecords, binary_outcome

_MOST_FACTORS = 3
_UNITS = (20, 50, 100, 200, 500, 1000, 2000)
_RUN_COST = 50  # units that a change of settings costs before the line is steady again
_WANTED = 0.8
_LEAST_POWER = 0.6  # a trial that would most likely show nothing is not proposed
_SHARE_OF_RATE, _SHARE_OF_SPREAD = 0.4, 0.5  # the effect worth seeing
_ALIKE = 1.5  # units of one run share more than chance: the variance of a run's mean grows so much
_STEP = 0.2  # of the limits' span, each way from today, for a setting that never moved


def experiment_for(
    records: RecipeRecords,
    moved: Moved,
    now: tuple[np.ndarray, np.ndarray],
    y: np.ndarray,
    evidence: tuple[SettingEvidence, ...],
) -> NextExperiment | None:
    """A two-level factorial of up to three settings (with centre runs where all are numbers), made as often as the power needs.

    The settings that the record could not judge come first. `None` where no setting has room to move, or no trial of
    a sensible size would show anything (very rare defects).
    """
    unsure = {one.setting: place for place, one in enumerate(evidence) if not one.usable}
    order = sorted(moved.settings, key=lambda s: (s.name not in unsure, unsure.get(s.name, 0)))
    factors = [factor for setting in order if (factor := _factor(setting, moved, now)) is not None][:_MOST_FACTORS]
    if not factors or y.size < 2:
        return None
    binary = binary_outcome(records.outcomes[records.goals[0].outcome])
    if binary:
        rate = float(np.clip((y.sum() + 1) / (y.size + 2), 1e-3, 0.5))
        effect, spread = _SHARE_OF_RATE * rate, float(np.sqrt(rate * (1 - rate)))
    else:
        spread = float(y.std())
        effect = _SHARE_OF_SPREAD * spread
    if spread <= 0:
        return None
    numbers = all(factor.numeric for factor in factors)
    design = full_factorial(factors, centre=2 if numbers else 0)
    if len(factors) == 1 and factors[0].numeric:
        design = full_factorial(factors, levels=3)
    cheapest = (np.inf, _UNITS[-1], 3)
    for units in _UNITS:
        sigma = spread * float(np.sqrt(_ALIKE / units))
        times = replicates_needed(design, effect=effect, sigma=sigma, wanted=_WANTED, most=3)
        if times is not None:
            cost = design.runs * times * (units + _RUN_COST)
            cheapest = min(cheapest, (cost, units, times))
    _, units, times = cheapest
    sigma = spread * float(np.sqrt(_ALIKE / units))
    made = design.repeated(times)
    found = [one.power for one in power(made, effect=effect, sigma=sigma)]
    chance = float(np.nanmin(found))
    return NextExperiment(design=made, units=units, effect=effect, power=chance) if chance >= _LEAST_POWER else None


def _factor(setting: Setting, moved: Moved, now: tuple[np.ndarray, np.ndarray]) -> Factor | None:
    if not setting.numeric:
        return Factor(name=setting.name, levels=setting.levels[:2])
    place = [one.name for one in moved.numeric].index(setting.name)
    column, at = moved.numbers[:, place], float(now[0][0, place])
    limit_low = setting.low if setting.low is not None else -np.inf
    limit_high = setting.high if setting.high is not None else np.inf
    low, high = (float(v) for v in np.quantile(column, [0.1, 0.9]))
    room = _STEP * (limit_high - limit_low)
    if high - low < room:
        low, high = at - room, at + room
    low, high = max(low, limit_low), min(high, limit_high)
    if not low < high:
        return None
    digits = int(np.ceil(-np.log10((high - low) / 50)))
    return Factor(name=setting.name, low=round(low, digits), high=round(high, digits), unit=setting.unit)
