"""Studies as the JSON of `jasang.study/1` (docs/study-json.md)."""

from typing import Any

from jasang.diagnose.study import Cell, Study, StudyResult, StudyTable
from jasang.mentor.findings_json import action_json, chart_json, evidence_json, plain_number, subject_json, text_json
from jasang.plant.text import Text

FORMAT = "jasang.study/1"


def result_json(result: StudyResult) -> dict[str, Any]:
    """The document `jasang.study/1`."""
    return {
        "format": FORMAT,
        "factory": result.factory,
        "timezone": result.timezone,
        "studies": [study_json(study) for study in result.studies],
    }


def study_json(study: Study) -> dict[str, Any]:
    """One study; its charts as the script that draws them takes them."""
    return {
        "kind": study.kind,
        "title": text_json(study.title),
        "answer": text_json(study.answer),
        "subject": subject_json(study.subject),
        "evidence": [evidence_json(item) for item in study.evidence],
        "tables": [_table_json(table) for table in study.tables],
        "charts": [chart_json(chart) for chart in study.charts],
        "actions": [action_json(action) for action in study.actions],
        "notes": [text_json(note) for note in study.notes],
    }


def _table_json(table: StudyTable) -> dict[str, Any]:
    return {
        "title": text_json(table.title),
        "headings": [text_json(heading) for heading in table.headings],
        "rows": [[_cell_json(cell) for cell in row] for row in table.rows],
    }


def _cell_json(cell: Cell) -> Any:
    if isinstance(cell, Text):
        return text_json(cell)
    return cell if cell is None or isinstance(cell, str) else plain_number(cell)
