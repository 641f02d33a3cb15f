"""Is the process in control? A chart with its limits, phases, rule violations and what happened to the machine meanwhile."""

from dataclasses import dataclass, replace
from itertools import pairwise
from math import isfinite

import numpy as np

from jasang.analyze.control_charts import (
    ControlChart,
    Subgrouping,
    Weighting,
    control_chart,
    control_chart_by_phase,
    count_chart,
    equal_blocks,
    lag_one,
    lopsided,
    none_subgroups,
    pauses,
    phase_starts,
    rational_subgroups,
    table_chart,
)
from jasang.analyze.run_rules import WESTERN_ELECTRIC
from jasang.diagnose.chart import Chart, Line, Mark, thin
from jasang.diagnose.charted import Charted, happenings
from jasang.diagnose.evidence_base import EvidenceBase
from jasang.diagnose.fault_story import as_datetime, iso, local
from jasang.diagnose.finding import Action, Evidence, Subject
from jasang.diagnose.studies.control_chart_words import KINDS, LEVEL_WORDS, RULE_WORDS, answer
from jasang.diagnose.study import Cell, Study, StudyTable
from jasang.plant.text import Text

COUNT_KINDS = ("p", "p_laney", "np", "c", "u", "u_laney")
GROUP_KINDS = ("xbar_r", "xbar_s", "between_within")
NO_UNIT = ("standardised", "t2", "mewma")
MOST_ROWS = 20
SIMILAR = 0.3  # autocorrelation from which a chart of several columns is doubted
USUAL_SUBGROUP = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartQuestion:
    """What was asked: the kind of chart ("auto"), the size of subgroups, run rules, phase I (bool, shape of the values), the
    labels of phases with limits of their own (shape of the values), and how an EWMA or CUSUM remembers."""

    kind: str = "auto"
    subgroup: int | None = None
    rules: tuple[int, ...] = WESTERN_ELECTRIC
    baseline: np.ndarray | None = None
    phases: np.ndarray | None = None
    weighting: Weighting | None = None


def control_chart_study(base: EvidenceBase, charted: Charted, question: ChartQuestion) -> Study:
    """The chart of one quantity of one machine; ValueError where no such chart can be made of these values."""
    groups = _groups(charted, question)
    return _told(base, charted, question, _chart_of(charted, question, groups), groups)


def table_study(
    base: EvidenceBase, charted: Charted, question: ChartQuestion, columns: tuple[str, ...], values: np.ndarray
) -> Study:
    """The chart ("t2", "mewma", "group") of several columns, values of shape (n, columns); `charted` tells times and names.

    ValueError where no such chart can be made of these values.
    """
    if question.kind not in ("t2", "mewma", "group"):
        raise ValueError(f"a chart of kind {question.kind!r} is of one column")
    made = table_chart(values, kind=question.kind, baseline=question.baseline)  # type: ignore[arg-type]
    study = _told(base, charted, question, made.chart, none_subgroups(made.chart.points))
    closest = max(abs(lag_one(values[:, place])) for place in range(values.shape[1]))
    if closest > SIMILAR:
        note = Text(
            ko=f"이웃한 값이 서로 닮아(자기상관 {closest:.2f}) 헛경보가 잦을 수 있습니다. jasang monitor가 더 맞습니다.",
            en=f"Neighbouring values resemble each other (up to {closest:.2f}), so this chart may alarm without cause; "
            "jasang monitor fits better.",
        )
        study = replace(study, notes=(note, *study.notes))
    rows = np.flatnonzero(made.chart.alarms)[-MOST_ROWS:]
    if not rows.size:
        return study
    table = StudyTable(
        title=Text(ko="어느 항목이 가장 달랐나", en="Which column stood out most"),
        headings=(Text(ko="언제", en="when"), Text(ko="항목", en="column"), Text(ko="값", en="value")),
        rows=tuple(
            (
                _moment(base, charted, made.chart, row),
                columns[made.suspect[row]],
                float(values[row, made.suspect[row]]),
            )
            for row in rows.tolist()
        ),
    )
    return replace(study, tables=(table, *study.tables))


def _told(
    base: EvidenceBase, charted: Charted, question: ChartQuestion, chart: ControlChart, groups: Subgrouping
) -> Study:
    title = Text(ko=f"{charted.name}: 공정이 안정되어 있나?", en=f"{charted.name}: is the process in control?")
    last = _last_alarm(base, charted, chart)
    drawn = [_drawn(base, charted, chart, question, title)]
    if chart.spreads is not None and chart.spread_limit is not None:
        drawn.append(_drawn_spread(charted, chart))
    tables = [table for table in (_alarm_table(base, charted, chart), _excluded_table(base, charted, chart)) if table]
    return Study(
        kind="control_chart",
        title=title,
        answer=answer(charted.name, chart, groups, last),
        subject=Subject(table=charted.file, column=charted.name, asset=charted.asset, product=charted.product),
        evidence=_evidence(charted, chart),
        charts=tuple(drawn),
        tables=tuple(tables),
        actions=_actions(chart),
        notes=_notes(base, charted, chart, question, groups),
    )


def _groups(charted: Charted, question: ChartQuestion) -> Subgrouping:
    if charted.sizes is not None or question.kind not in ("auto", *GROUP_KINDS):
        return none_subgroups(charted.values)
    if question.subgroup is not None and question.subgroup > 1:
        return equal_blocks(charted.values, question.subgroup)
    if question.subgroup == 1:
        return none_subgroups(charted.values)
    found = rational_subgroups(charted.values, times=charted.time, labels=charted.labels)
    if found.source == "none" and question.kind in GROUP_KINDS:
        return equal_blocks(charted.values, USUAL_SUBGROUP)
    return found


def _chart_of(charted: Charted, question: ChartQuestion, groups: Subgrouping) -> ControlChart:
    if charted.sizes is not None or question.kind in COUNT_KINDS:
        return count_chart(
            charted.values,
            charted.sizes,
            defectives=charted.defectives or question.kind in ("p", "p_laney", "np"),
            kind=question.kind,
            baseline=question.baseline,
        )
    if question.phases is not None:
        return control_chart_by_phase(
            charted.values,
            question.phases,
            kind=question.kind,
            subgroups=groups,
            rules=question.rules,
            weighting=question.weighting,
        )
    return control_chart(
        charted.values,
        kind=question.kind,
        subgroups=groups,
        parts=charted.products,
        baseline=question.baseline,
        breaks=None if charted.time is None else pauses(charted.time),
        rules=question.rules,
        weighting=question.weighting,
    )


def _evidence(charted: Charted, chart: ControlChart) -> tuple[Evidence, ...]:
    unit = "%" if chart.kind in ("p", "p_laney") else None if chart.kind in NO_UNIT else charted.unit
    scale = 100.0 if unit == "%" else 1.0

    def one(name: str, ko: str, en: str, value: float, unit: str | None = None) -> Evidence:
        return Evidence(name=name, label=Text(ko=ko, en=en), value=value, unit=unit)

    found = [
        one("points", "점의 수", "points", float(chart.points.size)),
        one("beyond", "관리한계를 벗어난 점", "points beyond the limits", float(chart.beyond.sum())),
        one("alarms", "규칙까지 본 경보", "alarms with run rules", float(chart.alarms.sum())),
    ]
    if np.ptp(chart.centre[np.isfinite(chart.centre)]) == 0.0:
        found.append(one("centre", "중심선", "centre line", float(chart.centre[0]) * scale, unit))
    if np.ptp(chart.upper[np.isfinite(chart.upper)]) == 0.0:
        found += [
            one("lower_limit", "관리하한", "lower limit", float(chart.lower[0]) * scale, unit),
            one("upper_limit", "관리상한", "upper limit", float(chart.upper[0]) * scale, unit),
        ]
    found.append(one("sigma", "점 하나의 시그마", "sigma of a point", chart.sigma * scale, unit))
    if isfinite(chart.run_length):
        found.append(one("run_length", "헛경보까지 평균 점 수(ARL)", "points to a false alarm (ARL)", chart.run_length))
    if isfinite(chart.shifted_run_length):
        found.append(
            one(
                "run_length_2_sigma",
                "2시그마 옮겨 갔을 때 알아채기까지 점 수",
                "points until a shift of 2 sigma is seen",
                chart.shifted_run_length,
            )
        )
    return tuple(found)


def _actions(chart: ControlChart) -> tuple[Action, ...]:
    if not chart.alarms.any():
        return ()
    return (
        Action(
            text=Text(
                ko="표시된 때의 작업 일지(원료, 작업자, 조건, 정비)를 보고 무엇이 달랐는지 적어 두세요.",
                en="Look up the marked times in the shift log (material, operator, conditions, repairs): what was different?",
            ),
            owner="engineer",
        ),
    )


def _notes(
    base: EvidenceBase, charted: Charted, chart: ControlChart, question: ChartQuestion, groups: Subgrouping
) -> tuple[Text, ...]:
    rules = ", ".join(str(rule) for rule in sorted(chart.rules))
    notes = [
        Text(
            ko=f"쓴 판정 규칙: {rules}번. ARL은 이 규칙들을 함께 쓸 때의 값입니다(모의실험 또는 계산).",
            en=f"Run rules used: {rules}. The ARL is that of these rules together (simulated or computed).",
        )
    ]
    if question.baseline is None and question.phases is None:
        notes.append(
            Text(
                ko="기준 기간이 없어 모든 값에서(튀는 점은 빼고) 한계를 구했습니다. 좋았던 기간을 알면 기준 기간으로 주세요.",
                en="No baseline was given: limits come from all values, outliers left out. Give a good period as the baseline.",
            )
        )
    if charted.sample is not None:
        notes.append(Text(ko=f"표본 하나는 {charted.sample.ko}입니다.", en=f"One sample is one {charted.sample.en}."))
    if chart.kind == "residual":
        notes.append(
            Text(
                ko="한계는 앞의 값들로 예측한 자리를 따라 움직입니다. 오래가는 작은 이동은 수준 경보와 진단이 봅니다.",
                en="Limits follow each value's forecast. Small lasting shifts are seen by the level alarm and by diagnose.",
            )
        )
    if chart.kind == "imr" and lopsided(charted.values):
        notes.append(
            Text(
                ko="값이 한쪽으로 치우쳐 있어 정규분포의 한계가 꼭 맞지 않습니다. ARL은 이 값들에서 뽑아 구한 것입니다.",
                en="The values lie lopsided, so normal limits do not quite fit; the ARL is of values drawn from this record.",
            )
        )
    if groups.source == "none" and chart.points.size < 20:
        notes.append(
            Text(ko="점이 20개가 안 되어 한계가 아직 거칩니다.", en="Fewer than 20 points: the limits are still rough.")
        )
    _, count = happenings(base, charted)
    if count:
        notes.append(
            Text(
                ko=f"이 기간의 정지·교체·제품 변경: {count:,}건.",
                en=f"Stops, set-ups and product changes meanwhile: {count:,}.",
            )
        )
    return tuple(notes)


def _last_alarm(base: EvidenceBase, charted: Charted, chart: ControlChart) -> Text | None:
    rows = np.flatnonzero(chart.alarms)
    return _moment(base, charted, chart, int(rows[-1])) if rows.size else None


def _moment(base: EvidenceBase, charted: Charted, chart: ControlChart, point: int) -> Text:
    if charted.time is None:
        return Text(ko=f"{point + 1:,}번째 점", en=f"point {point + 1:,}")
    when = local(base, as_datetime(charted.time[chart.rows[point]]))
    return Text(ko=when, en=when)


def _alarm_table(base: EvidenceBase, charted: Charted, chart: ControlChart) -> StudyTable | None:
    """Alarms that follow each other are one row."""
    rows = np.flatnonzero(chart.alarms)
    if not rows.size:
        return None
    starts = rows[np.concatenate([[True], np.diff(rows) > 1])]
    ends = rows[np.concatenate([np.diff(rows) > 1, [True]])]
    listed: list[tuple[Cell, ...]] = []
    for first, last in list(zip(starts.tolist(), ends.tolist(), strict=True))[-MOST_ROWS:]:
        stretch = slice(first, last + 1)
        broken = [
            RULE_WORDS[rule] for rule, flags in zip(chart.rules, chart.rule_flags, strict=True) if flags[stretch].any()
        ]
        broken += [LEVEL_WORDS] if chart.level_alarms[stretch].any() else []
        away = np.abs(chart.points[stretch] - chart.centre[stretch])
        worst = first + int(np.nanargmax(away)) if np.isfinite(away).any() else first
        listed.append(
            (
                _moment(base, charted, chart, first),
                last - first + 1,
                float(chart.points[worst]),
                Text(ko=", ".join(text.ko for text in broken), en=", ".join(text.en for text in broken)),
            )
        )
    more = f" ({starts.size - len(listed)} more)" if starts.size > len(listed) else ""
    more_ko = f" (앞의 {starts.size - len(listed)}건 더 있음)" if more else ""
    return StudyTable(
        title=Text(ko=f"경보{more_ko}", en=f"Alarms{more}"),
        headings=(
            Text(ko="언제부터", en="since"),
            Text(ko="점", en="points"),
            Text(ko="가장 먼 값", en="farthest value"),
            Text(ko="무엇이", en="what"),
        ),
        rows=tuple(listed),
    )


def _excluded_table(base: EvidenceBase, charted: Charted, chart: ControlChart) -> StudyTable | None:
    if not chart.excluded:
        return None
    sides = {"above": Text(ko="상한", en="above"), "below": Text(ko="하한", en="below")}
    return StudyTable(
        title=Text(ko="한계를 구할 때 뺀 점", en="Points left out of the limits"),
        headings=(
            Text(ko="언제", en="when"),
            Text(ko="값", en="value"),
            Text(ko="벗어난 쪽", en="side"),
            Text(ko="그때의 한계", en="limit then"),
            Text(ko="몇 번째 계산", en="round"),
        ),
        rows=tuple(
            (_moment(base, charted, chart, one.row), one.value, sides[one.side], one.limit, one.round)
            for one in chart.excluded[:MOST_ROWS]
        ),
    )


def _x(charted: Charted, chart: ControlChart, shown: np.ndarray) -> tuple[float | str, ...]:
    if charted.time is not None:
        return iso(charted.time[chart.rows[shown]])
    return tuple(float(place) + 1.0 for place in shown)


def _y(values: np.ndarray, shown: np.ndarray, scale: float = 1.0) -> tuple[float | None, ...]:
    return tuple(float(value) * scale if isfinite(value) else None for value in values[shown])


def _drawn(base: EvidenceBase, charted: Charted, chart: ControlChart, question: ChartQuestion, title: Text) -> Chart:
    share = chart.kind in ("p", "p_laney")
    scale = 100.0 if share else 1.0
    shown = thin(chart.points.size, np.flatnonzero(chart.alarms | chart.beyond))
    x = _x(charted, chart, shown)
    beyond = chart.beyond
    other = chart.alarms & ~beyond
    lines = [
        Line(name=_name(charted, chart), y=_y(chart.points, shown, scale), look="thin" if shown.size > 60 else "line")
    ]
    marks: list[Mark] = []
    if np.ptp(chart.upper[np.isfinite(chart.upper)]) > 0:
        lines.insert(
            0,
            Line(
                name=Text(ko="관리한계", en="limits"),
                y=_y(chart.upper, shown, scale),
                base=_y(chart.lower, shown, scale),
                look="band",
            ),
        )
    else:
        marks += [
            Mark(name=Text(ko="관리하한", en="lower limit"), axis="y", at=float(chart.lower[shown[-1]]) * scale),
            Mark(name=Text(ko="관리상한", en="upper limit"), axis="y", at=float(chart.upper[shown[-1]]) * scale),
        ]
    if np.ptp(chart.centre[np.isfinite(chart.centre)]) == 0.0:
        marks.append(
            Mark(
                name=Text(ko="중심선", en="centre"), axis="y", at=float(chart.centre[shown[-1]]) * scale, look="centre"
            )
        )
    for flags, name in (
        (beyond, Text(ko="관리한계를 벗어난 점", en="beyond the limits")),
        (other, Text(ko="흐름이 이상한 점", en="unusual run")),
    ):
        if flags.any():
            lines.append(Line(name=name, y=_y(np.where(flags, chart.points, np.nan), shown, scale), look="points"))
    marks += _phase_mark(chart, question, shown, x) + _event_marks(base, charted)
    return Chart(
        title=title,
        x_kind="time" if charted.time is not None else "number",
        x=x,
        lines=tuple(lines),
        marks=tuple(marks),
        x_label=None if charted.time is not None else Text(ko="점 번호", en="point"),
        y_label=_name(charted, chart),
        y_unit="%" if share else None if chart.kind in NO_UNIT else charted.unit,
    )


def _name(charted: Charted, chart: ControlChart) -> Text:
    if chart.kind in COUNT_KINDS:
        return Text(ko=f"{charted.name} {KINDS[chart.kind].ko}", en=f"{charted.name}, {KINDS[chart.kind].en}")
    words = {
        "xbar_r": ("부분군 평균", "mean of the subgroup"),
        "xbar_s": ("부분군 평균", "mean of the subgroup"),
        "between_within": ("부분군 평균", "mean of the subgroup"),
        "deviation": ("제품 기준과의 차이", "distance from the product's own mean"),
        "standardised": ("제품별로 표준화한 값", "standardised by product"),
        "ewma": ("지수가중이동평균", "weighted mean"),
        "cusum": ("누적합", "cumulative sum"),
        "t2": ("T²", "T²"),
        "mewma": ("MEWMA T²", "MEWMA T²"),
        "group": ("가장 먼 흐름", "farthest stream"),
    }
    ko, en = words.get(chart.kind, ("", ""))
    return Text(ko=f"{charted.name} {ko}".strip(), en=f"{charted.name} {en}".strip())


def _phase_mark(
    chart: ControlChart, question: ChartQuestion, shown: np.ndarray, x: tuple[float | str, ...]
) -> list[Mark]:
    if question.phases is not None:
        labels = np.asarray(question.phases).astype(str)
        edges = [*phase_starts(labels, labels.size), labels.size]
        found = []
        for first, after in pairwise(edges):
            part = np.flatnonzero((chart.rows[shown] >= first) & (chart.rows[shown] < after))
            if part.size:
                name = Text(ko=labels[first], en=labels[first])
                found.append(Mark(name=name, axis="x", at=x[part[0]], to=x[part[-1]], look="good"))
        return found
    if question.baseline is None:
        return []
    inside = np.flatnonzero(chart.baseline[shown])
    if not inside.size:
        return []
    name = Text(ko="기준 기간", en="baseline")
    return [Mark(name=name, axis="x", at=x[inside[0]], to=x[inside[-1]], look="good")]


def _event_marks(base: EvidenceBase, charted: Charted) -> list[Mark]:
    events, _ = happenings(base, charted)
    return [
        Mark(name=event.text, axis="x", at=iso(np.array([event.time], dtype="datetime64[us]"))[0], look="event")
        for event in events
    ]


def _drawn_spread(charted: Charted, chart: ControlChart) -> Chart:
    spreads, limit = chart.spreads, chart.spread_limit
    if spreads is None or limit is None:
        raise ValueError("this chart has no chart of spread")
    out = spreads > limit
    shown = thin(spreads.size, np.flatnonzero(out))
    what = (
        Text(ko="이동범위", en="moving range")
        if chart.kind in ("imr", "deviation", "standardised")
        else Text(ko="부분군 범위", en="range of the subgroup")
        if chart.kind == "xbar_r"
        else Text(ko="부분군 표준편차", en="standard deviation of the subgroup")
    )
    lines = [Line(name=what, y=_y(spreads, shown), look="thin" if shown.size > 60 else "line")]
    if out.any():
        name = Text(ko="관리상한을 벗어난 점", en="above the limit")
        lines.append(Line(name=name, y=_y(np.where(out, spreads, np.nan), shown), look="points"))
    if np.ptp(limit) > 0:
        lines.append(Line(name=Text(ko="관리상한", en="upper limit"), y=_y(limit, shown), look="step"))
        marks: tuple[Mark, ...] = ()
    else:
        marks = (Mark(name=Text(ko="관리상한", en="upper limit"), axis="y", at=float(limit[0])),)
    return Chart(
        title=Text(ko=f"{charted.name}: 흩어짐은 고른가?", en=f"{charted.name}: is the spread even?"),
        x_kind="time" if charted.time is not None else "number",
        x=_x(charted, chart, shown),
        lines=tuple(lines),
        marks=marks,
        x_label=None if charted.time is not None else Text(ko="점 번호", en="point"),
        y_label=what,
        y_unit=None if chart.kind in NO_UNIT else charted.unit,
    )
