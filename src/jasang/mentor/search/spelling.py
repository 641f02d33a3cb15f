"""Mistyped words put right by the words that are known: one letter (자모) off, or typed with the keyboard in English."""

from collections import defaultdict
from collections.abc import Callable, Iterable

from jasang.mentor.search.trade_words import trade_words
from jasang.mentor.search.writing import letters, normal, typed_in_english

SHORTEST = 4  # letters; below that nearly every word is one letter from another
_PARTICLES = ("으로", "에서", "에는", "이", "가", "을", "를", "은", "는", "의", "에", "도", "로", "와", "과", "만")


class Speller:
    """Knows the words of an index and of the trade.

    A word that `is_word` says the language has is no mistake, though nobody wrote it yet: 증가 is not 증기.
    """

    def __init__(self, words: Iterable[str], is_word: Callable[[str], bool] | None = None) -> None:
        self._is_word = is_word
        known = {form for word in trade_words() for form in word.forms} | set(words)
        self._known = known
        # SymSpell's idea: a word and its mistake share what is left when one letter of each is taken away.
        self._near: dict[str, list[str]] = defaultdict(list)
        for word in sorted(known):
            spelt = letters(word)
            if len(spelt) >= SHORTEST and not word.isascii():
                for left in _without_one(spelt):
                    self._near[left].append(word)

    def spelt(self, query: str) -> str:
        """The query with each unknown word replaced by the one known word nearest to it, where there is one."""
        return " ".join(self._word(word) for word in normal(query).split())

    def _word(self, word: str) -> str:
        typed = typed_in_english(word) if word not in self._known else None
        if typed is not None:  # that may hold a mistake of its own
            meant = self._near_word(typed)
            if self._stem(meant) in self._known:
                return meant
        return self._near_word(word)

    def _near_word(self, word: str) -> str:
        stem = self._stem(word)
        if stem in self._known or word.isascii():
            return word
        spelt = letters(stem)
        near = (
            {other for left in _without_one(spelt) for other in self._near.get(left, ())}
            if len(spelt) >= SHORTEST
            else set()
        )
        close = sorted(near, key=lambda other: (abs(len(letters(other)) - len(spelt)), other))
        if not close or not _one_off(letters(close[0]), spelt) or (self._is_word is not None and self._is_word(stem)):
            return word
        return close[0] + word[len(stem) :]

    def _stem(self, word: str) -> str:
        """The word without a particle, where what is left is known."""
        if word in self._known:
            return word
        for particle in _PARTICLES:
            if word.endswith(particle) and len(word) > len(particle) + 1:
                return word[: -len(particle)]
        return word


def _without_one(spelt: str) -> set[str]:
    return {spelt, *(spelt[:at] + spelt[at + 1 :] for at in range(len(spelt)))}


def _one_off(one: str, other: str) -> bool:
    """Whether one letter was changed, left out, added or swapped with its neighbour."""
    if len(one) == len(other):
        different = [at for at in range(len(one)) if one[at] != other[at]]
        if len(different) == 2:
            first, second = different
            return second == first + 1 and one[first] == other[second] and one[second] == other[first]
        return len(different) == 1
    short, long = sorted((one, other), key=len)
    return len(long) - len(short) == 1 and any(long[:at] + long[at + 1 :] == short for at in range(len(long)))
