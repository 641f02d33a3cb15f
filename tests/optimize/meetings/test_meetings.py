"""Expo meetings: exact on tiny instances, right on larger ones, planned anew with few moves, and conflicts that are minimal."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from benchmarks.expo_instances import expo

from jasang.optimize.meetings import (
    MeetingsProblem,
    Party,
    Pin,
    Wish,
    check_meetings,
    plan_meetings,
    plan_record,
    problem_record,
    read_plan,
    read_problem,
    replan_meetings,
)


def tiny(seed: int, **changes: object) -> MeetingsProblem:
    random = np.random.default_rng(seed)
    suppliers = tuple(Party(id=f"S{k}", away=((1, 1),) if random.random() < 0.3 else ()) for k in range(3))
    buyers = tuple(Party(id=f"B{k}", no_show=0.1 * k) for k in range(2))
    wishes = tuple(
        Wish(supplier=f"S{s}", buyer=f"B{b}", by_supplier=float(random.random()), by_buyer=float(random.random() > 0.5))
        for s in range(3)
        for b in range(2)
        if random.random() < 0.9
    )
    return MeetingsProblem(
        **{"suppliers": suppliers, "buyers": buyers, "wishes": wishes, "slots": (2,), "tables": 2, **changes}  # type: ignore[arg-type]
    )


def best_by_hand(problem: MeetingsProblem) -> float:
    from jasang.optimize.meetings.check import pair_scores

    scores = pair_scores(problem)
    away = {(one.id, slot) for one in (*problem.suppliers, *problem.buyers) for slot in one.away}
    best = 0.0
    for slots in product((None, (1, 1), (1, 2)), repeat=len(scores)):
        taken = [(pair, slot) for pair, slot in zip(scores, slots, strict=True) if slot]
        busy = [(name, slot) for pair, slot in taken for name in pair]
        tables = [slot for _, slot in taken]
        if (
            len(busy) == len(set(busy))
            and not set(busy) & away
            and all(tables.count(one) <= problem.tables for one in set(tables))
        ):
            best = max(best, sum(scores[pair] for pair, _ in taken))
    return best


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("tables", [1, 2])
def test_plan_of_a_tiny_expo_is_the_best_of_all_plans(seed: int, tables: int) -> None:
    problem = tiny(seed, tables=tables)

    plan = plan_meetings(problem, seconds=3)

    best = best_by_hand(problem)
    assert check_meetings(problem, plan) == ()
    assert (plan.objective, plan.bound) == pytest.approx((best, best), abs=1e-4)


@pytest.mark.parametrize("tables", [0.9, 0.5])
def test_made_expo_keeps_every_rule_and_is_near_its_bound(tables: float) -> None:
    problem = expo(suppliers=240, buyers=50, days=2, slots=6, tables=tables, seed=1)

    plan = plan_meetings(problem, seconds=20)

    assert check_meetings(problem, plan) == ()
    assert plan.gap < 0.015


def test_expo_planned_anew_keeps_nearly_everything() -> None:
    problem = expo(suppliers=240, buyers=50, days=2, slots=6, seed=1)
    plan = plan_meetings(problem, seconds=20)
    absent = [one.id for one in (*problem.suppliers, *problem.buyers)][::10]

    anew = replan_meetings(problem, plan, absent=absent, now=(1, 3))

    before = {(one.supplier, one.buyer): one.slot for one in plan.meetings}
    after = {(one.supplier, one.buyer): one.slot for one in anew.meetings}
    gone = {pair for pair, slot in before.items() if set(pair) & set(absent) and slot >= (1, 3)}
    assert check_meetings(problem, anew) == ()
    assert set(anew.cancelled) == gone
    assert all(after[pair] == slot for pair, slot in before.items() if slot < (1, 3))
    assert set(before) - gone <= set(after)
    assert sum(after[pair] != before[pair] for pair in set(before) - gone) == anew.moved
    assert anew.moved <= 0.05 * (len(before) - len(gone))
    assert len(after) > len(before) - len(gone)
    assert anew.gap < 0.03


def test_interpreters_limit_meetings_at_the_same_time() -> None:
    parties = {
        "suppliers": tuple(Party(id=f"S{k}", languages=("ko",)) for k in range(3)),
        "buyers": tuple(Party(id=f"B{k}", languages=("ja",)) for k in range(3)),
    }
    wishes = tuple(Wish(supplier=f"S{k}", buyer=f"B{k}", by_buyer=1.0) for k in range(3))
    problem = MeetingsProblem(**parties, wishes=wishes, slots=(2,), tables=5, interpreters=(("ja", 1),))

    plan = plan_meetings(problem, seconds=3)

    assert [(one.slot, one.interpreter) for one in plan.meetings] == [((1, 1), "ja"), ((1, 2), "ja")]
    assert plan.gap == pytest.approx(0.0)


def test_overbooking_takes_more_meetings_than_tables() -> None:
    suppliers = tuple(Party(id=f"S{k}", no_show=0.5) for k in range(20))
    buyers = tuple(Party(id=f"B{k}") for k in range(20))
    wishes = tuple(Wish(supplier=f"S{k}", buyer=f"B{k}", by_buyer=1.0) for k in range(20))
    problem = MeetingsProblem(suppliers=suppliers, buyers=buyers, wishes=wishes, slots=(1,), tables=8)

    careful, bold = plan_meetings(problem), plan_meetings(replace(problem, overbook_risk=0.05))

    # Of 11 meetings at odds of one half, 9 or more take place with probability 0.033; of 12 with 0.073.
    assert (len(careful.meetings), len(bold.meetings)) == (8, 11)


def test_stand_by_pairs_are_there_and_do_not_meet_yet() -> None:
    problem = expo(suppliers=120, buyers=30, days=1, slots=5, seed=2)

    plan = plan_meetings(problem)

    met = {(one.supplier, one.buyer) for one in plan.meetings}
    away = {(one.id, slot) for one in (*problem.suppliers, *problem.buyers) for slot in one.away}
    assert plan.stand_by
    assert all((one.supplier, one.buyer) not in met for one in plan.stand_by)
    assert all({(one.supplier, one.slot), (one.buyer, one.slot)}.isdisjoint(away) for one in plan.stand_by)


def test_pins_are_kept_and_may_be_without_a_wish() -> None:
    problem = replace(tiny(0), pins=(Pin(supplier="S2", buyer="B0", slot=(1, 2)), Pin(supplier="S1", buyer="B1")))

    plan = plan_meetings(problem)

    assert check_meetings(problem, plan) == ()
    assert {(one.supplier, one.buyer) for one in plan.meetings if one.pinned} == {("S2", "B0"), ("S1", "B1")}


def test_pins_beyond_the_slots_of_a_party_are_a_minimal_conflict() -> None:
    pins = tuple(Pin(supplier=f"S{k}", buyer="B0") for k in range(3))
    problem = replace(
        tiny(0), suppliers=tuple(Party(id=f"S{k}") for k in range(3)), pins=(*pins, Pin(supplier="S0", buyer="B1"))
    )

    plan = plan_meetings(problem)

    assert plan.status == "infeasible"
    assert [(one.kind, one.parties) for one in plan.conflict] == [
        ("pin", ("S0", "B0")),
        ("pin", ("S1", "B0")),
        ("pin", ("S2", "B0")),
        ("time", ("B0",)),
    ]


def test_two_pins_in_one_slot_conflict() -> None:
    pins = (Pin(supplier="S0", buyer="B0", slot=(1, 2)), Pin(supplier="S1", buyer="B0", slot=(1, 2)))

    plan = plan_meetings(replace(tiny(0), pins=pins))

    assert [one.kind for one in plan.conflict] == ["pin", "pin", "time"]


def test_pin_without_interpreter_and_pin_against_veto() -> None:
    spoken = replace(
        tiny(0),
        suppliers=tuple(Party(id=f"S{k}", languages=("ko",)) for k in range(3)),
        buyers=(Party(id="B0", languages=("es",)), Party(id="B1")),
        pins=(Pin(supplier="S0", buyer="B0"),),
    )
    ruled_out = replace(tiny(0), pins=(Pin(supplier="S0", buyer="B0"),), vetoes=(("S0", "B0"),))

    assert [one.kind for one in plan_meetings(spoken).conflict] == ["pin", "language"]
    assert [one.kind for one in plan_meetings(ruled_out).conflict] == ["pin", "veto"]


def test_same_seed_gives_the_same_plan() -> None:
    problem = expo(suppliers=100, buyers=25, days=1, slots=6, seed=3)

    assert plan_meetings(problem, seed=1).meetings == plan_meetings(problem, seed=1).meetings


def test_problem_and_plan_survive_json() -> None:
    import json

    problem = replace(tiny(0), pins=(Pin(supplier="S2", buyer="B0", slot=(1, 2)),))
    plan = plan_meetings(problem)

    assert read_problem(json.loads(json.dumps(problem_record(problem)))) == problem
    assert read_plan(json.loads(json.dumps(plan_record(plan)))) == plan


def test_no_wishes_is_an_empty_plan() -> None:
    plan = plan_meetings(replace(tiny(0), wishes=()))

    assert (plan.status, plan.meetings, plan.gap) == ("optimal", (), 0.0)
