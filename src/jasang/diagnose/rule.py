"""What a finding rule is: a name, its title in both languages and a check over the factory's data."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from jasang.diagnose.evidence_base import EvidenceBase
from jasang.diagnose.finding import Finding
from jasang.plant.text import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One kind of finding. `check` yields findings; it never raises on odd data, it yields nothing."""

    name: str
    title: Text
    check: Callable[[EvidenceBase], Iterable[Finding]]
