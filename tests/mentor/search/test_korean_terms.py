"""What a Korean text is taken for: spellings, trade words, morphemes, mistakes of typing."""

import unicodedata

import pytest

from jasang.mentor.search import Analyser, Document, Index, normal
from jasang.mentor.search.spelling import Speller
from jasang.mentor.search.trade_words import TradeWord, Trie, trade_words
from jasang.mentor.search.writing import letters, typed_in_english


@pytest.fixture(scope="module")
def analyser() -> Analyser:
    return Analyser()


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (unicodedata.normalize("NFD", "금형 온도"), "금형 온도"),
        ("가동률", "가동율"),
        ("률", "률"),
        ("ＣＮＣ　선반", "cnc 선반"),
        ("온도 230℃", "온도 230°c"),
        ("사출·성형", "사출 성형"),
        ("  보압   올리기 ", "보압 올리기"),
    ],
)
def test_one_spelling(typed: str, meant: str) -> None:
    assert normal(typed) == meant


def test_letters_and_the_keyboard_in_english() -> None:
    assert letters("금형") == "ㄱㅡㅁㅎㅕㅇ"
    assert [typed_in_english(word) for word in ("rmagud", "ehrma", "qnffid", "rkehddbf", "rhkduf")] == [
        "금형", "도금", "불량", "가동율", "과열",
    ]  # fmt: skip
    assert typed_in_english("press") is None
    assert typed_in_english("cnc1") is None


def test_every_trade_word_is_found_where_it_stands_alone_and_with_a_particle() -> None:
    trie = Trie(trade_words())
    for word in trade_words():
        for form in word.forms:
            assert list(trie.meanings(form)) == [word.meaning], form
            assert list(trie.meanings(f"x {form} x")) == [word.meaning], form
            if len(form) > 1 and "가" <= form[-1] <= "힣":
                assert word.meaning in list(trie.meanings(f"{form}을")), form


@pytest.mark.parametrize(
    ("text", "meanings"),
    [
        ("싱크 마크", ["싱크마크"]),
        ("도금 형상", ["도금"]),  # no 금형 across the space
        ("서버", ["서버"]),  # no 버 inside
        ("버가 심함", ["버"]),
        ("버섯", []),
        ("running", []),
        ("short shot!", ["미성형"]),
        ("사출금형수리", ["사출성형", "금형", "수리"]),
    ],
)
def test_trade_words_in_a_text(text: str, meanings: list[str]) -> None:
    assert list(Trie(trade_words()).meanings(text)) == meanings


def test_forms_of_one_meaning_only() -> None:
    trie = Trie([TradeWord(meaning="금형", forms=("금형", "mould")), TradeWord(meaning="형", forms=("형틀",))])

    assert list(trie.meanings("mould와 형틀")) == ["금형", "형"]


def test_meanings_and_morphemes_of_a_sentence(analyser: Analyser) -> None:
    found = analyser.analyse("사출기 금형이 뜨거워서 바리가 납니다")

    assert {"=사출기", "=금형", "=플래시", "사출기", "금형"} <= set(found.words)
    assert {"사출", "출기", "금형"} <= set(found.pieces)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("금헝", "금형"),  # one letter wrong
        ("도굼이", "도금이"),  # with its particle
        ("qnffid", "불량"),
        ("금형", "금형"),
        ("미셩형", "미성형"),
        ("zzz", "zzz"),
    ],
)
def test_mistakes_of_typing_are_put_right(typed: str, meant: str) -> None:
    assert Speller(["금형", "도금"]).spelt(typed) == meant


def test_word_of_the_language_is_no_mistake_of_one_that_is_written_like_it() -> None:
    speller = Speller(["증기", "불량"], Analyser().is_word)

    assert speller.spelt("압력 증가") == "압력 증가"
    assert speller.spelt("불랑이 늘어요") == "불량이 늘어요"


@pytest.mark.parametrize("query", ["쇼트샷", "short shot", "미성형", "숏 샷", "SHORT SHOT", "미셩형", "altjdgud"])
def test_one_text_is_found_by_all_its_names(analyser: Analyser, query: str) -> None:
    index = Index({"title": 2.0, "body": 1.0}, analyser)
    index.add(
        Document(key=key, fields={"title": title, "body": body})
        for key, title, body in (
            ("short", "사출 미성형", "금형 온도가 낮아 끝까지 차지 않음. 보압을 올려 해결"),
            ("plating", "도금 두께 편차", "도금액 농도 관리"),
            ("stops", "가동률 저하", "순간정지가 많음"),
        )
    )

    assert [hit.key for hit in index.search(query)][:1] == ["short"]


def test_two_syllables_are_found_inside_a_compound_no_dictionary_knows(analyser: Analyser) -> None:
    index = Index({"body": 1.0}, analyser)
    index.add(
        [
            Document(key="a", fields={"body": "대한산업 갑을병정금속 납품"}),
            Document(key="b", fields={"body": "다른 글"}),
        ]
    )

    assert [hit.key for hit in index.search("병정")] == ["a"]


def test_nothing_is_found_for_nothing(analyser: Analyser) -> None:
    index = Index({"body": 1.0}, analyser)

    assert index.search("금형") == []
    index.add([Document(key="a", fields={"body": "금형"})])
    assert index.search("   ") == []
    assert index.search("전혀다른말") == []
