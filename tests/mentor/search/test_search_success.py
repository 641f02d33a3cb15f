"""Whether what foremen type finds what they mean (the figures: benchmarks/search.py, docs/benchmarks.md)."""

import pytest
from search_corpus import WEIGHTS, documents, queries, successes

from jasang.mentor.search import Analyser, Index


@pytest.fixture(scope="module")
def index() -> Index:
    made = Index(WEIGHTS, Analyser())
    made.add(documents())
    return made


def test_there_is_enough_to_judge_by() -> None:
    judged, development = queries("queries_judged.txt"), queries("queries_development.txt")

    assert len(documents()) >= 400
    assert len(judged) >= 150
    assert not {(one.kind, one.typed) for one in judged} & {(one.kind, one.typed) for one in development}


@pytest.mark.parametrize(
    ("kind", "first", "three"),
    [
        ("two", 0.95, 1.0),
        ("compound", 0.95, 1.0),
        ("spelling", 0.90, 0.95),
        ("jamo", 1.0, 1.0),
        ("typo", 0.85, 0.9),
        ("english", 0.90, 0.95),
        ("trade", 0.85, 0.9),
        ("words", 0.85, 0.95),
    ],
)
def test_most_searches_find_it_first(index: Index, kind: str, first: float, three: float) -> None:
    asked = [query for query in queries("queries_judged.txt") if query.kind == kind]
    found = successes(asked, lambda typed: [hit.key for hit in index.search(typed, 3)])[kind]

    assert found[1] >= first * found[0]
    assert found[2] >= three * found[0]


def test_queries_written_after_the_search_was_finished_are_mostly_found_first(index: Index) -> None:
    found = successes(queries("queries_unseen.txt"), lambda typed: [hit.key for hit in index.search(typed, 3)])["all"]

    assert found[0] >= 60
    assert found[1] >= 0.8 * found[0]
    assert found[2] >= 0.85 * found[0]
