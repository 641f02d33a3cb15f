"""Two conditions that hurt only together, as one finding of the rule `driver`."""

from dataclasses import replace

import numpy as np

from jasang.analyze.causes import Interaction, Side, find_interactions
from jasang.analyze.drivers import Drivers, NumericColumn
from jasang.diagnose.causes_story import Place, heat_chart, pair_sentence, side_text
from jasang.diagnose.driver_problem import DriverTable, Outcome
from jasang.diagnose.evidence_base import EvidenceBase
from jasang.diagnose.finding import Action, Cause, Evidence, Finding, Severity, Subject
from jasang.diagnose.prices import defect_price, priced, rows_per_year
from jasang.plant.text import Text

_ERROR = 0.002  # chance of a pair in a table without any
_ACT_STRENGTH = 4.0
_MOST_WORK = 4e6  # rows × pairs: a quarter of a second


def pairs_of(table: DriverTable, outcome: Outcome, found: Drivers) -> tuple[Interaction, ...]:
    """The clearest pair that hurts only together; columns that follow from the verdict are left out.

    None where a start is told: what a start upsets meets in its first units, and would be the start told again.
    """
    if any(driver.start_up for driver in found.drivers):
        return ()
    kept = [column for column in table.columns if column.name not in found.consequences]
    strata = table.asset * (len(table.products) + 1) + table.product
    pairs = find_interactions(outcome.values, kept, strata=strata, day=table.day, alpha=_ERROR, most_work=_MOST_WORK)
    return pairs[:1]


def without_pairs(found: Drivers, pairs: tuple[Interaction, ...]) -> Drivers:
    """The drivers without those that are one half of a pair: alone they do little, and the pair is told."""
    halves = {side.column for pair in pairs for side in (pair.first, pair.second)}
    return replace(found, drivers=tuple(driver for driver in found.drivers if driver.column not in halves))


def pair_finding(
    base: EvidenceBase, table: DriverTable, outcome: Outcome, found: Drivers, pair: Interaction
) -> Finding:
    """The finding of one pair: both columns are causes, each with the side to leave."""
    place = Place(table=table, outcome=outcome)
    said = pair_sentence(place, pair)
    names = pair.first.column, pair.second.column
    alone = not without_pairs(found, (pair,)).drivers  # beside another cause two columns may meet in its bad units
    title = Text(ko=f"{names[0]}와(과) {names[1]}이(가) 겹치면?", en=f"Where {names[0]} and {names[1]} meet?")
    chart = heat_chart(place, names, title)
    yearly = rows_per_year(table.data)
    worth = None
    if yearly is not None:
        share = pair.rows_both / max(outcome.values.size, 1) * yearly
        basis = Text(
            ko=f"두 조건이 겹친 1년 {share:,.0f}개 × 불량률 차이 {100 * pair.effect:.2g} %p",
            en=f"{share:,.0f} units a year with both × {100 * pair.effect:.2g} points fewer defects",
        )
        worth = priced(
            (share * pair.effect, share * pair.low, share * pair.high), defect_price(base, table.data), basis
        )
    return Finding(
        rule="driver",
        severity=Severity.ACT if pair.strength >= _ACT_STRENGTH and alone else Severity.WATCH,
        subject=Subject(table=table.data.table.file, column=outcome.column.name, asset=table.data.table.asset),
        text=Text(
            ko=f"{said.ko} 함께 움직인다는 뜻이며, 원인인지는 시험해 봐야 압니다.",
            en=f"{said.en} It moves with the outcome; whether it is the cause only a trial can tell.",
        ),
        action=_action(place, pair),
        evidence=_evidence(found, pair),
        causes=tuple(_cause(table, side, pair) for side in (pair.first, pair.second)),
        worth=worth,
        strength=pair.strength,
        charts=() if chart is None else (chart,),
    )


def _action(place: Place, pair: Interaction) -> Action:
    first, second = side_text(place, pair.first), side_text(place, pair.second)
    return Action(
        text=Text(
            ko=f"{first.ko}와(과) {second.ko}이(가) 겹치지 않게 하세요. 하나만 바꾼 생산을 번갈아 만들어 어느 쪽을 바꾸는 것이 "
            "나은지 비교하세요.",
            en=f"Keep {first.en} and {second.en} from meeting. Change one of them at a time, in turn, and compare.",
        ),
        owner="engineer",
    )


def _cause(table: DriverTable, side: Side, pair: Interaction) -> Cause:
    window, direction = None, None
    candidate = table.candidate(side.column)
    if isinstance(candidate, NumericColumn):
        values = candidate.values[~np.isnan(candidate.values)]
        inside = values[values > side.below] if side.below is not None else values[values <= (side.above or 0.0)]
        window = (float(inside.min()), float(inside.max())) if inside.size else None
        direction = "up" if side.below is not None else "down"
    return Cause(
        column=side.column,
        level=side.level,
        direction=direction,
        window=window,
        effect=pair.effect,
        low=pair.low,
        high=pair.high,
    )


def _evidence(found: Drivers, pair: Interaction) -> tuple[Evidence, ...]:
    rates = (("both", "둘 다일 때", "with both", pair.both), ("first_only", "첫째만", "with the first only", pair.first_only),
             ("second_only", "둘째만", "with the second only", pair.second_only),
             ("neither", "둘 다 아닐 때", "with neither", pair.neither))  # fmt: skip
    return (
        Evidence(
            name="effect",
            label=Text(ko="겹쳐서 더해지는 몫", en="added where both meet"),
            value=pair.effect,
            low=pair.low,
            high=pair.high,
            unit="points",
        ),
        *(Evidence(name=n, label=Text(ko=ko, en=en), value=v, unit="share") for n, ko, en, v in rates),
        Evidence(name="rows_both", label=Text(ko="둘 다인 행", en="rows with both"), value=float(pair.rows_both)),
        Evidence(name="rows", label=Text(ko="비교한 행", en="rows compared"), value=float(found.rows)),
        Evidence(
            name="family_wise_p",
            label=Text(ko="모두 살펴본 것까지 셈한 우연일 확률", en="probability by chance, for all that was tried"),
            value=pair.p_value,
        ),
    )
