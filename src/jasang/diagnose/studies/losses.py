"""Where the planned time of each machine goes: OEE, six big losses, minor stops, changeovers, MTBF and MTTR, bottleneck."""

from collections.abc import Sequence

import numpy as np

from jasang.analyze.losses import (
    Bottleneck,
    changeover_matrix,
    shifting_bottleneck,
    survival,
    weibull_life,
)
from jasang.diagnose.evidence_base import EvidenceBase
from jasang.diagnose.finding import Action, Evidence, Subject
from jasang.diagnose.machine_losses import MachineLosses, active_periods, runs_between
from jasang.diagnose.studies.losses_charts import (
    LOSS_NAMES,
    bottleneck_chart,
    bottleneck_evidence,
    changeover_chart,
    loss_pareto,
    timeline,
    waterfall,
)
from jasang.diagnose.study import Study, StudyTable
from jasang.plant.text import Text

_MOST_PAIRS = 15
_ADVICE = {
    "breakdowns": (
        Text(
            ko="정지 이유를 적고, 가장 많이 멈추게 한 이유 하나부터 없애세요.",
            en="Write down why it stops and remove the largest reason first.",
        ),
        "maintenance",
    ),
    "setup": (
        Text(
            ko="준비교체를 한 번 촬영해서 멈추기 전에 할 수 있는 일을 밖으로 빼세요(SMED).",
            en="Film one changeover and move outside the stop what can be (SMED).",
        ),
        "engineer",
    ),
    "minor_stops": (
        Text(
            ko="하루 동안 설비 옆에서 짧게 멈출 때마다 이유를 적으세요.",
            en="Stand beside the machine for a day and note why it stops, however briefly.",
        ),
        "operator",
    ),
    "reduced_speed": (
        Text(
            ko="가장 빨랐던 때의 조건을 찾아 지금과 비교하세요.",
            en="Compare today's settings with those of its fastest time.",
        ),
        "engineer",
    ),
    "process_defects": (
        Text(
            ko="`jasang diagnose`의 불량 원인부터 보세요.", en="Start with the causes of defects in `jasang diagnose`."
        ),
        "quality",
    ),
    "startup_rejects": (
        Text(
            ko="다시 켠 뒤 첫 제품까지의 예열·조건 맞추기를 정해 두세요.",
            en="Fix how the machine is warmed up and set before the first piece after a stop.",
        ),
        "engineer",
    ),
}


def losses_studies(base: EvidenceBase, machines: Sequence[MachineLosses]) -> tuple[Study, ...]:
    """One study a machine, the one that loses most time first, and one of the bottleneck where there are several machines."""

    def lost(one: MachineLosses) -> float:
        return (one.oee.planned_s or 0.0) - (one.oee.effective_s or 0.0)

    found = [machine_study(base, one) for one in sorted(machines, key=lost, reverse=True)]
    bottleneck = bottleneck_study(machines)
    return (*found, *((bottleneck,) if bottleneck is not None else ()))


def machine_study(base: EvidenceBase, losses: MachineLosses) -> Study:
    """OEE of one machine with the losses behind it."""
    record = losses.record
    who = machine_name(losses)
    charts = [waterfall(losses.six), loss_pareto(losses.six)] if losses.six is not None else []
    track = timeline(losses)
    charts += [track] if track is not None else []
    tables = [_oee_table(losses)] if losses.six is not None else []
    if losses.changeovers is not None and losses.changeovers.start.size:
        charts.append(changeover_chart(losses))
        tables.append(_changeover_table(losses))
    tables += [_cycle_table(losses)] if losses.ideals else []
    return Study(
        kind="losses",
        title=Text(ko=f"{who.ko}: 계획한 시간은 어디로 갔나?", en=f"{who.en}: where did the planned time go?"),
        answer=_answer(losses),
        subject=Subject(
            table=record.data.table.file,
            asset=None if record.by_product else record.asset,
            product=record.asset if record.by_product else None,
        ),
        evidence=_evidence(losses),
        charts=tuple(charts),
        tables=tuple(tables),
        actions=_actions(losses),
        notes=_notes(base, losses),
    )


def machine_name(losses: MachineLosses) -> Text:
    """The machine, or the mould where nobody names the machine."""
    name = losses.record.asset
    if name is None:
        return Text(ko="설비", en="The machine")
    return Text(ko=name, en=name)


def _percent(value: float) -> str:
    return f"{100 * value:.1f} %"


def _answer(losses: MachineLosses) -> Text:
    result = losses.oee
    if result.oee is None:
        return Text(
            ko="제품이 나온 시각이 날짜뿐이고 상태 기록도 없어 시간이 어디로 갔는지 알 수 없습니다. "
            "factory.toml에 [calendar]와 ideal_cycle_s를 적으면 OEE를 셈합니다.",
            en="Pieces carry only their day and there is no log of states, so it cannot be said where the time went. "
            "[calendar] and ideal_cycle_s in factory.toml make an OEE of them.",
        )
    if not result.complete and not ("availability × performance" in result.known and result.quality is not None):
        ko, en = (
            f"아는 것만으로 셈한 OEE는 {_percent(result.oee)}입니다.",
            f"OEE of what is known is {_percent(result.oee)}.",
        )
        ko, en = f"{ko} {result.meaning.ko}", f"{en} {result.meaning.en}"
    else:
        ko, en = f"OEE는 {_percent(result.oee)}입니다.", f"OEE is {_percent(result.oee)}."
    if losses.six is not None:
        largest = max(losses.six.waterfall()[:6], key=lambda part: part[1])
        if largest[1] > 0:
            name, hours = LOSS_NAMES[largest[0]], largest[1] / 3600
            share = _percent(largest[1] / losses.six.planned_s)
            ko += f" 가장 큰 손실은 {name.ko}으로 {hours:,.1f}시간(계획의 {share})입니다."
            en += f" The largest loss is {name.en}: {hours:,.1f} h ({share} of the planned time)."
    return Text(ko=ko, en=en)


def _evidence(losses: MachineLosses) -> tuple[Evidence, ...]:
    result = losses.oee
    labels = {
        "oee": Text(ko="OEE(설비종합효율)", en="OEE"),
        "availability": Text(ko="가동률", en="availability"),
        "performance": Text(ko="성능", en="performance (effectiveness)"),
        "quality": Text(ko="양품률", en="quality"),
        "teep": Text(ko="TEEP(달력 시간 대비)", en="TEEP (of calendar time)"),
        "loading": Text(ko="부하율(계획÷달력)", en="loading (planned over calendar time)"),
    }
    found = [
        Evidence(name=name, label=label, value=100 * value, unit="%")
        for name, label in labels.items()
        if (value := getattr(result, name)) is not None
    ]
    if result.planned_s:
        found.append(
            Evidence(
                name="planned", label=Text(ko="계획 시간", en="planned time"), value=result.planned_s / 3600, unit="h"
            )
        )
    if losses.minor is not None and losses.minor.understood:
        found.append(
            Evidence(
                name="minor_stops",
                label=Text(ko="기록되지 않은 순간정지", en="minor stops that nobody logged"),
                value=100 * losses.minor.share,
                low=100 * losses.minor.low,
                high=100 * losses.minor.high,
                unit="%",
            )
        )
    for name, label, mean, unit in (
        ("mtbf", Text(ko="고장 사이 평균 가동(MTBF)", en="mean time between stops (MTBF)"), losses.between, "h"),
        ("mttr", Text(ko="한 번에 평균 정지(MTTR)", en="mean length of a stop (MTTR)"), losses.repair, "min"),
    ):
        if mean is not None and np.isfinite(mean.value):
            high = mean.high if np.isfinite(mean.high) else None
            found.append(Evidence(name=name, label=label, value=mean.value, low=mean.low, high=high, unit=unit))
    return tuple(found + _life_evidence(losses))


def _life_evidence(losses: MachineLosses) -> list[Evidence]:
    """The shape of the life between stops (wear or chance) and its median without a model."""
    if losses.stops.start.size < 5:
        return []
    runs, failed = runs_between(losses.running, losses.stops)
    if not runs.size:
        return []
    found = []
    life, curve = weibull_life(runs, failed), survival(runs, failed)
    if life is not None:
        found.append(
            Evidence(
                name="weibull_shape",
                label=Text(
                    ko="와이블 형상(1보다 작으면 초기 고장, 크면 마모)",
                    en="Weibull shape (below 1 early, above 1 wear)",
                ),
                value=life.shape,
                low=life.shape_low,
                high=life.shape_high,
            )
        )
    if curve is not None and np.isfinite(curve.median):
        high = curve.median_high if np.isfinite(curve.median_high) else None
        label = Text(ko="절반이 멈추기까지 가동", en="median running time to a stop")
        found.append(
            Evidence(name="median_run", label=label, value=curve.median, low=curve.median_low, high=high, unit="h")
        )
    return found


def _oee_table(losses: MachineLosses) -> StudyTable:
    rows: list[tuple[Text | str | float | int | None, ...]] = []
    if losses.six is not None:
        planned = losses.six.planned_s
        parts = (*losses.six.waterfall(), ("effective", losses.six.effective_s))
        rows = [(LOSS_NAMES[name], seconds / 3600, 100 * seconds / planned) for name, seconds in parts]
    return StudyTable(
        title=Text(ko="계획 시간의 여섯 가지 큰 손실", en="Six big losses of the planned time"),
        headings=(
            Text(ko="어디로", en="where"),
            Text(ko="시간", en="hours"),
            Text(ko="계획 시간 중 %", en="% of planned time"),
        ),
        rows=tuple(rows),
    )


def _cycle_table(losses: MachineLosses) -> StudyTable:
    rows = []
    for ideal in losses.ideals:
        seen = ideal.demonstrated
        source = (
            Text(ko="factory.toml", en="factory.toml")
            if ideal.stated
            else Text(ko="기록에서 가장 좋은 수준", en="best demonstrated")
        )
        rows.append(
            (
                ideal.product or "–",
                seen.typical_s if seen else None,
                ideal.seconds,
                f"{seen.best_low_s:.1f} – {seen.best_high_s:.1f}" if seen else "–",
                100 * (1 - ideal.seconds / seen.typical_s) if seen else None,
                source,
            )
        )
    return StudyTable(
        title=Text(ko="제품별 사이클 타임", en="Cycle times by product"),
        headings=(
            Text(ko="제품", en="product"),
            Text(ko="보통(초)", en="typical (s)"),
            Text(ko="이상(초)", en="ideal (s)"),
            Text(ko="가장 좋은 수준의 95 % 구간", en="95 % interval of the best"),
            Text(ko="느린 만큼 %", en="slower by %"),
            Text(ko="이상 사이클의 출처", en="ideal cycle from"),
        ),
        rows=tuple(rows),
    )


def _changeover_table(losses: MachineLosses) -> StudyTable:
    cells = changeover_matrix(losses.changeovers) if losses.changeovers is not None else ()
    names = losses.record.pieces.products if losses.record.pieces is not None else ()
    whole = sum(cell.total_s for cell in cells)
    return StudyTable(
        title=Text(ko="교체: 어느 제품에서 어느 제품으로", en="Changeovers: from which product to which"),
        headings=(
            Text(ko="앞 제품", en="from"),
            Text(ko="다음 제품", en="to"),
            Text(ko="횟수", en="times"),
            Text(ko="중앙값(분)", en="median (min)"),
            Text(ko="95 % 구간(분)", en="95 % interval (min)"),
            Text(ko="교체 시간 중 %", en="% of changeover time"),
        ),
        rows=tuple(
            (
                names[cell.before],
                names[cell.after],
                cell.count,
                cell.median_s / 60,
                f"{cell.low_s / 60:.1f} – {cell.high_s / 60:.1f}",
                100 * cell.total_s / whole if whole > 0 else None,
            )
            for cell in cells[:_MOST_PAIRS]
        ),
    )


def _actions(losses: MachineLosses) -> tuple[Action, ...]:
    if losses.six is None:
        return ()
    name, seconds = max(losses.six.waterfall()[:6], key=lambda part: part[1])
    if seconds < 0.01 * losses.six.planned_s:
        return ()
    text, owner = _ADVICE[name]
    return (Action(text=text, owner=owner),)


def _notes(base: EvidenceBase, losses: MachineLosses) -> tuple[Text, ...]:
    record = losses.record
    notes = [Text(ko=f"계획 시간의 출처: {record.planned_by.ko}.", en=f"Planned time is from {record.planned_by.en}.")]
    if not losses.oee.complete:
        notes.append(losses.oee.meaning)
    if losses.oee.performance is not None and not all(ideal.stated for ideal in losses.ideals):
        notes.append(
            Text(
                ko="이상 사이클이 적혀 있지 않아 기록에서 가장 빨랐던 수준을 썼습니다. 설비가 늘 느렸다면 성능이 좋게 나옵니다. "
                "factory.toml의 [products.이름] ideal_cycle_s에 적으면 그것을 씁니다.",
                en="No ideal cycle is stated, so the best demonstrated one is used; a machine that was always slow looks good. "
                "State it as ideal_cycle_s under [products.NAME] in factory.toml.",
            )
        )
    notes += _log_notes(losses)
    if losses.minor is not None:
        notes += [losses.minor.why_not] if losses.minor.why_not is not None else []
        for pause in losses.minor.breaks:
            often = f"{100 * pause.share_of_days:.0f} %"
            clock = f"{pause.clock_minute // 60:02d}:{pause.clock_minute % 60:02d}"
            notes.append(
                Text(
                    ko=f"{clock} 무렵 {pause.median_s / 60:.0f}분 쉬는 것(일하는 날의 {often})은 계획된 휴식으로 봤습니다.",
                    en=f"The pause of {pause.median_s / 60:.0f} min about {clock} on {often} of the days counts as a planned "
                    f"break.",
                )
            )
    if record.by_product:
        notes.append(
            Text(
                ko="설비 이름이 없고 제품(금형)이 나란히 돌아가므로 제품을 설비처럼 봤습니다.",
                en="No column names the machine and products run side by side, so each product (mould) is taken as a machine.",
            )
        )
    if losses.six is not None and losses.six.faster_s > 0.02 * losses.six.planned_s:
        notes.append(
            Text(
                ko="이상 사이클보다 빨리 만든 때가 있습니다. 이상 사이클이 너무 깁니다.",
                en="Pieces came faster than the ideal cycle says; it is too long.",
            )
        )
    if base.factory.calendar is None and record.log is None:
        notes.append(
            Text(
                ko="factory.toml에 [calendar](근무조, 휴식, 휴일)를 적으면 계획 시간이 정확해집니다.",
                en="[calendar] in factory.toml (shifts, breaks, holidays) makes the planned time exact.",
            )
        )
    return tuple(dict.fromkeys(notes))


def _log_notes(losses: MachineLosses) -> list[Text]:
    log = losses.record.log
    if log is None:
        return []
    notes = []
    track = log.track
    if track.overlap_s > 0:
        notes.append(
            Text(
                ko=f"상태 기록이 {track.overlap_s / 3600:,.1f}시간 겹칩니다. 나중에 시작한 기록을 믿었습니다.",
                en=f"The log of states overlaps for {track.overlap_s / 3600:,.1f} h; the entry that began later is believed.",
            )
        )
    if track.backwards or track.open_ends:
        notes.append(
            Text(
                ko=f"끝이 시작보다 이른 기록 {track.backwards:,}개는 빼고, "
                f"끝이 없는 기록 {track.open_ends:,}개는 다음 기록까지로 봤습니다.",
                en=f"{track.backwards:,} entries end before they start and are left out; "
                f"{track.open_ends:,} without an end last to the next one.",
            )
        )
    if losses.six is not None and losses.six.unexplained_s > 0.01 * losses.six.planned_s:
        hours = losses.six.unexplained_s / 3600
        notes.append(
            Text(
                ko=f"계획 시간 가운데 {hours:,.1f}시간은 기록이 없습니다(빈 시간).",
                en=f"{hours:,.1f} h of the planned time have no entry in the log.",
            )
        )
    return notes


def bottleneck_study(machines: Sequence[MachineLosses]) -> Study | None:
    """Which machine held up the others; `None` for a single machine."""
    named = {machine_name(one).ko: one for one in machines if not one.record.by_product}
    if len(named) < 2:
        return None
    periods = {name: active_periods(one) for name, one in named.items()}
    first = next(iter(named.values()))
    found = shifting_bottleneck(
        {name: (period.start, period.end) for name, period in periods.items()},
        join_s=60.0,
        utc_offset_s=first.record.utc_offset_s,
    )
    if found is None:
        return None
    return Study(
        kind="bottleneck",
        title=Text(ko="어느 설비가 병목인가?", en="Which machine is the bottleneck?"),
        answer=_bottleneck_answer(found),
        subject=Subject(table=first.record.data.table.file, asset=found.shares[0].machine),
        evidence=bottleneck_evidence(found, 5),
        charts=(bottleneck_chart(found),),
        tables=(_bottleneck_table(found),),
        notes=(
            Text(
                ko="한 흐름으로 이어진 설비에서만 뜻이 있습니다. 서로 다른 제품을 따로 만드는 설비라면 병목이 아닙니다.",
                en="This means something only for machines in one flow; machines with products of their own hold up nobody.",
            ),
            Text(
                ko="끊기지 않고 가장 오래 일하는 설비를 그 순간의 병목으로 봅니다(이동 병목, Roser 외 2002).",
                en="At each moment the machine with the longest unbroken activity counts (Roser et al. 2002).",
            ),
        ),
    )


def _bottleneck_answer(found: Bottleneck) -> Text:
    first, second = found.shares[0], found.shares[1]
    share = f"{100 * first.share:.0f} %"
    if found.clear:
        return Text(
            ko=f"{first.machine}이(가) 시간의 {share} 동안 병목입니다. 여기서 얻는 한 시간이 공장 전체의 한 시간입니다.",
            en=f"{first.machine} is the bottleneck for {share} of the time. An hour won there is an hour for the whole flow.",
        )
    return Text(
        ko=f"{first.machine}({share})와(과) {second.machine}({100 * second.share:.0f} %)이(가) 번갈아 병목입니다. "
        f"하나라고 말할 수 없습니다.",
        en=f"{first.machine} ({share}) and {second.machine} ({100 * second.share:.0f} %) take turns; no single one can be named.",
    )


def _bottleneck_table(found: Bottleneck) -> StudyTable:
    return StudyTable(
        title=Text(ko="설비별 병목 시간", en="Time as the bottleneck by machine"),
        headings=(
            Text(ko="설비", en="machine"),
            Text(ko="혼자 병목 %", en="alone %"),
            Text(ko="넘겨주는 중 %", en="shifting %"),
            Text(ko="일한 시간 %", en="active %"),
            Text(ko="끊김 없이 일한 평균(분)", en="mean unbroken activity (min)"),
        ),
        rows=tuple(
            (one.machine, 100 * one.sole, 100 * one.shifting, 100 * one.active, one.mean_active_s / 60)
            for one in found.shares
        ),
    )
