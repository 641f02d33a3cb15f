"""Suppliers and buyers who want to meet at an expo: the problem and its answer, as values."""

from dataclasses import dataclass, field
from typing import Literal

from jasang.plant.text import Text

Slot = tuple[int, int]  # day and slot of the day, both from 1
Status = Literal["optimal", "feasible", "infeasible"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """A supplier or a buyer.

    `away`: slots without meetings (breaks, arrival). `max_per_day`: meetings a day at most (nothing = every slot). `no_show`:
    odds of not coming at all, 0 to 1.
    """

    id: str
    languages: tuple[str, ...] = ()
    away: tuple[Slot, ...] = ()
    max_per_day: int | None = None
    no_show: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.no_show < 1:
            raise ValueError(f"party {self.id!r}: no_show must be from 0 to below 1, got {self.no_show}")
        if self.max_per_day is not None and self.max_per_day < 0:
            raise ValueError(f"party {self.id!r}: max_per_day must be 0 or more, got {self.max_per_day}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """How much a supplier wants to meet a buyer and the other way round, each 0 (not asked) to 1."""

    supplier: str
    buyer: str
    by_supplier: float = 0.0
    by_buyer: float = 0.0

    def __post_init__(self) -> None:
        for name, value in (("by_supplier", self.by_supplier), ("by_buyer", self.by_buyer)):
            if not 0 <= value <= 1:
                raise ValueError(f"wish {self.supplier!r} – {self.buyer!r}: {name} must be from 0 to 1, got {value}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """A meeting that must take place, in a given slot or in any."""

    supplier: str
    buyer: str
    slot: Slot | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MeetingsProblem:
    """Everything that decides who meets whom and when.

    `slots`: number of slots of each day. `tables`: meetings at the same time. `interpreters`: how many of each language;
    a pair that shares no language takes one of a language of the buyer (parties of whom no language is stated take none).
    `mutual`: a wish of both sides counts so many times more. `overbook_risk`: odds of more meetings than tables in one slot that
    are taken because of no-shows (0 = never more meetings than tables).
    """

    suppliers: tuple[Party, ...]
    buyers: tuple[Party, ...]
    wishes: tuple[Wish, ...]
    slots: tuple[int, ...]
    tables: int
    interpreters: tuple[tuple[str, int], ...] = ()
    pins: tuple[Pin, ...] = ()
    vetoes: tuple[tuple[str, str], ...] = ()
    mutual: float = 1.5
    overbook_risk: float = 0.0

    def __post_init__(self) -> None:
        suppliers, buyers = _unique("supplier", self.suppliers), _unique("buyer", self.buyers)
        if not self.slots or min(self.slots) < 0 or sum(self.slots) == 0:
            raise ValueError(f"slots must name at least one day with at least one slot, got {list(self.slots)}")
        if self.tables < 1:
            raise ValueError(f"tables must be 1 or more, got {self.tables}")
        if not 0 <= self.overbook_risk < 1 or self.mutual <= 0:
            raise ValueError(
                f"expected 0 <= overbook_risk < 1 and mutual above 0, got {self.overbook_risk} and {self.mutual}"
            )
        pairs = [("wish", one.supplier, one.buyer) for one in self.wishes]
        pairs += [("pin", one.supplier, one.buyer) for one in self.pins]
        pairs += [("veto", *one) for one in self.vetoes]
        for what, supplier, buyer in pairs:
            if supplier not in suppliers or buyer not in buyers:
                side, name = ("supplier", supplier) if supplier not in suppliers else ("buyer", buyer)
                raise ValueError(f"{what} {supplier!r} – {buyer!r}: there is no {side} {name!r}")
        for party in (*self.suppliers, *self.buyers):
            for slot in party.away:
                self.number(slot, f"party {party.id!r}: away")
        for pin in self.pins:
            if pin.slot is not None:
                self.number(pin.slot, f"pin {pin.supplier!r} – {pin.buyer!r}: slot")

    def number(self, slot: Slot, where: str) -> int:
        """The slot's number from 0 over all days; ValueError where there is no such slot."""
        day, place = slot
        if not 1 <= day <= len(self.slots) or not 1 <= place <= self.slots[day - 1]:
            raise ValueError(f"{where} [{day}, {place}]: there is no such slot; days have {list(self.slots)} slots")
        return sum(self.slots[: day - 1]) + place - 1

    def slot(self, number: int) -> Slot:
        """Day and slot of a number from 0."""
        day = 0
        while number >= self.slots[day]:
            number -= self.slots[day]
            day += 1
        return day + 1, number + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """A meeting: who, when, at which table (from 1), with an interpreter of which language, and the points of its score that the
    supplier's and the buyer's wish bring (expected: no-shows count)."""

    supplier: str
    buyer: str
    slot: Slot
    table: int
    interpreter: str | None
    score: float
    pinned: bool = False
    why: Text | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StandBy:
    """A pair that could meet in a slot when somebody there does not come."""

    slot: Slot
    supplier: str
    buyer: str
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotUse:
    """What a slot holds: meetings planned, tables left over, and how many meetings are expected to fall out."""

    slot: Slot
    meetings: int
    spare_tables: int
    expected_no_shows: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """One of the demands that cannot be met together."""

    kind: str
    parties: tuple[str, ...]
    text: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class MeetingPlan:
    """An answer with its proof: `objective` is reached, no plan is above `bound`, `gap` = (bound - objective) / bound.

    `moved`: meetings that stayed but changed their slot in a re-plan; `cancelled`: those that fell out.
    """

    status: Status
    objective: float
    bound: float
    gap: float
    seconds: float
    meetings: tuple[Meeting, ...]
    slots: tuple[SlotUse, ...] = ()
    stand_by: tuple[StandBy, ...] = ()
    conflict: tuple[Demand, ...] = ()
    moved: int = 0
    cancelled: tuple[tuple[str, str], ...] = field(default=())


def _unique(what: str, parties: tuple[Party, ...]) -> set[str]:
    seen: set[str] = set()
    for party in parties:
        if not party.id or party.id in seen:
            raise ValueError(f"{what} {party.id!r} is there twice or has no id; every id must be its own")
        seen.add(party.id)
    return seen
