"""The run sheet to fill in at the machine: CSV for programs, Excel and a printable page for people."""

import csv
import io
from html import escape
from pathlib import Path

import xlsxwriter
from xlsxwriter.exceptions import XlsxWriterException

from jasang.errors import JasangError, Language
from jasang.mentor.experiment_file import Experiment
from jasang.mentor.report.shell import page_html, write_page
from jasang.optimize.experiments import SheetRun
from jasang.plant.text import Text

_RUN, _BLOCK, _PLOT = Text(ko="시험", en="run"), Text(ko="블록", en="block"), Text(ko="큰 묶음", en="whole plot")
_FAILED, _NOTE = Text(ko="실패", en="failed"), Text(ko="비고", en="note")


def setting_words(value: float | str) -> str:
    """A setting as it is set: numbers without the noise of calculation."""
    return value if isinstance(value, str) else f"{value:.6g}"


def csv_sheet(experiment: Experiment) -> str:
    """The sheet as CSV with the program's names: run, block, whole_plot, factors, outcomes, failed, note."""
    made = io.StringIO()
    writer = csv.writer(made, lineterminator="\n")
    factors, outcomes = experiment.design.factors, experiment.outcomes
    parts = _parts(experiment)
    writer.writerow(["run", *parts, *(one.name for one in factors), *(one.name for one in outcomes), "failed", "note"])
    for run in experiment.sheet.runs:
        writer.writerow([
            run.order + 1, *(_part(run, part) for part in parts),
            *(setting_words(run.settings[one.name]) for one in factors), *_results(experiment, run),
            "yes" if run.order in experiment.failed else "", "",
        ])  # fmt: skip
    return made.getvalue()


def write_sheets(experiment: Experiment, folder: Path, stem: str, language: Language) -> tuple[Path, ...]:
    """Write STEM.csv, STEM.xlsx and STEM.html into the folder; raises JasangError where that cannot be."""
    targets = tuple(folder / f"{stem}.{kind}" for kind in ("csv", "xlsx", "html"))
    try:
        targets[0].write_text(csv_sheet(experiment), "utf-8-sig")  # the mark lets Excel read Korean
        targets[1].write_bytes(excel_sheet(experiment, language))
    except (OSError, XlsxWriterException) as error:
        raise JasangError(
            ko=f"{folder}: 실험표를 쓸 수 없습니다({error}). 쓸 수 있는 폴더를 주세요.",
            en=f"{folder}: the run sheet cannot be written ({error}). Expected a folder that can be written to.",
        ) from error
    write_page(sheet_page(experiment, language), targets[2])
    return targets


def excel_sheet(experiment: Experiment, language: Language) -> bytes:
    """The sheet as an Excel workbook: headings in the language, empty cells for the results, ready to print."""
    made = io.BytesIO()
    book = xlsxwriter.Workbook(made, {"in_memory": True})
    sheet = book.add_worksheet(Text(ko="실험표", en="Run sheet").in_language(language))
    head = book.add_format({"bold": True, "border": 1, "bg_color": "#E4EFF6", "text_wrap": True, "align": "center"})
    plain = book.add_format({"border": 1, "align": "center"})
    anew = book.add_format({"border": 1, "align": "center", "bold": True, "bg_color": "#FDF4DF"})
    empty = book.add_format({"border": 1, "bg_color": "#FFFFFF", "locked": False})
    headings = _headings(experiment, language)
    for place, words in enumerate(headings):
        sheet.write_string(0, place, words, head)
        sheet.set_column(place, place, max(8, min(24, 2 + len(words))))
    parts = _parts(experiment)
    for run in experiment.sheet.runs:
        row = run.order + 1
        sheet.write_number(row, 0, run.order + 1, plain)
        for place, part in enumerate(parts, start=1):
            sheet.write(row, place, _part(run, part), plain)
        column = 1 + len(parts)
        for one in experiment.design.factors:
            value = run.settings[one.name]
            shown = float(setting_words(value)) if one.numeric else value
            sheet.write(row, column, shown, anew if one.name in run.change else plain)
            column += 1
        for value in (*_results(experiment, run), "", ""):
            sheet.write(row, column, value, empty)
            column += 1
    sheet.freeze_panes(1, 1)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)
    book.close()
    return made.getvalue()


def sheet_page(experiment: Experiment, language: Language) -> str:
    """The sheet as one printable page with room for handwriting; what is set anew for a run is bold."""
    ko = language == "ko"
    title = f"{experiment.name} · {'실험표' if ko else 'Run sheet'}"
    advice = Text(
        ko="적힌 차례대로 하세요. 굵은 값은 그 시험 전에 바꿔 맞추는 설정입니다. 잘못된 시험도 그대로 적고 비고를 남기세요.",
        en="Make the runs in this order. Bold values are set anew before the run. Write down failed runs too, with a note.",
    )
    heads = "".join(f"<th>{escape(words)}</th>" for words in _headings(experiment, language))
    body = "".join(_html_row(experiment, run) for run in experiment.sheet.runs)
    lines = [
        f"<h1>{escape(title)}</h1>",
        f"<p>{escape(advice.in_language(language))}</p>",
        f"<p>{'날짜' if ko else 'Date'} ________  {'작업자' if ko else 'Operator'} ________  "
        f"{'자재 로트' if ko else 'Material lot'} ________</p>",
        f"<table class='runs'><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>",
        "<style>.runs{border-collapse:collapse;width:100%}.runs th,.runs td{border:1px solid #555;padding:.45em .4em;"
        "text-align:center}.runs th{background:#e4eff6}.runs td.room{min-width:5em;height:2.4em}"
        ".runs tr{break-inside:avoid}</style>",
    ]
    return page_html(title, lines, language=language, timezone="Asia/Seoul")


def _html_row(experiment: Experiment, run: SheetRun) -> str:
    cells = [f"<td>{run.order + 1}</td>"]
    cells += [f"<td>{_part(run, part)}</td>" for part in _parts(experiment)]
    for one in experiment.design.factors:
        words = escape(setting_words(run.settings[one.name]))
        cells.append(f"<td>{f'<b>{words}</b>' if one.name in run.change else words}</td>")
    cells += [f"<td class='room'>{escape(str(value))}</td>" for value in _results(experiment, run)]
    return f"<tr>{''.join(cells)}<td class='room'></td><td class='room'></td></tr>"


def _headings(experiment: Experiment, language: Language) -> list[str]:
    named = {"block": _BLOCK, "whole_plot": _PLOT}
    units = [(one.name, one.unit) for one in experiment.design.factors]
    units += [(one.name, one.unit) for one in experiment.outcomes]
    return [
        _RUN.in_language(language),
        *(named[part].in_language(language) for part in _parts(experiment)),
        *(f"{name} ({unit})" if unit else name for name, unit in units),
        _FAILED.in_language(language),
        _NOTE.in_language(language),
    ]


def _parts(experiment: Experiment) -> list[str]:
    """Which of block and whole plot the sheet has."""
    first = experiment.sheet.runs[0]
    return [name for name, value in (("block", first.block), ("whole_plot", first.whole_plot)) if value is not None]


def _part(run: SheetRun, part: str) -> int:
    value = run.block if part == "block" else run.whole_plot
    return 0 if value is None else value + 1


def _results(experiment: Experiment, run: SheetRun) -> list[float | str]:
    values = [experiment.results[one.name][run.order] for one in experiment.outcomes]
    return ["" if value is None else value for value in values]
