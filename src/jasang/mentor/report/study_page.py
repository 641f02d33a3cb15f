"""Studies as one self-contained HTML page, fit to be printed."""

from datetime import datetime
from html import escape
from pathlib import Path
from zoneinfo import ZoneInfo

from jasang import __version__
from jasang.diagnose.study import Study, StudyResult, StudyTable
from jasang.errors import Language
from jasang.mentor.report.shell import chart_block, page_html, write_page
from jasang.mentor.wording import cell_words, evidence_words, owner_name, subject_words
from jasang.plant.text import Text

_KIND = Text(ko="분석 보고서", en="Analysis")
_DO = Text(ko="할 일", en="What to do")
_NUMBERS = Text(ko="수치", en="Figures")
_NOTES = Text(ko="알아 둘 것", en="To know")
_INTERVAL = Text(ko="괄호 안은 95 % 신뢰구간입니다.", en="95 % intervals in brackets.")


def write_studies(result: StudyResult, target: Path, language: Language, *, made: datetime | None = None) -> None:
    """Write the page to `target`, whole or not at all; raises JasangError where it cannot be written."""
    write_page(studies_page(result, language, made=made or datetime.now(ZoneInfo(result.timezone))), target)


def studies_page(result: StudyResult, language: Language, *, made: datetime) -> str:
    """The page as HTML text."""
    title = _KIND.in_language(language)
    head = (
        f"<header><h1>{escape(result.factory)}</h1><p class='kind'>{escape(title)}</p>"
        f"<p class='made'>{made.strftime('%Y-%m-%d')} · Jasang {__version__}</p></header>"
    )
    body = [head, *(_study(n, study, language) for n, study in enumerate(result.studies, start=1))]
    body.append(f"<footer>{_INTERVAL.in_language(language)}</footer>")
    return page_html(f"{result.factory} · {title}", body, language=language, timezone=result.timezone)


def _study(n: int, study: Study, language: Language) -> str:
    parts = [
        f"<h2>{escape(study.title.in_language(language))}</h2>",
        f"<p class='where'>{escape(subject_words(study.subject, language))}</p>",
        f"<p class='answer'>{escape(study.answer.in_language(language))}</p>",
    ]
    parts += [chart_block(f"s{n}c{place}", chart) for place, chart in enumerate(study.charts)]
    rows = [
        (_DO, f"{action.text.in_language(language)} ({owner_name(action.owner, language)})") for action in study.actions
    ]
    if study.evidence:
        rows.append((_NUMBERS, " · ".join(evidence_words(item, language) for item in study.evidence)))
    rows += [(_NOTES, note.in_language(language)) for note in study.notes]
    if rows:
        cells = (f"<dt>{name.in_language(language)}</dt><dd>{escape(words)}</dd>" for name, words in rows)
        parts.append(f"<dl>{''.join(cells)}</dl>")
    parts += [_table(table, language) for table in study.tables]
    return f"<article id='s{n}'>{''.join(parts)}</article>"


def _table(table: StudyTable, language: Language) -> str:
    heads = "".join(f"<th>{escape(heading.in_language(language))}</th>" for heading in table.headings)
    rows = "".join(
        "<tr>" + "".join(f"<td>{escape(cell_words(cell, language))}</td>" for cell in row) + "</tr>"
        for row in table.rows
    )
    return (
        f"<div class='sheet'><table><caption>{escape(table.title.in_language(language))}</caption>"
        f"<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>"
    )
