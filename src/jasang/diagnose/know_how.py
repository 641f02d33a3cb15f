"""What helped one factory and may help the next: a verified effect as a record without names, and how alike two situations are.

A record (`jasang.knowhow/1`, docs/schema/knowhow-1.schema.json) holds symptom, context, action and effect. It holds no name of a
factory, file, machine, product, lot or person; of the column's name only words that name a quantity are kept.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from jasang.errors import JasangError
from jasang.plant.text import Text

FORMAT = "jasang.knowhow/1"
ALIKE = 0.5  # similarity from which a record is shown

# Words of columns that name a quantity or a part of a machine, with the concept both languages share. Only these leave the house.
CONCEPTS: dict[str, tuple[str, ...]] = {
    "temperature": ("temp", "temperature", "온도", "heat", "히터", "heater"),
    "pressure": ("pressure", "press", "압력", "압"),
    "speed": ("speed", "velocity", "rpm", "속도", "회전"),
    "time": ("time", "cycle", "cooling", "시간", "사이클", "냉각"),
    "current": ("current", "amp", "전류"),
    "voltage": ("voltage", "volt", "전압"),
    "power": ("power", "energy", "kwh", "kw", "전력", "에너지"),
    "vibration": ("vibration", "vib", "진동"),
    "flow": ("flow", "유량"),
    "force": ("force", "load", "clamp", "하중", "부하", "형체", "토크", "torque"),
    "thickness": ("thickness", "두께"),
    "dimension": ("width", "length", "diameter", "height", "치수", "폭", "길이", "직경", "높이", "외경", "내경"),
    "weight": ("weight", "mass", "무게", "중량"),
    "roughness": ("roughness", "burr", "거칠기", "조도", "버"),
    "hardness": ("hardness", "경도"),
    "humidity": ("humidity", "습도"),
    "concentration": ("ph", "concentration", "농도"),
    "position": ("position", "cushion", "stroke", "위치", "쿠션", "행정"),
    "mould": ("mold", "mould", "die", "금형", "형"),
    "barrel": ("barrel", "cylinder", "실린더", "배럴", "노즐", "nozzle"),
    "furnace": ("furnace", "oven", "로", "furnaces", "열처리로"),
    "tool": ("tool", "spindle", "공구", "스핀들", "주축"),
    "defect": ("defect", "verdict", "judge", "ng", "불량", "판정", "양불", "합격"),
    "stop": ("reason", "stop", "downtime", "정지", "사유", "비가동"),
    "material": ("material", "supplier", "lot", "원료", "자재", "공급", "로트"),
    "hold": ("hold", "holding", "보압", "유지"),
    "injection": ("injection", "inj", "사출"),
}
MACHINES: dict[str, tuple[str, ...]] = {
    "injection moulding": ("inj", "injection", "사출"),
    "die casting": ("diecast", "die_cast", "casting", "주조", "다이캐스팅"),
    "press": ("press", "stamping", "프레스"),
    "cutting": ("cnc", "mct", "lathe", "mill", "spindle", "선반", "밀링", "가공", "스핀들"),
    "heat treatment": ("furnace", "heat_treat", "열처리", "소성"),
    "plating": ("plating", "도금", "표면처리"),
    "welding": ("weld", "용접"),
    "extrusion": ("extru", "압출"),
    "assembly": ("assembly", "조립"),
}
_WORD = re.compile(r"[a-z]+|[가-힣]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What a finding is about, said so that another factory's can be compared: nothing in it names anybody.

    `words` are concepts of `CONCEPTS` found in the column's name (and, in `company`, in those of the other columns).
    """

    rule: str
    metric: str  # defect_rate | out_of_spec_share | down_share | mean | sigma
    role: str | None = None
    unit: str | None = None
    words: tuple[str, ...] = ()
    company: tuple[str, ...] = ()
    industry: str | None = None  # KSIC
    machine: str | None = None  # a key of MACHINES
    product: str | None = None  # only where the factory wrote a general word for it


@dataclass(frozen=True, slots=True, kw_only=True)
class KnowHow:
    """A verified effect: what was seen where, what was done, and what that changed, with its 95 % interval.

    `effect` is relative to the level before (−0.4 = 40 % less), so that it means something elsewhere. `lasting` says whether it
    held after 90 days, `None` = not known yet. `month` is "2026-05".
    """

    situation: Situation
    action: Text
    owner: str
    effect: float
    low: float
    high: float
    days: int
    month: str
    lasting: bool | None = None
    note: str = ""  # what the factory wrote itself, shown as it is


def situation_of(
    *,
    rule: str,
    metric: str,
    column: str | None,
    role: str | None = None,
    unit: str | None = None,
    industry: str | None = None,
    asset: str | None = None,
    other_columns: tuple[str, ...] = (),
    files: tuple[str, ...] = (),
) -> Situation:
    """The situation of a finding without its names."""
    names = (column or "", asset or "", *other_columns, *files)
    return Situation(
        rule=rule,
        metric=plain_metric(metric),
        role=role,
        unit=unit,
        words=concepts_of(column or ""),
        company=tuple(sorted({word for name in other_columns for word in concepts_of(name)})),
        industry=industry,
        machine=machine_of(names),
    )


def plain_metric(metric: str) -> str:
    """The kind of metric without the column's name."""
    if metric in ("defect_rate", "out_of_spec_share", "down_share"):
        return metric
    return "sigma" if metric.endswith("_sigma") else "mean"


def concepts_of(name: str) -> tuple[str, ...]:
    """The concepts that a column's name speaks of, in order of the alphabet.

    >>> concepts_of("mold_temp_2"), concepts_of("금형온도(℃)")
    (('mould', 'temperature'), ('mould', 'temperature'))
    """
    return tuple(sorted(concept for concept, words in CONCEPTS.items() if _speaks_of(name, words)))


def machine_of(names: tuple[str, ...]) -> str | None:
    """The kind of machine that most of the names speak of; `None` where none does."""
    votes = {kind: sum(_speaks_of(name, words) for name in names) for kind, words in MACHINES.items()}
    best = max(votes, key=lambda kind: votes[kind])
    return best if votes[best] else None


def _speaks_of(name: str, words: tuple[str, ...]) -> bool:
    parts = _WORD.findall(name.lower())
    # Korean words run together (금형온도); short Latin ones must stand alone.
    return any(
        word in part if "가" <= word[0] <= "힣" and len(word) > 1 else part == word or (len(word) > 3 and word in part)
        for word in words
        for part in parts
    )


def similarity(one: Situation, other: Situation) -> float:
    """How alike two situations are, 0 to 1: what is seen counts most, then where.

    Another rule or another kind of metric is never alike; what one of the two does not know counts half.
    """
    if one.rule != other.rule or one.metric != other.metric:
        return 0.0
    parts = (
        (0.35, _shared(one.words, other.words)),
        (0.15, _same(one.role, other.role)),
        (0.10, _same(one.unit, other.unit)),
        (0.20, _same(one.machine, other.machine)),
        (0.15, _industry(one.industry, other.industry)),
        (0.05, _shared(one.company, other.company)),
    )
    return float(sum(weight * alike for weight, alike in parts))


def _shared(one: tuple[str, ...], other: tuple[str, ...]) -> float:
    both = set(one) | set(other)
    return len(set(one) & set(other)) / len(both) if one and other else 0.5 if not both else 0.25


def _same(one: str | None, other: str | None) -> float:
    return 0.5 if one is None or other is None else float(one == other)


def _industry(one: str | None, other: str | None) -> float:
    """By how many digits of the KSIC codes agree: C29294 and C29299 are the same class."""
    if not one or not other:
        return 0.5
    digits, its = one.lstrip("ABCDEFGHIJKLMNOPQRSTU"), other.lstrip("ABCDEFGHIJKLMNOPQRSTU")
    same = next(
        (place for place in range(min(len(digits), len(its))) if digits[place] != its[place]),
        min(len(digits), len(its)),
    )
    return min(1.0, same / 4.0)


def know_how_json(record: KnowHow) -> dict[str, Any]:
    """The record as `jasang.knowhow/1`."""
    situation = record.situation
    return {
        "format": FORMAT,
        "symptom": {
            "rule": situation.rule,
            "metric": situation.metric,
            "role": situation.role,
            "unit": situation.unit,
            "words": list(situation.words),
        },
        "context": {
            "industry": situation.industry,
            "machine": situation.machine,
            "product": situation.product,
            "words": list(situation.company),
        },
        "action": {"ko": record.action.ko, "en": record.action.en, "owner": record.owner, "note": record.note},
        "effect": {
            "relative": record.effect,
            "low": record.low,
            "high": record.high,
            "days": record.days,
            "lasting": record.lasting,
            "month": record.month,
        },
    }


def know_how_from_json(document: Mapping[str, Any]) -> KnowHow:
    """A record from `jasang.knowhow/1`.

    Raises
    ------
    JasangError
        The document is no such record; says which part is missing or wrong.
    """
    if document.get("format") != FORMAT:
        given = str(document.get("format"))[:40]
        raise JasangError(
            ko=f"노하우 기록이 아닙니다: format이 '{given}'입니다. {FORMAT}이어야 합니다.",
            en=f"No record of know-how: format is {given!r}; expected {FORMAT!r}.",
        )
    try:
        symptom, context = _part(document, "symptom"), _part(document, "context")
        action, effect = _part(document, "action"), _part(document, "effect")
        lasting = effect.get("lasting")
        low, value, high = (float(effect[name]) for name in ("low", "relative", "high"))
        if not low <= value <= high:
            raise ValueError(f"effect {value} outside its interval {low} to {high}")
        return KnowHow(
            situation=Situation(
                rule=str(symptom["rule"])[:60],
                metric=str(symptom["metric"])[:40],
                role=_text(symptom.get("role")),
                unit=_text(symptom.get("unit")),
                words=_known(symptom.get("words", [])),
                company=_known(context.get("words", [])),
                industry=_text(context.get("industry")),
                machine=_text(context.get("machine")),
                product=_text(context.get("product")),
            ),
            action=Text(ko=str(action["ko"])[:1000], en=str(action["en"])[:1000]),
            owner=str(action.get("owner", "engineer"))[:20],
            note=str(action.get("note", ""))[:1000],
            effect=value,
            low=low,
            high=high,
            days=int(effect["days"]),
            month=str(effect["month"])[:7],
            lasting=bool(lasting) if lasting is not None else None,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise JasangError(
            ko=f"노하우 기록의 한 부분이 빠졌거나 틀렸습니다: {error}",
            en=f"A part of the record of know-how is missing or wrong: {error}",
        ) from error


def _part(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = document[name]
    if not isinstance(part, Mapping):
        raise TypeError(f"{name} is no object")
    return cast("Mapping[str, Any]", part)


def _text(value: object) -> str | None:
    return None if value is None else str(value)[:60]


def _known(words: object) -> tuple[str, ...]:
    """Only concepts that are known here; anything else could be a name."""
    return tuple(word for word in words if word in CONCEPTS) if isinstance(words, list | tuple) else ()
