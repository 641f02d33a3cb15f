"""Operations of work orders (start, end, station): hours by station, the bottleneck, and the share of pieces rejected."""

import re

import numpy as np

from jasang.analyze.losses import Bottleneck, shifting_bottleneck, spans
from jasang.analyze.losses.spans import SECOND, microseconds
from jasang.diagnose.chart import Chart, Line
from jasang.diagnose.evidence_base import EvidenceBase, Labels, TableData
from jasang.diagnose.finding import Evidence, Subject
from jasang.diagnose.stop_log import clock_offset
from jasang.diagnose.studies.losses_charts import bottleneck_chart, bottleneck_evidence
from jasang.diagnose.study import Study, StudyTable
from jasang.plant.factory import Kind, Role
from jasang.plant.text import Text

_STATION = re.compile(r"activity|operation|process|station|work ?cent|공정|작업장|작업명", re.IGNORECASE)
_MADE = re.compile(r"complet|good|produc|양품|생산|완료|실적", re.IGNORECASE)
_REJECTED = re.compile(r"reject|scrap|defect|불량|폐기", re.IGNORECASE)
_FEWEST = 50
_MOST_STATIONS = 12


def operations_studies(base: EvidenceBase) -> tuple[Study, ...]:
    """One study a table of operations that has a start, an end and a station; none where there is no such table."""
    return tuple(study for data in base.of_kind(Kind.ORDERS) if (study := _study(base, data)) is not None)


def _study(base: EvidenceBase, data: TableData) -> Study | None:
    table = data.table
    station = next((column.name for column in table.columns if _STATION.search(column.name)), table.asset_column)
    if data.time is None or table.end is None or station is None:
        return None
    end = data.source.read([table.end]).to_series()
    if not end.dtype.is_temporal():
        return None
    start, finish = microseconds(data.time), microseconds(end.to_numpy().astype("datetime64[us]"))
    labels = data.labels(station)
    usable = data.usable_rows() & ~np.isnat(data.time) & (finish > start) & (labels.codes >= 0)
    rows = np.flatnonzero(usable)
    if rows.size < _FEWEST:
        return None
    hours = np.bincount(
        labels.codes[rows], weights=(finish - start)[rows] / SECOND / 3600, minlength=len(labels.levels)
    )
    order = np.argsort(-hours)[:_MOST_STATIONS]
    periods = {labels.levels[code]: _busy(start, finish, rows, labels, int(code)) for code in order if hours[code] > 0}
    found = shifting_bottleneck(periods, join_s=60.0, utc_offset_s=clock_offset(data.time, base.factory.timezone) / 1e6)
    if found is None:
        return None
    quality = _quality(data, rows)
    return Study(
        kind="losses",
        title=Text(ko="어느 공정에서 일이 밀리나?", en="At which operation does the work queue?"),
        answer=_answer(found, quality),
        subject=Subject(table=table.file, column=station),
        evidence=(
            *bottleneck_evidence(found, 3),
            *_quality_evidence(quality),
        ),
        charts=(bottleneck_chart(found), _hours_chart(labels, hours, order)),
        tables=(_table(labels, rows, hours, order, start, finish),),
        notes=(
            Text(
                ko="계획 시간과 이상 사이클이 없어 OEE는 셈하지 않았습니다.",
                en="Without planned time and ideal cycles no OEE is computed.",
            ),
            Text(
                ko="한 공정의 작업이 겹치면(사람이나 설비가 여럿) 하나로 이어 봤습니다.",
                en="Where operations of one station overlap (several people or machines) they count as one activity.",
            ),
        ),
    )  # fmt: skip


def _busy(
    start: np.ndarray, end: np.ndarray, rows: np.ndarray, labels: Labels, code: int
) -> tuple[np.ndarray, np.ndarray]:
    mine = rows[labels.codes[rows] == code]
    made = spans(start[mine], end[mine])
    return made.start, made.end


def _quality(data: TableData, rows: np.ndarray) -> float | None:
    """Good pieces over pieces, from columns of pieces made and rejected; `None` where one of them is missing."""
    counts = data.table.with_role(Role.COUNT)
    rejected = next((column.name for column in counts if _REJECTED.search(column.name)), None)
    made = next((column.name for column in counts if _MADE.search(column.name) and column.name != rejected), None)
    if rejected is None or made is None:
        return None
    good, bad = (float(np.nansum(data.numbers(name)[rows])) for name in (made, rejected))
    return good / (good + bad) if good > 0 else None


def _quality_evidence(quality: float | None) -> tuple[Evidence, ...]:
    label = Text(ko="양품률", en="quality ratio")
    return () if quality is None else (Evidence(name="quality", label=label, value=100 * quality, unit="%"),)


def _answer(found: Bottleneck, quality: float | None) -> Text:
    first, second = found.shares[0], found.shares[1]
    share, next_share = f"{100 * first.share:.0f} %", f"{100 * second.share:.0f} %"
    ko = f"{first.machine}이(가) 시간의 {share} 동안 병목입니다(다음은 {second.machine} {next_share})."
    en = f"{first.machine} is the bottleneck for {share} of the time (next: {second.machine}, {next_share})."
    if not found.clear:
        ko, en = f"{ko} 차이는 우연일 수 있습니다.", f"{en} The difference may be chance."
    if quality is not None:
        ko, en = f"{ko} 양품률은 {100 * quality:.1f} %입니다.", f"{en} The quality ratio is {100 * quality:.1f} %."
    return Text(ko=ko, en=en)


def _hours_chart(labels: Labels, hours: np.ndarray, order: np.ndarray) -> Chart:
    return Chart(
        title=Text(ko="어느 공정이 시간을 가장 많이 쓰나?", en="Which operation takes most hours?"),
        x_kind="category",
        x=tuple(labels.levels[code] for code in order),
        lines=(Line(name=Text(ko="작업 시간", en="hours of work"), y=tuple(hours[order].tolist()), look="bars"),),
        y_label=Text(ko="시간", en="hours"),
        y_unit="h",
    )


def _table(
    labels: Labels, rows: np.ndarray, hours: np.ndarray, order: np.ndarray, start: np.ndarray, end: np.ndarray
) -> StudyTable:
    codes = labels.codes[rows]
    lengths = (end - start)[rows] / SECOND / 3600
    return StudyTable(
        title=Text(ko="공정별 작업", en="Operations by station"),
        headings=(
            Text(ko="공정", en="station"),
            Text(ko="작업 수", en="operations"),
            Text(ko="작업 시간(h)", en="hours"),
            Text(ko="한 번의 중앙값(h)", en="median (h)"),
        ),
        rows=tuple(
            (
                labels.levels[code],
                int((codes == code).sum()),
                float(hours[code]),
                float(np.median(lengths[codes == code])),
            )
            for code in order
            if hours[code] > 0
        ),
    )
