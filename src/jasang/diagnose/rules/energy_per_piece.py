"""energy_per_piece: energy that creeps up although volume, products and weather are the same."""

from collections.abc import Iterator

import numpy as np

from jasang.analyze.energy import EnergyPerPiece, energy_per_piece
from jasang.diagnose.chart import Chart, Line
from jasang.diagnose.energy_data import moment
from jasang.diagnose.evidence_base import EvidenceBase
from jasang.diagnose.finding import Action, Check, Evidence, Finding, Severity, Subject
from jasang.diagnose.per_piece_data import DAY, DaysOfEnergy, days_of_energy
from jasang.diagnose.prices import energy_price, priced
from jasang.diagnose.rule import Rule
from jasang.plant.text import Text

_CHANCE = 0.0005
_TOLD = 0.03  # of the mean energy
_LOUD = 0.05
_FEWEST_DAYS = 20
_LEAST_FIT = 0.3  # a baseline that explains less tells nothing about drift
_LONGEST_BLIND = 120  # days: longer records without a temperature may show the season


def _check(base: EvidenceBase) -> Iterator[Finding]:
    for days in days_of_energy(base):
        if days.day.size < _FEWEST_DAYS:
            continue
        worked = days.day.size / max(1.0, float(days.day[-1] - days.day[0] + 1)) * 365.25
        found = energy_per_piece(days.energy, days.good, days.drivers, days.names, periods_a_year=worked)
        if found is None or found.baseline.r2 < _LEAST_FIT or found.p > _CHANCE or found.change_low < 0.01:
            continue
        if found.change >= _TOLD and _lasts(days, found):
            yield _finding(base, days, found)


def _lasts(days: DaysOfEnergy, found: EnergyPerPiece) -> bool:
    """Whether the later half lies above the earlier one also by the middle of its days: a few odd days are no creep."""
    residual = days.energy - found.baseline.expected(days.drivers)
    half = residual.size // 2
    return bool(np.median(residual[half:]) - np.median(residual[:half]) > 0.25 * found.change * days.energy.mean())


def _finding(base: EvidenceBase, days: DaysOfEnergy, found: EnergyPerPiece) -> Finding:
    weather = any(name.startswith("degrees") for name in days.names)
    blind = not weather and days.day[-1] - days.day[0] > _LONGEST_BLIND and days.data.table.kind.value != "units"
    price = energy_price(base)
    year = (found.excess_year, found.excess_low, found.excess_high)
    return Finding(
        rule="energy_per_piece",
        severity=Severity.ACT if found.change >= _LOUD and not blind else Severity.WATCH,
        subject=Subject(table=days.data.table.file, column=days.column, asset=days.asset),
        text=Text(
            ko=f"같은 물량과 제품인데 전력을 {100 * found.change:.1f} % 더 쓰게 됐습니다(기록의 처음과 끝). "
            f"양품 1개에 평균 {found.kwh:,.3g} kWh입니다."
            + (" 계절 탓일 수도 있습니다. 외기온도를 함께 기록하면 가를 수 있습니다." if blind else ""),
            en=f"The same volume and products take {100 * found.change:.1f} % more energy at the end of the record than at its "
            f"beginning; {found.kwh:,.3g} kWh a good piece on average."
            + (" It may be the season; an outdoor temperature would tell." if blind else ""),
        ),
        action=Action(
            text=Text(
                ko="전력이 늘어난 설비를 찾으세요: 필터 막힘, 히터·유압 효율, 윤활, 압축공기 누설 순서로 점검합니다.",
                en="Find the machine that takes more: clogged filters, heaters and hydraulics, lubrication, air leaks, in "
                "this order.",
            ),
            owner="maintenance",
        ),
        evidence=(
            Evidence(
                name="energy_change", label=Text(ko="설명되지 않는 증가", en="growth nothing explains"), value=100 * found.change,
                low=100 * found.change_low, high=100 * found.change_high, unit="%",
            ),
            Evidence(
                name="energy_per_piece", label=Text(ko="양품 1개 전력", en="energy per good piece"), value=found.kwh,
                low=found.low,
                high=found.high, unit="kWh",
            ),
            Evidence(
                name="baseline_fit", label=Text(ko="기준선 설명력(R²)", en="fit of the baseline (R²)"), value=found.baseline.r2
            ),
            Evidence(name="p", label=Text(ko="우연일 확률", en="p-value"), value=found.p),
        ),
        worth=priced(year, price, Text(ko=f"1년에 {year[0]:,.0f} kWh", en=f"{year[0]:,.0f} kWh a year")) if price else None,
        check=Check(metric="energy_per_piece", expected=-found.change, days=28),
        strength=float(min(300.0, -np.log10(max(found.p, 1e-300)))),
        charts=(per_piece_chart(base, days, found),),
    )  # fmt: skip


def per_piece_chart(base: EvidenceBase, days: DaysOfEnergy, found: EnergyPerPiece) -> Chart:
    """Energy by day beside what the baseline expects."""
    expected = found.baseline.expected(days.drivers)
    return Chart(
        title=Text(ko="만든 만큼만 전력을 쓰나?", en="Does energy follow what is made?"),
        x_kind="time",
        x=tuple(moment(base, days.data, float(day) * DAY + DAY / 2).isoformat() for day in days.day),
        lines=(
            Line(name=Text(ko="쓴 전력", en="energy used"), y=tuple(days.energy.tolist()), look="points"),
            Line(name=Text(ko="기준선", en="baseline"), y=tuple(expected.tolist())),
        ),
        y_label=Text(ko="하루 전력량", en="energy a day"),
        y_unit="kWh",
    )


RULE = Rule(
    name="energy_per_piece",
    title=Text(ko="1개당 전력의 증가", en="Energy per piece that creeps up"),
    check=_check,
)
