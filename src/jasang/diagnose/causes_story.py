"""How joint windows, pairs, lags and experiments are told: sentences and charts in both languages, shared by rule and study."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from jasang.analyze.causes import Bound, Experiment, Interaction, OperatingWindow, Side
from jasang.analyze.drivers import CategoricalColumn, Column, NumericColumn
from jasang.diagnose.chart import Chart, Line, Mark
from jasang.diagnose.driver_problem import DriverTable, Outcome, Upstream
from jasang.diagnose.driver_story import amount, rate
from jasang.diagnose.fault_story import number
from jasang.plant.text import Text

_HEAT_SHARES = np.array([0.0, 0.1, 0.25, 0.4, 0.6, 0.75, 0.9, 1.0])
_HEAT_LEVELS = 8
_LEAST_IN_CELL = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Which columns a text speaks of, with their units."""

    table: DriverTable
    outcome: Outcome

    def unit(self, name: str) -> str:
        """A blank and the unit of a column, or nothing."""
        if name in self.table.upstream:
            unit = self.table.upstream[name].column.unit
        else:
            unit = next((column.unit for column in self.table.data.table.columns if column.name == name), None)
        return f" {unit}" if unit else ""


def bound_text(place: Place, bound: Bound) -> Text:
    """ "mould 58–63 °C", "hold ≥ 55 bar"."""
    unit = place.unit(bound.column)
    if bound.low is not None and bound.high is not None:
        words = f"{bound.column} {number(bound.low)}–{number(bound.high)}{unit}"
    elif bound.low is not None:
        words = f"{bound.column} ≥ {number(bound.low)}{unit}"
    else:
        words = f"{bound.column} ≤ {number(bound.high or 0.0)}{unit}"
    return Text(ko=words, en=words)


def window_rule(place: Place, window: OperatingWindow) -> Text:
    """The rule to hang beside the machine: "mould 58–63 °C and hold ≥ 55 bar: 0.4 % (0.2–0.7), else 3.1 %"."""
    bounds = [bound_text(place, bound).en for bound in window.bounds]
    inside, outside = amount(place.outcome, window.inside.value), amount(place.outcome, window.outside.value)
    span = _span(place.outcome, window.inside.low, window.inside.high)
    ko, en = place.outcome.meaning.ko, place.outcome.meaning.en
    return Text(
        ko=f"{', '.join(bounds)} 모두 지키면 {ko} {inside}({span}), 벗어나면 {outside}",
        en=f"{' and '.join(bounds)}: {en} {inside} ({span}), else {outside}",
    )


def window_answer(place: Place, window: OperatingWindow) -> Text:
    """The rule with what it rests on and what holding it asks for."""
    rule = window_rule(place, window)
    share = f"{100 * window.inside_share:.0f} %"
    gain, low, high = (
        amount(place.outcome, v) for v in (window.avoided.value, max(window.avoided.low, 0.0), window.avoided.high)
    )
    if not window.holds:
        return Text(
            ko=f"앞쪽 기록에서 고른 범위({rule.ko})는 뒤쪽 {window.rows:,}행에서 확인되지 않았습니다. 지킬 범위로 쓰지 마세요.",
            en=f"The range that the earlier record suggested ({rule.en}) was not borne out by the {window.rows:,} later rows. "
            "Do not hold it on this evidence.",
        )
    return Text(
        ko=f"{rule.ko}입니다. 앞쪽 기록에서 고르고 뒤쪽 {window.rows:,}행에서 확인했습니다. 지금 생산의 {share}가 이미 "
        f"범위 안이며, 나머지도 지키면 전체 {place.outcome.meaning.ko}이(가) {gain}(95 % 구간 {low}~{high}) 줄어듭니다.",
        en=f"{rule.en}. Chosen on the earlier record and confirmed on the {window.rows:,} later rows. {share} of production "
        f"is inside already; holding the rest there would take {gain} (95 % interval {low} to {high}) off "
        f"{place.outcome.meaning.en}.",
    )


def _span(outcome: Outcome, low: float, high: float) -> str:
    if outcome.binary:
        return f"{rate(low).removesuffix(' %')}–{rate(high).removesuffix(' %')}"
    ends = sorted((outcome.sign * low, outcome.sign * high))
    return f"{number(ends[0])}–{number(ends[1])}"


def side_text(place: Place, side: Side) -> Text:
    """ "a above 5 bar", "supplier B"."""
    unit = place.unit(side.column)
    if side.level is not None:
        return Text(ko=f"{side.column} {side.level}", en=f"{side.column} {side.level}")
    if side.above is not None:
        limit = f"{number(side.above)}{unit}"
        return Text(ko=f"{side.column} {limit} 초과", en=f"{side.column} above {limit}")
    limit = f"{number(side.below or 0.0)}{unit}"
    return Text(ko=f"{side.column} {limit} 이하", en=f"{side.column} at {limit} or below")


def pair_sentence(place: Place, found: Interaction) -> Text:
    """What both together do, and either alone."""
    a, b = side_text(place, found.first), side_text(place, found.second)
    both, first, second, neither = (
        amount(place.outcome, v) for v in (found.both, found.first_only, found.second_only, found.neither)
    )
    ko, en = place.outcome.meaning.ko, place.outcome.meaning.en
    low, high, points = found.low, found.high, 100.0 if place.outcome.binary else 1.0
    unit = "%p" if place.outcome.binary else ""
    en_unit = " points" if place.outcome.binary else ""
    return Text(
        ko=f"{a.ko}이면서 {b.ko}일 때 {ko}이(가) {both}입니다. 하나만 해당하면 {first}, {second}, 둘 다 아니면 {neither}입니다"
        f"(둘이 겹쳐서 더해지는 몫 {points * found.effect:.2g}{unit}, 95 % 구간 {points * low:.2g}~{points * high:.2g}).",
        en=f"With {a.en} and {b.en} together {en} is {both}; with only one of them {first} and {second}, with neither {neither} "
        f"(what the two add by meeting: {points * found.effect:.2g}{en_unit}, 95 % interval "
        f"{points * low:.2g} to {points * high:.2g}).",
    )


def lag_words(upstream: Upstream) -> Text:
    """Where a column of another table comes from: "20 minutes earlier (17 to 24) in oven.csv"."""
    lag, low, high = upstream.lag, upstream.lag_low, upstream.lag_high
    if not np.isfinite(lag):
        return Text(ko=f"{upstream.file}, {upstream.by} 기준", en=f"in {upstream.file}, joined by {upstream.by}")
    size, ko, en = next((s for s in ((86_400, "일", "days"), (3600, "시간", "hours"), (60, "분", "minutes")) if lag >= 2 * s[0]),
                        (1, "초", "seconds"))  # fmt: skip
    words = f"{lag / size:.3g}", f"{low / size:.3g}", f"{high / size:.3g}"
    by_ko = f", {upstream.by} 기준" if upstream.by else ""
    by_en = f", joined by {upstream.by}" if upstream.by else ""
    return Text(
        ko=f"{upstream.file}에서 {words[0]}{ko} 전({words[1]}~{words[2]}{ko}){by_ko}",
        en=f"{words[0]} {en} earlier ({words[1]} to {words[2]}) in {upstream.file}{by_en}",
    )


def experiment_text(plan: Experiment, outcome: Outcome) -> Text:
    """The experiment as an order: settings, levels, runs and units."""
    levels_ko = "; ".join(f"{f.name} {_level(f.low)} / {_level(f.high)}" for f in plan.factors)
    blocks = max(run.block for run in plan.runs)
    effect = amount(outcome, abs(plan.effect))
    return Text(
        ko=f"원인인지 가르려면 시험이 필요합니다: {levels_ko}의 조합을 {blocks}번 되풀이해 모두 {len(plan.runs)}회, "
        f"한 회에 {plan.units_a_run:,}개씩 무작위 순서로 만드세요. {effect} 차이를 {100 * plan.power:.0f} % 확률로 알아봅니다.",
        en=f"Only a trial can tell: make every combination of {levels_ko} {blocks} times, {len(plan.runs)} runs of "
        f"{plan.units_a_run:,} units in random order. That sees a difference of {effect} with {100 * plan.power:.0f} % "
        "probability.",
    )


def _level(level: float | str) -> str:
    return level if isinstance(level, str) else number(level)


def heat_chart(place: Place, names: tuple[str, str], title: Text) -> Chart | None:
    """The outcome over two columns as a map, the first across, the second down; cells of fewer than ten rows stay empty."""
    across, down = (_cells(place.table.candidate(name)) for name in names)
    if across is None or down is None:
        return None
    outcome = place.outcome.values
    known = ~np.isnan(outcome) & (across[0] >= 0) & (down[0] >= 0)
    size = len(across[1]) * len(down[1])
    cell = across[0][known] * len(down[1]) + down[0][known]
    counts = np.bincount(cell, minlength=size)
    sums = np.bincount(cell, weights=outcome[known], minlength=size)
    scale = (100.0 if place.outcome.binary else 1.0) * place.outcome.sign
    means = np.where(counts >= _LEAST_IN_CELL, scale * sums / counts.clip(1), np.nan).reshape(len(across[1]), -1)
    return Chart(
        title=title,
        x_kind="category",
        x=tuple(across[1]),
        lines=tuple(
            Line(
                name=Text(ko=label, en=label),
                y=tuple(None if np.isnan(value) else float(value) for value in means[:, row]),
                look="heat",
            )
            for row, label in reversed(list(enumerate(down[1])))
        ),
        x_label=Text(ko=f"{names[0]}{place.unit(names[0])}", en=f"{names[0]}{place.unit(names[0])}"),
        y_label=Text(ko=f"{names[1]}{place.unit(names[1])}", en=f"{names[1]}{place.unit(names[1])}"),
        y_unit="%" if place.outcome.binary else place.outcome.column.unit,
    )


def _cells(column: Column) -> tuple[np.ndarray, list[str]] | None:
    """The group of each row (-1 = none) and the names of the groups."""
    if isinstance(column, CategoricalColumn):
        counts = np.bincount(column.codes[column.codes >= 0], minlength=len(column.levels))
        kept = np.argsort(-counts, kind="stable")[:_HEAT_LEVELS]
        place_of = np.full(len(column.levels) + 1, -1)
        place_of[kept] = np.arange(kept.size)
        return place_of[column.codes], [column.levels[level] for level in kept]
    values = column.values
    if np.isnan(values).all():
        return None
    edges = np.unique(np.nanquantile(values, _HEAT_SHARES))
    if edges.size < 3:
        return None
    codes = np.searchsorted(edges[1:-1], values, side="left")
    codes[np.isnan(values)] = -1
    return codes, [f"{number(float(a))}–{number(float(b))}" for a, b in pairwise(edges)]


def effects_chart(place: Place, names: Sequence[str], effects: Sequence[tuple[float, float, float]]) -> Chart:
    """How much worse the outcome is outside each window, with its interval."""
    scale = 100.0 if place.outcome.binary else 1.0
    value, low, high = (tuple(scale * each[k] for each in effects) for k in range(3))
    return Chart(
        title=Text(ko="어느 조건이 얼마나 더 나쁜가?", en="Which condition is worse, and by how much?"),
        x_kind="category",
        x=tuple(names),
        lines=(
            Line(name=Text(ko="차이", en="difference"), y=value, look="points"),
            Line(name=Text(ko="95 % 구간", en="95 % interval"), y=high, look="band", base=low),
        ),
        marks=(Mark(name=Text(ko="차이 없음", en="no difference"), axis="y", at=0.0, look="centre"),),
        y_label=Text(ko=f"{place.outcome.meaning.ko} 차이", en=f"difference of {place.outcome.meaning.en}"),
        y_unit="%p" if place.outcome.binary else place.outcome.column.unit,
    )


def number_columns(columns: Sequence[Column]) -> tuple[NumericColumn, ...]:
    """The numbers among the candidates that were recorded by somebody and may be held: no counters, nothing derived."""
    return tuple(c for c in columns if isinstance(c, NumericColumn) and not c.derived and not c.counter)
