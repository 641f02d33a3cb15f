"""The wide world: what stands around the units of a made factory, and how long it was recorded.

Two in five factories have two weeks on record, half have no factory.toml. In some hang electricity meters, a gauge study lies in
the folder, the signals of one machine go together as physics makes them, a column is written only after the verdict, and the
shop has the habits of `time_losses.TRAPS`. Healthy factories have all of these too, only without a problem.
"""

from dataclasses import dataclass, replace

import numpy as np
from tests.factories.made import TIME_RULES, WIDE_RULES
from tests.factories.plant_floor import Plan
from tests.factories.time_losses import TRAPS

NEED_MONTHS = ("energy_per_piece", "peak_demand")  # cannot be told from two weeks by anybody
NEED_LIMITS = ("off_centre", "excess_spread")  # nobody can tell them without a specification


@dataclass(frozen=True, kw_only=True)
class World:
    """What is decided about a factory of the wide world before its plan."""

    wanted: tuple[str, ...]
    short: bool
    stated: bool  # there is a factory.toml
    meter: bool
    gauge: bool
    leak: bool
    together: bool
    traps: tuple[str, ...]

    def narrowed(self, plan: Plan, rng: np.random.Generator) -> Plan:
        """The plan with as many weeks as this world has on record."""
        return replace(plan, weeks=2 if self.short else int(rng.integers(5 if self._months else 3, 13)))

    @property
    def _months(self) -> bool:
        return any(rule in NEED_MONTHS for rule in self.wanted)


def make_world(seed: int, healthy: bool, rules: tuple[str, ...] | None = None) -> World:
    """The world of a seed. `rules` are the problems to plant; `None` plants rule number `seed` mod 23 and up to three more."""
    rng = np.random.default_rng([seed, 7 if healthy else 8])
    wanted = () if healthy else rules if rules is not None else _wanted(rng, seed)
    stated = bool(rng.random() < 0.5) or any(rule in NEED_LIMITS for rule in wanted[:1])
    if not stated:
        wanted = tuple(rule for rule in wanted if rule not in NEED_LIMITS)
    short = bool(rng.random() < 0.4) and not any(rule in NEED_MONTHS for rule in wanted)
    habits = tuple(name for name in TRAPS if rng.random() < 0.12)
    return World(
        wanted=wanted,
        short=short,
        stated=stated,
        meter=bool(rng.random() < 0.35) or any("energy" in rule or rule == "peak_demand" for rule in wanted),
        gauge=bool(rng.random() < 0.25) or "gauge" in wanted,
        leak=bool(rng.random() < 0.3),
        together=bool(rng.random() < 0.3) or "monitor_alarm" in wanted,
        # What a loss of time costs is only known where no habit hides in it.
        traps=() if any(rule in TIME_RULES for rule in wanted) else habits,
    )


def _wanted(rng: np.random.Generator, seed: int) -> tuple[str, ...]:
    chosen = [WIDE_RULES[seed % len(WIDE_RULES)]]
    weights = np.array([3.0 if rule == "driver" else 1.0 for rule in WIDE_RULES])
    for _ in range(int(rng.choice([0, 1, 2, 3], p=[0.3, 0.3, 0.25, 0.15]))):
        extra = str(rng.choice(WIDE_RULES, p=weights / weights.sum()))
        # One meter, one gauge study, one way to fail: a second of a kind would hide the first.
        kind = {"idle_energy": 1, "peak_demand": 1, "energy_per_piece": 1, "driver": 2, "early_warning": 2,
                "downtime": 3, "minor_stops": 3, "slow_cycle": 3, "changeover": 3}  # fmt: skip
        if extra not in chosen and all(kind.get(extra, extra) != kind.get(rule, rule) for rule in chosen):
            chosen.append(extra)
    return tuple(chosen)
