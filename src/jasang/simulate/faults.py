"""Faults that can be planted: what each does to the machine, how strongly, and from when.

A fault's strength and onset come from the seed, so that a test knows the truth and a learner does not.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from jasang.plant.text import Text

FAULTS: Mapping[str, Text] = MappingProxyType(
    {
        "heater_ageing": Text(
            ko="실린더 2존 히터가 늙어 갑니다: 출력이 조금씩 줄어 가동률이 오르고, 한계에 닿으면 온도가 떨어집니다.",
            en="The heater of barrel zone 2 ages: its power fades, its duty rises, and at the limit the temperature falls.",
        ),
        "coolant_blockage": Text(
            ko="냉각수 유로가 막힙니다: 유량이 한 번에 줄고 금형 온도가 오릅니다.",
            en="A cooling channel clogs: flow drops at once and the mould runs hotter.",
        ),
        "stuck_thermocouple": Text(
            ko="실린더 3존 기록용 온도계가 한 값에 멈춥니다.",
            en="The recording thermocouple of barrel zone 3 stays at one value.",
        ),
        "broken_sensor": Text(
            ko="금형 온도 센서가 때때로 끊어져 나쁨(Bad) 품질 코드를 보냅니다.",
            en="The mould sensor's wire breaks now and then: status code Bad, no value.",
        ),
        "unit_flip": Text(
            ko="냉각수 온도가 어느 때부터 °C가 아니라 °F로 기록됩니다.",
            en="From some moment the coolant temperature is recorded in °F instead of °C.",
        ),
        "sentinel": Text(
            ko="보압 절환 위치가 때때로 실제 값 대신 9999로 기록됩니다.",
            en="The switch-over position is now and then recorded as 9999 instead of its value.",
        ),
        "wear": Text(
            ko="역류 방지 링이 닳습니다: 쿠션과 제품 중량이 조금씩 줄어듭니다.",
            en="The check ring wears: cushion and part weight creep down.",
        ),
        "supplier_lot": Text(
            ko="공급처 S3의 원료는 점도가 높아 미성형이 늘어납니다.",
            en="Material of supplier S3 is more viscous: more short shots.",
        ),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A planted fault. `onset` in s since the start of the simulation; `strength` 0.7 to 1.3 times the typical size."""

    name: str
    onset: float
    strength: float

    def age(self, elapsed: float) -> float:
        """Days since the onset, 0 before it."""
        return max(0.0, elapsed - self.onset) / 86_400.0


def plant(names: tuple[str, ...], *, seed: int, span: float) -> Mapping[str, Fault]:
    """The faults with an onset between 35 % and 65 % of `span` (s); `ValueError` for an unknown name.

    A span of 0 (a machine in front of somebody who wants to see the fault) starts every fault at once.
    """
    unknown = sorted(set(names) - set(FAULTS))
    if unknown:
        raise ValueError(f"unknown faults {unknown}; there are {sorted(FAULTS)}")
    planted = {}
    for name in sorted(set(names)):
        # A generator per fault: adding one fault does not move another.
        random = np.random.default_rng([seed, *name.encode()])
        onset = span * float(random.uniform(0.35, 0.65))
        planted[name] = Fault(name=name, onset=onset, strength=float(random.uniform(0.7, 1.3)))
    return MappingProxyType(planted)
