"""Entries in the database, found by its full text index (PostgreSQL tsvector, SQLite FTS5) over terms made beforehand.

The full text index only brings candidates together (those that share most with the query, among what the reader may see);
they are ranked by `mentor.search.ranking`, so both databases answer alike.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from time import monotonic

from django.db import connection, transaction
from django.db.models import F, Q

from jasang.mentor.search import Analyser
from jasang.mentor.search.ranking import PIECES, Weighed, query_weights, rareness, saturated, weighed
from jasang.mentor.search.spelling import Speller
from jasang.web.center.search_models import SearchEntry, SearchWord
from jasang.web.tenants.models import Factory, Organisation

TITLE, TEXT = 2.0, 1.0
MOST_CANDIDATES = 300
ENOUGH = 100  # candidates by words; fewer, and pieces bring more
COMMON = 2000  # a term that more entries have brings no candidates on its own
MOST_TERMS = 24
MOST_TOGETHER = 6  # terms that are asked for together
LONGEST_QUERY = 300
_NUMBER, _WORDS, _PIECES = "", " n words", " n pieces"  # rows of totals: no term begins with a space
_SPELLER_SECONDS = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """For whom is searched: a factory with the centre that serves it, or a centre's agents."""

    factory: Factory | None = None
    centre: Organisation | None = None

    @property
    def marks(self) -> list[str]:
        """The marks one of which an entry must carry in the full text index."""
        if self.factory is None:
            return ["a", *([f"c{self.centre.pk}"] if self.centre is not None else [])]
        return ["a", f"f{self.factory.pk}", *([f"p{self.centre.pk}"] if self.centre is not None else [])]

    @property
    def sees(self) -> Q:
        """The same as a condition of rows: the marks only make it fast."""
        if self.factory is None:
            return Q(shared=True) | Q(centre=self.centre, centre__isnull=False)
        own = Q(shared=True) | Q(factory=self.factory)
        return own if self.centre is None else own | Q(centre=self.centre, published=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """An entry and how well it fits; scores compare within one answer only."""

    entry: SearchEntry
    score: float


@lru_cache(maxsize=1)
def analyser() -> Analyser:
    """The one of this process."""
    return Analyser()


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """An entry that was read: its terms with their weights, and those of its title."""

    entry: SearchEntry
    terms: Weighed
    title: set[str]


def read_entries(entries: Sequence[SearchEntry]) -> list[Read]:
    """Read entries (unsaved rows without terms). It takes long and needs no transaction: nobody shall wait for it."""
    texts = [part for one in entries for part in (f"{one.title_ko} {one.title_en}", f"{one.text_ko} {one.text_en}")]
    analysed = analyser().analyse_all(texts)
    found = []
    for one in entries:
        title, text = next(analysed), next(analysed)
        terms = weighed({"title": title, "text": text}, {"title": TITLE, "text": TEXT})
        words = {word[:60] for word in title.words} | {_piece(piece) for piece in title.pieces}
        found.append(Read(entry=one, terms=terms, title=words))
    return found


def keep_entries(entries: Sequence[SearchEntry]) -> None:
    """Keep these entries (unsaved rows without terms) in place of those of the same things."""
    keep_read(read_entries(entries))


@transaction.atomic
def keep_read(read: Sequence[Read]) -> None:
    """Keep entries that were read in place of those of the same things."""
    if not read:
        return
    entries, terms, titles = [one.entry for one in read], [one.terms for one in read], [one.title for one in read]
    totals = _locked_totals()
    _drop(Q(pk__in=[row.pk for row in _kept(entries)]), totals)
    counts: dict[str, int] = {}
    pieces: set[str] = set()
    for one in terms:
        for term in (*(f"{word}"[:60] for word in one.words), *(_piece(piece) for piece in one.pieces)):
            counts[term] = counts.get(term, 0) + 1
        pieces |= {_piece(piece) for piece in one.pieces}
    numbers = _numbered(counts, pieces)
    for entry, its in zip(entries, terms, strict=True):
        weights = {numbers[word[:60]]: count for word, count in its.words.items()}
        weights |= {numbers[_piece(piece)]: count for piece, count in its.pieces.items()}
        entry.terms = " ".join(f"{number}:{count:g}" for number, count in sorted(weights.items()))
        entry.words, entry.pieces = sum(its.words.values()), sum(its.pieces.values())
        totals[_NUMBER] += 1
        totals[_WORDS] += round(entry.words)
        totals[_PIECES] += round(entry.pieces)
    SearchEntry.objects.bulk_create(entries)
    _mark(entries, [{numbers[term] for term in title} for title in titles])
    _save_totals(totals)


@transaction.atomic
def drop_entries(*, kind: str, sources: Iterable[str]) -> None:
    """These things cannot be found any more."""
    totals = _locked_totals()
    _drop(Q(kind=kind, source__in=list(sources)), totals)
    _save_totals(totals)


def find(reader: Reader, typed: str, *, kinds: Sequence[str] = (), limit: int = 10) -> list[Found]:
    """The best entries that the reader may see, best first."""
    asked = analyser().analyse(_speller().spelt(typed[:LONGEST_QUERY]))
    words, pieces = query_weights(asked)
    weights = {word[:60]: weight for word, weight in words.items()}
    weights |= {_piece(piece): PIECES for piece in pieces}
    names = [_NUMBER, _WORDS, _PIECES, *weights]
    known = {row.text: row for row in SearchWord.objects.filter(text__in=names)}
    terms = sorted((known[term] for term in weights if term in known and known[term].entries), key=_entries)
    if not terms or not known[_NUMBER].entries:
        return []
    rows = SearchEntry.objects.filter(reader.sees, pk__in=_candidates(reader, terms[:MOST_TERMS]))
    rows = rows.filter(kind__in=kinds) if kinds else rows
    number = known[_NUMBER].entries
    means = (known[_WORDS].entries / number or 1.0, known[_PIECES].entries / number or 1.0)
    told = {f" {term.pk}:": (term.piece, weights[term.text] * rareness(number, term.entries)) for term in terms}
    scored = sorted(
        ((_score(row[1], (row[2] / means[0], row[3] / means[1]), told), -row[0])
         for row in rows.values_list("pk", "terms", "words", "pieces")),
        reverse=True,
    )[:limit]  # fmt: skip
    best = SearchEntry.objects.defer("terms").in_bulk([-number for _score_, number in scored])
    return [Found(entry=best[-number], score=score) for score, number in scored if score > 0]


def _entries(word: SearchWord) -> tuple[int, str]:
    return word.entries, word.text


def _score(terms: str, lengths: tuple[float, float], told: Mapping[str, tuple[bool, float]]) -> float:
    """BM25 of one entry; looking for the few asked terms in its text is many times faster than reading all of them."""
    total, text = 0.0, f" {terms} "
    for term, (piece, weight) in told.items():
        at = text.find(term)
        if at >= 0:
            start = at + len(term)
            total += weight * saturated(float(text[start : text.index(" ", start)]), lengths[piece])
    return total


def _candidates(reader: Reader, terms: Sequence[SearchWord]) -> list[int]:
    """Numbers of entries, best first by what they share with the query, so that no newer ones push an exact hit out.

    First those whose titles have all terms, then those that have all, then all but one, then rare terms and pairs of common
    ones; among equals the newest.
    """
    found: dict[int, None] = {}
    for pieces in (False, True):
        own = [word for word in terms if word.piece == pieces]
        for asked in _tiers(own):
            if len(found) >= ENOUGH:
                return list(found)
            found |= dict.fromkeys(_matching(reader.marks, asked))
    return list(found)


def _tiers(own: Sequence[SearchWord]) -> Iterator[list[list[str]]]:
    """What to ask for, one after another: lists of groups; an entry fits that has all of one group."""
    if not own:
        return
    chosen = own[:MOST_TOGETHER]  # the rarest
    # A text may have the words and not the meaning (금형온도 means another thing than 금형), or the meaning in other words.
    meanings = [word for word in chosen if word.text.startswith("=")]
    plain = [word for word in chosen if not word.text.startswith("=")]
    wholes = [group for group in (chosen, plain, meanings) if group]
    yield [[f"s{word.pk}" for word in group] for group in wholes]
    yield [[f"w{word.pk}" for word in group] for group in wholes]
    if len(chosen) > 2:
        yield [[f"w{word.pk}" for word in group] for group in combinations(chosen, len(chosen) - 1)]
    rare: list[str] = []
    together = 0
    for word in own:
        together += word.entries
        if together > COMMON:
            break
        rare.append(f"w{word.pk}")
    common = [f"w{word.pk}" for word in own[len(rare) :]][:4]
    asked = [[one] for one in rare] + [list(pair) for pair in combinations(common, 2)]
    if asked:
        yield asked


def _matching(marks: Sequence[str], asked: Sequence[Sequence[str]]) -> list[int]:
    postgres = connection.vendor == "postgresql"
    either, both = (" | ", " & ") if postgres else (" OR ", " AND ")
    terms = either.join(f"({both.join(group)})" for group in asked)
    match = f"({either.join(marks)}){both}({terms})"
    with connection.cursor() as cursor:
        if postgres:
            cursor.execute(
                "SELECT entry FROM center_searchterms WHERE terms @@ %s::tsquery ORDER BY entry DESC LIMIT %s",
                [match, MOST_CANDIDATES],
            )
        else:
            cursor.execute(
                "SELECT rowid FROM center_searchterms WHERE center_searchterms MATCH %s ORDER BY rowid DESC LIMIT %s",
                [match, MOST_CANDIDATES],
            )
        return [row[0] for row in cursor.fetchall()]


def _piece(piece: str) -> str:
    return f"/{piece}"[:60]


def _kept(entries: Sequence[SearchEntry]) -> list[SearchEntry]:
    wanted = {(one.kind, one.source) for one in entries}
    rows = SearchEntry.objects.filter(source__in=[source for _kind, source in wanted]).only("kind", "source")
    return [row for row in rows if (row.kind, row.source) in wanted]


def _numbered(counts: Mapping[str, int], pieces: set[str]) -> dict[str, int]:
    """The numbers of these terms, each counted as often as entries now have it."""
    texts = sorted(counts)
    SearchWord.objects.bulk_create(
        [SearchWord(text=text, piece=text in pieces) for text in texts], ignore_conflicts=True, batch_size=500
    )
    rows = [row for at in range(0, len(texts), 500) for row in SearchWord.objects.filter(text__in=texts[at : at + 500])]
    for times in sorted(set(counts.values())):
        _count([row.pk for row in rows if counts[row.text] == times], times)
    return {row.text: row.pk for row in rows}


def _count(numbers: Sequence[int], more: int) -> None:
    for at in range(0, len(numbers), 500):
        SearchWord.objects.filter(pk__in=numbers[at : at + 500]).update(entries=F("entries") + more)


def _drop(which: Q, totals: dict[str, int]) -> None:
    rows = list(SearchEntry.objects.filter(which))
    for row in rows:
        _count([int(term.partition(":")[0]) for term in row.terms.split()], -1)
        totals[_NUMBER] -= 1
        totals[_WORDS] -= round(row.words)
        totals[_PIECES] -= round(row.pieces)
    with connection.cursor() as cursor:
        for row in rows:
            if connection.vendor == "postgresql":
                cursor.execute("DELETE FROM center_searchterms WHERE entry = %s", [row.pk])
            else:
                cursor.execute("DELETE FROM center_searchterms WHERE rowid = %s", [row.pk])
    SearchEntry.objects.filter(pk__in=[row.pk for row in rows]).delete()


def _marks(entry: SearchEntry) -> list[str]:
    marks = ["a"] if entry.shared else []
    if entry.factory_id is not None:
        marks.append(f"f{entry.factory_id}")
    if entry.centre_id is not None:
        marks += [f"c{entry.centre_id}", *([f"p{entry.centre_id}"] if entry.published else [])]
    return marks


def _mark(entries: Sequence[SearchEntry], titles: Sequence[set[int]]) -> None:
    """Rows of the full text index: `w` for each term, `s` besides for those of the title."""
    rows = [
        (
            one.pk,
            [
                *_marks(one),
                *(f"w{term.partition(':')[0]}" for term in one.terms.split()),
                *(f"s{term}" for term in title),
            ],
        )
        for one, title in zip(entries, titles, strict=True)
    ]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.executemany(
                "INSERT INTO center_searchterms (entry, terms) VALUES (%s, array_to_tsvector(%s::text[]))", rows
            )
        else:
            cursor.executemany(
                "INSERT INTO center_searchterms (rowid, terms) VALUES (%s, %s)",
                [(number, " ".join(terms)) for number, terms in rows],
            )


def _locked_totals() -> dict[str, int]:
    """The totals, held: one writer at a time counts the words."""
    names = (_NUMBER, _WORDS, _PIECES)
    for name in names:
        SearchWord.objects.get_or_create(text=name)
    rows = SearchWord.objects.filter(text__in=names).order_by("pk").select_for_update()
    return {row.text: row.entries for row in rows}


def _save_totals(totals: Mapping[str, int]) -> None:
    for name, number in totals.items():
        SearchWord.objects.filter(text=name).update(entries=number)


_spellers: dict[str, tuple[float, Speller]] = {}


def _speller() -> Speller:
    """Knows the trade's words and those that several entries have, as they were at most ten minutes ago."""
    name = str(connection.settings_dict["NAME"])
    made, speller = _spellers.get(name, (0.0, None))
    if speller is None or monotonic() - made > _SPELLER_SECONDS:
        rows = SearchWord.objects.filter(piece=False, entries__gte=2).exclude(text__startswith="=")
        rows = rows.exclude(text__in=(_NUMBER, _WORDS, _PIECES))
        speller = Speller(rows.order_by("-entries").values_list("text", flat=True)[:30_000], analyser().is_word)
        _spellers[name] = (monotonic(), speller)
    return speller
