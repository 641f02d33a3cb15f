"""An index in memory: BM25F over words and over pieces, fused (Robertson and Zaragoza 2009)."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

from jasang.mentor.search.analyser import Analyser, Analysis
from jasang.mentor.search.spelling import Speller

SATURATION, LENGTH = 1.2, 0.6  # BM25's k1 and b
PIECES = 0.45  # weight of pieces beside words, which see a text's meaning but not what no dictionary knows
MEANING = 1.3  # a trade word's meaning says more than a common noun


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
            rare = math.log(1 + (number - len(having) + 0.5) / (len(having) + 0.5))
            for place, count in having.items():
                length = 1 - LENGTH + LENGTH * self.lengths[place] / mean
                found[place] += weight * rare * count * (SATURATION + 1) / (count + SATURATION * length)
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
            words: dict[str, float] = defaultdict(float)
            pieces: dict[str, float] = defaultdict(float)
            for name in here:
                found = next(analysed)
                _count(words, found.words, self._weights[name])
                _count(pieces, found.pieces, self._weights[name])
            self._words.add(len(self._keys), words)
            self._pieces.add(len(self._keys), pieces)
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
            self._speller = Speller(term for term in self._words.counts if not term.startswith("="))
        return self._speller.spelt(query)


def query_weights(asked: Analysis) -> tuple[dict[str, float], dict[str, float]]:
    """How much each word and each piece of a query counts: once, whatever its repeats; meanings a little more."""
    words = {word: MEANING if word.startswith("=") else 1.0 for word in asked.words}
    return words, dict.fromkeys(asked.pieces, 1.0)


def _count(into: dict[str, float], terms: Sequence[str], weight: float) -> None:
    for term, count in Counter(terms).items():
        into[term] += weight * count
