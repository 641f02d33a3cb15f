"""The rubric and its score: both readings, ageing evidence, gates, three things, few peers."""

from datetime import UTC, date, datetime, timedelta

import pytest

from jasang.diagnose.catalog import RULES
from jasang.diagnose.level import (
    Answer,
    LiveFacts,
    Measured,
    collection_uptime,
    compare,
    history,
    latest_rubric,
    live_answers,
    read_rubric,
    score,
)
from jasang.errors import ConfigurationError

TODAY = date(2026, 11, 23)
RUBRIC = latest_rubric()


def all_at(step: int, at: date = TODAY) -> list[Answer]:
    return [Answer(item=item.id, step=step, at=at) for item in RUBRIC.items]


@pytest.mark.parametrize(
    ("step", "points", "of_five", "four"), [(0, 0, 0, 0), (2, 400, 2, 1), (3, 600, 3, 2), (4, 800, 4, 3), (5, 1000, 5, 4)]
)  # fmt: skip
def test_level_of_even_answers(step: int, points: float, of_five: int, four: int) -> None:
    level = score(RUBRIC, all_at(step), TODAY)

    assert (level.points, level.of_five, level.number) == (pytest.approx(points), of_five, of_five)
    assert score(RUBRIC, all_at(step), TODAY, reading="four").number == four


def test_third_step_of_four_is_the_fourth_level_of_five() -> None:
    at_three = score(RUBRIC, all_at(3), TODAY, reading="four")

    assert (at_three.number, at_three.next_number, at_three.points_missing) == (2, 3, pytest.approx(150))


def test_gate_holds_the_level_back_and_comes_first() -> None:
    answers = [Answer(item=item.id, step=2 if item.id == "uptime" else 5, at=TODAY) for item in RUBRIC.items]

    level = score(RUBRIC, answers, TODAY)

    assert (level.of_five, level.gates_missing, level.points_missing) == (2, ("uptime",), 0.0)
    assert (level.things[0].item.id, level.things[0].to_step, level.things[0].gate) == ("uptime", 3, True)
    assert level.things[0].cost == (500_000, 3_000_000)


def test_level_falls_when_data_stops() -> None:
    facts = LiveFacts(
        records_not_typed=Measured(value=0.9, at=TODAY),
        latency_seconds=Measured(value=5, at=TODAY),
        lots_traceable=Measured(value=0.97, at=TODAY),
        standing_analyses=Measured(value=5, at=TODAY),
        verified_findings=Measured(value=7, at=TODAY),
        collection_uptime_90_days=Measured(value=0.98, at=TODAY),
        machines_connected=Measured(value=0.9, at=TODAY),
    )
    answers = all_at(4)
    levels = [
        score(RUBRIC, answers, TODAY + timedelta(days=days), facts=facts).of_five for days in (0, 14, 18, 21, 28, 800)
    ]

    assert levels == [4, 4, 2, 2, 1, 0]  # day 18: 4 steps of uptime · 10/14 are below the 3 that level 3 asks for


def test_old_evidence_is_asked_for_again_and_costs_nothing() -> None:
    stale = [Answer(item=item.id, step=3, at=TODAY - timedelta(days=600)) for item in RUBRIC.items]

    thing = score(RUBRIC, stale, TODAY).things[0]

    assert (thing.renew, thing.cost) == (True, (0, 0))


def test_live_data_outweigh_a_mentor_and_carry_their_proof() -> None:
    facts = LiveFacts(latency_seconds=Measured(value=60, at=TODAY, evidence="/f/x/live/"))
    answer = next(
        one.answer
        for one in score(RUBRIC, all_at(5), TODAY, facts=facts).items
        if one.item.id == "latency"
    )  # fmt: skip

    assert answer is not None
    assert (answer.step, answer.source, answer.evidence, answer.value) == (3, "live", "/f/x/live/", 60)


def test_worth_comes_from_open_findings_only() -> None:
    facts = LiveFacts(open_worth={"drift": 4e6, "mean_shift": 1e6, "nothing": 9e9})
    things = {thing.item.id: thing for thing in score(RUBRIC, (), TODAY, facts=facts).things}

    for name, thing in things.items():
        assert thing.worth == (5e6 if name == "analyses" else None)
    assert len(things) == 3


def test_answers_of_the_future_do_not_count() -> None:
    assert score(RUBRIC, all_at(5, TODAY + timedelta(days=1)), TODAY).points == 0


def test_uptime_counts_overlapping_spans_once() -> None:
    now = datetime(2026, 11, 23, tzinfo=UTC)
    spans = [(now - timedelta(days=back), now - timedelta(days=back - 9)) for back in (200, 18, 15)]

    assert collection_uptime(spans, now) == pytest.approx(12 / 90)


def test_comparison_needs_five_like_factories() -> None:
    peers = compare(500, [400, 500, 600, 700, 300])

    assert compare(500, [400, 500, 600, 700]) is None
    assert peers is not None
    assert (peers.count, peers.median, peers.ahead_of) == (5, 500, 0.5)


def test_history_knows_only_what_was_known_then() -> None:
    levels = history(RUBRIC, all_at(3, date(2026, 6, 1)), [date(2026, 5, 31), date(2026, 6, 1)])

    assert [level.of_five for level in levels] == [0, 3]


def test_rubric_names_rules_that_exist_and_facts_that_are_asked() -> None:
    rules = {rule.name for rule in RULES}
    facts = LiveFacts(
        **{item.live.fact: Measured(value=0.5, at=TODAY) for item in RUBRIC.items if item.live is not None}
    )

    assert {rule for item in RUBRIC.items for rule in item.rules} - rules == set()
    assert len(live_answers(RUBRIC, facts)) == 8


def test_wrong_rubric_is_told_with_its_file() -> None:
    with pytest.raises(ConfigurationError, match=r"my\.toml: found format = None"):
        read_rubric("version = '1'", file="my.toml")


def test_unknown_reading_is_told() -> None:
    with pytest.raises(ConfigurationError, match="there is no reading 'six'; expected one of five, four"):
        score(RUBRIC, (), TODAY, reading="six")


def test_command_tells_level_and_place_of_a_fault(tmp_path, capsys) -> None:
    import json

    from jasang.cli.main import main

    file = tmp_path / "answers.json"
    answers = [{"item": item.id, "step": 3, "at": "2026-11-20"} for item in RUBRIC.items]
    facts = {"latency_seconds": {"value": 5, "at": "2026-11-20"}, "open_worth": {"drift": 1e6}}
    file.write_text(json.dumps({"format": "jasang.level-answers/1", "answers": answers, "facts": facts}), "utf-8")

    assert main(["level", str(file), "--today", "2026-11-23", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["format"], shown["number"], len(shown["things"])) == ("jasang.level/1", 3, 3)
    assert main(["level", str(file), "--today", "2026-11-23", "--lang", "en"]) == 0
    assert "Level 3" in capsys.readouterr().out

    file.write_text(
        json.dumps({"format": "jasang.level-answers/1", "answers": [{"item": "goal", "step": 9, "at": "2026-11-20"}]})
    )
    assert main(["level", str(file)]) == 1
    assert "answers 1 (goal): step" in capsys.readouterr().err
