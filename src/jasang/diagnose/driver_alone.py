"""A bad machine with a product of its own, as one finding of the rule `driver` that names both and the trial that would tell."""

from jasang.analyze.drivers import Alone, machine_or_product
from jasang.diagnose.chart import Chart, Line
from jasang.diagnose.driver_problem import DriverTable, Outcome
from jasang.diagnose.driver_story import rate, wilson
from jasang.diagnose.evidence_base import EvidenceBase
from jasang.diagnose.finding import Action, Cause, Check, Evidence, Finding, Severity, Subject, Worth
from jasang.diagnose.prices import defect_price, priced, rows_per_year
from jasang.plant.text import Text

_WATCH = 2.0, 0.02, 0.005  # times the others' rate, points more, chance by accident
_ACT = 4.0, 0.05, 0.001  # products differ by nature: aloud only what no product of its own should excuse
_MOST_NAMED = 3


def alone_finding(base: EvidenceBase, table: DriverTable, outcome: Outcome) -> Finding | None:
    """The finding of a machine that is worse and makes what no other machine makes; `None` where there is none."""
    names = table.data.table.asset_column, table.data.table.product_column
    if not outcome.binary or table.day is None or None in names:
        return None
    found = machine_or_product(outcome.values, table.asset, table.product, table.day)
    if found is None or not _at_least(found, _WATCH):
        return None
    asset = table.assets[found.asset]
    products = [table.products[code] for code in found.products]
    return Finding(
        rule="driver",
        severity=Severity.ACT if _at_least(found, _ACT) else Severity.WATCH,
        subject=Subject(table=table.data.table.file, column=outcome.column.name, asset=asset),
        text=_text(asset, products, found),
        action=_action(asset, products),
        evidence=_evidence(found),
        causes=_causes(table, found, asset, products),
        worth=_worth(base, table, found),
        check=Check(
            metric="defect_rate", expected=-found.effect * found.rows / (found.rows + found.rows_others), days=14
        ),
        strength=4.0 if found.p_value < _ACT[2] else 2.5,
        charts=(_chart(table, outcome, names[0] or ""),),
    )


def _at_least(found: Alone, least: tuple[float, float, float]) -> bool:
    times, points, chance = least
    return (
        found.mean >= times * found.mean_others and found.low > 0 and found.effect >= points and found.p_value <= chance
    )


def _text(asset: str, products: list[str], found: Alone) -> Text:
    made = ", ".join(products[:_MOST_NAMED])
    low, high = 100 * found.low, 100 * found.high
    return Text(
        ko=f"{asset}의 불량률이 {rate(found.mean)}로, 다른 설비의 {rate(found.mean_others)}보다 높습니다"
        f"(같은 날끼리 견준 차이 {100 * found.effect:.2g} %p, 95 % 구간 {low:.2g}~{high:.2g}). "
        f"그런데 {asset}은(는) 다른 설비에서 만들지 않는 {made}만 만들어, "
        "설비 탓인지 제품 탓인지 이 기록으로는 가를 수 없습니다.",
        en=f"{asset} has {rate(found.mean)} defects, the other machines {rate(found.mean_others)} "
        f"(difference on the same days {100 * found.effect:.2g} points, 95 % interval {low:.2g} to {high:.2g}). "
        f"But {asset} makes only {made}, which no other machine makes: whether it is the machine or its product this record "
        "cannot tell.",
    )


def _action(asset: str, products: list[str]) -> Action:
    made = products[0]
    return Action(
        text=Text(
            ko=f"{made}을(를) 다른 설비에서 하루 만들어 보거나, 다른 제품을 {asset}에서 하루 만들어 불량률을 비교하세요. "
            "불량이 설비를 따라가면 설비를, 제품을 따라가면 금형·조건을 살피세요.",
            en=f"Run {made} on another machine for a day, or another product on {asset}, and compare the defect rates. "
            "If the defects stay with the machine, look at the machine; if they go with the product, at its mould and settings.",
        ),
        owner="engineer",
    )


def _evidence(found: Alone) -> tuple[Evidence, ...]:
    sides = (
        ("on_the_machine", Text(ko="그 설비의 불량률", en="defect rate on the machine"), found.mean, found.rows),
        ("elsewhere", Text(ko="다른 설비의 불량률", en="defect rate elsewhere"), found.mean_others, found.rows_others),
    )
    return (
        Evidence(
            name="effect",
            label=Text(ko="같은 날끼리 견준 불량률 차이", en="difference of the defect rate on the same days"),
            value=found.effect,
            low=found.low,
            high=found.high,
            unit="points",
        ),
        *(
            Evidence(name=name, label=label, value=mean, low=low, high=high, unit="share")
            for name, label, mean, rows in sides
            for low, high in (wilson(mean * rows, rows),)
        ),
        Evidence(
            name="days", label=Text(ko="둘 다 생산한 날", en="days on which both produced"), value=float(found.days)
        ),
        Evidence(
            name="family_wise_p",
            label=Text(ko="모두 살펴본 것까지 셈한 우연일 확률", en="probability by chance, for all that was tried"),
            value=found.p_value,
        ),
    )


def _causes(table: DriverTable, found: Alone, asset: str, products: list[str]) -> tuple[Cause, ...]:
    levels = [(table.data.table.asset_column or "", asset)]
    levels += [(table.data.table.product_column or "", product) for product in products[:_MOST_NAMED]]
    return tuple(
        Cause(column=column, level=level, effect=found.effect, low=found.low, high=found.high)
        for column, level in levels
    )


def _worth(base: EvidenceBase, table: DriverTable, found: Alone) -> Worth | None:
    yearly = rows_per_year(table.data)
    if yearly is None:
        return None
    made = yearly * found.rows / (found.rows + found.rows_others)
    basis = Text(
        ko=f"그 설비의 1년 {made:,.0f}개 × 불량률 차이 {100 * found.effect:.2g} %p",
        en=f"{made:,.0f} units a year on the machine × {100 * found.effect:.2g} points fewer defects",
    )
    return priced((made * found.effect, made * found.low, made * found.high), defect_price(base, table.data), basis)


def _chart(table: DriverTable, outcome: Outcome, heading: str) -> Chart:
    rates, names = [], []
    for code, name in enumerate(table.assets):
        values = outcome.values[table.asset == code]
        values = values[values == values]
        if values.size:
            names.append(name)
            rates.append(100 * float(values.mean()))
    return Chart(
        title=Text(ko="설비마다 불량률이 얼마나 됩니까?", en="What is the defect rate of each machine?"),
        x_kind="category",
        x=tuple(names),
        lines=(Line(name=outcome.meaning, y=tuple(rates), look="bars"),),
        marks=(),
        x_label=Text(ko=heading, en=heading),
        y_label=outcome.meaning,
        y_unit="%",
    )
