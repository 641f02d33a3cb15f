"""A timetable of meetings that is always right: nobody in two places, no more meetings than tables and interpreters.

A pair whose free slots differ is placed by letting a chain of meetings change between two slots (Kempe chains; König's theorem
says that for two sides this always works where only the number of slots limits).
"""

import numpy as np

from jasang.optimize.meetings.pairs import Pairs


class Timetable:
    """Pair numbers by party and slot (-1 = free); suppliers and buyers are numbered together."""

    def __init__(self, pairs: Pairs, first: int = 0) -> None:
        self.pairs, self.first = pairs, first  # slots before `first` are over
        parties, slots = pairs.there.shape
        self.at = np.full((parties, slots), -1).tolist()
        self.slot_of: dict[int, int] = {}
        self.there = pairs.there.tolist()
        self.day = pairs.day.tolist()
        self.held = np.zeros_like(pairs.per_day).tolist()
        self.most = pairs.per_day.tolist()
        self.room = pairs.tables.tolist()
        self.voices = [pairs.interpreters.tolist() for _ in range(slots)]
        self.language = pairs.language.tolist()
        self.ends = list(zip(pairs.supplier.tolist(), (pairs.buyer + pairs.suppliers).tolist(), strict=True))

    def put(self, pair: int, slot: int) -> None:
        """Enter a meeting; the caller has made sure that it fits."""
        day = self.day[slot]
        for party in self.ends[pair]:
            self.at[party][slot] = pair
            self.held[party][day] += 1
        self.slot_of[pair] = slot
        self.room[slot] -= 1
        if self.language[pair] >= 0:
            self.voices[slot][self.language[pair]] -= 1

    def take(self, pair: int) -> int:
        """Take a meeting out; returns its slot."""
        slot = self.slot_of.pop(pair)
        day = self.day[slot]
        for party in self.ends[pair]:
            self.at[party][slot] = -1
            self.held[party][day] -= 1
        self.room[slot] += 1
        if self.language[pair] >= 0:
            self.voices[slot][self.language[pair]] += 1
        return slot

    def fits(self, pair: int, slot: int) -> bool:
        """Whether the meeting can be entered as the timetable stands."""
        day, language = self.day[slot], self.language[pair]
        return (
            slot >= self.first
            and language > -2
            and self.room[slot] > 0
            and (language < 0 or self.voices[slot][language] > 0)
            and all(
                self.there[party][slot] and self.at[party][slot] < 0 and self.held[party][day] < self.most[party][day]
                for party in self.ends[pair]
            )
        )

    def free(self, party: int) -> list[int]:
        """Slots in which the party could meet somebody."""
        at, there, held, most = self.at[party], self.there[party], self.held[party], self.most[party]
        return [
            slot
            for slot in range(self.first, len(at))
            if at[slot] < 0 and there[slot] and held[self.day[slot]] < most[self.day[slot]]
        ]

    def place(self, pair: int, *, moves: int = 40, fixed: frozenset[int] = frozenset()) -> int:
        """Enter the pair somewhere; the number of meetings that moved for it, -1 where no way was found.

        `moves`: longest chain; pairs in `fixed` stay where they are.
        """
        if self.language[pair] == -2:
            return -1
        supplier, buyer = self.ends[pair]
        his, hers = self.free(supplier), self.free(buyer)
        both = [slot for slot in his if slot in set(hers) and self.fits(pair, slot)]
        if both:
            self.put(pair, max(both, key=lambda slot: self.room[slot]))
            return 0
        if moves < 1 or not his or not hers:
            return -1
        room = self.room  # the chain adds one meeting to one of its two slots
        ways = [(one, other) for one in his for other in hers if one != other and room[one] + room[other] > 0]
        ways.sort(key=lambda way: (self.day[way[0]] != self.day[way[1]], -self.room[way[0]] - self.room[way[1]]))
        for one, other in ways[:36]:
            moved = self._swing(pair, one, other, moves, fixed)
            if moved >= 0:
                return moved
        return -1

    def _swing(self, pair: int, one: int, other: int, moves: int, fixed: frozenset[int]) -> int:
        """The buyer is busy in slot `one`: change a chain between `one` and `other` so that the pair can meet in `one`."""
        chain: list[tuple[int, int]] = []  # pair, new slot
        party, here, there = self.ends[pair][1], one, other
        while (busy := self.at[party][here]) >= 0:
            if len(chain) >= moves or busy in fixed:
                return -1
            if not all(self.there[end][there] for end in self.ends[busy]):
                return -1
            chain.append((busy, there))
            ends = self.ends[busy]
            party = ends[0] if ends[1] == party else ends[1]
            here, there = there, here
        for moved, _ in chain:
            self.take(moved)
        done = []
        for moved, slot in [*chain, (pair, one)]:
            if not self.fits(moved, slot):
                break
            self.put(moved, slot)
            done.append(moved)
        else:
            return len(chain)
        for moved in done:
            self.take(moved)
        for moved, slot in chain:
            self.put(moved, one if slot == other else other)
        return -1
