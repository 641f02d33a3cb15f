"""The ranking of a call against tables worked by hand."""

import pytest

from jasang.web.programme.ranking import Judged, Ranked, rank_call

pytestmark = pytest.mark.web
CRITERIA = (("need", 40), ("effect", 60))


def judged(key: str, need: int, effect: int, *, asked: int = 10, judges: int = 2) -> Judged:
    return Judged(key=key, asked=asked, scores=tuple({"need": need, "effect": effect} for _ in range(judges)))


def ranked(*rows: Judged, budget: int | None = None) -> tuple[Ranked, ...]:
    return rank_call(rows, CRITERIA, judges=2, least=70, budget=budget)


def test_means_ranks_and_money_of_a_worked_table() -> None:
    found = ranked(
        judged("a", 40, 50), judged("b", 30, 50), judged("c", 30, 39), judged("d", 38, 60, asked=25), budget=40
    )  # fmt: skip

    assert [(one.key, one.mean, one.rank, one.money, one.side) for one in found] == [
        ("d", 98.0, 1, 25, "above"), ("a", 90.0, 2, 35, "above"), ("b", 80.0, 3, 45, "below"), ("c", 69.0, 4, None, "failed"),
    ]  # fmt: skip


def test_equal_means_are_told_apart_by_the_heaviest_criterion() -> None:
    found = ranked(judged("a", 40, 40), judged("b", 20, 60))

    assert [(one.key, one.rank, one.tie) for one in found] == [("b", 1, True), ("a", 2, True)]


def test_equals_in_everything_share_the_rank_and_the_next_is_left_out() -> None:
    found = ranked(judged("a", 40, 40), judged("b", 40, 40), judged("c", 35, 40))

    assert [(one.key, one.rank, one.tie) for one in found] == [("a", 1, True), ("b", 1, True), ("c", 3, False)]


def test_equals_of_whom_the_money_serves_only_some_stand_on_the_line() -> None:
    found = ranked(
        judged("a", 40, 50), judged("b", 40, 40), judged("c", 40, 40), judged("d", 30, 45, asked=1), budget=25
    )

    # d is cheap enough, but nobody is served before somebody better.
    assert [(one.key, one.side) for one in found] == [("a", "above"), ("b", "line"), ("c", "line"), ("d", "below")]


def test_money_that_ends_exactly_is_enough() -> None:
    assert [one.side for one in ranked(judged("a", 40, 50), judged("b", 40, 40), budget=20)] == ["above", "above"]


def test_means_are_exact_whichever_way_they_are_added() -> None:
    thirds = tuple({"need": need, "effect": 60} for need in (10, 10, 11))
    others = tuple({"need": need, "effect": 60} for need in (11, 10, 10))
    found = rank_call(
        [Judged(key="a", asked=1, scores=thirds), Judged(key="b", asked=1, scores=others)], CRITERIA, judges=3, least=0
    )

    assert [one.rank for one in found] == [1, 1]


def test_application_with_too_few_judges_waits_without_a_rank() -> None:
    found = ranked(judged("a", 40, 40, judges=1), judged("b", 30, 45))

    assert [(one.key, one.rank, one.side, one.judges) for one in found] == [
        ("b", 1, "above", 2),
        ("a", None, "waiting", 1),
    ]


def test_nothing_is_ranked_to_nothing() -> None:
    assert ranked() == ()
