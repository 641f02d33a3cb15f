"""A made factory for a sample to try the pages with: the area that makes it tells the others, and each adds its own rows.

Registered by a line in the settings (`SAMPLE_PARTS`): functions (operator, made, seed, day). What they make must be told by the
very functions that tell of real rows (facts of a level, effects), so that nothing of a sample vanishes when it is reckoned again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from django.conf import settings
from django.utils.module_loading import import_string

from jasang.plant.text import Text
from jasang.web.tenants.models import Factory, Organisation


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeAction:
    """An action with its verified effect, won a year. `rule` is that of its finding."""

    key: UUID
    rule: str
    title: Text
    done_on: date
    won: float
    low: float
    high: float
    holds: bool


@dataclass(slots=True, kw_only=True)
class MadeFactory:
    """A factory of a sample: facts by their name in `diagnose.level.LiveFacts` (shares 0 to 1, seconds), and its actions."""

    factory: Factory
    facts: Mapping[str, float] = field(default_factory=dict)
    actions: list[MadeAction] = field(default_factory=list)


def fill_other_areas(*, operator: Organisation, made: Sequence[MadeFactory], seed: int, day: date) -> None:
    """Let every other area add what belongs to these factories, within the caller's transaction."""
    for path in settings.SAMPLE_PARTS:
        import_string(path)(operator=operator, made=made, seed=seed, day=day)
