"""Why the pinned meetings cannot all take place: a smallest set of demands that conflict.

Pins that are at odds by themselves are found directly; else a programme over the slots of the pins decides, and pins are dropped
one by one as long as the rest still conflicts (a deletion filter), so each pin that remains is needed.
"""

import numpy as np
import scipy.sparse as sp
from scipy.optimize import Bounds, LinearConstraint, milp

from jasang.optimize.meetings.pairs import Pairs
from jasang.optimize.meetings.problem import Demand, MeetingsProblem, Pin
from jasang.plant.text import Text


def pin_conflict(problem: MeetingsProblem, pairs: Pairs) -> tuple[Demand, ...]:
    """A smallest conflict of the pins; empty where all can take place."""
    pins = list(dict.fromkeys(problem.pins))
    vetoes = set(problem.vetoes)
    row = {pair: number for number, pair in enumerate(zip(pairs.supplier.tolist(), pairs.buyer.tolist(), strict=True))}
    at_s = {one.id: k for k, one in enumerate(problem.suppliers)}
    at_b = {one.id: k for k, one in enumerate(problem.buyers)}
    numbers = [row[at_s[pin.supplier], at_b[pin.buyer]] for pin in pins]
    for pin, number in zip(pins, numbers, strict=True):
        if (pin.supplier, pin.buyer) in vetoes:
            return _pinned(pin), _vetoed(pin)
        if pairs.language[number] == -2:
            return _pinned(pin), _no_interpreter(pin)
    chosen = list(range(len(pins)))
    if not chosen or _possible(problem, pairs, [pins[k] for k in chosen], [numbers[k] for k in chosen]):
        return ()
    for k in list(chosen):
        fewer = [one for one in chosen if one != k]
        if not fewer or not _possible(problem, pairs, [pins[one] for one in fewer], [numbers[one] for one in fewer]):
            chosen = fewer or chosen
    return (
        *(_pinned(pins[k]) for k in chosen),
        *_limits(problem, pairs, [pins[k] for k in chosen], [numbers[k] for k in chosen]),
    )


def _possible(problem: MeetingsProblem, pairs: Pairs, pins: list[Pin], numbers: list[int]) -> bool:
    """Whether these pins can all take place (a feasibility programme over pin and slot)."""
    slots, parties = pairs.day.size, pairs.there.shape[0]
    days = pairs.per_day.shape[1]
    column: list[tuple[int, int]] = []
    for k, (pin, number) in enumerate(zip(pins, numbers, strict=True)):
        ends = pairs.supplier[number], pairs.buyer[number] + pairs.suppliers
        only = range(slots) if pin.slot is None else [problem.number(pin.slot, "pin")]
        column += [(k, slot) for slot in only if pairs.there[ends[0], slot] and pairs.there[ends[1], slot]]
    if len({k for k, _ in column}) < len(pins):
        return False
    # The same pair pinned twice meets twice at most once: both pins need the one slot.
    entries: list[tuple[int, int]] = []
    keys: dict[tuple[str, int, int], int] = {}
    limit: list[float] = []

    def add(key: tuple[str, int, int], most: float, place: int) -> None:
        if key not in keys:
            keys[key] = len(limit)
            limit.append(most)
        entries.append((keys[key], place))

    for place, (k, slot) in enumerate(column):
        number, day = numbers[k], int(pairs.day[slot])
        for party in (int(pairs.supplier[number]), int(pairs.buyer[number] + pairs.suppliers)):
            add(("party", party, slot), 1, place)
            add(("day", party * days + day, parties), float(pairs.per_day[party, day]), place)
        add(("table", slot, 0), float(pairs.tables[slot]), place)
        if pairs.language[number] >= 0:
            add(("voice", slot, int(pairs.language[number])), float(pairs.interpreters[pairs.language[number]]), place)
    i, j = np.array(entries).T
    upper = sp.csr_matrix((np.ones(i.size), (i, j)), (len(limit), len(column)))
    each = sp.csr_matrix((np.ones(len(column)), ([k for k, _ in column], range(len(column)))), (len(pins), len(column)))
    answer = milp(
        np.zeros(len(column)), integrality=np.ones(len(column)), bounds=Bounds(0, 1),
        constraints=[LinearConstraint(upper, -np.inf, limit), LinearConstraint(each, 1, 1)], options={"time_limit": 5.0},
    )  # fmt: skip
    return bool(answer.status != 2)


def _limits(problem: MeetingsProblem, pairs: Pairs, pins: list[Pin], numbers: list[int]) -> list[Demand]:
    """What the pins share: the parties with several of them, else tables and interpreters."""
    found = []
    parties = [*problem.suppliers, *problem.buyers]
    ends = [
        end for number in numbers for end in (int(pairs.supplier[number]), int(pairs.buyer[number] + pairs.suppliers))
    ]
    shared = sorted({end for end in ends if ends.count(end) > 1}) if len(pins) > 1 else sorted(set(ends))
    for end in shared:
        most, free = int(pairs.per_day[end].sum()), int(pairs.there[end].sum())
        text = Text(
            ko=f"{parties[end].id}은(는) 비어 있는 시간이 {free}번, 만날 수 있는 것은 모두 {most}번입니다.",
            en=f"{parties[end].id} is there in {free} slots and takes {most} meetings in all.",
        )
        found.append(Demand(kind="time", parties=(parties[end].id,), text=text))
    if not shared or any(pin.slot is not None for pin in pins):
        count = len(pins)
        if count > problem.tables:
            text = Text(ko=f"한 시간대의 테이블은 {problem.tables}개입니다.", en=f"A slot has {problem.tables} tables.")
            found.append(Demand(kind="tables", parties=(), text=text))
    spoken = sorted({int(pairs.language[number]) for number in numbers} - {-1})
    for language in spoken:
        name, most = pairs.languages[language], int(pairs.interpreters[language])
        text = Text(ko=f"{name} 통역은 {most}명입니다.", en=f"There are {most} interpreters of {name}.")
        found.append(Demand(kind="interpreters", parties=(), text=text))
    return found


def _pinned(pin: Pin) -> Demand:
    when_ko = f" {pin.slot[0]}일째 {pin.slot[1]}번째 시간에" if pin.slot else ""
    when_en = f" on day {pin.slot[0]}, slot {pin.slot[1]}" if pin.slot else ""
    text = Text(
        ko=f"{pin.supplier}와(과) {pin.buyer}은(는){when_ko} 꼭 만나야 합니다.",
        en=f"{pin.supplier} and {pin.buyer} must meet{when_en}.",
    )
    return Demand(kind="pin", parties=(pin.supplier, pin.buyer), text=text)


def _vetoed(pin: Pin) -> Demand:
    text = Text(
        ko=f"{pin.supplier}와(과) {pin.buyer}은(는) 만나지 않기로 했습니다.",
        en=f"{pin.supplier} and {pin.buyer} may not meet.",
    )
    return Demand(kind="veto", parties=(pin.supplier, pin.buyer), text=text)


def _no_interpreter(pin: Pin) -> Demand:
    text = Text(
        ko=f"{pin.supplier}와(과) {pin.buyer}은(는) 같은 말을 쓰지 않고 통역도 없습니다.",
        en=f"{pin.supplier} and {pin.buyer} share no language and there is no interpreter.",
    )
    return Demand(kind="language", parties=(pin.supplier, pin.buyer), text=text)
