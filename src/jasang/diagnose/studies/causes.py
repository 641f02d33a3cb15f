"""What moves defects or a quality: effects, the window to hold, pairs, what moves together, and the trial that would tell."""

from dataclasses import dataclass, replace

import numpy as np

from jasang.analyze.causes import (
    ConfoundedPair,
    Experiment,
    Factor,
    Interaction,
    Met,
    OperatingWindow,
    confounded_pairs,
    design_effect,
    find_interactions,
    operating_window,
    plan_experiment,
)
from jasang.analyze.drivers import CategoricalColumn, Driver, Drivers, NumericColumn, find_drivers
from jasang.diagnose.causes_story import (
    Place,
    bound_text,
    effects_chart,
    experiment_text,
    heat_chart,
    lag_words,
    number_columns,
    pair_sentence,
    window_answer,
    window_rule,
)
from jasang.diagnose.changes import level_changes
from jasang.diagnose.changes_nearby import met_at, met_text
from jasang.diagnose.chart import Chart
from jasang.diagnose.driver_problem import DriverTable, Outcome, driver_table, read_outcome
from jasang.diagnose.driver_story import Told, amount, chart, place, sentence
from jasang.diagnose.evidence_base import EvidenceBase, TableData
from jasang.diagnose.fault_story import number
from jasang.diagnose.finding import Action, Evidence, Subject
from jasang.diagnose.study import Study, StudyTable
from jasang.diagnose.upstream import with_ids, with_lags
from jasang.plant.factory import Column, Role
from jasang.plant.text import Text

ALPHA = 0.04
_MOST_PAIRS = 12
_MOST_FACTORS = 3
_RUN_UNITS = 50
_LEAST_ASSOCIATION = 0.7


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """Everything that was found about one outcome."""

    place: Place
    found: Drivers
    told: tuple[Told, ...]
    window: OperatingWindow | None
    pairs: tuple[Interaction, ...]
    confounded: tuple[ConfoundedPair, ...]
    met: tuple[Met, ...]
    plan: Experiment | None


def causes_study(base: EvidenceBase, data: TableData, column: Column) -> Study | None:
    """What moves the outcome `column` of `data`; `None` when the column holds no verdict and no measurement that varies."""
    table = with_ids(base, driver_table(base, data))
    outcome = next(read_outcome(table, column), None)
    if outcome is None or not table.columns:
        return None
    table = with_lags(base, table, outcome)
    answer = _answered(base, table, outcome)
    place_ = answer.place
    return Study(
        kind="causes",
        title=Text(ko=f"{outcome.meaning.ko}: 무엇과 함께 움직이나?", en=f"What does {outcome.meaning.en} move with?"),
        answer=_answer_text(answer),
        subject=Subject(table=data.table.file, column=column.name, asset=data.table.asset),
        evidence=_evidence(answer),
        charts=_charts(answer),
        tables=tuple(
            t for t in (_effects(answer), _window(answer), _pairs(answer), _together(answer), _runs(answer)) if t
        ),
        actions=()
        if answer.plan is None
        else (Action(text=experiment_text(answer.plan, place_.outcome), owner="engineer"),),
        notes=_notes(answer),
    )


def _answered(base: EvidenceBase, table: DriverTable, outcome: Outcome) -> _Answer:
    place_ = Place(table=table, outcome=outcome)
    found = find_drivers(table.problem(outcome), alpha=ALPHA)
    described = {column.name: column for column in table.data.table.columns}
    described |= {name: each.column for name, each in table.upstream.items()}
    told = tuple(Told(driver=d, column=described.get(d.column), table=table, outcome=outcome) for d in found.drivers)
    strata = table.asset * (len(table.products) + 1) + table.product
    kept = [c for c in table.columns if c.name not in found.consequences]
    window = pairs = None
    if not outcome.two_sided:
        window = operating_window(outcome.values, number_columns(kept), strata=strata, day=table.day)
        pairs = find_interactions(outcome.values, kept, strata=strata, day=table.day)
    confounded = _relevant(confounded_pairs(kept, strata=strata, least=_LEAST_ASSOCIATION), found.drivers)
    return _Answer(
        place=place_,
        found=found,
        told=told,
        window=window,
        pairs=pairs or (),
        confounded=confounded,
        met=_met(base, table, outcome),
        plan=_plan(place_, found, confounded),
    )


def _relevant(pairs: tuple[ConfoundedPair, ...], drivers: tuple[Driver, ...]) -> tuple[ConfoundedPair, ...]:
    """Pairs that concern a driver; where nothing was found, none: two columns that only go together are no news."""
    names = {driver.column for driver in drivers}
    found = [pair for pair in pairs if pair.first in names or pair.second in names]
    return tuple(found[:_MOST_PAIRS])


def _met(base: EvidenceBase, table: DriverTable, outcome: Outcome) -> tuple[Met, ...]:
    """What changed when the outcome's level did."""
    changes, _ = level_changes(base)
    mine = [
        one
        for one in changes
        if one.table == table.data.table.file
        and one.course.column.name == outcome.column.name
        and one.since is not None
        and one.p < 0.01 and not one.slow
    ]  # fmt: skip
    if not mine:
        return ()
    return met_at(base, table.data, min(mine, key=lambda one: one.p))


def _plan(place_: Place, found: Drivers, confounded: tuple[ConfoundedPair, ...]) -> Experiment | None:
    """The experiment over the settings and names found, and what moves along with the first of them."""
    table, outcome = place_.table, place_.outcome
    settable = [d for d in found.drivers if not d.start_up and _can_be_set(table, d)]
    drivers = settable or [d for d in found.drivers if not d.start_up]
    factors: list[Factor] = []
    for driver in drivers[:_MOST_FACTORS]:
        factor = _factor(table, driver)
        factors += [factor] if factor is not None else []
    for pair in confounded:  # what moves along with a factor is tried beside it
        other = pair.second if pair.first in {f.name for f in factors} else pair.first
        if len(factors) in (1, 2) and {pair.first, pair.second} & {f.name for f in factors}:
            beside = _middle_levels(table, other)
            factors += [beside] if beside is not None else []
    factors = list({factor.name: factor for factor in factors}.values())
    if not factors or outcome.two_sided:
        return None
    effect = min(driver.effect for driver in drivers)
    worse = found.mean + effect
    block = np.arange(outcome.values.size) // _RUN_UNITS
    alike = design_effect(outcome.values, block, _RUN_UNITS)
    usual = min(worse, 0.95) if outcome.binary else found.mean
    if effect <= 0 or (outcome.binary and usual - effect < 0):
        return None
    return plan_experiment(
        factors, usual=usual, effect=-effect, sigma=None if outcome.binary else found.spread,
        run_units=_RUN_UNITS, block_effect=min(alike, 10.0),
    )  # fmt: skip


def _can_be_set(table: DriverTable, driver: Driver) -> bool:
    """A setting, or a name that can be chosen (supplier, lot, operator, machine): what a trial can change at will."""
    if driver.level is not None:
        return True
    described = {column.name: column for column in table.data.table.columns}
    described |= {name: each.column for name, each in table.upstream.items()}
    return driver.column in described and described[driver.column].role is Role.SETTING


def _factor(table: DriverTable, driver: Driver) -> Factor | None:
    candidate = table.candidate(driver.column)
    if driver.level is not None and isinstance(candidate, CategoricalColumn):
        counts = np.bincount(candidate.codes[candidate.codes >= 0], minlength=len(candidate.levels))
        others = [level for level in np.argsort(-counts) if candidate.levels[level] != driver.level]
        return Factor(name=driver.column, low=driver.level, high=candidate.levels[others[0]]) if others else None
    if driver.window is None or not isinstance(candidate, NumericColumn) or candidate.derived:
        return None
    values = candidate.values + (candidate.usual if candidate.usual is not None else 0.0)
    low, high = driver.window
    outside = values[(values < low) | (values > high)]
    inside = values[(values >= low) & (values <= high)]
    if outside.size == 0 or inside.size == 0:
        return None
    return _levels(driver.column, float(np.median(outside)), float(np.median(inside)), values)


def _middle_levels(table: DriverTable, name: str) -> Factor | None:
    candidate = table.candidate(name)
    if not isinstance(candidate, NumericColumn) or candidate.derived or candidate.counter:
        return None
    low, high = np.nanquantile(candidate.values, [0.15, 0.85])
    return _levels(name, float(low), float(high), candidate.values) if low < high else None


def _levels(name: str, low: float, high: float, values: np.ndarray) -> Factor | None:
    """Both levels rounded to a hundredth of the column's range: what somebody can set."""
    span = float(np.nanquantile(values, 0.99) - np.nanquantile(values, 0.01))
    digits = int(np.clip(2 - np.floor(np.log10(span)), -6, 9)) if span > 0 else 2
    first, second = round(low, digits), round(high, digits)
    return Factor(name=name, low=first, high=second) if first != second else None


def _answer_text(answer: _Answer) -> Text:
    outcome = answer.place.outcome
    parts: list[Text] = []
    if answer.told:
        parts.append(sentence(answer.told[0]))
        source = answer.place.table.upstream.get(answer.told[0].driver.column)
        if source is not None:
            words = lag_words(source)
            parts.append(Text(ko=f"이 값은 {words.ko}의 값입니다.", en=f"The value is that of {words.en}."))
    if answer.window is not None and answer.window.holds:
        parts.append(window_answer(answer.place, answer.window))
    parts += [pair_sentence(answer.place, pair) for pair in answer.pairs[:1]]
    if not parts:
        return Text(
            ko=f"{outcome.meaning.ko}와(과) 우연 이상으로 함께 움직이는 조건을 찾지 못했습니다"
            f"({answer.found.rows:,}행, 열 {answer.found.columns_tried}개를 살펴봄).",
            en=f"No condition moves with {outcome.meaning.en} beyond chance "
            f"({answer.found.rows:,} rows, {answer.found.columns_tried} columns tried).",
        )
    said = [replace(part, en=part.en[0].upper() + part.en[1:]) for part in parts]
    return Text(ko=" ".join(part.ko for part in said), en=" ".join(part.en for part in said))


def _evidence(answer: _Answer) -> tuple[Evidence, ...]:
    outcome = answer.place.outcome
    unit = "points" if outcome.binary else outcome.column.unit
    items = [
        Evidence(
            name=f"effect_{number_ + 1}",
            label=place(told),
            value=told.driver.effect,
            low=told.driver.low,
            high=told.driver.high,
            unit=unit,
        )
        for number_, told in enumerate(answer.told)
    ]
    if answer.window is not None:
        rates = (("window_inside", "범위 안", "inside the window", answer.window.inside),
                 ("window_outside", "범위 밖", "outside the window", answer.window.outside))  # fmt: skip
        items += [
            Evidence(name=name, label=Text(ko=ko, en=en), value=outcome.sign * r.value,
                     low=outcome.sign * (r.low if outcome.sign > 0 else r.high),
                     high=outcome.sign * (r.high if outcome.sign > 0 else r.low),
                     unit="share" if outcome.binary else unit)
            for name, ko, en, r in rates
        ]  # fmt: skip
        share = Text(ko="지금 범위 안에서 만드는 비율", en="share of production inside now")
        items.append(Evidence(name="window_share", label=share, value=answer.window.inside_share, unit="share"))
    items += [
        Evidence(name=f"together_{place_ + 1}", value=pair.effect, low=pair.low, high=pair.high, unit=unit,
                 label=Text(ko=f"{pair.first.column}와(과) {pair.second.column}이(가) 겹칠 때 더해지는 몫",
                            en=f"added where {pair.first.column} and {pair.second.column} meet"))
        for place_, pair in enumerate(answer.pairs)
    ]  # fmt: skip
    items.append(Evidence(name="rows", label=Text(ko="비교한 행", en="rows compared"), value=float(answer.found.rows)))
    return tuple(items)


def _charts(answer: _Answer) -> tuple[Chart, ...]:
    place_ = answer.place
    charts: list[Chart] = [chart(told) for told in answer.told[:3]]
    if len(answer.told) > 1:
        names = [told.driver.column + (f" {told.driver.level}" if told.driver.level else "") for told in answer.told]
        drivers = [told.driver for told in answer.told]
        charts.append(effects_chart(place_, names, [(d.effect, d.low, d.high) for d in drivers]))
    for pair in answer.pairs[:1]:
        names_of = pair.first.column, pair.second.column
        title = Text(
            ko=f"{names_of[0]}와(과) {names_of[1]}이(가) 겹치면?", en=f"Where {names_of[0]} and {names_of[1]} meet?"
        )
        made = heat_chart(place_, names_of, title)
        charts += [made] if made is not None else []
    if answer.window is not None and len(answer.window.bounds) > 1:
        held = answer.window.bounds[0].column, answer.window.bounds[1].column
        title = Text(
            ko=f"{held[0]}와(과) {held[1]}을(를) 어디에 두어야 하나?", en=f"Where should {held[0]} and {held[1]} be?"
        )
        made = heat_chart(place_, held, title)
        charts += [made] if made is not None else []
    return tuple(charts)


def _effects(answer: _Answer) -> StudyTable | None:
    if not answer.told:
        return None
    outcome = answer.place.outcome

    def row(told: Told) -> tuple[Text | str, ...]:
        driver, where = told.driver, place(told)
        source = answer.place.table.upstream.get(driver.column)
        alike = ", ".join((*driver.twins, *driver.proxies)) or "–"
        return (
            where
            if source is None
            else Text(ko=f"{where.ko} ({lag_words(source).ko})", en=f"{where.en} ({lag_words(source).en})"),
            amount(outcome, driver.inside_mean),
            amount(outcome, driver.outside_mean),
            f"{number(100 * driver.effect if outcome.binary else driver.effect)} "
            f"({_ends(outcome, driver.low, driver.high)})",
            f"{driver.p_value:.1g}" if driver.p_value >= 1e-4 else "< 0.0001",
            alike,
        )

    return StudyTable(
        title=Text(ko="함께 움직이는 조건", en="What moves with it"),
        headings=(
            Text(ko="어디에서 나쁜가", en="where it is worse"),
            Text(ko="그 밖", en="elsewhere"),
            Text(ko="그때", en="there"),
            Text(ko="차이(95 % 구간)", en="difference (95 % interval)"),
            Text(ko="우연일 확률", en="by chance"),
            Text(ko="함께 움직이는 열", en="columns that move along"),
        ),
        rows=tuple(row(told) for told in answer.told),
    )


def _ends(outcome: Outcome, low: float, high: float) -> str:
    points = 100.0 if outcome.binary else 1.0
    return f"{points * low:.2g}–{points * high:.2g}"


def _window(answer: _Answer) -> StudyTable | None:
    window, place_ = answer.window, answer.place
    if window is None:
        return None
    verdict = Text(ko="확인됨", en="confirmed") if window.holds else Text(ko="확인되지 않음", en="not confirmed")
    rule = window_rule(place_, window)
    return StudyTable(
        title=Text(ko=f"지킬 범위 ({verdict.ko}): {rule.ko}", en=f"Window to hold ({verdict.en}): {rule.en}"),
        headings=(
            Text(ko="지킬 것", en="hold"),
            Text(ko="벗어난 생산 %", en="production outside %"),
            Text(ko="벗어난 횟수", en="times left"),
            Text(ko="벗어난 정도(중앙값)", en="by how much (median)"),
        ),
        rows=tuple(
            (
                bound_text(place_, b),
                round(100 * b.outside_share, 1),
                b.episodes,
                f"{number(b.distance)}{place_.unit(b.column)}",
            )
            for b in window.bounds
        ),
    )


def _pairs(answer: _Answer) -> StudyTable | None:
    if not answer.pairs:
        return None
    outcome = answer.place.outcome
    return StudyTable(
        title=Text(ko="겹칠 때 나쁜 두 조건", en="Two conditions that hurt together"),
        headings=(
            Text(ko="두 조건", en="the two"),
            Text(ko="둘 다", en="both"),
            Text(ko="첫째만", en="first only"),
            Text(ko="둘째만", en="second only"),
            Text(ko="둘 다 아님", en="neither"),
            Text(ko="겹쳐서 더해지는 몫(95 % 구간)", en="added by meeting (95 % interval)"),
        ),
        rows=tuple(
            (
                f"{p.first.column} × {p.second.column}",
                *(amount(outcome, v) for v in (p.both, p.first_only, p.second_only, p.neither)),
                _ends(outcome, p.low, p.high),
            )
            for p in answer.pairs
        ),
    )


def _together(answer: _Answer) -> StudyTable | None:
    if not answer.confounded:
        return None
    return StudyTable(
        title=Text(ko="함께 움직여 가르기 어려운 열", en="Columns that move together"),
        headings=(
            Text(ko="열", en="column"),
            Text(ko="함께 움직이는 열", en="moves with"),
            Text(ko="관련도(0~1)", en="association (0 to 1)"),
            Text(ko="가르는 데 드는 자료(배)", en="data needed to tell them apart (times)"),
        ),
        rows=tuple((p.first, p.second, round(p.association, 2), round(p.inflation, 1)) for p in answer.confounded),
    )


def _runs(answer: _Answer) -> StudyTable | None:
    if answer.plan is None:
        return None
    return StudyTable(
        title=Text(
            ko=f"가려 줄 시험: 한 회에 {answer.plan.units_a_run:,}개, 이 순서대로",
            en=f"The trial that would tell: {answer.plan.units_a_run:,} units a run, in this order",
        ),
        headings=(
            Text(ko="순서", en="run"),
            Text(ko="묶음", en="block"),
            *(Text(ko=f.name, en=f.name) for f in answer.plan.factors),
        ),
        rows=tuple((place_ + 1, run.block, *run.levels) for place_, run in enumerate(answer.plan.runs[:40])),
    )


def _notes(answer: _Answer) -> tuple[Text, ...]:
    notes = [
        Text(
            ko="함께 움직인다는 뜻이며, 원인인지는 시험해 봐야 압니다. 제품·설비·시기의 영향은 뺐습니다.",
            en="It moves with the outcome; whether it is the cause only a trial can tell. Product, machine and time are held.",
        )
    ]
    notes += [
        Text(
            ko=f"{pair.first}와(과) {pair.second}은(는) 함께 움직입니다(관련도 {pair.association:.2f}). "
            f"하나만 바꾼 생산이 있어야 어느 쪽인지 가릴 수 있습니다.",
            en=f"{pair.first} and {pair.second} move together (association {pair.association:.2f}). "
            "Only production in which one is changed and the other held would tell which it is.",
        )
        for pair in answer.confounded[:3]
    ]
    if answer.window is not None and not answer.window.holds:
        notes.append(window_answer(answer.place, answer.window))
    notes += [
        Text(
            ko=f"수준이 바뀐 때에 함께 바뀐 것: {met_text(met).ko}.",
            en=f"Changed when the level did: {met_text(met).en}.",
        )
        for met in answer.met[:5]
    ]
    if answer.found.consequences or answer.place.table.by_name:
        names = ", ".join((*answer.found.consequences, *answer.place.table.by_name))
        notes.append(
            Text(ko=f"결과를 보고 적은 열이라 뺐습니다: {names}", en=f"Left out, written after the verdict: {names}")
        )
    return tuple(notes)


def outcome_columns(data: TableData) -> tuple[Column, ...]:
    """The columns somebody may ask about: verdict and measured qualities."""
    return data.table.with_role(Role.DEFECT, Role.QUALITY)
