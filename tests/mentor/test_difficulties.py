"""Which cases are one difficulty of several factories."""

import random
from datetime import UTC, datetime, timedelta

from jasang.mentor.difficulties import ReportedCase, common_difficulties, grow, tellable_words

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


def test_kept_difficulties_grow_and_keep_their_names() -> None:
    known = {"a": CASES[:3]}
    new = [case(10, "마", "핫러너 팁 막힘 금형"), case(11, "바", "엑셀 날짜 오류"), case(12, "사", "엑셀 날짜 오류")]
    growth = grow(known, CASES[3:], new)

    assert growth.joined == {"c10": "a"}
    assert growth.found == (("c6", "c11", "c12"),)


def test_found_difficulty_takes_what_comes_after_it_in_the_same_turn() -> None:
    growth = grow({}, [], [case(at, name, "핫러너 팁 막힘") for at, name in enumerate("가나다라마")])

    assert (growth.joined, growth.found) == ({}, (("c0", "c1", "c2", "c3", "c4"),))


def test_growing_in_any_portions_finds_the_same_as_at_once() -> None:
    random = random_cases()
    at_once = {frozenset(one) for one in grow({}, [], random).found}
    for size in (1, 7, 40):
        known: dict[str, list[ReportedCase]] = {}
        by_key = {one.key: one for one in random}
        waiting: list[ReportedCase] = []
        for start in range(0, len(random), size):
            portion = random[start : start + size]
            growth = grow(known, waiting, portion)
            for key, name in growth.joined.items():
                known[name] = [*known[name], by_key[key]]
            for keys in growth.found:
                known[f"d{len(known)}"] = [by_key[key] for key in keys]
            placed = {one.key for cases in known.values() for one in cases}
            waiting = [one for one in [*waiting, *portion] if one.key not in placed]
        assert {frozenset(one.key for one in cases) for cases in known.values()} == at_once


def random_cases() -> list[ReportedCase]:
    """Five planted topics told in mixed words by twelve factories, among noise."""
    draw = random.Random(5)
    topics = [[f"t{topic}w{word}" for word in range(8)] for topic in range(5)]
    made = []
    for number in range(120):
        topic = topics[number % 5] if number % 3 else [f"n{number}w{word}" for word in range(8)]
        made.append(case(number, f"f{draw.randrange(12)}", " ".join(draw.sample(topic, 6))))
    return made


def test_planted_topics_are_found_whole_and_pure() -> None:
    found = grow({}, [], random_cases()).found
    topics = [{next(iter(one.words))[:2] for one in random_cases() if one.key in keys} for keys in found]

    assert sorted(next(iter(topic)) for topic in topics) == ["t0", "t1", "t2", "t3", "t4"]
    assert all(len(topic) == 1 for topic in topics)


def test_the_same_rule_alone_is_no_difficulty_and_the_same_shape_helps() -> None:
    step = tuple(-1.0 if at < 32 else 1.0 for at in range(64))
    apart = [case(at, name, f"w{at}", rule="drift") for at, name in enumerate("가나다")]
    alike = [case(at, name, f"w{at}", rule="drift", shape=step) for at, name in enumerate("가나다")]

    assert grow({}, [], apart).found == ()
    assert grow({}, [], alike).found == (("c0", "c1", "c2"),)


def test_words_of_fewer_factories_and_numbers_are_never_told() -> None:
    given = [case(at, name, f"핫러너 막힘 {name}정밀 235.4 3호기") for at, name in enumerate("가나다")]
    given += [case(9, "가", "비밀 막힘"), case(10, "가", "비밀"), case(11, "나", "비밀")]

    assert tellable_words(given) == ("막힘", "핫러너")
