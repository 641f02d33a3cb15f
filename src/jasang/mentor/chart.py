"""The question "is this process in control?" asked of a factory's data."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
from threadpoolctl import threadpool_limits

from jasang.analyze.control_charts import Weighting
from jasang.analyze.run_rules import ALL_RULES, WESTERN_ELECTRIC
from jasang.diagnose.charted import Charted, defectives, measured
from jasang.diagnose.evidence_base import EvidenceBase, TableData
from jasang.diagnose.studies.control_chart import ChartQuestion, control_chart_study, table_study
from jasang.diagnose.study import StudyResult
from jasang.errors import WrongArguments
from jasang.mentor.asked_data import asked_rows, asked_table, open_evidence
from jasang.plant.factory import Kind, Role
from jasang.plant.text import Progress, Text, silent

MOST_STUDIES = 8
FEWEST = 8
SIDE_BY_SIDE = 0.25  # share of rows whose product is another than the row before
RULE_SETS = {"we": WESTERN_ELECTRIC, "nelson": ALL_RULES, "1": (1,)}
TABLE_KINDS = ("t2", "mewma", "group")  # of several columns, "a,b,c"
KINDS = (
    "auto",
    "imr",
    "xbar_r",
    "xbar_s",
    "between_within",
    "residual",
    "deviation",
    "standardised",
    "ewma",
    "cusum",
    "p",
    "p_laney",
    "np",
    "c",
    "u",
    "u_laney",
    *TABLE_KINDS,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartRequest:
    """What to chart: `column`, or several "a,b,c" for charts of kind t2, mewma and group.

    `size` is a column with the units inspected, for charts of counts; `subgroup` a fixed number of values. `baseline` is
    "FROM..TO" in days or ISO moments on the factory's clock (one side may be empty), or in row numbers "1..100" where the table
    has no time.
    `phases` is a column whose changes begin new limits; `weighting` tunes charts of kind ewma and cusum.
    `rules`: "we" (Western Electric), "nelson" (all eight) or numbers "1,2,5".
    """

    column: str
    table: str | None = None
    chart: str = "auto"
    asset: str | None = None
    product: str | None = None
    baseline: str | None = None
    subgroup: int | None = None
    size: str | None = None
    rules: str = "we"
    phases: str | None = None
    weighting: Weighting | None = None


def chart_of(path: Path, request: ChartRequest, *, progress: Progress = silent) -> StudyResult:
    """A control chart of the column, one for each machine (the eight with most values) where none is named.

    Raises
    ------
    WrongArguments
        No such column, machine or product; a chart that these values do not allow; a baseline that cannot be read or is empty.
    UnreadableInput
        The input cannot be read.
    """
    if request.chart not in KINDS:
        names = ", ".join(KINDS)
        raise WrongArguments(
            ko=f"관리도 '{request.chart}'은(는) 없습니다. 쓸 수 있는 값: {names}",
            en=f"There is no chart '{request.chart}'. There are: {names}",
        )
    rules = _rules(request.rules)
    if request.phases is not None and (request.baseline is not None or request.size is not None):
        raise WrongArguments(
            ko="--phases는 --baseline, --size와 함께 쓸 수 없습니다. 구간마다 기준을 따로 만듭니다.",
            en="--phases does not go with --baseline or --size: each phase makes limits of its own.",
        )
    with open_evidence(path, progress=progress) as evidence, threadpool_limits(limits=1):
        if request.chart in TABLE_KINDS:
            return _of_columns(evidence, request)
        found = sorted(_quantities(evidence, request), key=lambda one: -one.values.size)[:MOST_STUDIES]
        if not found:
            raise WrongArguments(
                ko=f"'{request.column}'에는 관리도를 그릴 값이 모자랍니다. 수가 {FEWEST}개 넘게 필요합니다.",
                en=f"'{request.column}' has too few values for a control chart; expected at least {FEWEST} numbers.",
            )
        studies = []
        for place, charted in enumerate(found):
            progress(Text(ko=f"{charted.name} 관리도", en=f"Chart of {charted.name}"), place / len(found))
            question = ChartQuestion(
                kind=request.chart,
                subgroup=request.subgroup,
                rules=rules,
                baseline=_baseline(request.baseline, charted, evidence.factory.timezone),
                phases=charted.phases,
                weighting=request.weighting,
            )
            try:
                studies.append(control_chart_study(evidence, charted, question))
            except ValueError as error:
                raise _refused(charted, request.chart, error) from error
        return StudyResult(factory=evidence.factory.name, timezone=evidence.factory.timezone, studies=tuple(studies))


def answer(path: Path, options: Mapping[str, str], progress: Progress) -> StudyResult:
    """The same with options as a page gives them."""
    subgroup = options.get("subgroup")
    return chart_of(
        path,
        ChartRequest(
            column=options["column"],
            table=options.get("table"),
            chart=options.get("chart") or "auto",
            asset=options.get("asset"),
            product=options.get("product"),
            baseline=options.get("baseline"),
            subgroup=int(subgroup) if subgroup else None,
            size=options.get("size"),
            rules=options.get("rules") or "we",
            phases=options.get("phases") or None,
        ),
        progress=progress,
    )


def _of_columns(evidence: EvidenceBase, request: ChartRequest) -> StudyResult:
    """One chart of several columns of one table, for each machine, of the rows where none of them is missing."""
    names = tuple(name.strip() for name in request.column.split(",") if name.strip())
    if len(names) < 2:
        raise WrongArguments(
            ko=f"--chart {request.chart}: 항목을 둘 이상 쉼표로 주세요(예: --column 온도,압력,속도).",
            en=f"--chart {request.chart}: expected two or more columns with commas, such as --column temp,pressure,speed.",
        )
    data = asked_table(evidence, table=request.table, column=names[0])
    for name in names:
        asked_table(evidence, table=data.table.file, column=name)
    columns = np.column_stack([data.clean(name) for name in names])
    rows = asked_rows(data, asset=request.asset, product=request.product)
    studies = []
    for asset, product, part in _by_machine(data, rows, request):
        part = part[np.isfinite(columns[part]).all(axis=1)]
        if part.size < FEWEST:
            continue
        charted = measured(data, names[0], part, columns[:, 0], name=", ".join(names), asset=asset, product=product)
        question = ChartQuestion(
            kind=request.chart, baseline=_baseline(request.baseline, charted, evidence.factory.timezone)
        )
        try:
            studies.append(table_study(evidence, charted, question, names, columns[part]))
        except ValueError as error:
            raise _refused(charted, request.chart, error) from error
    if not studies:
        raise WrongArguments(
            ko=f"{data.table.file}: {request.column}에 모두 값이 있는 행이 모자랍니다.",
            en=f"{data.table.file}: too few rows have a number in all of {request.column}.",
        )
    return StudyResult(
        factory=evidence.factory.name, timezone=evidence.factory.timezone, studies=tuple(studies[:MOST_STUDIES])
    )


def _refused(charted: Charted, kind: str, error: ValueError) -> WrongArguments:
    return WrongArguments(
        ko=f"{charted.file} '{charted.name}': 이 값으로는 '{kind}' 관리도를 그릴 수 없습니다({error}).",
        en=f"{charted.file} '{charted.name}': no '{kind}' chart can be made of these values: {error}.",
    )


def _quantities(evidence: EvidenceBase, request: ChartRequest) -> Iterator[Charted]:
    """The column of each machine; in a long table the signal of that name."""
    data, signal = _table_of(evidence, request)
    table = data.table
    rows = asked_rows(data, asset=request.asset, product=request.product)
    column = request.column
    if signal:
        labels = data.labels(table.signal_column or "")
        rows = rows[labels.codes[rows] == labels.levels.index(request.column)]
        column = table.value_column or ""
    judged = not signal and table.column(column).role is Role.DEFECT and request.size is None
    values = None if judged else data.clean(column)
    for asset, product, part in _by_machine(data, rows, request):
        if values is None and request.phases is not None:
            raise WrongArguments(
                ko="--phases는 잰 값의 관리도에만 쓸 수 있습니다.",
                en="--phases goes with charts of measured values only.",
            )
        if values is None:
            charted = defectives(evidence, data, part, asset=asset, product=product)
        else:
            charted = measured(data, column, part, values, name=request.column, asset=asset, product=product)
            if request.phases is not None:
                charted = _with_phases(data, charted, part[np.isfinite(values[part])], request.phases)
            if request.size is not None:
                charted = _with_sizes(data, charted, part, values, request)
        if charted is not None and charted.values.size >= FEWEST:
            yield charted


def _with_phases(data: TableData, charted: Charted, rows: np.ndarray, column: str) -> Charted:
    """The values with the phase of each."""
    if column not in [entry.name for entry in data.table.columns]:
        raise WrongArguments(
            ko=f"{data.table.file}: 구간을 나눌 항목 '{column}'이(가) 없습니다.",
            en=f"{data.table.file}: there is no column '{column}' to tell phases by.",
        )
    labels = data.labels(column)
    names = np.array([*labels.levels, "-"], dtype=str)
    return replace(charted, phases=names[labels.codes[rows]])


def _with_sizes(
    data: TableData, charted: Charted, part: np.ndarray, values: np.ndarray, request: ChartRequest
) -> Charted:
    if request.size not in [entry.name for entry in data.table.columns]:
        raise WrongArguments(
            ko=f"{data.table.file}: 검사 수 항목 '{request.size}'이(가) 없습니다.",
            en=f"{data.table.file}: there is no column '{request.size}' of units inspected.",
        )
    sizes = data.numbers(request.size or "")[part[np.isfinite(values[part])]]
    if not np.all(sizes > 0):
        raise WrongArguments(
            ko=f"{data.table.file}: '{request.size}'에 0이거나 빈 값이 있습니다. 검사 수는 모두 0보다 커야 합니다.",
            en=f"{data.table.file}: '{request.size}' has missing values or zeros; every number inspected must "
            "be above 0.",
        )
    shares = request.chart in ("p", "p_laney", "np")
    return replace(
        charted, sizes=sizes, defectives=shares or (request.chart == "auto" and bool((charted.values <= sizes).all()))
    )


def _table_of(evidence: EvidenceBase, request: ChartRequest) -> tuple[TableData, bool]:
    for data in evidence.of_kind(Kind.SIGNALS):
        table = data.table
        if table.signal_column is None or table.value_column is None or request.table not in (None, table.file):
            continue
        if request.column in data.labels(table.signal_column).levels:
            return data, True
    return asked_table(evidence, table=request.table, column=request.column), False


def _by_machine(
    data: TableData, rows: np.ndarray, request: ChartRequest
) -> Iterator[tuple[str | None, str | None, np.ndarray]]:
    """Machine, product and rows of each chart. Products that alternate all the time run side by side: a chart for each."""
    for asset, part in _by_level(data, rows, data.table.asset_column if request.asset is None else None):
        codes = None
        if request.product is None and data.table.product_column is not None:
            codes = data.labels(data.table.product_column).codes[part]
        machine = asset or request.asset or data.table.asset
        if codes is not None and codes.size > 1 and np.mean(codes[1:] != codes[:-1]) > SIDE_BY_SIDE:
            for product, each in _by_level(data, part, data.table.product_column):
                yield machine, product, each
        else:
            yield machine, request.product, part


def _by_level(data: TableData, rows: np.ndarray, column: str | None) -> Iterator[tuple[str | None, np.ndarray]]:
    if column is None:
        yield None, rows
        return
    labels = data.labels(column)
    for code in np.unique(labels.codes[rows]).tolist():
        yield labels.levels[code] if code >= 0 else None, rows[labels.codes[rows] == code]


def _rules(words: str) -> tuple[int, ...]:
    if words in RULE_SETS:
        return RULE_SETS[words]
    parts = [part.strip() for part in words.split(",")]
    if not all(part.isdigit() and int(part) in ALL_RULES for part in parts):
        raise WrongArguments(
            ko=f"--rules {words}: we, nelson 또는 1~8의 번호(예: 1,2,5)를 주세요.",
            en=f"--rules {words}: expected we, nelson, or numbers from 1 to 8 such as 1,2,5.",
        )
    return tuple(sorted({int(part) for part in parts}))


def _baseline(words: str | None, charted: Charted, timezone: str) -> np.ndarray | None:
    """Which values are phase I; `None` where nothing was asked."""
    if not words:
        return None
    start, dots, end = words.partition("..")
    if not dots:
        raise _bad_baseline(words)
    if charted.time is None:
        low, high = (_row(part, words) for part in (start, end))
        places = np.arange(1, charted.values.size + 1)
        inside = (places >= (low or 1)) & (places <= (high or places.size))
    else:
        first, last = _moment(start, timezone, words, end=False), _moment(end, timezone, words, end=True)
        inside = np.ones(charted.values.size, dtype=bool)
        inside &= charted.time >= first if first is not None else inside
        inside &= charted.time < last if last is not None else inside
    if inside.sum() < FEWEST:
        raise WrongArguments(
            ko=f"--baseline {words}: 그 기간에 '{charted.name}' 값이 {int(inside.sum())}개뿐입니다. {FEWEST}개 넘게 필요합니다.",
            en=f"--baseline {words}: '{charted.name}' has only {int(inside.sum())} values then; expected at "
            f"least {FEWEST}.",
        )
    return inside


def _row(part: str, words: str) -> int | None:
    if part.strip() and not part.strip().isdigit():
        raise _bad_baseline(words)
    return int(part) if part.strip() else None


def _moment(part: str, timezone: str, words: str, *, end: bool) -> np.datetime64 | None:
    part = part.strip()
    if not part:
        return None
    try:
        if len(part) == 10:
            day = date.fromisoformat(part) + timedelta(days=1 if end else 0)
            when = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(timezone))
        else:
            when = datetime.fromisoformat(part)
            when = when if when.tzinfo else when.replace(tzinfo=ZoneInfo(timezone))
    except ValueError as error:
        raise _bad_baseline(words) from error
    return np.datetime64(when.astimezone(UTC).replace(tzinfo=None), "us")


def _bad_baseline(words: str) -> WrongArguments:
    return WrongArguments(
        ko=f"--baseline {words}: 2026-03-01..2026-03-14처럼 시작..끝을 주세요(시각이 없는 표는 1..100처럼 순번).",
        en=f"--baseline {words}: expected FROM..TO such as 2026-03-01..2026-03-14 (1..100 in a table without times).",
    )
