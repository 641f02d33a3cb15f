"""What the rows of a table are: units, readings, states, orders, a gauge study or something else."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from jasang.analyze.roles.axes import TimeAxis
from jasang.analyze.roles.behaviour import Behaviour, Values
from jasang.analyze.roles.names import NameReading, read_name
from jasang.analyze.roles.shapes import clock_spacing, spacing
from jasang.analyze.roles.vocabulary import Concept
from jasang.plant.factory import Kind, Role
from jasang.plant.text import Text

EVEN = 0.8  # share of steps within 10 % of the usual one from which on rows come evenly
UNEVEN = 0.7
CLOSE = 20.0  # seconds: hardly any shop makes, measures and books a unit faster


@dataclass(frozen=True, slots=True, kw_only=True)
class KindGuess:
    """The kind, how sure (0 to 1) and why."""

    kind: Kind
    confidence: float
    reason: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class _Vote:
    kind: Kind
    weight: float
    reason: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
    """What the votes look at. `even` is the share of steps near the usual one (`step`, seconds), NaN without a time."""

    has: Mapping[Role, int]
    readings: Mapping[str, NameReading]
    found: Mapping[str, Behaviour]
    axis: TimeAxis
    rows: int
    step: float
    even: float

    @property
    def outcome(self) -> bool:
        return bool(self.has[Role.DEFECT] or self.has[Role.QUALITY])

    @property
    def measured(self) -> int:
        return self.has[Role.SENSOR] + self.has[Role.SETTING]

    @property
    def interval(self) -> bool:
        return bool(self.axis.start and self.axis.end)

    @property
    def fractions(self) -> int:
        """Columns of numbers that are not all whole."""
        return sum(one.values is Values.NUMBER and not one.whole for one in self.found.values())

    def count(self, values: Values) -> int:
        return sum(one.values is values for one in self.found.values())

    def named(self, *concepts: Concept) -> int:
        """Columns whose names hold one of the concepts."""
        return sum(reading.has(*concepts) for reading in self.readings.values())

    def any_role(self, *roles: Role) -> bool:
        return any(self.has[role] for role in roles)


def table_kind(
    roles: Mapping[str, Role],
    found: Mapping[str, Behaviour],
    sample: pl.DataFrame,
    axis: TimeAxis,
    asset: str | None,
    rows: int,
) -> KindGuess:
    """The kind of the table by what its columns are and how regularly its rows come."""
    step = even = np.nan
    if axis.time is not None:
        times = sample[axis.time]
        clock = times.dtype == pl.Time
        step, even = clock_spacing(times) if clock else spacing(times, sample[asset] if asset else None)
    has = {role: sum(1 for other in roles.values() if other is role) for role in Role}
    if all(found[name].constant for name, role in roles.items() if role is Role.STATE):
        has[Role.STATE] = 0  # a state that never changes tells no states apart
    facts = _Facts(
        has=has,
        readings={name: read_name(name) for name in found},
        found=found,
        axis=axis,
        rows=rows,
        step=step,
        even=even,
    )
    votes = [*_units(facts), *_experiments(facts), *_signals(facts), *_states(facts), *_orders(facts), *_other(facts)]
    return _elected(votes, numeric=bool(facts.count(Values.NUMBER)))


def _elected(votes: list[_Vote], *, numeric: bool) -> KindGuess:
    if not votes:
        plain = Kind.UNITS if numeric else Kind.OTHER
        votes = [_vote(plain, 0.5, "달리 볼 근거가 없음", "nothing tells otherwise")]
    sums = dict.fromkeys(Kind, 0.0)
    for vote in votes:
        sums[vote.kind] += vote.weight
    kind = max(sums, key=lambda one: (sums[one], one is Kind.UNITS))
    odds = np.exp(np.array(list(sums.values())) - sums[kind])
    reasons = sorted((vote for vote in votes if vote.kind is kind), key=lambda vote: -vote.weight)[:3]
    ko, en = (
        ", ".join(dict.fromkeys(words)) for words in zip(*((v.reason.ko, v.reason.en) for v in reasons), strict=True)
    )
    return KindGuess(kind=kind, confidence=float(1 / odds.sum()), reason=Text(ko=ko, en=en))


def _vote(kind: Kind, weight: float, ko: str, en: str) -> _Vote:
    return _Vote(kind=kind, weight=weight, reason=Text(ko=ko, en=en))


def _units(facts: _Facts) -> list[_Vote]:
    has = facts.has
    cycle = any(
        reading.has(Concept.DURATION) and any("cycle" in word.text or "사이클" in word.text for word in reading.words)
        for reading in facts.readings.values()
    )
    said = (
        (has[Role.DEFECT], 3.0, "행마다 양품/불량 판정이 있음", "every row has a verdict"),
        (has[Role.QUALITY], 1.5, "제품에서 잰 값이 있음", "it holds measures of the part"),
        (facts.any_role(Role.PRODUCT, Role.ID), 1.0, "제품이나 일련번호가 있음", "it names product or serial number"),
        (
            facts.named(Concept.LOT, Concept.SUPPLY, Concept.PEOPLE),
            2.0,
            "로트, 업체나 작업자가 있음",
            "it names lots, suppliers or operators",
        ),
        (cycle, 1.5, "사이클 시간이 있음", "it has a cycle time"),
        (has[Role.COUNT], 0.7, "타수나 수량이 있음", "it counts shots or pieces"),
        (has[Role.SETTING], 0.5, "설정값이 있음", "it holds settings"),
        (facts.even < UNEVEN, 1.0, "행 사이 시간이 고르지 않음", "rows come at uneven times"),
    )
    return [_vote(Kind.UNITS, weight, ko, en) for holds, weight, ko, en in said if holds]


def _experiments(facts: _Facts) -> list[_Vote]:
    """Small tables without time: a designed experiment, or figures of a few samples."""
    votes: list[_Vote] = []
    if facts.axis.time is not None:
        return votes
    settings = facts.has[Role.SETTING]
    if settings >= 2 and settings >= 0.5 * len(facts.found) and facts.rows < 1000:
        votes.append(_vote(Kind.UNITS, 2.0, "설정값을 바꿔 가며 한 실험", "an experiment over settings"))
    if facts.rows < 300 and (facts.fractions or facts.any_role(Role.SETTING, Role.COUNT)):
        votes.append(_vote(Kind.UNITS, 2.0, "시각이 없는 작은 표", "a small table without time"))
    return votes


def _signals(facts: _Facts) -> list[_Vote]:
    has, votes = facts.has, []
    even = facts.even >= EVEN
    if even:
        votes.append(
            _vote(
                Kind.SIGNALS, 1.5, f"행이 {facts.step:g}초마다 고르게 옴", f"rows come evenly, every {facts.step:g} s"
            )
        )
    if even and facts.step <= CLOSE:
        votes.append(_vote(Kind.SIGNALS, 2.0, "20초보다 촘촘함", "closer than 20 s"))
    if even and has[Role.ENERGY]:
        votes.append(_vote(Kind.SIGNALS, 1.5, "에너지를 일정 간격으로 잼", "energy at even times"))
    identity = (Role.DEFECT, Role.ID, Role.PRODUCT, Role.CONTEXT, Role.COUNT, Role.STATE)
    if even and not facts.any_role(*identity) and not facts.interval:
        votes.append(_vote(Kind.SIGNALS, 2.0, "고른 간격의 측정값뿐임", "nothing but values at even times"))
    if facts.measured >= max(1, 0.7 * (len(facts.found) - 1)):
        votes.append(_vote(Kind.SIGNALS, 1.5, "열이 거의 모두 측정값임", "nearly all columns are readings"))
    bare = not facts.outcome and not facts.any_role(Role.PRODUCT, Role.CONTEXT)
    if facts.measured and bare and not has[Role.ID]:
        votes.append(_vote(Kind.SIGNALS, 1.5, "판정, 제품, 로트 열이 없음", "no verdict, product or lot"))
    if facts.axis.time is None and facts.measured >= 6 and bare and has[Role.SETTING] <= facts.measured // 2:
        votes.append(_vote(Kind.SIGNALS, 1.5, "측정값 열이 여럿", "many columns of readings"))
    return votes


def _states(facts: _Facts) -> list[_Vote]:
    has, votes = facts.has, []
    if has[Role.DEFECT]:
        return []
    if has[Role.STATE]:
        parts = facts.outcome or has[Role.ID] or facts.named(Concept.LOT)
        weight = 1.0 if facts.measured > 5 else 3.0 if parts else 5.0
        votes.append(_vote(Kind.STATES, weight, "설비 상태 열이 있음", "it has a column of machine states"))
    if facts.interval and facts.measured <= 5:
        votes.append(_vote(Kind.STATES, 2.0, "시작과 종료 시각이 있음", "it has start and end times"))
        if has[Role.REASON]:
            votes.append(_vote(Kind.STATES, 2.0, "사유 열이 있음", "it has a reason"))
    return votes


def _orders(facts: _Facts) -> list[_Vote]:
    votes = []
    ordered = facts.named(Concept.ORDER)
    if ordered:
        votes.append(_vote(Kind.ORDERS, 2.0 + min(ordered, 3), "수주나 주문 열이 있음", "it names orders"))
    planned = any(
        reading.has(Concept.PLAN) and facts.found[name].values is Values.TIME
        for name, reading in facts.readings.items()
    )
    if planned and facts.measured <= 3 and not facts.has[Role.DEFECT]:
        votes.append(_vote(Kind.ORDERS, 2.0, "계획일이나 납기가 있음", "it has plan or due dates"))
    if facts.interval and facts.named(Concept.STEP) and facts.has[Role.COUNT]:
        ko, en = "작업지시의 공정과 수량, 시작과 종료가 있음", "operations of work orders with pieces, start and end"
        votes.append(_vote(Kind.ORDERS, 5.0, ko, en))
    return votes


def _other(facts: _Facts) -> list[_Vote]:
    has, found, votes = facts.has, facts.found, []
    texts, numeric = facts.count(Values.TEXT), facts.count(Values.NUMBER)
    listed = any(o.values is Values.TEXT and o.distinct > 0.98 and o.filled >= 0.9 * o.rows for o in found.values())
    neither = ("시각도 측정값도 없음", "neither time nor readings")
    if facts.axis.time is None:
        if not has[Role.DEFECT] and listed and (facts.fractions < 3 or facts.rows < 50):
            votes.append(
                _vote(Kind.OTHER, 4.0, "시각 없이 행마다 이름이 붙은 목록", "a list of named things without time")
            )
        if not facts.outcome and facts.fractions == 0 and texts:
            votes.append(_vote(Kind.OTHER, 3.0, *neither))
        if numeric == 0:
            votes.append(_vote(Kind.OTHER, 4.0, *neither))
        elif facts.measured == 0 and not facts.outcome:
            votes.append(_vote(Kind.OTHER, 3.5, *neither))
        elif facts.rows < 100 and not has[Role.DEFECT] and numeric < 0.7 * len(found):
            votes.append(_vote(Kind.OTHER, 2.0, "시각이 없는 작은 표", "a small table without time"))
    wordy = texts > 0.6 * len(found) and facts.measured <= 2
    if wordy and not facts.any_role(Role.STATE, Role.DEFECT) and not facts.interval:
        votes.append(_vote(Kind.OTHER, 2.5, "대부분 글로 된 열", "mostly text"))
    return votes
