"""A capability study in words, tables and charts; an unstable process is told what to do first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC
from zoneinfo import ZoneInfo

import numpy as np

from jasang.analyze.capability import CapabilityStudy, Estimate, Instability
from jasang.analyze.capability.parts import Part
from jasang.diagnose.chart import Chart, Line, Mark
from jasang.diagnose.finding import Action, Evidence, Subject
from jasang.diagnose.gauge_story import short
from jasang.diagnose.study import Study, StudyTable
from jasang.plant.text import Text

WANTED = 1.33  # what customers of parts ask of Ppk
BARS = 40
_SHAPES = {
    "normal": Text(ko="정규분포", en="normal"),
    "box_cox": Text(ko="Box-Cox 변환", en="normal after Box-Cox"),
    "yeo_johnson": Text(ko="Yeo-Johnson 변환", en="normal after Yeo-Johnson"),
    "johnson": Text(ko="Johnson 변환", en="normal after the Johnson transformation"),
    "modulus": Text(ko="modulus 변환", en="normal after the modulus transformation"),
    "quantile": Text(ko="분위수법(ISO 22514-2)", en="quantiles (ISO 22514-2)"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What was measured where: values and times (datetime64, `None` without) in order, shape (n,), and how they were grouped."""

    subject: Subject
    name: str
    unit: str | None
    values: np.ndarray
    time: np.ndarray | None
    zone: str
    by: Text | None = None


def capability_answer(
    asked: Asked,
    study: CapabilityStudy,
    *,
    periods: Sequence[Part] = (),
    groups: Sequence[Part] = (),
    p_groups: float = 1.0,
    since: CapabilityStudy | None = None,
) -> Study:
    """The study in words. `since` is the capability after the last shift, where the process has been stable since."""
    charts = [_histogram(asked, study)]
    if len(periods) > 1:
        charts.append(_over_time(asked, periods))
    if groups:
        charts.append(_by_group(asked, groups))
    return Study(
        kind="capability",
        title=Text(ko=f"{asked.name}: 규격을 지킬 능력이 있나?", en=f"{asked.name}: is the process capable?"),
        answer=_answer(asked, study, groups, p_groups, since),
        subject=asked.subject,
        evidence=_evidence(asked, study),
        charts=tuple(charts),
        tables=(_table(study), *((_groups(asked, groups),) if groups else ())),
        actions=_actions(asked, study),
        notes=_notes(study),
    )


def moment_words(asked: Asked, row: int) -> tuple[str, str]:
    """When the value was measured, in the factory's zone, or its number."""
    if asked.time is None or np.isnat(asked.time[row]):
        return f"{row + 1:,}번째 값", f"value {row + 1:,}"
    moment = asked.time[row].astype("datetime64[us]").item().replace(tzinfo=UTC).astimezone(ZoneInfo(asked.zone))
    return (moment.strftime("%Y-%m-%d %H:%M"),) * 2


def instability_words(asked: Asked, one: Instability) -> Text:
    """What is not stable, and since when or where."""
    ko, en = moment_words(asked, one.first)
    last_ko, last_en = moment_words(asked, one.last)
    size = short(abs(one.size))
    up_ko, up_en = ("올라감", "up") if one.size > 0 else ("내려감", "down")
    return {
        "shift": Text(
            ko=f"{ko}부터 평균이 표준편차의 {size}배만큼 {up_ko}", en=f"since {en} the mean is {up_en} by {size} sd"
        ),
        "drift": Text(
            ko=f"{ko}부터 평균이 서서히 {up_ko}(표준편차의 {size}배)",
            en=f"since {en} the mean creeps {{up_en}} by {{size}} sd",
        ),
        "excursion": Text(
            ko=f"{ko}부터 {last_ko}까지 평균이 벗어남(표준편차의 {size}배)",
            en=f"from {en} to {last_en} the mean was off by {size} sd",
        ),
        "spread": Text(
            ko=f"{ko}부터 {last_ko}까지 산포가 {size}배",
            en=f"from {en} to {last_en} the spread was {size} times as large",
        ),
        "strays": Text(ko=f"동떨어진 값 {size}개({ko} 등)", en=f"{size} stray values ({en} and others)"),
        "wandering": Text(
            ko=f"값이 너무 천천히 떠돌아 독립된 값 {size}개어치의 정보뿐임",
            en=f"it wanders so slowly that the record is worth {size} values",
        ),
    }[one.kind]


def _answer(
    asked: Asked, study: CapabilityStudy, groups: Sequence[Part], p_groups: float, since: CapabilityStudy | None
) -> Text:
    ppk, outside = study.ppk, study.expected_ppm
    if not study.stable:
        first = instability_words(asked, study.instabilities[0])
        ko = f"공정이 안정되지 않아 공정능력을 말할 수 없습니다: {first.ko}. 먼저 그 원인을 잡으세요. "
        en = f"The process is not stable, so its capability cannot be told: {first.en}. Remove that cause first. "
        ko += f"지금까지의 실적은 Ppk {ppk.value:.2f}, 규격 밖 {study.observed_outside.count:,}개입니다."
        en += f"Up to now Ppk was {ppk.value:.2f}, with {study.observed_outside.count:,} values out of specification."
        if since is not None:
            ko += f" 그 뒤만 보면 Ppk {since.ppk.value:.2f}({since.ppk.low:.2f}~{since.ppk.high:.2f})입니다."
            en += f" Since then alone Ppk is {since.ppk.value:.2f} ({since.ppk.low:.2f} to {since.ppk.high:.2f})."
        return Text(ko=ko, en=en)
    capable = study.capable(WANTED)
    ko = f"Ppk {ppk.value:.2f}(95 % 구간 {ppk.low:.2f}~{ppk.high:.2f}): "
    en = f"Ppk {ppk.value:.2f} (95 % interval {ppk.low:.2f} to {ppk.high:.2f}): "
    ko += {
        True: "규격을 충분히 지킵니다.",
        False: "규격을 지키기에 부족합니다.",
        None: f"{WANTED}을 넘는지 아직 확실하지 않습니다.",
    }[capable]
    en += {
        True: "the process is capable.",
        False: "the process is not capable.",
        None: f"not sure to reach {WANTED} yet.",
    }[capable]
    ko += f" 규격 밖은 백만 개에 {short(outside.value)}개({short(outside.low)}~{short(outside.high)})로 예상합니다."
    en += f" Expected out of specification: {short(outside.value)} in a million ({short(outside.low)} to {short(outside.high)})."
    if len(groups) > 1 and p_groups < 0.01:
        worst = groups[0]
        ko += f" 가장 나쁜 곳은 {worst.name}(Ppk {worst.study.ppk.value:.2f})입니다."
        en += f" The worst is {worst.name} (Ppk {worst.study.ppk.value:.2f})."
    return Text(ko=ko, en=en)


def _actions(asked: Asked, study: CapabilityStudy) -> tuple[Action, ...]:
    if not study.stable:
        when_ko, when_en = moment_words(asked, study.instabilities[0].first)
        text = Text(
            ko=f"{when_ko} 무렵 바뀐 것(재료·금형·조건·사람·보전)을 찾아 바로잡고, 안정된 뒤 다시 보세요.",
            en=f"Find what changed around {when_en} (material, mould, settings, people, maintenance), put it right, and "
            f"ask again.",
        )
        return (Action(text=text, owner="engineer"),)
    if study.capable(WANTED) is not False:
        return ()
    off = study.pp is not None and study.pp.value >= WANTED and study.target is not None
    if off and study.target is not None:
        gap = study.mean - study.target
        way_ko, way_en = ("낮추세요", "down") if gap > 0 else ("높이세요", "up")
        size = short(abs(gap)) + (f" {asked.unit}" if asked.unit else "")
        text = Text(
            ko=f"산포는 충분합니다. 중심을 {size} {way_ko}.",
            en=f"The spread would do: bring the mean {way_en} by {size}.",
        )
    else:
        text = Text(
            ko="산포를 줄여야 합니다. 측정기(게이지 R&R)를 먼저 확인하고 설비·로트·작업자별로 나누어 보세요.",
            en="The spread must come down: check the gauge (R&R) first, then split by machine, lot and operator.",
        )
    return (Action(text=text, owner="engineer"),)


def _evidence(asked: Asked, study: CapabilityStudy) -> tuple[Evidence, ...]:
    found = []
    # What the process could do and what it will do cannot be said of an unstable one; what it did can.
    for name in ("ppk", "pp", "cpk", "cp", "cpm") if study.stable else ("ppk", "pp"):
        one: Estimate | None = getattr(study, name)
        if one is not None:
            label = name.capitalize()
            found.append(
                Evidence(name=name, label=Text(ko=label, en=label), value=one.value, low=one.low, high=one.high)
            )
    ppm, seen = study.expected_ppm, study.observed_outside
    if study.stable:
        found.append(
            Evidence(
                name="expected_ppm",
                label=Text(ko="규격 이탈 예상(백만 개당)", en="expected out of specification, ppm"),
                value=ppm.value,
                low=ppm.low,
                high=ppm.high,
            )
        )
    found += [
        Evidence(
            name="observed_ppm",
            label=Text(ko="규격 이탈 실제(백만 개당)", en="observed out of specification, ppm"),
            value=1e6 * seen.value,
            low=1e6 * seen.low,
            high=1e6 * seen.high,
        ),
        Evidence(name="mean", label=Text(ko="평균", en="mean"), value=study.mean, unit=asked.unit),
        Evidence(
            name="sigma",
            label=Text(ko="표준편차(전체)", en="standard deviation, overall"),
            value=study.spread.overall,
            unit=asked.unit,
        ),
    ]
    return tuple(found)


def _table(study: CapabilityStudy) -> StudyTable:
    past = ("pp", "ppl", "ppu", "ppk")
    names = ("cp", "cpl", "cpu", "cpk", *past, "cpm", "cpmk") if study.stable else past
    rows = [(name.capitalize(), getattr(study, name)) for name in names]
    return StudyTable(
        title=Text(ko="공정능력 지수", en="Indices")
        if study.stable
        else Text(ko="지금까지의 실적(안정되지 않음)", en="Performance up to now (not stable)"),
        headings=(Text(ko="지수", en="index"), Text(ko="값", en="value"), Text(ko="95 % 구간", en="95 % interval")),
        rows=tuple((name, one.value, f"{one.low:.2f} – {one.high:.2f}") for name, one in rows if one is not None),
    )


def _groups(asked: Asked, groups: Sequence[Part]) -> StudyTable:
    by = asked.by or Text(ko="묶음", en="group")
    return StudyTable(
        title=Text(ko=f"{by.ko}별", en=f"By {by.en}"),
        headings=(
            by,
            Text(ko="값 수", en="values"),
            Text(ko="평균", en="mean"),
            Text(ko="표준편차", en="sd"),
            Text(ko="Ppk", en="Ppk"),
            Text(ko="95 % 구간", en="95 % interval"),
            Text(ko="안정", en="stable"),
        ),
        rows=tuple(
            (
                part.name,
                part.study.values,
                part.study.mean,
                part.study.spread.overall,
                part.study.ppk.value,
                f"{part.study.ppk.low:.2f} – {part.study.ppk.high:.2f}",
                Text(ko="예", en="yes") if part.study.stable else Text(ko="아니오", en="no"),
            )
            for part in groups
        ),
    )


def _notes(study: CapabilityStudy) -> tuple[Text, ...]:
    shape = _SHAPES[study.shape.kind]
    notes = [
        Text(
            ko=f"분포: {shape.ko}(Anderson-Darling 정규성 p = {study.shape.p_normal:.3f}). Cpk는 {_within(study).ko}, "
            f"Ppk는 전체 산포로 셉니다.",
            en=f"Distribution: {shape.en} (Anderson-Darling p = {study.shape.p_normal:.3f}). Cpk rests on the spread "
            f"{_within(study).en}, Ppk on the overall spread.",
        )
    ]
    if study.memory.order and study.memory.for_mean < 0.7 * study.values:
        worth = short(study.memory.for_mean)
        notes.append(
            Text(
                ko=f"이웃한 값이 서로 닮아 {study.values:,}개가 독립된 값 {worth}개어치입니다. 구간에 반영했습니다. "
                f"이때 Cpk는 실제보다 좋아 보이니 Ppk를 보세요.",
                en=f"Neighbours resemble each other: {study.values:,} values are worth {worth}; the intervals allow for "
                f"it. Cpk then looks "
                f"better than it is; go by Ppk.",
            )
        )
    return tuple(notes)


def _within(study: CapabilityStudy) -> Text:
    return {
        "moving_range": Text(ko="이웃한 값의 산포", en="between neighbours"),
        "pooled": Text(ko="부분군 안 산포(합동)", en="within subgroups (pooled)"),
        "range": Text(ko="부분군 안 산포(R̄/d₂)", en="within subgroups (R̄/d₂)"),
        "standard_deviation": Text(ko="부분군 안 산포(S̄/c₄)", en="within subgroups (S̄/c₄)"),
    }[study.spread.method]


def _histogram(asked: Asked, study: CapabilityStudy) -> Chart:
    known = asked.values[np.isfinite(asked.values)]
    limits = [limit for limit in (study.low, study.high) if limit is not None]
    inner = np.quantile(known, [0.001, 0.999])
    span = [min(float(inner[0]), *limits), max(float(inner[1]), *limits)]
    margin = 0.05 * (span[1] - span[0])
    edges = np.linspace(span[0] - margin, span[1] + margin, BARS + 1)
    counts = np.histogram(np.clip(known, edges[0], edges[-1]), edges)[0]
    middle = 0.5 * (edges[:-1] + edges[1:])
    lines = [Line(name=Text(ko="개수", en="count"), y=tuple(float(count) for count in counts), look="bars")]
    if study.shape.kind != "quantile":
        curve = (
            study.shape.density(middle, study.mean_normal, study.spread_normal.overall)
            * known.size
            * (edges[1] - edges[0])
        )
        lines.append(Line(name=Text(ko="맞춘 분포", en="fitted curve"), y=tuple(float(y) for y in curve), look="line"))
    marks = [Mark(name=Text(ko="평균", en="mean"), axis="x", at=study.mean, look="centre")]
    for limit, name in ((study.low, Text(ko="규격 하한", en="LSL")), (study.high, Text(ko="규격 상한", en="USL"))):
        if limit is not None:
            marks.append(Mark(name=name, axis="x", at=limit, look="specification"))
    if study.target is not None:
        marks.append(Mark(name=Text(ko="목표", en="target"), axis="x", at=study.target, look="good"))
    return Chart(
        title=Text(ko=f"{asked.name}: 규격 안에 들어가나?", en=f"{asked.name}: does it fit its specification?"),
        x_kind="number",
        x=tuple(float(x) for x in middle),
        lines=tuple(lines),
        marks=tuple(marks),
        x_label=Text(ko=asked.name, en=asked.name),
        y_label=Text(ko="개수", en="count"),
    )


def _over_time(asked: Asked, periods: Sequence[Part]) -> Chart:
    timed = asked.time is not None and not any(np.isnat(asked.time[part.rows[0]]) for part in periods)
    x: tuple[float | str, ...] = tuple(float(part.rows[0] + 1) for part in periods)
    if timed and asked.time is not None:
        x = tuple(
            asked.time[part.rows[0]].astype("datetime64[us]").item().replace(tzinfo=UTC).isoformat() for part in periods
        )
    return Chart(
        title=Text(ko=f"{asked.name}: 공정능력이 언제 나빠졌나?", en=f"{asked.name}: when did capability get worse?"),
        x_kind="time" if timed else "number",
        x=x,
        lines=(
            Line(
                name=Text(ko="95 % 구간", en="95 % interval"),
                y=tuple(_finite(part.study.ppk.high) for part in periods),
                base=tuple(_finite(part.study.ppk.low) for part in periods),
                look="band",
            ),
            Line(
                name=Text(ko="Ppk", en="Ppk"), y=tuple(_finite(part.study.ppk.value) for part in periods), look="line"
            ),
        ),
        marks=(Mark(name=Text(ko="1.33", en="1.33"), axis="y", at=WANTED, look="limit"),),
        x_label=None if timed else Text(ko="값 번호", en="value"),
        y_label=Text(ko="Ppk", en="Ppk"),
    )


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _by_group(asked: Asked, groups: Sequence[Part]) -> Chart:
    shown = groups[:30]
    by = asked.by or Text(ko="묶음", en="group")
    return Chart(
        title=Text(ko=f"{asked.name}: 어느 {by.ko}이(가) 가장 나쁜가?", en=f"{asked.name}: which {by.en} is worst?"),
        x_kind="category",
        x=tuple(part.name for part in shown),
        lines=(
            Line(name=Text(ko="Ppk", en="Ppk"), y=tuple(_finite(part.study.ppk.value) for part in shown), look="bars"),
            Line(name=Text(ko="하한", en="low"), y=tuple(_finite(part.study.ppk.low) for part in shown), look="points"),
            Line(
                name=Text(ko="상한", en="high"), y=tuple(_finite(part.study.ppk.high) for part in shown), look="points"
            ),
        ),
        marks=(Mark(name=Text(ko="1.33", en="1.33"), axis="y", at=WANTED, look="limit"),),
        y_label=Text(ko="Ppk", en="Ppk"),
    )
