"""Success of searches in Korean, beside SQLite's full text search: `python -m benchmarks.search [development]`."""

import re
import sqlite3
import sys
from collections.abc import Callable, Sequence

from tests.mentor.search.search_corpus import WEIGHTS, documents, queries, successes

from jasang.mentor.search import Analyser, Document, Index

Search = Callable[[str], Sequence[str]]


def ours(given: Sequence[Document]) -> Search:
    """The index in memory."""
    index = Index(WEIGHTS, Analyser())
    index.add(given)
    return lambda typed: [hit.key for hit in index.search(typed, 3)]


def fts5(given: Sequence[Document], tokenizer: str) -> Search:
    """SQLite's FTS5 with this tokenizer: any of the typed words, ranked by its bm25 with the title counting twice."""
    base = sqlite3.connect(":memory:")
    base.execute(f"CREATE VIRTUAL TABLE texts USING fts5(key UNINDEXED, title, body, tokenize='{tokenizer}')")
    base.executemany(
        "INSERT INTO texts VALUES (?, ?, ?)", [(one.key, one.fields["title"], one.fields["body"]) for one in given]
    )

    def search(typed: str) -> list[str]:
        words = re.findall(r"\w+", typed)
        asked = " OR ".join(f'"{word}"' + ("" if tokenizer == "trigram" else "*") for word in words)
        rows = base.execute(
            "SELECT key FROM texts WHERE texts MATCH ? ORDER BY bm25(texts, 0, 2.0, 1.0) LIMIT 3", (asked,)
        )
        return [row[0] for row in rows]

    return search


def main(kind: str = "judged") -> None:
    """Print the table."""
    given, asked = documents(), queries(f"queries_{kind}.txt")
    searches = {
        "Jasang": ours(given),
        "FTS5 trigram": fts5(given, "trigram"),
        "FTS5 unicode61, prefixes": fts5(given, "unicode61"),
    }
    tables = {name: successes(asked, search) for name, search in searches.items()}
    print(f"{len(given)} texts, {len(asked)} queries")
    print("| kind | queries | " + " | ".join(f"{name} @1 | @3" for name in tables) + " |")
    for row in tables["Jasang"]:
        cells = [f"{table[row][1]} | {table[row][2]}" for table in tables.values()]
        print(f"| {row} | {tables['Jasang'][row][0]} | " + " | ".join(cells) + " |")
    for query in asked:
        found = list(searches["Jasang"](query.typed))
        if not any(key.rpartition("/")[0] in query.topics for key in found[:1]) and kind == "development":
            print(query.kind, query.typed, sorted(query.topics), found)


if __name__ == "__main__":
    main(*sys.argv[1:2])
