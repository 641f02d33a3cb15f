"""Votes for roles: what a column's name says and how its values behave, weighed against each other.

A vote is a weight on the scale of log-odds with its reason in words. A name alone cannot carry a role that the values contradict:
every vote of a name asks first whether the values fit. Where the name says nothing the behaviour decides.
"""

import math
from dataclasses import dataclass

from jasang.analyze.roles import level_words
from jasang.analyze.roles.behaviour import Behaviour, Values
from jasang.analyze.roles.names import NameReading
from jasang.analyze.roles.vocabulary import Concept
from jasang.plant.factory import Role
from jasang.plant.text import Text

_MEASURED = {
    Concept.QUANTITY,
    Concept.MEASURE,
    Concept.DURATION,
    Concept.TIME,
    Concept.RATE,
    Concept.ENERGY,
    Concept.POWER,
}
UNHEARD = -1.5  # where a role starts that no evidence speaks for: log-odds


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """One piece of evidence for (or, negative, against) a role."""

    role: Role
    weight: float
    reason: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """Which kinds of thing the values of a column could be."""

    label: bool  # few levels that come again: machines, products, shifts
    flag: bool  # two or three levels
    number: bool
    moment: bool
    many: bool  # texts or whole numbers with many levels that come again: lots


def fit(one: Behaviour) -> Fit:
    """Which kinds of thing the column's values could be."""
    again = one.filled >= 2 * one.levels or (one.levels == 1 and one.filled >= 1) or one.rows < 30
    discrete = one.values is Values.TEXT or (one.values is Values.NUMBER and one.whole)
    return Fit(
        label=discrete and again and one.levels <= max(60, one.filled // 50) and one.levels <= 400,
        flag=discrete and one.levels <= 3,
        number=one.values is Values.NUMBER,
        moment=one.values in (Values.TIME, Values.CLOCK),
        many=discrete and again,
    )


def says(reading: NameReading, *concepts: Concept) -> Text:
    """ "The name says 온도"."""
    word = reading.word_for(*concepts)
    return Text(ko=f"이름의 '{word}'", en=f"the name says '{word}'")


def name_votes(reading: NameReading, one: Behaviour) -> list[Vote]:
    """What the name says, as far as the values fit."""
    head = reading.head()
    if head is None:
        return []
    able = fit(one)
    if one.values in (Values.TIME, Values.CLOCK):
        return _moment_votes(reading)
    votes = [*_people_and_things(reading, head.concepts, able, one), *_outcomes(reading, head.concepts, able, one)]
    if able.number:
        votes += _numbers(reading, head.concepts)
    return votes


def _moment_votes(reading: NameReading) -> list[Vote]:
    votes = []
    if reading.has(Concept.START) and not reading.has(Concept.END):
        votes.append(Vote(role=Role.START, weight=6.0, reason=says(reading, Concept.START)))
    if reading.has(Concept.END):
        votes.append(Vote(role=Role.END, weight=6.0, reason=says(reading, Concept.END)))
    return votes


def _people_and_things(reading: NameReading, head: tuple[Concept, ...], able: Fit, one: Behaviour) -> list[Vote]:
    """Machines, products, lots, people, identities, states, reasons."""
    votes: list[Vote] = []

    def vote(role: Role, weight: float, *concepts: Concept) -> None:
        votes.append(Vote(role=role, weight=weight, reason=says(reading, *concepts)))

    first = head[0]
    naming_only = set(head) <= {Concept.NAMING}
    surely = 0.4 if reading.open_ended else 1.0
    if Concept.MACHINE in head and able.label:
        vote(Role.ASSET, 5.0 * surely, Concept.MACHINE)
    if (Concept.PRODUCT in head or Concept.MOULD in head) and able.label:
        coded = 1.0 if reading.has(Concept.NAMING) or one.values is Values.NUMBER else 0.0
        weight = coded + (5.0 if Concept.PRODUCT in head else 4.5)
        vote(Role.PRODUCT, weight * surely, Concept.PRODUCT, Concept.MOULD)
    if reading.has(Concept.TYPE) and able.flag and one.values is Values.NUMBER:
        vote(Role.CONTEXT, 4.0, Concept.TYPE)
    if Concept.TYPE in head and able.label and one.values is Values.TEXT:
        related = reading.has(Concept.PRODUCT, Concept.MOULD) or len(reading.words) == 1
        vote(Role.PRODUCT if related else Role.CONTEXT, 2.5, Concept.TYPE)
    discrete = one.values is Values.TEXT or one.whole
    if not discrete:
        naming_only = False
    if (Concept.IDENTITY in head and discrete) or (naming_only and not reading.has(Concept.PRODUCT, Concept.MACHINE)):
        owner = next(
            (
                c
                for c in (Concept.MACHINE, Concept.MOULD, Concept.PRODUCT, Concept.LOT, Concept.PEOPLE)
                if reading.has(c)
            ),
            None,
        )
        if owner is None or not able.label:
            vote(Role.ID, 4.5, Concept.IDENTITY, Concept.NAMING)
        elif owner is Concept.MACHINE:
            vote(Role.ASSET, 4.0, owner)
        elif owner in (Concept.MOULD, Concept.PRODUCT):
            vote(Role.PRODUCT if one.levels < 60 else Role.ID, 3.5, owner)
        else:
            vote(Role.CONTEXT, 4.0, owner)
    context = (
        Concept.LOT,
        Concept.PEOPLE,
        Concept.SUPPLY,
        Concept.CALENDAR,
        Concept.PLACE,
        Concept.STEP,
        Concept.MOULD,
    )
    if any(c in head for c in context):
        unlike = Concept.PRODUCT in head or Concept.MACHINE in head
        vote(Role.CONTEXT, 2.0 if unlike or first is Concept.MOULD else 5.0, *context)
        if first is Concept.LOT and one.distinct > 0.9:
            vote(Role.ID, 5.0, Concept.LOT)
    if Concept.TRIAL in head and able.number and one.whole and able.label:
        vote(Role.CONTEXT, 3.0, Concept.TRIAL)
    if Concept.NOTE in head and not able.number:
        vote(Role.IGNORE, 3.0, Concept.NOTE)
    if Concept.SIGNAL in head and able.label and one.values is Values.TEXT:
        vote(Role.SIGNAL, 3.0, Concept.SIGNAL)
    if Concept.STATE in head and able.label:
        vote(Role.STATE, 4.5, Concept.STATE)
    if Concept.STOP in head and able.label and one.values is Values.TEXT:
        vote(Role.STATE, 2.5, Concept.STOP)
    if Concept.TROUBLE in head and able.label:
        vote(Role.STATE if able.flag or one.values is Values.NUMBER else Role.REASON, 4.0, Concept.TROUBLE)
    return votes


def _outcomes(reading: NameReading, head: tuple[Concept, ...], able: Fit, one: Behaviour) -> list[Vote]:
    """Verdicts, reasons, counts, orders."""
    votes: list[Vote] = []

    def vote(role: Role, weight: float, *concepts: Concept) -> None:
        votes.append(Vote(role=role, weight=weight, reason=says(reading, *concepts)))

    marks = (
        able.flag and one.levels == 2 and all(len(level) <= 2 for level in one.top)
    )  # 0/1, Y/N, OX: no reason is so short
    if Concept.REASON in head and (one.values is Values.TEXT or able.label):
        vote(Role.DEFECT if marks else Role.REASON, 6.0, Concept.REASON)
    verdict = reading.has(Concept.VERDICT, Concept.GOOD)
    counted = reading.has(Concept.COUNT, Concept.RATE)
    kind_of = reading.has(Concept.TYPE, Concept.NAMING, Concept.REASON)
    if verdict and not counted and Concept.REASON not in head:
        if able.flag and not (kind_of and one.values is Values.TEXT):
            vote(
                Role.DEFECT,
                5.5 if Concept.VERDICT in head or Concept.GOOD in head else 3.5,
                Concept.VERDICT,
                Concept.GOOD,
            )
        elif one.values is Values.TEXT:
            vote(Role.REASON, 4.5, Concept.VERDICT)
        elif one.whole and one.low >= 0 and not able.flag:
            vote(Role.COUNT, 3.5, Concept.VERDICT, Concept.GOOD)
    if verdict and counted and able.number:
        rate = reading.has(Concept.RATE) and not one.whole
        vote(Role.QUALITY if rate else Role.COUNT, 5.0, Concept.VERDICT, Concept.GOOD)
    if Concept.ORDER in head or (reading.has(Concept.ORDER) and Concept.COUNT in head):
        vote(Role.COUNT if able.number else Role.CONTEXT, 5.0, Concept.ORDER)
    elif reading.has(Concept.COUNT) and able.number and not _MEASURED & set(head):
        vote(Role.COUNT, 5.5 if one.whole else 3.5, Concept.COUNT)
    return votes


def _numbers(reading: NameReading, head: tuple[Concept, ...]) -> list[Vote]:
    """Quantities: set or measured, on the machine, on the part or in the air around."""
    votes: list[Vote] = []

    def vote(role: Role, weight: float, *concepts: Concept) -> None:
        votes.append(Vote(role=role, weight=weight, reason=says(reading, *concepts)))

    measured = Concept.MEASURE in head
    quantity = bool({Concept.QUANTITY, Concept.DURATION, Concept.TIME} & set(head)) or (
        reading.unit is not None and not measured and not reading.has(Concept.ENERGY, Concept.COUNT, Concept.POWER)
    )
    timed = bool({Concept.DURATION, Concept.TIME} & set(head))  # "대기시간" is a wait, not the air
    if (
        reading.has(Concept.AMBIENT)
        and not timed
        and (reading.unit or reading.has(Concept.QUANTITY, Concept.WEATHER, Concept.MEASURE))
    ):
        vote(Role.CONTEXT, 6.0, Concept.AMBIENT)
    elif Concept.WEATHER in head and not reading.has(Concept.MACHINE_PART):
        vote(Role.CONTEXT, 4.0, Concept.WEATHER)
    if Concept.ENERGY in head or (reading.has(Concept.ENERGY) and reading.unit in ("kWh", "Wh", "MWh", "kvarh")):
        vote(Role.ENERGY, 5.5, Concept.ENERGY)
    elif Concept.POWER in head or (reading.has(Concept.POWER) and reading.unit in ("kW", "W", "MW")):
        vote(Role.ENERGY, 3.5, Concept.POWER)
    if reading.has(Concept.SETPOINT) and not reading.has(Concept.VERDICT):
        vote(Role.SETTING, 5.0, Concept.SETPOINT)
    if measured:
        on_machine = reading.has(Concept.MACHINE_PART) and not reading.has(Concept.PART)
        vote(Role.SENSOR if on_machine else Role.QUALITY, 2.5 if on_machine else 4.5, Concept.MEASURE)
        if on_machine:
            vote(Role.QUALITY, 1.5, Concept.MEASURE)
    elif quantity and (timed or not reading.has(Concept.AMBIENT)):
        part = reading.has(Concept.PART) and not reading.has(Concept.MACHINE_PART)
        words = (Concept.QUANTITY, Concept.DURATION, Concept.TIME)
        if reading.has(*words):
            vote(Role.QUALITY if part and Concept.QUANTITY in head else Role.SENSOR, 3.0, *words)
        else:
            reason = Text(ko=f"단위가 {reading.unit}인 측정값", en=f"a measured quantity in {reading.unit}")
            votes.append(Vote(role=Role.SENSOR, weight=2.0, reason=reason))
    if Concept.RATE in head:
        vote(Role.QUALITY, 3.0, Concept.RATE)
    if reading.has(Concept.ACTUAL) and not reading.has(Concept.COUNT, Concept.RATE):
        vote(Role.SENSOR, 3.5 if measured else 1.5, Concept.ACTUAL)
    if Concept.VALUE in head:
        vote(Role.SENSOR, 1.0, Concept.VALUE)
    return votes


def behaviour_votes(one: Behaviour, *, nameless: bool = True) -> list[Vote]:
    """What the values say by themselves. A 0/1 column whose name speaks of something else is hardly a verdict."""
    if one.values is Values.EMPTY:
        return [Vote(role=Role.IGNORE, weight=9.0, reason=Text(ko="값이 하나도 없음", en="it holds no value"))]
    if one.copy_of is not None:
        reason = Text(ko=f"'{one.copy_of}' 열과 값이 똑같음", en=f"a copy of column '{one.copy_of}'")
        return [Vote(role=Role.IGNORE, weight=9.0, reason=reason)]
    if one.values in (Values.TIME, Values.CLOCK):
        return _time_behaviour(one)
    votes = _text_behaviour(one) if one.values is Values.TEXT else _number_behaviour(one, nameless=nameless)
    return [*votes, *_level_votes(one, nameless=nameless)]


def _time_behaviour(one: Behaviour) -> list[Vote]:
    if one.midnight:
        return [
            Vote(
                role=Role.TIME,
                weight=2.0,
                reason=Text(ko="날짜만 있고 시각은 없음", en="dates without a time of day"),
            )
        ]
    if one.rising > 0.9:
        return [
            Vote(
                role=Role.TIME,
                weight=4.0,
                reason=Text(ko="행을 따라 늘어나는 시각", en="a time that rises with the rows"),
            )
        ]
    return [Vote(role=Role.TIME, weight=3.5, reason=Text(ko="날짜와 시각", en="a date and time"))]


def _text_behaviour(one: Behaviour) -> list[Vote]:
    if one.constant:
        reason = Text(ko=f"모든 행이 '{one.top[0]}'(으)로 같음", en=f"always the same text '{one.top[0]}'")
        return [Vote(role=Role.IGNORE, weight=2.5, reason=reason)]
    if one.distinct > 0.9 and one.filled >= 20:
        if one.length > 25 and any(" " in level for level in one.top[:5]):
            return [
                Vote(
                    role=Role.IGNORE,
                    weight=4.0,
                    reason=Text(ko="행마다 다른 긴 글", en="free text, different in every row"),
                )
            ]
        return [Vote(role=Role.ID, weight=5.0, reason=Text(ko="행마다 값이 다름", en="different in every row"))]
    count = one.levels
    if count > 5 and one.changes * one.filled <= 1.2 * count:
        reason = Text(ko=f"{count}가지 값이 한 번씩만 이어짐(로트)", en=f"{count} levels, each in one stretch (lots)")
        return [Vote(role=Role.CONTEXT, weight=3.5, reason=reason)]
    if count > 60 or one.distinct > 0.3:
        reason = Text(ko=f"{count}가지 글이 되풀이됨", en=f"{count} texts that come again")
        return [Vote(role=Role.CONTEXT, weight=2.5, reason=reason), Vote(role=Role.ID, weight=1.0, reason=reason)]
    reason = Text(ko=f"{count}가지로 나뉘는 글", en=f"{count} levels in text")
    return [
        Vote(role=Role.CONTEXT, weight=2.0, reason=reason),
        Vote(role=Role.ASSET, weight=0.8, reason=reason),
        Vote(role=Role.PRODUCT, weight=0.8, reason=reason),
    ]


def _number_behaviour(one: Behaviour, *, nameless: bool) -> list[Vote]:
    votes: list[Vote] = []

    def vote(role: Role, weight: float, ko: str, en: str) -> None:
        votes.append(Vote(role=role, weight=weight, reason=Text(ko=ko, en=en)))

    if one.constant:
        vote(Role.SENSOR, 2.0, f"값이 {one.low:g} 하나뿐인 숫자", f"a number that is always {one.low:g}")
        return votes
    vote(
        Role.SENSOR,
        1.5,
        f"{one.low:g}에서 {one.high:g} 사이의 숫자",
        f"a number between {one.low:g} and {one.high:g}",
    )
    counter = one.whole and one.rising > 0.8 and one.by_one > 0.75 and one.filled >= 10 and one.levels >= 10
    if counter and one.falls == 0 and one.distinct > 0.95:
        vote(Role.ID, 5.0, "행마다 1씩 늘어나는 번호", "a number that goes up by 1 with every row")
    elif counter and one.falls > 0:
        vote(
            Role.COUNT,
            5.5,
            "1씩 늘다가 다시 처음으로 돌아가는 번호",
            "a counter that goes up by 1 and starts again",
        )
    elif one.whole and one.distinct > 0.9 and one.low >= 0 and one.filled >= 50:
        rises = one.falls <= 0.01 and one.rising > 0.99
        vote(Role.ID, 3.5 if rises else 0.5, "행마다 다른 정수", "a whole number, different in every row")
    if (
        one.levels <= 5
        and one.filled >= 6
        and one.low == -one.high
        and set(one.top) >= {"1", "-1"}
        and one.top_share <= 0.7
    ):
        vote(Role.SETTING, 4.0, "-1과 +1로 나타낸 실험 수준", "levels of an experiment, coded -1 and +1")
    if one.whole and one.levels == 2 and one.filled >= 20:
        rarer = 1 - one.top_share
        if {one.low, one.high} in ({0.0, 1.0}, {-1.0, 1.0}):
            weight = (3.0 if 0 < rarer <= 0.25 else 0.8) if nameless else 1.0
            if rarer > 0.25:
                vote(Role.CONTEXT, 1.8, "두 값으로 나뉨", "two values")
            vote(
                Role.DEFECT,
                weight,
                f"두 값 가운데 드문 쪽이 {rarer:.1%}",
                f"two values, the rarer {rarer:.1%} of rows",
            )
            return votes
    if one.levels <= max(3, min(40, one.filled // 20)) and one.changes < 0.5:
        held = 1 / max(one.changes, 1 / one.filled)
        steady = one.changes <= 0.1 and not one.small_steps > 0.6
        firm = steady and one.changes <= 0.03 and one.levels <= 20
        firm = firm or (one.levels <= 3 and one.changes <= 0.01 and one.whole)
        vote(
            Role.SETTING,
            5.0 if firm else 2.5 if steady else 1.0,
            f"{one.levels}가지 값이 한 번에 평균 {held:.0f}행씩 유지됨",
            f"{one.levels} values, held for {held:.0f} rows on average",
        )
    return votes


def _level_votes(one: Behaviour, *, nameless: bool) -> list[Vote]:
    """What the levels themselves say: verdicts, states, shifts, reasons, shapes of machine and product codes."""
    if one.values is not Values.TEXT:
        return []
    votes: list[Vote] = []

    def vote(role: Role, weight: float, ko: str, en: str) -> None:
        example = one.top[0]
        votes.append(
            Vote(role=role, weight=weight, reason=Text(ko=f"{ko} (예: '{example}')", en=f"{en} (as '{example}')"))
        )

    verdicts = level_words.GOOD | level_words.BAD
    if (
        one.levels <= 4
        and level_words.share(one.top, verdicts) >= 0.99
        and level_words.share(one.top, level_words.STATES) < 1
    ):
        weight = 4.0 if not one.constant else 5.0
        letters = all(len(level) == 1 and level.isascii() for level in one.top) and one.top_share < 0.75
        if not nameless and all(level.lower() in level_words.MARKS for level in one.top):
            weight = 1.0  # a yes or no to something else than the verdict
        vote(Role.DEFECT, weight - (1.5 if letters else 0), "값이 양품/불량 판정임", "the values are verdicts")
    if one.levels <= 25 and not one.constant:
        if level_words.share(one.top, level_words.STATES) >= 0.6:
            vote(Role.STATE, 4.5, "값이 설비 상태임", "the values are states of a machine")
        if level_words.share(one.top, level_words.CLEAR_CALENDAR) >= 0.8:
            vote(Role.CONTEXT, 4.0, "값이 요일이나 근무조임", "the values are weekdays or shifts")
    if one.levels <= 60 and level_words.share(one.top, level_words.REASONS) >= 0.4:
        vote(Role.REASON, 3.5, "값이 정지나 불량의 사유임", "the values are reasons of stops or defects")
    if level_words.shape(one.top, level_words.MACHINE_SHAPE) >= 0.8:
        vote(Role.ASSET, 3.0, "값이 설비 이름 꼴임", "the values look like names of machines")
    elif level_words.shape(one.top, level_words.SUPPLIER_SHAPE) >= 0.8:
        vote(Role.CONTEXT, 2.0, "값이 업체, 로트나 작업자 꼴임", "the values look like suppliers, lots or operators")
    elif one.levels <= 40 and level_words.shape(one.top, level_words.PRODUCT_SHAPE) >= 0.8:
        vote(Role.PRODUCT, 2.5, "값이 품목 코드 꼴임", "the values look like codes of products")
    return votes


def weigh(votes: list[Vote]) -> dict[Role, float]:
    """The probability of each role: the soft maximum of the summed votes. A role nobody votes for starts lower."""
    heard: dict[Role, float] = {}
    for vote in votes:
        heard[vote.role] = heard.get(vote.role, 0.0) + vote.weight
    sums = {role: heard.get(role, UNHEARD) for role in Role}
    top = max(sums.values())
    odds = {role: math.exp(value - top) for role, value in sums.items()}
    total = sum(odds.values())
    return {role: value / total for role, value in odds.items()}


def reason_for(role: Role, votes: list[Vote]) -> Text:
    """The two weightiest reasons for the role."""
    mine = sorted((vote for vote in votes if vote.role is role and vote.weight > 0), key=lambda vote: -vote.weight)
    if not mine:
        return Text(ko="이름과 값만으로는 알 수 없음", en="neither name nor values tell")
    ko = ", ".join(dict.fromkeys(vote.reason.ko for vote in mine[:2]))
    en = ", ".join(dict.fromkeys(vote.reason.en for vote in mine[:2]))
    return Text(ko=ko, en=en)
