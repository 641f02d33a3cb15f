"""Gauge studies in a factory's data: their arrays, who or what makes the gauge vary in words, and their charts."""

from dataclasses import dataclass

import numpy as np

from jasang.analyze.gauge import AttributeStudy, GaugeStudy, OperatorResult, attribute_study, gauge_study
from jasang.analyze.roles.gauge import GaugeColumns, gauge_columns_by_name
from jasang.diagnose.chart import Chart, Line, Mark
from jasang.diagnose.evidence_base import EvidenceBase, TableData
from jasang.diagnose.finding import Action, Evidence
from jasang.plant.text import Text

MOST_ROWS = 20_000
MOST_VERDICTS = 6
SURE = 0.01  # p-value, corrected for the number of operators, from which one is named


def short(value: float) -> str:
    """A figure of a study to three digits: more would claim a precision that no study has."""
    return f"{float(f'{value:.3g}'):,.10g}"


@dataclass(frozen=True, slots=True, kw_only=True)
class GaugeData:
    """One gauge study as arrays of shape (n,); `numbers` is `None` for verdicts, then `verdicts` holds them."""

    file: str
    columns: GaugeColumns
    parts: np.ndarray
    operators: np.ndarray | None
    numbers: np.ndarray | None
    verdicts: np.ndarray
    reference: np.ndarray | None
    low: float | None
    high: float | None
    unit: str | None


def gauge_data(base: EvidenceBase, data: TableData, columns: GaugeColumns | None = None) -> GaugeData | None:
    """The study in a table, its specification from factory.toml; `None` where part and value cannot be told or it is too
    large."""
    columns = columns or gauge_columns_by_name(data.table)
    if columns is None or not 4 <= data.rows <= MOST_ROWS:
        return None

    def texts(name: str) -> np.ndarray:
        labels = data.labels(name)
        return np.asarray(np.array([*labels.levels, ""])[labels.codes])

    numbers = data.numbers(columns.value)
    verdicts = texts(columns.value)
    known = np.isfinite(numbers)
    levels = len(data.labels(columns.value).levels)
    measured = known.sum() >= 0.5 * (verdicts != "").sum() and levels > MOST_VERDICTS
    usable = (known if measured else verdicts != "") & (texts(columns.part) != "")
    if columns.operator is not None:
        usable &= texts(columns.operator) != ""
    stated = base.factory.stated_columns.get(columns.value) or data.table.column(columns.value)
    return GaugeData(
        file=data.table.file,
        columns=columns,
        parts=texts(columns.part)[usable],
        operators=None if columns.operator is None else texts(columns.operator)[usable],
        numbers=numbers[usable] if measured else None,
        verdicts=verdicts[usable],
        reference=None if columns.reference is None else texts(columns.reference)[usable],
        low=stated.lower,
        high=stated.upper,
        unit=stated.unit,
    )


def measured_study(given: GaugeData, **options: object) -> GaugeStudy | None:
    """The R&R study of measured values; `None` where the table is none after all."""
    if given.numbers is None:
        return None
    try:
        return gauge_study(given.numbers, given.parts, given.operators, low=given.low, high=given.high, **options)  # type: ignore[arg-type]
    except ValueError:
        return None


def verdict_study(given: GaugeData) -> AttributeStudy | None:
    """The agreement of inspectors on verdicts; `None` where the table is none after all."""
    if given.numbers is not None or given.operators is None:
        return None
    reference = given.reference
    if reference is not None and not set(reference) <= set(given.verdicts):
        reference = None
    try:
        return attribute_study(given.verdicts, given.parts, given.operators, reference=reference)
    except ValueError:
        return None


def blame(study: GaugeStudy, unit: str | None) -> tuple[Text, Action]:
    """What makes the gauge vary, and what to do about it."""
    suffix = f" {unit}" if unit else ""
    repeat, reproduce = study.line("repeatability").variance, _reproducibility(study)
    people = [one for one in study.operators if one.p_offset < SURE and study.design == "crossed"]
    unsteady = [one for one in study.operators if one.p_scatter < SURE]
    if reproduce > repeat and people:
        worst = max(people, key=lambda one: abs(one.offset))
        return _reads_apart(worst, suffix)
    if unsteady:
        worst = max(unsteady, key=lambda one: one.sd)
        return (
            Text(
                ko=f"측정자 {worst.name}의 반복 측정이 가장 흔들립니다(표준편차 {short(worst.sd)}{suffix}).",
                en=f"Operator {worst.name} repeats worst (standard deviation {short(worst.sd)}{suffix}).",
            ),
            Action(
                text=Text(
                    ko=f"측정자 {worst.name}의 측정 방법(고정·접촉 위치·읽는 법)을 다른 측정자와 "
                    "나란히 비교해 맞추고 다시 재세요.",
                    en=f"Compare how {worst.name} clamps, places and reads with the others, agree on one way, "
                    "and repeat the study.",
                ),
                owner="quality",
            ),
        )
    if reproduce > repeat:
        return (
            Text(
                ko="측정자마다 읽는 값이 다릅니다(재현성).",
                en="Operators read differently (reproducibility).",
            ),
            Action(
                text=Text(
                    ko="측정 위치·고정·읽는 법을 작업표준으로 정하고 모두 함께 교육한 뒤 다시 재세요.",
                    en="Set one standard for where and how to measure, train everybody together, and repeat the study.",
                ),
                owner="quality",
            ),
        )
    return (
        Text(
            ko="같은 사람이 같은 부품을 다시 재도 값이 흔들립니다(반복성).",
            en="The same person measuring the same part again gets another value (repeatability).",
        ),
        Action(
            text=Text(
                ko="측정기의 고정·지그·마모와 분해능을 점검하고 교정하세요. 부품의 재는 위치도 한 곳으로 정하세요.",
                en="Check the gauge's fixture, wear and resolution and have it calibrated; fix the place to measure on the part.",
            ),
            owner="maintenance",
        ),
    )


def _reads_apart(worst: OperatorResult, suffix: str) -> tuple[Text, Action]:
    up = worst.offset > 0
    size = f"{short(abs(worst.offset))}{suffix}"
    return (
        Text(
            ko=f"측정자 {worst.name}이(가) 같은 부품을 평균보다 {size} {'높게' if up else '낮게'} 읽습니다.",
            en=f"Operator {worst.name} reads the same parts {size} {'above' if up else 'below'} the mean of all.",
        ),
        Action(
            text=Text(
                ko=f"측정자 {worst.name}의 영점·측정 위치·읽는 법을 다른 측정자와 맞추고 다시 재세요.",
                en=f"Align how {worst.name} zeroes, places and reads the gauge with the others, and repeat the study.",
            ),
            owner="quality",
        ),
    )


def _reproducibility(study: GaugeStudy) -> float:
    return next((line.variance for line in study.lines if line.name == "reproducibility"), 0.0)


def gauge_evidence(study: GaugeStudy, unit: str | None) -> tuple[Evidence, ...]:
    """The figures of a measured study."""
    gauge, repeat = study.line("gauge"), study.line("repeatability")
    found = []
    if gauge.tolerance_share is not None and gauge.tolerance_interval is not None:
        found.append(
            Evidence(
                name="gauge_tolerance_share",
                label=Text(ko="공차 대비 측정기 변동(%R&R)", en="gauge R&R of the tolerance"),
                value=gauge.tolerance_share,
                low=gauge.tolerance_interval[0],
                high=gauge.tolerance_interval[1],
                unit="share",
            )
        )
    found += [
        Evidence(
            name="gauge_variation_share",
            label=Text(ko="총변동 대비 측정기 변동", en="gauge R&R of the variation"),
            value=gauge.share,
            low=gauge.share_interval[0],
            high=gauge.share_interval[1],
            unit="share",
        ),
        Evidence(
            name="gauge_sigma",
            label=Text(ko="측정기 표준편차", en="standard deviation of the gauge"),
            value=gauge.sd,
            low=gauge.sd_interval[0],
            high=gauge.sd_interval[1],
            unit=unit,
        ),
        Evidence(
            name="repeatability_sigma",
            label=Text(ko="반복성(EV) 표준편차", en="repeatability (EV)"),
            value=repeat.sd,
            low=repeat.sd_interval[0],
            high=repeat.sd_interval[1],
            unit=unit,
        ),
        Evidence(
            name="ndc",
            label=Text(ko="구별되는 범주 수(ndc)", en="distinct categories (ndc)"),
            value=float(study.ndc),
            low=float(study.ndc_interval[0]),
            high=float(study.ndc_interval[1]),
        ),
    ]
    return tuple(found)


_SHORT = {"gauge": "R&R", "repeatability": "EV", "reproducibility": "AV", "part": "PV"}


def gauge_charts(given: GaugeData, study: GaugeStudy) -> tuple[Chart, ...]:
    """Components of variation, the parts as each operator sees them, and each operator's repeatability."""
    name = given.columns.value
    lines = [line for line in study.lines if line.name in _SHORT]
    bars = [
        Line(
            name=Text(ko="총변동의 %", en="% of the variation"),
            y=tuple(100 * line.share for line in lines),
            look="bars",
        )
    ]
    if study.tolerance is not None:
        bars.append(
            Line(
                name=Text(ko="공차의 %", en="% of the tolerance"),
                y=tuple(100 * (line.tolerance_share or 0.0) for line in lines),
                look="bars",
            )
        )
    components = Chart(
        title=Text(ko=f"{name}: 변동은 측정기에서 오나, 부품에서 오나?", en=f"{name}: is it the gauge or the parts?"),
        x_kind="category",
        x=tuple(_SHORT[line.name] for line in lines),
        lines=tuple(bars),
        marks=(
            Mark(name=Text(ko="10 % 양호", en="10 % good"), axis="y", at=10.0, look="good"),
            Mark(name=Text(ko="30 % 한계", en="30 % limit"), axis="y", at=30.0, look="limit"),
        ),
        y_label=Text(ko="비율", en="share"),
        y_unit="%",
    )
    return (components, *_by_people(given, study))


def _by_people(given: GaugeData, study: GaugeStudy) -> tuple[Chart, ...]:
    name, numbers = given.columns.value, given.numbers
    if given.operators is None or numbers is None or len(study.operators) < 2:
        return ()
    charts = []
    if study.design == "crossed":
        parts = tuple(part.name for part in study.parts)[:60]
        lines = []
        for operator in study.operators:
            mine = given.operators == operator.name
            means = [numbers[mine & (given.parts == part)] for part in parts]
            lines.append(
                Line(
                    name=Text(ko=f"측정자 {operator.name}", en=f"operator {operator.name}"),
                    y=tuple(float(cell.mean()) if cell.size else None for cell in means),
                    look="line",
                )
            )
        charts.append(
            Chart(
                title=Text(
                    ko=f"{name}: 측정자마다 부품을 다르게 보나?", en=f"{name}: do operators see the parts alike?"
                ),
                x_kind="category",
                x=parts,
                lines=tuple(lines),
                x_label=Text(ko="부품", en="part"),
                y_label=Text(ko=name, en=name),
                y_unit=given.unit,
            )
        )
    steady = [one for one in study.operators if np.isfinite(one.sd)]
    if steady:
        charts.append(
            Chart(
                title=Text(ko=f"{name}: 누가 가장 고르게 재나?", en=f"{name}: who measures most evenly?"),
                x_kind="category",
                x=tuple(one.name for one in steady),
                lines=(
                    Line(
                        name=Text(ko="반복 표준편차", en="repeatability"),
                        y=tuple(one.sd for one in steady),
                        look="bars",
                    ),
                ),
                x_label=Text(ko="측정자", en="operator"),
                y_label=Text(ko="표준편차", en="standard deviation"),
                y_unit=given.unit,
            )
        )
    return tuple(charts)
