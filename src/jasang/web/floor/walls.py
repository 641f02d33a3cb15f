"""Wall screens: values in big figures on a link that needs no signing in, made and revoked by the owner."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from jasang.connect.status import read_status
from jasang.plant.reading import Reading, Signal
from jasang.store import Reader
from jasang.web.floor.connected_models import WallLink
from jasang.web.floor.live import age_words, collector_status, first_signals, machine_states, quality_of, shown_value
from jasang.web.tenants.models import Factory

MOST_SIGNALS, MOST_MACHINES = 8, 12
# A value older than that is not today's any more, and is shown pale.
OLD_AFTER = timedelta(minutes=10)
SHAPES = {"running": "●", "idle": "◆", "setup": "◆", "down": "■", "planned": "○", "other": "○"}
_SEEN_EVERY = timedelta(minutes=5)


@transaction.atomic
def make_link(
    *, factory: Factory, user: AbstractBaseUser, name: str, language: str = "ko", signals: Sequence[str] = ()
) -> tuple[WallLink, str]:
    """A new link and its secret, which is told once and kept as a hash only."""
    if language not in {"ko", "en"}:
        raise ValueError(f"a wall screen speaks ko or en, got {language!r}")
    secret = secrets.token_urlsafe(32)
    link = WallLink.objects.of(factory).create(
        factory=factory, made_by=user, name=name, language=language,
        signals=list(signals)[:MOST_SIGNALS], secret_hash=_hash(secret),
    )  # fmt: skip
    return link, secret


@transaction.atomic
def revoke_link(*, link: WallLink) -> None:
    """From now on the link shows nothing."""
    WallLink.objects.of(link.factory).filter(pk=link.pk, revoked_at=None).update(revoked_at=timezone.now())


def links(factory: Factory) -> Any:
    """The factory's links that are good, newest first."""
    return WallLink.objects.of(factory).filter(revoked_at=None).order_by("-made_at", "-pk")


def link_of(secret: str) -> WallLink | None:
    """The good link of a secret; its last use is noted now and then."""
    # The secret itself names the factory: nobody is signed in here.
    found = WallLink.objects.of_every_factory().filter(secret_hash=_hash(secret), revoked_at=None)
    link = found.select_related("factory").first()
    if link is None or link.factory.closed_at is not None:
        return None
    now = timezone.now()
    if link.seen_at is None or now - link.seen_at > _SEEN_EVERY:
        WallLink.objects.of(link.factory).filter(pk=link.pk).update(seen_at=now)
    return link


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def wall_view(reader: Reader | None, factory: Factory, chosen: Sequence[str], now: datetime) -> dict[str, Any]:
    """What the screen shows, ready to be drawn."""
    if reader is None:
        return {"status": {"state": "away", "words": _("No collector has written anything yet.")}}
    signals = {signal.name: signal for signal in reader.signals()}
    last = dict(reader.last())
    numeric = {
        name: signals[name].unit
        for name, reading in last.items()
        if name in signals and isinstance(reading.value, int | float) and not isinstance(reading.value, bool)
    }
    names = [name for name in chosen if name in signals] or first_signals(numeric)
    return {
        "status": collector_status(read_status(Path(factory.store)), last, now),
        "machines": [
            one | {"shape": SHAPES.get(one["kind"], "○")} for one in machine_states(signals, last, now)[:MOST_MACHINES]
        ],
        "figures": [_figure(signals[name], last.get(name), now) for name in names[:MOST_SIGNALS]],
    }


def _figure(signal: Signal, reading: Reading | None, now: datetime) -> dict[str, Any]:
    short = signal.name.removeprefix(f"{signal.asset}.")
    shown = {
        "asset": signal.asset,
        "name": short,
        "unit": signal.unit or "",
        "value": "–",
        "quality": "none",
        "age": "",
    }
    if reading is None:
        return shown
    quality, words = quality_of(reading)
    age = now - reading.source_time
    return shown | {
        "value": shown_value(signal, reading),
        "quality": quality,
        "quality_words": "" if quality == "good" else words,
        "old": age > OLD_AFTER,
        "age": age_words(age.total_seconds()),
    }
