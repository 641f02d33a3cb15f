"""The words of the trade: one meaning, its spellings, loan words of the shop floor and English (trade_words.txt)."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

from jasang.mentor.search.writing import normal

FILE = "trade_words.txt"
_KOREAN = re.compile(r"[가-힣]")


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeWord:
    """A meaning by its usual Korean word, and all forms (normal spelling) that mean it, itself first."""

    meaning: str
    forms: tuple[str, ...]


@lru_cache(maxsize=1)
def trade_words() -> tuple[TradeWord, ...]:
    """All words of the dictionary; raises `ValueError` naming the line where it is wrong."""
    found: list[TradeWord] = []
    known: dict[str, str] = {}
    text = files(__package__).joinpath(FILE).read_text(encoding="utf-8")
    for number, line in enumerate(text.splitlines(), start=1):
        stated = line.partition("#")[0].strip()
        if not stated:
            continue
        forms = tuple(dict.fromkeys(normal(form) for form in stated.split(",")))
        for form in forms:
            if not form or form in known:
                raise ValueError(
                    f"{FILE}, line {number}: {form!r} is empty or stands already under {known.get(form)!r}"
                )
            known[form] = forms[0]
        found.append(TradeWord(meaning=forms[0], forms=forms))
    return tuple(found)


class Trie:
    """Finds the forms in a text, longest first, with or without the spaces people put into compounds."""

    def __init__(self, words: Iterable[TradeWord]) -> None:
        self._root: dict[str, Any] = {}
        for word in words:
            for form in word.forms:
                node = self._root
                for sign in form.replace(" ", ""):
                    node = node.setdefault(sign, {})
                node["="] = word.meaning

    def meanings(self, text: str) -> Iterator[str]:
        """The meaning of each form in a text of normal spelling, in order; forms do not overlap."""
        at = 0
        while at < len(text):
            found = self._longest(text, at)
            if found is None:
                at += 1
            else:
                yield found[0]
                at = found[1]

    def _longest(self, text: str, start: int) -> tuple[str, int] | None:
        if text[start] == " ":
            return None
        begins_word = start == 0 or not text[start - 1].isalnum()
        if not begins_word and not _KOREAN.match(text[start]):
            return None  # the middle of a Latin word
        node, best, spaced = self._root, None, False
        for at in range(start, len(text)):
            sign = text[at]
            if sign == " ":
                spaced = True
                continue
            if sign not in node:
                break
            node = node[sign]
            if "=" in node and self._stands(text, start, at, begins_word=begins_word, spaced=spaced):
                best = (str(node["="]), at + 1)
        return best

    @staticmethod
    def _stands(text: str, start: int, end: int, *, begins_word: bool, spaced: bool) -> bool:
        """도금 형상 holds no 금형; 버 alone is a burr, 서버 is none; `run` stands in no `running`."""
        if spaced and not begins_word:
            return False
        after = text[end + 1 : end + 2]
        if not _KOREAN.match(text[end]):
            return not (after.isascii() and after.isalnum())
        if end == start:  # one syllable: a word of its own, at most with a particle
            return begins_word and (not _KOREAN.match(after) or after in "가는를은이을에의도로와과만")
        return True
