"""Which cases are one difficulty of several factories."""

import random
from datetime import UTC, datetime, timedelta

from jasang.mentor.difficulties import ReportedCase, common_difficulties

START = datetime(2026, 3, 2, tzinfo=UTC)


def case(number: int, factory: str, words: str, **rest: object) -> ReportedCase:
    return ReportedCase(
        key=f"c{number}",
        factory=factory,
        words=frozenset(words.split()),
        opened=START + timedelta(hours=number),
        **rest,  # type: ignore[arg-type]
    )


CASES = [
    case(0, "가", "핫러너 팁 막힘 사출", solved=True),
    case(1, "나", "핫러너 팁 막힘 아침"),
    case(2, "다", "핫러너 막힘 팁 사출"),
    case(3, "가", "도금 두께 얇음"),
    case(4, "가", "도금 두께 얇음 아연"),
    case(5, "나", "도금 두께 얇음"),
    case(6, "라", "엑셀 날짜 오류"),
]


def test_three_factories_make_a_difficulty_and_two_do_not() -> None:
    (found,) = common_difficulties(CASES)

    assert found.cases == ("c0", "c1", "c2")
    assert found.factories == ("가", "나", "다")
    assert set(found.words) >= {"핫러너", "팁", "막힘"}
    assert "아침" not in found.words
    assert (found.solved, found.first, found.last) == (1, START, START + timedelta(hours=2))
    assert len(common_difficulties(CASES, least_factories=2)) == 2


def test_the_order_of_the_cases_changes_nothing() -> None:
    shuffled = CASES.copy()
    random.Random(3).shuffle(shuffled)

    assert common_difficulties(shuffled, least_factories=1) == common_difficulties(CASES, least_factories=1)


def test_the_same_words_about_different_rules_are_not_one_difficulty() -> None:
    given = [case(at, name, "온도 높음", rule=f"rule_{at}") for at, name in enumerate("가나다")]

    assert common_difficulties(given) == []


def test_the_same_rule_and_machine_need_few_words_in_common() -> None:
    given = [case(at, name, f"온도 {name}", rule="drift", context="press") for at, name in enumerate("가나다")]
    (found,) = common_difficulties(given)

    assert (found.rule, found.context, found.words) == ("drift", "press", ("온도",))


def test_no_cases_no_difficulties() -> None:
    assert common_difficulties([]) == []
