"""Notes in the trends: who wrote what, about which time and which signals."""

from collections.abc import Sequence
from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from jasang.web.floor.connected_models import Annotation
from jasang.web.tenants.models import Factory, Role


@transaction.atomic
def annotate(
    *,
    factory: Factory,
    user: AbstractBaseUser | None,
    text: str,
    start: datetime,
    end: datetime | None = None,
    asset: str = "",
    signals: Sequence[str] = (),
) -> Annotation:
    """Keep a note about a moment or a span (`end` after `start`)."""
    if end is not None and end <= start:
        raise ValueError(f"a note ends after it begins, got {start} and {end}")
    return Annotation.objects.of(factory).create(
        factory=factory, by=user, text=text, start=start, end=end, asset=asset, signals=list(signals)
    )


@transaction.atomic
def remove_note(*, note: Annotation) -> None:
    """Take it away."""
    note.delete()


def may_remove(*, role: Role, by: str, user: AbstractBaseUser) -> bool:
    """Who wrote a note may take it away, and the factory's owner."""
    return role == Role.OWNER or (bool(by) and by == user.get_username())
