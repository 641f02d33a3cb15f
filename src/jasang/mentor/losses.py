"""The question "where does the time go?" asked of a factory's data."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from jasang.diagnose.evidence_base import EvidenceBase
from jasang.diagnose.machine_losses import MachineLosses, machine_losses
from jasang.diagnose.machine_records import MachineRecord, between, machine_records
from jasang.diagnose.studies.losses import losses_studies
from jasang.diagnose.studies.operations import operations_studies
from jasang.diagnose.study import StudyResult
from jasang.errors import WrongArguments
from jasang.mentor.asked_data import open_evidence
from jasang.plant.text import Progress, silent


def losses_of(
    path: Path,
    *,
    asset: str | None = None,
    first: date | None = None,
    last: date | None = None,
    progress: Progress = silent,
) -> StudyResult:
    """OEE and the losses of every machine (or of one), between two days of the factory's clock, both included.

    Raises
    ------
    WrongArguments
        There is no such machine, no table tells of machines or work, or no data lies between the days.
    UnreadableInput
        The input cannot be read.
    """
    if first is not None and last is not None and first > last:
        raise WrongArguments(
            ko=f"--from {first}이(가) --to {last}보다 늦습니다.", en=f"--from {first} is later than --to {last}."
        )
    with open_evidence(path, progress=progress) as evidence:
        machines = _asked(evidence, machine_records(evidence), asset, first, last)
        studies = losses_studies(evidence, machines)
        if asset is None and first is None and last is None:
            studies = (*studies, *operations_studies(evidence))
        if not studies:
            raise _nothing(evidence)
        return StudyResult(factory=evidence.factory.name, timezone=evidence.factory.timezone, studies=studies)


def _asked(
    evidence: EvidenceBase,
    records: tuple[MachineRecord, ...],
    asset: str | None,
    first: date | None,
    last: date | None,
) -> list[MachineLosses]:
    if asset is not None:
        names = [record.asset for record in records if record.asset is not None]
        records = tuple(record for record in records if record.asset == asset)
        if not records:
            shown = ", ".join(names[:20]) or "–"
            raise WrongArguments(
                ko=f"설비 '{asset}'이(가) 없습니다. 있는 설비: {shown}",
                en=f"There is no machine '{asset}'. Machines there are: {shown}",
            )
    if first is None and last is None:
        return [machine_losses(evidence, record) for record in records]
    zone = ZoneInfo(evidence.factory.timezone)
    low = _ticks(first, zone) if first is not None else min((record.first for record in records), default=0)
    high = (
        _ticks(last + timedelta(days=1), zone)
        if last is not None
        else max((record.last for record in records), default=0)
    )
    cut = [one for record in records if (one := between(record, low, high)) is not None]
    if records and not cut:
        have = [datetime.fromtimestamp(edge / 1e6, tz=UTC).astimezone(zone).date()
                for edge in (min(r.first for r in records), max(r.last for r in records))]  # fmt: skip
        raise WrongArguments(
            ko=f"{first or '처음'}부터 {last or '끝'}까지 데이터가 없습니다. 데이터는 {have[0]}부터 {have[1]}까지입니다.",
            en=f"No data from {first or 'the start'} to {last or 'the end'}; the data run from {have[0]} to {have[1]}.",
        )
    return [machine_losses(evidence, record) for record in cut]


def _ticks(day: date, zone: ZoneInfo) -> int:
    return round(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp() * 1e6)


def _nothing(evidence: EvidenceBase) -> WrongArguments:
    tables = ", ".join(f"{data.table.file} ({data.table.kind.value})" for data in evidence.tables) or "–"
    return WrongArguments(
        ko="시간 손실을 볼 표가 없습니다. 제품이 나온 시각(units), 상태 기록(states), 작업 기록(orders)이 필요합니다. "
        f"있는 표: {tables}",
        en="No table tells where time goes; expected pieces with their times (units), a log of states (states) or operations "
        f"(orders). Tables there are: {tables}",
    )


def answer(path: Path, options: Mapping[str, str], progress: Progress) -> StudyResult:
    """The same with options as a page gives them."""
    return losses_of(
        path,
        asset=options.get("asset"),
        first=day_of(options["from"]) if options.get("from") else None,
        last=day_of(options["to"]) if options.get("to") else None,
        progress=progress,
    )


def day_of(text: str) -> date:
    """A day written as 2026-03-09.

    Raises
    ------
    WrongArguments
        It is no such day.
    """
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise WrongArguments(
            ko=f"'{text}'은(는) 날짜가 아닙니다. 2026-03-09처럼 쓰세요.",
            en=f"'{text}' is no day; expected for example 2026-03-09.",
        ) from None
