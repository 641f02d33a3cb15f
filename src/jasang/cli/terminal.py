"""A diagnosis as a readable page on the terminal."""

from collections.abc import Callable
from typing import TypeVar

from rich.console import Console
from rich.padding import Padding
from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar
from rich.text import Text as Styled

from jasang.diagnose.chart import Chart
from jasang.diagnose.finding import Finding, Severity
from jasang.errors import Language
from jasang.mentor.diagnose import Diagnosis
from jasang.mentor.grouping import grouped
from jasang.mentor.wording import (
    cause_words,
    check_words,
    evidence_words,
    money,
    severity_name,
    span_words,
    subject_words,
)
from jasang.plant.text import Progress, silent

Made = TypeVar("Made")
_STYLE = {Severity.ACT: "bold red", Severity.WATCH: "bold yellow", Severity.NOTE: "bold blue"}
_BLOCKS = "▁▂▃▄▅▆▇█"
_KINDS = {
    "units": ("생산 기록", "units"),
    "signals": ("신호", "signals"),
    "states": ("설비 상태", "states"),
    "orders": ("주문", "orders"),
    "gauge": ("측정 시스템 분석", "gauge study"),
    "other": ("기타", "other"),
}


def print_diagnosis(diagnosis: Diagnosis, language: Language, console: Console) -> None:
    """Print tables, what was mended on the way in, and the findings, loudest first."""
    ko = language == "ko"
    console.print(Styled(diagnosis.factory.name, style="bold"))
    for table in diagnosis.tables:
        kind = _KINDS[table.kind][0 if ko else 1]
        span = span_words(table.first, table.last, diagnosis.zone, language)
        rows = f"{table.rows:,}행" if ko else f"{table.rows:,} rows"
        console.print(f"  {table.file} · {kind} · {rows}" + (f" · {span}" if span else ""))
    for notice in (*diagnosis.notices, *diagnosis.skipped):
        rows = (f"{notice.rows:,}행: " if ko else f"{notice.rows:,} rows: ") if notice.rows else ""
        console.print(
            Padding(Styled(f"{notice.file}: {rows}{notice.text.in_language(language)}", style="dim"), (0, 0, 0, 4))
        )
    console.print()
    if not diagnosis.findings:
        if all(table.kind in ("other", "orders") for table in diagnosis.tables):
            console.print("진단할 수 있는 표가 없었습니다." if ko else "No table could be diagnosed.")
        else:
            console.print("특별한 문제를 찾지 못했습니다." if ko else "Nothing wrong was found.")
        return
    for number, alike in enumerate(grouped(diagnosis.findings), start=1):
        _print_finding(number, alike[0], diagnosis, language, console)
        if len(alike) > 1:
            others = ", ".join(finding.subject.column or finding.subject.table for finding in alike[1:])
            head = "같은 종류" if language == "ko" else "of the same kind"
            console.print(Padding(Styled(f"{head}: {others}"), (0, 0, 1, 4)))


def _print_finding(number: int, finding: Finding, diagnosis: Diagnosis, language: Language, console: Console) -> None:
    ko = language == "ko"
    head = Styled(f"{number}. ")
    head.append(f"[{severity_name(finding.severity, language)}] ", style=_STYLE[finding.severity])
    head.append(finding.text.in_language(language), style="bold" if finding.severity is Severity.ACT else "")
    console.print(head)
    lines = [subject_words(finding.subject, language)]
    span = span_words(finding.since, finding.until, diagnosis.zone, language, open_end=True)
    if span:
        lines.append(span)
    lines.append(" · ".join(evidence_words(item, language) for item in finding.evidence[:4]))
    lines += [("관련: " if ko else "moves with: ") + cause_words(cause, language) for cause in finding.causes[:3]]
    if finding.charts:
        line = sparkline(finding.charts[0])
        if line:
            lines.append(line)
    if finding.worth:
        worth = finding.worth
        low, high = money(worth.low, worth.currency, language), money(worth.high, worth.currency, language)
        amount = money(worth.amount, worth.currency, language)
        lines.append(f"가치: 1년에 {amount} ({low}~{high})" if ko else f"worth: {amount} a year ({low} to {high})")
    lines.append(("할 일: " if ko else "do: ") + finding.action.text.in_language(language))
    if finding.check:
        lines.append(("확인: " if ko else "check: ") + check_words(finding.check, language))
    for line in lines:
        console.print(Padding(Styled(line), (0, 0, 0, 4)))
    console.print()


def sparkline(chart: Chart, width: int = 60) -> str:
    """The chart's first line as a row of blocks; empty where there is nothing to see."""
    if not chart.lines:
        return ""
    y = [value for value in chart.lines[0].y if value is not None]
    if len(y) < 8 or chart.x_kind == "category":
        return ""
    step = max(1, len(y) // width)
    means = [sum(y[i : i + step]) / len(y[i : i + step]) for i in range(0, len(y), step)]
    low, high = min(means), max(means)
    if high <= low:
        return ""
    return "".join(_BLOCKS[int((mean - low) / (high - low) * (len(_BLOCKS) - 1))] for mean in means)


def watched(make: Callable[[Progress], Made], language: Language) -> Made:
    """Make something long with a progress bar on the terminal's error channel; none where nobody watches."""
    console = Console(stderr=True)
    if not console.is_terminal:
        return make(silent)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
    )
    with Bar(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=1.0)
        return make(lambda stage, share: bar.update(task, description=stage.in_language(language), completed=share))
