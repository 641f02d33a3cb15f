"""Korean particles: a sentence template writes both forms, "값이(가)", and the one that fits the word before is kept."""

import re

# Both forms as templates write them, then the form after a final consonant and the form after a vowel.
_PARTICLES = {
    "이(가)": ("이", "가"),
    "을(를)": ("을", "를"),
    "은(는)": ("은", "는"),
    "와(과)": ("과", "와"),
    "과(와)": ("과", "와"),
    "(으)로": ("으로", "로"),
    "이(라)": ("이라", "라"),
    "(이)라": ("이라", "라"),
    "(이)나": ("이나", "나"),
}
_MARKS = re.compile("|".join(re.escape(mark) for mark in _PARTICLES))
# Digits whose name ends in a consonant: 영 일 삼 육 칠 팔; of these 일 칠 팔 end in ㄹ.
_DIGITS, _DIGITS_RIEUL = frozenset("013678"), frozenset("178")
# Units after a number are read as words: 10 mm is 밀리미터, 3 kg is 킬로그램.
_UNITS_CLOSED = frozenset({"g", "kg", "mg", "h", "min", "N", "kN", "K", "t"})
_UNITS_OPEN = frozenset({"mm", "cm", "m", "km", "µm", "um", "l", "L", "ml", "mL", "s", "ms", "A", "V", "W", "kW", "MW"})
_UNIT = re.compile(r"\d ?([A-Za-zµ]+)$")
_CLOSING = "\"'”’)]}〉》」 "
_RIEUL = 8


def with_particles(sentence: str) -> str:
    """The sentence with each "이(가)", "을(를)", "은(는)", "와(과)", "(으)로" made the form that the word before it asks for.

    >>> with_particles("온도이(가) 60(으)로, 압력을(를) 3 bar(으)로")
    '온도가 60으로, 압력을 3 bar로'
    """
    parts: list[str] = []
    done = 0
    for mark in _MARKS.finditer(sentence):
        parts.append(sentence[done : mark.start()])
        closed, rieul = _ending("".join(parts))
        after_consonant, after_vowel = _PARTICLES[mark.group()]
        keeps_vowel_form = not closed or (rieul and mark.group() == "(으)로")
        parts.append(after_vowel if keeps_vowel_form else after_consonant)
        done = mark.end()
    parts.append(sentence[done:])
    return "".join(parts)


def _ending(before: str) -> tuple[bool, bool]:
    """Whether the last word, as it is read aloud, ends in a consonant, and whether that is ㄹ."""
    word = before.rstrip(_CLOSING)
    if not word:
        return False, False
    last = word[-1]
    if "가" <= last <= "힣":
        final = (ord(last) - ord("가")) % 28
        return final != 0, final == _RIEUL
    if last.isdigit():
        return last in _DIGITS, last in _DIGITS_RIEUL
    unit = _UNIT.search(word)
    if unit is not None and unit.group(1) in _UNITS_CLOSED | _UNITS_OPEN:
        return unit.group(1) in _UNITS_CLOSED, False
    tail = re.search(r"[A-Za-z]+$", word)
    if tail is None:
        return False, False  # %, °, ±: 퍼센트, 도
    return _latin_ending(tail.group())


def _latin_ending(letters: str) -> tuple[bool, bool]:
    """A code in capitals is spelled out (L 엘, M 엠, N 엔, R 알); a word is read: only final l, m, n and ng close it."""
    last = letters[-1]
    if letters.isupper() or len(letters) == 1:
        return last.upper() in "LMNR", last.upper() in "LR"
    return last in "lmn" or letters.endswith("ng"), last == "l"
