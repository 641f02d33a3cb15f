"""What happens most: the levels of a column in falling order, with the share each has of the whole."""

import numpy as np

from jasang.analyze.pareto import Bar, pareto_counts
from jasang.diagnose.chart import Chart, Line
from jasang.diagnose.evidence_base import TableData
from jasang.diagnose.finding import Evidence, Subject
from jasang.diagnose.study import Study, StudyTable
from jasang.plant.text import Text

MOST_BARS = 20
_VITAL = 0.8  # the share that Juran's "vital few" are asked to make up


def pareto_study(data: TableData, column: str, rows: np.ndarray, *, only_bad: bool) -> Study:
    """How often each level of `column` occurs in the rows (int64), the most frequent first.

    `only_bad` says that the rows are the defective ones; it changes the words only.
    """
    labels = data.labels(column)
    codes = labels.codes[rows]
    counts = np.bincount(codes[codes >= 0], minlength=len(labels.levels))
    bars = pareto_counts(labels.levels, counts)
    few = 1 + next((place for place, bar in enumerate(bars) if bar.cumulative >= _VITAL), len(bars) - 1)
    whole = int(counts.sum())
    what_ko, what_en = ("불량", "defects") if only_bad else ("행", "rows")
    return Study(
        kind="pareto",
        title=Text(ko=f"{column}: 무엇이 가장 많은가?", en=f"{column}: what happens most?"),
        answer=_answer(bars, few, whole, what_ko, what_en),
        subject=Subject(table=data.table.file, column=column),
        evidence=tuple(
            Evidence(
                name=f"share_{place + 1}",
                label=Text(ko=bar.name, en=bar.name),
                value=bar.share,
                low=bar.low,
                high=bar.high,
                unit="share",
            )
            for place, bar in enumerate(bars[:5])
        ),
        charts=(_chart(column, bars, what_ko, what_en),),
        tables=(_table(bars, what_ko, what_en),),
        notes=(
            Text(
                ko="건수로 셉니다. 한 건의 손실이 서로 다르면 순서가 달라질 수 있습니다.",
                en="Counted by number. Where one case costs more than another the order may differ.",
            ),
        ),
    )


def _answer(bars: tuple[Bar, ...], few: int, whole: int, what_ko: str, what_en: str) -> Text:
    first = bars[0]
    share = f"{100 * first.share:.0f} %"
    ko = f"{what_ko} {whole:,}건 가운데 '{first.name}'이(가) {share}로 가장 많습니다."
    en = f"Of {whole:,} {what_en} '{first.name}' is the most frequent, with {share}."
    if 1 < few < len(bars):
        ko += f" 위의 {few}가지가 전체의 {100 * bars[few - 1].cumulative:.0f} %입니다."
        en += f" The first {few} of {len(bars)} make up {100 * bars[few - 1].cumulative:.0f} %."
    if len(bars) > 1 and first.low <= bars[1].high:
        ko += " 1위와 2위의 차이는 우연일 수 있습니다."
        en += " The difference between the first two may be chance."
    return Text(ko=ko, en=en)


def _chart(column: str, bars: tuple[Bar, ...], what_ko: str, what_en: str) -> Chart:
    shown = bars[:MOST_BARS]
    return Chart(
        title=Text(ko=f"{column}: 무엇이 가장 많은가?", en=f"{column}: what happens most?"),
        x_kind="category",
        x=tuple(bar.name for bar in shown),
        lines=(
            Line(name=Text(ko=what_ko, en=what_en), y=tuple(bar.amount for bar in shown), look="bars"),
            Line(
                name=Text(ko="누적 비율", en="cumulative share"),
                y=tuple(bar.cumulative for bar in shown),
                look="cumulative",
            ),
        ),
        y_label=Text(ko="건수", en="count"),
    )


def _table(bars: tuple[Bar, ...], what_ko: str, what_en: str) -> StudyTable:
    return StudyTable(
        title=Text(ko=f"{what_ko} 건수", en=f"Number of {what_en}"),
        headings=(
            Text(ko="이름", en="name"),
            Text(ko="건수", en="count"),
            Text(ko="비율 %", en="share %"),
            Text(ko="95 % 신뢰구간", en="95 % interval"),
            Text(ko="누적 %", en="cumulative %"),
        ),
        rows=tuple(
            (
                bar.name,
                bar.amount,
                100 * bar.share,
                f"{100 * bar.low:.1f} – {100 * bar.high:.1f}",
                100 * bar.cumulative,
            )
            for bar in bars[:MOST_BARS]
        ),
    )
