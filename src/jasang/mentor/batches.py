"""The question "which batches left the golden course?" asked of a factory's data."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from jasang.analyze.batches import FEWEST_BATCHES, SHARE_OUTSIDE
from jasang.diagnose.batch_data import BatchData, find_batches
from jasang.diagnose.batch_tables import batches_of_files, batches_of_rows
from jasang.diagnose.evidence_base import EvidenceBase, TableData
from jasang.diagnose.series import asset_rows
from jasang.diagnose.studies.batches import batches_study, golden_batch
from jasang.diagnose.study import StudyResult
from jasang.errors import WrongArguments
from jasang.mentor.asked_data import asked_rows, asked_table, open_evidence
from jasang.plant.factory import Kind
from jasang.plant.text import Progress, silent

_KINDS = (Kind.SIGNALS, Kind.UNITS)


def batches_of(
    path: Path,
    *,
    table: str | None = None,
    asset: str | None = None,
    batch: str | None = None,
    phase: str | None = None,
    bad: str | None = None,
    show: str | None = None,
    share_outside: float = SHARE_OUTSIDE,
    progress: Progress = silent,
) -> StudyResult:
    """The batches of one machine against the golden course of its good ones.

    `batch` is the column that numbers batches, `phase` one of phases within a batch, `bad` is "COLUMN=VALUE" of bad batches
    ("COLUMN!=VALUE": all others are bad),
    `show` the name of the batch to draw. What nobody names is looked for.

    Raises
    ------
    WrongArguments
        No such table, column, machine or batch; no batches in the data; too few good ones.
    """
    marked = _marked(bad)
    with threadpool_limits(limits=1), open_evidence(path, progress=progress) as evidence:
        found = _found(evidence, table, asset, batch, phase, marked)
        if marked is not None and found.labels is None:
            raise WrongArguments(
                ko=f"--bad {bad}: 그 값으로 좋은 배치와 나쁜 배치가 나뉘지 않습니다.",
                en=f"--bad {bad}: that value does not tell good batches from bad ones.",
            )
        place = _place_of(found, show)
        try:
            golden = golden_batch(found, share_outside=share_outside)
        except ValueError as error:
            raise WrongArguments(
                ko=f"{found.data.table.file}: 좋은 배치의 길을 그릴 수 없습니다({error}).",
                en=f"{found.data.table.file}: no golden course can be drawn: {error}.",
            ) from error
        study = batches_study(evidence, golden, show=place)
        return StudyResult(factory=evidence.factory.name, timezone=evidence.factory.timezone, studies=(study,))


def answer(path: Path, options: Mapping[str, str], progress: Progress) -> StudyResult:
    """The same with options as a page gives them."""
    return batches_of(
        path,
        table=options.get("table") or None,
        asset=options.get("asset") or None,
        batch=options.get("batch") or None,
        bad=options.get("bad") or None,
        show=options.get("show") or None,
        progress=progress,
    )


def _marked(bad: str | None) -> tuple[str, str] | None:
    if bad is None:
        return None
    column, sign, value = bad.partition("=")
    if not sign or not column or not value:
        raise WrongArguments(
            ko=f"--bad {bad}: '항목=값'으로 쓰세요. 예: --bad 판정=불량",
            en=f"--bad {bad}: expected COLUMN=VALUE, for example result=NG",
        )
    return column.strip(), value.strip()


def _found(
    evidence: EvidenceBase,
    table: str | None,
    asset: str | None,
    batch: str | None,
    phase: str | None,
    bad: tuple[str, str] | None,
) -> BatchData:
    if table is None and batch is None:
        tables_in_all = evidence.of_kind(*_KINDS, Kind.OTHER)
        whole = batches_of_rows(tables_in_all, bad) or batches_of_files(tables_in_all, bad)
        if whole is not None:
            return whole
    if batch is not None:
        tables: tuple[TableData, ...] = (asked_table(evidence, table=table, column=batch, kinds=_KINDS),)
    elif table is not None:
        tables = (asked_table(evidence, table=table, kinds=_KINDS),)
    else:
        tables = tuple(
            sorted(evidence.of_kind(*_KINDS), key=lambda data: (data.table.kind != Kind.SIGNALS, -data.rows))
        )
    for data in tables:
        for column in (phase, bad[0].removesuffix("!") if bad else None):
            if column is not None:
                asked_table(evidence, table=data.table.file, column=column, kinds=_KINDS)
        parts = sorted(asset_rows(data), key=lambda part: -part.rows.size)
        wanted = asset if asset is not None else parts[0].asset if parts else None
        named = wanted if data.table.asset_column is not None else None
        rows = asked_rows(data, asset=named)
        found = find_batches(evidence, data, wanted, rows, column=batch, phase=phase, bad=bad)
        if found is not None and found.batches.starts.size >= (FEWEST_BATCHES if batch is None else 1):
            return found
    raise WrongArguments(
        ko="배치나 되풀이되는 사이클을 찾지 못했습니다. 배치 번호 열을 --batch로 알려 주세요. 한 배치에 8행 이상, 배치가 "
        f"{FEWEST_BATCHES}개 이상 있어야 합니다. 늘 이어지는 공정이면 jasang monitor로 보세요.",
        en="No batches or repeating cycles were found. Name the column of batch numbers with --batch; expected 8 rows a batch or "
        f"more and {FEWEST_BATCHES} batches or more. A process that never ends is for jasang monitor.",
    )


def _place_of(found: BatchData, show: str | None) -> int | None:
    if show is None:
        return None
    places = np.flatnonzero([name == show for name in found.batches.names])
    if not places.size:
        names = ", ".join(found.batches.names[-20:])
        raise WrongArguments(
            ko=f"배치 '{show}'이(가) 없습니다. 마지막 배치들: {names}",
            en=f"There is no batch '{show}'. The last ones: {names}",
        )
    return int(places[-1])
