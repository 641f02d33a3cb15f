"""What the rows of a table are: units, readings, states, orders, a gauge study or something else."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from jasang.analyze.roles.axes import TimeAxis, variance_share
from jasang.analyze.roles.behaviour import Behaviour, Values, level_codes, numbers_in_text
from jasang.analyze.roles.names import read_name
from jasang.analyze.roles.vocabulary import Concept
from jasang.analyze.roles.votes import fit
from jasang.plant.factory import Kind, Role
from jasang.plant.text import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class KindGuess:
    """The kind, how sure (0 to 1) and why."""

    kind: Kind
    confidence: float
    reason: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class LongForm:
    """The columns of a long table of readings."""

    signal: str
    value: str


def spacing(times: pl.Series, assets: pl.Series | None) -> tuple[float, float]:
    """The usual step between rows in seconds (within a machine) and the share of steps within 10 % of it; NaN without time."""
    frame = pl.DataFrame(
        {
            "t": times,
            "a": assets.cast(pl.String) if assets is not None else pl.Series([None] * len(times), dtype=pl.String),
        }
    )
    frame = frame.drop_nulls("t")
    if frame.height < 10:
        return np.nan, np.nan
    steps = frame.with_columns(pl.col("t").diff().over("a").alias("s"))["s"].drop_nulls()
    seconds = steps.dt.total_milliseconds().to_numpy() / 1000.0
    if not seconds.size:
        return np.nan, np.nan
    usual = float(np.median(seconds))
    return usual, float((np.abs(seconds - usual) <= 0.1 * abs(usual) + 0.011).mean())


def long_form(
    roles: Mapping[str, Role], found: Mapping[str, Behaviour], sample: pl.DataFrame, axis: TimeAxis
) -> LongForm | None:
    """The name and value columns of a long table (time, signal, value), or `None`.

    Long means: a few columns, one number, one text whose levels come again at the same time and lie apart in the number.
    """
    numbers = [
        n
        for n, o in found.items()
        if o.values is Values.NUMBER and roles[n] not in (Role.ID, Role.ASSET, Role.PRODUCT, Role.DEFECT)
    ]
    texts = [n for n, o in found.items() if o.values is Values.TEXT and o.levels > 1 and fit(o).label]
    named = [n for n in texts if read_name(n).has(Concept.SIGNAL)]
    if axis.time is None or not numbers or not texts or len(found) > 7:
        return None
    valued = [n for n in numbers if read_name(n).has(Concept.VALUE)]
    value = (valued or numbers)[0]
    if named and (valued or len(numbers) == 1):
        return LongForm(signal=named[0], value=value)
    if len(numbers) != 1 or found[axis.time].distinct > 0.6:
        return None
    values = numbers_in_text(sample[value]).cast(pl.Float64, strict=False).fill_nan(None).to_numpy()
    for name in texts:
        if read_name(name).has(Concept.MACHINE) or roles[name] is Role.STATE:
            continue
        if variance_share(level_codes(sample[name]), values) > 0.8 and (valued or found[name].levels >= 3):
            return LongForm(signal=name, value=value)
    return None


def gauge_columns(found: Mapping[str, Behaviour], sample: pl.DataFrame) -> tuple[str | None, str, str, str] | None:
    """(operator, part, trial, value) of a gauge study, or `None`: every operator measures every part several times."""
    if not 3 <= len(found) <= 6 or not 8 <= sample.height <= 3000:
        return None
    readings = {name: read_name(name) for name in found}
    able = {name: fit(one) for name, one in found.items()}
    values = [n for n, o in found.items() if o.values is Values.NUMBER and not o.whole and o.distinct > 0.15]
    people = [n for n in found if readings[n].has(Concept.PEOPLE) and able[n].label]
    trials = [n for n in found if readings[n].has(Concept.TRIAL) and able[n].label and found[n].levels <= 10]
    if len(values) != 1 or not (people or trials):
        return None
    rest = [n for n in found if n not in (*values, *people, *trials) and able[n].label and 3 <= found[n].levels <= 100]
    parts = [n for n in rest if readings[n].has(Concept.PART, Concept.PRODUCT, Concept.LOT)] or rest
    if not parts:
        return None
    trial = trials[0] if trials else next((n for n in rest if n != parts[0] and found[n].levels <= 10), None)
    if trial is None:
        return None
    keys = [name for name in (people[0] if people else None, parts[0], trial) if name is not None]
    cells = sample.select(keys).unique().height
    crossed = int(np.prod([found[name].levels for name in keys]))
    if cells < 0.8 * crossed or sample.height > 1.5 * cells:
        return None
    return people[0] if people else None, parts[0], trial, values[0]


def table_kind(
    roles: Mapping[str, Role],
    found: Mapping[str, Behaviour],
    sample: pl.DataFrame,
    axis: TimeAxis,
    asset: str | None,
    rows: int,
) -> KindGuess:
    """The kind of the table by what its columns are and how regularly its rows come."""
    readings = {name: read_name(name) for name in found}
    has = {role: sum(1 for other in roles.values() if other is role) for role in Role}
    usual = regular = np.nan
    if axis.time is not None and sample[axis.time].dtype != pl.Time:
        usual, regular = spacing(sample[axis.time], sample[asset] if asset else None)
    elif axis.time is not None:
        clock = sample[axis.time].cast(pl.Int64).to_numpy() / 1e9
        steps = np.diff(clock)
        usual = float(np.median(steps)) if steps.size else np.nan
        regular = float((np.abs(steps - usual) <= 0.1 * abs(usual) + 0.2).mean()) if steps.size else np.nan
    texts = sum(one.values is Values.TEXT for one in found.values())
    outcome = has[Role.DEFECT] or has[Role.QUALITY]
    measured = has[Role.SENSOR] + has[Role.SETTING]
    numeric = sum(one.values is Values.NUMBER for one in found.values())
    scores = dict.fromkeys(Kind, 0.0)
    reasons: dict[Kind, list[Text]] = {kind: [] for kind in Kind}

    def add(kind: Kind, weight: float, ko: str, en: str) -> None:
        scores[kind] += weight
        if weight > 0:
            reasons[kind].append(Text(ko=ko, en=en))

    if has[Role.DEFECT]:
        add(Kind.UNITS, 3.0, "행마다 양품/불량 판정이 있음", "every row has a verdict")
    if has[Role.QUALITY]:
        add(Kind.UNITS, 1.5, "제품에서 잰 값이 있음", "it holds measures of the part")
    if has[Role.PRODUCT] or has[Role.ID]:
        add(Kind.UNITS, 1.0, "제품이나 일련번호가 있음", "it names product or serial number")
    if any(reading.has(Concept.LOT, Concept.SUPPLY, Concept.PEOPLE) for reading in readings.values()):
        add(Kind.UNITS, 2.0, "로트, 업체나 작업자가 있음", "it names lots, suppliers or operators")
    if any(
        (r.has(Concept.DURATION) and "cycle" in "".join(w.text for w in r.words))
        or (r.has(Concept.DURATION) and "사이클" in n)
        for n, r in readings.items()
    ):
        add(Kind.UNITS, 1.5, "사이클 시간이 있음", "it has a cycle time")
    if has[Role.COUNT]:
        add(Kind.UNITS, 0.7, "타수나 수량이 있음", "it counts shots or pieces")
    if has[Role.SETTING]:
        add(Kind.UNITS, 0.5, "설정값이 있음", "it holds settings")
    if regular == regular and regular < 0.7:
        add(Kind.UNITS, 1.0, "행 사이 시간이 고르지 않음", "rows come at uneven times")
    if regular == regular and regular >= 0.8:
        add(Kind.SIGNALS, 1.5, f"행이 {usual:g}초마다 고르게 옴", f"rows come evenly, every {usual:g} s")
        if usual <= 20:
            add(Kind.SIGNALS, 2.0, "20초보다 촘촘함", "closer than 20 s")
    if measured >= 0.7 * max(len(found) - 1, 1) and measured >= 1:
        add(Kind.SIGNALS, 1.5, "열이 거의 모두 측정값임", "nearly all columns are readings")
    if measured and not (
        has[Role.DEFECT] or has[Role.QUALITY] or has[Role.ID] or has[Role.PRODUCT] or has[Role.CONTEXT]
    ):
        add(Kind.SIGNALS, 1.5, "판정, 제품, 로트 열이 없음", "no verdict, product or lot")
    identity = (Role.DEFECT, Role.ID, Role.PRODUCT, Role.CONTEXT, Role.COUNT, Role.STATE)
    if (
        regular == regular
        and regular >= 0.8
        and not any(has[role] for role in identity)
        and not (axis.start and axis.end)
    ):
        add(Kind.SIGNALS, 2.0, "고른 간격의 측정값뿐임", "nothing but values at even times")
    if has[Role.ENERGY] and regular == regular and regular >= 0.8:
        add(Kind.SIGNALS, 1.5, "에너지를 일정 간격으로 잼", "energy at even times")
    if has[Role.STATE] and not has[Role.DEFECT]:
        parts = outcome or has[Role.ID] or any(reading.has(Concept.LOT) for reading in readings.values())
        weight = 1.0 if measured > 5 else 3.0 if parts else 5.0
        add(Kind.STATES, weight, "설비 상태 열이 있음", "it has a column of machine states")
    if axis.start and axis.end and not has[Role.DEFECT] and measured <= 5:
        add(Kind.STATES, 2.0, "시작과 종료 시각이 있음", "it has start and end times")
        if has[Role.REASON]:
            add(Kind.STATES, 2.0, "사유 열이 있음", "it has a reason")
    ordered = sum(reading.has(Concept.ORDER) for reading in readings.values())
    planned = any(reading.has(Concept.PLAN) and found[name].values is Values.TIME for name, reading in readings.items())
    if ordered:
        add(Kind.ORDERS, 2.0 + min(ordered, 3), "수주나 주문 열이 있음", "it names orders")
    if planned and measured <= 3 and not has[Role.DEFECT]:
        add(Kind.ORDERS, 2.0, "계획일이나 납기가 있음", "it has plan or due dates")
    if axis.start and axis.end and any(r.has(Concept.STEP) for r in readings.values()) and has[Role.COUNT]:
        add(
            Kind.ORDERS,
            5.0,
            "작업지시의 공정과 수량, 시작과 종료가 있음",
            "operations of work orders with pieces, start and end",
        )
    named = any(
        one.values is Values.TEXT and one.distinct > 0.98 and one.filled >= 0.9 * one.rows for one in found.values()
    )
    broken = sum(one.values is Values.NUMBER and not one.whole for one in found.values())
    if axis.time is None and not has[Role.DEFECT] and named and (broken < 3 or rows < 50):
        add(Kind.OTHER, 4.0, "시각 없이 행마다 이름이 붙은 목록", "a list of named things without time")
    if axis.time is None and not outcome and broken == 0 and texts >= 1:
        add(Kind.OTHER, 3.0, "시각도 측정값도 없음", "neither time nor readings")
    if numeric == 0 and axis.time is None:
        add(Kind.OTHER, 4.0, "시각도 측정값도 없음", "neither time nor readings")
    elif axis.time is None and measured == 0 and not has[Role.DEFECT] and not has[Role.QUALITY]:
        add(Kind.OTHER, 3.5, "시각도 측정값도 없음", "neither time nor readings")
    elif axis.time is None and rows < 100 and not has[Role.DEFECT] and numeric < 0.7 * len(found):
        add(Kind.OTHER, 2.0, "시각이 없는 작은 표", "a small table without time")
    if (
        texts > 0.6 * len(found)
        and not has[Role.STATE]
        and not has[Role.DEFECT]
        and measured <= 2
        and not (axis.start and axis.end)
    ):
        add(Kind.OTHER, 2.5, "대부분 글로 된 열", "mostly text")
    kind = max(scores, key=lambda k: (scores[k], k is Kind.UNITS))
    if scores[kind] == 0:
        add(Kind.UNITS if numeric else Kind.OTHER, 0.5, "달리 볼 근거가 없음", "nothing tells otherwise")
        kind = Kind.UNITS if numeric else Kind.OTHER
    odds = np.exp(np.array(list(scores.values())) - scores[kind])
    ko = ", ".join(text.ko for text in reasons[kind][:3])
    en = ", ".join(text.en for text in reasons[kind][:3])
    return KindGuess(kind=kind, confidence=float(1 / odds.sum()), reason=Text(ko=ko, en=en))
