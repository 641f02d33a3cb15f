"""A text as what is searched for: meanings of trade words, morphemes, and pieces of two syllables.

Morphemes come from Kiwi (kiwipiepy; needs the extra `search`) with the trade words as its user dictionary. Pieces find what no
dictionary knows: names of parts, new words, half a compound.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from jasang.errors import ConfigurationError
from jasang.mentor.search.trade_words import Trie, trade_words
from jasang.mentor.search.writing import normal

_RUN = re.compile(r"[가-힣]+|[a-z0-9][a-z0-9.+/°%-]*")
_HANGUL = re.compile(r"[가-힣]+")
_NOUNS = ("NNG", "NNP", "XR", "SL", "SH", "SN", "W_SERIAL")
_GUESSED = 100  # the model gives words it does not know a number by their kind alone
_VERBS = ("VV", "VA", "VV-I", "VV-R", "VA-I", "VA-R")
# Words that nearly every text has tell nothing apart.
_EMPTY = frozenset(
    (
        "하",
        "되",
        "있",
        "없",
        "같",
        "보",
        "주",
        "오",
        "가",
        "나",
        "알",
        "때",
        "것",
        "수",
        "등",
        "및",
        "저희",
        "우리",
        "문의",
        "경우",
        "정도",
        "부분",
        "문제",
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """A text's terms, with repeats: `words` (morphemes, and meanings as `=금형`) and `pieces` (two syllables each)."""

    words: tuple[str, ...]
    pieces: tuple[str, ...]


class Analyser:
    """Makes terms of texts; one is enough for a process (it holds the morpheme model, some 100 MB once it is used)."""

    def __init__(self) -> None:
        self._words = trade_words()

    @cached_property
    def _trie(self) -> Trie:
        return Trie(self._words)

    @cached_property
    def _kiwi(self) -> Any:
        return _model()

    def analyse(self, text: str) -> Analysis:
        """The terms of one text."""
        return next(self.analyse_all([text]))

    def analyse_all(self, texts: Iterable[str]) -> Iterator[Analysis]:
        """The terms of many texts, in their order."""
        plain = [normal(text) for text in texts]
        for text, tokens in zip(plain, self._kiwi.tokenize(plain), strict=True):
            yield Analysis(words=tuple(self._meanings(text, tokens)), pieces=tuple(pieces(text)))

    def is_word(self, word: str) -> bool:
        """Whether the language has this noun: whole, and known to the model (not guessed from its surroundings)."""
        tokens = self._kiwi.tokenize(word)
        return len(tokens) == 1 and tokens[0].tag in ("NNG", "NNP") and tokens[0].id > _GUESSED

    def _meanings(self, text: str, tokens: Any) -> Iterator[str]:
        for meaning in self._trie.meanings(text):
            yield f"={meaning}"
        before = ""
        for token in tokens:
            form = normal(token.form)
            if token.tag in _NOUNS:
                if form not in _EMPTY:
                    yield form
                before = form
                continue
            if token.tag == "XSN" and before:  # 사출 + 기: the machine, beside the process
                yield before + form
            elif token.tag in _VERBS and form not in _EMPTY:
                yield f"{form}다"
            before = ""


def pieces(text: str) -> Iterator[str]:
    """Pairs of neighbouring syllables within each run of Korean, and runs of Latin letters and digits as they are."""
    for run in _RUN.findall(text):
        if len(run) == 1 or not _HANGUL.fullmatch(run):
            yield run
        else:
            for at in range(len(run) - 1):
                yield run[at : at + 2]


@lru_cache(maxsize=1)
def _model() -> Any:
    try:
        from kiwipiepy import Kiwi  # noqa: PLC0415 - a model of 100 MB, needed by searches only
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            ko="한국어 검색에 필요한 'kiwipiepy' 이(가) 없습니다. pip install 'jasang[search]' 로 설치하세요.",
            en="search in Korean needs 'kiwipiepy', which is not installed: pip install 'jasang[search]'",
        ) from error
    kiwi = Kiwi(num_workers=1)
    for word in trade_words():
        for form in word.forms:
            if _HANGUL.fullmatch(form) and len(form) > 1:
                kiwi.add_user_word(form, "NNG", 0.0)
    return kiwi
