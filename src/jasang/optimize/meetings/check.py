"""Whether a plan keeps every rule and is worth what it says: counted again from the problem alone."""

import math
from collections import Counter

from jasang.optimize.meetings.pairs import pairs_of
from jasang.optimize.meetings.problem import MeetingPlan, MeetingsProblem, Party
from jasang.plant.text import Text


def check_meetings(problem: MeetingsProblem, plan: MeetingPlan) -> tuple[Text, ...]:
    """Every rule that the plan breaks; empty where it is right."""
    sides = {one.id: one for one in problem.suppliers}, {one.id: one for one in problem.buyers}
    broken: list[Text] = []
    pairs = Counter((one.supplier, one.buyer) for one in plan.meetings)
    broken += [_says(f"{s} – {b}", "두 번 만납니다", "meet twice") for (s, b), count in pairs.items() if count > 1]
    broken += [_says(f"{s} – {b}", "제외한 만남입니다", "are ruled out") for s, b in pairs if (s, b) in problem.vetoes]
    at: Counter[tuple[str, str, tuple[int, int]]] = Counter()
    days: Counter[tuple[str, str, int]] = Counter()
    tables: Counter[tuple[int, int]] = Counter()
    voices: Counter[tuple[tuple[int, int], str]] = Counter()
    for meeting in plan.meetings:
        supplier, buyer = sides[0][meeting.supplier], sides[1][meeting.buyer]
        tables[meeting.slot] += 1
        for side, party in (("s", supplier), ("b", buyer)):
            at[side, party.id, meeting.slot] += 1
            days[side, party.id, meeting.slot[0]] += 1
            if meeting.slot in party.away:
                broken.append(_says(party.id, f"{meeting.slot}에는 없습니다", f"is away in {meeting.slot}"))
        needs = bool(supplier.languages and buyer.languages and not set(supplier.languages) & set(buyer.languages))
        if needs and meeting.interpreter not in buyer.languages:
            broken.append(_says(f"{supplier.id} – {buyer.id}", "통역이 없습니다", "have no interpreter"))
        if meeting.interpreter is not None:
            voices[meeting.slot, meeting.interpreter] += 1
    broken += [
        _says(name, f"{slot}에 두 곳에 있습니다", f"is in two places in {slot}")
        for (_, name, slot), n in at.items()
        if n > 1
    ]
    broken += _too_many_days(sides, days)
    most = int(pairs_of(problem).tables.max(initial=problem.tables)) if problem.overbook_risk else problem.tables
    broken += [_says(str(slot), f"만남이 {n}건입니다", f"has {n} meetings") for slot, n in tables.items() if n > most]
    there = dict(problem.interpreters)
    for (slot, language), count in voices.items():
        if count > there.get(language, 0):
            broken.append(
                _says(str(slot), f"{language} 통역이 {count}명 필요합니다", f"needs {count} interpreters of {language}")
            )
    if plan.status != "infeasible" and not plan.cancelled:
        broken += _pins(problem, plan)
    scores = pair_scores(problem)
    total = sum(scores[one.supplier, one.buyer] for one in plan.meetings)
    if not math.isclose(total, plan.objective, rel_tol=1e-9, abs_tol=1e-6):
        broken.append(_says("objective", f"다시 세면 {total:.6f}점입니다", f"is {total:.6f} when counted again"))
    if plan.objective > plan.bound * (1 + 1e-9) + 1e-6:
        broken.append(_says("bound", "목적값보다 작습니다", "is below the objective"))
    return tuple(broken)


def pair_scores(problem: MeetingsProblem) -> dict[tuple[str, str], float]:
    """Expected points of every wished or pinned pair, as docs/meetings.md defines them."""
    away = {one.id: one.no_show for one in problem.suppliers}, {one.id: one.no_show for one in problem.buyers}
    asked: dict[tuple[str, str], tuple[float, float]] = {(one.supplier, one.buyer): (0.0, 0.0) for one in problem.pins}
    for wish in problem.wishes:
        one, other = asked.get((wish.supplier, wish.buyer), (0.0, 0.0))
        asked[wish.supplier, wish.buyer] = max(one, wish.by_supplier), max(other, wish.by_buyer)
    return {
        (s, b): 50.0
        * (one + other)
        * (problem.mutual if one > 0 and other > 0 else 1.0)
        * (1 - away[0][s])
        * (1 - away[1][b])
        for (s, b), (one, other) in asked.items()
    }


def _too_many_days(sides: tuple[dict[str, Party], dict[str, Party]], days: Counter[tuple[str, str, int]]) -> list[Text]:
    broken = []
    for (side, name, day), count in days.items():
        most = sides[0 if side == "s" else 1][name].max_per_day
        if most is not None and count > most:
            broken.append(
                _says(name, f"{day}일째 만남이 {count}건입니다", f"has {count} meetings on day {day}, at most {most}")
            )
    return broken


def _pins(problem: MeetingsProblem, plan: MeetingPlan) -> list[Text]:
    when = {(one.supplier, one.buyer): one.slot for one in plan.meetings}
    return [
        _says(f"{pin.supplier} – {pin.buyer}", "고정한 만남이 없습니다", "are pinned and do not meet so")
        for pin in problem.pins
        if (pin.supplier, pin.buyer) not in when or pin.slot not in (None, when[pin.supplier, pin.buyer])
    ]


def _says(name: str, ko: str, en: str) -> Text:
    return Text(ko=f"{name}: {ko}.", en=f"{name} {en}.")
