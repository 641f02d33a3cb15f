"""Some five hundred made texts as centres get them, and queries as foremen type them, with the topics that answer each.

Each topic is told four times, by different people: a case, a short case, an article, and a letter whose title says nothing.
"""

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

from jasang.mentor.search import Document

HERE = Path(__file__).parent
WEIGHTS = {"title": 2.0, "body": 1.0}
_HELLO = cycle(("안녕하세요.", "수고 많으십니다.", "급합니다.", "처음 문의합니다.", "또 문의드려요."))
_END = cycle(
    (
        "어떻게 해야 하나요?",
        "전화 부탁드립니다.",
        "오늘 안에 답 주세요.",
        "사진은 나중에 보내겠습니다.",
        "지난달부터 그렇습니다.",
        "작업자가 바뀌고 나서입니다.",
        "설비는 2014년식입니다.",
    )
)
_NOTHING = cycle(("문의드립니다", "확인 부탁드립니다", "도와주세요", "현장 문제", "질문입니다"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What is typed, and the topics of which one is to be found."""

    kind: str
    typed: str
    topics: frozenset[str]


def documents() -> list[Document]:
    """The texts; a key is `topic/1` to `topic/4`."""
    found = []
    for key, where, first, second, cause, remedy in _lines("corpus.txt"):
        told = (
            (f"{where}: {first}", f"{next(_HELLO)} {where}에서 {second}. {next(_END)}"),
            (second, f"{where} {next(_END)} 답변: {remedy}."),
            (f"{where} - 원인과 대책", f"증상은 {second}. 원인은 {cause}. 대책은 {remedy}."),
            (next(_NOTHING), f"{next(_HELLO)} {where} 담당입니다. {first}. {next(_END)} {cause} 같습니다."),
        )
        for number, (title, body) in enumerate(told, start=1):
            found.append(Document(key=f"{key}/{number}", fields={"title": title, "body": body}))
    return found


def queries(file: str) -> list[Query]:
    """The queries of a file; those of the kind `jamo` are typed in decomposed letters."""
    topics = {line[0] for line in _lines("corpus.txt")}
    found = []
    for kind, typed, wanted in _lines(file):
        keys = frozenset(key.strip() for key in wanted.split(",")) & topics
        if not keys:
            raise ValueError(f"{file}: {typed!r} has no topic")
        given = unicodedata.normalize("NFD", typed) if kind == "jamo" else typed
        found.append(Query(kind=kind, typed=given, topics=keys))
    return found


def successes(asked: Sequence[Query], search: Callable[[str], Sequence[str]]) -> dict[str, tuple[int, int, int]]:
    """By kind: how many queries, how many with an answer first, and among the first three. `search` gives keys, best first."""
    counts: dict[str, list[int]] = {}
    for query in asked:
        right = [key.rpartition("/")[0] in query.topics for key in search(query.typed)[:3]]
        for kind in (query.kind, "all"):
            row = counts.setdefault(kind, [0, 0, 0])
            row[0] += 1
            row[1] += bool(right[:1] and right[0])
            row[2] += any(right)
    return {kind: (row[0], row[1], row[2]) for kind, row in counts.items()}


def _lines(file: str) -> Iterator[list[str]]:
    for line in (HERE / file).read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            yield [part.strip() for part in line.split("|")]
