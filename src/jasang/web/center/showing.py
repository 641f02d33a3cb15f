"""Cases in words: where they stand, how long is left, what was said by whom."""

from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from jasang.mentor.service_clock import CaseEvent
from jasang.web.center.models import Attachment, Case, CaseState, Channel, Event, Priority

SAID = (CaseEvent.OPENED, CaseEvent.CUSTOMER, CaseEvent.ANSWERED, CaseEvent.ASKED, CaseEvent.SOLVED, "note")


def state_words(state: str) -> str:
    """Where a case stands."""
    return {
        CaseState.NEW: _("waiting for the first answer"),
        CaseState.OPEN: _("being worked on"),
        CaseState.WAITING: _("waiting for the factory"),
        CaseState.SOLVED: _("solved"),
        CaseState.CLOSED: _("closed"),
        CaseState.MERGED: _("merged"),
    }[CaseState(state)]


def priority_words(priority: int) -> str:
    """How soon it hurts."""
    return {
        Priority.URGENT: _("Urgent: standing still"),
        Priority.HIGH: _("High"),
        Priority.NORMAL: _("Normal"),
        Priority.LOW: _("Low"),
    }[Priority(priority)]


def channel_words(channel: str) -> str:
    """How a word came."""
    return {
        Channel.PAGE: _("on the page"),
        Channel.EMAIL: _("by e-mail"),
        Channel.PHONE: _("by telephone"),
        Channel.API: _("by a program"),
        Channel.FINDING: _("from a finding"),
        Channel.SYSTEM: _("by itself"),
    }[Channel(channel)]


def language_words(code: str) -> str:
    """A language by its own name."""
    return {
        "ko": "한국어", "en": "English", "zh": "中文", "vi": "Tiếng Việt", "th": "ไทย", "id": "Bahasa Indonesia",
        "uz": "Oʻzbekcha", "ja": "日本語",
    }.get(code, code)  # fmt: skip


def hours_words(document: dict[str, Any]) -> str:
    """When a queue serves."""
    shifts = document.get("shifts") or ()
    if not shifts:
        return _("around the clock")
    parts = [f"{_day_words(shift.get('days', range(1, 8)))} {shift['start']}–{shift['end']}" for shift in shifts]
    if document.get("country"):
        parts.append(_("not on public holidays"))
    return ", ".join(parts)


def _day_words(days: Any) -> str:
    names = [_("Mon"), _("Tue"), _("Wed"), _("Thu"), _("Fri"), _("Sat"), _("Sun")]
    chosen = sorted(days)
    if len(chosen) == 7:
        return _("every day")
    if len(chosen) > 2 and chosen == list(range(chosen[0], chosen[-1] + 1)):
        return f"{names[chosen[0] - 1]}–{names[chosen[-1] - 1]}"
    return "·".join(names[day - 1] for day in chosen)


def terms_words(document: dict[str, Any]) -> list[str]:
    """What a queue promises, one line a priority."""
    lines = []
    for one in Priority:
        promise = document.get(one.word) or {}
        spans = {name: promise.get(name) for name in ("answer", "solve")}
        told = {name: "–" if minutes is None else promise_words(minutes) for name, minutes in spans.items()}
        lines.append(
            _("%(priority)s: answer %(answer)s, solved %(solve)s")
            % {"priority": priority_words(one), "answer": told["answer"], "solve": told["solve"]}
        )
    return lines


def promise_words(minutes: int) -> str:
    """So many minutes of service, exactly: a day of service is no day of the calendar."""
    hours, rest = divmod(minutes, 60)
    parts = [ngettext("%(n)d hour", "%(n)d hours", hours) % {"n": hours}] if hours else []
    if rest or not hours:
        parts.append(ngettext("%(n)d minute", "%(n)d minutes", rest) % {"n": rest})
    return " ".join(parts)


def span_words(span: timedelta) -> str:
    """A length of time in its largest unit."""
    minutes = max(1, round(span / timedelta(minutes=1)))
    if minutes < 60:
        return ngettext("%(n)d minute", "%(n)d minutes", minutes) % {"n": minutes}
    hours = round(minutes / 60)
    if hours < 48:
        return ngettext("%(n)d hour", "%(n)d hours", hours) % {"n": hours}
    days = round(hours / 24)
    return ngettext("%(n)d day", "%(n)d days", days) % {"n": days}


def clock_words(case: Case, now: datetime) -> tuple[str, str]:
    """What the clock says ("35 minutes left until the answer"), and its loudness: late, soon, fine or blank."""
    if case.state in (CaseState.SOLVED, CaseState.CLOSED, CaseState.MERGED):
        return "", ""
    if case.state == CaseState.WAITING:
        return _("the clock stands while we wait for the factory"), ""
    for_answer = case.answer_due is not None and (case.solve_due is None or case.answer_due <= case.solve_due)
    due = case.answer_due if for_answer else case.solve_due
    if due is None:
        return "", ""
    if due < now:
        words = _("answer is %(span)s late") if for_answer else _("solution is %(span)s late")
        return words % {"span": span_words(now - due)}, "late"
    words = _("%(span)s left until the answer") if for_answer else _("%(span)s left until the solution")
    return words % {"span": span_words(due - now)}, "soon" if due - now < timedelta(minutes=60) else "fine"


def row(case: Case, now: datetime) -> dict[str, Any]:
    """A case in a list."""
    clock, loudness = clock_words(case, now)
    return {
        "case": case,
        "state_words": state_words(case.state),
        "priority_words": priority_words(case.priority),
        "channel_words": channel_words(case.channel),
        "clock": clock,
        "loudness": loudness,
    }


def thread(events: list[Event], files: dict[int, list[Attachment]]) -> list[dict[str, Any]]:
    """What happened, in order: words as bubbles, the rest as lines."""
    return [
        {
            "event": event,
            "who": _who(event),
            "said": event.kind in SAID and bool(event.text or event.pk in files),
            "words": _happened(event),
            "channel_words": channel_words(event.channel),
            "files": files.get(event.pk, []),
        }
        for event in events
    ]


def _who(event: Event) -> str:
    if event.by is not None:
        return str(event.by.get_full_name() or event.by.get_username())
    return event.sender or (_("Jasang") if event.channel in (Channel.FINDING, Channel.SYSTEM) else "")


def _happened(event: Event) -> str:
    data = event.data
    plain = {
        CaseEvent.OPENED: _("opened the case"),
        CaseEvent.CUSTOMER: "",
        CaseEvent.ANSWERED: "",
        CaseEvent.ASKED: _("asks the factory"),
        CaseEvent.SOLVED: _("solved"),
        CaseEvent.RESUMED: _("goes on without waiting"),
        CaseEvent.REOPENED: _("opened the case again"),
        CaseEvent.CLOSED: _("closed the case"),
        "note": _("inner note"),
        "tag": _("tags: %(tags)s") % {"tags": ", ".join(data.get("tags", ())) or "–"},
        "escalate": _("brought it up: due soon or late"),
    }
    if event.kind in plain:
        return plain[event.kind]
    if event.kind == "assign":
        name = data.get("name")
        return _("gave it to %(name)s") % {"name": name} if name else _("gave it back to the queue")
    if event.kind == CaseEvent.TERMS:
        return _("queue %(queue)s, priority %(priority)s") % {
            "queue": data.get("queue", ""),
            "priority": priority_words(Priority[data.get("priority", "normal").upper()]),
        }
    if event.kind == CaseEvent.MERGED:
        return _("goes on in #%(number)s") % {"number": data.get("into")}
    numbered = {
        "taken_in": _("took in #%(number)s %(title)s"),
        "split": _("made a case of its own: #%(number)s %(title)s"),
        "link": _("has to do with #%(number)s %(title)s"),
    }
    if event.kind in numbered:
        return numbered[event.kind] % {"number": data.get("number"), "title": data.get("title", "")}
    if event.kind == "rate":
        return _("rated it %(stars)s of 5") % {"stars": data.get("stars")}
    if event.kind == "visit":
        words = _("agreed a visit") if data.get("kind") == "visit" else _("agreed a call")
        return _("cancelled the appointment") if data.get("cancelled") else words
    return _("mentioned somebody")
