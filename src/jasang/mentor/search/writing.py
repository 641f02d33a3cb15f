"""One spelling for what people write in many: composed syllables, plain width, small letters, 율 for 률."""

import re
import unicodedata

_SPACES = re.compile(r"\s+")
_SEPARATORS = str.maketrans(
    dict.fromkeys("·ㆍ‧•∙", " ") | dict.fromkeys("‐‑‒–—―−", "-") | {"℃": "°c", "㎜": "mm", "㎏": "kg"}
)
# 율 and 률 are one suffix that is written by the sound before it, and mixed up ever since (가동률, 불량율).
_RATE = re.compile(r"(?<=[가-힣])률")


def normal(text: str) -> str:
    """The text in its one spelling; decomposed input (from a Mac's file names) becomes whole syllables."""
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFC", text).translate(_SEPARATORS)).lower()
    return _SPACES.sub(" ", _RATE.sub("율", plain)).strip()


_FIRST = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
_MIDDLE = "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ"
_LAST = ("", *"ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ")


def letters(word: str) -> str:
    """The word in single letters (자모): 금형 as ㄱㅡㅁㅎㅕㅇ; typing mistakes are mistakes of letters."""
    found = []
    for sign in word:
        number = ord(sign) - 0xAC00
        if 0 <= number < 11172:
            found.append(_FIRST[number // 588] + _MIDDLE[number % 588 // 28] + _LAST[number % 28])
        else:
            found.append(sign)
    return "".join(found)


# The keys of the two-set keyboard: what is typed when it stands in English.
_KEYS = dict(
    zip(
        "rRseEfaqQtTdwWczxvgkoiOjpuPhynbml",
        "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎㅏㅐㅑㅒㅓㅔㅕㅖㅗㅛㅜㅠㅡㅣ",
        strict=True,
    )
)
_PAIRS = {
    "ㅗㅏ": "ㅘ", "ㅗㅐ": "ㅙ", "ㅗㅣ": "ㅚ", "ㅜㅓ": "ㅝ", "ㅜㅔ": "ㅞ", "ㅜㅣ": "ㅟ", "ㅡㅣ": "ㅢ",
    "ㄱㅅ": "ㄳ", "ㄴㅈ": "ㄵ", "ㄴㅎ": "ㄶ", "ㄹㄱ": "ㄺ", "ㄹㅁ": "ㄻ", "ㄹㅂ": "ㄼ", "ㄹㅅ": "ㄽ", "ㅂㅅ": "ㅄ",
}  # fmt: skip


def typed_in_english(word: str) -> str | None:
    """`rmagud` as 금형; `None` where the keys make no whole syllables."""
    if not word.isascii() or not word.isalpha():
        return None
    keys = [_KEYS.get(sign) or _KEYS.get(sign.lower()) for sign in word]
    found: list[str] = []
    at = 0
    while at < len(keys):
        made = _syllable([key for key in keys[at:] if key])
        if made is None:
            return None
        found.append(made[0])
        at += made[1]
    return "".join(found)


def _syllable(keys: list[str]) -> tuple[str, int] | None:
    """The first syllable of the keys and how many keys it took."""
    if len(keys) < 2 or keys[0] not in _FIRST or keys[1] not in _MIDDLE:
        return None
    middle, used = keys[1], 2
    if len(keys) > 2 and middle + keys[2] in _PAIRS:
        middle, used = _PAIRS[middle + keys[2]], 3
    last = ""
    # A consonant before a vowel begins the next syllable.
    if _closes(keys, used):
        last, used = keys[used], used + 1
        if _closes(keys, used) and last + keys[used] in _PAIRS:
            last, used = _PAIRS[last + keys[used]], used + 1
    number = (_FIRST.index(keys[0]) * 21 + _MIDDLE.index(middle)) * 28 + _LAST.index(last)
    return chr(0xAC00 + number), used


def _closes(keys: list[str], at: int) -> bool:
    if at >= len(keys) or keys[at] not in _LAST:
        return False
    return at + 1 >= len(keys) or keys[at + 1] not in _MIDDLE
