"""How store and forward is doing, in words: what waits, how old it is, how full the spool is, what the receiver said last."""

from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from jasang.connect.status import CollectorStatus, ForwardStatus
from jasang.mentor.wording import number
from jasang.web.floor.live import age_words

DOUBTFUL = 2.0  # s; clocks farther apart are told
FILLING, FULL = 0.5, 0.95  # of the spool's bound
LONG = timedelta(minutes=10)  # what waits longer is told


def forward(status: CollectorStatus | None, now: datetime) -> dict[str, Any] | None:
    """What the page shows of it; `None` where nothing is forwarded."""
    if status is None or status.forward is None:
        return None
    told = status.forward
    running = status.running(now)
    state = told.state if running else "stopped"
    share = told.spool_bytes / told.spool_limit if told.spool_limit else 0.0
    oldest = None if told.waiting_since is None or not told.waiting else now - told.waiting_since
    kind = _kind(told, state, share, oldest)
    return {
        "kind": kind,
        "mark": {"good": "●", "watch": "◆", "act": "▲"}[kind],
        "state": _state(state),
        "url": told.url,
        "sender": told.sender,
        "since": age_words((now - told.since).total_seconds()),
        "error": told.last_error and {"ko": told.last_error.ko, "en": told.last_error.en},
        "error_age": "" if told.last_error_at is None else age_words((now - told.last_error_at).total_seconds()),
        "past": state == "connected",
        "waiting": f"{told.waiting:,}",
        "oldest": "" if oldest is None else age_words(oldest.total_seconds()),
        "acknowledged": "" if told.acknowledged_at is None else age_words((now - told.acknowledged_at).total_seconds()),
        "sent": f"{told.sent:,}",
        "used": size_words(told.spool_bytes),
        "bound": size_words(told.spool_limit),
        "bytes": told.spool_bytes,
        "limit": told.spool_limit,
        "percent": round(100 * share),
        "nearly_full": share >= FILLING,
        "lost": f"{told.lost:,}" if told.lost else "",
        "lost_from": told.lost_from,
        "lost_to": told.lost_to,
        "clock": _clock(told),
        "apart": told.clock_offset is not None and abs(told.clock_offset) - (told.clock_within or 0.0) > DOUBTFUL,
    }


def _kind(told: ForwardStatus, state: str, share: float, oldest: timedelta | None) -> str:
    if state in ("lost", "refused", "stopped") or told.lost or share >= FULL:
        return "act"
    apart = told.clock_offset is not None and abs(told.clock_offset) - (told.clock_within or 0.0) > DOUBTFUL
    late = oldest is not None and oldest > LONG
    return "watch" if state == "connecting" or share >= FILLING or apart or late else "good"


def _state(state: str) -> str:
    words = {
        "connected": _("is forwarding"),
        "connecting": _("is being connected"),
        "lost": _("cannot be reached"),
        "refused": _("refuses what is sent"),
        "stopped": _("is switched off"),
    }
    return words.get(state, state)


def _clock(told: ForwardStatus) -> str:
    """How far the receiver's clock is from the collector's."""
    if told.clock_offset is None:
        return ""
    within = number(max(told.clock_within or 0.0, 0.001))
    size = number(abs(told.clock_offset))
    if abs(told.clock_offset) <= (told.clock_within or 0.0):
        return _("the same within %(n)s s") % {"n": within}
    words = _("%(n)s s ahead (± %(within)s s)") if told.clock_offset > 0 else _("%(n)s s behind (± %(within)s s)")
    return words % {"n": size, "within": within}


def size_words(count: int) -> str:
    """Bytes in the unit that people read."""
    for unit, one in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= one:
            return f"{number(count / one)} {unit}"
    return f"{count} B"
