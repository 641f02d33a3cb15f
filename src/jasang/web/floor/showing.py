"""A finding's document in the words of a page: numbers, intervals, units and money in the user's language."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from jasang.diagnose.catalog import RULES
from jasang.errors import Language
from jasang.mentor.wording import money, number, owner_name
from jasang.plant.factory import Kind
from jasang.web.floor.models import Finding, Severity, Stage

_SENTENCE_END = re.compile(r"(?<=[가-힣a-z)%\d]\.)\s+(?=[A-Z가-힣'\"])")
_RATES = {"defect_rate", "down_share", "missing_share"}
_RATE_EVIDENCE = {"effect": "points", "inside": "share", "outside": "share", "defect_rate": "share"}
_LEAST_PROBABILITY = 0.0001
_TITLES = {rule.name: rule.title for rule in RULES}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of the evidence: what it is, its value with unit, and its 95 % interval."""

    label: str
    value: str
    interval: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CauseRow:
    """One column that moves with the subject: where to hold it, and what that changes."""

    column: str
    place: str
    effect: str
    interval: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A finding as a list shows it."""

    key: UUID
    severity: str
    title: str
    text: str  # its first sentence
    more: str  # and the others
    file: str
    where: str
    worth: str
    chart: str  # id of the chart's data, "" = none
    sketch: dict[str, Any] | None
    new: bool  # not in the version before
    stage: str  # of its life, "" = nobody has done anything about it
    stage_words: str


def first_sentence(text: str) -> tuple[str, str]:
    """The first sentence and the rest; the dot of "No. 3" or "3.2" ends none."""
    parts = _SENTENCE_END.split(text, maxsplit=1)
    return parts[0], parts[1] if len(parts) > 1 else ""


def card(finding: Finding, language: Language) -> Card:
    """What a list shows of a finding."""
    life = finding.life
    text, more = first_sentence(finding.text_ko if language == "ko" else finding.text_en)
    return Card(
        key=finding.key,
        severity=Severity(finding.severity).word,
        title=rule_title(finding.rule, language),
        text=text,
        more=more,
        file=finding.table,
        where=where_words(finding),
        worth="" if finding.worth is None else money(finding.worth, finding.currency, language),
        chart=f"sketch-{finding.pk}" if finding.sketch else "",
        sketch=finding.sketch,
        new=bool(life) and life.first_seen_id == finding.diagnosis_id and getattr(finding, "past", False),
        stage="" if life is None or life.stage == Stage.FOUND else life.stage,
        stage_words="" if life is None or life.stage == Stage.FOUND else stage_words(life.stage),
    )


def stage_words(stage: str) -> str:
    """Where a finding stands, in a word or two."""
    known = {
        Stage.FOUND: _("found"),
        Stage.DECLINED: _("not for us"),
        Stage.ACCEPTED: _("taken on"),
        Stage.DONE: _("action taken"),
        Stage.CHECKING: _("effect being checked"),
        Stage.VERIFIED: _("it helped"),
        Stage.NOT_EFFECTIVE: _("no effect"),
        Stage.HELD: _("still holds after 90 days"),
        Stage.LOST: _("effect lost"),
    }
    return known.get(Stage(stage), stage)


def whole(finding: Finding, language: Language) -> dict[str, Any]:
    """Everything the page of one finding shows."""
    document = finding.document
    return {
        "card": card(finding, language),
        "evidence": evidence_rows(document, language),
        "causes": cause_rows(document),
        "worth": worth_words(document["worth"], language),
        "action": action_words(document, language),
        "check": check_words(document),
        "charts": [(f"chart-{place}", chart) for place, chart in enumerate(finding.charts)],
    }


def where_words(finding: Finding) -> str:
    """Column, machine and product, as far as the finding names them."""
    parts = [
        finding.column,
        _("machine %(name)s") % {"name": finding.asset} if finding.asset else "",
        _("product %(name)s") % {"name": finding.product} if finding.product else "",
    ]
    return " · ".join(part for part in parts if part)


def rule_title(rule: str, language: Language) -> str:
    """What kind of finding it is, in words."""
    return _TITLES[rule].in_language(language) if rule in _TITLES else rule.replace("_", " ")


def kind_words(kind: str) -> str:
    """What the rows of a table are, in words."""
    known = {
        Kind.UNITS: _("units, shots or lots"),
        Kind.SIGNALS: _("signals"),
        Kind.STATES: _("machine states"),
        Kind.ORDERS: _("orders"),
        Kind.GAUGE: _("gauge study"),
        Kind.OTHER: _("other data"),
    }
    return known.get(Kind(kind), kind) if kind in set(Kind) else kind


def unit_words(unit: str | None) -> str:
    """Units that are words rather than symbols."""
    known = {
        "rows": _("rows"),
        "readings": _("readings"),
        "columns": _("columns"),
        "units": _("units"),
        "stops": _("stops"),
        "days": _("days"),
        "day": _("days"),
        "h": _("hours"),
        "min": _("minutes"),
        "s": _("seconds"),
        "sigma": "σ",
        "ppm": "ppm",
    }
    return known.get(unit or "", unit or "")


def evidence_rows(document: Mapping[str, Any], language: Language) -> list[Row]:
    """The evidence, one row a number."""
    return [
        Row(
            label=item["label"][language] if item.get("label") else item["name"],
            value=_evidence_value(item, document),
            interval=interval(item["low"], item["high"], _unit(item, document)),
        )
        for item in document["evidence"]
    ]


def cause_rows(document: Mapping[str, Any]) -> list[CauseRow]:
    """What moves with the subject and how far the outcome moves."""
    unit = "points" if _is_rate(document) else None
    return [
        CauseRow(
            column=cause["column"],
            place=_place(cause),
            effect="" if cause["effect"] is None else signed(cause["effect"], unit),
            interval=interval(cause["low"], cause["high"], unit),
        )
        for cause in document["causes"]
    ]


def quantity(value: float | None, unit: str | None) -> str:
    """A number with its unit; a share as per cent, a change of a share in percentage points."""
    if value is None:
        return "–"
    scale, words = _scaled(unit)
    return f"{number(value * scale)} {words}".strip()


def signed(value: float, unit: str | None) -> str:
    """The same with its sign."""
    return f"{'+' if value > 0 else '−' if value < 0 else ''}{quantity(abs(value), unit)}"


def interval(low: float | None, high: float | None, unit: str | None) -> str:
    """The interval with its unit, or nothing where there is none."""
    if low is None or high is None:
        return ""
    scale, words = _scaled(unit)
    return f"{_from_to(number(low * scale), number(high * scale))} {words}".strip()


def _from_to(low: str, high: str) -> str:
    # A dash between the two would read as a minus before a negative number.
    return _("%(low)s to %(high)s") % {"low": low, "high": high}


def _scaled(unit: str | None) -> tuple[float, str]:
    if unit == "share":
        return 100.0, "%"
    if unit == "points":
        return 100.0, _("%-points")
    return 1.0, unit_words(unit)


def _is_rate(document: Mapping[str, Any]) -> bool:
    """Whether the outcome is a rate: then effects are differences of shares."""
    return bool(document["check"]) and document["check"]["metric"] in _RATES


def _unit(item: Mapping[str, Any], document: Mapping[str, Any]) -> str | None:
    if item["unit"] is None and _is_rate(document):
        return _RATE_EVIDENCE.get(item["name"])
    return item["unit"]


def probability(item: Mapping[str, Any]) -> str:
    """A very small probability of chance in words, else nothing: beyond this it says no more than "not by chance"."""
    small = (
        item["name"].endswith(("_p", "p_value")) and item["value"] is not None and item["value"] < _LEAST_PROBABILITY
    )
    return f"< {_LEAST_PROBABILITY}" if small else ""


def _evidence_value(item: Mapping[str, Any], document: Mapping[str, Any]) -> str:
    return probability(item) or quantity(item["value"], _unit(item, document))


def worth_words(worth: Mapping[str, Any] | None, language: Language) -> dict[str, str] | None:
    """Amount, interval and basis."""
    if not worth:
        return None
    low, high = (money(worth[edge], worth["currency"], language) for edge in ("low", "high"))
    return {
        "amount": money(worth["amount"], worth["currency"], language),
        "interval": _from_to(low, high),
        "basis": worth["basis_text"][language],
    }


def action_words(document: Mapping[str, Any], language: Language) -> dict[str, str]:
    """What to do and who does it."""
    action = document["action"]
    return {"text": action[language], "owner": owner_name(action["owner"], language)}


def check_words(document: Mapping[str, Any]) -> str:
    """How to see whether it worked."""
    check = document["check"]
    if not check:
        return ""
    given = {
        "metric": metric_words(check["metric"]),
        "days": check["days"],
        "size": quantity(abs(check["expected"] or 0.0), "points" if _is_rate(document) else None),
    }
    if (check["expected"] or 0.0) < 0:
        return _("Look at %(metric)s again after %(days)s days. It should fall by about %(size)s.") % given
    return _("Look at %(metric)s again after %(days)s days. It should rise by about %(size)s.") % given


def metric_words(metric: str) -> str:
    """Names of metrics in words; a column keeps its own name."""
    known = {
        "defect_rate": _("the defect rate"),
        "down_share": _("the share of time stopped"),
        "downtime": _("the downtime"),
        "missing_share": _("the share missing"),
    }
    if metric.endswith("_mean"):
        return _("the mean of %(column)s") % {"column": metric.removesuffix("_mean")}
    if metric.endswith("_sigma"):
        return _("the spread of %(column)s") % {"column": metric.removesuffix("_sigma")}
    return known.get(metric, metric)


def _place(cause: Mapping[str, Any]) -> str:
    if cause["level"] is not None:
        return f"= {cause['level']}"
    if cause["window"] is not None:
        low, high = cause["window"]
        return _("hold %(low)s to %(high)s") % {"low": number(low), "high": number(high)}
    if cause["direction"] == "up":
        return _("▲ move it up")
    if cause["direction"] == "down":
        return _("▼ move it down")
    return ""
