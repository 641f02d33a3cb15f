"""An index in memory: BM25F over words and over pieces, fused (Robertson and Zaragoza 2009)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import chain

from jasang.mentor.search.analyser import Analyser, Analysis
from jasang.mentor.search.ranking import PIECES, query_weights, rareness, saturated, weighed
from jasang.mentor.search.spelling import Speller


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """Something to find: texts by field, each with the field's weight."""

    key: str
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A found document; scores compare within one answer only."""

    key: str
    score: float


@dataclass(slots=True)
class _Postings:
    """Weighted counts of terms by document."""

    counts: dict[str, dict[int, float]] = field(default_factory=lambda: defaultdict(dict))
    lengths: list[float] = field(default_factory=list)

    def add(self, number: int, terms: Mapping[str, float]) -> None:
        for term, count in terms.items():
            self.counts[term][number] = count
        self.lengths.append(sum(terms.values()))

    def scores(self, terms: Mapping[str, float]) -> dict[int, float]:
        """BM25 of every document that has one of the terms."""
        found: dict[int, float] = defaultdict(float)
        number, mean = len(self.lengths), sum(self.lengths) / max(1, len(self.lengths)) or 1.0
        for term, weight in terms.items():
            having = self.counts.get(term)
            if not having:
                continue
            rare = rareness(number, len(having))
            for place, count in having.items():
                found[place] += weight * rare * saturated(count, self.lengths[place] / mean)
        return found


class Index:
    """Documents that can be searched; for some ten thousand, and for tests. The portal's lies in its database."""

    def __init__(self, weights: Mapping[str, float], analyser: Analyser | None = None) -> None:
        self._weights = dict(weights)
        self._analyser = analyser or Analyser()
        self._keys: list[str] = []
        self._words, self._pieces = _Postings(), _Postings()
        self._speller: Speller | None = None

    def add(self, documents: Iterable[Document]) -> None:
        """Add documents; a key is not checked for having been added before."""
        given = list(documents)
        names = [[name for name in self._weights if one.fields.get(name)] for one in given]
        texts = chain.from_iterable([one.fields[name] for name in here] for one, here in zip(given, names, strict=True))
        analysed = self._analyser.analyse_all(texts)
        for one, here in zip(given, names, strict=True):
            terms = weighed({name: next(analysed) for name in here}, self._weights)
            self._words.add(len(self._keys), terms.words)
            self._pieces.add(len(self._keys), terms.pieces)
            self._keys.append(one.key)
        self._speller = None

    def search(self, query: str, limit: int = 10) -> list[Hit]:
        """The best documents for what somebody typed, best first."""
        asked = self._analyser.analyse(self._spelt(query))
        return self._ranked(asked, limit)

    def _ranked(self, asked: Analysis, limit: int) -> list[Hit]:
        words, pieces = query_weights(asked)
        total: dict[int, float] = defaultdict(float)
        for place, score in self._words.scores(words).items():
            total[place] += score
        for place, score in self._pieces.scores(pieces).items():
            total[place] += PIECES * score
        best = sorted(total.items(), key=lambda pair: (-pair[1], pair[0]))[:limit]
        return [Hit(key=self._keys[place], score=score) for place, score in best]

    def _spelt(self, query: str) -> str:
        if self._speller is None:
            own = (term for term in self._words.counts if not term.startswith("="))
            self._speller = Speller(own, self._analyser.is_word)
        return self._speller.spelt(query)
