"""`plan_meetings` and `replan_meetings`: who meets whom and when, with a bound, spare tables and a stand-by list."""

import time
from collections.abc import Collection
from dataclasses import replace

import numpy as np

from jasang.optimize.meetings.conflicts import pin_conflict
from jasang.optimize.meetings.exact import SMALL, solve_exact
from jasang.optimize.meetings.pairs import Pairs, Relaxed, pairs_of, relax
from jasang.optimize.meetings.problem import (
    Demand,
    Meeting,
    MeetingPlan,
    MeetingsProblem,
    Slot,
    SlotUse,
    StandBy,
    Status,
)
from jasang.optimize.meetings.timetable import Timetable
from jasang.plant.text import Text

# A gap below which a plan is called optimal.
OPTIMAL = 1e-4
# A larger gap is worth a second, slower relaxation by day.
_LOOSE = 0.002


def plan_meetings(problem: MeetingsProblem, *, seconds: float = 60.0, seed: int = 0) -> MeetingPlan:
    """The best timetable found; usually well before `seconds` of wall time are over. The same seed gives the same plan."""
    began = time.perf_counter()
    pairs = pairs_of(problem)
    conflict = pin_conflict(problem, pairs)
    relaxed = relax(pairs, pairs.worth)
    table = Timetable(pairs)
    if not conflict:
        _put_pins(problem, pairs, table)
    pinned = frozenset(table.slot_of)
    until = began + 0.85 * seconds - 0.3
    _fill(table, relaxed, pairs.worth, until, seed, pinned)
    objective, bound = _total(pairs, table), relaxed.bound
    if pairs.there.shape[1] * pairs.worth.size <= SMALL and bound - objective > OPTIMAL * bound and not conflict:
        exact = solve_exact(pairs, _slots_of_pins(problem, pairs), 0.5 * seconds)
        bound = min(bound, exact.bound)
        if exact.slot_of is not None and sum(pairs.worth[number] for number in exact.slot_of) >= objective:
            table = Timetable(pairs)
            for number, slot in exact.slot_of.items():
                table.put(number, slot)
            objective = _total(pairs, table)
    left = seconds - (time.perf_counter() - began)
    # The relaxation by day takes some twenty times as long as the first one.
    if bound - objective > _LOOSE * bound and len(problem.slots) > 1 and left > max(8.0, pairs.supplier.size / 4000.0):
        bound = min(bound, relax(pairs, pairs.worth, by_day=True).bound)
    return _plan(problem, pairs, table, objective, max(bound, objective), began, conflict)


def replan_meetings(
    problem: MeetingsProblem, plan: MeetingPlan, *, absent: Collection[str], now: Slot = (1, 1), seconds: float = 5.0,
    max_moved: float = 0.05, seed: int = 0,
) -> MeetingPlan:  # fmt: skip
    """The plan anew from slot `now` on, without the parties in `absent`.

    Meetings of others stay where they are, but for at most the share `max_moved` of them; freed slots go to pairs that waited.
    """
    began = time.perf_counter()
    known = {one.id for one in (*problem.suppliers, *problem.buyers)}
    for name in absent:
        if name not in known:
            raise ValueError(f"absent {name!r}: there is no such supplier or buyer")
    pairs = pairs_of(problem)
    first = problem.number(now, "now")
    gone = np.array([one.id in set(absent) for one in (*problem.suppliers, *problem.buyers)])
    out = gone[pairs.supplier] | gone[pairs.buyer + pairs.suppliers]
    at = {pair: number for number, pair in enumerate(_names(problem, pairs))}
    table = Timetable(pairs)
    cancelled, before = [], {}
    for meeting in plan.meetings:
        number, slot = at[meeting.supplier, meeting.buyer], problem.number(meeting.slot, "meeting")
        if out[number] and slot >= first:
            cancelled.append((meeting.supplier, meeting.buyer))
        else:
            table.put(number, slot)
            before[number] = slot
    table.first = first
    past = frozenset(number for number, slot in before.items() if slot < first)
    pinned = past | frozenset(number for number in before if pairs.pinned[number])
    worth = np.where(out, 0.0, pairs.worth)
    worth[list(past)] = 0.0
    relaxed = _remaining(pairs, worth, past, table)
    budget = int(max_moved * (len(before) - len(past)))
    _fill(table, relaxed, worth, began + 0.8 * seconds - 0.2, seed, pinned, budget=budget, replace=False)
    objective = float(sum(pairs.worth[number] for number in table.slot_of))
    bound = relaxed.bound + float(sum(pairs.worth[number] for number in past))
    moved = sum(table.slot_of.get(number, slot) != slot for number, slot in before.items())
    return _plan(
        problem,
        pairs,
        table,
        objective,
        max(bound, objective),
        began,
        (),
        moved=moved,
        cancelled=tuple(cancelled),
        gone=gone,
    )


def _remaining(pairs: Pairs, worth: np.ndarray, past: frozenset[int], table: Timetable) -> Relaxed:
    """The relaxation of what is left of the expo."""
    later = np.arange(pairs.day.size) >= table.first
    there = pairs.there & later[None, :]
    free = np.stack(
        [(there & (pairs.day == day)[None, :]).sum(axis=1) for day in range(pairs.per_day.shape[1])], axis=1
    )
    held = np.zeros_like(pairs.per_day)
    for number in past:
        for party in table.ends[number]:
            held[party, pairs.day[table.slot_of[number]]] += 1
    left = Pairs(
        supplier=pairs.supplier, buyer=pairs.buyer, worth=worth, shows=pairs.shows, language=pairs.language, there=there,
        day=pairs.day, per_day=np.minimum(free, np.maximum(pairs.per_day - held, 0)),
        tables=np.where(later, pairs.tables, 0), interpreters=pairs.interpreters, languages=pairs.languages,
        pinned=pairs.pinned, suppliers=pairs.suppliers,
    )  # fmt: skip
    return relax(left, worth)


def _slots_of_pins(problem: MeetingsProblem, pairs: Pairs) -> dict[int, int | None]:
    at = {pair: number for number, pair in enumerate(_names(problem, pairs))}
    free = {at[pin.supplier, pin.buyer]: None for pin in problem.pins}
    given = {
        at[pin.supplier, pin.buyer]: problem.number(pin.slot, "pin") for pin in problem.pins if pin.slot is not None
    }
    return {**free, **given}


def _put_pins(problem: MeetingsProblem, pairs: Pairs, table: Timetable) -> None:
    """Enter the pins, which are known to fit: given slots first; where the others find none, all by one programme."""
    pins = _slots_of_pins(problem, pairs)
    given = {number: slot for number, slot in pins.items() if slot is not None}
    for number, slot in given.items():
        table.put(number, slot)
    if all(table.place(number, fixed=frozenset(given)) >= 0 for number in pins if number not in given):
        return
    exact = solve_exact(replace(pairs, worth=np.zeros_like(pairs.worth)), pins, 10.0)
    for number in list(table.slot_of):
        table.take(number)
    for number, slot in (exact.slot_of or {}).items():
        table.put(number, slot)


def _fill(
    table: Timetable, relaxed: Relaxed, worth: np.ndarray, until: float, seed: int, fixed: frozenset[int],
    *, budget: int | None = None, replace: bool = True,
) -> None:  # fmt: skip
    """Enter the pairs that the relaxation wants, then all others by their worth at its prices; then replace poorer ones."""
    random = np.random.default_rng(seed)
    jitter = random.random(worth.size) * 1e-6
    wanted = np.where(relaxed.share > 0.5, 1e6, 0.0) + relaxed.net + jitter
    order = [int(k) for k in np.argsort(-wanted) if worth[k] > 0 and int(k) not in table.slot_of]
    waiting = []
    if budget is not None:  # time is short: first what fits without moving anybody
        order = [number for number in order if table.place(number, moves=0) < 0]
    for number in order:
        if time.perf_counter() > until:
            return
        moved = table.place(number, moves=40 if budget is None else min(budget, 12), fixed=fixed)
        if moved < 0:
            waiting.append(number)
        elif budget is not None:
            budget -= moved
    if replace:
        _replace(table, worth.tolist(), waiting, until, fixed)


def _replace(table: Timetable, worth: list[float], waiting: list[int], until: float, fixed: frozenset[int]) -> None:
    """A waiting pair takes the slot of a poorer meeting of one of its parties, which then looks for another slot."""
    queue = sorted(waiting, key=lambda number: -worth[number])
    for _ in range(3):
        gained, rest = False, []
        for number in queue:
            if time.perf_counter() > until:
                return
            out = _oust(table, worth, number, fixed)
            if out is None:
                rest.append(number)
            else:
                gained = True
                rest += [one for one in out if table.place(one, fixed=fixed) < 0]
        queue = sorted(rest, key=lambda number: -worth[number])
        if not gained:
            return


def _oust(table: Timetable, worth: list[float], number: int, fixed: frozenset[int]) -> list[int] | None:
    """Enter the pair in place of meetings that together are worth less; these, or nothing where there are none."""
    best: tuple[float, int, list[int]] | None = None
    for slot in range(table.first, len(table.day)):
        if not all(table.there[party][slot] for party in table.ends[number]):
            continue
        out = sorted({table.at[party][slot] for party in table.ends[number]} - {-1})
        loss = sum(worth[one] for one in out)
        if (
            out
            and not any(one in fixed for one in out)
            and loss < worth[number] - 1e-9
            and (best is None or loss < best[0])
        ):
            best = (loss, slot, out)
    if best is None or table.language[number] == -2:
        return None
    _, slot, out = best
    for one in out:
        table.take(one)
    if table.fits(number, slot):
        table.put(number, slot)
        return out
    for one in out:
        table.put(one, slot)
    return None


def _names(problem: MeetingsProblem, pairs: Pairs) -> list[tuple[str, str]]:
    return [
        (problem.suppliers[s].id, problem.buyers[b].id)
        for s, b in zip(pairs.supplier.tolist(), pairs.buyer.tolist(), strict=True)
    ]


def _total(pairs: Pairs, table: Timetable) -> float:
    return float(sum(pairs.worth[number] for number in table.slot_of))


def _plan(
    problem: MeetingsProblem, pairs: Pairs, table: Timetable, objective: float, bound: float, began: float,
    conflict: tuple[Demand, ...], *, moved: int = 0, cancelled: tuple[tuple[str, str], ...] = (), gone: np.ndarray | None = None,
) -> MeetingPlan:  # fmt: skip
    names = _names(problem, pairs)
    by_slot: dict[int, list[int]] = {}
    for number, slot in sorted(table.slot_of.items(), key=lambda item: (item[1], item[0])):
        by_slot.setdefault(slot, []).append(number)
    meetings, uses = [], []
    for slot in range(pairs.day.size):
        inside = by_slot.get(slot, [])
        where = problem.slot(slot)
        uses.append(SlotUse(
            slot=where, meetings=len(inside), spare_tables=max(0, problem.tables - len(inside)),
            expected_no_shows=float(sum(1 - pairs.shows[number] for number in inside)),
        ))  # fmt: skip
        for place, number in enumerate(inside, start=1):
            language = int(pairs.language[number])
            meetings.append(Meeting(
                supplier=names[number][0], buyer=names[number][1], slot=where, table=place,
                interpreter=pairs.languages[language] if language >= 0 else None, score=float(pairs.worth[number]),
                pinned=bool(pairs.pinned[number]), why=_why(pairs, number),
            ))  # fmt: skip
    gap = (bound - objective) / max(bound, 1e-9)
    status: Status = "infeasible" if conflict else "optimal" if gap <= OPTIMAL else "feasible"
    return MeetingPlan(
        status=status, objective=objective, bound=bound, gap=gap, seconds=time.perf_counter() - began,
        meetings=tuple(meetings), slots=tuple(uses), stand_by=_stand_by(pairs, table, uses, names, gone),
        conflict=conflict, moved=moved, cancelled=cancelled,
    )  # fmt: skip


def _why(pairs: Pairs, number: int) -> Text:
    """How the meeting ranks among the wishes of both."""
    ranks = []
    for side, party in ((pairs.supplier, pairs.supplier[number]), (pairs.buyer, pairs.buyer[number])):
        others = pairs.worth[side == party]
        ranks.append((1 + int((others > pairs.worth[number]).sum()), others.size))
    (one, of_one), (other, of_other) = ranks
    return Text(
        ko=f"공급사의 희망 {of_one}건 중 {one}번째, 바이어의 희망 {of_other}건 중 {other}번째입니다.",
        en=f"Number {one} of the supplier's {of_one} wishes and number {other} of the buyer's {of_other}.",
    )


def _stand_by(
    pairs: Pairs, table: Timetable, uses: list[SlotUse], names: list[tuple[str, str]],
    gone: np.ndarray | None,
) -> tuple[StandBy, ...]:  # fmt: skip
    """For each slot the best waiting pairs that could step in, one and a half times as many as no-shows are expected.

    One of the two is free; the other one's partner, or the two themselves, wait for a no-show.
    """
    waiting = [k for k in np.argsort(-pairs.worth).tolist() if k not in table.slot_of and pairs.worth[k] > 0]
    if gone is not None:
        waiting = [k for k in waiting if not gone[list(table.ends[k])].any()]
    found = []
    for slot, use in enumerate(uses):
        wanted = int(np.ceil(1.5 * use.expected_no_shows)) if slot >= table.first else 0
        taken: set[int] = set()
        for number in waiting:
            if wanted <= 0:
                break
            ends = table.ends[number]
            ready = [party for party in ends if table.there[party][slot] and table.at[party][slot] < 0]
            if ready and all(table.there[party][slot] for party in ends) and not taken & set(ends):
                found.append(StandBy(
                    slot=use.slot, supplier=names[number][0], buyer=names[number][1], score=float(pairs.worth[number])
                ))  # fmt: skip
                taken |= set(ends)
                wanted -= 1
    return tuple(found)
