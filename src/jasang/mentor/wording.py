"""Numbers, moments, subjects and money in the words of the terminal, the printed report and the page."""

import math
import re
from datetime import datetime, tzinfo

from jasang.diagnose.catalog import RULES
from jasang.diagnose.finding import Cause, Check, Evidence, Severity, Subject
from jasang.diagnose.study import Cell
from jasang.errors import Language
from jasang.korean import with_particles
from jasang.plant.text import Text

_GROUPED = re.compile(r"[-+]?\d{1,3}(,\d{3})+(\.\d*)?")
_SEVERITY = {
    Severity.ACT: {"ko": "조치", "en": "act"},
    Severity.WATCH: {"ko": "주의", "en": "watch"},
    Severity.NOTE: {"ko": "참고", "en": "note"},
}
# Metrics that are shares of a whole.
_METRICS: dict[str, dict[Language, str]] = {
    "defect_rate": {"ko": "불량률", "en": "the defect rate"},
    "out_of_spec_share": {"ko": "규격 밖 비율", "en": "the share out of specification"},
    "gauge_share": {"ko": "측정기가 차지하는 비율", "en": "the share of the gauge"},
    "down_share": {"ko": "정지 비율", "en": "the share of stops"},
}
# Units of shares (0 to 1) and of differences of shares, and how people say them.
_SHARES: dict[str, dict[Language, str]] = {
    "share": {"ko": "%", "en": "%"},
    "points": {"ko": "%p", "en": "points"},
}
_LEAST_PROBABILITY = 0.0001  # beyond this a probability says no more than "not by chance"
_TITLES = {rule.name: rule.title for rule in RULES}
OWNERS = {
    "operator": {"ko": "작업자", "en": "operator"},
    "maintenance": {"ko": "보전 담당", "en": "maintenance"},
    "engineer": {"ko": "공정 엔지니어", "en": "process engineer"},
    "quality": {"ko": "품질 담당", "en": "quality"},
    "boss": {"ko": "대표", "en": "boss"},
}


def severity_name(severity: Severity, language: Language) -> str:
    """조치/주의/참고 or act/watch/note."""
    return _SEVERITY[severity][language]


def owner_name(owner: str, language: Language) -> str:
    """Who does it, in words."""
    return OWNERS.get(owner, {}).get(language, owner)


def rule_title(rule: str, language: Language) -> str:
    """The rule's title as its file states it."""
    return _TITLES[rule].in_language(language) if rule in _TITLES else rule


def metric_words(metric: str, language: Language) -> str:
    """A check's metric in words: the defect rate, the mean of a column …"""
    ko = language == "ko"
    if metric in _METRICS:
        return _METRICS[metric][language]
    for ending, korean, english in (("_mean", "평균", "the mean of"), ("_sigma", "산포", "the spread of")):
        if metric.endswith(ending):
            column = metric.removesuffix(ending)
            return f"{column} {korean}" if ko else f"{english} {column}"
    return metric


def check_words(check: Check, language: Language) -> str:
    """When to look at what again, and by how much it should have changed."""
    metric = metric_words(check.metric, language)
    size = number(abs(check.expected))
    if check.metric in _METRICS:
        size = f"{number(abs(check.expected) * 100)} {_SHARES['points'][language]}"
    if language == "ko":
        way = "줄어야" if check.expected < 0 else "늘어야"
        return with_particles(f"{check.days}일 뒤 {metric}을(를) 다시 봅니다. {size}쯤 {way} 합니다.")
    way = "fall" if check.expected < 0 else "rise"
    return f"look at {metric} again after {check.days} days; it should {way} by about {size}"


def number(value: float) -> str:
    """Three significant digits, thousands separated, no needless zeros; never in powers of ten between 0.0001 and 10^12."""
    if not math.isfinite(value):
        return "–"
    if value == 0:
        return "0"
    size = math.floor(math.log10(abs(value)))
    if size >= 12 or size < -4:
        return f"{value:.3g}"
    if float(value).is_integer() and size < 9:
        return f"{int(value):,}"
    decimals = max(0, 2 - size)
    text = f"{value:,.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def typed_number(text: str) -> float:
    """A number as people type it: commas stand before each three digits (1,560.5), never for the decimal point.

    Raises ValueError for all else; "56,5" may mean ten times what it would be taken for.
    """
    plain = text.strip()
    if "," in plain:
        if _GROUPED.fullmatch(plain) is None:
            raise ValueError(f"{text!r}: a comma stands before three digits only; expected a point for decimals")
        plain = plain.replace(",", "")
    return float(plain)


def money(amount: float, currency: str, language: Language) -> str:
    """Won in 만원 and 억 as a Korean firm writes it; other currencies with their code."""
    if currency != "KRW":
        return f"{amount:,.0f} {currency}"
    if language == "en":
        return f"₩{_three_digits(amount):,.0f}"
    amount = _three_digits(amount)
    if abs(amount) >= 1e8:
        return f"{number(amount / 1e8)}억 원"
    if abs(amount) >= 1e4:
        return f"{amount / 1e4:,.0f}만 원"
    return f"{amount:,.0f}원"


def evidence_words(item: Evidence, language: Language) -> str:
    """ "불량률 12 % (10–14)"; shares in per cent, differences of shares in points of per cent."""
    label, unit = item.label.in_language(language), item.unit or ""
    value, low, high = item.value, item.low, item.high
    if unit in _SHARES or (item.unit is None and item.name == "share"):
        unit = _SHARES.get(unit, _SHARES["share"])[language]
        value *= 100
        low, high = (None if edge is None else edge * 100 for edge in (low, high))
    if item.name.endswith(("_p", "p_value")) and value < _LEAST_PROBABILITY:
        return f"{label} < {_LEAST_PROBABILITY}"
    words = f"{label} {number(value)}" + (f" {unit}" if unit else "")
    if low is not None and high is not None:
        words += f" ({number(low)}–{number(high)})"
    return words


def cell_words(cell: Cell, language: Language) -> str:
    """A cell of a study's table: a text in the language, a name, a number to three digits, or a dash."""
    if cell is None:
        return "–"
    if isinstance(cell, Text):
        return cell.in_language(language)
    return cell if isinstance(cell, str) else number(cell)


def cause_words(cause: Cause, language: Language) -> str:
    """The column with its level or its window and direction, and the effect."""
    words = cause.column
    if cause.level is not None:
        words += f" = {cause.level}"
    if cause.window is not None:
        low, high = cause.window
        words += f" {number(low)}–{number(high)}" + (" 유지" if language == "ko" else " to hold")
    elif cause.direction is not None:
        arrow = {"up": ("↑ 올리는 쪽", "↑ higher is better"), "down": ("↓ 내리는 쪽", "↓ lower is better")}[
            cause.direction
        ]
        words += f" {arrow[0 if language == 'ko' else 1]}"
    return words


def subject_words(subject: Subject, language: Language, *, table: bool = True) -> str:
    """Where: file (where `table`), column, machine, product."""
    parts = [subject.table] if table else []
    if subject.column:
        parts.append(("항목 " if language == "ko" else "column ") + subject.column)
    if subject.asset:
        parts.append(("설비 " if language == "ko" else "machine ") + subject.asset)
    if subject.product:
        parts.append(("제품 " if language == "ko" else "product ") + subject.product)
    return " · ".join(parts)


def span_words(
    first: datetime | None, last: datetime | None, zone: tzinfo, language: Language, *, open_end: bool = False
) -> str:
    """ "2026-03-24 14:24 ~ 2026-04-02 08:00"; with `open_end`, "부터" / "since" where there is no end."""

    def at(moment: datetime) -> str:
        return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M")

    if first is None:
        return ""
    if last is None:
        if not open_end:
            return at(first)
        return f"{at(first)}부터" if language == "ko" else f"since {at(first)}"
    return f"{at(first)} ~ {at(last)}"


def _three_digits(amount: float) -> float:
    """Money is told to three digits: more would claim a precision that no estimate has."""
    if amount == 0 or not math.isfinite(amount):
        return 0.0
    size = math.floor(math.log10(abs(amount)))
    return round(amount, -size + 2)
