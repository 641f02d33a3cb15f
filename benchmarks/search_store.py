"""Time of a search among many entries of the portal's database: `python -m benchmarks.search_store [100000]`.

Runs on a new SQLite file in a temporary folder, or on the empty database of JASANG_DATABASE_URL. Each text is made of two parts
of the texts of `benchmarks.search`, so that words are as frequent as in real letters.
"""

# ruff: noqa: PLC0415 - Django has to be set up first
import os
import random
import statistics
import sys
import tempfile
import time

os.environ["JASANG_HOME"] = tempfile.mkdtemp(prefix="jasang-search-")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "jasang.web.settings")


def main(number: int = 100_000) -> None:
    """Fill the database and time the judged queries."""
    import django

    django.setup()
    from django.core.management import call_command
    from tests.mentor.search.search_corpus import documents, queries

    from jasang.mentor.search import Analyser, Analysis
    from jasang.web.center import search_store
    from jasang.web.center.search_models import SearchEntry
    from jasang.web.tenants.models import OrganisationKind
    from jasang.web.tenants.services import set_up_factory, set_up_organisation

    call_command("migrate", verbosity=0)
    centre = set_up_organisation(kind=OrganisationKind.CENTRE, name="센터")
    factories = [set_up_factory(name=f"{at}") for at in range(200)]
    chance = random.Random(1)
    texts = [part for one in documents() for part in one.fields.values()]
    known = dict(zip(texts, Analyser().analyse_all(texts), strict=True))

    class Remembering(Analyser):  # the morphemes of every text are known: only the store is filled
        def analyse_all(self, given):  # type: ignore[no-untyped-def]
            for text in given:
                found = [known[part] for part in text.strip().split("\n") if part in known]
                yield Analysis(
                    words=tuple(word for one in found for word in one.words),
                    pieces=tuple(piece for one in found for piece in one.pieces),
                )

    real = search_store.analyser
    search_store.analyser = Remembering  # type: ignore[assignment]
    began = time.perf_counter()
    for start in range(0, number, 1000):
        search_store.keep_entries(
            [
                SearchEntry(
                    kind="case", source=str(at), centre=centre, factory=chance.choice(factories),
                    title_ko=chance.choice(texts)[:250], text_ko="\n".join(chance.sample(texts, 2)),
                )
                for at in range(start, min(number, start + 1000))
            ]
        )  # fmt: skip
    print(f"{number} entries kept in {time.perf_counter() - began:.0f} s")
    search_store.analyser = real
    asked = [query.typed for query in queries("queries_judged.txt")]
    for name, reader in (
        ("an agent", search_store.Reader(centre=centre)),
        ("a factory", search_store.Reader(factory=factories[0], centre=centre)),
    ):
        search_store.find(reader, "금형")
        times = []
        for typed in asked:
            began = time.perf_counter()
            search_store.find(reader, typed)
            times.append(1000 * (time.perf_counter() - began))
        times.sort()
        print(
            f"{name}: median {statistics.median(times):.1f} ms, p95 {times[int(0.95 * len(times))]:.1f}, most {times[-1]:.1f}"
        )


if __name__ == "__main__":
    main(*(int(one) for one in sys.argv[1:2]))
