"""Entries in the database: found as well as in memory, by whom they may be found, and replaced without a trace."""

import sys
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from jasang.web.center.search_models import SearchEntry, SearchWord
from jasang.web.center.search_store import Reader, drop_entries, find, keep_entries
from jasang.web.tenants.models import OrganisationKind
from jasang.web.tenants.services import set_up_factory, set_up_organisation

sys.path.insert(0, str(Path(__file__).parents[1] / "mentor" / "search"))
from search_corpus import documents, queries, successes

pytestmark = [pytest.mark.web, pytest.mark.django_db]


@pytest.fixture
def centre() -> Any:
    return set_up_organisation(kind=OrganisationKind.CENTRE, name="센터")


def entry(source: str, title: str, **rest: Any) -> SearchEntry:
    return SearchEntry(kind=rest.pop("kind", "case"), source=source, title_ko=title, **rest)


def keys(reader: Reader, typed: str, **rest: Any) -> list[str]:
    return [found.entry.source for found in find(reader, typed, **rest)]


def test_found_as_well_as_in_memory(centre: Any) -> None:
    keep_entries(
        [
            entry(one.key, one.fields["title"], text_ko=one.fields["body"], centre=centre, shared=False)
            for one in documents()
        ]
    )
    reader = Reader(centre=centre)
    found = successes(queries("queries_judged.txt"), lambda typed: keys(reader, typed, limit=3))["all"]

    assert found[1] >= 0.92 * found[0]
    assert found[2] >= 0.94 * found[0]


def test_who_finds_what(centre: Any) -> None:
    factory, other = set_up_factory(name="가"), set_up_factory(name="나")
    strange = set_up_organisation(kind=OrganisationKind.CENTRE, name="다른 센터")
    keep_entries(
        [
            entry("own", "금형 온도", centre=centre, factory=factory),
            entry("others", "금형 온도", centre=centre, factory=other),
            entry("draft", "금형 온도", kind="article", centre=centre),
            entry("article", "금형 온도", kind="article", centre=centre, published=True),
            entry("foreign", "금형 온도", kind="article", centre=strange, published=True),
            entry("kept", "금형 온도", kind="knowhow", factory=other),
            entry("shared", "금형 온도", kind="knowhow", factory=other, shared=True),
        ]
    )

    assert set(keys(Reader(factory=factory, centre=centre), "금형")) == {"own", "article", "shared"}
    assert set(keys(Reader(factory=factory), "금형")) == {"own", "shared"}
    assert set(keys(Reader(centre=centre), "금형")) == {"own", "others", "draft", "article", "shared"}
    assert set(keys(Reader(), "금형")) == {"shared"}
    assert keys(Reader(factory=factory, centre=centre), "금형", kinds=["article"]) == ["article"]


def test_a_changed_thing_is_found_by_its_new_words_only(centre: Any) -> None:
    reader = Reader(centre=centre)
    keep_entries([entry("one", "금형 온도", centre=centre), entry("two", "도금 두께", centre=centre)])
    keep_entries([entry("one", "열처리 경도", centre=centre)])

    assert keys(reader, "금형") == []
    assert keys(reader, "경도") == ["one"]
    assert SearchWord.objects.get(text="").entries == 2
    assert SearchWord.objects.get(text="금형").entries == 0


def _indexed() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM center_searchterms")
        return int(cursor.fetchone()[0])


def test_a_dropped_thing_leaves_nothing(centre: Any) -> None:
    before = _indexed()  # a test that commits leaves rows here: no model stands for this table
    keep_entries([entry("one", "금형 온도", centre=centre)])
    drop_entries(kind="case", sources=["one"])

    assert keys(Reader(centre=centre), "금형") == []
    assert not SearchWord.objects.exclude(entries=0).exists()
    assert _indexed() == before


@pytest.mark.parametrize("typed", ["", "   ", "'; DROP TABLE x; --", '" OR *', "금형 & | ! ( )", "가" * 5000])
def test_nothing_typed_breaks_it(centre: Any, typed: str) -> None:
    keep_entries([entry("one", "금형 온도", centre=centre)])

    assert keys(Reader(centre=centre), typed) in ([], ["one"])


def test_one_search_asks_a_fixed_number_of_times(centre: Any, django_assert_max_num_queries: Any) -> None:
    keep_entries([entry(f"{number}", f"금형 온도 {number}", centre=centre) for number in range(40)])
    find(Reader(centre=centre), "금형")

    with django_assert_max_num_queries(12):
        assert len(find(Reader(centre=centre), "금형 온도", limit=10)) == 10
