"""One self-contained HTML page with findings and charts, fit to be printed and handed to the boss.

It needs no network: script, style and data are inside. Written whole or not at all.
"""

from collections import Counter
from datetime import datetime
from html import escape
from pathlib import Path

from jasang import __version__
from jasang.diagnose.finding import Finding, Severity
from jasang.errors import Language
from jasang.mentor.diagnose import Diagnosis
from jasang.mentor.grouping import grouped
from jasang.mentor.report.shell import chart_block, page_html, write_page
from jasang.mentor.wording import (
    cause_words,
    check_words,
    evidence_words,
    money,
    owner_name,
    rule_title,
    severity_name,
    span_words,
    subject_words,
)

_WORDS: dict[str, dict[Language, str]] = {
    "title": {"ko": "공장 진단 보고서", "en": "Factory diagnosis"},
    "read": {"ko": "읽은 데이터", "en": "Data read"},
    "rows": {"ko": "행", "en": "rows"},
    "none": {"ko": "특별한 문제를 찾지 못했습니다.", "en": "Nothing wrong was found."},
    "evidence": {"ko": "근거", "en": "Evidence"},
    "causes": {"ko": "함께 움직이는 항목", "en": "Moves with"},
    "do": {"ko": "할 일", "en": "What to do"},
    "who": {"ko": "담당", "en": "who"},
    "worth": {"ko": "1년 가치", "en": "Worth a year"},
    "basis": {"ko": "계산", "en": "basis"},
    "check": {"ko": "확인", "en": "Check"},
    "mended": {"ko": "읽으면서 고치거나 건너뛴 것", "en": "Mended or skipped while reading"},
    "interval": {"ko": "괄호 안은 95 % 신뢰구간입니다.", "en": "95 % intervals in brackets."},
    "summary": {"ko": "한눈에 보기", "en": "At a glance"},
}


def write_report(diagnosis: Diagnosis, target: Path, language: Language, *, made: datetime | None = None) -> None:
    """Write the page to `target`, whole or not at all.

    Raises
    ------
    JasangError
        The file cannot be written; says where and why.
    """
    page = report_page(diagnosis, language, made=made or datetime.now(diagnosis.zone))
    write_page(page, target)


def report_page(diagnosis: Diagnosis, language: Language, *, made: datetime) -> str:
    """The page as HTML text."""
    title = f"{diagnosis.factory.name} · {_WORDS['title'][language]}"
    body = [
        f"<header><h1>{escape(diagnosis.factory.name)}</h1><p class='kind'>{_WORDS['title'][language]}</p>"
        f"<p class='made'>{made.strftime('%Y-%m-%d')} · Jasang {__version__}</p></header>",
        _summary(diagnosis, language),
        _tables(diagnosis, language),
    ]
    for n, alike in enumerate(grouped(diagnosis.findings), start=1):
        body.append(_finding(n, alike[0], diagnosis, language) if len(alike) == 1 else _alike(n, alike, language))
    if not diagnosis.findings:
        body.append(f"<p class='none'>{_WORDS['none'][language]}</p>")
    body.append(_mended(diagnosis, language))
    return page_html(title, body, language=language, timezone=diagnosis.factory.timezone)


def _summary(diagnosis: Diagnosis, language: Language) -> str:
    counts = Counter(finding.severity for finding in diagnosis.findings)
    cells = "".join(
        f"<li class='{severity.value}'><b>{counts[severity]}</b> {severity_name(severity, language)}</li>"
        for severity in Severity
    )
    # Worths of findings overlap (two findings may be about the same defects), so they are listed, never added up.
    rows = "".join(
        f"<li class='{finding.severity.value}'><a href='#f{n}'>{escape(finding.text.in_language(language))}</a>"
        + (
            f" <b>{money(finding.worth.amount, finding.worth.currency, language)}</b>"
            if finding.worth is not None
            else ""
        )
        + "</li>"
        for n, (finding, *_) in enumerate(grouped(diagnosis.findings)[:5], start=1)
    )
    head = f"<h2>{_WORDS['summary'][language]}</h2>"
    return f"<section class='summary'>{head}<ul class='counts'>{cells}</ul><ol>{rows}</ol></section>"


def _tables(diagnosis: Diagnosis, language: Language) -> str:
    rows = "".join(
        f"<li>{escape(table.file)} · {table.rows:,} {_WORDS['rows'][language]}"
        f"<span> {span_words(table.first, table.last, diagnosis.zone, language)}</span></li>"
        for table in diagnosis.tables
    )
    return f"<section class='tables'><h2>{_WORDS['read'][language]}</h2><ul>{rows}</ul></section>"


def _finding(n: int, finding: Finding, diagnosis: Diagnosis, language: Language) -> str:
    where = " · ".join(
        part
        for part in (
            subject_words(finding.subject, language),
            span_words(finding.since, finding.until, diagnosis.zone, language, open_end=True),
        )
        if part
    )
    parts = [
        f"<h2><span class='severity'>{severity_name(finding.severity, language)}</span> "
        f"{n}. {escape(finding.text.in_language(language))}</h2><p class='where'>{escape(where)}</p>"
    ]
    parts += [chart_block(f"f{n}c{place}", chart) for place, chart in enumerate(finding.charts)]
    rows = [
        (
            _WORDS["do"][language],
            f"{finding.action.text.in_language(language)} ({owner_name(finding.action.owner, language)})",
        ),
        (_WORDS["evidence"][language], " · ".join(evidence_words(item, language) for item in finding.evidence)),
    ]
    if finding.causes:
        rows.append((_WORDS["causes"][language], " · ".join(cause_words(cause, language) for cause in finding.causes)))
    if finding.worth is not None:
        worth = finding.worth
        low, high = (money(edge, worth.currency, language) for edge in (worth.low, worth.high))
        amount = money(worth.amount, worth.currency, language)
        rows.append((_WORDS["worth"][language], f"{amount} ({low}–{high}). {worth.basis.in_language(language)}"))
    if finding.check is not None:
        rows.append((_WORDS["check"][language], check_words(finding.check, language)))
    parts.append("<dl>" + "".join(f"<dt>{escape(name)}</dt><dd>{escape(words)}</dd>" for name, words in rows) + "</dl>")
    return f"<article id='f{n}' class='{finding.severity.value}'>{''.join(parts)}</article>"


def _alike(n: int, findings: tuple[Finding, ...], language: Language) -> str:
    """Many findings of one kind about different columns: each in its words, with its own action where those differ."""
    first = findings[0]
    count = f"{len(findings)}건" if language == "ko" else f"{len(findings)} alike"
    owner = owner_name(first.action.owner, language)
    actions = {finding.action.text.in_language(language) for finding in findings}
    told = [
        f"{finding.text.in_language(language)} → {finding.action.text.in_language(language)}"
        if len(actions) > 1
        else finding.text.in_language(language)
        for finding in findings
    ]
    rows = "".join(f"<li>{escape(words)}</li>" for words in told)
    do = f"<dl><dt>{_WORDS['do'][language]}</dt><dd>{escape(first.action.text.in_language(language))} ({owner})</dd></dl>"
    return (
        f"<article id='f{n}' class='{first.severity.value}'><h2><span class='severity'>"
        f"{severity_name(first.severity, language)}</span> {n}. {escape(rule_title(first.rule, language))} ({count})</h2>"
        f"<p class='where'>{escape(first.subject.table)}</p><ul class='alike'>{rows}</ul>"
        f"{do if len(actions) == 1 else ''}</article>"
    )


def _mended(diagnosis: Diagnosis, language: Language) -> str:
    notices = (*diagnosis.notices, *diagnosis.skipped)
    if not notices:
        return f"<footer>{_WORDS['interval'][language]}</footer>"
    rows = "".join(
        f"<li>{escape(notice.file)}: "
        + (f"{notice.rows:,} {_WORDS['rows'][language]}, " if notice.rows else "")
        + f"{escape(notice.text.in_language(language))}</li>"
        for notice in notices
    )
    return f"<footer>{_WORDS['interval'][language]}<h3>{_WORDS['mended'][language]}</h3><ul>{rows}</ul></footer>"
