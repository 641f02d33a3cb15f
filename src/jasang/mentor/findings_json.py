"""Findings as the JSON of `jasang.findings/1` (docs/findings-json.md), and charts as JSON for the page and the printed report."""

from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import Any

from jasang.diagnose.chart import Chart
from jasang.diagnose.finding import Action, Cause, Evidence, Finding, Subject, Worth
from jasang.diagnose.identity import fingerprint
from jasang.plant.text import Text

FORMAT = "jasang.findings/1"


def text_json(text: Text | None) -> dict[str, str] | None:
    """`{"ko": …, "en": …}`, or `None`."""
    return None if text is None else {"ko": text.ko, "en": text.en}


def moment_json(moment: datetime | None, zone: tzinfo) -> str | None:
    """The moment in the factory's own time, ISO 8601 with its offset, or `None`."""
    return None if moment is None else moment.astimezone(zone).isoformat(timespec="seconds")


def finding_json(finding: Finding, zone: tzinfo, name: str | None = None) -> dict[str, Any]:
    """One finding in the shape of `jasang.findings/1`; times in the factory's zone, `name` as `identity.names_of` gives it."""
    return {
        "id": name or fingerprint(finding),
        "rule": finding.rule,
        "severity": finding.severity.value,
        "subject": subject_json(finding.subject),
        "since": moment_json(finding.since, zone),
        "until": moment_json(finding.until, zone),
        "evidence": [evidence_json(item) for item in finding.evidence],
        "causes": [_cause_json(cause) for cause in finding.causes],
        "worth": _worth_json(finding.worth),
        "action": action_json(finding.action),
        "check": None
        if finding.check is None
        else {
            "metric": finding.check.metric,
            "expected": plain_number(finding.check.expected),
            "days": finding.check.days,
        },
        "text": text_json(finding.text),
    }


def _x_json(x: float | str | Text) -> Any:
    if isinstance(x, Text):
        return text_json(x)
    return plain_number(x) if isinstance(x, float) else x


def subject_json(subject: Subject) -> dict[str, str | None]:
    """What a finding or a study is about."""
    return {
        "table": subject.table,
        "column": subject.column,
        "asset": subject.asset,
        "product": subject.product,
    }


def action_json(action: Action) -> dict[str, str]:
    """What to do and who does it."""
    return {"ko": action.text.ko, "en": action.text.en, "owner": action.owner}


def chart_json(chart: Chart) -> dict[str, Any]:
    """A chart with the fields of `Chart`, ready for the script that draws it."""
    return {
        "title": text_json(chart.title),
        "x_kind": chart.x_kind,
        "x": [_x_json(x) for x in chart.x],
        "lines": [
            {
                "name": text_json(line.name),
                "y": [plain_number(y) for y in line.y],
                "look": line.look,
                "base": None if line.base is None else [plain_number(y) for y in line.base],
            }
            for line in chart.lines
        ],
        "marks": [
            {
                "name": text_json(mark.name),
                "axis": mark.axis,
                "at": _plain(mark.at),
                "to": _plain(mark.to),
                "look": mark.look,
            }
            for mark in chart.marks
        ],
        "x_label": text_json(chart.x_label),
        "y_label": text_json(chart.y_label),
        "y_unit": chart.y_unit,
    }


def evidence_json(item: Evidence) -> dict[str, Any]:
    """One number of the evidence, with its interval where it has one."""
    return {
        "name": item.name,
        "value": plain_number(item.value),
        "low": plain_number(item.low),
        "high": plain_number(item.high),
        "unit": item.unit,
        "label": text_json(item.label),
    }


def _cause_json(cause: Cause) -> dict[str, Any]:
    return {
        "column": cause.column,
        "level": cause.level,
        "direction": cause.direction,
        "window": None if cause.window is None else [plain_number(edge) for edge in cause.window],
        "effect": plain_number(cause.effect),
        "low": plain_number(cause.low),
        "high": plain_number(cause.high),
    }


def _worth_json(worth: Worth | None) -> Mapping[str, Any] | None:
    if worth is None:
        return None
    return {
        "amount": plain_number(worth.amount),
        "low": plain_number(worth.low),
        "high": plain_number(worth.high),
        "currency": worth.currency,
        "per": worth.per,
        "basis": worth.basis.en,
        "basis_text": text_json(worth.basis),
    }


def _plain(value: float | str | None) -> float | int | str | None:
    return value if isinstance(value, str) else plain_number(value)


def plain_number(value: float | None) -> float | int | None:
    """A finite number that JSON can hold, whole where it is whole; NaN and infinities become `null`."""
    if value is None:
        return None
    plain = float(value)
    if plain != plain or plain in (float("inf"), float("-inf")):
        return None
    return int(plain) if plain.is_integer() and abs(plain) < 2**53 else plain
