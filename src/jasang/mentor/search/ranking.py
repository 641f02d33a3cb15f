"""BM25F over words and over pieces, fused (Robertson and Zaragoza 2009)."""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from jasang.mentor.search.analyser import Analysis

SATURATION, LENGTH = 1.2, 0.6  # BM25's k1 and b
PIECES = 0.45  # weight of pieces beside words, which see a text's meaning but not what no dictionary knows
MEANING = 1.3  # a trade word's meaning says more than a common noun


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """A text's terms with their weighted counts."""

    words: Mapping[str, float]
    pieces: Mapping[str, float]


def weighed(fields: Mapping[str, Analysis], weights: Mapping[str, float]) -> Weighed:
    """The terms of a text's fields, each counted by the weight of its field."""
    words: Counter[str] = Counter()
    pieces: Counter[str] = Counter()
    for name, found in fields.items():
        for into, terms in ((words, found.words), (pieces, found.pieces)):
            for term, count in Counter(terms).items():
                into[term] += weights[name] * count  # type: ignore[assignment]  # weights are no whole numbers
    return Weighed(words=words, pieces=pieces)


def query_weights(asked: Analysis) -> tuple[dict[str, float], dict[str, float]]:
    """How much each word and each piece of a query counts: once, whatever its repeats; meanings a little more."""
    words = {word: MEANING if word.startswith("=") else 1.0 for word in asked.words}
    return words, dict.fromkeys(asked.pieces, 1.0)


def rareness(number: int, having: int) -> float:
    """How much a term tells that `having` of `number` texts have."""
    return math.log(1 + (number - having + 0.5) / (having + 0.5))


def saturated(count: float, length: float) -> float:
    """What a term's weighted count adds; `length` is the text's relative to the mean."""
    return count * (SATURATION + 1) / (count + SATURATION * (1 - LENGTH + LENGTH * length))
